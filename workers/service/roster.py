"""Who may do what by the workers' own settings, asked again in the job. User groups are kept for at most a minute."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from workers.domain.actor import Actor
from workers.domain.errors import RevocationError
from workers.domain.rules import Rules
from workers.ports import SlackPeople

logger = logging.getLogger(__name__)

GOOD_FOR = 60.0
REFRESH_AFTER = 25.0
WAIT = 1.0
"""A first denial waits no longer for Slack than this, and only where nobody asked in time before."""

QUIET_FOR = 15.0
"""After Slack did not say, it is not asked again for so long: the next denial waits for nothing."""


@dataclass
class Roster:
    """The members of user groups, as Slack last said. Safe between threads."""

    clock: Callable[[], float] = time.monotonic
    _members: dict[str, tuple[float, frozenset[str]]] = field(default_factory=dict)
    _asked: dict[str, float] = field(default_factory=dict)

    def is_one_of(self, people: SlackPeople, actor: Actor, listed: Collection[str]) -> bool | None:
        """Whether `listed` (user ids and group ids) names the actor; None: it cannot be told now.

        Who acts at a terminal, or is the product itself, is on no list, and may.
        """
        if actor.kind != "slack" or actor.id in listed:
            return True
        answers = [self._of(people, group) for group in listed if group.startswith("S")]
        if any(actor.id in members for members in answers if members is not None):
            return True
        return None if None in answers else False

    def refresh(self, people: SlackPeople, rules: Rules) -> None:
        """Ask ahead for the groups of the settings, so that no denial waits for Slack. May take seconds."""
        for group in _groups((*rules.responders, *rules.approvers)):
            if self._age(group) > REFRESH_AFTER and not self._quiet(group):
                self._ask(people, group)

    def _of(self, people: SlackPeople, group: str) -> frozenset[str] | None:
        if self._age(group) > GOOD_FOR and not self._quiet(group):
            asking = threading.Thread(target=self._ask, args=(people, group), daemon=True)
            asking.start()
            asking.join(WAIT)
        return self._members[group][1] if self._age(group) <= GOOD_FOR else None

    def _ask(self, people: SlackPeople, group: str) -> None:
        self._asked[group] = at = self.clock()
        try:
            members = people.group(group)
        except RevocationError as error:
            logger.warning("group_not_read", extra={"group": group, "cause": str(error)})
            return
        self._members[group] = (at, members)
        self._asked.pop(group, None)

    def _age(self, group: str) -> float:
        return self.clock() - self._members[group][0] if group in self._members else float("inf")

    def _quiet(self, group: str) -> bool:
        """Somebody asks just now, or asked in vain a moment ago."""
        asked = self._asked.get(group)
        return asked is not None and self.clock() - asked < QUIET_FOR


def _groups(listed: Iterable[str]) -> list[str]:
    return sorted({one for one in listed if one.startswith("S")})
