"""Secrets to be looked for, in every form in which they could get out, wherever an installation leaves a trace.

Each is of the shape of the real one, and holds characters that change when they are escaped.
"""

import base64
import json
import secrets
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from redis import Redis

SHORTEST = 12
"""Characters of a form that are telling."""


def bot_token() -> str:
    return f"xoxb-{1:013}-{2:013}-Canary{secrets.token_hex(12)}"


def app_token() -> str:
    return f"xapp-{1}-A0000000000-{3:013}-canary{secrets.token_hex(24)}"


def signing_secret() -> str:
    return f'canary"signing\\secret/+&é-{secrets.token_hex(12)}'


def aws() -> dict[str, str]:
    """What AWS's SDK takes from the environment, and signs with."""
    return {
        "AWS_SECRET_ACCESS_KEY": f"Canary/{secrets.token_hex(8)}+{secrets.token_hex(8)}",
        "AWS_SESSION_TOKEN": f"canary//session+{secrets.token_hex(24)}==",
    }


def password(redis_url: str) -> str:
    return urlsplit(redis_url).password or ""


def forms(secret: str) -> Iterator[bytes]:
    """The secret itself, and how it stands in JSON, in Python, in addresses, in hexadecimal and in Base64."""
    raw = secret.encode()
    yield raw
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    yield repr(secret)[1:-1].encode()
    yield repr(raw)[2:-1].encode()
    yield quote(secret, safe="").encode()
    yield quote_plus(secret).encode()
    yield raw.hex().encode()
    for before in range(3):
        yield from _base64(raw, before)


def _base64(raw: bytes, before: int) -> Iterator[bytes]:
    """As it stands in Base64 after so many other bytes, without the characters that depend on its neighbours."""
    inner = base64.b64encode(b"\0" * before + raw)[4 if before else 0 : -4]
    yield inner
    yield inner.replace(b"+", b"-").replace(b"/", b"_")


def found(secrets_: Mapping[str, str], places: Iterable[tuple[str, bytes]]) -> list[str]:
    """Which secret stands where, one line each."""
    wanted = {
        form: name for name, secret in secrets_.items() for form in forms(secret) if len(form) >= SHORTEST
    }
    return sorted(
        {f"{name} in {place}" for place, text in places for form, name in wanted.items() if form in text}
    )


def in_folder(folder: Path, leave_out: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """Every file: what was logged, and everything that was ever written to the embedded Redis."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in set(leave_out))
    for path in files:
        text = path.read_bytes()
        yield str(path.relative_to(folder)), text
        if path.suffix == ".aof":
            yield f"{path.relative_to(folder)}, unpacked", b"\n".join(_unpacked(_words(text)))


def in_redis(redis: "Redis[bytes]") -> Iterator[tuple[str, bytes]]:
    for key in redis.scan_iter(count=1000):
        value = redis.dump(key) or b""
        yield f"Redis, {key!r}", key + value + b"\n".join(_unpacked(_values(redis, key)))


def _values(redis: "Redis[bytes]", key: bytes) -> Iterator[bytes]:
    match redis.type(key):
        case b"hash":
            yield from (value for pair in redis.hgetall(key).items() for value in pair)
        case b"stream":
            yield from (v for _, fields in redis.xrange(key) for pair in fields.items() for v in pair)
        case b"list":
            yield from redis.lrange(key, 0, -1)
        case b"string":
            yield redis.get(key) or b""
        case _:
            return


def _words(aof: bytes) -> Iterator[bytes]:
    """The words of every command in an append-only file."""
    at = 0
    while (at := aof.find(b"$", at)) >= 0:
        end = aof.find(b"\r\n", at)
        length = aof[at + 1 : end]
        if not length.isdigit():
            at += 1
            continue
        yield aof[end + 2 : end + 2 + int(length)]
        at = end + 4 + int(length)


def _unpacked(words: Iterable[bytes]) -> Iterator[bytes]:
    """What RQ packs: a job's data and errors."""
    for word in words:
        yield word
        for packed in (word, _plain(word)):
            if packed[:1] == b"\x78":
                yield _inflated(packed)


def _plain(word: bytes) -> bytes:
    try:
        return base64.b64decode(word, validate=True)
    except ValueError:
        return b""


def _inflated(packed: bytes) -> bytes:
    try:
        return zlib.decompress(packed)
    except zlib.error:
        return b""


def as_text(value: Any) -> bytes:
    return json.dumps(value, default=str, ensure_ascii=False).encode(errors="surrogatepass")
