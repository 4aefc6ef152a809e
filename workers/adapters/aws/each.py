"""One call for each item, some beside each other: for changes that AWS makes at once."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial

from workers.adapters.aws.attempts import Attempt, Attempts
from workers.adapters.aws.crew import Crew, seldom
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.ports import GoingOn, Item, Result

WIDTH = 4

Act = Callable[[Item], Result]
"""Changes one item. Raises AwsUnsettled (tried again later) or AwsRefused."""


def each(
    items: Sequence[Item], act: Act, *, my_turn: Callable[[], bool], going_on: GoingOn, remedy: str
) -> Iterator[Result]:
    """Each item's end as AWS tells it. Raises AwsRefused for a missing right, AwsUnsettled for what had no end."""
    attempts, may_go_on = Attempts(items, remedy), seldom(going_on)
    with Crew[Attempt](WIDTH) as crew:
        while attempts or crew.busy_with:
            if not may_go_on():
                return
            first = None if crew.full else attempts.first()
            if first is not None and my_turn():
                attempts.start(first)
                crew.begin(first, partial(act, first.item))
            for attempt, future in crew.ended():
                yield from _heard(attempts, attempt, future)
    yield from attempts.close()


def _heard(attempts: Attempts, attempt: Attempt, future: "Future[Result]") -> Iterator[Result]:
    try:
        result = future.result()
    except AwsUnsettled as error:
        attempts.again(attempt, error)
    except AwsRefused as error:
        yield from attempts.refused(attempt.item, error)
    else:
        attempts.accepted()
        yield result
