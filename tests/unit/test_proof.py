"""What a drill proves, and for how long."""

from datetime import timedelta

from tests.unit.make import BOB, CAROL, at, confirmed, denied, requested
from workers.domain.proof import OVERDUE_AFTER, last_proven
from workers.domain.revocation import State


def test_the_newest_drill_that_was_written_and_read_back_counts() -> None:
    old = denied(id="R-AAAAAA", drill=True, written_at=at(), off_at=at(hours=1), state=State.RELEASED)
    new = denied(id="R-BBBBBB", drill=True, written_at=at(days=3))
    later_and_unwritten = confirmed(id="R-CCCCCC", drill=True, requested_at=at(days=4))
    proof = last_proven([old, new, later_and_unwritten])

    assert proof is not None
    assert (proof.revocation_id, proof.at, proof.by, proof.to_the_end) == (
        "R-BBBBBB",
        at(days=3),
        CAROL,
        False,
    )
    assert last_proven([old]).to_the_end  # type: ignore[union-attr]


def test_an_incident_an_adopted_id_and_a_request_prove_nothing() -> None:
    nothing = [denied(), denied(drill=True, adopted=True), requested(drill=True)]
    assert last_proven(nothing) is None
    assert last_proven([]) is None


def test_it_is_overdue_after_a_quarter() -> None:
    proof = last_proven([denied(drill=True, written_at=at(), confirmed_by=BOB)])
    assert proof is not None
    assert not proof.overdue(at() + OVERDUE_AFTER)
    assert proof.overdue(at() + OVERDUE_AFTER + timedelta(seconds=1))
