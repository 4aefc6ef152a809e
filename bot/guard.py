"""Who is asking, from where, and was it seen before? Bolt middleware, once for every entry."""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from slack_bolt import BoltContext, BoltRequest, BoltResponse

from bot.deps import Deps
from workers.domain.errors import SlackAway, SlackRefused
from workers.domain.revocation import Actor
from workers.ports import SlackPerson
from workers.service.intake import Authority

logger = logging.getLogger(__name__)

REMEMBER = timedelta(minutes=15)
"""Longer than the five minutes for which a signature stays valid."""

CACHED_FOR = 60.0


@dataclass
class Cached:
    """Answers of Slack, kept for a minute. An answer that cannot be had is not kept."""

    _kept: dict[tuple[str, str], tuple[float, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, kind: str, key: str, read: Callable[[str], Any]) -> Any:
        """The answer, read anew after a minute. Raises what `read` raises."""
        with self._lock:
            kept = self._kept.get((kind, key))
        if kept is not None and time.monotonic() - kept[0] < CACHED_FOR:
            return kept[1]
        value = read(key)
        with self._lock:
            self._kept[kind, key] = (time.monotonic(), value)
        return value


@dataclass(frozen=True)
class Guard:
    """The middleware. Lets a request through with `context["authority"]`, or answers it and stops it there."""

    deps: Deps
    cached: Cached = field(default_factory=Cached)

    def __call__(
        self, context: BoltContext, body: dict[str, Any], req: BoltRequest, next: Callable[[], BoltResponse]
    ) -> BoltResponse | None:
        if not self.deps.store.first_sight(_key(req, body), REMEMBER):
            logger.info("request_seen_before")
            return BoltResponse(status=200, body="")
        user_id = context.user_id or ""
        if _stranger(body):
            return refuse(context, body, "You are not of this workspace, so you have no say here.")
        person = self._person(user_id)
        if person is not None and (person.is_guest or person.is_stranger or person.is_bot or person.deleted):
            return refuse(context, body, "Only full members of this workspace may use this.")
        context["authority"] = self._authority(user_id, person)
        return next()

    def _person(self, user_id: str) -> SlackPerson | None:
        try:
            person: SlackPerson | None = self.cached.get("person", user_id, self.deps.people.person)
        except (SlackAway, SlackRefused):
            return None
        return person

    def _authority(self, user_id: str, person: SlackPerson | None) -> Authority:
        name = person.name if person else user_id
        return Authority(
            actor=Actor(kind="slack", id=user_id, name=name),
            responder=self._among(user_id, self.deps.responders),
            approver=self._among(user_id, self.deps.approvers),
        )

    def _among(self, user_id: str, allowed: tuple[str, ...]) -> bool:
        """By id, which needs no Slack; else by user group, which does."""
        if user_id in allowed:
            return True
        return any(user_id in self._group(item) for item in allowed if item.startswith("S"))

    def _group(self, group_id: str) -> frozenset[str]:
        try:
            members: frozenset[str] = self.cached.get("group", group_id, self.deps.people.group)
        except (SlackAway, SlackRefused) as error:
            logger.warning("group_unreadable", extra={"group": group_id, "cause": str(error)})
            return frozenset()
        return members


def _key(req: BoltRequest, body: dict[str, Any]) -> str:
    """What makes this request itself: its signature, or in Socket Mode its whole payload."""
    signature = req.headers.get("x-slack-signature", [""])[0]
    text = signature + req.raw_body if signature else json.dumps(body, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _stranger(body: dict[str, Any]) -> bool:
    """Slack Connect lets people of other workspaces press our buttons; their own team tells."""
    user, team = body.get("user"), body.get("team")
    if not isinstance(user, dict) or not isinstance(team, dict):
        return False
    theirs = user.get("team_id")
    return theirs is not None and theirs not in (team.get("id"), team.get("enterprise_id"))


def refuse(context: BoltContext, body: dict[str, Any], sentence: str) -> BoltResponse:
    """Answer in words: a command by its own answer, a click by its response_url."""
    if "command" in body:
        return BoltResponse(status=200, body=sentence)
    context["whisper"](sentence)
    return BoltResponse(status=200, body="")
