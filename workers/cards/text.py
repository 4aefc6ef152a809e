"""Words on a card. What came from outside is shown as text: it can mention nobody, link nowhere and hide nothing."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from workers.domain.actor import Actor

Block = dict[str, Any]
Part = str | Actor | datetime
"""What a line of a list is put together from: text from anywhere, somebody to mention, a time in the reader's zone."""

_WORD_JOINER = "\u2060"
_HIDDEN = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")
"""Letters and marks by their category, and yet nothing is seen of them."""
_EMOJI_OR_ONE = re.compile(r"(?P<emoji>:(?!\d\d:)(?=[\w+'-]+:))|.", re.DOTALL)
_INERT = {
    "&": "&amp;",
    "<": "&lt;",
    ">": f"{_WORD_JOINER}&gt;",
    **{c: _WORD_JOINER + c for c in "*_~`"},
}
_MOST_MENTIONS = 12
_NOTHING = "(no text)"
"""Slack refuses a message with an empty text in it."""


def plain(text: str, limit: int = 500) -> str:
    """`text` without control and invisible characters, cut to `limit`; for plain_text, which parses nothing."""
    kept = "".join(" " if c in "\n\r\t\u2028\u2029" else c for c in unicodedata.normalize("NFC", text))
    kept = "".join(c for c in kept if _seen(c))
    return kept if len(kept) <= limit else kept[: limit - 1] + "…"


def inert(text: str, limit: int = 500) -> str:
    """`text` for a mrkdwn place: escaped as Slack's formatting page asks, and no formatting comes alive.

    `limit` holds for what is returned, so that a name made of `<` cannot push the rest off the card.
    """
    parts = [_inert(match) for match in _EMOJI_OR_ONE.finditer(plain(text, limit))]
    ends = list(accumulate(map(len, parts)))
    if not ends or ends[-1] <= limit:
        return "".join(parts)
    return "".join(parts[: bisect_right(ends, limit - 1)]) + "…"


def _inert(match: "re.Match[str]") -> str:
    if match[0] == "_" and _within_setting(match):
        return "_"  # formats nothing there, and a setting's name can still be copied
    return f":{_WORD_JOINER}" if match["emoji"] else _INERT.get(match[0], match[0])


def _within_setting(match: "re.Match[str]") -> bool:
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:1]
    return before.isupper() and after.isupper()


def _seen(character: str) -> bool:
    """Whether a reader sees it: no control, direction or joining character, and no letter without ink."""
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn") and character not in _HIDDEN


def mention(actor: Actor | None) -> str:
    """The actor for a mrkdwn place: a Slack person is mentioned, anybody else is named."""
    if actor is None:
        return "nobody"
    if actor.kind == "slack":
        return f"<@{actor.id}>"
    caller = f" ({actor.id.split()[0]})" if actor.kind == "terminal" and " " in actor.id else ""
    return inert(f"{actor.name or actor.id}{caller}", 200)


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


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": plain(text, 150), "emoji": False}}


def section(mrkdwn: str) -> Block:
    return {
        "type": "section",
        "text": {"type": "mrkdwn", "text": mrkdwn[:3000].strip() or _NOTHING, "verbatim": True},
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
        "elements": [{"type": "mrkdwn", "text": t[:2000], "verbatim": True} for t in mrkdwn],
    }


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
    if isinstance(part, Actor) and part.kind == "slack":
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
        "title": {"type": "plain_text", "text": plain(title, 100)},
        "text": {"type": "plain_text", "text": plain(text, 300)},
        "confirm": {"type": "plain_text", "text": yes[:30]},
        "deny": {"type": "plain_text", "text": "Back"},
    }
    return made | ({"style": "danger"} if danger else {})
