"""Alarms beside Slack: kept in the record until they went out."""

import logging
import re
from datetime import datetime, timedelta

from workers.cards import moments
from workers.domain.actor import SYSTEM
from workers.domain.errors import SlackAway, SlackRefused
from workers.domain.revocation import Note, Revocation
from workers.ports import Change, Message
from workers.service import believing
from workers.service.believing import Found
from workers.service.world import World

logger = logging.getLogger(__name__)

TRY_AGAIN = timedelta(seconds=30)
HOURLY = timedelta(hours=1)
TOLD_WITHIN = timedelta(minutes=2)
SEEN_TO_WITHIN = timedelta(seconds=40)
"""The policy's writer sees to a record that is gone, and tells it, sooner than this."""

_ID = re.compile(r"R-[A-Z0-9]{6}")
"""Anything can be put into an index that is not signed; only what may be one of ours is spoken of."""

UNREADABLE = (
    "The record of {0} cannot be read: its signature or its log is not as the bot wrote it. It is not acted on. If it "
    "was confirmed and not yet written, its user may NOT be denied. See `python -m workers show {0}`."
)
LOST = (
    "The record of {0}, which denied {1}, is gone from Redis. If that user ID stands in the Deny policy, it stays; "
    "if not, they are NOT denied. Look at the policy, and at who can write to Redis."
)
UNTOLD = "For over two minutes the channel was not told what became of {0}. See `python -m workers list`."


def raise_alarms(world: World) -> None:
    """Send every alarm that waits in an open record; at least once each."""
    for revocation in [*world.store.open(), *world.store.ended(20)]:
        for note in revocation.notes:
            if note.alarm and _first(world, f"alarm-{revocation.id}-{note.kind}", TRY_AGAIN):
                _raise(world, revocation, note)
    for revocation_id in world.store.unreadable():
        if _ID.fullmatch(revocation_id) and _first(world, f"unreadable-{revocation_id}", HOURLY):
            _say(world, f"{revocation_id} cannot be read", UNREADABLE.format(revocation_id))


def tell_lost(world: World, found: Found) -> None:
    """What was done to the records in Redis, and what Slack was not told, however the indexes there are bent."""
    now = world.store.now()
    for lost in found.vanished:
        long = now - world.witness.since(f"lost-{lost.revocation_id}", now) > SEEN_TO_WITHIN
        if long and _first(world, f"told-lost-{lost.revocation_id}", HOURLY):
            _say(world, f"{lost.revocation_id} is gone", LOST.format(lost.revocation_id, lost.user_id))
    untold = sorted({r.id for r in found.records for n in r.notes if _is_late(n, now)})
    if untold and _first(world, "untold", HOURLY):
        world.alarm.raise_alarm("Slack is not told", UNTOLD.format(", ".join(untold)))


def _is_late(note: Note, now: datetime) -> bool:
    return note.broadcast and not note.alarm and now - note.at > TOLD_WITHIN


def _first(world: World, what: str, within: timedelta) -> bool:
    """Asked of the witness: what Redis says was told already, anybody who can write to it could have said."""
    return world.witness.first_time(what, world.store.now(), within)


def _say(world: World, subject: str, text: str) -> None:
    """Beside Slack and in the incident channel, where no card can be."""
    world.alarm.raise_alarm(subject, text)
    try:
        world.channel.post(world.rules.incident_channel, Message(text))
    except (SlackAway, SlackRefused) as error:
        logger.warning("not_told", extra={"subject": subject, "cause": str(error)})


def _raise(world: World, revocation: Revocation, note: Note) -> None:
    message = moments.render(revocation, note, world.rules)
    if world.alarm.raise_alarm(f"{revocation.id} {note.kind}", message.text):
        believing.change(world, revocation.id, lambda current, now: _raised(current, note))


def _raised(current: Revocation, note: Note) -> Change | None:
    if note not in current.notes:
        return None
    return Change(record=current.told(note), event=f"alarmed_{note.kind}", actor=SYSTEM)
