"""Two people take somebody off the list; or one at a terminal, loudly."""

from dataclasses import replace
from datetime import datetime

from workers.domain.errors import Refused
from workers.domain.revocation import Actor, Note, ReleaseRequest, Revocation, State
from workers.domain.same_person import same_person
from workers.domain.timing import APPROVE_WITHIN
from workers.ports import SHOW, Change, Job, RevocationStore, Wake
from workers.service.intake.authority import Authority, is_denied, may, not_barred
from workers.service.intake.changing import changed_by
from workers.service.intake.outcome import outcome


def ask_release(store: RevocationStore, who: Authority, revocation_id: str, reason: str) -> Revocation:
    """Ask that the user comes off the list. A second person must approve; until then nothing changes."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current, approvers_too=True)
        _releasable(current)
        if current.release is not None:
            _say_release_waits(current.release)
        request = ReleaseRequest(asked_by=who.actor, asked_at=now, reason=reason)
        changed = replace(current, release=request).noting(
            Note(kind="approval_asked", at=now, broadcast=True)
        )
        return Change(revocation=changed, event="release_asked", actor=who.actor, wakes=(SHOW,))

    return changed_by(store, revocation_id, decide)


def approve_release(
    store: RevocationStore, who: Authority, revocation_id: str, reason: str = ""
) -> Revocation:
    """The second person's yes: the user comes off the list. Never the one who asked, never the target."""

    def decide(current: Revocation, now: datetime) -> Change:
        not_barred(store, who, current)
        if current.release is None:
            raise Refused(f"No release of {current.who} waits for approval: {outcome(current)}")
        if not who.approver:
            raise Refused("Only an approver can be the second person. The card names who can.")
        if same_person(current.release.asked_by, who.actor):
            raise Refused("You asked for this release; another approver must give the second yes.")
        _still_stands(store, current.release, now)
        return _approved(current, now, who.actor, reason)

    return changed_by(store, revocation_id, decide)


def _still_stands(store: RevocationStore, request: ReleaseRequest, now: datetime) -> None:
    """A request lapses after 24 hours, and when the one who asked is denied themself."""
    if now - request.asked_at >= APPROVE_WITHIN:
        raise Refused("This request for a release is over 24 hours old and has lapsed. Ask for it anew.")
    if is_denied(store, request.asked_by):
        raise Refused(
            f"{request.asked_by.name} asked for it and is denied now, so it is void. Refuse it; ask anew."
        )


def _terminal_vote(current: Revocation, now: datetime) -> tuple[Note, Note]:
    """Who sits at a terminal cannot be told from who clicks in Slack, so such a release is as loud as break-glass."""
    return Note(kind="terminal_vote", at=now, broadcast=True), Note(kind="terminal_vote", at=now, alarm=True)


def _approved(current: Revocation, now: datetime, approver: Actor, reason: str) -> Change:
    request = current.release
    assert request is not None
    if request.asked_by.kind == "system":
        changed = replace(current, release=None, clean_up_given_by=approver)
        return Change(
            revocation=changed, event="clean_up_given", actor=approver, wakes=(Wake(Job.CLEAN_UP), SHOW)
        )
    changed = replace(
        current, state=State.RELEASING, release=None, released_by=(request.asked_by, approver), trouble=None
    )
    if "terminal" in (request.asked_by.kind, approver.kind):
        changed = changed.noting(*_terminal_vote(changed, now))
    detail = {"asked_by": request.asked_by.id, "reason": request.reason, "approvers_reason": reason}
    wakes = (Wake(Job.CONTAIN), SHOW)
    return Change(revocation=changed, event="release_approved", actor=approver, detail=detail, wakes=wakes)


def refuse_release(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The second person's no, or the asker's own withdrawal: the user stays denied."""

    def decide(current: Revocation, now: datetime) -> Change:
        not_barred(store, who, current)
        if current.release is None:
            raise Refused(f"No release of {current.who} waits for approval: {outcome(current)}")
        if not (who.approver or who.responder):
            raise Refused("Only an approver or a responder can refuse a release.")
        changed = replace(current, release=None).noting(
            Note(kind="approval_refused", at=now, detail=who.actor.name)
        )
        return Change(revocation=changed, event="release_refused", actor=who.actor, wakes=(SHOW,))

    return changed_by(store, revocation_id, decide)


def break_glass(store: RevocationStore, who: Authority, revocation_id: str, reason: str) -> Revocation:
    """A release by one person at a terminal, without a second: possible, recorded, and loud."""

    def decide(current: Revocation, now: datetime) -> Change:
        if who.actor.kind != "terminal" or not reason:
            raise Refused("A break-glass release is only possible at a terminal, with a reason.")
        not_barred(store, who, current)
        _releasable(current)
        changed = replace(
            current, state=State.RELEASING, release=None, released_by=(who.actor,), trouble=None
        ).noting(
            Note(kind="break_glass", at=now, broadcast=True, detail=reason),
            Note(kind="break_glass", at=now, alarm=True, detail=reason),
        )
        wakes = (Wake(Job.CONTAIN), SHOW)
        return Change(
            revocation=changed, event="break_glass", actor=who.actor, detail={"reason": reason}, wakes=wakes
        )

    return changed_by(store, revocation_id, decide)


def _releasable(current: Revocation) -> None:
    if not current.on_the_list:
        raise Refused(f"There is nothing to release: {outcome(current)}")


def _say_release_waits(request: ReleaseRequest) -> None:
    since = f"{request.asked_at:%H:%M} UTC"
    raise Refused(
        f"{request.asked_by.name} asked for this release at {since}; it waits for a second person. "
        "If you are an approver, press Approve release on the card."
    )
