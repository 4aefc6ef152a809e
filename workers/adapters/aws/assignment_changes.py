"""One run that makes or takes away many account assignments, as fast as AWS allows, and hears the end of each."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from workers.adapters.aws.assignment_calls import NOT_FOUND, AssignmentCalls, Listed, Status
from workers.adapters.aws.assignment_requests import OUTSTANDING, STUCK_AFTER, Requests, stuck
from workers.adapters.aws.attempts import Attempt, Attempts
from workers.adapters.aws.crew import Crew, seldom
from workers.adapters.aws.failures import DENIED, THROTTLED
from workers.adapters.aws.pacing import SSO_ADMIN, Pace
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.ports import GoingOn, Item, Result

LIST_EVERY, LIST_EVERY_WHEN_FULL, LIST_EVERY_WHEN_FREE = 0.4, 0.15, 0.8
"""Seconds. While every slot is taken there is nothing to send, so a free one is looked for more often."""

QUESTION_EVERY = 1.0
"""Seconds between two questions about ends while something waits to be sent, which goes first."""

MANY = 5
"""From so many ends on, AWS's list of what succeeded is read before each is asked about by itself."""

PAGES_IN_VAIN = 3
"""So many pages of that list without one of ours, and it is not read any more: AWS sorts it as it likes."""

LISTINGS_FAIL = 2
WIDTH = OUTSTANDING + 3

log = logging.getLogger(__name__)

NotFound = Callable[[Item], Result]
"""What it means that AWS does not find what an item is about. May call AWS; raises AwsRefused or AwsUnsettled."""


@dataclass(frozen=True)
class _Begin:
    attempt: Attempt


@dataclass(frozen=True)
class _List:
    """`looks`: for requests of an earlier run, or whose answer was lost."""

    asked_about: frozenset[str]
    looks: bool


@dataclass(frozen=True)
class _Identify:
    request_id: str


@dataclass(frozen=True)
class _Describe:
    request_id: str


@dataclass(frozen=True)
class _Succeeded:
    """Reads a page of AWS's list of what succeeded."""


_Tag = _Begin | _List | _Identify | _Describe | _Succeeded
_Step = tuple[_Tag, Callable[[], Any]]
_Told = Iterator[Result]


