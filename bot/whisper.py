"""Words for one person after a click, a mention or a look at App Home.

They come after the ack, so nothing here may raise or wait.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from slack_bolt import BoltContext, BoltResponse, Respond
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import pressed
from bot.home import Homes
from bot.origin import part
from workers.cards.text import Block, section

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Words:
    text: str
    blocks: Sequence[Block]
    instead: bool
    """In place of the message that was clicked, for everybody."""


class Whisper:
    """Middleware that gives every request `context["whisper"]`: words to the person who sent it, and to nobody else.

    They go where the person looks: into an answer beside the message, into the thread of the mention, or on top of
    App Home. `blocks`: the same words as blocks, with buttons; `instead`: in place of the message that was clicked.
    """

    def __init__(self, homes: Homes) -> None:
        self._homes = homes
        self._pool = ThreadPoolExecutor(4, "whisper")

    def __call__(
        self, context: BoltContext, body: dict[str, Any], next: Callable[[], BoltResponse]
    ) -> BoltResponse:
        say = self._way(context, body)

        def whisper(sentence: str, *, blocks: Sequence[Block] = (), instead: bool = False) -> None:
            # Of a bare text Slack makes links and mentions by itself.
            words = _Words(sentence, blocks or [section(sentence)], instead)
            self._pool.submit(_quietly, say, words)

        context["whisper"] = whisper
        return next()

    def _way(self, context: BoltContext, body: Mapping[str, Any]) -> Callable[[_Words], None]:
        event, client = part(body, "event"), context.client
        if pressed.at_home(body) or event.get("type") == "app_home_opened":
            return lambda words: self._homes.show(context, body, words.text)
        if event and client is not None:
            return lambda words: _beside(client, event, words)
        return lambda words: _answer(context.respond, words)


def _quietly(say: Callable[[_Words], None], words: _Words) -> None:
    try:
        say(words)
    except Exception:
        logger.warning("whisper_failed", exc_info=True)


def _answer(respond: Respond | None, words: _Words) -> None:
    if respond is None or not respond.response_url:
        return
    if words.instead:
        respond(text=words.text, blocks=words.blocks, replace_original=True)
    else:
        respond(text=words.text, blocks=words.blocks, response_type="ephemeral", replace_original=False)


def _beside(client: WebClient, event: Mapping[str, Any], words: _Words) -> None:
    """Where the event was, in its thread; where Slack does not take it there, by a direct message, in words alone.

    A second yes must come from where it is known to be shown to one person, so there are no buttons in that.
    Source: Slack API reference, chat.postEphemeral; an event has no response_url.
    """
    channel, user = str(event.get("channel") or ""), str(event.get("user") or "")
    try:
        if channel:
            client.chat_postEphemeral(
                channel=channel,
                user=user,
                thread_ts=event.get("thread_ts"),
                text=words.text,
                blocks=words.blocks,
            )
            return
    except SlackApiError as refused:
        logger.info("not_told_beside", extra={"cause": str(refused.response.get("error"))})
    client.chat_postMessage(channel=user, text=words.text, blocks=[section(words.text)], unfurl_links=False)
