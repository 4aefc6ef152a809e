"""Alarms beside Slack: kept in the record until they went out."""

from workers.cards import moments
from workers.domain.revocation import SYSTEM, Note, Revocation
from workers.ports import Change
from workers.service.world import World


def raise_alarms(world: World) -> None:
    """Send every alarm that waits in an open record; at least once each."""
    for revocation in [*world.store.open(), *world.store.ended(20)]:
        for note in revocation.notes:
            if note.alarm:
                message = moments.render(revocation, note, world.rules)
                world.alarm.raise_alarm(f"{revocation.id} {note.kind}", message.text)
                world.store.change(revocation.id, lambda current, now, note=note: _raised(current, note))  # type: ignore[misc]


def _raised(current: Revocation, note: Note) -> Change | None:
    if note not in current.notes:
        return None
    return Change(revocation=current.told(note), event=f"alarmed_{note.kind}", actor=SYSTEM)
