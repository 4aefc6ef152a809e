"""What is overdue is told: to its owner, then to the group; each once. See `workers.domain.overdue`.

Each revocation is told in its own thread. A channel is called at most every ten minutes for what was late by then: after
a night without Slack one message shows there and says how many more there are, and the others stay in their threads.
"""

from dataclasses import replace
from datetime import datetime

from workers.cards import moments
from workers.cards import overdue as cards
from workers.cards.text import section
from workers.domain import open_items, overdue
from workers.domain.actor import SYSTEM
from workers.domain.revocation import Note, Revocation
from workers.ports import SHOW, Change, Message
from workers.service.world import World
from workers.service.writing import Said


def tell_overdue(world: World, revocation_id: str) -> None:
    """Put the message that is due into the record, for the thread. May run at any time, and twice."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        changed = overdue.telling(current, world.rules.timing, now)
        if changed is None:
            return None
        detail = {"told": [one.key for one in changed.overdue if one.told_at is None]}
        return Change(record=changed, event="overdue", actor=SYSTEM, detail=detail, wakes=(SHOW,))

    world.store.change(revocation_id, decide)


def said(world: World, revocation: Revocation, note: Note) -> Said | None:
    """The message; None where all of it was settled while it waited for Slack."""
    late = overdue.still_open(revocation, note, world.rules.timing)
    if not late:
        return None
    last, now = world.store.marked(_mark(revocation, note)), world.store.now()
    fresh = last is not None and now - last < overdue.AT_MOST_EVERY
    if fresh and all(item.due_at is not None and last and item.due_at <= last for item in late):
        quiet = replace(note, broadcast=False)
        return Said(moments.render(revocation, quiet, world.rules), {}, quiet=True)
    message = moments.render(revocation, note, world.rules)
    more = cards.others(_others(world, revocation, now))
    return Said(
        message if not more else Message(f"{message.text} {more}", (*message.blocks, section(more))), {}
    )


def called(world: World, revocation: Revocation, note: Note) -> None:
    """Slack took a message that calls the channel."""
    world.store.mark(_mark(revocation, note))


def _mark(revocation: Revocation, note: Note) -> str:
    """Owners and the group are called apart: who was only heard of by name was not called."""
    return f"overdue_{'group' if overdue.read(note).group else 'owners'}_{revocation.channel}"


def _others(world: World, revocation: Revocation, now: datetime) -> int:
    """How many more whose cards are in this channel have something overdue."""
    here = (r for r in world.store.open() if r.id != revocation.id and r.channel == revocation.channel)
    return sum(bool(open_items.overdue(r, world.rules.timing, now)) for r in here)
