"""When a record next needs looking at, whatever became of its jobs. Pure."""

from datetime import datetime, timedelta

from workers.domain import clearance
from workers.domain.revocation import Revocation, State
from workers.domain.timing import APPROVE_WITHIN, CONFIRM_WITHIN, Timing

JOB_LATE = timedelta(seconds=3)
"""A job that has not done its work after this is taken for lost."""


def next_due(revocation: Revocation, timing: Timing) -> datetime | None:
    """The earliest time at which somebody must look; None where nothing waits.

    What is confirmed or releasing has no time: the policy is settled at once, and at every pass.
    """
    if revocation.state is State.REQUESTED:
        return _requested(revocation)
    if revocation.state is State.DENIED:
        return _denied(revocation, timing)
    return revocation.next_read_at if revocation.state is State.WATCHED else None


def _requested(revocation: Revocation) -> datetime:
    expires = revocation.requested_at + CONFIRM_WITHIN
    lookup = revocation.next_read_at or revocation.requested_at + JOB_LATE
    return min(expires, lookup) if revocation.user is None or revocation.reach is None else expires


def _denied(revocation: Revocation, timing: Timing) -> datetime | None:
    times = [
        revocation.next_read_at or revocation.written_at,
        clearance.next_step_at(revocation, timing),
        revocation.release.asked_at + APPROVE_WITHIN if revocation.release else None,
    ]
    return min((time for time in times if time is not None), default=None)
