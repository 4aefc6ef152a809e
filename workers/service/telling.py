"""Slack is told what a revocation's record says: its card, and the moments in its thread."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from workers.cards import card, moments
from workers.domain import clearance, overdue
from workers.domain.actor import Actor
from workers.domain.audit import Digest
from workers.domain.errors import StoreAway
from workers.domain.revocation import Note, Revocation, State
from workers.domain.same_person import is_target
from workers.ports import SHOW, Job, Lock, Message, Wake
from workers.service import collecting, reporting
from workers.service import overdue as calling
from workers.service.world import World
from workers.service.writing import Said, Writer

logger = logging.getLogger(__name__)


def show(world: World, revocation_id: str) -> None:
    """Bring the card and its thread up to the record. Paced; may run at any time; leaves the rest for the next run."""
    _Cards(world, world.store).show(revocation_id)


class _Cards(Writer[Revocation]):
    word = "card"
    id_name = "revocation_id"
    pace = timedelta(seconds=1)
    shows = SHOW
    must_be_heard = frozenset({"notice"})

    def alone(self, record: Revocation, note: Note) -> str | None:
        return reporting.alone(record, note) or note.to

    def is_about(self, record: Revocation, one: Actor) -> bool:
        return is_target(one, record)

    def too_early(self, record: Revocation) -> bool:
        """The first lookup is under way: until it ends nobody knows who it is, nor which channel may show it."""
        looking = record.state is State.REQUESTED and record.user is None
        return looking and record.still_looking is None

    def root(self, record: Revocation) -> Message:
        return card.render(record, self.world.rules)

    def ts(self, record: Revocation) -> str | None:
        return record.card_ts

    def placed(self, record: Revocation, channel: str, ts: str | None) -> Revocation:
        return replace(record, channel=channel, card_ts=ts)

    def say(self, record: Revocation, note: Note) -> Said | None:
        """The log keeps the digest as it was posted, so that each log vouches for the others too.

        What was settled while Slack was away is not called overdue any more.
        """
        if note.kind == overdue.KIND:
            return calling.said(self.world, record, note)
        digest = _digest_for(self.world, note)
        kept = {"digest": str(digest)} if digest is not None else {}
        return Said(moments.render(record, note, self.world.rules, digest), kept)

    def heard(self, record: Revocation, note: Note, now: datetime) -> tuple[Revocation, tuple[Wake, ...]]:
        changed = record.told(note)
        if note.kind == overdue.KIND:
            return overdue.heard(changed, note, self.world.rules.timing, now), ()
        if note.kind != "notice":
            return changed, ()
        changed = replace(changed, notice_at=now)
        due = clearance.off_at(changed, self.world.rules.timing)
        return changed, (SHOW, *([Wake(Job.CLEAN_UP, due)] if due else []))

    def deliver(self, lock: Lock, record: Revocation, note: Note, said: Said) -> None:
        if note.kind in reporting.KINDS:
            reporting.tell(self.world, lock, record, note)
            return
        super().deliver(lock, record, note, said)
        if note.kind == overdue.KIND and not said.quiet:
            calling.called(self.world, record, note)

    def also(self, record: Revocation, note: Note) -> None:
        collecting.collect(self.world, record, note)


def _digest_for(world: World, note: Note) -> Digest | None:
    """What all logs lead to, for a note that carries it. It goes out without, rather than not at all."""
    if note.kind not in moments.DIGESTED:
        return None
    try:
        return world.store.digest()
    except StoreAway:
        logger.warning("digest_unread", exc_info=True)
        return None
