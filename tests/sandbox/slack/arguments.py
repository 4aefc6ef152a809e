"""What a Web API method was given, whichever way it came: JSON, form or query."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from aiohttp import web

Json = dict[str, Any]


class Refused(Exception):
    """Slack's `"ok": false`, with its error code and what else it says."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error, **more}


def refused_arguments(messages: Sequence[str]) -> Refused:
    return Refused("invalid_arguments", response_metadata={"messages": list(messages)})


async def read_arguments(request: web.Request) -> Json:
    given: Json = dict(request.query)
    if request.method == "POST":
        given |= await _body(request)
    return {name: value for name, value in given.items() if value is not None}


async def _body(request: web.Request) -> Json:
    if request.content_type != "application/json":
        return dict(await request.post())
    try:
        document = json.loads(await request.text() or "{}")
    except ValueError:
        raise Refused("invalid_json") from None
    if not isinstance(document, dict):
        raise Refused("json_not_object")
    return document


class Arguments:
    def __init__(self, given: Json) -> None:
        self._given = given

    def __contains__(self, name: str) -> bool:
        return name in self._given

    def text(self, name: str, otherwise: str = "") -> str:
        value = self._given.get(name, otherwise)
        return value if isinstance(value, str) else json.dumps(value)

    def required(self, name: str) -> str:
        if not self.text(name):
            raise refused_arguments([f"[ERROR] missing required field: {name}"])
        return self.text(name)

    def flag(self, name: str) -> bool:
        return self._given.get(name) in (True, 1, "1", "true", "True")

    def names(self, name: str) -> list[str]:
        """A list, or text with commas."""
        value = self._given.get(name, [])
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else list(value)

    def document(self, name: str, unreadable: str) -> Any:
        """A JSON document, which forms carry as text."""
        value = self._given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise Refused(unreadable) from None

    def count(self, name: str, otherwise: int) -> int:
        try:
            return int(self._given.get(name) or otherwise)
        except ValueError:
            raise Refused(f"invalid_{name}") from None


def page(args: Arguments, everything: Sequence[Any], most: int) -> tuple[list[Any], Json]:
    """One page, and the `response_metadata` that leads to the next."""
    limit = args.count("limit", most)
    if not 0 < limit <= most:
        raise Refused("invalid_limit")
    start = _position(args.text("cursor"))
    following = start + limit
    cursor = base64.b64encode(f"next:{following}".encode()).decode() if following < len(everything) else ""
    return list(everything[start:following]), {"response_metadata": {"next_cursor": cursor}}


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor).decode().removeprefix("next:"))
    except ValueError:
        raise Refused("invalid_cursor") from None
