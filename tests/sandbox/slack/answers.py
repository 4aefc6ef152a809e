"""What an app's answer does: to the typist, to the form, to the message behind a response_url."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web

from tests.sandbox.slack.api_chat import checked_blocks
from tests.sandbox.slack.api_views import change, checked_view, put_on_top
from tests.sandbox.slack.arguments import Refused
from tests.sandbox.slack.carriers import Reply, Sent
from tests.sandbox.slack.checks import Report, items
from tests.sandbox.slack.elements import OPTION
from tests.sandbox.slack.state import (
    RESPONSE_SECONDS,
    RESPONSE_USES,
    Ephemeral,
    Json,
    Message,
    ResponseUrl,
    State,
)

TROUBLE = "We had some trouble connecting. Try again?"
TIMED_OUT = "Operation timed out. Apps need to respond within 3 seconds."


@dataclass(frozen=True)
class Act:
    """Something a person did, on its way to the app."""

    kind: str  # slash_commands, interactive, events_api
    payload: Json
    user: str = ""
    channel: str = ""
    typed: str = ""
    view: Json | None = None

    @property
    def name(self) -> str:
        return self.kind if self.kind == "slash_commands" else str(self.payload.get("type"))


@dataclass(frozen=True)
class Ack:
    """How an act ended for the person who did it.

    `error` is what Slack shows when the app did not answer as it must, `problem` its code; `text` is what
    the person sees in any case; `request` the bytes that were sent, None when nothing was; `duplicates` the
    answers to the same bytes delivered again.
    """

    ok: bool
    status: int | None = None
    elapsed: float = 0.0
    body: Any = None
    text: str | None = None
    error: str | None = None
    problem: str | None = None
    request: Sent | None = field(default=None, repr=False)
    duplicates: tuple[Ack, ...] = ()
    act: Act | None = field(default=None, repr=False)

    def as_json(self) -> Json:
        return {
            "ok": self.ok,
            "status": self.status,
            "elapsed": round(self.elapsed, 4),
            "body": self.body,
            "text": self.text,
            "error": self.error,
            "problem": self.problem,
        }


def not_sent(error: str, problem: str | None = None) -> Ack:
    """Slack refused by itself; the app never heard of it."""
    return Ack(ok=False, text=error, error=error, problem=problem)


def concluded(state: State, act: Act, sent: Sent, reply: Reply, elapsed: float) -> Ack:
    """The act's end, after the answer has taken effect."""
    ack = Ack(
        reply.problem is None, reply.status, elapsed, reply.body, None, None, reply.problem, sent, (), act
    )
    try:
        if ack.ok and act.name in EFFECTS:
            return EFFECTS[act.name](state, act, ack)
    except Refused as refused:
        detail = refused.answer if act.name == "slash_commands" else reply.body
        ack = replace(ack, ok=False, problem="invalid_command_response", body=detail)
    return ack if ack.ok else _failed(act, ack)


def _failed(act: Act, ack: Ack) -> Ack:
    error = f'{act.payload.get("command")} failed with the error "{ack.problem}"'
    if act.name == "view_submission":
        error = TROUBLE
    elif act.name != "slash_commands":
        late = ack.problem == "operation_timeout"
        error = TIMED_OUT if late else f"This app responded with Status Code {ack.status or 'none'}."
    return replace(ack, error=error, text=error)


def _command_answer(state: State, act: Act, ack: Ack) -> Ack:
    answer = {"text": ack.body} if isinstance(ack.body, str) else ack.body
    if not isinstance(answer, Mapping) or not (answer.get("text") or answer.get("blocks")):
        return ack
    text, blocks = str(answer.get("text") or ""), checked_blocks(answer.get("blocks"))
    if answer.get("response_type") == "in_channel":
        say(state, act.user, act.channel, act.typed)
        say_as_bot(state, act.channel, text, blocks, None)
    else:
        whisper(state, act.channel, act.user, text, blocks=blocks)
    return replace(ack, text=text)


def _form_answer(state: State, act: Act, ack: Ack) -> Ack:
    stack = state.views.get(act.user, [])
    shown = next((view for view in stack if act.view and view["id"] == act.view["id"]), None)
    if ack.body in (None, "", {}):
        return _closed(state, act.user, stack, shown, ack)
    action = ack.body.get("response_action") if isinstance(ack.body, Mapping) else None
    if action == "clear":
        return _closed(state, act.user, [], None, ack)
    if action == "errors" and shown:
        return _complained(shown, ack)
    if action in ("update", "push") and shown:
        view = checked_view(ack.body.get("view"))
        put_on_top(state, act.user, view) if action == "push" else change(state, shown, view)
        return ack
    raise Refused("invalid_response_action")


