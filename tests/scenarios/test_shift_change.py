"""The shift changes in Slack, with the real workers: what is open is offered in a thread, and passes to who accepts."""

from collections.abc import Iterator

import pytest

from tests.sandbox.installation import ALICE, BOB, SEC_INC, Installation
from tests.sandbox.slack.seed import SEC_ONCALL
from tests.sandbox.slack.state import Message
from tests.scenarios.steps import actions, current, deny, newcomer, press, revocation_id, told


@pytest.fixture
def on_call() -> Iterator[Installation]:
    with Installation.fresh(REVOKE_ON_CALL_GROUP=SEC_ONCALL) as made:
        yield made


def test_who_is_on_call_next_is_asked_and_owns_what_they_accept(on_call: Installation) -> None:
    newcomer(on_call, "leaked")
    card = deny(on_call, "leaked key on a wiki", user=ALICE)
    case = revocation_id(card)
    on_call.until(lambda: on_call.redis.get(f"revoke:members:{SEC_ONCALL}"), 30)

    on_call.slack.set_group(SEC_ONCALL, [BOB])
    on_call.redis.delete(f"revoke:seen:on-call-{SEC_ONCALL}")  # as if 45 seconds were over
    root = on_call.until(lambda: handoff_message(on_call), 30)

    assert " · Offered. The on-call group changed: " in root.text
    assert case in root.text
    assert f".slack.com/archives/{SEC_INC}/p{card.ts.replace('.', '')}" in str(root.blocks)
    assert actions(root) == {"handoff_accept", "handoff_decline", "handoff_note"}
    assert f"<@{ALICE}>: leave a note" in told(on_call, root, f"<@{BOB}>: you are asked").text
    assert f"Owner: <@{ALICE}>" in str(current(on_call, SEC_INC, card.ts).blocks)

    press(on_call, root, "handoff_accept", user=BOB)
    told(on_call, card, f"<@{BOB}> is the owner of")
    on_call.until(lambda: f"Owner: <@{BOB}>" in str(current(on_call, SEC_INC, card.ts).blocks))
    on_call.until(lambda: " · Accepted by Bob Oncall. " in current(on_call, SEC_INC, root.ts).text)
    on_call.until(lambda: f"owner <@{BOB}>" in str(current(on_call, SEC_INC, root.ts).blocks))


def handoff_message(installation: Installation) -> Message | None:
    roots = (m for m in installation.slack.messages(SEC_INC) if m.text.startswith("H-"))
    return next(roots, None)
