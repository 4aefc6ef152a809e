"""What one reading of a user's access does to the record: to the clocks, the follow-ups, and what is told. Pure."""

from collections.abc import Iterator
from datetime import datetime

from workers.domain import clearance, follow_ups
from workers.domain.revocation import Note, Reach, Revocation
from workers.domain.step import Kind


def taken_in(before: Revocation, reach: Reach, now: datetime) -> Revocation:
    """The record after `reach` was read. May be given the same reading twice.

    The follow-ups learn of it only while the user is denied and nothing is being given back: access that a restore
    gives, or that comes after they are off the list, is no follow-up's work.
    """
    after = clearance.with_reach(before, reach)
    if not before.on_the_list or follow_ups.suspended(before):
        return after
    after = follow_ups.seen(after, reach, now)
    notes = (*follow_ups.news(before, after, now), *_sessions_again(before, after, now))
    return after.noting(*notes) if notes else after


def reopened(before: Revocation, after: Revocation) -> tuple[Kind, ...]:
    """The follow-ups that were settled and no longer are."""
    was = {step.kind for step in before.steps if step.settled}
    return tuple(step.kind for step in after.steps if step.kind in was and not step.settled)


def _sessions_again(before: Revocation, after: Revocation, now: datetime) -> Iterator[Note]:
    """Sessions to be ended again; where sign-in came back, that says it already."""
    kinds, step = reopened(before, after), after.step(Kind.SESSIONS)
    if step is not None and Kind.SESSIONS in kinds and Kind.SIGN_IN not in kinds:
        yield Note(kind="sessions_again", at=now, broadcast=True, detail=step.detail)
