"""Slack is told what a handoff's record says: its message, drawn from its revocations too, and what happens in its thread."""

from dataclasses import replace
from datetime import datetime, timedelta

from workers.cards import handoff as cards
from workers.domain.errors import UnknownRevocation, UnreadableRecord
from workers.domain.handoff import Handoff
from workers.domain.revocation import Note, Revocation
from workers.ports import SHOW_HANDOFF, Message, Wake
from workers.service.world import World
from workers.service.writing import Said, Writer


def show(world: World, handoff_id: str) -> None:
    """Bring the message and its thread up to the record. Paced; may run at any time; leaves the rest for the next run."""
    _Handoffs(world, world.handoffs).show(handoff_id)


def catch_up(world: World, handoff: Handoff) -> None:
    """Where one of its revocations changed, its message is to be shown anew."""
    if handoff.root_ts is not None and not _Handoffs(world, world.handoffs).up_to_date(handoff):
        world.handoffs.behind(handoff)


class _Handoffs(Writer[Handoff]):
    word = "handoff"
    id_name = "handoff_id"
    pace = timedelta(seconds=5)
    shows = SHOW_HANDOFF

    def root(self, record: Handoff) -> Message:
        world = self.world
        workspace = world.workspace.domain(world.people)
        return cards.root(record, _readable(world, record), world.rules, world.store.now(), workspace)

    def ts(self, record: Handoff) -> str | None:
        return record.root_ts

    def placed(self, record: Handoff, channel: str, ts: str | None) -> Handoff:
        return replace(record, channel=channel, root_ts=ts)

    def say(self, record: Handoff, note: Note) -> Said:
        return Said(cards.note(record, note, self.world.rules), {})

    def heard(self, record: Handoff, note: Note, now: datetime) -> tuple[Handoff, tuple[Wake, ...]]:
        return record.told(note), ()


def _readable(world: World, handoff: Handoff) -> list[Revocation]:
    """Its revocations, open and ended, in its order."""
    found = list[Revocation]()
    for revocation_id in handoff.revocations:
        try:
            found.append(world.store.get(revocation_id))
        except (UnknownRevocation, UnreadableRecord):
            continue
    return found
