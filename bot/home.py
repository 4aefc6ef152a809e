"""App Home of one person: read and published after the ack, so nothing here may raise or wait.

A page is read and published in one go under a lock of its own, so that the older of two never stays. Slack's `hash` does
the same against a publishing that arrives late: it is refused where another one came first.
"""

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from slack_bolt import BoltContext
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.deps import Deps
from bot.origin import part
from bot.silence import silence_now
from workers.cards import home
from workers.cards.home import Now
from workers.domain import deny_document
from workers.domain.errors import StoreAway
from workers.domain.same_person import is_target
from workers.service.intake import Authority, last_drill
from workers.service.intake.authority import is_denied

logger = logging.getLogger(__name__)

View = dict[str, Any]

IN_TURN_WITHIN = timedelta(seconds=6)
"""Longer than Slack takes for the publishing before. Whoever waited so long publishes all the same."""


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """Whose page, and what is on top of it."""

    client: WebClient
    user_id: str
    who: Authority | None
    """None: they were turned away."""
    workspace: str
    hash: str | None
    """Which page they had before them; None: none, or it is not known."""
    said: str


@dataclass(frozen=True)
class Homes:
    """Safe to share between threads."""

    deps: Deps
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, "home"))

    def show(self, context: BoltContext, body: Mapping[str, Any], said: str = "") -> None:
        """Publish the page of whoever sent this; `said`: a sentence on top of it, mrkdwn."""
        if context.client is None or not context.user_id:
            return
        view = part(body, "view") or part(part(body, "event"), "view")
        asked = _Asked(
            client=context.client,
            user_id=context.user_id,
            who=context.get("authority"),
            workspace=context.get("workspace") or "",
            hash=view.get("hash"),
            said=said,
        )
        self._pool.submit(self._publish, asked)

    def _publish(self, asked: _Asked) -> None:
        try:
            self._in_turn(asked)
        except SlackApiError as refused:
            logger.warning("home_not_published", extra={"cause": str(refused.response.get("error"))})
        except Exception as error:
            logger.warning("home_not_published", extra={"cause": type(error).__name__})

    def _in_turn(self, asked: _Asked) -> None:
        try:
            with self.deps.store.lock(f"home-{asked.user_id}", wait=IN_TURN_WITHIN):
                self._send(asked)
        except StoreAway:
            _sent(asked, home.unknown(asked.said), None)

    def _send(self, asked: _Asked) -> None:
        try:
            _sent(asked, view(self.deps, asked.who, asked.workspace, asked.said), asked.hash)
        except SlackApiError as refused:
            if refused.response.get("error") != "hash_conflict":
                raise
            _sent(asked, view(self.deps, asked.who, asked.workspace, asked.said), None)


def _sent(asked: _Asked, view: View, hash: str | None) -> None:
    asked.client.views_publish(user_id=asked.user_id, view=view, hash=hash)


def view(deps: Deps, who: Authority | None, workspace: str, said: str = "") -> View:
    """The page as it is now for this person. Raises StoreAway."""
    if who is None or not (who.responder or who.approver) or is_denied(deps.store, who.actor):
        return home.for_others(said)
    return home.page(_now(deps, who, workspace), deps.rules, said)


def _now(deps: Deps, who: Authority, workspace: str) -> Now:
    store = deps.store
    return Now(
        viewer=who.actor,
        at=store.now(),
        revocations=[one for one in store.open() if not is_target(who.actor, one)],
        handoffs=deps.handoffs.open(),
        unreadable=store.unreadable(),
        room=store.figured(deny_document.ROOM),
        proven=last_drill(store, store.now()),
        searches=who.responder,
        silence=silence_now(deps),
        workspace=workspace,
    )
