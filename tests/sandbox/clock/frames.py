"""Where one message of Redis's wire protocol ends and the next begins. Source: Redis documentation, "RESP protocol"."""

from collections.abc import Iterator

_LINES = b"+-:,#(_"
_TEXTS = b"$=!"
_LISTS = b"*~>"


def end_of(data: bytes, at: int = 0) -> int | None:
    """Where the message that begins at `at` ends; None where it has not all come yet."""
    line = data.find(b"\r\n", at)
    if line < 0:
        return None
    kind, after = data[at : at + 1], line + 2
    if kind in _LINES:
        return after
    length = int(data[at + 1 : line])
    if kind in _TEXTS:
        end = after + max(length, -2) + 2 if length >= 0 else after
        return end if end <= len(data) else None
    return _end_of_parts(data, after, _parts(kind, length))


def _parts(kind: bytes, length: int) -> int:
    if kind in _LISTS:
        return max(length, 0)
    if kind == b"%":
        return 2 * length
    if kind == b"|":
        return 2 * length + 1  # and the answer that the attributes are about
    raise ValueError(f"no message begins with {kind!r}")


def _end_of_parts(data: bytes, at: int, count: int) -> int | None:
    end: int | None = at
    for _ in range(count):
        end = end_of(data, end) if end is not None else None
    return end


def taken(data: bytearray) -> Iterator[bytes]:
    """The whole messages at the front of `data`, each taken out of it."""
    while data and (end := end_of(bytes(data))) is not None:
        message = bytes(data[:end])
        del data[:end]
        yield message


def parts(message: bytes) -> list[bytes]:
    """The elements of a list, each as it came; empty for anything else."""
    if message[:1] not in (b"*", b"~", b">"):
        return []
    line = message.index(b"\r\n")
    found, at = [], line + 2
    for _ in range(int(message[1:line])):
        end = end_of(message, at)
        assert end is not None
        found.append(message[at:end])
        at = end
    return found


def text(part: bytes) -> bytes:
    """What a bulk string holds."""
    return part[part.index(b"\r\n") + 2 : -2]


def bulk(value: bytes) -> bytes:
    return b"$%d\r\n%s\r\n" % (len(value), value)
