"""What is still open in a revocation, who has it, and by when. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.domain import clearance, ratification
from workers.domain.actor import Actor
from workers.domain.expiry import expires_at
from workers.domain.revocation import Revocation, State
from workers.domain.step import StepState
from workers.domain.timing import APPROVE_WITHIN, RATIFY_WITHIN, WRITE_WITHIN, Timing

ESCALATE_AFTER = timedelta(hours=1)
"""So long after the owner was told, an item that is still overdue is told to the group; once."""

_PEOPLES = (StepState.OPEN, StepState.FAILED)


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """One thing that is not done yet."""

    what: str
    """`confirm`, `write`, `ratify`, `approve`, `clean_up`, or a follow-up's kind."""
    owner: Actor | None
    """Who must see to it. None: whoever can, as with an approval."""
    due_at: datetime | None
    """By when. None: nothing runs out, as where two people must release somebody who is held."""
    by_people: bool
    """Whether it waits for a person; else the bot does it, and a person only hears of it when it is late."""

    @property
    def key(self) -> str:
        """The same for the same item with the same due time, so that each is told once."""
        return f"{self.what}@{self.due_at.isoformat() if self.due_at else ''}"


def open_items(revocation: Revocation, timing: Timing) -> tuple[OpenItem, ...]:
    """In the order in which they fall due, those without a due time last."""
    items = list(_items(revocation, timing))
    return tuple(
        sorted(items, key=lambda item: (item.due_at is None, item.due_at or revocation.requested_at))
    )


def _items(revocation: Revocation, timing: Timing) -> Iterator[OpenItem]:
    owner = revocation.owner
    match revocation.state:
        case State.REQUESTED:
            due = expires_at(revocation)
            yield OpenItem(what="confirm", owner=owner, due_at=due, by_people=revocation.user is not None)
        case State.CONFIRMED if revocation.confirmed_at is not None:
            due = revocation.confirmed_at + WRITE_WITHIN
            yield OpenItem(what="write", owner=owner, due_at=due, by_people=revocation.trouble is not None)
        case State.DENIED:
            due_at = clearance.off_at(revocation, timing) or clearance.eligible_at(revocation, timing)
            held = revocation.hold_open or revocation.held_because is not None
            yield OpenItem(what="clean_up", owner=owner, due_at=due_at, by_people=held)
    yield from _waiting(revocation)
    yield from _steps(revocation)


def _waiting(revocation: Revocation) -> Iterator[OpenItem]:
    asked, release = revocation.ratification, revocation.release
    if asked is not None and ratification.waits(revocation):
        due = asked.asked_at + RATIFY_WITHIN
        yield OpenItem(what="ratify", owner=None, due_at=due, by_people=True)
    if release is not None:
        due = release.asked_at + APPROVE_WITHIN
        yield OpenItem(what="approve", owner=None, due_at=due, by_people=True)


def _steps(revocation: Revocation) -> Iterator[OpenItem]:
    if not (revocation.on_the_list or revocation.state is State.WATCHED):
        return
    for step in revocation.steps:
        if not step.settled:
            due = step.due_at or step.again_at or revocation.follow_ups_at
            who = step.assignee or revocation.owner
            yield OpenItem(what=step.kind.value, owner=who, due_at=due, by_people=step.state in _PEOPLES)


def overdue(revocation: Revocation, timing: Timing, now: datetime) -> tuple[OpenItem, ...]:
    """What a person should have done by now. What the bot does itself is late by its own alarms."""
    return tuple(
        item
        for item in open_items(revocation, timing)
        if item.by_people
        and item.due_at is not None
        and now >= item.due_at
        and item.what not in _LOUD_ALREADY
    )


_LOUD_ALREADY = frozenset({"confirm", "write", "ratify", "approve", "clean_up"})
"""These have their own loud ends: expired, NOT DENIED, escalated, lapsed, held."""
