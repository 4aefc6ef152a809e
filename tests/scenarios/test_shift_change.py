"""The shift changes in Slack, with the real workers: what is open is offered in a thread, and passes to who accepts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import pytest

from tests.sandbox.installation import ALICE, BOB, SEC_INC, Installation
from tests.sandbox.slack.seed import SEC_ONCALL
from tests.sandbox.slack.state import Message
from tests.scenarios.steps import actions, current, deny, newcomer, revocation_id, told
from workers.adapters.audit_log import AuditLog
from workers.adapters.job_queue import JobQueue
from workers.adapters.redis_store import RedisHandoffs
from workers.domain.actor import Actor
from workers.domain.handoff import Handoff, HandoffState
from workers.domain.revocation import Note
from workers.ports import SHOW_HANDOFF, ChangeOf, Job, Wake


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

    accept(on_call, root.text.split(" · ")[0], Actor(kind="slack", id=BOB, name="Bob Oncall"))
    told(on_call, card, f"<@{BOB}> is the owner of")
    on_call.until(lambda: f"Owner: <@{BOB}>" in str(current(on_call, SEC_INC, card.ts).blocks), 15)
    on_call.until(lambda: " · Accepted by Bob Oncall. " in current(on_call, SEC_INC, root.ts).text, 15)
    on_call.until(lambda: f"owner <@{BOB}>" in str(current(on_call, SEC_INC, root.ts).blocks), 15)


def handoff_message(installation: Installation) -> Message | None:
    roots = (m for m in installation.slack.messages(SEC_INC) if m.text.startswith("H-"))
    return next(roots, None)


def accept(installation: Installation, handoff_id: str, by: Actor) -> None:
    """As the button does."""
    key = (installation.directory / "signing_key").read_bytes().strip()
    handoffs = RedisHandoffs(installation.redis, AuditLog(key), JobQueue(installation.redis))

    def accepted(current: Handoff, now: datetime) -> ChangeOf[Handoff]:
        changed = replace(current, state=HandoffState.ACCEPTED, accepted_by=by, accepted_at=now)
        changed = changed.noting(Note(kind="accepted", at=now))
        wakes = (Wake(Job.PASS_ON), SHOW_HANDOFF)
        return ChangeOf(record=changed, event="accepted", actor=by, wakes=wakes)

    handoffs.change(handoff_id, accepted)
