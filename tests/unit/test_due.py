"""When a record must next be looked at, in every state."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.unit.make import BOB, CAROL, T0, at, confirmed, coverage, denied, reach, requested
from workers.domain import ratification
from workers.domain.actor import SYSTEM
from workers.domain.due import JOB_LATE, next_due
from workers.domain.revocation import (
    Diff,
    Ratification,
    ReleaseRequest,
    Restore,
    Revocation,
    Snapshot,
    State,
    Vote,
)
from workers.domain.step import Attestation, Kind, Step, StepState
from workers.domain.timing import Timing

TIMING = Timing()
ASKED = ReleaseRequest(asked_by=BOB, asked_at=at(hours=3), reason="false alarm")
WAITING = (Step(kind=Kind.ASSIGNMENTS, state=StepState.WAITING, again_at=at(hours=1)),)
TAKEN = Snapshot(at=T0, entry=5)
RESTORING = Restore(
    asked_by=BOB,
    approved_by=CAROL,
    approved_at=at(hours=19),
    diff=Diff(read_at=at(hours=18), entry=1),
    then_release=False,
    again_at=at(hours=20),
)
SAID = Attestation(by=BOB, at=T0, done_by="bob", done_at=T0)
ATTESTED = tuple(
    Step(kind=kind, state=StepState.ATTESTED, attested=SAID, ended_at=T0)
    for kind in (Kind.SESSIONS, Kind.CREDENTIALS)
)
READ = {"reach": reach(), "coverage": coverage()}


@pytest.mark.parametrize(
    ("record", "when"),
    [
        pytest.param(requested(user=None), T0 + JOB_LATE, id="not looked up: its job may be lost"),
        pytest.param(requested(user=None, next_read_at=at(seconds=20)), at(seconds=20), id="look up again"),
        pytest.param(requested(user=None, next_read_at=at(hours=1)), at(minutes=10), id="expires first"),
        pytest.param(requested(), T0 + JOB_LATE, id="found, access not read"),
        pytest.param(requested(**READ), at(minutes=10), id="waits for the click, then expires"),
        pytest.param(confirmed(), None, id="confirmed is written at once, and at every pass"),
        pytest.param(denied(state=State.RELEASING), None, id="so is a release"),
        pytest.param(
            confirmed(stood_down_at=None), at(minutes=2), id="not written for a minute: what a responder had"
        ),
        pytest.param(
            denied(next_read_at=at(minutes=20), stood_down_at=None),
            at(minutes=1, seconds=2),
            id="denied: what a responder did and had",
        ),
        pytest.param(denied(), at(minutes=1, seconds=2), id="denied: access is read at once"),
        pytest.param(denied(next_read_at=at(minutes=20)), at(minutes=20), id="then every 15 minutes"),
        pytest.param(denied(next_read_at=at(days=2), written_at=T0), at(hours=12, minutes=15), id="clean-up"),
        pytest.param(
            denied(next_read_at=at(days=2), written_at=T0, no_mint_at=at(hours=1)),
            at(hours=12, minutes=45),
            id="notice",
        ),
        pytest.param(
            denied(next_read_at=at(hours=20), held_because="Access is left."),
            at(hours=20),
            id="held: next reading",
        ),
        pytest.param(denied(next_read_at=at(hours=20), hold_open=True), at(hours=20), id="hold without end"),
        pytest.param(
            denied(next_read_at=at(days=3), hold_open=True, held_at=at(hours=2)),
            at(days=1, hours=2),
            id="held: a day later somebody must say it anew",
        ),
        pytest.param(
            denied(next_read_at=at(days=2), hold_open=True, look_back=None),
            at(minutes=1, seconds=12),
            id="nobody looked back yet: its job may be lost",
        ),
        pytest.param(
            denied(next_read_at=at(days=3), hold_open=True, release=ASKED), at(hours=27), id="release lapses"
        ),
        pytest.param(denied(state=State.WATCHED, next_read_at=at(hours=14)), at(hours=14), id="watched"),
        pytest.param(
            denied(state=State.WATCHED, off_at=at(hours=13), next_read_at=at(days=99)),
            at(days=90, hours=13),
            id="watched for 90 days",
        ),
        pytest.param(
            denied(state=State.WATCHED, off_at=at(hours=13), next_read_at=at(days=99), steps=ATTESTED),
            at(hours=13),
            id="watched, and nothing to watch for",
        ),
        pytest.param(
            denied(state=State.WATCHED, off_at=at(hours=13), restore=RESTORING, steps=ATTESTED),
            at(hours=20),
            id="watched no longer, but a restore runs",
        ),
        pytest.param(
            denied(next_read_at=at(days=2), steps=WAITING, snapshot=TAKEN, follow_ups_at=at(minutes=11)),
            at(minutes=11),
            id="denied: follow-ups start",
        ),
        pytest.param(
            confirmed(steps=WAITING, snapshot=TAKEN, follow_ups_started_at=at(minutes=2)),
            at(hours=1),
            id="not denied yet: access is removed anyway",
        ),
        pytest.param(
            denied(next_read_at=at(days=2), release=replace(ASKED, what="restore", again_at=at(hours=4))),
            at(hours=4),
            id="what a restore gives back is to be read",
        ),
        pytest.param(
            denied(next_read_at=at(days=2), restore=RESTORING), at(hours=20), id="a restore goes on"
        ),
        pytest.param(
            denied(next_read_at=at(days=2), restore=replace(RESTORING, ended_at=at(hours=19))),
            at(hours=12, minutes=16, seconds=2),
            id="a restore that has ended",
        ),
        pytest.param(
            denied(state=State.RELEASED, restore=RESTORING), at(hours=20), id="released, restore runs"
        ),
        pytest.param(
            denied(state=State.RELEASING, restore=RESTORING), at(hours=20), id="releasing, the same"
        ),
        *[
            pytest.param(requested(state=state, next_read_at=T0), None, id=state)
            for state in (State.RELEASED, State.REFUSED, State.CANCELLED, State.EXPIRED, State.CLOSED)
        ],
    ],
)
def test_a_record_is_due_exactly_when_something_can_change(record: object, when: datetime | None) -> None:
    assert next_due(record, TIMING) == when  # type: ignore[arg-type]


def test_a_proven_clean_up_that_waits_for_a_click_is_not_due_at_every_pass() -> None:
    """Each look would read all of the target's access from AWS, inside the policy's lock."""
    asked = ReleaseRequest(asked_by=SYSTEM, asked_at=at(hours=14), reason="proven")
    record = denied(
        no_mint_at=T0, notice_at=at(hours=12), next_read_at=at(hours=14, minutes=15), release=asked
    )
    assert next_due(record, TIMING) == at(hours=14, minutes=15)


def test_scaled_time_leaves_expiry_and_lost_jobs_alone() -> None:
    assert next_due(requested(**READ), TIMING.scaled(720)) == T0 + timedelta(minutes=10)
    assert next_due(requested(user=None), TIMING.scaled(720)) == T0 + timedelta(seconds=3)


ALONE = Ratification(asked_at=at(minutes=1))
LATER = {"next_read_at": at(days=1), "follow_ups_at": at(days=1), "look_back": None, **READ}


@pytest.mark.parametrize("record", [confirmed(ratification=ALONE), denied(ratification=ALONE, **LATER)])
def test_a_protected_user_whom_nobody_ratified_is_looked_at_half_an_hour_later(record: Revocation) -> None:
    due = next_due(record, TIMING)
    assert due is not None
    assert due <= at(minutes=31)
    assert ratification.escalates_at(record) == at(minutes=31)
    for settled in (
        replace(ALONE, escalated_at=at(minutes=31)),
        replace(ALONE, ratified_by=BOB, ratified_at=at(minutes=5)),
    ):
        assert ratification.escalates_at(replace(record, ratification=settled)) is None


def test_a_request_expires_ten_minutes_after_the_first_of_two_voted() -> None:
    vote = Vote(by=BOB, at=at(minutes=9), because="Above a cap.")
    assert next_due(requested(vote=vote, **READ), TIMING) == at(minutes=19)
