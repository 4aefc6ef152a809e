"""Words for one person after a click. They come after the ack, so nothing here may raise or wait."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from slack_bolt import BoltContext, BoltResponse, Respond

logger = logging.getLogger(__name__)

_TIMEOUT = 5


class Whisper:
    """Middleware that gives every request `context["whisper"]`: a sentence to the person who clicked."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(4, "whisper")

    def __call__(self, context: BoltContext, next: Callable[[], BoltResponse]) -> BoltResponse:
        respond = context.respond
        context["whisper"] = lambda sentence: self._pool.submit(_say, respond, sentence)
        return next()


def _say(respond: Respond | None, sentence: str) -> None:
    if respond is None or not respond.response_url:
        return
    try:
        respond(text=sentence, response_type="ephemeral", replace_original=False)
    except Exception:
        logger.warning("whisper_failed", exc_info=True)
