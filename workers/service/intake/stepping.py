"""What people do with the follow-ups: start, wait, try again, attest, take an attestation back, assign."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from workers.cards.text import inert
from workers.domain import clearance, follow_ups
from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.domain.revocation import Note, Revocation, State
from workers.domain.same_person import is_target, same_person
from workers.domain.step import ACCESS, ATTESTABLE, Attestation, Kind, Step, StepState
from workers.ports import SHOW, Change, Job, RevocationStore, Wake
from workers.service.intake.authority import Authority, is_denied, may, not_barred
from workers.service.intake.changing import changed_by
from workers.service.intake.giving_back import OPEN_WAYS
from workers.service.intake.outcome import outcome

AHEAD = timedelta(minutes=5)
"""So far in the future "done at" may lie: people's clocks differ."""

NAME_LIMIT, LINK_LIMIT = 120, 500


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What the form "Done" says. Absent: done by whoever says so, just now."""

    done_by: str = ""
    done_at: datetime | None = None
    link: str = ""
    by_hand: bool = False
    """`done_by` was typed, not picked from Slack's list."""


def start_follow_ups(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """Start now, whatever the delay and whoever said Wait. While not denied yet: remove access anyway."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        _follows(current)
        _not_given_back(current)
        if current.follow_ups_started_at is not None and current.follow_ups_wait is None:
            raise Refused(f"Nothing changed: the follow-ups of {current.id} run already.")
        changed = replace(
            current,
            steps=tuple(_start(current, step, now) for step in current.steps),
            follow_ups_started_at=current.follow_ups_started_at or now,
            follow_ups_started_by=who.actor,
            follow_ups_wait=None,
        ).noting(Note(kind="follow_ups_started", at=now, detail=who.actor.name))
        wakes = (Wake(Job.FOLLOW_UP), SHOW)
        return Change(record=changed, event="follow_ups_started", actor=who.actor, wakes=wakes)

    return changed_by(store, revocation_id, decide)


def _start(current: Revocation, step: Step, now: datetime) -> Step:
    """After a restore, what was given back is looked for anew."""
    return _anew(step, now) if current.restore else replace(step, again_at=now)


def _not_given_back(current: Revocation) -> None:
    if follow_ups.suspended(current):
        raise Refused(
            f"What was taken from {inert(current.who, 100)} is being given back, or somebody asks for that. Refuse the "
            "request on the card first, or wait for its end."
        )


def _anew(step: Step, now: datetime) -> Step:
    if step.kind not in (*ACCESS, Kind.SIGN_IN) or step.attested:
        return step
    return replace(
        step, state=StepState.WAITING, again_at=now, ended_at=None, detail="", asked=False, comebacks=0
    )


def wait_follow_ups(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """Remove nothing more until somebody presses Start. What is being removed at AWS already goes on."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        _follows(current)
        if current.follow_ups_wait is not None:
            raise Refused(
                f"Nothing changed: {inert(current.follow_ups_wait.name, 100)} pressed Wait already."
            )
        # Wait is for all of them: also for what somebody asked to run by itself.
        steps = tuple(replace(step, asked=False) for step in current.steps)
        changed = replace(current, steps=steps, follow_ups_wait=who.actor).noting(
            Note(kind="follow_ups_wait", at=now, detail=who.actor.name)
        )
        return Change(record=changed, event="follow_ups_wait", actor=who.actor, wakes=(SHOW,))

    return changed_by(store, revocation_id, decide)


def _follows(current: Revocation) -> None:
    if not current.on_the_list:
        raise Refused(f"There are no follow-ups to run: {outcome(current)}")


def retry_step(store: RevocationStore, who: Authority, revocation_id: str, kind: Kind) -> Revocation:
    """Run this follow-up now: one that failed, or one that the settings leave to people."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        _follows(current)
        _not_given_back(current)
        step = _step(current, kind)
        if step.settled or step.state is StepState.OPEN:
            raise Refused(f"There is nothing to try again in this step: it is {step.state.words}.")
        fresh = replace(
            step, state=StepState.WAITING, asked=True, attempts=0, again_at=now, detail="", told=""
        )
        changed = current.with_step(fresh)
        detail = {"step": kind.value}
        return Change(
            record=changed,
            event="step_retried",
            actor=who.actor,
            detail=detail,
            wakes=(Wake(Job.FOLLOW_UP), SHOW),
        )

    return changed_by(store, revocation_id, decide)


def disable_anyway(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """Disable sign-in before the sessions were ended; afterwards they cannot be ended in the console."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        _follows(current)
        _not_given_back(current)
        step = _step(current, Kind.SIGN_IN)
        if step.settled or step.state is StepState.OPEN:
            raise Refused(f"Sign-in is no step that runs by itself now: it is {step.state.words}.")
        fresh = replace(step, anyway=True, asked=True, again_at=now)
        changed = current.with_step(fresh)
        return Change(
            record=changed, event="disable_anyway", actor=who.actor, wakes=(Wake(Job.FOLLOW_UP), SHOW)
        )

    return changed_by(store, revocation_id, decide)


def attestable(current: Revocation) -> tuple[Step, ...]:
    """The steps that a person may attest now, in order."""
    return tuple(s for s in current.steps if s.kind in ATTESTABLE and s.attested is None and not s.settled)


def may_attest(store: RevocationStore, who: Authority, current: Revocation, kind: Kind | None) -> None:
    """Raises Refused unless this person may attest this step: a responder, or whom it was assigned to."""
    not_barred(store, who, current)
    mine = [s.kind for s in current.steps if s.assignee is not None and s.assignee.id == who.actor.id]
    if not who.responder and not (mine and (kind is None or kind in mine)):
        raise Refused("Only a responder, or the person this step is assigned to, can say that it is done.")
    if not attestable(current):
        raise Refused(f"No step waits for a person: {outcome(current)}")


def attest(
    store: RevocationStore, who: Authority, revocation_id: str, kind: Kind, said: Statement
) -> Revocation:
    """A named person says that it was done. Sign-in stays open until AWS says so too."""

    def decide(current: Revocation, now: datetime) -> Change:
        may_attest(store, who, current, kind)
        step = _step(current, kind)
        if kind not in ATTESTABLE:
            raise Refused("This step is read back from AWS; nobody needs to say that it is done.")
        if step.attested is not None:
            raise Refused(
                f"{inert(step.attested.by.name, 100)} said so already at {step.attested.at:%H:%M:%S} UTC."
            )
        if step.settled:
            raise Refused("This step is done already, as AWS says.")
        attestation = _attestation(current, who.actor, said, now)
        changed = current.with_step(_attested(step, attestation, now)).noting(
            Note(kind="attested", at=now, detail=kind.value)
        )
        detail = {
            "step": kind.value,
            "done_by": attestation.done_by,
            "done_at": attestation.done_at.isoformat(),
        }
        wakes = (SHOW, Wake(Job.READ_REACH), Wake(Job.FOLLOW_UP))
        return Change(record=changed, event="attested", actor=who.actor, detail=detail, wakes=wakes)

    return changed_by(store, revocation_id, decide)


def _attestation(current: Revocation, by: Actor, said: Statement, now: datetime) -> Attestation:
    done_at = said.done_at or now
    if done_at > now + AHEAD:
        raise Refused(f"{done_at:%Y-%m-%d %H:%M} UTC is in the future. Give the time at which it was done.")
    if done_at < current.requested_at:
        raise Refused(
            f"{done_at:%Y-%m-%d %H:%M} UTC is before this revocation was asked for. What was done then does not count "
            "now: do it again, and give that time."
        )
    if len(said.done_by) > NAME_LIMIT or len(said.link) > LINK_LIMIT:
        raise Refused(f"A name may have {NAME_LIMIT} characters, a link {LINK_LIMIT}. Cut it short.")
    return Attestation(
        by=by,
        at=now,
        done_by=said.done_by or by.name or by.id,
        done_at=min(done_at, now),
        link=said.link,
        by_hand=said.by_hand and bool(said.done_by),
    )


def _attested(step: Step, attestation: Attestation, now: datetime) -> Step:
    if step.kind is Kind.SIGN_IN:
        # Only what AWS says turns it green.
        waits = "Somebody says it is done; AWS has not said so yet. It is read again by itself."
        return replace(step, attested=attestation, detail=waits)
    return replace(step, state=StepState.ATTESTED, attested=attestation, ended_at=now, detail="")


def attested(current: Revocation, kind: Kind | None) -> Step | None:
    """The step, where somebody's word for it still counts; None where nobody said so, or AWS says it itself."""
    step = current.step(kind) if kind is not None else None
    counts = step is not None and step.attested is not None and step.state is not StepState.DONE
    return step if counts else None


def undo_attest(store: RevocationStore, who: Authority, revocation_id: str, kind: Kind | None) -> Revocation:
    """The attestation does not count any more: the step is open again, and whatever rested on it falls.

    A responder may, or whoever attested. What was being taken off by proof is denied again, a clean-up notice is
    withdrawn, and a restore that was approved because nobody could get in any more stops.
    """

    def decide(current: Revocation, now: datetime) -> Change:
        not_barred(store, who, current)
        step = attested(current, kind)
        if step is None or step.attested is None:
            raise Refused(f"No attestation of this step counts now: {_already(current, kind)}")
        if not who.responder and not same_person(step.attested.by, who.actor):
            raise Refused("Only a responder, or whoever attested it, can take it back.")
        opened = _opened_again(step, who.actor, now)
        changed = _without_proof(current.with_step(opened), step.kind, who.actor)
        note = Note(kind="attest_undone", at=now, broadcast=True, detail=f"{step.kind}: {opened.detail}")
        return Change(
            record=changed.noting(note),
            event="attest_undone",
            actor=who.actor,
            detail={"step": step.kind.value, "attested_by": step.attested.by.id},
            wakes=(SHOW, Wake(Job.READ_REACH), Wake(Job.FOLLOW_UP), Wake(Job.RESTORE)),
        )

    return changed_by(store, revocation_id, decide)


def _already(current: Revocation, kind: Kind | None) -> str:
    step = current.step(kind) if kind is not None else None
    return outcome(current) if step is None else f"it is {step.state.words}."


def _opened_again(step: Step, by: Actor, now: datetime) -> Step:
    assert step.attested is not None
    said, who = step.attested.by, by.name or by.id
    why = f"{said.name or said.id} said that it was done; {who} took that back. Do it again."
    opened = replace(step, attested=None, detail=why, due_at=now)
    # Sign-in stays as it was: an attestation alone never settled it.
    return opened if step.kind is Kind.SIGN_IN else replace(opened, state=StepState.OPEN, ended_at=None)


def _without_proof(current: Revocation, kind: Kind, by: Actor) -> Revocation:
    """Without what may have rested on the attestation; in doubt the user stays denied, and gets nothing back."""
    changed = clearance.unnoticed(current)
    if current.state is State.RELEASING and not current.released_by:
        changed = replace(changed, state=State.DENIED, proven_at=None)
    restore = current.restore
    if restore is None or restore.ended_at is not None or restore.then_release or kind not in OPEN_WAYS:
        return changed
    why = f"Stopped, because {by.name or by.id} took back that {kind.value} was done. Ask anew once it is."
    return replace(changed, restore=replace(restore, stopped=why))


def assign(
    store: RevocationStore, who: Authority, revocation_id: str, kind: Kind, assignee: Actor
) -> Revocation:
    """Give one step to somebody, a responder or not, who may then attest that step only."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        step = _step(current, kind)
        if kind not in ATTESTABLE:
            raise Refused("This step is done by the bot; only steps that a person does can be assigned.")
        if step.settled:
            raise Refused("This step is done already.")
        if is_target(assignee, current) or is_denied(store, assignee):
            raise Refused(
                f"{inert(assignee.name or assignee.id, 100)} has an open revocation of their own, so no step can be theirs."
            )
        changed = current.with_step(replace(step, assignee=assignee)).noting(
            Note(kind="assigned", at=now, detail=kind.value, to=assignee.id),
            Note(kind="assigned_to", at=now, detail=kind.value),
        )
        detail = {"step": kind.value, "assignee": assignee.id}
        return Change(record=changed, event="assigned", actor=who.actor, detail=detail, wakes=(SHOW,))

    return changed_by(store, revocation_id, decide)


def _step(current: Revocation, kind: Kind) -> Step:
    step = current.step(kind)
    if step is None or current.state in (State.REQUESTED, State.RELEASING) or current.ended:
        raise Refused(f"There is no such step now: {outcome(current)}")
    return step
