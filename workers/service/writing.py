"""One message and its thread, by one writer: posted once, then updated at its pace; the notes go into the thread.

Whatever Slack does, the record and AWS go on; what was not told stays in the record until it was.
"""

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import SlackAway, SlackRefused
from workers.domain.revocation import Note
from workers.ports import ChangeOf, DecideOf, Lock, Message, Record, Records, Wake
from workers.service.intake.authority import is_denied
from workers.service.world import World

logger = logging.getLogger(__name__)

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


class Threaded(Record, Protocol):
    """A record that has a message, and a thread below it."""

    @property
    def channel(self) -> str: ...


R = TypeVar("R", bound=Threaded)


class Said(NamedTuple):
    """A note as it goes out, and what the log keeps of it."""

    message: Message
    kept: Mapping[str, Any]
    quiet: bool = False
    """It stays in the thread, whatever the note would."""


class Writer(ABC, Generic[R]):
    """Tells one kind of record; what each kind says is its own, how Slack is told is the same for all."""

    word: str
    """What its message is, for people and in the log's events."""
    id_name: str
    pace: timedelta
    """At most one update in this time."""
    shows: Wake
    must_be_heard: frozenset[str] = frozenset()
    """The kinds of notes that wait until Slack takes them."""

    def __init__(self, world: World, records: Records[R]) -> None:
        self.world, self.records = world, records

    @abstractmethod
    def root(self, record: R) -> Message:
        """The message as it must stand now."""

    @abstractmethod
    def ts(self, record: R) -> str | None:
        """Where it stands; None: nowhere yet."""

    @abstractmethod
    def placed(self, record: R, channel: str, ts: str | None) -> R:
        """The record with its message there."""

    @abstractmethod
    def say(self, record: R, note: Note) -> Said | None:
        """None: it is not so any more, and need not be told."""

    @abstractmethod
    def heard(self, record: R, note: Note, now: datetime) -> tuple[R, tuple[Wake, ...]]:
        """The record without the note that was told now, and what to wake."""

    def alone(self, record: R, note: Note) -> str | None:
        """The Slack id of the one person who hears it; None: it goes into the thread."""
        return note.to

    def is_about(self, record: R, one: Actor) -> bool:
        """Whether this person is whom it is about."""
        return False

    def too_early(self, record: R) -> bool:
        """Whether nothing of it may be shown yet."""
        return False

    def also(self, record: R, note: Note) -> None:
        """Who else collects what was just told. May run twice for one note."""

    def show(self, record_id: str) -> None:
        """Bring message and thread up to the record. Paced; may run at any time; leaves the rest for the next run."""
        with self.world.store.lock(f"card-{record_id}", wait=timedelta(0)) as lock:
            if lock is None or record_id not in self.records.untold() or self.records.postponed(record_id):
                return
            try:
                self._show(lock, record_id)
            except SlackAway as away:
                _wait(self.world, away)
            except _NotNow as refused:
                logger.error("card_refused", extra={self.id_name: record_id, "cause": str(refused)})
                self.records.postpone(record_id, ASK_AGAIN)
            except _Moved:
                logger.info("card_moves", extra={self.id_name: record_id})
            except _LockLost:
                logger.info("card_lock_lost", extra={self.id_name: record_id})

    def _show(self, lock: Lock, record_id: str) -> None:
        record = self.records.get(record_id)
        if self.too_early(record):
            return
        record = self._card(lock, record)
        if self.ts(record) is None:
            return
        for note in for_slack(record.notes):
            _own(lock)
            said = self.say(record, note) if self._may_hear(record, self.alone(record, note)) else None
            if said is not None:
                self._tell(lock, record, note, said)
                self.also(record, note)
            self.records.change(record_id, self._told(note, said))
        latest = self.records.get(record_id)
        if not for_slack(latest.notes) and self.up_to_date(latest):
            self.records.shown(latest)

    def _may_hear(self, record: R, slack_id: str | None) -> bool:
        """Not whoever is denied by now, nor the target themself: their Slack account may be the attacker's."""
        if slack_id is None:
            return True
        one = Actor(kind="slack", id=slack_id)
        return not (self.is_about(record, one) or is_denied(self.world.store, one))

    def up_to_date(self, record: R) -> bool:
        """Whether its message shows what it must show now."""
        return self.records.card_digest(record.id) == _digest(self.root(record))

    def _card(self, lock: Lock, record: R) -> R:
        """The message as the record has it: posted once, then updated at its pace."""
        message = self.root(record)
        digest = _digest(message)
        if self.ts(record) is not None and (
            digest == self.records.card_digest(record.id) or self.records.card_paced(record.id)
        ):
            return record
        _own(lock)
        try:
            record = self._put(record, message)
        except SlackRefused as refusal:
            return self._somewhere_else(record, refusal)
        self.world.store.unmark(AWAY_SINCE)
        self.records.card_shows(record.id, digest, again_in=self.pace)
        return record

    def _put(self, record: R, message: Message) -> R:
        ts = self.ts(record)
        if ts is None:
            return self._posted(record, message)
        try:
            self.world.channel.update(record.channel, ts, message)
        except SlackRefused as refusal:
            if refusal.code in _GONE:
                return self._posted(record, message)
            raise
        return record

    def _posted(self, record: R, message: Message) -> R:
        ts = self._post(record.channel, message)

        def posted(current: R, now: datetime) -> ChangeOf[R]:
            at = self.placed(current, current.channel, ts)
            return ChangeOf(record=at, event=f"{self.word}_posted", actor=SYSTEM, detail={"ts": ts})

        return self.records.change(record.id, posted) or record

    def _post(self, channel: str, message: Message) -> str:
        """Post; where Slack does not take the blocks, the sentence alone still goes out."""
        try:
            return self.world.channel.post(channel, message)
        except SlackRefused as refusal:
            if refusal.code != "invalid_blocks":
                raise
            logger.error("card_blocks_refused", extra={"channel": channel})
            return self.world.channel.post(channel, Message(message.text))

    def _somewhere_else(self, record: R, refusal: SlackRefused) -> R:
        """The channel does not take it: the incident channel does, and if not even that, an alarm goes out."""
        logger.error("card_refused", extra={self.id_name: record.id, "code": refusal.code})
        if refusal.code in _NO_ROOM and record.channel != self.world.rules.incident_channel:
            return self.records.change(record.id, self._moved) or record
        if self.world.store.first_sight(f"refused-{record.id}-{refusal.code}", timedelta(hours=1)):
            self.world.alarm.raise_alarm(f"Slack refuses the {self.word}", f"{record.id}: {refusal}")
        raise _NotNow(str(refusal))

    def _moved(self, current: R, now: datetime) -> ChangeOf[R]:
        changed = self.placed(current, self.world.rules.incident_channel, None)
        return ChangeOf(record=changed, event=f"{self.word}_moved", actor=SYSTEM, wakes=(self.shows,))

    def deliver(self, lock: Lock, record: R, note: Note, said: Said) -> None:
        """To one person alone, or into the thread. Raises SlackAway, SlackRefused."""
        ts = self.ts(record)
        assert ts is not None
        if note.to is not None:
            self.world.channel.tell(note.to, said.message)
        else:
            self.world.channel.reply(
                record.channel, ts, said.message, broadcast=note.broadcast and not said.quiet
            )

    def _tell(self, lock: Lock, record: R, note: Note, said: Said) -> None:
        try:
            self.deliver(lock, record, note, said)
            self.world.store.unmark(AWAY_SINCE)
        except SlackRefused as refusal:
            self._untold(record, note, said, refusal)

    def _untold(self, record: R, note: Note, said: Said, refusal: SlackRefused) -> None:
        """Slack took a note not: what somebody must hear waits, moves, or goes out beside Slack; the rest is logged."""
        if refusal.code in _NO_ROOM and note.to is None:
            self._somewhere_else(record, refusal)
            raise _Moved
        if note.kind in self.must_be_heard or refusal.code in _NO_TOKEN:
            raise _NotNow(f"{note.kind} could not be posted: {refusal}") from refusal
        logger.error("note_refused", extra={self.id_name: record.id, "kind": note.kind, "code": refusal.code})
        if note.broadcast:
            self.world.alarm.raise_alarm(f"{record.id} {note.kind}", said.message.text)

    def _told(self, note: Note, said: Said | None) -> DecideOf[R]:
        event = f"{'told' if said else 'dropped'}_{note.kind}"

        def told(current: R, now: datetime) -> ChangeOf[R] | None:
            if note not in current.notes:
                return None
            changed, wakes = self.heard(current, note, now)
            kept = said.kept if said else {}
            return ChangeOf(record=changed, event=event, actor=SYSTEM, detail=kept, wakes=wakes)

        return told


def for_slack(notes: Iterable[Note]) -> list[Note]:
    """Those that are to be told in Slack; the others are alarms."""
    return [note for note in notes if not note.alarm]


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
