"""The form that searches the directory: Slack takes it, it says what it can do, and what was picked counts first."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from bot import modals
from bot.deps import Deps
from bot.listeners import searching
from tests.sandbox.slack.blocks import check_view
from tests.sandbox.slack.form import form_state
from tests.unit.make import ALICE_ID
from workers.domain.directory_search import MOST_USERS, Known
from workers.domain.revocation import TargetRef

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
HOSTILE = ("alice", "<!channel>" * 40, "\u200b", "", "a" * 300)


class People:
    """A copy made at `made`, of so many users."""

    def __init__(self, made: datetime | None, count: int = 10) -> None:
        self.made, self.users = made, count

    def find(self, query: str) -> list[Known]:
        return []

    def count(self) -> int:
        return self.users

    def made_at(self) -> datetime | None:
        return self.made


class Store:
    def now(self) -> datetime:
        return NOW


def searchable(people: People | None) -> tuple[bool, str]:
    return searching._searchable(cast(Deps, type("D", (), {"store": Store(), "directory": people})))


@pytest.mark.parametrize("can", [True, False])
def test_slack_takes_the_form_and_its_answer(can: bool) -> None:
    for text in HOSTILE:
        assert check_view(modals.search("C0SECINC01", text[:500], searchable=can, hint="As of now.")) == []
        assert check_view(modals.answered(text)) == []


def test_an_option_fits_whatever_the_names_are() -> None:
    for text in HOSTILE:
        option = modals.person(Known(ALICE_ID, text, text, text))
        assert option["value"] == ALICE_ID
        for words in (option["text"], option.get("description", {"type": "plain_text", "text": "-"})):
            assert words["type"] == "plain_text"
            assert 1 <= len(words["text"]) <= 75


def test_a_copy_that_is_missing_or_old_is_not_searched_and_the_form_says_so() -> None:
    assert searchable(None) == searchable(People(None))
    assert searchable(None)[0] is False
    assert searchable(People(NOW - timedelta(minutes=59)))[0] is True
    can, hint = searchable(People(NOW - timedelta(minutes=61)))
    assert (can, hint) == (
        False,
        "The directory was last read at 00:59 UTC, so it is not searched. Type whom you mean.",
    )
    assert "Only the first 100,000 users" in searchable(People(NOW, MOST_USERS))[1]


def sent(given: dict[str, Any], *, can: bool = True) -> modals.Searched:
    view = modals.search("C0SECINC01", "key leaked", searchable=can, hint="As of now.")
    return modals.searched({**view, "state": {"values": form_state(view["blocks"], given)}})


def test_what_was_filled_in_comes_back_and_what_was_not_is_empty() -> None:
    empty = sent({})
    assert (empty.channel, empty.picked, empty.typed, empty.reason, empty.at) == (
        "C0SECINC01",
        "",
        "",
        "key leaked",
        "person",
    )
    picked = {"text": {"type": "plain_text", "text": "Alice"}, "value": ALICE_ID}
    assert sent({"person": {"person": picked}}).picked == ALICE_ID
    assert sent({"typed": {"typed": "alice"}}).at == "typed"
    assert sent({}, can=False).at == "typed"


def test_what_was_picked_counts_before_what_was_typed_and_must_be_an_id() -> None:
    assert searching._target(ALICE_ID, "bob") == TargetRef(kind="user_id", value=ALICE_ID)
    assert searching._target("", "bob@example.com") == TargetRef(kind="email", value="bob@example.com")
    assert searching._target("", "bob") == TargetRef(kind="user_name", value="bob")
    for picked, typed in (("<!channel>", ""), ("", ""), ("", "two words"), ("", "<@U0ALICE001>")):
        assert isinstance(searching._target(picked, typed), str)
