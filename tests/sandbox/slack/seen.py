"""What one person sees of the workspace: their channels, what is said there, and what is for them alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tests.sandbox.slack.people import Channel, Person
from tests.sandbox.slack.state import Ephemeral, Json, Message, State


def seen(state: State, user: str) -> Json:
    """As JSON, for a page. Raises CannotAct where there is no such person."""
    person = state.person(user)
    places = [channel for channel in state.channels.values() if _reads(person, channel)]
    return {
        "me": user,
        "now": state.clock(),
        "outage": state.faults.outage,
        "team": {"id": state.team_id, "name": state.team_domain.title()},
        "app": _app(state, person),
        "people": {one.id: _person(one) for one in state.people.values()},
        "groups": {group.id: group.handle for group in state.groups.values()},
        "channels": [asdict(channel) for channel in places],
        "messages": {c.id: [_message(message) for message in state.listed(c.id)] for c in places},
        "ephemerals": [_whisper(one) for one in state.ephemerals if one.user == user],
        "views": state.views.get(user, []),
        "home": state.homes.get(user),
    }


def _reads(person: Person, channel: Channel) -> bool:
    """Members, and in public channels whoever is a full member of the workspace."""
    full = not (person.is_restricted or person.is_ultra_restricted or person.is_stranger)
    return person.id in channel.members or (full and not channel.is_private)


def _person(person: Person) -> Json:
    shown = ("id", "name", "real_name", "deleted", "is_bot", "is_restricted", "is_stranger")
    return {name: getattr(person, name) for name in shown}


def _app(state: State, person: Person) -> Json:
    manifest = state.manifest
    return {
        "user": state.bot_user_id,
        "channel": "D" + person.id[1:],
        "home": manifest.home,
        "messages": manifest.direct_messages,
        "commands": manifest.shown.get("commands", ()),
        "shortcuts": manifest.shown.get("shortcuts", ()),
    }


def _message(message: Message) -> Json:
    """Without its earlier states; whoever reads it sees only that there were some."""
    shown: dict[str, Any] = {
        name: getattr(message, name)
        for name in ("ts", "channel", "user", "text", "blocks", "thread_ts", "reply_broadcast")
    }
    return shown | {
        "edited": len(message.edits),
        "at": message.at,
        "reactions": message.reactions,
        "files": message.files,
    }


def _whisper(ephemeral: Ephemeral) -> Json:
    return asdict(ephemeral)
