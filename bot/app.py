"""The Bolt app: middleware, listeners, and the last word on errors. Building it calls nobody."""

import logging
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import App, BoltContext, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk import WebClient

from bot import guard, replies
from bot.deps import Deps
from bot.guard import Guard
from bot.home import Homes
from bot.listeners import (
    buttons,
    deny_all,
    denying,
    doctor,
    forms,
    handoff,
    home,
    mentions,
    revoke,
    searching,
)
from bot.opening import Opening
from bot.whisper import Whisper
from workers.domain.errors import StoreAway, StoreUnsure

logger = logging.getLogger(__name__)

THREADS = 20
"""Bolt's own five would keep the sixth person in an incident waiting."""


def build_app(client: WebClient, signing_secret: str | None, deps: Deps, gate: Guard) -> App:
    """The app for Socket Mode and HTTP alike, behind `gate`; `client` carries the bot's token."""
    app = App(
        authorize=lambda **_: AuthorizeResult(enterprise_id=None, team_id=None, bot_token=client.token),
        client=client,
        # Socket Mode has no signatures; Bolt wants the word all the same.
        signing_secret=signing_secret or "socket-mode-has-no-signatures",
        token_verification_enabled=False,
        raise_error_for_unhandled_request=True,
        listener_executor=ThreadPoolExecutor(THREADS, "listener"),
    )
    app.use(Whisper(Homes(deps)))
    app.use(Opening())
    app.use(gate)
    app.error(_last_word)
    for listener in (revoke, mentions, home, searching, buttons, denying, deny_all, forms, handoff, doctor):
        listener.register(app, deps)
    return app


def _last_word(
    error: Exception, body: dict[str, Any], context: BoltContext, request: BoltRequest
) -> BoltResponse:
    """What failed, what holds, what to do. A bug gets a number that is in the log too."""
    if isinstance(error, BoltUnhandledRequestError):
        return BoltResponse(status=404, body="")
    if isinstance(error, StoreUnsure):
        logger.error("store_unsure")
        return guard.refuse(context, body, replies.STORE_UNSURE)
    if isinstance(error, StoreAway):
        logger.error("store_away")
        # Whoever only looks at App Home asked for nothing; the page itself says what it does not know.
        return guard.refuse(context, body, "" if home.only_looks(body) else replies.STORE_AWAY)
    number = secrets.token_hex(4)
    logger.error("listener_broke", exc_info=error, extra={"number": number})
    sentence = (
        f"Something broke (error {number}), and it is not sure that anything was recorded. Look at the card, or at "
        "`/revoke list`; if the user is not there, run /revoke again."
    )
    return guard.refuse(context, body, sentence)
