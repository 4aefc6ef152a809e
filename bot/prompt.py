"""Slack's answers in time: asked beside each other, kept a while, and waited for one second in all."""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

logger = logging.getLogger(__name__)

FRESH_FOR = 60.0
KEPT_FOR = 900.0
"""An answer this old still counts where Slack gives no newer one in time: it must not bar a first denial."""

ANSWER_WITHIN = 1.0
"""Of Slack's three seconds for the ack; Redis needs the rest when it is slow too."""

Questions = Mapping[Hashable, Callable[[], Any]]


@dataclass
class Prompt:
    """Safe to share between threads. A late answer is kept for the next question."""

    within: float = ANSWER_WITHIN
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16, "prompt"))
    _kept: dict[Hashable, tuple[float, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answers(self, questions: Questions) -> dict[Hashable, Any]:
        """The answers by question; one that was never had is not among them. Never raises."""
        fresh = {question for question in questions if self._age(question) < FRESH_FOR}
        asked = [self._ask(question, ask) for question, ask in questions.items() if question not in fresh]
        wait(asked, timeout=self.within)
        with self._lock:
            kept = {question: self._kept[question] for question in questions if question in self._kept}
        return {q: answer for q, (at, answer) in kept.items() if time.monotonic() - at < KEPT_FOR}

    def refresh(self, questions: Questions) -> None:
        """Ask now, so that the answers are there when somebody waits. Waits for nothing itself."""
        for question, ask in questions.items():
            self._ask(question, ask)

    def _ask(self, question: Hashable, ask: Callable[[], Any]) -> "Future[None]":
        return self._pool.submit(self._keep, question, ask)

    def _keep(self, question: Hashable, ask: Callable[[], Any]) -> None:
        try:
            answer = ask()
        except Exception as error:
            logger.warning("slack_did_not_answer", extra={"question": str(question), "cause": str(error)})
            return
        with self._lock:
            self._kept[question] = (time.monotonic(), answer)

    def _age(self, question: Hashable) -> float:
        with self._lock:
            at, _ = self._kept.get(question, (float("-inf"), None))
        return time.monotonic() - at
