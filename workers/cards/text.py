"""Words on a card. What came from outside is shown as text: it can mention nobody, link nowhere and hide nothing."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import accumulate
from typing import Any

from workers.domain.actor import Actor

Block = dict[str, Any]
Part = str | Actor | datetime
"""What a line of a list is put together from: text from anywhere, somebody to mention, a time in the reader's zone."""

_WORD_JOINER = "\u2060"
_HIDDEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks by their category, and yet nothing is seen of them."""
_SELECTORS = (range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
"""They choose between forms of the character before, and are seen by nobody."""
_MOST_MARKS = 4
"""More accents than that on one letter are drawn over the lines around it."""
_WIDE = re.compile(r"(\s{3})\s+")
_WIDE_INSIDE = re.compile(r"(?<=\S)(\s{3})\s+")
LOOKALIKES = {"*": "\u2217", "_": "\u02cd", "`": "\u02cb", "~": "\u223c"}
"""What formats, and what is shown in its place.

Slack has no escape for them, and takes an invisible character beside one for the edge of a word, where it formats.
"""
_SHOWN = {
    "&": "&amp;",
    "<": "&lt;",
    ">": f"{_WORD_JOINER}&gt;",
    "\uff1e": f"{_WORD_JOINER}\uff1e",
    "\uff0a": "\ufe61",
    "\uff3f": "\u2e0f",
    "\uff40": "\u02cb",
    **LOOKALIKES,
}
"""Slack quotes by a wide `>` too, and formats by the wide forms of `*`, `_` and the backtick."""
_ALIVE = re.compile(
    r"(?P<emoji>:(?!\d\d\b)(?=[\w+'`\uff40-]+(?::|\Z)))"
    rf"|(?!(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))[{re.escape(''.join(_SHOWN))}]"
)
"""What is shown as something else.

A colon before a name and another colon, or before a name at the end, where our own colon may follow. A `_` within a word
formats nothing, and names and settings can still be copied.
"""
_EACH = re.compile(rf"{_ALIVE.pattern}|(?P<as_it_is>.)", re.DOTALL)
_ONE_LINE = str.maketrans(dict.fromkeys("\n\r\t\u2028\u2029", " "))
_SLACK_ID = re.compile(r"[A-Z][A-Z0-9]{2,}")
_HALF = re.compile(r"(?:<[^<>]*|&[a-z]{0,3}|_)\Z")
"""A token, an escape or a word with `_` in it that was cut in the middle."""
_LOCAL = re.compile(r"<!date\^\d+\^[^|>]*\|([^>]*)>")
_END_OF_WORD = re.compile(r"_\Z")
_UNSEEN_AT_MOST = 10
"""Characters for each that is shown; what comes after is not looked at."""
_MOST_MENTIONS = 12
_MOST_READ = 13_200
_NOTHING = "(no text)"
"""Slack refuses a message with an empty text in it."""


def plain(text: str, limit: int = 500, *, indented: bool = False) -> str:
    """`text` in one line, as it is seen, cut to `limit`; for plain_text, which parses nothing.

    Wide gaps, which push what follows out of sight, are closed; `indented`: not at the beginning.
    """
    near = unicodedata.normalize("NFC", text[: limit * _UNSEEN_AT_MOST])
    kept = (_WIDE_INSIDE if indented else _WIDE).sub(r"\1", visible(near.translate(_ONE_LINE)))
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def visible(text: str, *, lines: bool = False) -> str:
    """`text` without control, direction and invisible characters; `lines`: ends of lines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    kept, marks = list[str](), 0
    for c in text:
        marks = marks + 1 if _mark(c) else 0
        if (lines and c in "\n\t") or (_seen(c) and marks <= _MOST_MARKS):
            kept.append(c)
    return "".join(kept)


def inert(text: str, limit: int = 500) -> str:
    """`text` for a mrkdwn place: escaped as Slack's formatting page asks, and no formatting comes alive.

    `limit` holds for what is returned, so that a name made of `<` cannot push the rest off the card.
    """
    line = plain(text, limit)
    whole = _ALIVE.sub(_inert, line)
    if len(whole) <= limit:
        return whole
    kept, length = list[str](), 0
    for part in map(_inert, _EACH.finditer(line)):
        length += len(part)
        if length >= limit:
            break
        kept.append(part)
    return _END_OF_WORD.sub(LOOKALIKES["_"], "".join(kept)) + "…"


def _inert(match: "re.Match[str]") -> str:
    if match.lastgroup == "emoji":
        return f":{_WORD_JOINER}"
    return match[0] if match.lastgroup == "as_it_is" else _SHOWN[match[0]]


@lru_cache(maxsize=4096)
def _mark(character: str) -> bool:
    """Whether it is drawn on the letter before."""
    return unicodedata.category(character) in ("Mn", "Me")


@lru_cache(maxsize=4096)
def _seen(character: str) -> bool:
    """Whether a reader sees it: no control, direction or joining character, and no letter without ink."""
    return (
        unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        and character not in _HIDDEN
        and not any(ord(character) in selectors for selectors in _SELECTORS)
    )


