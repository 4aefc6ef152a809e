"""chat.*: posting, changing and deleting messages."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.sandbox.slack.arguments import Arguments, Refused, refused_arguments
from tests.sandbox.slack.blocks import check_message, interactive, normalise
from tests.sandbox.slack.people import Channel
from tests.sandbox.slack.reach import channel_to_write, visible_channel
from tests.sandbox.slack.state import Ephemeral, Json, Message, State

LONGEST_POST = 40_000
LONGEST_UPDATE = 4_000
LONGEST_BLOCKS = 13_200
LONGEST_METADATA = 8_000


def post_message(state: State, args: Arguments) -> Json:
    channel = channel_to_write(state, args.required("channel"))
    text, blocks = content(args)
    parent = _parent(state, channel, args)
    message = state.store(
        Message(
            ts=state.next_ts(),
            channel=channel.id,
            user=state.bot_user_id,
            text=text[:LONGEST_POST],
            blocks=blocks,
            thread_ts=parent,
            reply_broadcast=bool(parent) and args.flag("reply_broadcast"),
            metadata=_metadata(args),
            at=state.clock(),
            bot_id=state.bot_id,
            mrkdwn="mrkdwn" not in args or args.flag("mrkdwn"),
        )
    )
    shown = state.message_as_api(message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def update(state: State, args: Arguments) -> Json:
    channel = channel_to_write(state, args.required("channel"))
    message = own_message(state, channel, args.required("ts"), "cant_update_message")
    if len(args.text("text")) > LONGEST_UPDATE:
        raise Refused("msg_too_long")
    changes = _broadcast(message, args) or _new_content(args)
    message = state.edit(message, **changes)
    shown = state.message_as_api(message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def _new_content(args: Arguments) -> dict[str, Any]:
    """Text without blocks takes the blocks away; metadata stays when it is not mentioned."""
    text, blocks = content(args)
    metadata = {"metadata": _metadata(args)} if "metadata" in args else {}
    return {"text": text, "blocks": blocks, **metadata}


def _broadcast(message: Message, args: Arguments) -> dict[str, Any]:
    if not args.flag("reply_broadcast") or message.reply_broadcast:
        return {}
    if not message.thread_ts:
        raise Refused("cant_broadcast_message")
    if "text" in args or "blocks" in args:
        raise Refused("no_dual_broadcast_content_update")
    return {"reply_broadcast": True}


def delete(state: State, args: Arguments) -> Json:
    channel = channel_to_write(state, args.required("channel"))
    message = own_message(state, channel, args.required("ts"), "cant_delete_message")
    state.remove(message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(state: State, args: Arguments) -> Json:
    channel = channel_to_write(state, args.required("channel"))
    user = args.required("user")
    if user not in state.people or state.people[user].deleted or user not in channel.members:
        raise Refused("user_not_in_channel")
    text, blocks = content(args)
    shown = Ephemeral(
        state.next_ts(), channel.id, user, text, blocks, args.text("thread_ts") or None, state.clock()
    )
    return {"message_ts": state.show(shown).ts}


def get_permalink(state: State, args: Arguments) -> Json:
    channel = visible_channel(state, args.required("channel"))
    message = state.find(channel.id, args.required("message_ts"))
    if message is None:
        raise Refused("message_not_found")
    link = f"https://{state.team_domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def own_message(state: State, channel: Channel, ts: str, otherwise: str) -> Message:
    message = state.find(channel.id, ts)
    if message is None:
        raise Refused("message_not_found")
    if message.bot_id != state.bot_id:
        raise Refused(otherwise)
    return message


def content(args: Arguments) -> tuple[str, list[Json]]:
    """Checked text and blocks; one of the two has to be there."""
    blocks = checked_blocks(args.document("blocks", "invalid_blocks_format"))
    text = args.text("text")
    if not text.strip() and not blocks:
        raise Refused("no_text")
    clickable = any(interactive(block) for block in blocks)
    return text or ("This message contains interactive elements." if clickable else ""), blocks


def checked_blocks(blocks: Any) -> list[Json]:
    if blocks in (None, "", []):
        return []
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    problems = check_message(blocks)
    if problems:
        raise Refused("invalid_blocks", errors=_bare(problems), response_metadata={"messages": problems})
    if _length(blocks) > LONGEST_BLOCKS:
        raise Refused("msg_blocks_too_long")
    return normalise(blocks)


def _bare(problems: list[str]) -> list[str]:
    return [problem.removeprefix("[ERROR] ") for problem in problems]


def _length(node: Any) -> int:
    """Characters that people read."""
    if isinstance(node, dict):
        return sum(len(v) if k == "text" and isinstance(v, str) else _length(v) for k, v in node.items())
    return sum(_length(part) for part in node) if isinstance(node, list) else 0


def _metadata(args: Arguments) -> Json | None:
    metadata = args.document("metadata", "invalid_metadata_format")
    if metadata in (None, "", {}):
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise Refused("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise Refused("invalid_metadata_schema")
    if len(json.dumps(metadata)) > LONGEST_METADATA:
        raise Refused("metadata_too_large")
    return metadata


def _parent(state: State, channel: Channel, args: Arguments) -> str | None:
    ts = args.text("thread_ts")
    if not ts:
        return None
    parent = state.find(channel.id, ts)
    if parent is None:
        raise Refused("thread_not_found")
    return parent.thread_ts or parent.ts


def add_reaction(state: State, args: Arguments) -> Json:
    channel = channel_to_write(state, args.required("channel"))
    message = state.find(channel.id, args.required("timestamp"))
    name = args.required("name").strip(":")
    if message is None:
        raise Refused("message_not_found")
    if name in message.reactions:
        raise Refused("already_reacted")
    state.store(replace(message, reactions=(*message.reactions, name)))
    return {}


def add_pin(state: State, args: Arguments) -> Json:
    channel, ts = _pinnable(state, args)
    if ts in channel.pins:
        raise Refused("already_pinned")
    channel.pins.append(ts)
    state.changed("pins", channel=channel.id)
    return {}


def remove_pin(state: State, args: Arguments) -> Json:
    channel, ts = _pinnable(state, args)
    if ts not in channel.pins:
        raise Refused("no_pin")
    channel.pins.remove(ts)
    state.changed("pins", channel=channel.id)
    return {}


def _pinnable(state: State, args: Arguments) -> tuple[Channel, str]:
    channel = channel_to_write(state, args.required("channel"))
    if "timestamp" not in args:
        raise refused_arguments(["[ERROR] missing required field: timestamp"])
    if state.find(channel.id, args.text("timestamp")) is None:
        raise Refused("message_not_found")
    return channel, args.text("timestamp")
