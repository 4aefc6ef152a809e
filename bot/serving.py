"""Slack's two ways in: Socket Mode, and signed HTTP with two health pages."""

import json
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from waitress.server import create_server

from bot.signature import from_slack

logger = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
RECONNECT_AFTER = 5.0

TIMESTAMP, SIGNATURE = "HTTP_X_SLACK_REQUEST_TIMESTAMP", "HTTP_X_SLACK_SIGNATURE"

StartResponse = Callable[..., Any]
Tick = Callable[[], None]
"""Called about once a second, from the thread that serves."""
Ready = Callable[[], dict[str, Any]]


class Pages:
    """The WSGI app: Slack's requests to Bolt, `/healthz`, `/readyz`, and 404. Never raises."""

    def __init__(self, app: App, ready: Ready, signing_secret: str) -> None:
        self._slack = SlackRequestHandler(app)
        self._ready = ready
        self._verifier = SignatureVerifier(signing_secret)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        match environ.get("REQUEST_METHOD"), environ.get("PATH_INFO"):
            case "GET", "/healthz":
                return _page(start_response, "200 OK", {"ok": True})
            case "GET", "/readyz":
                return self._readiness(start_response)
            case "POST", self._slack.path:
                return self._of_slack(environ, start_response)
        return _page(start_response, "404 Not Found", {"error": "not found"})

    def _of_slack(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Bolt is given what is signed and nothing else, and only once the signature is right."""
        length = str(environ.get("CONTENT_LENGTH") or "0")
        if not (length.isascii() and length.isdigit()):
            return _page(start_response, "400 Bad Request", {"error": "no length"})
        if len(length) > len(str(BODY_LIMIT)) or int(length) > BODY_LIMIT:
            return _page(start_response, "413 Content Too Large", {"error": "too large"})
        body = environ["wsgi.input"].read(int(length))
        if not from_slack(self._verifier, _header(environ, TIMESTAMP), _header(environ, SIGNATURE), body):
            return _page(start_response, "401 Unauthorized", {"error": "invalid request"})
        try:
            return self._slack(_signed(environ, body), start_response)
        except Exception as error:
            logger.warning("request_unreadable", extra={"cause": type(error).__name__})
            return _page(start_response, "400 Bad Request", {"error": "unreadable"})

    def _readiness(self, start_response: StartResponse) -> Iterable[bytes]:
        state = self._ready()
        return _page(start_response, "200 OK" if state["ok"] else "503 Service Unavailable", state)


def _header(environ: dict[str, Any], name: str) -> str:
    return str(environ.get(name) or "")


def _signed(environ: dict[str, Any], body: bytes) -> dict[str, Any]:
    """The request without the headers and the query, which nobody signed; Bolt tells by the body what it holds."""
    kept = ("REQUEST_METHOD", "PATH_INFO", "SERVER_PROTOCOL", TIMESTAMP, SIGNATURE)
    told = {name: environ[name] for name in kept if name in environ}
    return {**told, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}


def _page(start_response: StartResponse, status: str, content: dict[str, Any]) -> Iterable[bytes]:
    body = json.dumps(content).encode()
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def serve_http(pages: Pages, port: int, stop: threading.Event, tick: Tick) -> None:
    """Serve until `stop`; then no new requests, and those in hand are answered."""
    server = create_server(
        pages, host="0.0.0.0", port=port, threads=20, max_request_body_size=BODY_LIMIT, ident=None
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
