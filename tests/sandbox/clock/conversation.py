"""One client's talk with Redis, in which every answer to TIME is later than it was."""

from collections import deque
from collections.abc import Callable

from tests.sandbox.clock.frames import bulk, parts, taken, text

_LISTENS = (b"SUBSCRIBE", b"PSUBSCRIBE", b"SSUBSCRIBE", b"MONITOR")
Change = Callable[[bytes], bytes]


class Conversation:
    """Feed it what goes either way; it hands back what to pass on. Knows nothing of sockets.

    `shift`: whole seconds to add, asked anew at each answer.
    """

    def __init__(self, shift: Callable[[], int]) -> None:
        self._shift = shift
        self._asked, self._answers = bytearray(), bytearray()
        self._waiting: deque[Change] = deque()
        self._queued: list[bool] | None = None  # within MULTI: which of the commands are TIME
        self._listens = False

    def to_redis(self, data: bytes) -> bytes:
        if not self._listens:
            self._asked += data
            for message in taken(self._asked):
                self._note(message)
        return data

    def to_client(self, data: bytes) -> bytes:
        if self._listens:
            return data
        self._answers += data
        return b"".join(self._changed(message) for message in taken(self._answers))

    def _note(self, message: bytes) -> None:
        name = text(parts(message)[0]).upper()
        if name in _LISTENS:
            self._listens = True  # from here on answers come unasked, and none of them is a time
        elif self._queued is None or name in (b"EXEC", b"DISCARD"):
            self._waiting.append(self._change_for(name))
        else:
            self._queued.append(name == b"TIME")
            self._waiting.append(_same)

    def _change_for(self, name: bytes) -> Change:
        queued, self._queued = self._queued, [] if name == b"MULTI" else None
        if name == b"TIME":
            return self._later
        if name == b"EXEC" and queued and any(queued):
            return lambda message: self._exec(message, queued)
        return _same

    def _changed(self, message: bytes) -> bytes:
        unasked = message[:1] == b">" or not self._waiting
        return message if unasked else self._waiting.popleft()(message)

    def _exec(self, message: bytes, times: list[bool]) -> bytes:
        answers = parts(message)
        if len(answers) != len(times):
            return message  # refused, or nothing was done
        moved = [self._later(a) if is_time else a for a, is_time in zip(answers, times, strict=True)]
        return b"*%d\r\n" % len(moved) + b"".join(moved)

    def _later(self, message: bytes) -> bytes:
        answer = parts(message)
        if len(answer) != 2:
            return message
        seconds = int(text(answer[0])) + self._shift()
        return b"*2\r\n" + bulk(b"%d" % seconds) + answer[1]


def _same(message: bytes) -> bytes:
    return message
