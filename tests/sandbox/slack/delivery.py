"""How an act reaches the app: sealed once, sent, answered within three seconds, or told as Slack tells it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from tests.sandbox.slack.answers import Ack, Act, concluded, not_sent
from tests.sandbox.slack.carriers import Sent, SignedHttp, Sockets
from tests.sandbox.slack.state import State

ACK_SECONDS = 3.0
EVENT_RETRIES = ((1, 0.0), (2, 60.0), (3, 300.0))  # (number, seconds after the failure before)


class Delivery:
    def __init__(self, state: State, sockets: Sockets, http: SignedHttp) -> None:
        self._state = state
        self._sockets = sockets
        self._http = http
        self.events_url: str | None = None
        self.ack_seconds = ACK_SECONDS
        self.duplicate_next = 0
        self._later: set[asyncio.Task[Any]] = set()

    async def deliver(self, act: Act) -> Ack:
        if self._state.faults.outage:
            return not_sent("Slack is not reachable.", "outage")
        sent = self._seal(act)
        if self.duplicate_next > 0:
            self.duplicate_next -= 1
            first, again = await asyncio.gather(self.send(act, sent), self.send(act, sent))
            return replace(first, duplicates=(again,))
        ack = await self.send(act, sent)
        if act.kind == "events_api" and not ack.ok:
            self._soon(self._retry(act, ack))
        return ack

    async def send(self, act: Act, sent: Sent) -> Ack:
        """These very bytes, for the first time or again."""
        began = time.monotonic()
        carrier = self._http if sent.url else self._sockets
        reply = await carrier.send(sent, self.ack_seconds)
        elapsed = time.monotonic() - began
        with self._state.lock:
            return concluded(self._state, act, sent, reply, elapsed)

    def _seal(self, act: Act, attempt: int = 0, reason: str = "") -> Sent:
        if self.events_url:
            headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": reason} if attempt else {}
            return self._http.seal(self.events_url, act.kind, act.payload, headers)
        event = act.kind == "events_api"
        retry = {"retry_attempt": attempt, "retry_reason": reason} if event else {}
        return self._sockets.seal(act.kind, act.payload, retry)

    async def _retry(self, act: Act, ack: Ack) -> None:
        for attempt, seconds in EVENT_RETRIES:
            await asyncio.sleep(seconds)
            if (await self.redeliver_event(act, attempt, _reason(ack))).ok:
                return

    async def redeliver_event(self, act: Act, attempt: int, reason: str) -> Ack:
        """The event again as Slack repeats it: same event_id, with the retry's number and reason."""
        return await self.send(act, self._seal(act, attempt, reason))

    def _soon(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def announce(self, act: Act) -> None:
        """Sends an event that nobody waits for."""
        self._soon(self.deliver(act))

    def stop(self) -> None:
        for task in list(self._later):
            task.cancel()


def _reason(ack: Ack) -> str:
    if ack.problem == "operation_timeout":
        return "timeout" if not (ack.request and ack.request.url) else "http_timeout"
    return "http_error" if ack.status else "connection_failed"
