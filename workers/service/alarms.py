"""Alarms beside Slack: kept in the record until they went out."""

from datetime import timedelta

from workers.cards import moments
from workers.domain.actor import SYSTEM
from workers.domain.revocation import Note, Revocation
from workers.ports import Change
from workers.service.world import World

TRY_AGAIN = timedelta(seconds=30)

UNREADABLE = (
    "The record of {0} cannot be read: its signature or its log is not as the bot wrote it. It is not acted on. If it "
    "was confirmed and not yet written, its user may NOT be denied. See `python -m workers show {0}`."
)


def raise_alarms(world: World) -> None:
    """Send every alarm that waits in an open record; at least once each."""
    for revocation in [*world.store.open(), *world.store.ended(20)]:
        for note in revocation.notes:
            if note.alarm and world.store.first_sight(f"alarm-{revocation.id}-{note.kind}", TRY_AGAIN):
                _raise(world, revocation, note)
    for revocation_id in world.store.unreadable():
        if world.store.first_sight(f"unreadable-{revocation_id}", timedelta(hours=1)):
            world.alarm.raise_alarm(f"{revocation_id} cannot be read", UNREADABLE.format(revocation_id))


def _raise(world: World, revocation: Revocation, note: Note) -> None:
    message = moments.render(revocation, note, world.rules)
    if world.alarm.raise_alarm(f"{revocation.id} {note.kind}", message.text):
        world.store.change(revocation.id, lambda current, now: _raised(current, note))


def _raised(current: Revocation, note: Note) -> Change | None:
    if note not in current.notes:
        return None
    return Change(revocation=current.told(note), event=f"alarmed_{note.kind}", actor=SYSTEM)
