"""Forms after a click or a command. They open after the ack, so nothing here may raise or wait.

Slack lets a click or a command open one form within three seconds ("Modals", trigger_id).
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_bolt import BoltContext, BoltResponse
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

logger = logging.getLogger(__name__)

NOT_OPENED = "Slack did not open the form, so nothing was recorded. Press the button again."

Whisper = Callable[[str], None]


class Opening:
    """Middleware that gives every request `context["open_form"]`: a view, and what to say where it did not open."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(4, "forms")

    def __call__(
        self, context: BoltContext, body: dict[str, Any], next: Callable[[], BoltResponse]
    ) -> BoltResponse:
        client, trigger, whisper = context.client, body.get("trigger_id"), context["whisper"]

        def open_form(view: dict[str, Any], otherwise: str) -> None:
            self._pool.submit(_open, client, trigger, view, whisper, otherwise)

        context["open_form"] = open_form
        return next()


def _open(
    client: WebClient | None, trigger: str | None, view: dict[str, Any], whisper: Whisper, otherwise: str
) -> None:
    try:
        if client is None or trigger is None:
            raise ValueError("no trigger")
        client.views_open(trigger_id=trigger, view=view)
    except SlackApiError as refused:
        # A lost answer makes the SDK send it twice; the second time the trigger is used up, and the form is there.
        if refused.response.get("error") != "exchanged_trigger_id":
            logger.warning("form_not_opened", extra={"cause": str(refused.response.get("error"))})
            whisper(otherwise)
    except Exception as error:
        logger.warning("form_not_opened", extra={"cause": type(error).__name__})
        whisper(otherwise)
