"""Which requests of one run AWS is still at work on, and which of the slots others take. Calls nothing."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.adapters.aws.assignment_calls import Listed, Status
from workers.ports import Item

OUTSTANDING = 15
"""IAM Identity Center user guide, "Quotas": so many assignments may be under way, in the whole instance."""

STUCK_AFTER = timedelta(minutes=10)
"""By AWS's clock. An assignment takes seconds, so after this a person should look."""

DESCRIBE_EVERY = 0.4
"""Seconds between two questions about one request."""


@dataclass
class Request:
    """A request that has had no end yet."""

    request_id: str
    item: Item
    created: datetime
    ended: bool = False
    """AWS no longer lists it as in progress."""
    asking: bool = False
    asked_at: float = 0.0


class Requests:
    def __init__(self) -> None:
        self._open: dict[str, Request] = {}
        self._others = 0

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, request_id: str) -> bool:
        return request_id in self._open

    def __iter__(self) -> Iterator[str]:
        return iter(self._open)

    def keep(self, status: Status, item: Item) -> None:
        """AWS is at work on it; whoever asks about it next asks anew."""
        created = status.created or status.asked_at
        kept = self._open.setdefault(status.request_id, Request(status.request_id, item, created))
        kept.ended = kept.asking = False

    def end(self, request_id: str) -> Item | None:
        """It has had its end; None where that was told before."""
        found = self._open.pop(request_id, None)
        return found.item if found else None

    def item(self, request_id: str) -> Item | None:
        return self._open[request_id].item if request_id in self._open else None

    def free(self, being_begun: int) -> bool:
        """Whether one more may be begun. One always may: what others left hanging must not stop a removal."""
        out = being_begun + sum(not request.ended for request in self._open.values())
        return out < max(1, OUTSTANDING - self._others)

    @property
    def pending(self) -> bool:
        return any(not request.ended for request in self._open.values())

    def listed(self, listed: Listed, asked_about: frozenset[str]) -> None:
        """Take in what AWS is at work on; what it does not list any more has ended."""
        self._others = sum(
            not stuck(listed.created[request_id] or listed.asked_at, listed.asked_at)
            for request_id in listed.created
            if request_id not in self._open
        )
        for request_id in asked_about & self._open.keys():
            self._open[request_id].ended = request_id not in listed.created

    def stuck(self, listed: Listed) -> list[str]:
        """Those that AWS has been at work on for too long."""
        return [
            request_id
            for request_id, request in self._open.items()
            if request_id in listed.created and stuck(request.created, listed.asked_at)
        ]

    def unheard(self) -> int:
        """How many ended, and we do not know how."""
        return sum(request.ended and not request.asking for request in self._open.values())

    def to_describe(self, *, listing_works: bool) -> Request | None:
        """The one to ask about next: one that ended; any, where AWS's list does not tell which ended."""
        before = time.monotonic() - DESCRIBE_EVERY
        fitting = [r for r in self._open.values() if (r.ended or not listing_works) and not r.asking]
        return min((r for r in fitting if r.asked_at <= before), key=lambda r: r.asked_at, default=None)

    def asks(self, request_id: str) -> None:
        if request_id in self._open:
            self._open[request_id].asking, self._open[request_id].asked_at = True, time.monotonic()

    def unanswered(self, request_id: str) -> None:
        if request_id in self._open:
            self._open[request_id].asking = False


def stuck(created: datetime, now: datetime) -> bool:
    return now - created > STUCK_AFTER
