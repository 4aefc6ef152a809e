"""What a person types, turned into what an app receives when its command asks for escaping."""

from __future__ import annotations

import re

from tests.sandbox.slack.people import Person
from tests.sandbox.slack.state import State

TOKEN = re.compile(
    r"(?P<url>https?://[^\s<>|]+)"
    r"|(?P<mail>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?<![\w@])@(?P<at>\w[\w.\-]*)"
    r"|(?<![\w#])#(?P<channel>\w[\w.\-]*)"
)
BROADCASTS = ("here", "channel", "everyone")


def escaped(state: State, text: str) -> str:
    """Names that Slack knows become links; any other text stays as it was typed, and inert."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return TOKEN.sub(lambda found: _link(state, found), safe)


def _link(state: State, found: re.Match[str]) -> str:
    if found["url"]:
        return f"<{found['url']}>"
    if found["mail"]:
        return f"<mailto:{found['mail']}|{found['mail']}>"
    name = found["at"] or found["channel"]
    link = _mention if found["at"] else _channel
    for end in range(len(name), 0, -1):
        linked = link(state, name[:end]) if end == len(name) or name[end] in ".-" else None
        if linked:
            return linked + name[end:]
    return found[0]


def _mention(state: State, name: str) -> str | None:
    person = person_named(state, name)
    if person:
        return f"<@{person.id}|{person.name}>"
    group = next((g for g in state.groups.values() if g.handle == name), None)
    if group:
        return f"<!subteam^{group.id}|@{group.handle}>"
    return f"<!{name}>" if name in BROADCASTS else None


def person_named(state: State, name: str) -> Person | None:
    return next((p for p in state.people.values() if p.name == name), None)


def _channel(state: State, name: str) -> str | None:
    channel = next((c for c in state.channels.values() if c.name == name and not c.is_im), None)
    if channel is None:
        return None
    return f"<#{channel.id}|{'' if channel.is_private else channel.name}>"
