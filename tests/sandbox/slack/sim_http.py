"""The workspace's own doors under /_sim/: what people do, what can be seen, what can go wrong, as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from aiohttp import web

from tests.sandbox.slack.answers import Ack
from tests.sandbox.slack.seen import seen
from tests.sandbox.slack.state import CannotAct

if TYPE_CHECKING:
    from tests.sandbox.slack.workspace import SlackWorkspace

ACTS = (
    "command",
    "click",
    "click_view",
    "submit",
    "close",
    "suggest",
    "shortcut",
    "message_shortcut",
    "say",
    "mention",
    "open_home",
)
SWITCHES = (
    "add_person",
    "deactivate",
    "add_channel",
    "join",
    "leave",
    "archive",
    "add_group",
    "set_group",
    "fault",
    "clear_faults",
    "outage",
    "back",
    "disconnect_sockets",
    "cut_sockets",
    "duplicate_next",
    "expire_triggers",
    "rate_limits",
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def loopback_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Pages of this machine may read the answers; a page from elsewhere is not even listened to."""
    origin = request.headers.get("Origin", "")
    named = {urlsplit(f"//{request.host}").hostname, urlsplit(origin).hostname if origin else "localhost"}
    if not named <= {"127.0.0.1", "localhost"}:
        return web.json_response({"error": "not from here"}, status=403)
    response = web.Response() if request.method == "OPTIONS" else await handler(request)
    if origin and not response.prepared:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "content-type"
    return response


class SimHttp:
    def __init__(self, workspace: SlackWorkspace) -> None:
        self._workspace = workspace
        self._state = workspace.state

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sim/state", self._dump),
            web.get("/_sim/seen", self._seen),
            web.get("/_sim/calls", self._calls),
            web.get("/_sim/events", self._events),
            web.post("/_sim/{action}", self._act),
            web.options("/_sim/{action}", self._dump),
        ]

    async def _dump(self, request: web.Request) -> web.Response:
        extra = {"sockets": self._workspace.connections, "events_url": self._workspace.events_url}
        return web.json_response(self._state.dump() | extra)

    async def _seen(self, request: web.Request) -> web.Response:
        """What one person has before their eyes; `as` is their id."""
        try:
            with self._state.lock:
                return web.json_response(seen(self._state, request.query.get("as", "")))
        except CannotAct as wrong:
            return web.json_response({"error": str(wrong)}, status=400)

    async def _calls(self, request: web.Request) -> web.Response:
        calls = self._workspace.calls(request.query.get("method"))
        return web.json_response([asdict(call) for call in calls])

    async def _act(self, request: web.Request) -> web.Response:
        action = request.match_info["action"]
        try:
            given = await request.json() if request.can_read_body else {}
            result = await self._result(action, given)
        except (CannotAct, TypeError, ValueError) as wrong:
            return web.json_response({"error": str(wrong)}, status=400)
        return web.json_response({"result": _plain(result)})

    async def _result(self, action: str, given: dict[str, Any]) -> Any:
        if action in ACTS:
            return await getattr(self._workspace.acts, action)(**given)
        if action in SWITCHES:
            return await asyncio.to_thread(getattr(self._workspace, action), **given)
        raise CannotAct(f"there is no {action}; there are {', '.join((*ACTS, *SWITCHES))}")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: one line of JSON for each change."""
        stream = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        if request.headers.get("Origin"):
            stream.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
        await stream.prepare(request)
        await stream.write(b": open\n\n")
        loop, changes = asyncio.get_running_loop(), asyncio.Queue[dict[str, Any] | None]()

        def watch(change: dict[str, Any]) -> None:
            loop.call_soon_threadsafe(changes.put_nowait, change)

        self._state.watchers.append(watch)
        try:
            await self._pass_on(changes, stream)
        except ConnectionError:
            return stream
        finally:
            self._state.watchers.remove(watch)
        return stream

    async def _pass_on(self, changes: asyncio.Queue[Any], stream: web.StreamResponse) -> None:
        while (change := await _next(changes)) is not None:
            line = f"data: {json.dumps(change)}\n\n" if change else ": still here\n\n"
            await stream.write(line.encode())


async def _next(changes: asyncio.Queue[Any]) -> Any:
    """The next change, `{}` when there was none for a while, None when the workspace stops."""
    try:
        change = await asyncio.wait_for(changes.get(), 15)
    except TimeoutError:
        return {}
    return None if change == {"kind": "stopping"} else change


def _plain(result: Any) -> Any:
    if isinstance(result, Ack):
        return result.as_json()
    return asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
