"""The Slack workspace that we are in, as Slack said it once; for links."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from workers.domain.errors import SlackAway, SlackRefused
from workers.ports import SlackPeople

logger = logging.getLogger(__name__)

QUIET_FOR = 15.0


@dataclass
class Workspace:
    """Kept for as long as the process lives. Safe between threads: at worst it is asked twice."""

    clock: Callable[[], float] = time.monotonic
    _domain: str | None = None
    _asked: float | None = None

    def domain(self, people: SlackPeople) -> str:
        """Empty where Slack does not tell now; links then fall back. Never raises."""
        quiet = self._asked is not None and self.clock() - self._asked < QUIET_FOR
        if self._domain is None and not quiet:
            self._asked = self.clock()
            self._domain = _asked(people)
        return self._domain or ""


def _asked(people: SlackPeople) -> str | None:
    try:
        return people.ourselves().workspace
    except (SlackAway, SlackRefused) as error:
        logger.info("workspace_not_known", extra={"cause": str(error)})
        return None
