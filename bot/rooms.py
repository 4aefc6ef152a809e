"""Which channel a revocation's card goes to. Slack is asked, but not waited for."""

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from bot.deps import Deps
from workers.ports import SlackRoom

ANSWER_WITHIN = 1.0
"""Of Slack's three seconds for the ack."""


@dataclass(frozen=True)
class Rooms:
    """Decides by design: where it was typed, if only the right people read there; else the incident channel."""

    deps: Deps
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, "rooms"))

    def for_card(self, typed_in: str, targets: frozenset[str]) -> str:
        """The channel id. Any doubt, and any delay, means the incident channel. Never raises."""
        incident = self.deps.rules.incident_channel
        if typed_in == incident:
            return incident
        room = self.pool.submit(self.deps.people.room, typed_in)
        members = self.pool.submit(self.deps.people.members, typed_in)
        both: list[Future[Any]] = [room, members]
        done, _ = wait(both, timeout=ANSWER_WITHIN)
        fit = len(done) == 2 and _fits(room, members, targets)
        return typed_in if fit else incident


def _fits(room: "Future[SlackRoom]", members: "Future[frozenset[str]]", targets: frozenset[str]) -> bool:
    if room.exception() is not None or members.exception() is not None:
        return False
    found = room.result()
    private = found.is_private and found.is_member and not found.is_shared and not found.is_archived
    return private and not targets & members.result()
