"""Answers that are waited for so long and no longer."""

import logging
import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from workers.domain.errors import RevocationError

logger = logging.getLogger(__name__)

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T | None:
    """The answer of `call`; None where it fails or takes longer, and then it runs on by itself. Never raises."""
    answers: queue.SimpleQueue[T | None] = queue.SimpleQueue()
    threading.Thread(target=lambda: answers.put(_quietly(call)), daemon=True).start()
    try:
        return answers.get(timeout=seconds)
    except queue.Empty:
        return None


def _quietly(call: Callable[[], T]) -> T | None:
    try:
        return call()
    except RevocationError as error:
        logger.warning("time_boxed_call_failed", extra={"cause": str(error)})
    except Exception:
        logger.exception("time_boxed_call_broke")
    return None
