"""The HTTP server of the workspace, on a loop in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from tests.sandbox.slack import api_files, page_files
from tests.sandbox.slack.answers import respond
from tests.sandbox.slack.sim_http import SimHttp, loopback_only
from tests.sandbox.slack.web_api import WebApi

if TYPE_CHECKING:
    from tests.sandbox.slack.workspace import SlackWorkspace

T = TypeVar("T")
BIGGEST_BODY = 4 * 1024 * 1024


class LoopThread:
    """Runs coroutines from any other thread and waits for them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pretend-slack", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        if not self._thread.is_alive():
            work.close()
            raise RuntimeError("the workspace is not started")
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("called from the workspace's own loop, which would wait for itself")
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


async def serve(workspace: SlackWorkspace, port: int) -> tuple[web.AppRunner, int]:
    """Listens on loopback; 0 takes any free port."""
    runner = web.AppRunner(_application(workspace), access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    return runner, runner.addresses[0][1]


def _application(workspace: SlackWorkspace) -> web.Application:
    app = web.Application(client_max_size=BIGGEST_BODY, middlewares=[loopback_only])
    api = WebApi(workspace.state)
    app.router.add_route("*", "/api/{method}", api.handle)
    app.router.add_post("/response/{token}", partial(respond, workspace.state))
    app.router.add_post("/upload/v1/{token}", partial(api_files.take, workspace.state))
    app.router.add_get("/link/", workspace.sockets.handle)
    app.add_routes(SimHttp(workspace).routes())
    app.add_routes([*page_files.routes(), *workspace.more_routes])
    return app
