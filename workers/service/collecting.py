"""A handoff's thread collects what happens to the revocations that it holds: their key moments, told there once more."""

import logging
from collections.abc import Iterable
from datetime import datetime

from workers.cards import handoff as cards
from workers.domain.actor import SYSTEM
from workers.domain.errors import StoreAway
from workers.domain.handoff import Handoff, HandoffState
from workers.domain.revocation import Note, Revocation
from workers.ports import SHOW_HANDOFF, ChangeOf, DecideOf
from workers.service.world import World

logger = logging.getLogger(__name__)

COLLECTS = frozenset({HandoffState.OFFERED, HandoffState.ACCEPTED})

MOST_WAITING = 50
"""A record goes whole into each entry of its log. More moments than that only wait where Slack refuses its thread."""


def collect(world: World, revocation: Revocation, note: Note) -> None:
    """Give a moment that was just told to the newest handoff that holds the revocation, to be told by its own writer.

    May run twice: the moment may then stand twice. Raises StoreAway alone: what goes wrong there stops nothing here, or the
    moment would be told in the revocation's own thread again and again.
    """
    if not note.broadcast or note.to is not None:
        return
    try:
        _collect(world, revocation, note)
    except StoreAway:
        raise
    except Exception:
        logger.exception("moment_not_collected", extra={"revocation_id": revocation.id, "kind": note.kind})


def _collect(world: World, revocation: Revocation, note: Note) -> None:
    holder = newest(world.handoffs.open(), revocation.id)
    if holder is not None:
        sentence = cards.moment(revocation, note, world.rules)
        world.handoffs.change(holder.id, _noted(Note(kind="moment", at=note.at, detail=sentence)))


def newest(handoffs: Iterable[Handoff], revocation_id: str) -> Handoff | None:
    """The one whose thread collects what happens to it."""
    holding = (one for one in handoffs if one.state in COLLECTS and revocation_id in one.revocations)
    return max(holding, key=lambda one: (one.offered_at, one.id), default=None)


def _noted(moment: Note) -> DecideOf[Handoff]:
    def noted(current: Handoff, now: datetime) -> ChangeOf[Handoff] | None:
        waiting = sum(note.kind == "moment" for note in current.notes)
        if moment in current.notes or waiting >= MOST_WAITING:
            return None
        changed = current.noting(moment)
        return ChangeOf(record=changed, event="moment", actor=SYSTEM, wakes=(SHOW_HANDOFF,))

    return noted
