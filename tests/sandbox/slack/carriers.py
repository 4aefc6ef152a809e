"""The two ways to an app, and what came back on them: signed HTTP and Socket Mode."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web

from tests.sandbox.slack.state import Json, State

MOST_SOCKETS = 10
HEARTBEAT_SECONDS = 20.0
CLOSE_SECONDS = 0.1


@dataclass(frozen=True)
class Sent:
    """The very bytes that went to the app; `url` is empty in Socket Mode."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What an app answered in time, or the problem that Slack had with it."""

    status: int | None = None
    body: Any = None
    problem: str | None = None


class SignedHttp:
    def __init__(self, state: State) -> None:
        self._state = state
        self._session: aiohttp.ClientSession | None = None
        self.clock_skew = 0.0

    def seal(self, url: str, kind: str, payload: Json, retry: Mapping[str, str]) -> Sent:
        body, content_type = _encode(kind, payload)
        timestamp = str(int(self._state.clock() + self.clock_skew))
        headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self._state.signing_secret, timestamp, body),
            **retry,
        }
        return Sent(url, headers, body)

    async def send(self, sent: Sent, seconds: float) -> Reply:
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._client().post(
                sent.url, data=sent.body, headers=dict(sent.headers), timeout=timeout, allow_redirects=False
            ) as response:
                return _read(response.status, response.content_type, await response.text())
        except TimeoutError:
            return Reply(problem="operation_timeout")
        except aiohttp.ClientError:
            return Reply(problem="dispatch_failed")

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        return self._session

    async def close(self) -> None:
        if self._session:
            await self._session.close()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    base = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def _encode(kind: str, payload: Json) -> tuple[bytes, str]:
    form = "application/x-www-form-urlencoded"
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    if kind == "interactive":
        return urlencode({"payload": json.dumps(payload)}).encode(), form
    return urlencode(payload).encode(), form


def _read(status: int, content_type: str, text: str) -> Reply:
    if status != 200:
        return Reply(status, text, "dispatch_failed")
    if content_type != "application/json" or not text:
        return Reply(status, text)
    try:
        return Reply(status, json.loads(text))
    except ValueError:
        return Reply(status, text, "invalid_command_response")


@dataclass
class Sockets:
    """The open Socket Mode connections; each envelope goes to one of them in turn."""

    state: State
    open: list[web.WebSocketResponse] = field(default_factory=list)
    _turn: itertools.count[int] = field(default_factory=itertools.count)
    _waiting: dict[str, list[asyncio.Future[Reply]]] = field(default_factory=dict)
    _closing: set[asyncio.Task[None]] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if self.state.faults.outage or ticket not in self.state.tickets:
            return web.Response(status=503 if self.state.faults.outage else 404)
        self.state.tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, timeout=CLOSE_SECONDS)
        await socket.prepare(request)
        if len(self.open) >= MOST_SOCKETS:
            await socket.send_json(_goodbye("too_many_websockets"))
            await socket.close()
            return socket
        await self._serve(socket)
        return socket

    async def _serve(self, socket: web.WebSocketResponse) -> None:
        self.open.append(socket)
        try:
            await socket.send_json(self._hello())
            self.state.changed("sockets", open=len(self.open))
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    self._hear(frame.data)
        finally:
            self._forget(socket)

    def _forget(self, socket: web.WebSocketResponse) -> None:
        if socket in self.open:
            self.open.remove(socket)
        self.state.changed("sockets", open=len(self.open))

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.open),
            "debug_info": {"host": "applink-1", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self.state.app_id},
        }

    def _hear(self, data: str) -> None:
        try:
            answer = json.loads(data)
        except ValueError:
            return
        waiting = self._waiting.get(answer.get("envelope_id", ""), [])
        if waiting:
            waiting.pop(0).set_result(Reply(200, answer.get("payload")))

    def seal(self, kind: str, payload: Json, retry: Json) -> Sent:
        envelope = {
            "envelope_id": str(uuid.uuid4()),
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
            **retry,
        }
        return Sent("", {}, json.dumps(envelope).encode())

    async def send(self, sent: Sent, seconds: float) -> Reply:
        if not self.open:
            return Reply(problem="dispatch_failed")
        envelope_id = json.loads(sent.body)["envelope_id"]
        waiting: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(envelope_id, []).append(waiting)
        try:
            await self.open[next(self._turn) % len(self.open)].send_str(sent.body.decode())
            return await asyncio.wait_for(waiting, seconds)
        except (TimeoutError, ConnectionError):
            return Reply(problem="operation_timeout")
        finally:
            self._stop_waiting(envelope_id, waiting)

    def _stop_waiting(self, envelope_id: str, waiting: asyncio.Future[Reply]) -> None:
        left = [future for future in self._waiting[envelope_id] if future is not waiting]
        self._waiting[envelope_id] = left
        if not left:
            del self._waiting[envelope_id]

    async def disconnect(self, reason: str, grace: float) -> None:
        """Asks every client to come back on a new connection; `warning` keeps the old one in use."""
        leaving = list(self.open)
        for socket in leaving:
            await socket.send_json(_goodbye(reason))
            if reason != "warning":
                self._forget(socket)
        task = asyncio.create_task(self._close(leaving, grace))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, sockets: list[web.WebSocketResponse], grace: float) -> None:
        await asyncio.sleep(grace)
        for socket in sockets:
            self._forget(socket)
        await asyncio.gather(*(socket.close() for socket in sockets), return_exceptions=True)

    async def cut(self) -> None:
        """Closes every connection at once, without a word before."""
        await self._close(list(self.open), 0)


def _goodbye(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}}
