"""Whom to tell that something is overdue, and when: the owner once, an hour later the group once. Pure.

All that is late is one message. What was told is in the record, by item and due time, so nothing is told again after a
restart, when a pass runs twice, or when the item has another owner; a due time that changed is news.

Waiting for Slack, the message grows by what falls due meanwhile, and the hour of the owner begins when they hear it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workers.domain.open_items import OpenItem, open_items, step_item, to_be_told
from workers.domain.revocation import Note, Overdue, Revocation
from workers.domain.step import Step
from workers.domain.timing import Timing

ESCALATE_AFTER = timedelta(hours=1)
"""So long after the owner was told, an item that is still open is told to the group."""

AT_MOST_EVERY = timedelta(minutes=10)
"""Between two such messages about one revocation."""

KIND = "overdue"
"""The note that tells it; it carries what is told to whom, see `Telling`."""


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What one message tells: names of open items, by whom it calls for."""

    owners: tuple[str, ...] = ()
    group: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.owners, *self.group)

    @property
    def written(self) -> str:
        return f"{' '.join(self.owners)}|{' '.join(self.group)}"


def read(note: Note) -> Telling:
    """What the note tells."""
    owners, _, group = note.detail.partition("|")
    return Telling(owners=tuple(owners.split()), group=tuple(group.split()))


def next_tell_at(revocation: Revocation, timing: Timing) -> datetime | None:
    """When the next one must be told; None where nothing waits, or only for Slack."""
    times = [_tell_at(revocation, item) for item in to_be_told(revocation, timing)]
    first = min((time for time in times if time is not None), default=None)
    return max(first, _free_at(revocation) or first) if first is not None else None


def _free_at(revocation: Revocation) -> datetime | None:
    """When a message may come after the last one; None: now, because none came, or one waits that may grow."""
    if _waiting(revocation) is not None or revocation.overdue_told_at is None:
        return None
    return revocation.overdue_told_at + AT_MOST_EVERY


def _tell_at(revocation: Revocation, item: OpenItem) -> datetime | None:
    told = _told(revocation, item)
    if told is None:
        return item.due_at
    return None if told.group_told or told.told_at is None else told.told_at + ESCALATE_AFTER


def _told(revocation: Revocation, item: OpenItem) -> Overdue | None:
    return next((one for one in revocation.overdue if one.key == item.key), None)


def _waiting(revocation: Revocation) -> Note | None:
    return next((note for note in revocation.notes if note.kind == KIND), None)


def telling(revocation: Revocation, timing: Timing, now: datetime) -> Revocation | None:
    """The record with the message that must go out now; None where none must."""
    at = next_tell_at(revocation, timing)
    if at is None or now < at:
        return None
    late = [item for item in to_be_told(revocation, timing) if _is_due(revocation, item, now)]
    waits = _waiting(revocation)
    told = _joined(read(waits) if waits else Telling(), revocation, late)
    note = Note(kind="overdue", at=now, broadcast=True, detail=told.written)
    others = tuple(other for other in revocation.notes if other is not waits)
    return replace(revocation, notes=(*others, note), overdue=_kept(revocation, timing, late))


def _is_due(revocation: Revocation, item: OpenItem, now: datetime) -> bool:
    at = _tell_at(revocation, item)
    return at is not None and now >= at


def _joined(before: Telling, revocation: Revocation, late: Sequence[OpenItem]) -> Telling:
    group = [item.what for item in late if _for_the_group(revocation, item)]
    owners = [item.what for item in late if item.what not in group]
    return Telling(owners=_without(before.owners, group, owners), group=_without(before.group, owners, group))


def _without(before: Iterable[str], others: Iterable[str], fresh: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*(what for what in before if what not in set(others)), *fresh)))


def _for_the_group(revocation: Revocation, item: OpenItem) -> bool:
    """Where nobody owns it, there is nobody to tell before the group."""
    return item.owner is None or _told(revocation, item) is not None


def _kept(revocation: Revocation, timing: Timing, late: Sequence[OpenItem]) -> tuple[Overdue, ...]:
    """What was told of what is open still, and what is told now."""
    fresh = [_now_told(revocation, item) for item in late]
    open_ = {item.what for item in open_items(revocation, timing)} - {one.what for one in fresh}
    return (*(one for one in revocation.overdue if one.what in open_), *fresh)


def _now_told(revocation: Revocation, item: OpenItem) -> Overdue:
    before = _told(revocation, item) or Overdue(key=item.key)
    return replace(before, group_told=_for_the_group(revocation, item))


def still_open(revocation: Revocation, note: Note, timing: Timing) -> tuple[OpenItem, ...]:
    """What of the message is not settled, and still late, by the time it is told; nothing: it need not be told."""
    told, late = read(note).all, to_be_told(revocation, timing)
    return tuple(item for item in late if item.what in told and item.due_at and item.due_at <= note.at)


def heard(revocation: Revocation, note: Note, timing: Timing, now: datetime) -> Revocation:
    """The record once Slack took the message: from now on the owner has their hour.

    What was not open any more was not in it, and is told as if it had never waited should it be late again.
    """
    shown = {item.key for item in still_open(revocation, note, timing)}
    told = [_heard(one, read(note), now, shown=one.key in shown) for one in revocation.overdue]
    last = now if shown else revocation.overdue_told_at
    return replace(revocation, overdue=tuple(one for one in told if one), overdue_told_at=last)


def _heard(one: Overdue, told: Telling, now: datetime, *, shown: bool) -> Overdue | None:
    if shown:
        return replace(one, told_at=one.told_at or now)
    if one.what in told.group and one.told_at is not None:
        return replace(one, group_told=False)
    return None if one.told_at is None else one


def step_is_overdue(revocation: Revocation, step: Step) -> bool:
    """Whether somebody was called for this step, as it is due now."""
    item = step_item(revocation, step)
    return not step.settled and item.by_people and _told(revocation, item) is not None


def clean_up_is_overdue(revocation: Revocation, timing: Timing) -> bool:
    """The same of somebody who is held: nobody said anew what becomes of them."""
    late = (item for item in to_be_told(revocation, timing) if item.what == "clean_up")
    return any(_told(revocation, item) is not None for item in late)
