"""Signed requests, each with one thing wrong: what only a forger would send."""

import hashlib
import hmac
import random
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

from bot.serving import BODY_LIMIT, SIGNATURE, TIMESTAMP
from tests.sandbox.slack.carriers import signature

Request = dict[str, Any]


class Forger:
    """Knows what went over the wire, and not the secret; `secret` is only for what was signed too long ago."""

    def __init__(self, requests: Sequence[Request], secret: str, seed: int = 4) -> None:
        self._requests = requests
        self._secret = secret
        self._random = random.Random(seed)
        self._ways: list[Callable[[Request, bytes], Request]] = [
            self._bit, self._cut, self._more, self._swapped, self._signature, self._odd_signature, self._no_signature,
            self._twice, self._timestamp, self._odd_timestamp, self._no_timestamp, self._stale, self._early,
            self._other_secret, self._version, self._path, self._method, self._length, self._too_long, self._algorithm,
        ]  # fmt: skip

    def __call__(self) -> Request:
        """One more, of all kinds in turn."""
        request = self._random.choice(self._requests)
        body: bytes = request["wsgi.input"].getvalue()
        return self._random.choice(self._ways)(dict(request), body)

    def _with_body(self, request: Request, body: bytes) -> Request:
        return {**request, "CONTENT_LENGTH": str(len(body)), "wsgi.input": BytesIO(body)}

    def _bit(self, request: Request, body: bytes) -> Request:
        at = self._random.randrange(len(body))
        changed = bytes([body[at] ^ (1 << self._random.randrange(8))])
        return self._with_body(request, body[:at] + changed + body[at + 1 :])

    def _cut(self, request: Request, body: bytes) -> Request:
        return self._with_body(request, body[: self._random.randrange(len(body))])

    def _more(self, request: Request, body: bytes) -> Request:
        extra = self._random.choice(
            [b"&user_id=U0ALICE001", b"&payload={}", b" ", b"\n", b"\x00", b"\xff\xfe"]
        )
        return self._with_body(request, body + extra if self._random.random() < 0.5 else extra + body)

    def _swapped(self, request: Request, body: bytes) -> Request:
        other: bytes = self._random.choice(self._requests)["wsgi.input"].getvalue()
        return self._with_body(request, other if other != body else body + b"&")

    def _signature(self, request: Request, body: bytes) -> Request:
        given = request[SIGNATURE]
        at = self._random.randrange(3, len(given))
        digit = self._random.choice([d for d in "0123456789abcdef" if d != given[at]])
        return {**request, SIGNATURE: given[:at] + digit + given[at + 1 :]}

    def _odd_signature(self, request: Request, body: bytes) -> Request:
        given = request[SIGNATURE]
        odd = [
            "",
            "v0=",
            given.upper(),
            given[:-1],
            given + "0",
            given[3:],
            f" {given}",
            "v0=" + "é" * 64,
            "\x00",
            "x" * 9999,
        ]
        return {**request, SIGNATURE: self._random.choice(odd)}

    def _no_signature(self, request: Request, body: bytes) -> Request:
        del request[SIGNATURE]
        return request

    def _twice(self, request: Request, body: bytes) -> Request:
        """A server joins a header that stands there twice by a comma."""
        name = self._random.choice([SIGNATURE, TIMESTAMP])
        return {**request, name: f"{request[name]},{request[name]}"}

    def _timestamp(self, request: Request, body: bytes) -> Request:
        off = self._random.choice([-1, 1, -60, 60, self._random.randrange(2, 299)])
        return {**request, TIMESTAMP: str(int(request[TIMESTAMP]) + off)}

    def _odd_timestamp(self, request: Request, body: bytes) -> Request:
        given = request[TIMESTAMP]
        odd = [
            "",
            "now",
            "-1",
            f"-{given}",
            f"{given}.0",
            f"+{given}",
            f" {given}",
            "9" * 30,
            "9" * 5000,
            "0x10",
            "١٢٣",
            "1e9",
            "nan",
            "\x00",
        ]
        return {**request, TIMESTAMP: self._random.choice(odd)}

    def _no_timestamp(self, request: Request, body: bytes) -> Request:
        del request[TIMESTAMP]
        return request

    def _resigned(self, request: Request, body: bytes, timestamp: str, secret: str) -> Request:
        return {**request, TIMESTAMP: timestamp, SIGNATURE: signature(secret, timestamp, body)}

    def _stale(self, request: Request, body: bytes) -> Request:
        """Captured earlier, and rightly signed then."""
        age = self._random.choice([302, 360, 3600, 86400, 10**9])
        return self._resigned(request, body, str(max(0, int(time.time()) - age)), self._secret)

    def _early(self, request: Request, body: bytes) -> Request:
        return self._resigned(
            request, body, str(int(time.time()) + self._random.choice([310, 3600, 10**9])), self._secret
        )

    def _other_secret(self, request: Request, body: bytes) -> Request:
        guess = self._random.choice(["x", self._secret[:-1], self._secret.upper(), self._secret + " "])
        return self._resigned(request, body, request[TIMESTAMP], guess)

    def _version(self, request: Request, body: bytes) -> Request:
        version = self._random.choice(["v1", "V0", "v00", "", "v"])
        return {**request, SIGNATURE: request[SIGNATURE].replace("v0", version, 1)}

    def _path(self, request: Request, body: bytes) -> Request:
        other = [
            "/",
            "",
            "/slack",
            "/slack/events/",
            "/slack/events//",
            "/SLACK/EVENTS",
            "/slack/install",
            "/healthz",
            "/readyz",
            "/slack/events\x00",
        ]
        return {**request, "PATH_INFO": self._random.choice(other)}

    def _method(self, request: Request, body: bytes) -> Request:
        other = ["GET", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "post", "POST "]
        return {**request, "REQUEST_METHOD": self._random.choice(other)}

    def _length(self, request: Request, body: bytes) -> Request:
        odd = ["", "0", "x", "-1", "1e3", f"{len(body)}.0", str(len(body) - 1), "9" * 5000]
        return {**request, "CONTENT_LENGTH": self._random.choice(odd)}

    def _too_long(self, request: Request, body: bytes) -> Request:
        return {**request, "CONTENT_LENGTH": str(BODY_LIMIT + self._random.choice([1, 10**6, 10**12]))}

    def _algorithm(self, request: Request, body: bytes) -> Request:
        digest = self._random.choice([hashlib.sha1, hashlib.sha512, hashlib.md5])
        base = b"v0:" + request[TIMESTAMP].encode() + b":" + body
        return {**request, SIGNATURE: "v0=" + hmac.new(self._secret.encode(), base, digest).hexdigest()}
