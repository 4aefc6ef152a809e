"""The pretend SCIM server for tests: a thread of its own, over the users of a pretend AWS."""

import secrets
from dataclasses import dataclass
from threading import Thread
from typing import Any

from tests.sandbox.aws.pretend import PretendAws
from tests.sandbox.scim.faults import Fault, Faults
from tests.sandbox.scim.server import Server

TENANT = "11111111111-2222-3333-4444-555555555555"


@dataclass(frozen=True)
class Call:
    """One request, in the order in which they came; `status` None: the connection was dropped."""

    method: str
    user_id: str
    body: bytes
    status: int | None


class PretendScim:
    """Start it, and point the settings at it with `settings()`. Usable as a context manager."""

    def __init__(self, aws: PretendAws) -> None:
        self.aws = aws
        self.token = f"pretend-scim-{secrets.token_urlsafe(32)}"
        self.faults = Faults()
        self._calls: list[Call] = []
        self._server: Server | None = None

    def start(self) -> "PretendScim":
        self._server = Server(self)
        Thread(target=self._server.serve_forever, args=(0.05,), name="pretend-scim", daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> "PretendScim":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def path(self) -> str:
        return f"/{TENANT}/scim/v2"

    @property
    def url(self) -> str:
        assert self._server is not None, "start() first"
        return f"http://127.0.0.1:{self._server.server_port}{self.path}"

    def settings(self) -> dict[str, str]:
        """What the workers need to disable sign-in here."""
        return {"REVOKE_SCIM_URL": self.url, "REVOKE_SCIM_TOKEN": self.token}

    def new_token(self) -> str:
        """The old one is no longer accepted, as after a rotation."""
        self.token = f"pretend-scim-{secrets.token_urlsafe(32)}"
        return self.token

    def fault(self, kind: str, **given: Any) -> None:
        """The next calls go wrong; kinds: see Fault."""
        self.faults.add(Fault(kind, **given))

    def clear_faults(self) -> None:
        self.faults.clear()

    def calls(self, method: str | None = None) -> list[Call]:
        return [call for call in list(self._calls) if method in (None, call.method)]

    def reset_calls(self) -> None:
        self._calls.clear()

    def note(self, method: str, user_id: str, body: bytes, status: int | None) -> None:
        self._calls.append(Call(method, user_id, body, status))

    def user(self, user_id: str) -> dict[str, Any] | None:
        """The user as SCIM shows them; None where the directory has no such user."""
        users = self.aws.state(journal=0)["users"]
        return next((_shown(user) for user in users if user["UserId"] == user_id), None)


def _shown(user: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": user["UserId"],
        "meta": {"resourceType": "User"},
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": user["UserName"],
        "displayName": user.get("DisplayName", ""),
        "active": user["UserStatus"] == "ENABLED",
    }
