"""What is still open in a revocation, who has it, and by when. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from workers.domain import clearance, follow_ups, ratification
from workers.domain.actor import Actor
from workers.domain.expiry import expires_at
from workers.domain.revocation import Revocation, State
from workers.domain.step import Step, StepState
from workers.domain.timing import (
    APPROVE_WITHIN,
    ATTEST_SOON,
    ATTEST_WITHIN,
    RATIFY_WITHIN,
    WRITE_WITHIN,
    Timing,
)

LOOK_AGAIN = timedelta(hours=24)
"""Who is held stays denied without an end in sight. Each handoff asks what becomes of them; where nobody hands over, a day
after it was last held somebody should say it anew: hold, release, or mend what the gate names. A day, because three shifts
have passed by then; shorter would ask people who rightly hold somebody over a night."""

_PEOPLES = (StepState.OPEN, StepState.FAILED)


@dataclass(frozen=True, kw_only=True)
class OpenItem:
    """One thing that is not done yet."""

    what: str
    """`confirm`, `write`, `ratify`, `approve`, `give_back`, `clean_up`, `start`, or a follow-up's kind."""
    owner: Actor | None
    """Who must see to it. None: whoever of `group` can, as with an approval."""
    group: Literal["responders", "approvers"] = "responders"
    due_at: datetime | None
    """By when. None: nothing runs out, because the bot is at it, or somebody said that it waits."""
    by_people: bool
    """Whether it waits for a person; else the bot does it, and a person only hears of it when it is late."""

    @property
    def key(self) -> str:
        """The same for the same item with the same due time, so that each is told once."""
        return f"{self.what}@{self.due_at.isoformat() if self.due_at else ''}"


def open_items(revocation: Revocation, timing: Timing) -> tuple[OpenItem, ...]:
    """In the order in which they fall due, those without a due time last."""
    items = list(_items(revocation, timing))
    return tuple(
        sorted(items, key=lambda item: (item.due_at is None, item.due_at or revocation.requested_at))
    )


def _items(revocation: Revocation, timing: Timing) -> Iterator[OpenItem]:
    owner, troubled = revocation.owner, revocation.trouble is not None
    match revocation.state:
        case State.REQUESTED:
            due = expires_at(revocation)
            yield OpenItem(what="confirm", owner=owner, due_at=due, by_people=revocation.user is not None)
        case State.CONFIRMED if revocation.confirmed_at is not None:
            due = revocation.confirmed_at + WRITE_WITHIN
            yield OpenItem(what="write", owner=owner, due_at=due, by_people=troubled)
        case State.RELEASING:
            yield OpenItem(what="write", owner=owner, due_at=None, by_people=troubled)
        case State.DENIED:
            yield _clean_up(revocation, timing)
    yield from _waiting(revocation)
    yield from _steps(revocation)


def _clean_up(revocation: Revocation, timing: Timing) -> OpenItem:
    """Held: for a person, `LOOK_AGAIN` after they were last held, unless a release is asked for, which ends by itself.

    Else the bot's: when it comes off, or is judged.
    """
    owner, since = revocation.owner, revocation.held_at or revocation.written_at
    if revocation.hold_open or revocation.held_because is not None:
        due = since + LOOK_AGAIN if since and revocation.release is None else None
        return OpenItem(what="clean_up", owner=owner, due_at=due, by_people=True)
    off = clearance.off_at(revocation, timing) or clearance.eligible_at(revocation, timing)
    due = off or clearance.next_step_at(revocation, timing)
    return OpenItem(what="clean_up", owner=owner, due_at=due, by_people=False)


def _waiting(revocation: Revocation) -> Iterator[OpenItem]:
    """What needs a second person is nobody's own: whoever asked cannot do it. What is given back is the bot's."""
    asked, release = revocation.ratification, revocation.release
    if asked is not None and ratification.waits(revocation):
        due = asked.asked_at + RATIFY_WITHIN
        yield OpenItem(what="ratify", owner=None, group="approvers", due_at=due, by_people=True)
    if release is not None:
        due = release.asked_at + APPROVE_WITHIN
        yield OpenItem(what="approve", owner=None, group="approvers", due_at=due, by_people=True)
    if revocation.giving_back:
        yield OpenItem(what="give_back", owner=revocation.owner, due_at=None, by_people=False)


def _steps(revocation: Revocation) -> Iterator[OpenItem]:
    """On the list all that is not settled; off it, what people must still do: the bot takes nothing there."""
    if revocation.state is State.DENIED and revocation.adopted and not revocation.steps:
        yield _to_start(revocation)
    for step in revocation.steps:
        watched = revocation.state is State.WATCHED and step.state is StepState.OPEN
        if not step.settled and (revocation.on_the_list or watched):
            yield step_item(revocation, step)


def _to_start(revocation: Revocation) -> OpenItem:
    """Nothing is planned for somebody who was found in the policy: a person must look, and press Start."""
    since = None if follow_ups.suspended(revocation) else revocation.written_at
    due = since + ATTEST_WITHIN if since else None
    return OpenItem(what="start", owner=revocation.owner, due_at=due, by_people=True)


def step_item(revocation: Revocation, step: Step) -> OpenItem:
    """A follow-up that is not settled: its assignee's, else the owner's."""
    return OpenItem(
        what=step.kind.value,
        owner=step.assignee or revocation.owner,
        due_at=_step_due(revocation, step),
        by_people=step.attested is None and (step.state in _PEOPLES or _for_a_press(revocation, step)),
    )


def _for_a_press(revocation: Revocation, step: Step) -> bool:
    """Whether the bot would do it, and somebody must press Start, or Run now, first."""
    if step.state is not StepState.WAITING:
        return False
    return _told_to_wait(revocation, step) or follow_ups.left_to_people(revocation, step)


def _told_to_wait(revocation: Revocation, step: Step) -> bool:
    bots = step.state is not StepState.OPEN
    return bots and revocation.follow_ups_wait is not None and not step.asked


def _step_due(revocation: Revocation, step: Step) -> datetime | None:
    """By when it should be done.

    None while giving back is asked for or under way, and for the bot's part after Wait: somebody decided that nothing
    is to happen now, so nothing is late. What people do goes on during a Wait, which stops the bot alone. One that was
    attested and that AWS does not confirm yet is doubted an hour later. What is the bot's should be gone an hour after
    its start; where a press is waited for, an hour after the denial, for until then that way back in stands open.
    """
    if follow_ups.suspended(revocation) or _told_to_wait(revocation, step):
        return None
    if step.attested is not None:
        return step.attested.at + ATTEST_SOON
    if step.due_at is not None:
        return step.due_at
    since = revocation.follow_ups_started_at or revocation.follow_ups_at or revocation.written_at
    return since + ATTEST_SOON if since else None


def to_be_told(revocation: Revocation, timing: Timing) -> tuple[OpenItem, ...]:
    """What a person must do by a time, and nobody is called for otherwise when that has passed."""
    return tuple(
        item
        for item in open_items(revocation, timing)
        if item.by_people and item.due_at is not None and item.what not in _LOUD_ALREADY
    )


def overdue(revocation: Revocation, timing: Timing, now: datetime) -> tuple[OpenItem, ...]:
    """What a person should have done by now. What the bot does itself is late by its own alarms."""
    late = to_be_told(revocation, timing)
    return tuple(item for item in late if item.due_at is not None and now >= item.due_at)


_LOUD_ALREADY = frozenset({"confirm", "write", "ratify", "approve"})
"""These have their own loud ends: expired, NOT DENIED, escalated, lapsed."""
