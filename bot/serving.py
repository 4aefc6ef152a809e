"""Slack's two ways in: Socket Mode, and signed HTTP with two health pages."""

import json
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk.errors import SlackApiError
from waitress.server import create_server

logger = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
RECONNECT_AFTER = 5.0

StartResponse = Callable[..., Any]
Tick = Callable[[], None]
"""Called about once a second, from the thread that serves."""
Ready = Callable[[], dict[str, Any]]


class Pages:
    """The WSGI app: Slack's requests to Bolt, `/healthz`, `/readyz`, and 404."""

    def __init__(self, app: App, ready: Ready) -> None:
        self._slack = SlackRequestHandler(app)
        self._ready = ready

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path, method = environ.get("PATH_INFO"), environ.get("REQUEST_METHOD")
        if path == "/healthz" and method == "GET":
            return _page(start_response, "200 OK", {"ok": True})
        if path == "/readyz" and method == "GET":
            return self._readiness(start_response)
        # Bolt answers 500 with a traceback to a timestamp that is no number.
        if path == self._slack.path and not _is_number(environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", "")):
            return _page(start_response, "401 Unauthorized", {"error": "invalid request"})
        return self._slack(environ, start_response)

    def _readiness(self, start_response: StartResponse) -> Iterable[bytes]:
        state = self._ready()
        return _page(start_response, "200 OK" if state["ok"] else "503 Service Unavailable", state)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _page(start_response: StartResponse, status: str, content: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(content).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def serve_http(app: App, ready: Ready, port: int, stop: threading.Event, tick: Tick) -> None:
    """Serve until `stop`; then no new requests, and those in hand are answered."""
    server = create_server(
        Pages(app, ready), host="0.0.0.0", port=port, threads=20, max_request_body_size=BODY_LIMIT, ident=None
    )
    threading.Thread(target=_run, args=(server, stop), name="http", daemon=True).start()
    logger.info("serving_http", extra={"port": port})
    while not stop.wait(1.0):
        tick()
    server.close()
    server.task_dispatcher.shutdown(cancel_pending=False, timeout=3)


def _run(server: Any, stop: threading.Event) -> None:
    """Waitress's loop ends with an OSError when another thread closes it, as it is meant to."""
    try:
        server.run()
    except OSError:
        if not stop.is_set():
            raise


def serve_socket(app: App, app_token: str, stop: threading.Event, tick: Tick) -> None:
    """Stay connected until `stop`. Slack being away is no reason to end: it is tried again."""
    handler = SocketModeHandler(app, app_token)
    while not stop.is_set():
        try:
            if not handler.client.is_connected():
                handler.connect()  # type: ignore[no-untyped-call]
                logger.info("socket_connected")
        except (SlackApiError, OSError) as error:
            logger.warning("socket_not_connected", extra={"cause": type(error).__name__})
            stop.wait(RECONNECT_AFTER)
        stop.wait(1.0)
        tick()
    with suppress(Exception):
        handler.close()  # type: ignore[no-untyped-call]
