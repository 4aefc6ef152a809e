"""The incident channel. Each call is sent once; times out in 5 seconds, well within the card's lock."""

from collections.abc import Sequence
from typing import Any

from slack_sdk import WebClient

from workers.adapters.slack_calls import slack_answers, web_client
from workers.cards.text import cut
from workers.ports import Document, Message

_TIMEOUT = 5


class SlackChannel:
    """See `workers.ports.IncidentChannel`."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    @classmethod
    def connected(cls, token: str, url: str) -> "SlackChannel":
        return cls(web_client(token, url, timeout=_TIMEOUT))

    def post(self, channel: str, message: Message) -> str:
        with slack_answers():
            answer = self._client.chat_postMessage(channel=channel, **_content(message), **_QUIET)
            return str(answer["ts"])

    def update(self, channel: str, ts: str, message: Message) -> None:
        with slack_answers():
            self._client.chat_update(channel=channel, ts=ts, **_content(message))

    def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None:
        with slack_answers():
            self._client.chat_postMessage(
                channel=channel, thread_ts=ts, reply_broadcast=broadcast, **_content(message), **_QUIET
            )

    def share(self, channel: str, ts: str, documents: Sequence[Document]) -> None:
        uploads = [
            {"filename": one.name, "title": one.name, "content": one.text.encode()} for one in documents
        ]
        with slack_answers():
            self._client.files_upload_v2(channel=channel, thread_ts=ts, file_uploads=uploads)

    def tell(self, slack_id: str, message: Message) -> None:
        with slack_answers():
            self._client.chat_postMessage(channel=slack_id, **_content(message), **_QUIET)


_QUIET: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}
_AS_IT_IS = {"parse": "none", "link_names": False}
"""No address in the text becomes a link, and no name a mention. Source: Slack API reference, chat.postMessage."""


def _content(message: Message) -> dict[str, Any]:
    blocks = [dict(block) for block in message.blocks]
    return {"text": cut(message.text, 3900), **_AS_IT_IS, **({"blocks": blocks} if blocks else {})}
