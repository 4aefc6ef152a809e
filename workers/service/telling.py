"""Slack is told what the record says: one card by one writer, and the moments in its thread.

Whatever Slack does, the record and AWS go on; what was not told stays in the record until it was.
"""

import hashlib
import logging
from dataclasses import replace
from datetime import datetime, timedelta

from workers.cards import card, moments
from workers.domain import clearance
from workers.domain.actor import SYSTEM
from workers.domain.audit import Digest
from workers.domain.errors import SlackAway, SlackRefused, StoreAway
from workers.domain.revocation import Note, Revocation, State
from workers.ports import SHOW, Change, Decide, Job, Lock, Message, Wake
from workers.service import reporting
from workers.service.world import World

logger = logging.getLogger(__name__)

PACE = timedelta(seconds=1)
AWAY_SINCE = "slack_away"
AWAY_PAUSE = 5.0
LONGEST_PAUSE = 60.0
ASK_AGAIN = timedelta(seconds=20)
"""After Slack refused a card or a notice. A card must catch up within 30 seconds of what held it up."""

ALARM_AFTER = timedelta(minutes=2)

_GONE = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "message_deleted"})
_NO_TOKEN = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})
_NO_ROOM = frozenset({"channel_not_found", "not_in_channel", "is_archived", "restricted_action"})


class _LockLost(Exception):
    """Another writer has the card now."""


class _Moved(Exception):
    """The card goes to another channel, and its notes after it: the next run posts both there."""


class _NotNow(Exception):
    """Slack will not take this one as it is; the others go on."""


def show(world: World, revocation_id: str) -> None:
    """Bring the card and its thread up to the record. Paced; may run at any time; leaves the rest for the next run."""
    with world.store.lock(f"card-{revocation_id}", wait=timedelta(0)) as lock:
        if lock is None or revocation_id not in world.store.untold() or world.store.postponed(revocation_id):
            return
        try:
            _show(world, lock, revocation_id)
        except SlackAway as away:
            _wait(world, away)
        except _NotNow as refused:
            logger.error("card_refused", extra={"revocation_id": revocation_id, "cause": str(refused)})
            world.store.postpone(revocation_id, ASK_AGAIN)
        except _Moved:
            logger.info("card_moves", extra={"revocation_id": revocation_id})
        except _LockLost:
            logger.info("card_lock_lost", extra={"revocation_id": revocation_id})


def _show(world: World, lock: Lock, revocation_id: str) -> None:
    revocation = world.store.get(revocation_id)
    if _too_early(revocation):
        return
    revocation = _card(world, lock, revocation)
    if revocation.card_ts is None:
        return
    for note in [note for note in revocation.notes if not note.alarm]:
        _own(lock)
        digest = _digest_for(world, note)
        _tell(world, lock, revocation, note, digest)
        world.store.change(revocation_id, _told(world, note, digest))
    latest = world.store.get(revocation_id)
    told = not [note for note in latest.notes if not note.alarm]
    if told and world.store.card_digest(revocation_id) == _digest(_rendered(world, latest)):
        world.store.shown(latest)


def _too_early(revocation: Revocation) -> bool:
    """The first lookup is under way: until it ends nobody knows who it is, nor which channel may show it."""
    looking = revocation.state is State.REQUESTED and revocation.user is None
    return looking and revocation.still_looking is None


def _rendered(world: World, revocation: Revocation) -> Message:
    return card.render(revocation, world.rules)


def _card(world: World, lock: Lock, revocation: Revocation) -> Revocation:
    """The card as the record has it: posted once, then updated at its pace."""
    message = _rendered(world, revocation)
    digest = _digest(message)
    if revocation.card_ts is not None and (
        digest == world.store.card_digest(revocation.id) or world.store.card_paced(revocation.id)
    ):
        return revocation
    _own(lock)
    try:
        revocation = _put(world, revocation, message)
    except SlackRefused as refusal:
        return _somewhere_else(world, revocation, refusal)
    world.store.unmark(AWAY_SINCE)
    world.store.card_shows(revocation.id, digest, again_in=PACE)
    return revocation


def _put(world: World, revocation: Revocation, message: Message) -> Revocation:
    if revocation.card_ts is None:
        ts = _post(world, revocation.channel, message)
        return world.store.change(revocation.id, _posted(ts)) or revocation
    try:
        world.channel.update(revocation.channel, revocation.card_ts, message)
    except SlackRefused as refusal:
        if refusal.code in _GONE:
            return (
                world.store.change(revocation.id, _posted(_post(world, revocation.channel, message)))
                or revocation
            )
        raise
    return revocation


def _post(world: World, channel: str, message: Message) -> str:
    """Post; where Slack does not take the blocks, the sentence alone still goes out."""
    try:
        return world.channel.post(channel, message)
    except SlackRefused as refusal:
        if refusal.code != "invalid_blocks":
            raise
        logger.error("card_blocks_refused", extra={"channel": channel})
        return world.channel.post(channel, Message(message.text))


