"""The page's way to all that is not Slack: the AWS side, the clock, and what can be broken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.sandbox.installation import ALICE, BOB, CAROL, MALLORY
from tests.sandbox.slack.seed import EVE, EXT
from workers.settings import WorkerSettings

if TYPE_CHECKING:
    from tests.sandbox.playground.playground import Playground

ROLES = {
    ALICE: "responder",
    BOB: "second responder",
    CAROL: "approver",
    MALLORY: "the target",
    EVE: "guest",
    EXT: "stranger, from another company",
}
"""Whom a visitor may act as."""

POLICY_SIZE = WorkerSettings.model_fields["revoke_policy_size"].default


class Doors:
    def __init__(self, playground: Playground) -> None:
        self._playground = playground

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_demo/state", self._state),
            web.post("/_demo/clock", self._clock),
            web.post("/_demo/switch/{name}", self._switch),
            web.get("/_aws/seen", self._aws_seen),
            web.post("/_aws/{verb}", self._aws),
        ]

    async def _state(self, request: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(self._shown))

    def _shown(self) -> dict[str, Any]:
        hours = self._playground.hours
        return {
            "roles": ROLES,
            "clock": {"now": hours.now(), "ahead": hours.ahead, "left": hours.left},
            "switches": self._playground.switches.as_json(),
            "policy_size": POLICY_SIZE,
        }

    async def _clock(self, request: web.Request) -> web.Response:
        hours = (await request.json()).get("hours")
        if hours not in (1, 12):
            return web.json_response({"error": "one hour or twelve"}, status=400)
        await asyncio.to_thread(self._playground.hours.pass_by, hours)
        return web.json_response({"ok": True})

    async def _switch(self, request: web.Request) -> web.Response:
        name, on = request.match_info["name"], bool((await request.json()).get("on"))
        if name not in self._playground.switches.all:
            return web.json_response({"error": f"there is no switch {name}"}, status=404)
        await asyncio.to_thread(self._playground.switches.turn, name, on)
        return web.json_response({"ok": True})

    async def _aws_seen(self, request: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(self._playground.watch.state))

    async def _aws(self, request: web.Request) -> web.Response:
        """Any verb of the pretend AWS's own control API."""
        given = await request.json() if request.can_read_body else {}
        verb = request.match_info["verb"]
        try:
            answer = await asyncio.to_thread(lambda: self._playground.installation.aws.ask(verb, **given))
        except (RuntimeError, TypeError) as wrong:
            return web.json_response({"error": str(wrong)}, status=400)
        return web.json_response(answer)
