"""Slack's answers in time: asked beside each other, kept for a minute, and waited for one second in all."""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

logger = logging.getLogger(__name__)

CACHED_FOR = 60.0

ANSWER_WITHIN = 1.0
"""Of Slack's three seconds for the ack; Redis needs the rest when it is slow too."""


@dataclass
class Prompt:
    """Safe to share between threads."""

    within: float = ANSWER_WITHIN
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16, "prompt"))
    _kept: dict[Hashable, tuple[float, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answers(self, questions: Mapping[Hashable, Callable[[], Any]]) -> dict[Hashable, Any]:
        """The answers by question; one that failed or is late is not among them. Never raises."""
        known = {question: kept for question in questions if (kept := self._fresh(question)) is not None}
        asked = {q: self._pool.submit(ask) for q, ask in questions.items() if q not in known}
        wait(asked.values(), timeout=self.within)
        return {q: kept[0] for q, kept in known.items()} | {
            question: self._keep(question, future)
            for question, future in asked.items()
            if _answered(question, future)
        }

    def _fresh(self, question: Hashable) -> tuple[Any] | None:
        with self._lock:
            at, answer = self._kept.get(question, (0.0, None))
        return (answer,) if at and time.monotonic() - at < CACHED_FOR else None

    def _keep(self, question: Hashable, future: "Future[Any]") -> Any:
        with self._lock:
            self._kept[question] = (time.monotonic(), future.result())
        return future.result()


def _answered(question: Hashable, future: "Future[Any]") -> bool:
    late = not future.done()
    if late or future.exception() is not None:
        cause = "late" if late else str(future.exception())
        logger.warning("slack_did_not_answer", extra={"question": str(question), "cause": cause})
        return False
    return True
