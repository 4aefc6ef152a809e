"""The items of one run that wait to be tried, and what their failures mean."""

import random
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from workers.adapters.aws.failures import DENIED
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.ports import Item, Result

TRIES = 8
"""So often an item is tried in one run, over about half a minute."""

LONGEST_PAUSE = 8.0

NO_RIGHT_AFTER = 3
"""So many refusals, and nothing accepted, mean that the right is missing for the whole operation."""


@dataclass
class Attempt:
    item: Item
    tries: int = 0
    not_before: float = 0.0


class Attempts:
    """Busy and lost answers are tried again later, refusals become failed results, a missing right ends the run."""

    def __init__(self, items: Iterable[Item], remedy: str) -> None:
        """`remedy`: the sentence that says what to do about an item that failed."""
        self._waiting = deque(Attempt(item) for item in {item.key: item for item in items}.values())
        self._remedy = remedy
        self._accepted = False
        self._denied: list[tuple[Item, AwsRefused]] = []
        self._given_up: AwsUnsettled | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def first(self) -> Attempt | None:
        """The first that is due; it waits until `start`."""
        now = time.monotonic()
        return next((attempt for attempt in self._waiting if attempt.not_before <= now), None)

    def start(self, attempt: Attempt) -> None:
        """It is being tried, and waits no longer."""
        self._waiting.remove(attempt)

    def drop(self, key: str) -> Item | None:
        """Take one that waits out of the run."""
        found = next((attempt for attempt in self._waiting if attempt.item.key == key), None)
        if found is not None:
            self._waiting.remove(found)
        return found.item if found else None

    def accepted(self) -> None:
        """AWS took one: the right is there."""
        self._accepted = True

    def again(self, attempt: Attempt, error: AwsUnsettled) -> None:
        """Try it later, unless it was tried often enough."""
        attempt.tries += 1
        if attempt.tries >= TRIES:
            self._given_up = error
            return
        pause = min(LONGEST_PAUSE, 0.5 * 2 ** (attempt.tries - 1))
        attempt.not_before = time.monotonic() + pause * random.uniform(0.7, 1.0)
        self._waiting.append(attempt)

    def refused(self, item: Item, error: AwsRefused) -> Iterator[Result]:
        """The failed result; nothing yet while it may be the right that is missing. Raises AwsRefused where it is."""
        if error.code == "settings":
            raise error
        if error.code not in DENIED:
            yield self.failed(item, str(error))
            return
        self._denied.append((item, error))
        if not self._accepted and len(self._denied) >= NO_RIGHT_AFTER:
            raise error

    def failed(self, item: Item, cause: str) -> Result:
        return Result(item=item, failed=f"{item.name}: {cause} {self._remedy}")

    def close(self) -> Iterator[Result]:
        """What is left to tell at the end of a run. Raises AwsRefused or AwsUnsettled for what had no end."""
        for item, error in self._denied:
            if not self._accepted:
                raise error
            yield self.failed(item, str(error))
        self.check()

    def check(self) -> None:
        """Raise AwsUnsettled where something was tried often enough, and had no end."""
        if self._given_up is not None:
            raise self._given_up
