"""views.*: modals stacked up to three high, and the home tab."""

from __future__ import annotations

import copy
import secrets
from typing import Any

from tests.sandbox.slack.arguments import Arguments, Refused, refused_arguments
from tests.sandbox.slack.blocks import check_view, normalise
from tests.sandbox.slack.form import form_state
from tests.sandbox.slack.state import TRIGGER_SECONDS, Json, State

HIGHEST_STACK = 3


def open_modal(state: State, args: Arguments) -> Json:
    view = _checked(args, "modal")
    user = use_trigger(state, args)
    return {"view": put_on_top(state, user, view, fresh=True)}


def push(state: State, args: Arguments) -> Json:
    view = _checked(args, "modal")
    user = use_trigger(state, args)
    if not state.views.get(user):
        raise Refused("not_found")
    return {"view": put_on_top(state, user, view)}


def update(state: State, args: Arguments) -> Json:
    view = _checked(args, None)
    shown = _open_view(state, args)
    if args.text("hash") and args.text("hash") != shown["hash"]:
        raise Refused("hash_conflict")
    return {"view": change(state, shown, view)}


def publish(state: State, args: Arguments) -> Json:
    user = args.required("user_id")
    view = _checked(args, "home")
    if not state.manifest.home:
        raise Refused("not_enabled")
    if user not in state.people:
        raise Refused("user_not_found")
    if args.text("hash") and args.text("hash") != state.homes.get(user, {}).get("hash"):
        raise Refused("hash_conflict")
    state.homes[user] = _view_as_api(state, view, state.homes.get(user, {}).get("id"))
    state.changed("home", user=user)
    return {"view": state.homes[user]}


def use_trigger(state: State, args: Arguments) -> str:
    """The person whose act lets a modal open: once, and within three seconds."""
    trigger = state.triggers.get(args.text("trigger_id") or args.required("interactivity_pointer"))
    if trigger is None:
        raise Refused("invalid_trigger_id")
    if trigger.used:
        raise Refused("exchanged_trigger_id")
    if trigger.expired or state.clock() - trigger.at > TRIGGER_SECONDS:
        raise Refused("expired_trigger_id")
    trigger.used = True
    return trigger.user


def put_on_top(state: State, user: str, view: Json, fresh: bool = False) -> Json:
    stack = [] if fresh else state.views.get(user, [])
    if len(stack) >= HIGHEST_STACK:
        raise Refused("push_limit_reached")
    shown = _view_as_api(state, view)
    shown["root_view_id"] = stack[0]["id"] if stack else shown["id"]
    shown["previous_view_id"] = stack[-1]["id"] if stack else None
    state.views[user] = [*stack, shown]
    state.changed("view", user=user)
    return shown


def change(state: State, shown: Json, view: Json) -> Json:
    """A view keeps its id and place when it is changed, and gets a new hash."""
    fresh = _view_as_api(state, view, shown["id"])
    fresh |= {name: shown[name] for name in ("root_view_id", "previous_view_id")}
    shown.clear()
    shown.update(fresh)
    user = next((user for user, stack in state.views.items() if shown in stack), None)
    state.changed("view", user=user)
    return shown


def checked_view(view: Any) -> Json:
    problems = check_view(view)
    if problems:
        raise refused_arguments(problems)
    return dict(view)


def _checked(args: Arguments, kind: str | None) -> Json:
    view = args.document("view", "invalid_arguments")
    if view is None:
        raise refused_arguments(["[ERROR] missing required field: view"])
    checked = checked_view(view)
    if kind and checked["type"] != kind:
        raise refused_arguments([f"[ERROR] must be a {kind} [json-pointer:/view/type]"])
    return checked


def _open_view(state: State, args: Arguments) -> Json:
    wanted = args.text("view_id") or args.required("external_id")
    for shown in [view for stack in state.views.values() for view in stack] + list(state.homes.values()):
        if wanted in (shown["id"], shown["external_id"]):
            return shown
    raise Refused("not_found")


def _view_as_api(state: State, view: Json, view_id: str | None = None) -> Json:
    view_id = view_id or "V0" + secrets.token_hex(4).upper()
    blocks = normalise(view["blocks"])
    return {
        "id": view_id,
        "team_id": state.team_id,
        "type": view["type"],
        "blocks": blocks,
        "private_metadata": view.get("private_metadata", ""),
        "callback_id": view.get("callback_id", ""),
        "external_id": view.get("external_id", ""),
        "state": {"values": form_state(blocks, {})},
        "hash": f"{int(state.clock())}.{secrets.token_urlsafe(6)}",
        "title": copy.deepcopy(view.get("title"))
        or {"type": "plain_text", "text": "View Title", "emoji": True},
        "submit": copy.deepcopy(view.get("submit")),
        "close": copy.deepcopy(view.get("close")),
        "clear_on_close": view.get("clear_on_close", False),
        "notify_on_close": view.get("notify_on_close", False),
        "previous_view_id": None,
        "root_view_id": view_id,
        "app_id": state.app_id,
        "app_installed_team_id": state.team_id,
        "bot_id": state.bot_id,
    }
