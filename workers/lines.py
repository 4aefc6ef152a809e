"""Whole lines on a stream that several threads and processes share: never mixed, and never waited for long.

A pipe that nobody reads would stop whoever writes to it for ever; here a line is given up instead.
"""

import fcntl
import io
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TextIO

PATIENCE = 1.0
"""Seconds that a line may wait for its turn, or for room. After a line was given up, the next ones do not wait."""

_AT_ONCE = select.PIPE_BUF
"""So much fits into a pipe that has room at all."""


class Lines:
    """One file descriptor. As a stream it is one of those that `logging` takes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._turn = threading.Lock()
        self._stuck = self._torn = False

    def line(self, text: str) -> bool:
        """Write `text` and an end of line; whether all of it was taken. Never raises."""
        until = time.monotonic() + (0 if self._stuck else PATIENCE)
        if not self._turn.acquire(timeout=max(0.0, until - time.monotonic())):
            return False
        try:
            with self._alone(until):
                # A line that was given up in the middle must not spoil this one.
                begin = "\n" if self._torn else ""
                return self._write(f"{begin}{text}\n".encode(errors="replace"), until)
        except (OSError, ValueError):
            return False
        finally:
            self._turn.release()

    def write(self, text: str) -> int:
        self.line(text.rstrip("\n"))
        return len(text)

    def flush(self) -> None:
        """Nothing is kept back."""

    def forked(self) -> None:
        """In a new process nobody else has the turn."""
        self._turn = threading.Lock()

    @contextmanager
    def _alone(self, until: float) -> Iterator[None]:
        """Keep other processes out. Where one of them stopped in the middle, lines may mix: better than none."""
        locked = self._lock(until)
        try:
            yield
        finally:
            if locked:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN)

    def _lock(self, until: float) -> bool:
        while True:
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except (BlockingIOError, PermissionError):
                if time.monotonic() >= until:
                    return False
                time.sleep(0.001)
            except OSError:
                return False

    def _write(self, data: bytes, until: float) -> bool:
        left = memoryview(data)
        try:
            while left:
                if not self._room(until):
                    break
                left = left[os.write(self._descriptor, left[:_AT_ONCE]) :]
        finally:
            self._torn = (self._torn or len(left) < len(data)) if left else False
            self._stuck = bool(left)
        return not left

    def _room(self, until: float) -> bool:
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        return bool(poll.poll(max(0.0, until - time.monotonic()) * 1000))


@cache
def on(descriptor: int) -> Lines:
    """The one `Lines` of this process for this descriptor."""
    made = Lines(descriptor)
    os.register_at_fork(after_in_child=made.forked)
    return made


def of(stream: TextIO) -> Lines | TextIO:
    """The stream in whole lines; one that has no descriptor stays as it is."""
    try:
        return on(stream.fileno())
    except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
        return stream
