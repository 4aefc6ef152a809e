"""The payloads that Slack sends to an app, field for field."""

from __future__ import annotations

import secrets
from typing import Any

from tests.sandbox.slack.people import Channel, Person
from tests.sandbox.slack.state import Ephemeral, Json, Message, State

TOKEN = "deprecated-verification-token"


def slash_command(state: State, person: Person, channel: Channel, command: str, text: str) -> Json:
    return {
        "token": TOKEN,
        "team_id": state.team_id,
        "team_domain": state.team_domain,
        "channel_id": channel.id,
        "channel_name": channel.name_in_payload,
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": state.app_id,
        "is_enterprise_install": "false",
        "response_url": state.new_response_url(channel.id, person.id),
        "trigger_id": state.new_trigger(person.id),
    }


def _interaction(state: State, kind: str, person: Person) -> Json:
    return {
        "type": kind,
        "user": {"id": person.id, "username": person.name, "name": person.name, "team_id": person.team_id},
        "api_app_id": state.app_id,
        "token": TOKEN,
        "trigger_id": state.new_trigger(person.id),
        "team": {"id": state.team_id, "domain": state.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _place(channel: Channel) -> Json:
    return {"id": channel.id, "name": channel.name_in_payload}


def clicked_message(
    state: State, person: Person, channel: Channel, seen: Message | Ephemeral, *, action: Json, values: Json
) -> Json:
    ephemeral = isinstance(seen, Ephemeral)
    container = {
        "type": "message",
        "message_ts": seen.ts,
        "channel_id": channel.id,
        "is_ephemeral": ephemeral,
    }
    container |= {"thread_ts": seen.thread_ts} if seen.thread_ts else {}
    message = {} if isinstance(seen, Ephemeral) else {"message": state.message_as_api(seen)}
    return {
        **_interaction(state, "block_actions", person),
        "container": container,
        "channel": _place(channel),
        **message,
        "state": {"values": values},
        "response_url": state.new_response_url(channel.id, person.id, seen),
        "actions": [action],
    }


def clicked_view(state: State, person: Person, view: Json, action: Json, values: Json) -> Json:
    return {
        **_interaction(state, "block_actions", person),
        "container": {"type": "view", "view_id": view["id"]},
        "view": {**view, "state": {"values": values}},
        "actions": [action],
    }


def suggestion(state: State, person: Person, view: Json, *, block_id: str, action_id: str, text: str) -> Json:
    payload = _interaction(state, "block_suggestion", person)
    payload.pop("trigger_id")
    return {
        **payload,
        "container": {"type": "view", "view_id": view["id"]},
        "view": view,
        "action_id": action_id,
        "block_id": block_id,
        "value": text,
    }


def view_submission(state: State, person: Person, view: Json, values: Json) -> Json:
    return {
        **_interaction(state, "view_submission", person),
        "view": {**view, "state": {"values": values}},
        "response_urls": [],
    }


def view_closed(state: State, person: Person, view: Json, is_cleared: bool) -> Json:
    payload = _interaction(state, "view_closed", person)
    payload.pop("trigger_id")
    return {**payload, "view": view, "is_cleared": is_cleared}


def shortcut(state: State, person: Person, callback_id: str) -> Json:
    return {
        **_interaction(state, "shortcut", person),
        "callback_id": callback_id,
        "action_ts": state.next_ts(),
    }


def message_shortcut(
    state: State, person: Person, channel: Channel, message: Message, callback_id: str
) -> Json:
    return {
        **_interaction(state, "message_action", person),
        "callback_id": callback_id,
        "action_ts": state.next_ts(),
        "message_ts": message.ts,
        "message": state.message_as_api(message),
        "channel": _place(channel),
        "response_url": state.new_response_url(channel.id, person.id, message),
    }


def event(state: State, what: Json, channel: Channel | None = None) -> Json:
    return {
        "token": TOKEN,
        "team_id": state.team_id,
        "context_team_id": state.team_id,
        "context_enterprise_id": None,
        "api_app_id": state.app_id,
        "event": what,
        "type": "event_callback",
        "event_id": "Ev" + secrets.token_hex(5).upper(),
        "event_time": int(state.clock()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": state.team_id,
                "user_id": state.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": bool(channel and channel.is_ext_shared),
        "event_context": secrets.token_urlsafe(16),
    }


def app_mention(state: State, message: Message) -> Json:
    thread: dict[str, Any] = {"thread_ts": message.thread_ts} if message.thread_ts else {}
    team = state.people[message.user].team_id
    return {
        "type": "app_mention",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": team,
        "user_team": team,
        "source_team": team,
        "channel": message.channel,
        "event_ts": message.ts,
        **thread,
    }


def app_home_opened(state: State, person: Person, tab: str = "home") -> Json:
    shown = tab == "home" and person.id in state.homes
    view = {"view": state.homes[person.id]} if shown else {}
    channel = state.direct_channel(person.id).id
    return {
        "type": "app_home_opened",
        "user": person.id,
        "channel": channel,
        "tab": tab,
        "event_ts": state.next_ts(),
        **view,
    }
