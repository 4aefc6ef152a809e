"""The workspace's name for links: asked once, and a Slack that does not answer holds nothing up."""

import pytest

from tests.unit.make import RULES, T0
from tests.unit.test_handoff_cards import ONLY, handoff
from workers.adapters.slack_people import _workspace
from workers.cards import handoff as cards
from workers.domain.errors import SlackAway
from workers.ports import OurApp
from workers.service.workspace import QUIET_FOR, Workspace


class People:
    def __init__(self) -> None:
        self.asked, self.away = 0, False

    def ourselves(self) -> OurApp:
        self.asked += 1
        if self.away:
            raise SlackAway("away")
        return OurApp(app_id=None, team_id="T0SANDBOX1", workspace="example")


def test_it_is_asked_once_and_where_slack_is_away_not_at_once_again() -> None:
    now, people = [0.0], People()
    workspace = Workspace(lambda: now[0])
    people.away = True
    assert [workspace.domain(people) for _ in range(3)] == ["", "", ""]  # type: ignore[arg-type]
    assert people.asked == 1
    people.away, now[0] = False, QUIET_FOR
    assert [workspace.domain(people) for _ in range(3)] == ["example"] * 3  # type: ignore[arg-type]
    assert people.asked == 2


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://example.slack.com/", "example"),
        ("https://example.enterprise.slack.com/", "example.enterprise"),
        ("https://evil.example/.slack.com", ""),
        ("", ""),
        ("x", ""),
    ],
)
def test_the_name_is_what_stands_before_slacks_own(url: str, domain: str) -> None:
    assert _workspace(url) == domain


def test_without_it_the_link_to_a_card_names_the_channel() -> None:
    message = cards.root(handoff(revocations=(ONLY.id,)), [ONLY], RULES, T0, "")
    assert "Card in <#C0SECINC01>" in str(message.blocks)
