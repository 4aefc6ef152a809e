"""People ask that what was taken is given back: alone, or as a false alarm, where the release follows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from workers.cards.text import inert
from workers.domain.due import JOB_LATE
from workers.domain.errors import Refused
from workers.domain.revocation import ON_THE_LIST, Diff, Note, ReleaseRequest, Revocation, State
from workers.domain.step import Kind, Step, StepState
from workers.domain.timing import APPROVE_WITHIN
from workers.ports import SHOW, Change, Job, RevocationStore, Wake
from workers.service.intake.authority import Authority, may
from workers.service.intake.changing import changed_by
from workers.service.intake.outcome import outcome
from workers.service.intake.waiting import must_be_free

RESTORABLE = ON_THE_LIST | {State.WATCHED, State.RELEASED, State.CLOSED}
"""What was taken can be given back later too: whoever was released before still lacks it."""

OPEN_WAYS = (Kind.SESSIONS, Kind.CREDENTIALS)
"""While these are not settled, what is given back may be given to whoever has the key."""


def ask_restore(
    store: RevocationStore, who: Authority, revocation_id: str, reason: str, *, nothing_lost: bool = False
) -> Revocation:
    """Ask to give back what was taken; nobody comes off the list by it. A worker reads the list that is approved.

    Refused while sessions and credentials are not attested, unless `nothing_lost` is ticked.
    """

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current, approvers_too=True)
        must_be_restorable(store, current)
        must_be_free(current, now, "restore")
        if not taken_from(store, current):
            raise Refused(
                f"Nothing was taken from {inert(current.who, 100)}, so there is nothing to give back."
            )
        must_be_shut(current, nothing_lost=nothing_lost)
        request = ReleaseRequest(
            asked_by=who.actor, asked_at=now, reason=reason, what="restore", nothing_lost=nothing_lost
        )
        return _to_be_read(current, request, now)

    return changed_by(store, revocation_id, decide)


def ask_false_alarm(store: RevocationStore, who: Authority, revocation_id: str, reason: str) -> Revocation:
    """Ask for both: give back what was taken, while still denied, and then off the list.

    Where nothing was taken, the empty list is there at once.
    """

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current, approvers_too=True)
        if not current.on_the_list:
            raise Refused(f"There is nothing to release: {outcome(current)}{_restore_instead(current)}")
        must_be_free(current, now, "false_alarm")
        request = ReleaseRequest(
            asked_by=who.actor, asked_at=now, reason=reason, what="false_alarm", nothing_lost=True
        )
        if taken_from(store, current):
            return _to_be_read(current, request, now)
        diff = Diff(read_at=now, entry=current.seq + 1, by_hand=tuple(undo_by_hand(current)))
        request = replace(request, diff=diff, again_at=now + APPROVE_WITHIN)
        changed = replace(current, release=request)
        changed = changed.noting(Note(kind="approval_asked", at=now, broadcast=True))
        detail = {"reason": reason, "items": {}}
        return Change(
            record=changed, event="false_alarm_asked", actor=who.actor, detail=detail, wakes=(SHOW,)
        )

    return changed_by(store, revocation_id, decide)


def _restore_instead(current: Revocation) -> str:
    return (
        " What was taken can still be given back: ask for a restore." if current.state in RESTORABLE else ""
    )


def _to_be_read(current: Revocation, request: ReleaseRequest, now: datetime) -> Change:
    changed = replace(current, release=replace(request, again_at=now + JOB_LATE))
    return Change(
        record=changed,
        event=f"{request.what}_asked",
        actor=request.asked_by,
        detail={"reason": request.reason},
        wakes=(Wake(Job.RESTORE), SHOW),
    )


def must_be_restorable(store: RevocationStore, current: Revocation) -> None:
    """Raises Refused where giving back makes no sense now, or would undo what somebody else's denial takes."""
    if current.state not in RESTORABLE:
        raise Refused(f"There is nothing to give back now: {outcome(current)}")
    other = denied_by_another(store, current)
    if other is not None:
        raise Refused(
            f"{inert(current.who, 100)} is denied by {other.id} now, so nothing is given back by {current.id}. "
            f"Release {other.id} first."
        )


def denied_by_another(store: RevocationStore, current: Revocation) -> Revocation | None:
    """The revocation that denies the same user now, where this one no longer does."""
    if current.user is None or current.on_the_list:
        return None
    user_id = current.user.user_id
    mine = (r for r in store.open() if r.on_the_list and r.user is not None and r.user.user_id == user_id)
    return next((r for r in mine if r.id != current.id), None)


def must_be_shut(current: Revocation, *, nothing_lost: bool) -> None:
    """Raises Refused while somebody could still use what is given back with a stolen session or password."""
    if nothing_lost:
        return
    open_ones = [
        s.kind.value for s in map(current.step, OPEN_WAYS) if s and s.state is not StepState.ATTESTED
    ]
    if open_ones:
        raise Refused(
            f"Nobody attested {' and '.join(open_ones)} yet, so whoever has the key would get back what is given back. "
            'Have that done and attested, or tick "false alarm, nothing was lost".'
        )


def taken_from(store: RevocationStore, current: Revocation) -> bool:
    """Whether anything was, or was about to be, taken from the user. Reads the log only where the steps say no.

    Raises UnreadableRecord.
    """
    if any(step.gone or step.total for step in current.steps):
        return True
    return any(entry["event"] == "removing" for entry in store.log(current.id))


def undo_by_hand(current: Revocation, *, sign_in_is_off: bool = True) -> Iterator[str]:
    """What a person must undo, because a person did it, each in a sentence.

    `sign_in_is_off`: AWS does not say that sign-in is enabled, and it was not the bot that disabled it.
    """
    for step in current.steps:
        done = _done_by(step)
        match step.kind:
            case Kind.SIGN_IN if step.attested and sign_in_is_off:
                yield f"Sign-in was disabled{done}. Enable it again in the same place."
            case Kind.CREDENTIALS if step.attested:
                yield f"Credentials were reset{done}. Give the user new ones, and have MFA registered again."
            case Kind.SLACK if step.attested:
                yield f"The user was signed out of Slack{done}. See that they can sign in again."
            case Kind.DEVICE if step.attested:
                yield f"Something was done with the device{done}. Undo it."
            case _:
                pass


def _done_by(step: Step) -> str:
    return f" by {step.attested.done_by}" if step.attested else ""