def _closed(state: State, user: str, stack: list[Json], shown: Json | None, ack: Ack) -> Ack:
    state.views[user] = [view for view in stack if view is not shown]
    state.changed("view", user=user)
    return ack


def _complained(shown: Json, ack: Ack) -> Ack:
    errors = ack.body.get("errors")
    there = {block["block_id"] for block in shown["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= there:
        raise Refused("invalid_errors")
    return replace(ack, text="\n".join(str(words) for words in errors.values()))


def _options_answer(state: State, act: Act, ack: Ack) -> Ack:
    report = Report()
    answer = ack.body if isinstance(ack.body, Mapping) else {}
    if "option_groups" not in answer:
        items(OPTION, 100, 0)(report, answer.get("options"), "/options")
    if report.problems:
        return replace(ack, ok=False, error="Error loading options", text="\n".join(report.problems))
    return ack


EFFECTS = {
    "slash_commands": _command_answer,
    "view_submission": _form_answer,
    "block_suggestion": _options_answer,
}


def say(state: State, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
    parent = state.find(channel, thread_ts) if thread_ts else None
    root = (parent.thread_ts or parent.ts) if parent else thread_ts
    return state.store(Message(state.next_ts(), channel, user, text, [], root, at=state.clock()))


def say_as_bot(state: State, channel: str, text: str, blocks: list[Json], thread_ts: str | None) -> Message:
    return state.store(
        Message(
            state.next_ts(),
            channel,
            state.bot_user_id,
            text,
            blocks,
            thread_ts,
            at=state.clock(),
            bot_id=state.bot_id,
        )
    )


def whisper(
    state: State, channel: str, user: str, text: str, *, blocks: list[Json], thread_ts: str | None = None
) -> Ephemeral:
    return state.show(Ephemeral(state.next_ts(), channel, user, text, blocks, thread_ts, state.clock()))


async def respond(state: State, request: web.Request) -> web.Response:
    """The endpoint behind a response_url."""
    if state.faults.outage:
        return web.Response(status=503, text="Service Unavailable")
    try:
        answer = await _posted(request)
        with state.lock:
            _take_effect(state, _still_good(state, request.match_info["token"]), answer)
    except Refused as refused:
        status = 404 if refused.answer["error"] in ("used_url", "expired_url", "invalid_url") else 400
        return web.json_response(refused.answer, status=status)
    return web.Response(text="ok")


async def _posted(request: web.Request) -> Json:
    text = await request.text()
    if request.content_type == "application/x-www-form-urlencoded":
        text = str((await request.post()).get("payload", ""))
    try:
        answer = json.loads(text)
    except ValueError:
        raise Refused("invalid_payload") from None
    if not isinstance(answer, dict):
        raise Refused("invalid_payload")
    return answer


def _still_good(state: State, token: str) -> ResponseUrl:
    url = state.response_urls.get(token)
    if url is None:
        raise Refused("invalid_url")
    if state.clock() - url.at > RESPONSE_SECONDS:
        raise Refused("expired_url")
    if url.uses >= RESPONSE_USES:
        raise Refused("used_url")
    url.uses += 1
    return url


def _take_effect(state: State, url: ResponseUrl, answer: Json) -> None:
    original = _original(state, url)
    if answer.get("delete_original"):
        return _delete(state, original)
    text, blocks = str(answer.get("text") or ""), checked_blocks(answer.get("blocks"))
    if not text and not blocks:
        raise Refused("no_text")
    if answer.get("replace_original") and original:
        return _replace(state, original, text, blocks)
    thread_ts = answer.get("thread_ts")
    if answer.get("response_type") == "in_channel":
        say_as_bot(state, url.channel, text, blocks, thread_ts)
    else:
        whisper(state, url.channel, url.user, text, blocks=blocks, thread_ts=thread_ts)
    return None


def _original(state: State, url: ResponseUrl) -> Message | Ephemeral | None:
    if url.message_ts is None:
        return None
    hidden = next((e for e in state.ephemerals if e.ts == url.message_ts and e.user == url.user), None)
    return hidden or state.find(url.channel, url.message_ts)


def _delete(state: State, original: Message | Ephemeral | None) -> None:
    if isinstance(original, Message):
        state.remove(original)
    elif original:
        state.hide(original)


def _replace(state: State, original: Message | Ephemeral, text: str, blocks: list[Json]) -> None:
    if isinstance(original, Message):
        state.edit(original, text=text, blocks=blocks)
    else:
        state.hide(original)
        state.show(replace(original, text=text, blocks=blocks))
