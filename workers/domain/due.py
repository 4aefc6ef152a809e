"""When a record next needs looking at, whatever became of its jobs. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from workers.domain import clearance, follow_ups, look_back, overdue, ratification
from workers.domain.expiry import expires_at
from workers.domain.revocation import Revocation, State
from workers.domain.timing import APPROVE_WITHIN, WATCH_FOR, WRITE_WITHIN, Timing

__all__ = ["JOB_LATE", "expires_at", "next_due", "watch_until"]

JOB_LATE = timedelta(seconds=3)
"""A job that has not done its work after this is taken for lost."""


def next_due(revocation: Revocation, timing: Timing) -> datetime | None:
    """The earliest time at which somebody must look; None where nothing waits.

    The writing of what is confirmed or releasing has no time: the policy is settled at once, and at every pass.
    """
    escalates = ratification.escalates_at(revocation)
    late = overdue.next_tell_at(revocation, timing)
    times = (*_of_its_state(revocation, timing), *_giving_back(revocation), escalates, late)
    return min((time for time in times if time is not None), default=None)


def _of_its_state(revocation: Revocation, timing: Timing) -> Iterable[datetime | None]:
    match revocation.state:
        case State.REQUESTED:
            return [_requested(revocation)]
        case State.CONFIRMED:
            return [follow_ups.next_look_at(revocation), _stands_down(revocation)]
        case State.DENIED:
            return _denied(revocation, timing)
        case State.WATCHED:
            return [revocation.next_read_at, watch_until(revocation)]
        case _:
            return []


def _stands_down(revocation: Revocation) -> datetime | None:
    """When what the target was, did and had as a responder must be seen to; not while their denial is being written."""
    if revocation.stood_down_at is not None or revocation.user is None:
        return None
    unwritten = revocation.confirmed_at and revocation.confirmed_at + WRITE_WITHIN
    return revocation.written_at or unwritten


def _requested(revocation: Revocation) -> datetime:
    expires = expires_at(revocation)
    lookup = revocation.next_read_at or revocation.requested_at + JOB_LATE
    return min(expires, lookup) if revocation.user is None or revocation.reach is None else expires


def _denied(revocation: Revocation, timing: Timing) -> Iterable[datetime | None]:
    return [
        revocation.next_read_at or revocation.written_at,
        _stands_down(revocation),
        clearance.next_step_at(revocation, timing),
        follow_ups.next_look_at(revocation),
        look_back.due_at(revocation.look_back, revocation.written_at),
        revocation.release.asked_at + APPROVE_WITHIN if revocation.release else None,
    ]


def _giving_back(revocation: Revocation) -> Iterable[datetime | None]:
    """In every state, ended ones too: the list that somebody must approve is to be read, or what they approved done."""
    if revocation.release is not None:
        yield revocation.release.again_at
    if revocation.restore is not None and revocation.giving_back:
        yield revocation.restore.again_at


def watch_until(revocation: Revocation) -> datetime | None:
    """Until when somebody taken off by proof is watched: at most as long as a portal session may live.

    None while a restore runs, and for a record that was never taken off.
    """
    restoring = revocation.restore is not None and revocation.restore.ended_at is None
    if revocation.off_at is None or restoring:
        return None
    return revocation.off_at if not clearance.unattested(revocation) else revocation.off_at + WATCH_FOR
