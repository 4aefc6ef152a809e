"""Two people take somebody off the list, or give back what was taken; or one at a terminal, loudly."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from workers.cards.text import inert
from workers.domain.actor import Actor
from workers.domain.due import JOB_LATE
from workers.domain.errors import Refused
from workers.domain.revocation import Note, ReleaseRequest, Restore, Revocation, State
from workers.domain.same_person import same_person
from workers.ports import SHOW, Change, Job, RevocationStore, Wake
from workers.service.intake.authority import Authority, is_denied, may, not_barred
from workers.service.intake.changing import changed_by
from workers.service.intake.giving_back import must_be_restorable, must_be_shut
from workers.service.intake.outcome import named, outcome
from workers.service.intake.waiting import NAMES, lapsed, must_be_free, what

NUDGE_EVERY = timedelta(minutes=10)


def ask_release(store: RevocationStore, who: Authority, revocation_id: str, reason: str) -> Revocation:
    """Ask that the user comes off the list. A second person must approve; until then nothing changes."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current, approvers_too=True)
        _releasable(current)
        must_be_free(current, now, "release")
        request = ReleaseRequest(asked_by=who.actor, asked_at=now, reason=reason)
        changed = replace(current, release=request).noting(
            Note(kind="approval_asked", at=now, broadcast=True)
        )
        detail = {"reason": reason}
        return Change(record=changed, event="release_asked", actor=who.actor, detail=detail, wakes=(SHOW,))

    return changed_by(store, revocation_id, decide)


def approve(
    store: RevocationStore,
    who: Authority,
    revocation_id: str,
    reason: str = "",
    *,
    list_seen: int | None = None,
) -> Revocation:
    """The second person's yes to what waits: never the one who asked, never the target.

    `list_seen`: the `Diff.entry` that the approver was shown (0: no list). Refused where another one waits by now.
    """

    def decide(current: Revocation, now: datetime) -> Change:
        not_barred(store, who, current)
        request = _waiting(current)
        if not who.approver:
            raise Refused("Only an approver can be the second person. The card names who can.")
        if same_person(request.asked_by, who.actor):
            raise Refused(f"You asked for {NAMES[what(request)]}; another approver must give the second yes.")
        _still_stands(store, request, now)
        _as_seen(request, list_seen)
        if request.gives_back:
            return _given_back(store, current, request, who.actor, reason, now)
        _releasable(current)
        return _approved(current, request, now, who.actor, reason)

    return changed_by(store, revocation_id, decide)


def _waiting(current: Revocation) -> ReleaseRequest:
    if current.release is None:
        raise Refused(
            f"Nothing about {inert(current.who, 100)} waits for approval: {_first(current)}{outcome(current)}"
        )
    return current.release


def _first(current: Revocation) -> str:
    """Who approved it before, for somebody who came second."""
    restore = current.restore
    if restore is not None and (restore.ended_at is None or restore.then_release):
        approved = NAMES["false_alarm"] if restore.then_release else NAMES["restore"]
        return f"{named(restore.approved_by)} approved {approved} at {restore.approved_at:%H:%M:%S} UTC. "
    if len(current.released_by) > 1:
        return f"{named(current.released_by[-1])} approved the release. "
    if current.clean_up_given_by is not None:
        return f"{named(current.clean_up_given_by)} approved the clean-up. "
    return ""


def _still_stands(store: RevocationStore, request: ReleaseRequest, now: datetime) -> None:
    """A request lapses after 24 hours, and when the one who asked is denied themself."""
    if lapsed(request, now):
        raise Refused(
            f"The request for {NAMES[what(request)]} is over 24 hours old and has lapsed. Ask for it anew."
        )
    if is_denied(store, request.asked_by):
        raise Refused(
            f"{inert(request.asked_by.name, 100)} asked for it and has an open revocation of their own, so it is void. "
            "Refuse it; ask anew."
        )


def _as_seen(request: ReleaseRequest, list_seen: int | None) -> None:
    waiting = request.diff.entry if request.diff else 0
    if list_seen is not None and list_seen != waiting:
        raise Refused(
            "What waits for approval changed while you were reading. Look at it again, then approve."
        )


def _terminal_vote(one: Actor, other: Actor, now: datetime) -> Iterator[Note]:
    """Who sits at a terminal cannot be told from who clicks in Slack, so such votes are as loud as break-glass."""
    if "terminal" in (one.kind, other.kind):
        yield Note(kind="terminal_vote", at=now, broadcast=True, detail=f"{one.name} and {other.name}")
        yield Note(kind="terminal_vote", at=now, alarm=True, detail=f"{one.name} and {other.name}")


def _approved(
    current: Revocation, request: ReleaseRequest, now: datetime, approver: Actor, reason: str
) -> Change:
    if request.asked_by.kind == "system":
        changed = replace(current, release=None, clean_up_given_by=approver)
        return Change(
            record=changed, event="clean_up_given", actor=approver, wakes=(Wake(Job.CLEAN_UP), SHOW)
        )
    changed = released(current, (request.asked_by, approver))
    changed = changed.noting(*_terminal_vote(request.asked_by, approver, now))
    wakes = (Wake(Job.CONTAIN), SHOW)
    detail = _said(request, reason)
    return Change(record=changed, event="release_approved", actor=approver, detail=detail, wakes=wakes)


