"""Where a card goes: where it was typed only if the right people read there, and never late."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from bot.deps import Deps
from bot.prompt import Prompt
from bot.rooms import Rooms
from tests.unit.make import RULES
from workers.domain.errors import SlackAway
from workers.ports import SlackRoom

INCIDENT, TYPED = "C0SECINC01", "C0PRIVATE1"
GOOD = SlackRoom(id=TYPED, name="inc-42", is_private=True, is_shared=False, is_member=True)
READERS = frozenset({"U0BOB00001", "U0CAROL001"})


@dataclass
class Slack:
    """Slack's side, which may be slow or away."""

    room: Callable[[str], SlackRoom] = lambda _: GOOD
    members: Callable[[str], frozenset[str]] = lambda _: READERS


def away(_: str) -> Any:
    raise SlackAway("Slack does not answer.")


def broken(_: str) -> Any:
    raise ValueError("not what was expected")


def goes_to(slack: Slack, typed_in: str = TYPED, *targets: str, within: float = 5) -> str:
    deps = Deps(
        store=None,  # type: ignore[arg-type]
        handoffs=None,  # type: ignore[arg-type]
        lookups=None,  # type: ignore[arg-type]
        people=slack,  # type: ignore[arg-type]
        rules=RULES,
        responders=(),
        approvers=(),
    )
    return Rooms(deps, Prompt(within=within)).for_card(typed_in, frozenset(targets))


def room(**given: Any) -> Slack:
    return Slack(room=lambda _: SlackRoom(**{**vars(GOOD), **given}))


def test_a_private_channel_of_ours_without_the_target_keeps_its_card() -> None:
    assert goes_to(Slack()) == TYPED
    assert goes_to(Slack(), TYPED, "U0ALICE001") == TYPED


@pytest.mark.parametrize(
    "slack",
    [
        pytest.param(room(is_private=False), id="public"),
        pytest.param(room(is_shared=True), id="shared with another company"),
        pytest.param(room(is_member=False), id="the bot is not in it"),
        pytest.param(room(is_archived=True), id="archived"),
        pytest.param(Slack(members=lambda _: READERS | {"U0ALICE001"}), id="the target reads there"),
        pytest.param(Slack(room=away), id="Slack does not tell the room"),
        pytest.param(Slack(members=away), id="Slack does not tell the members"),
        pytest.param(Slack(room=broken), id="Slack tells something odd"),
    ],
)
def test_any_doubt_sends_it_to_the_incident_channel(slack: Slack) -> None:
    assert goes_to(slack, TYPED, "U0ALICE001") == INCIDENT


def test_the_incident_channel_itself_is_never_asked_about() -> None:
    assert goes_to(Slack(room=broken, members=broken), INCIDENT) == INCIDENT


def test_a_slow_slack_is_not_waited_for() -> None:
    answered = threading.Event()

    def slow(_: str) -> frozenset[str]:
        answered.wait(5)
        return READERS

    assert goes_to(Slack(members=slow), within=0.05) == INCIDENT
    answered.set()
