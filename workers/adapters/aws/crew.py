"""Calls beside each other, begun and gathered by one thread."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import Any, Generic, TypeVar

from workers.ports import GoingOn

Tag = TypeVar("Tag")

TICK = 0.01
"""Seconds: so often the one thread looks for its turn and at its calls."""

ASK_EVERY = 0.1
"""Seconds: so often it asks whether it may go on, which costs the caller something."""


def seldom(going_on: GoingOn) -> GoingOn:
    """The same, asked at most each `ASK_EVERY`; a no is never taken back."""
    asked_at, answer = float("-inf"), True

    def asked() -> bool:
        nonlocal asked_at, answer
        if answer and time.monotonic() - asked_at >= ASK_EVERY:
            answer = going_on()
            asked_at = time.monotonic()
        return answer

    return asked


class Crew(Generic[Tag]):
    """Leaving it begins nothing more and waits for nothing: calls under way end by themselves, unheard."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._pool = ThreadPoolExecutor(width, thread_name_prefix="aws")
        self._running: dict[Future[Any], Tag] = {}

    def __enter__(self) -> "Crew[Tag]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def full(self) -> bool:
        return len(self._running) >= self._width

    @property
    def busy_with(self) -> list[Tag]:
        return list(self._running.values())

    def begin(self, tag: Tag, call: Callable[[], Any]) -> None:
        self._running[self._pool.submit(call)] = tag

    def ended(self) -> list[tuple[Tag, Future[Any]]]:
        """The calls that ended by now, after at most a tick; each is told once."""
        done, _ = wait(self._running, TICK, FIRST_COMPLETED) if self._running else (_rest(), None)
        return [(self._running.pop(future), future) for future in done]


def _rest() -> set[Future[Any]]:
    time.sleep(TICK)
    return set()
