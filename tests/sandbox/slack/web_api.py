"""The Web API over HTTP: tokens, scopes, faults and limits around each method."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from aiohttp import web

from tests.sandbox.slack import api_chat, api_files, api_people, api_views
from tests.sandbox.slack.arguments import Arguments, Refused, read_arguments
from tests.sandbox.slack.faults import Fault
from tests.sandbox.slack.reach import need_scope
from tests.sandbox.slack.state import Call, Json, State


@dataclass(frozen=True)
class Method:
    answer: Callable[[State, Arguments], Json]
    scopes: tuple[str, ...] = ()
    token: str = "bot"


def _api_test(state: State, args: Arguments) -> Json:
    if args.text("error"):
        raise Refused(args.text("error"))
    return {}


def _auth_test(state: State, args: Arguments) -> Json:
    return {
        "url": f"https://{state.team_domain}.slack.com/",
        "team": state.team_domain.title(),
        "user": state.people[state.bot_user_id].name,
        "team_id": state.team_id,
        "user_id": state.bot_user_id,
        "bot_id": state.bot_id,
        "is_enterprise_install": False,
    }


def _bots_info(state: State, args: Arguments) -> Json:
    """Without `bot` Slack answers with nothing but `ok`."""
    if args.text("bot") and args.text("bot") != state.bot_id:
        raise Refused("bot_not_found")
    bot = {
        "id": state.bot_id,
        "deleted": False,
        "name": state.people[state.bot_user_id].name,
        "updated": 1_700_000_000,
        "app_id": state.app_id,
        "user_id": state.bot_user_id,
        "icons": {},
    }
    return {"bot": bot} if args.text("bot") else {}


def _connections_open(state: State, args: Arguments) -> Json:
    ticket = secrets.token_urlsafe(18)
    state.tickets.add(ticket)
    return {"url": f"{state.base_url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={state.app_id}"}


METHODS = {
    "api.test": Method(_api_test, token="none"),
    "auth.test": Method(_auth_test),
    "bots.info": Method(_bots_info, ("users:read",)),
    "apps.connections.open": Method(_connections_open, token="app"),
    "chat.postMessage": Method(api_chat.post_message, ("chat:write",)),
    "chat.update": Method(api_chat.update, ("chat:write",)),
    "chat.delete": Method(api_chat.delete, ("chat:write",)),
    "chat.postEphemeral": Method(api_chat.post_ephemeral, ("chat:write",)),
    "chat.getPermalink": Method(api_chat.get_permalink),
    "files.getUploadURLExternal": Method(api_files.get_upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(api_files.complete_upload, ("files:write",)),
    "views.open": Method(api_views.open_modal),
    "views.push": Method(api_views.push),
    "views.update": Method(api_views.update),
    "views.publish": Method(api_views.publish),
    "users.info": Method(api_people.users_info, ("users:read",)),
    "users.list": Method(api_people.users_list, ("users:read",)),
    "users.lookupByEmail": Method(api_people.users_lookup_by_email, ("users:read.email",)),
    "usergroups.list": Method(api_people.usergroups_list, ("usergroups:read",)),
    "usergroups.users.list": Method(api_people.usergroups_users_list, ("usergroups:read",)),
    "conversations.info": Method(api_people.conversations_info),
    "conversations.members": Method(api_people.conversations_members),
    "conversations.history": Method(api_people.conversations_history),
    "conversations.replies": Method(api_people.conversations_replies),
    "conversations.open": Method(api_people.conversations_open, ("im:write", "mpim:write")),
    "pins.add": Method(api_chat.add_pin, ("pins:write",)),
    "pins.remove": Method(api_chat.remove_pin, ("pins:write",)),
    "reactions.add": Method(api_chat.add_reaction, ("reactions:write",)),
}


class WebApi:
    def __init__(self, state: State) -> None:
        self._state = state

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self._state.faults.outage:
            return web.Response(status=503, text="Service Unavailable", content_type="text/html")
        name = request.match_info["method"]
        try:
            given = await read_arguments(request)
        except Refused as refused:
            return self._record(Call(name, {}, self._state.clock(), refused.answer))
        with self._state.lock:
            fault = self._state.faults.take(name)
            call = self._call(request, name, given, fault)
        return await self._reply(request, call, fault)

    def _call(self, request: web.Request, name: str, given: Json, fault: Fault | None) -> Call:
        args = {key: value for key, value in given.items() if key != "token"}
        call = Call(name, args, self._state.clock(), None, fault=fault.kind if fault else None)
        if fault and fault.kind == "ratelimited":
            return replace(call, response={"ok": False, "error": "ratelimited"}, status=429)
        if fault and fault.kind == "http_500":
            return replace(call, status=500)
        if fault and fault.kind == "drop_before":
            return replace(call, status=None)
        if fault and fault.kind.startswith("error:"):
            return replace(call, response={"ok": False, "error": fault.kind.removeprefix("error:")})
        return self._run(request, call, given)

    def _run(self, request: web.Request, call: Call, given: Json) -> Call:
        try:
            method = _known(call.method)
            self._authenticate(method, request, given)
            wait = self._state.rate_limits.wait(call.method, str(given.get("channel")), self._state.clock())
            if wait:
                call = replace(call, status=429, fault=f"ratelimited:{wait}")
                raise Refused("ratelimited")
            answer = {"ok": True, **method.answer(self._state, Arguments(given))}
        except Refused as refused:
            answer = refused.answer
        return replace(call, response=answer)

    def _authenticate(self, method: Method, request: web.Request, given: Json) -> None:
        if method.token == "none":
            return
        scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
        token = bearer.strip() if scheme.lower() == "bearer" else str(given.get("token", ""))
        if not token:
            raise Refused("not_authed")
        self._check_token(method, token)
        need_scope(self._state, *method.scopes)

    def _check_token(self, method: Method, token: str) -> None:
        tokens = {"bot": self._state.bot_token, "app": self._state.app_token}
        if token == tokens[method.token]:
            return
        raise Refused("not_allowed_token_type" if token in tokens.values() else "invalid_auth")

    async def _reply(self, request: web.Request, call: Call, fault: Fault | None) -> web.StreamResponse:
        if fault and fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind in ("drop_before", "drop_after"):
            self._record(call)
            return _dropped(request)
        response = self._record(call)
        if call.status == 429:
            waits = call.fault.rpartition(":")[2] if call.fault and ":" in call.fault else None
            response.headers["Retry-After"] = waits or str(fault.retry_after if fault else 1)
        return response

    def _record(self, call: Call) -> web.Response:
        with self._state.lock:
            self._state.calls.append(call)
        self._state.changed("call", method=call.method, ok=bool(call.response and call.response["ok"]))
        if call.response is None:
            return web.Response(
                status=call.status or 500, text="Internal Server Error", content_type="text/html"
            )
        headers = {
            "x-oauth-scopes": ",".join(self._state.manifest.scopes),
            "x-slack-req-id": secrets.token_hex(16),
        }
        return web.json_response(call.response, status=call.status or 200, headers=headers)


def _known(name: str) -> Method:
    method = METHODS.get(name)
    if method is None:
        raise Refused("unknown_method", req_method=name)
    return method


def _dropped(request: web.Request) -> web.Response:
    """The connection ends with no answer on it."""
    if request.transport:
        request.transport.close()
    return web.Response()
