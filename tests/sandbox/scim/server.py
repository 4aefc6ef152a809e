"""The HTTP side: who may ask, for whom, and the faults. Answers as AWS's SCIM does.

Source: IAM Identity Center SCIM developer guide, GetUser and PatchUser, "Errors".
"""

from __future__ import annotations

import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.sandbox.scim.faults import Fault
from tests.sandbox.scim.patch import Invalid, wanted_state

if TYPE_CHECKING:
    from tests.sandbox.scim.pretend import PretendScim

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
Reply = tuple[int, dict[str, Any]]


class Server(ThreadingHTTPServer):
    """On loopback, at any free port."""

    daemon_threads = True

    def __init__(self, pretend: PretendScim) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.pretend = pretend


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        """Nothing: the calls are kept, without the token."""

    @property
    def _pretend(self) -> PretendScim:
        return self.server.pretend

    @property
    def _user_id(self) -> str:
        return self.path.removeprefix(f"{self._pretend.path}/Users/")

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = self._pretend.faults.take()
        if fault is not None:
            time.sleep(fault.seconds)
        status, said = self._reply(body, fault)
        dropped = fault is not None and fault.kind in ("drop", "drop_after")
        self._pretend.note(self.command, self._user_id, body, None if dropped else status)
        if dropped:
            self.close_connection = True
        else:
            self._send(status, said, fault)

    def _reply(self, body: bytes, fault: Fault | None) -> Reply:
        if fault is not None and fault.kind in ("status", "drop", "nobody_there"):
            return _error(404 if fault.kind == "nobody_there" else fault.status, fault.detail)
        refusal = self._refusal()
        if refusal is not None:
            return refusal
        user = self._pretend.user(self._user_id)
        if user is None:
            return _error(404, "Resource not found.")
        return (200, user) if self.command == "GET" else self._patched(user, body, fault)

    def _refusal(self) -> Reply | None:
        """A wrong tenant is a wrong token; a PATCH that does not say what sends it is turned away."""
        bearer = f"Bearer {self._pretend.token}".encode()
        sent = self.headers.get("Authorization", "").encode("latin-1")
        if not self.path.startswith(f"{self._pretend.path}/") or not hmac.compare_digest(sent, bearer):
            return _error(401, "Authorization header is invalid or missing.")
        if not self.path.startswith(f"{self._pretend.path}/Users/"):
            return _error(404, "Resource not found.")
        if self.command == "PATCH" and not self.headers.get("User-Agent"):
            return _error(403, "The operation is not permitted based on the supplied authorization.")
        return None

    def _patched(self, user: dict[str, Any], body: bytes, fault: Fault | None) -> Reply:
        try:
            active = wanted_state(body)
        except Invalid as wrong:
            return _error(400, str(wrong))
        kind = fault.kind if fault is not None else ""
        if kind == "still_active":
            return 200, user
        if kind != "no_effect":
            self._pretend.aws.set_status(user["id"], "ENABLED" if active else "DISABLED")
        return 200, user | {"active": active}

    def _send(self, status: int, said: dict[str, Any], fault: Fault | None) -> None:
        plain = fault is not None and fault.kind in ("garbled", "nobody_there")
        text = b"<html>pretend</html>" if plain else json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if plain else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("x-amzn-RequestId", str(uuid4()))
        if fault is not None and fault.retry_after is not None:
            self.send_header("Retry-After", str(fault.retry_after))
        if 300 <= status < 400:
            self.send_header("Location", f"{self.path}?elsewhere")
        self.end_headers()
        self.wfile.write(text)


def _error(status: int, detail: str) -> Reply:
    return status, {"schemas": [ERROR], "schema": [ERROR], "detail": detail, "status": str(status)}
