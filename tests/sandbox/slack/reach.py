"""Which conversations the app's token reaches, and with which scopes."""

from __future__ import annotations

from tests.sandbox.slack.arguments import Refused
from tests.sandbox.slack.people import Channel
from tests.sandbox.slack.state import State


def need_scope(state: State, *one_of: str) -> None:
    granted = state.manifest.scopes
    if one_of and not set(one_of) & set(granted):
        raise Refused("missing_scope", needed=one_of[0], provided=",".join(granted))


def visible_channel(state: State, name: str) -> Channel:
    """Private channels that the bot is not in do not exist for it."""
    channel = state.channels.get(name)
    if channel is None or (channel.is_private and state.bot_user_id not in channel.members):
        raise Refused("channel_not_found")
    return channel


def channel_to_read(state: State, name: str, right: str) -> Channel:
    channel = visible_channel(state, name)
    need_scope(state, f"{channel.kind}:{right}")
    if right == "history" and state.bot_user_id not in channel.members:
        raise Refused("not_in_channel")
    return channel


def channel_to_write(state: State, name: str) -> Channel:
    """Where a message goes: a channel's id or name, or a person's id for a direct message."""
    channel = _direct(state, name) or visible_channel(state, _id_of(state, name))
    if channel.is_archived:
        raise Refused("is_archived")
    public = not channel.is_private and "chat:write.public" in state.manifest.scopes
    if state.bot_user_id not in channel.members and not public:
        raise Refused("not_in_channel")
    return channel


def _direct(state: State, name: str) -> Channel | None:
    if name.startswith(("U", "W")) and name not in state.channels:
        return open_direct(state, name, "channel_not_found")
    channel = state.channels.get(name)
    return open_direct(state, channel.members[1], "channel_not_found") if channel and channel.is_im else None


def open_direct(state: State, user: str, unknown: str) -> Channel:
    person = state.people.get(user)
    if person is None:
        raise Refused(unknown)
    if person.deleted:
        raise Refused("user_disabled")
    if person.is_bot:
        raise Refused("cannot_dm_bot")
    if not state.manifest.direct_messages:
        raise Refused("messages_tab_disabled")
    return state.direct_channel(user)


def _id_of(state: State, name: str) -> str:
    plain = name.removeprefix("#")
    return next((c.id for c in state.channels.values() if c.name == plain and not c.is_im), name)
