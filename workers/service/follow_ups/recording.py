"""How a follow-up's state goes into the record. Each is one change of one step, decided on the record as it is then."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from workers.domain import follow_ups
from workers.domain.actor import SYSTEM
from workers.domain.revocation import Note, Revocation
from workers.domain.rules import Rules
from workers.domain.step import Kind, Step, StepState
from workers.domain.timing import ATTEST_SOON, STEP_ALIVE, Timing
from workers.ports import SHOW, Change, Decide, Item, Job, Result, Wake
from workers.service.follow_ups import items

MOST_ATTEMPTS = 8
"""Tries without a clear answer, over about four minutes; then a person hears of it, and it is tried more seldom."""

NAMED = 3
"""So many of what failed are named on the card; the log has all."""

Edit = Callable[[Step, datetime], Step]


def _edited(
    kind: Kind, event: str, edit: Edit, *, detail: dict[str, Any] | None = None, wakes: tuple[Wake, ...] = ()
) -> Decide:
    def edited(current: Revocation, now: datetime) -> Change | None:
        step = current.step(kind)
        if step is None:
            return None
        changed = edit(step, now)
        record = current.with_step(changed).noting(*_told(step, changed, now))
        said = {"step": kind.value, **(detail or {})}
        return Change(record=record, event=event, actor=SYSTEM, detail=said, wakes=(SHOW, *wakes))

    return edited


def _told(before: Step, after: Step, now: datetime) -> list[Note]:
    """Who must act hears of it once; what ended well is told without waking anybody."""
    if after.state is StepState.FAILED and after.told != before.told:
        return [Note(kind="step_failed", at=now, broadcast=True, detail=f"{after.kind}: {after.detail}")]
    if after.settled and not before.settled:
        return [Note(kind="step_done", at=now, detail=after.kind.value)]
    return []


def running(kind: Kind, taken: Sequence[Item], rules: Rules, scope: follow_ups.Scope) -> Decide:
    """The intent, with every item that is about to be removed; None where the scope has changed meanwhile."""
    detail = {"kind": kind.value, "items": items.listed(taken)}

    def decide(current: Revocation, now: datetime) -> Change | None:
        step = current.step(kind)
        if step is None or follow_ups.scope(current, step, rules) is not scope:
            return None
        edited = _edited(kind, "removing", lambda step, now: _begun(step, len(taken), now), detail=detail)
        return edited(current, now)

    return decide


def _begun(step: Step, count: int, now: datetime) -> Step:
    if step.state in (StepState.RUNNING, StepState.FAILED):
        # A run goes on: what is left is read, so what is gone is known whatever a killed run could not record.
        gone, total = max(0, step.total - count), max(step.total, count)
    else:
        gone, total = step.gone, max(step.total, step.gone + count)
    return replace(
        step,
        state=StepState.RUNNING,
        gone=gone,
        total=total,
        started_at=step.started_at or now,
        detail="",
        again_at=now + STEP_ALIVE,
    )


def progress(kind: Kind, ended: Sequence[Result]) -> Decide:
    """The outcome of some items, with AWS's request ids."""
    gone = [result for result in ended if result.failed is None]

    def edit(step: Step, now: datetime) -> Step:
        return replace(
            step,
            gone=step.gone + len(gone),
            residual=_residual(step, gone),
            again_at=now + STEP_ALIVE,
        )

    return _edited(kind, "removed", edit, detail={"kind": kind.value, "items": items.results(ended)})


def _residual(step: Step, gone: Sequence[Result]) -> tuple[str, ...]:
    synced = [
        f"{result.item.name} belongs to your identity provider: take the user out there too, or the next sync puts "
        "them back."
        for result in gone
        if result.item.synced
    ]
    return tuple(dict.fromkeys((*step.residual, *synced)))


def done(kind: Kind, *, residual: Sequence[str] = (), detail: str = "") -> Decide:
    """Read back from AWS: nothing of this kind is left. The clock is read at once."""

    def edit(step: Step, now: datetime) -> Step:
        return replace(
            step,
            state=StepState.DONE,
            ended_at=now,
            detail=detail,
            told="",
            again_at=None,
            attempts=0,
            total=step.gone,
            residual=tuple(dict.fromkeys((*step.residual, *residual))),
        )

    return _edited(kind, "step_done", edit, wakes=(Wake(Job.READ_REACH),))


def not_in_use(kind: Kind) -> Decide:
    return _edited(
        kind,
        "step_not_in_use",
        lambda step, now: replace(step, state=StepState.NOT_IN_USE, ended_at=now, detail="", again_at=None),
    )


def gaps_closed(kind: Kind) -> Decide:
    """What the Deny policy does not reach is gone; the rest waits for its time."""
    return _edited(
        kind,
        "gaps_closed",
        lambda step, now: replace(step, state=StepState.WAITING, detail="", again_at=None, attempts=0),
        wakes=(Wake(Job.READ_REACH),),
    )


def more(kind: Kind, job: Job) -> Decide:
    """This run's time is over and something is left: the next one goes on."""
    return _edited(
        kind,
        "step_goes_on",
        lambda step, now: replace(step, again_at=now + STEP_ALIVE, attempts=0),
        wakes=(Wake(job),),
    )


def stopped(kind: Kind) -> Decide:
    """Somebody said Wait, or asked to give back; it goes on when that is over."""
    return _edited(
        kind,
        "step_stopped",
        lambda step, now: replace(step, state=StepState.WAITING, detail="", again_at=None),
    )


def failed(kind: Kind, timing: Timing, sentence: str) -> Decide:
    """A person must look within the hour; it is also tried again by itself, seldom, and is due no later for that."""

    def edit(step: Step, now: datetime) -> Step:
        due = step.due_at if step.told == sentence else None
        return replace(
            step,
            state=StepState.FAILED,
            detail=sentence,
            told=sentence,
            due_at=due or now + ATTEST_SOON,
            again_at=now + timing.read_again,
            attempts=0,
        )

    return _edited(kind, "step_failed", edit)


def items_failed(kind: Kind, timing: Timing, ended: Sequence[Result]) -> Decide:
    sentences = [f"{result.item.name}: {result.failed}" for result in ended if result.failed]
    more_ = f" And {len(sentences) - NAMED} more." if len(sentences) > NAMED else ""
    what = f"{len(sentences)} could not be removed. {' '.join(sentences[:NAMED])}{more_}"
    return failed(kind, timing, what)


def later(kind: Kind, timing: Timing, sentence: str) -> Decide:
    """No clear answer: again after a while; after many tries a person hears of it."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        step = current.step(kind)
        if step is not None and step.attempts + 1 >= MOST_ATTEMPTS:
            return failed(kind, timing, sentence)(current, now)
        return _edited(kind, "step_unsettled", lambda step, now: _unsettled(step, now, sentence))(
            current, now
        )

    return decide


def _unsettled(step: Step, now: datetime, sentence: str) -> Step:
    again = now + follow_ups.backoff(step.attempts)
    return replace(step, attempts=step.attempts + 1, detail=sentence, again_at=again)