def cut(mrkdwn: str, limit: int) -> str:
    """At most `limit` characters, and no half of a mention, a time or an escape at the end."""
    return mrkdwn if len(mrkdwn) <= limit else _HALF.sub("", mrkdwn[: limit - 1]) + "…"


def mention(actor: Actor | None) -> str:
    """The actor for a mrkdwn place: a Slack person is mentioned, anybody else is named."""
    if actor is None:
        return "nobody"
    if actor.kind == "slack" and _SLACK_ID.fullmatch(actor.id):
        return f"<@{actor.id}>"
    caller = f" ({actor.id.split()[0]})" if actor.kind == "terminal" and " " in actor.id.strip() else ""
    # A name made of spaces would push what stands beside it out of sight.
    return inert(f"{actor.name or actor.id}{caller}", 200).strip() or _NOTHING


def mentions(slack_ids: tuple[str, ...]) -> str:
    """People and user groups, mentioned; of very many, the first ones."""
    shown = [f"<!subteam^{i}>" if i.startswith("S") else f"<@{i}>" for i in slack_ids[:_MOST_MENTIONS]]
    more = len(slack_ids) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def utc(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"


def local(time: datetime) -> str:
    """The time in the reader's own zone, with UTC for whoever cannot show it; mrkdwn."""
    return f"<!date^{int(time.timestamp())}^{{date_short_pretty}} {{time_secs}}|{utc(time)}>"


def in_utc(mrkdwn: str) -> str:
    """The same with each time of `local` in UTC: for a message's `text`, which is read where no zone is known."""
    return _LOCAL.sub(r"\1", mrkdwn)


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": plain(text, 150), "emoji": False}}


def section(mrkdwn: str) -> Block:
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": cut(mrkdwn.strip(), 3000) or _NOTHING, "verbatim": True},
    }


def plain_section(text: str) -> Block:
    return {
        "type": "section",
        "text": {"type": "plain_text", "text": plain(text, 2900).strip() or _NOTHING, "emoji": False},
    }


def fields(pairs: list[tuple[str, str]]) -> Block:
    """Label and value beside each other; both plain, so that a value can be copied as it is."""
    return {
        "type": "section",
        "fields": [
            {"type": "plain_text", "text": plain(f"{label}: {value}", 300), "emoji": False}
            for label, value in pairs
        ],
    }


def context(*mrkdwn: str) -> Block:
    return {
        "type": "context",
        "elements": [{"type": "mrkdwn", "text": cut(t, 2000), "verbatim": True} for t in mrkdwn],
    }


def fitting(blocks: Sequence[Block]) -> list[Block]:
    """The first of them, as many as one message may have: 50, of 13,200 characters that people read."""
    ends = list(accumulate(map(_length, blocks)))
    return list(blocks[: min(50, bisect_right(ends, _MOST_READ))])


def _length(node: Any) -> int:
    if isinstance(node, dict):
        return sum(len(v) if k == "text" and isinstance(v, str) else _length(v) for k, v in node.items())
    return sum(_length(part) for part in node) if isinstance(node, list) else 0


def bullets(*lines: Sequence[Part]) -> Block:
    """A list; rich text parses nothing, so that what came from outside stays as it is."""
    elements = [{"type": "rich_text_section", "elements": [*map(_run, line)]} for line in lines]
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_list", "style": "bullet", "elements": elements}],
    }


def _run(part: Part) -> Block:
    if isinstance(part, datetime):
        return {
            "type": "date",
            "timestamp": int(part.timestamp()),
            "format": "{date_short_pretty} {time}",
            "fallback": utc(part),
        }
    if isinstance(part, Actor) and part.kind == "slack" and _SLACK_ID.fullmatch(part.id):
        return {"type": "user", "user_id": part.id}
    text = part if isinstance(part, str) else part.name or part.id
    return {"type": "text", "text": plain(text, 700) or _NOTHING}


def code(text: str) -> Block:
    """Text to copy to a terminal, exactly as it is."""
    element = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [element]}


def actions(*elements: Block, block_id: str = "") -> Block:
    """A row to press; `block_id` tells which step or request the row is about."""
    return {"type": "actions", "elements": list(elements)} | ({"block_id": block_id} if block_id else {})


def button(
    label: str, action_id: str, revocation_id: str, *, style: str | None = None, confirm: Block | None = None
) -> Block:
    made: Block = {
        "type": "button",
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "action_id": action_id,
        "value": revocation_id,
    }
    return made | ({"style": style} if style else {}) | ({"confirm": confirm} if confirm else {})


def link(label: str, action_id: str, url: str) -> Block:
    text = {"type": "plain_text", "text": label, "emoji": False}
    return {"type": "button", "text": text, "action_id": action_id, "url": url}


def are_you_sure(title: str, text: str, yes: str, *, danger: bool = False) -> Block:
    """Slack's own dialog before a click counts; a kindness, not a control."""
    made: Block = {
        "title": _words(plain(title, 100)),
        "text": _words(plain(text, 300)),
        "confirm": _words(yes[:30]),
        "deny": _words("Back"),
    }
    return made | ({"style": "danger"} if danger else {})


def _words(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
