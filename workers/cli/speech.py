"""What the cards say, as plain lines for a terminal. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from workers.cards import card
from workers.cards.bare import bare
from workers.cards.text import plain
from workers.domain.actor import Actor
from workers.domain.revocation import Revocation
from workers.domain.rules import Rules

_TYPED = re.compile(r"`/revoke(?: (status|list|hold|release|help)\b)?|(?<=[Rr]un )/revoke(?= again\b)")
_COMMANDS = {"status": "show", "list": "list", "hold": "hold", "release": "release", "help": "--help"}


def readable(mrkdwn: str) -> str:
    """Slack's marks as words, and what is typed there as what is typed here; what was escaped as it was."""
    return _TYPED.sub(_command, bare(mrkdwn))


def _command(typed: re.Match[str]) -> str:
    command = f"`python -m workers {_COMMANDS.get(typed[1], 'revoke')}"
    return command if typed[0].startswith("`") else f"{command}`"


def card_text(revocation: Revocation, rules: Rules) -> str:
    """The card without its buttons. Gaps are shown here even where the target reads the channel."""
    message = card.without_buttons(replace(revocation, channel_shared=False), rules)
    return "\n".join(line for block in message.blocks for line in _lines(block))


def name_of(actor: Actor) -> str:
    """The actor's name with what identifies them."""
    return plain(f"{actor.name} ({actor.id})" if actor.name else actor.id, 300)


def _lines(block: Mapping[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "context":
            yield " · ".join(readable(element["text"]) for element in block["elements"])
        case "rich_text":
            for element in block["elements"]:
                yield from _rich(element)
        case _:
            if "text" in block:
                yield readable(block["text"]["text"])
            for pair in block.get("fields", []):
                yield f"  {pair['text']}"


def _rich(element: Mapping[str, Any]) -> Iterator[str]:
    """Rich text: a list line by line, anything else as one line."""
    if element["type"] == "rich_text_list":
        yield from (f"- {_run(section)}" for section in element["elements"])
    else:
        yield _run(element)


def _run(section: Mapping[str, Any]) -> str:
    return "".join(_part(part) for part in section["elements"])


def _part(part: Mapping[str, Any]) -> str:
    match part["type"]:
        case "user":
            return f"@{part['user_id']}"
        case "date":
            return str(part["fallback"])
        case _:
            return str(part["text"])
