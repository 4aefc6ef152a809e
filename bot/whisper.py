"""Words for one person after a click. They come after the ack, so nothing here may raise or wait."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from slack_bolt import BoltContext, BoltResponse, Respond

from workers.cards.text import section

logger = logging.getLogger(__name__)

_TIMEOUT = 5


class Whisper:
    """Middleware that gives every request `context["whisper"]`: a sentence to the person who clicked."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(4, "whisper")

    def __call__(self, context: BoltContext, next: Callable[[], BoltResponse]) -> BoltResponse:
        respond = context.respond

        def whisper(sentence: str, *, instead: bool = False) -> None:
            self._pool.submit(_say, respond, sentence, instead=instead)

        context["whisper"] = whisper
        return next()


def _say(respond: Respond | None, sentence: str, *, instead: bool = False) -> None:
    """Say it to the person alone; `instead`: in place of the message that was clicked, for everybody."""
    if respond is None or not respond.response_url:
        return
    blocks = [section(sentence)]  # of a bare text Slack makes links and mentions by itself
    try:
        if instead:
            respond(text=sentence, blocks=blocks, replace_original=True)
        else:
            respond(text=sentence, blocks=blocks, response_type="ephemeral", replace_original=False)
    except Exception:
        logger.warning("whisper_failed", exc_info=True)
