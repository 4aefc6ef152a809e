"""Slack's answers in time: asked beside each other, kept a while, and waited for one second in all.

A question is a tuple that begins with what is asked for: `("person", "U...")`. That word decides how long its answer
may be used.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

logger = logging.getLogger(__name__)

FRESH_FOR = 60.0
KEPT_FOR = 900.0
"""An answer this old still counts where Slack gives no newer one in time: it must not bar a first denial."""

LIFETIMES = {"group": 60.0, "ourselves": math.inf}
"""Who is in a user group has rights: whoever was taken out has none a minute later. What our token is never changes."""

ANSWER_WITHIN = 1.0
"""Of Slack's three seconds for the ack; Redis needs the rest when it is slow too."""

Question = tuple[str, ...]
Questions = Mapping[Question, Callable[[], Any]]


@dataclass
class Prompt:
    """Safe to share between threads. A late answer is kept for the next question."""

    within: float = ANSWER_WITHIN
    clock: Callable[[], float] = time.monotonic
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(16, "prompt"))
    _kept: dict[Question, tuple[float, Any]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answers(self, questions: Questions) -> dict[Question, Any]:
        """The answers by question; one that was never had, or is too old, is not among them. Never raises."""
        fresh = {question for question in questions if self._age(question) < FRESH_FOR}
        asked = [self._ask(question, ask) for question, ask in questions.items() if question not in fresh]
        wait(asked, timeout=self.within)
        return {question: answer for question in questions for answer in self._usable(question)}

    def refresh(self, questions: Questions) -> None:
        """Ask now, so that the answers are there when somebody waits. Waits for nothing itself."""
        for question, ask in questions.items():
            self._ask(question, ask)

    def known(self, question: Question) -> Any | None:
        """What is known without asking; None: nothing is."""
        return next(iter(self._usable(question)), None)

    def _usable(self, question: Question) -> tuple[Any, ...]:
        """The answer alone, or nothing."""
        with self._lock:
            at, answer = self._kept.get(question, (-math.inf, None))
        return (answer,) if self.clock() - at < LIFETIMES.get(question[0], KEPT_FOR) else ()

    def _ask(self, question: Question, ask: Callable[[], Any]) -> "Future[None]":
        return self._pool.submit(self._keep, question, ask)

    def _keep(self, question: Question, ask: Callable[[], Any]) -> None:
        at = self.clock()  # an answer is as old as its question: it may have waited on the way
        try:
            answer = ask()
        except Exception as error:
            logger.warning("slack_did_not_answer", extra={"question": str(question), "cause": str(error)})
            return
        with self._lock:
            if at >= self._kept.get(question, (-math.inf, None))[0]:
                self._kept[question] = (at, answer)

    def _age(self, question: Question) -> float:
        with self._lock:
            at, _ = self._kept.get(question, (-math.inf, None))
        return self.clock() - at
