"""What makes a request itself, so that it acts once however often and in whatever envelope it comes. Pure."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from slack_bolt import BoltRequest


def key(req: BoltRequest, body: Mapping[str, Any]) -> str:
    """By Slack's own id of the event, or of the click, the command or the form; without either, the very request.

    Each further click, and each further sending of one form, has an id of its own.
    Source: Slack's pages "Events API" (event_id) and "Interaction payloads" (trigger_id).
    """
    for name in ("event_id", "trigger_id"):
        if body.get(name):
            return _digest(f"{name}:{body[name]}")
    signature = req.headers.get("x-slack-signature", [""])[0]
    return _digest(f"wire:{signature}{req.raw_body or json.dumps(body, sort_keys=True)}")


def asks_only(req: BoltRequest, body: Mapping[str, Any]) -> bool:
    """Whether it asks for options and came by Socket Mode, where the same letters typed again make the same request.

    Over HTTP the time stamp tells them apart, and there somebody could send what they overheard.
    """
    return body.get("type") == "block_suggestion" and "x-slack-signature" not in req.headers


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
