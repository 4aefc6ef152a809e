"""What goes back over the wire: answers, and refusals in each protocol's own form."""

import json
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

SERVER_FAULTS = ("Service", "Internal")


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    code: str | None = None

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body or b"{}")


@dataclass
class Refusal(Exception):
    """An AWS error. `status` 0: the usual one for its code."""

    code: str
    message: str = ""
    status: int = 0
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def http_status(self) -> int:
        return self.status or (500 if self.code.startswith(SERVER_FAULTS) else 400)


@dataclass
class Passed(Exception):
    """Moto's own refusal, passed on as it is."""

    answer: Answer


def ok(value: dict[str, Any], protocol: str, status: int = 200) -> Answer:
    kind = "application/json" if protocol == "rest-json" else "application/x-amz-json-1.1"
    return Answer(status, json.dumps(value).encode(), (("Content-Type", kind),))


def refused(refusal: Refusal, protocol: str, request_id: str) -> Answer:
    if protocol == "query":
        return _xml(refusal, request_id)
    # Both spellings: the services do not agree on which of them holds the text.
    said = {"message": refusal.message, "Message": refusal.message}
    body = {"__type": refusal.code, **said, **refusal.extra}
    headers = (("x-amzn-ErrorType", refusal.code), ("Content-Type", "application/x-amz-json-1.1"))
    return Answer(refusal.http_status, json.dumps(body).encode(), headers, refusal.code)


def _xml(refusal: Refusal, request_id: str) -> Answer:
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(refusal.code)}</Code>"
        f"<Message>{escape(refusal.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return Answer(refusal.http_status, body.encode(), (("Content-Type", "text/xml"),), refusal.code)
