"""What is told of a revocation's whole log: its report, and how long each part of a drill took.

The wish is a note in the record, told at least once like any other; see `workers.service.telling`.
"""

import json
import logging

from workers.cards import drill
from workers.cards import report as cards
from workers.cards.report_json import as_json
from workers.cards.report_markdown import markdown
from workers.domain.errors import SlackAway, SlackRefused, StoreAway, UnreadableRecord
from workers.domain.report import Report, report
from workers.domain.revocation import Note, Revocation
from workers.ports import Lock, Message
from workers.service.follow_ups.turn import kept
from workers.service.world import World

logger = logging.getLogger(__name__)

KINDS = frozenset({*cards.KINDS, *drill.KINDS})
"""The notes that need the log."""


def made(world: World, revocation: Revocation) -> Report:
    """The report as the record stands, its log verified. Raises UnreadableRecord, StoreAway."""
    log = world.store.log(revocation.id)
    try:
        digest = world.store.digest()
    except StoreAway:
        logger.warning("digest_unread", exc_info=True)
        digest = None
    return report(log, revocation, world.rules.timing, world.store.now(), digest)


def documents(world: World, report: Report) -> tuple[str, str]:
    """The Markdown, and the JSON."""
    return markdown(report, world.rules), json.dumps(as_json(report), indent=2, ensure_ascii=False) + "\n"


def tell(world: World, lock: Lock, revocation: Revocation, note: Note) -> None:
    """Tell this note, of one of `KINDS`. `lock`: the card's, kept meanwhile: a long log takes seconds to read and to write
    out. Raises SlackAway, SlackRefused.
    """
    with kept(lock):
        _tell(world, revocation, note)


def _tell(world: World, revocation: Revocation, note: Note) -> None:
    """What cannot be drawn from the log is said, once: it must not hold back what the thread is told next."""
    try:
        _from_log(world, revocation, note)
    except (SlackAway, SlackRefused, StoreAway):
        raise
    except Exception as error:
        logger.exception("report_not_made", extra={"revocation_id": revocation.id})
        cause = str(error) if isinstance(error, UnreadableRecord) else None
        if note.kind != "report_files" or cause is None:
            _say(world, revocation, note, cards.not_made(revocation, note, world.rules, cause))


def _from_log(world: World, revocation: Revocation, note: Note) -> None:
    found = made(world, revocation)
    if note.kind == "report_files":
        _files(world, found)
    elif note.kind == "report":
        summed = cards.alone if revocation.channel_shared else cards.summary
        _say(world, revocation, note, summed(found, world.rules))
    else:
        _say(world, revocation, note, drill.done(found))


def alone(revocation: Revocation, note: Note) -> str | None:
    """The Slack id of whoever asked, where the target reads the thread; None: the thread gets it."""
    return note.detail if note.kind == "report" and revocation.channel_shared else None


def _say(world: World, revocation: Revocation, note: Note, message: Message) -> None:
    asker = alone(revocation, note)
    if asker is not None:
        world.channel.tell(asker, message)
    else:
        _reply(world, revocation, message)


def _files(world: World, found: Report) -> None:
    """Into the thread, unless the target reads it there. Where Slack takes no files, the text goes out instead.

    Files go by another host, which may be out of reach for good: what waited for it would hold up every other card.
    """
    revocation = found.revocation
    if revocation.channel_shared or revocation.card_ts is None:
        return
    text, json_ = documents(world, found)
    try:
        world.channel.share(revocation.channel, revocation.card_ts, cards.documents(found, text, json_))
    except (SlackAway, SlackRefused) as refusal:
        cause = refusal.code if isinstance(refusal, SlackRefused) else "no answer"
        logger.warning("report_files_refused", extra={"revocation_id": revocation.id, "cause": str(refusal)})
        _reply(world, revocation, cards.instead_of_files(found, text, cause))


def _reply(world: World, revocation: Revocation, message: Message) -> None:
    assert revocation.card_ts is not None
    world.channel.reply(revocation.channel, revocation.card_ts, message, broadcast=False)