def _posted(ts: str) -> Decide:
    def posted(current: Revocation, now: datetime) -> Change:
        return Change(
            record=replace(current, card_ts=ts), event="card_posted", actor=SYSTEM, detail={"ts": ts}
        )

    return posted


def _somewhere_else(world: World, revocation: Revocation, refusal: SlackRefused) -> Revocation:
    """The channel does not take the card: the incident channel does, and if not even that, an alarm goes out."""
    logger.error("card_refused", extra={"revocation_id": revocation.id, "code": refusal.code})
    if refusal.code in _NO_ROOM and revocation.channel != world.rules.incident_channel:
        moved = world.store.change(revocation.id, _moved(world.rules.incident_channel))
        return moved or revocation
    if world.store.first_sight(f"refused-{revocation.id}-{refusal.code}", timedelta(hours=1)):
        world.alarm.raise_alarm("Slack refuses the card", f"{revocation.id}: {refusal}")
    raise _NotNow(str(refusal))


def _moved(channel: str) -> Decide:
    def moved(current: Revocation, now: datetime) -> Change:
        changed = replace(current, channel=channel, card_ts=None)
        return Change(record=changed, event="card_moved", actor=SYSTEM, wakes=(SHOW,))

    return moved


def _digest_for(world: World, note: Note) -> Digest | None:
    """What all logs lead to, for a note that carries it. It goes out without, rather than not at all."""
    if note.kind not in moments.DIGESTED:
        return None
    try:
        return world.store.digest()
    except StoreAway:
        logger.warning("digest_unread", exc_info=True)
        return None


def _tell(world: World, lock: Lock, revocation: Revocation, note: Note, digest: Digest | None) -> None:
    try:
        if note.kind in reporting.KINDS:
            reporting.tell(world, lock, revocation, note)
        else:
            _say(world, revocation, note, digest)
        world.store.unmark(AWAY_SINCE)
    except SlackRefused as refusal:
        _untold(world, revocation, note, refusal)


def _say(world: World, revocation: Revocation, note: Note, digest: Digest | None) -> None:
    assert revocation.card_ts is not None
    message = moments.render(revocation, note, world.rules, digest)
    if note.to is not None:
        world.channel.tell(note.to, message)
    else:
        world.channel.reply(revocation.channel, revocation.card_ts, message, broadcast=note.broadcast)


def _untold(world: World, revocation: Revocation, note: Note, refusal: SlackRefused) -> None:
    """Slack took a note not: what somebody must hear waits, moves, or goes out beside Slack; the rest is logged."""
    if refusal.code in _NO_ROOM and note.to is None:
        _somewhere_else(world, revocation, refusal)
        raise _Moved
    if note.kind == "notice" or refusal.code in _NO_TOKEN:
        raise _NotNow(f"{note.kind} could not be posted: {refusal}") from refusal
    logger.error(
        "note_refused", extra={"revocation_id": revocation.id, "kind": note.kind, "code": refusal.code}
    )
    if note.broadcast:
        world.alarm.raise_alarm(
            f"{revocation.id} {note.kind}", moments.render(revocation, note, world.rules).text
        )


def _told(world: World, note: Note, digest: Digest | None) -> Decide:
    """`digest`: as it was posted with the note; the log keeps it, so that each log vouches for the others too."""

    def told(current: Revocation, now: datetime) -> Change | None:
        if note not in current.notes:
            return None
        changed, wakes = current.told(note), tuple[Wake, ...]()
        if note.kind == "notice":
            changed = replace(changed, notice_at=now)
            due = clearance.off_at(changed, world.rules.timing)
            wakes = (SHOW, *([Wake(Job.CLEAN_UP, due)] if due else []))
        detail = {"digest": str(digest)} if digest is not None else {}
        return Change(record=changed, event=f"told_{note.kind}", actor=SYSTEM, detail=detail, wakes=wakes)

    return told


def _wait(world: World, away: SlackAway) -> None:
    """Leave Slack alone for a while; where that lasts, somebody hears of it beside Slack."""
    world.store.pause_slack(min(max(away.retry_after or AWAY_PAUSE, 1.0), LONGEST_PAUSE))
    logger.warning("slack_away", extra={"cause": str(away)})
    since = world.store.marked(AWAY_SINCE)
    if since is None:
        world.store.mark(AWAY_SINCE)
    long = since is not None and world.store.now() - since > ALARM_AFTER
    if long and world.store.first_sight("slack-away", timedelta(hours=1)):
        world.alarm.raise_alarm(
            "Slack unreachable", f"Revocations are open and Slack does not answer: {away}"
        )


def _own(lock: Lock) -> None:
    if not lock.extend():
        raise _LockLost


def _digest(message: Message) -> str:
    return hashlib.sha256(repr(message).encode()).hexdigest()