class AssignmentChanges:
    """Made for one run. What is under way when a run ends is found by the next, in AWS's list of requests."""

    def __init__(
        self, calls: AssignmentCalls, pace: Pace, items: Sequence[Item], not_found: NotFound
    ) -> None:
        self._calls, self._pace, self._not_found = calls, pace, not_found
        self._attempts = Attempts(items, calls.verb.remedy)
        self._ours = {_key_of(item): item.key for item in items}
        self._requests = Requests()
        self._crew = Crew[_Tag](WIDTH)
        self._looks, self._unknown, self._foreign = True, deque[str](), set[str]()
        self._lists, self._lists_failed, self._listed_at = True, 0, 0.0
        self._bulk, self._page, self._in_vain, self._asked_at = True, "", 0, 0.0

    def run(self, going_on: GoingOn) -> Iterator[Result]:
        """Each item's end as AWS tells it. Raises AwsRefused for a missing right, AwsUnsettled for what had no end."""
        may_go_on = seldom(going_on)
        with self._crew:
            while self._attempts or self._requests or self._doing(_Begin):
                if not may_go_on():
                    return
                step = None if self._crew.full else self._next()
                if step is not None and self._pace.take(SSO_ADMIN):
                    self._make(*step)
                for tag, future in self._crew.ended():
                    yield from self._heard(tag, future)
        yield from self._attempts.close()

    def _doing(self, *kinds: type[Any]) -> int:
        return sum(isinstance(tag, kinds) for tag in self._crew.busy_with)

    # What to ask next: first what is under way already, then changes, then how they ended.

    def _next(self) -> _Step | None:
        if self._lists and not self._doing(_List) and (self._looks or self._list_is_due()):
            return _List(frozenset(self._requests), self._looks), self._calls.in_progress
        if self._unknown:
            request_id = self._unknown[0]
            return _Identify(request_id), lambda: self._calls.describe(request_id)
        question = None if self._hurry() else self._next_question()
        return question or self._next_change()

    def _hurry(self) -> bool:
        """Whether turns are kept for what waits to be sent; without the list, questions alone tell of free slots."""
        soon = time.monotonic() - self._asked_at < QUESTION_EVERY
        waits = self._lists or self._requests.free(self._doing(_Begin))
        return soon and waits and len(self._attempts) > 0

    def _list_is_due(self) -> bool:
        pause = LIST_EVERY
        if self._attempts:
            free = self._requests.free(self._doing(_Begin))
            pause = LIST_EVERY_WHEN_FREE if free else LIST_EVERY_WHEN_FULL
        return self._requests.pending and time.monotonic() - self._listed_at >= pause

    def _next_change(self) -> _Step | None:
        looking = self._looks or self._doing(_Identify) or any(_looks(tag) for tag in self._crew.busy_with)
        if (looking and self._lists) or not self._requests.free(self._doing(_Begin)):
            return None
        attempt = self._attempts.first()
        if attempt is None:
            return None
        return _Begin(attempt), lambda: self._calls.begin(attempt.item) or self._not_found(attempt.item)

    def _next_question(self) -> _Step | None:
        if self._bulk and self._lists and self._requests.unheard() >= MANY and not self._doing(_Succeeded):
            return _Succeeded(), partial(self._calls.succeeded, self._page)
        request = self._requests.to_describe(listing_works=self._lists)
        if request is None:
            return None
        return _Describe(request.request_id), lambda: self._calls.describe(request.request_id)

    def _make(self, tag: _Tag, call: Callable[[], Any]) -> None:
        match tag:
            case _Begin(attempt):
                self._attempts.start(attempt)
            case _List():
                self._looks, self._listed_at = False, time.monotonic()
            case _Identify():
                self._unknown.popleft()
            case _Describe(request_id):
                self._asked_at = time.monotonic()
                self._requests.asks(request_id)
            case _Succeeded():
                self._asked_at = time.monotonic()
        self._crew.begin(tag, call)

    # What an answer means.

    def _heard(self, tag: _Tag, future: "Future[Any]") -> _Told:
        match tag:
            case _Begin(attempt):
                yield from self._begun(attempt, future)
            case _List():
                yield from self._listed(tag, future)
            case _Identify():
                yield from self._identified(future)
            case _Describe(request_id):
                yield from self._described(request_id, future)
            case _Succeeded():
                yield from self._succeeded(future)

    def _begun(self, attempt: Attempt, future: "Future[Status | Result]") -> _Told:
        try:
            told = future.result()
        except AwsUnsettled as error:
            self._attempts.again(attempt, error)
            # It may have been begun, by this call or by an earlier run.
            self._looks = self._looks or error.code not in THROTTLED
        except AwsRefused as error:
            yield from self._attempts.refused(attempt.item, error)
        else:
            self._attempts.accepted()
            yield from [told] if isinstance(told, Result) else self._told(told, attempt.item)

    def _told(self, status: Status, item: Item) -> _Told:
        self._requests.keep(status, item)
        if status.state == "SUCCEEDED":
            yield from self._ended(status.request_id)
        elif status.state == "FAILED":
            reason = status.reason.rstrip(".") or "nothing more"
            yield from self._ended(status.request_id, f"{self._calls.verb.not_done}, and says: {reason}.")
        elif stuck(status.created or status.asked_at, status.asked_at):
            yield from self._ended(status.request_id, self._stuck_words())

    def _ended(self, request_id: str, cause: str = "") -> _Told:
        item = self._requests.end(request_id)
        if item is not None:
            failed = self._attempts.failed(item, cause).failed if cause else None
            yield Result(item=item, request_id=request_id, failed=failed)

    def _stuck_words(self) -> str:
        minutes = int(STUCK_AFTER.total_seconds() // 60)
        return f"{self._calls.verb.not_done}, and has been at it for over {minutes} minutes."

    def _listed(self, tag: _List, future: "Future[Listed]") -> _Told:
        try:
            listed = future.result()
        except (AwsRefused, AwsUnsettled) as error:
            self._no_list(tag, error)
            return
        self._requests.listed(listed, tag.asked_about)
        if tag.looks:
            self._unknown.extend(listed.created.keys() - set(self._requests) - self._foreign)
        for request_id in self._requests.stuck(listed):
            yield from self._ended(request_id, self._stuck_words())

    def _no_list(self, tag: _List, error: AwsRefused | AwsUnsettled) -> None:
        """Without the list each request is asked about in turn; AWS itself refuses to begin one twice."""
        self._looks = self._looks or tag.looks
        self._lists_failed += error.code not in THROTTLED
        if isinstance(error, AwsRefused) or self._lists_failed >= LISTINGS_FAIL:
            log.info("AWS does not list the requests", extra={"cause": str(error)})
            self._lists = False

    def _identified(self, future: "Future[Status]") -> _Told:
        """One of ours that is under way is not begun again; its end is awaited."""
        try:
            status = future.result()
        except (AwsRefused, AwsUnsettled) as error:
            self._check_right(error)
            return
        key = self._ours.get(_key_of_row(status.row))
        if key is None:
            self._foreign.add(status.request_id)
        elif (item := self._attempts.drop(key)) is not None:
            yield from self._told(status, item)

    def _described(self, request_id: str, future: "Future[Status]") -> _Told:
        try:
            status = future.result()
        except AwsUnsettled:
            self._requests.unanswered(request_id)
        except AwsRefused as error:
            self._check_right(error)
            yield from self._ended(request_id, _forgotten(error))
        else:
            item = self._requests.item(request_id)
            if item is not None:
                yield from self._told(status, item)

    def _succeeded(self, future: "Future[tuple[frozenset[str], str]]") -> _Told:
        try:
            ids, self._page = future.result()
        except (AwsRefused, AwsUnsettled):
            self._bulk = False
            return
        found = ids & set(self._requests)
        self._in_vain = 0 if found else self._in_vain + 1
        self._bulk = self._in_vain < PAGES_IN_VAIN
        for request_id in found:
            yield from self._ended(request_id)

    @staticmethod
    def _check_right(error: AwsRefused | AwsUnsettled) -> None:
        """Without the right to ask how it ended, nothing can be said of any item."""
        if isinstance(error, AwsRefused) and error.code in DENIED | {"settings"}:
            raise error


def _forgotten(error: AwsRefused) -> str:
    return "AWS no longer says what became of it." if error.code == NOT_FOUND else str(error)


def _looks(tag: _Tag) -> bool:
    return isinstance(tag, _List) and tag.looks


def _key_of(item: Item) -> tuple[str, ...]:
    return item.data["account_id"], item.data["permission_set_arn"], "USER", item.data["user_id"]


def _key_of_row(row: Any) -> tuple[str, ...]:
    return tuple(str(row.get(n)) for n in ("TargetId", "PermissionSetArn", "PrincipalType", "PrincipalId"))
