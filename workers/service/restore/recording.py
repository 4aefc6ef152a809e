"""How giving back goes into the record: the intent, each outcome, the next look, the end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workers.domain import follow_ups
from workers.domain.actor import SYSTEM
from workers.domain.revocation import Note, Restore, Revocation
from workers.domain.step import Kind, Step, StepState
from workers.domain.timing import STEP_ALIVE
from workers.ports import SHOW, Change, Decide, Item, Job, Result, Wake
from workers.service.follow_ups import items
from workers.service.intake.releasing import released

NAMED = 20
"""So many failures stand in the record; the log has all."""

TOLD = 3
"""So many are named in the channel."""


def running(revocation: Revocation, restore: Restore) -> Restore | None:
    """The restore as it stands now, if it still is this one and goes on."""
    now = revocation.restore
    mine = now is not None and now.ended_at is None and now.approved_at == restore.approved_at
    return now if mine else None


def intent(restore: Restore, kind: Kind, missing: Sequence[Item]) -> Decide:
    """What is about to be given back. The 12-hour clocks stop before it is: from now on access may be there."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        mine = running(current, restore)
        if mine is None:
            return None
        changed = replace(_clocks_stopped(current), restore=replace(mine, again_at=now + STEP_ALIVE))
        detail = {"kind": kind.value, "items": items.listed(missing)}
        return Change(record=changed, event="giving_back", actor=SYSTEM, detail=detail, wakes=(SHOW,))

    return decide


def progress(restore: Restore, kind: Kind, ended: Sequence[Result]) -> Decide:
    """The outcome of some items, with AWS's request ids."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        mine = running(current, restore)
        if mine is None:
            return None
        failed = [f"{result.item.name}: {result.failed}" for result in ended if result.failed]
        told = replace(
            mine,
            given=mine.given + len(ended) - len(failed),
            failed=(*mine.failed, *failed)[:NAMED],
            again_at=now + STEP_ALIVE,
        )
        changed = replace(_clocks_stopped(current), restore=told)
        detail = {"kind": kind.value, "items": items.results(ended)}
        return Change(record=changed, event="given_back", actor=SYSTEM, detail=detail, wakes=(SHOW,))

    return decide


def _clocks_stopped(current: Revocation) -> Revocation:
    return replace(current, no_mint_at=None, disabled_since=None, notice_at=None, clean_up_given_by=None)


def again(restore: Restore, *, progressed: bool) -> Decide:
    """Something is left: at once where this run got on, after a while where it did not."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        mine = running(current, restore)
        if mine is None:
            return None
        attempts = 0 if progressed else mine.attempts + 1
        wait = timedelta(0) if progressed else follow_ups.backoff(attempts)
        changed = replace(current, restore=replace(mine, attempts=attempts, again_at=now + wait))
        wakes = (Wake(Job.RESTORE, None if progressed else now + wait), SHOW)
        return Change(record=changed, event="restore_goes_on", actor=SYSTEM, wakes=wakes)

    return decide


@dataclass(frozen=True)
class Tally:
    """How a restore ended: how many were given back of each kind that the user has again, and what failed."""

    given: Mapping[Kind, int]
    failed: tuple[str, ...]
    there: int
    """How many of the list somebody else had given back by then."""


def end(restore: Restore, tally: Tally, doubts: Sequence[str], stays: str) -> Decide:
    """Nothing is left to give back. A false alarm is released now, unless `stays` says why not.

    `doubts` are sentences for a person who must look.
    """

    def decide(current: Revocation, now: datetime) -> Change | None:
        mine = running(current, restore)
        if mine is None:
            return None
        given = sum(tally.given.values())
        over = replace(mine, ended_at=now, again_at=None, given=given, failed=_named(tally.failed))
        changed = replace(_waiting_anew(current, tally.given, now), restore=over)
        changed = _clocks_stopped(changed) if tally.given else changed
        goes = mine.then_release and current.on_the_list and not stays
        changed = released(changed, (mine.asked_by, mine.approved_by)) if goes else changed
        said = _said(over, tally, (*doubts, *([stays] if stays else [])))
        needed = bool(tally.failed or doubts or stays)
        kind = "restore_failed" if needed else "restored"
        changed = changed.noting(Note(kind=kind, at=now, detail=said, broadcast=needed))
        wakes = (Wake(Job.CONTAIN) if goes else Wake(Job.READ_REACH), SHOW)
        detail = {
            "given": {kind.value: count for kind, count in tally.given.items()},
            "there": tally.there,
            "failed": list(tally.failed),
            "doubts": [*doubts],
            "stays": stays,
        }
        return Change(record=changed, event="restored", actor=SYSTEM, detail=detail, wakes=wakes)

    return decide


def _named(failed: Sequence[str]) -> tuple[str, ...]:
    more = len(failed) - NAMED
    return (*failed[:NAMED], *([f"And {more} more; the log has all."] if more > 0 else []))


def _waiting_anew(current: Revocation, again: Mapping[Kind, int], now: datetime) -> Revocation:
    """What the user has again is not taken again by itself, nor told as having come back; Start begins anew."""
    for kind, count in again.items():
        step = current.step(kind)
        if step is not None:
            current = current.with_step(_given_back(step, count, now))
    # Whoever can sign in again may have a session that nobody ended.
    return follow_ups.sessions_again(current, now) if Kind.SIGN_IN in again else current


def _given_back(step: Step, count: int, now: datetime) -> Step:
    return replace(
        step,
        state=StepState.WAITING,
        gone=max(0, step.gone - count),
        detail=f"{'Given back' if count else 'There again'} at {now:%Y-%m-%d %H:%M} UTC.",
        residual=(),
        attested=None,
        asked=False,
        anyway=False,
        attempts=0,
        comebacks=0,
        started_at=None,
        ended_at=None,
        again_at=None,
    )


def _said(over: Restore, tally: Tally, doubts: Iterable[str]) -> str:
    count, there, failed = over.diff.count, tally.there, tally.failed
    sentences = [f"{over.given} of {count} given back." if count else "There was nothing to give back."]
    sentences += [f"{there} {'was' if there == 1 else 'were'} there already."] if there else []
    sentences += [f"{len(failed)} could not be given back: {' '.join(failed[:TOLD])}"] if failed else []
    sentences += [f"And {len(failed) - TOLD} more; the log has all."] if len(failed) > TOLD else []
    by_hand = [f"By hand: {' '.join(over.diff.by_hand)}"] if over.diff.by_hand else []
    return " ".join([*sentences, *doubts, *by_hand])