def _said(request: ReleaseRequest, reason: str) -> dict[str, str]:
    return {"asked_by": request.asked_by.id, "reason": request.reason, "approvers_reason": reason}


def released(current: Revocation, by: tuple[Actor, ...]) -> Revocation:
    """The record of somebody whom people let go; the policy's writer takes them off."""
    return replace(current, state=State.RELEASING, release=None, released_by=by, trouble=None)


def _given_back(
    store: RevocationStore,
    current: Revocation,
    request: ReleaseRequest,
    approver: Actor,
    reason: str,
    now: datetime,
) -> Change:
    """Exactly the list that was read is given back, from now on; nothing more is taken meanwhile, nor by itself after."""
    diff, false_alarm = request.diff, request.what == "false_alarm"
    if diff is None:
        raise Refused(
            f"What would be given back has not been read yet. {inert(request.trouble, 300) or 'Wait a moment.'}"
        )
    if false_alarm:
        _releasable(current)
    must_be_restorable(store, current)
    must_be_shut(current, nothing_lost=request.nothing_lost)
    restore = Restore(
        asked_by=request.asked_by,
        approved_by=approver,
        approved_at=now,
        diff=diff,
        then_release=false_alarm,
        again_at=now + JOB_LATE,
    )
    # Nothing is taken again by itself, not even what somebody asked for by Retry.
    steps = tuple(replace(step, asked=False) for step in current.steps)
    changed = replace(current, release=None, restore=restore, follow_ups_wait=approver, steps=steps)
    changed = _let_go(changed) if current.state is State.WATCHED else changed
    changed = changed.noting(*_terminal_vote(request.asked_by, approver, now))
    detail = {**_said(request, reason), "list": diff.entry, "count": diff.count}
    return Change(
        record=changed,
        event=f"{request.what}_approved",
        actor=approver,
        detail=detail,
        wakes=(Wake(Job.RESTORE), SHOW),
    )


def _let_go(current: Revocation) -> Revocation:
    """Whose access two people give back is not watched for access that comes back."""
    assert current.restore is not None
    by = (current.restore.asked_by, current.restore.approved_by)
    return replace(current, state=State.RELEASED, released_by=by)


def refuse(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The second person's no, or the asker's own withdrawal: all stays as it is."""

    def decide(current: Revocation, now: datetime) -> Change:
        not_barred(store, who, current)
        request = _waiting(current)
        if not (who.approver or who.responder):
            raise Refused(f"Only an approver or a responder can refuse {NAMES[what(request)]}.")
        changed = replace(current, release=None).noting(
            Note(kind="approval_refused", at=now, detail=who.actor.name)
        )
        # What the request had stopped goes on.
        wakes = (Wake(Job.FOLLOW_UP), SHOW) if request.gives_back else (SHOW,)
        return Change(record=changed, event=f"{what(request)}_refused", actor=who.actor, wakes=wakes)

    return changed_by(store, revocation_id, decide)


def nudge(store: RevocationStore, who: Authority, revocation_id: str, approvers: Iterable[str]) -> Revocation:
    """Remind each of `approvers` (people's Slack ids; groups are resolved before) who can be the second person."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current, approvers_too=True)
        request = _waiting(current)
        _still_stands(store, request, now)
        if request.gives_back and request.diff is None:
            raise Refused("What would be given back has not been read yet, so nobody can approve it yet.")
        if request.nudged_at is not None and now - request.nudged_at < NUDGE_EVERY:
            raise Refused(
                f"They were reminded at {request.nudged_at:%H:%M:%S} UTC. Once in 10 minutes is the most."
            )
        people = [id_ for id_ in sorted(set(approvers)) if _can_approve(store, current, request, id_)]
        if not people:
            raise Refused("Nobody is left who can be the second person. REVOKE_APPROVERS names who may.")
        changed = replace(current, release=replace(request, nudged_at=now))
        changed = changed.noting(*(Note(kind="nudge", at=now, to=id_) for id_ in people))
        detail = {"people": people}
        return Change(record=changed, event="nudged", actor=who.actor, detail=detail, wakes=(SHOW,))

    return changed_by(store, revocation_id, decide)


def _can_approve(store: RevocationStore, current: Revocation, request: ReleaseRequest, slack_id: str) -> bool:
    person = Actor(kind="slack", id=slack_id)
    barred = slack_id == current.target.slack_id or same_person(request.asked_by, person)
    return not barred and not is_denied(store, person)


def break_glass(store: RevocationStore, who: Authority, revocation_id: str, reason: str) -> Revocation:
    """A release by one person at a terminal, without a second: possible, recorded, and loud."""

    def decide(current: Revocation, now: datetime) -> Change:
        not_barred(store, who, current)
        if who.actor.kind != "terminal" or not reason:
            raise Refused("A break-glass release is only possible at a terminal, with a reason.")
        _releasable(current)
        changed = released(current, (who.actor,)).noting(
            Note(kind="break_glass", at=now, broadcast=True, detail=reason),
            Note(kind="break_glass", at=now, alarm=True, detail=reason),
        )
        wakes = (Wake(Job.CONTAIN), SHOW)
        return Change(
            record=changed, event="break_glass", actor=who.actor, detail={"reason": reason}, wakes=wakes
        )

    return changed_by(store, revocation_id, decide)


def _releasable(current: Revocation) -> None:
    if not current.on_the_list:
        raise Refused(f"There is nothing to release: {outcome(current)}")
