"""Everything a person asks for. Store and queue only: no AWS, no Slack; quick enough to come before the ack.

Each use case checks again who may ask, changes the record by compare-and-set, and raises Refused in words where
it does not. All may run twice: the second run finds it done and says by whom.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from workers.domain import clearance
from workers.domain.errors import Refused
from workers.domain.revocation import (
    Actor,
    Note,
    Reason,
    ReleaseRequest,
    Revocation,
    State,
    TargetRef,
)
from workers.domain.same_person import is_target, same_person
from workers.domain.timing import APPROVE_WITHIN, CONFIRM_WITHIN, Timing
from workers.ports import Change, Job, RevocationStore, Wake

REASON_LIMIT = 500
ABOUT_YOU = "This is about you, so you have no say in it. Another responder must act."
_SHOW = Wake(Job.SHOW)

Decide = Callable[[Revocation, datetime], Change | None]


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Who asks, and what the settings let them do."""

    actor: Actor
    responder: bool = False
    approver: bool = False


@dataclass(frozen=True, kw_only=True)
class Request:
    """What `/revoke TARGET... [reason]` asks for, and where its cards go."""

    targets: tuple[TargetRef, ...]
    reason: str
    channel: str


@dataclass(frozen=True)
class Asked:
    """One target's revocation; `joined` where it was open already."""

    revocation: Revocation
    joined: bool


def ask(store: RevocationStore, who: Authority, request: Request) -> list[Asked]:
    """One revocation for each target; a target that has one open gets the reason added there."""
    _responder(store, who)
    open_ones = store.open()
    return [_ask_one(store, who, request, target, open_ones) for target in request.targets]


def _ask_one(
    store: RevocationStore,
    who: Authority,
    request: Request,
    target: TargetRef,
    open_ones: Iterable[Revocation],
) -> Asked:
    _not_self(who, target.slack_id)
    for revocation in open_ones:
        if _meant(revocation, target) and revocation.state in (
            State.REQUESTED,
            State.CONFIRMED,
            State.DENIED,
        ):
            store.change(revocation.id, _with_reason(who.actor, request.reason))
            return Asked(revocation, joined=True)
    made = store.create(lambda fresh, now: _requested(fresh, now, who.actor, request, target))
    return Asked(made, joined=False)


def joinable(revocation: Revocation, now: datetime) -> bool:
    """A request that is about to expire must not swallow a new one."""
    fresh = revocation.state is State.REQUESTED and now - revocation.requested_at < CONFIRM_WITHIN
    return fresh or revocation.on_the_list


def _meant(revocation: Revocation, target: TargetRef) -> bool:
    user = revocation.user
    names = {revocation.target.value.casefold()} if revocation.target.kind == target.kind else set[str]()
    if user is not None:
        names |= {user.user_id, user.user_name.casefold(), (user.email or "").casefold()} - {""}
    same_slack = target.slack_id is not None and revocation.target.slack_id == target.slack_id
    return same_slack or target.value in names or target.value.casefold() in names


def _requested(fresh: str, now: datetime, actor: Actor, request: Request, target: TargetRef) -> Change:
    reasons = (Reason(by=actor, text=request.reason, at=now),) if request.reason else ()
    revocation = Revocation(
        id=fresh,
        state=State.REQUESTED,
        target=target,
        requested_by=actor,
        requested_at=now,
        channel=request.channel,
        reasons=reasons,
        owner=actor,
    )
    return Change(revocation=revocation, event="requested", actor=actor, wakes=(Wake(Job.IDENTIFY),))


def _with_reason(actor: Actor, text: str) -> Decide:
    def decide(current: Revocation, now: datetime) -> Change | None:
        if not text or any(r.text == text and r.by == actor for r in current.reasons):
            return None
        changed = replace(current, reasons=(*current.reasons, Reason(by=actor, text=text, at=now)))
        changed = changed.noting(Note(kind="reason_added", at=now, detail=text))
        return Change(revocation=changed, event="reason_added", actor=actor, wakes=(_SHOW,))

    return decide


def confirm(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The user must be denied: the one moment that nothing may delay. Raises Refused where it was decided before."""

    def decide(current: Revocation, now: datetime) -> Change:
        _may(store, who, current)
        _undecided(current, now)
        if current.user is None:
            raise Refused(
                f"{current.who} is still being looked up. Press the button on the card once it is there."
            )
        changed = replace(
            current, state=State.CONFIRMED, confirmed_by=who.actor, confirmed_at=now, owner=who.actor
        )
        # No wake for the card: it would show "being written" and its pace would keep "Denied" waiting.
        return Change(revocation=changed, event="confirmed", actor=who.actor, wakes=(Wake(Job.CONTAIN),))

    return _changed(store, revocation_id, decide)


def cancel(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The request is dropped; nobody was denied."""

    def decide(current: Revocation, now: datetime) -> Change:
        _may(store, who, current)
        _undecided(current, now)
        changed = replace(current, state=State.CANCELLED, cancelled_by=who.actor)
        return Change(revocation=changed, event="cancelled", actor=who.actor, wakes=(_SHOW,))

    return _changed(store, revocation_id, decide)


def retry(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """Try to write the policy again, now; of an expired request: ask again, as a new one."""
    expired = store.get(revocation_id)
    if expired.state is State.EXPIRED:
        return _ask_again(store, who, expired)

    def decide(current: Revocation, now: datetime) -> Change:
        _may(store, who, current)
        if not (current.on_the_list or current.state is State.RELEASING):
            raise Refused(f"There is nothing to try again: {_outcome(current)}")
        return Change(revocation=current, event="retried", actor=who.actor, wakes=(Wake(Job.CONTAIN), _SHOW))

    return _changed(store, revocation_id, decide)


def _ask_again(store: RevocationStore, who: Authority, expired: Revocation) -> Revocation:
    reason = "; ".join(reason.text for reason in expired.reasons)[:REASON_LIMIT]
    request = Request(targets=(expired.target,), reason=reason, channel=expired.channel)
    _not_barred(store, who, expired)
    return ask(store, who, request)[0].revocation


def hold(
    store: RevocationStore,
    who: Authority,
    revocation_id: str,
    timing: Timing,
    *,
    until_released: bool = False,
) -> Revocation:
    """Keep the user denied one hold longer than now promised, or until people release. Never shortens."""

    def decide(current: Revocation, now: datetime) -> Change:
        _may(store, who, current)
        if not current.on_the_list:
            raise Refused(f"There is nothing to hold: {_outcome(current)}")
        changed = _unproven(current)
        if until_released:
            changed = replace(
                changed, hold_open=True, held_because=f"{who.actor.name} holds it until it is released."
            )
        else:
            base = max(filter(None, [now, current.hold_until, clearance.promised_at(current, timing)]))
            because = current.held_because if current.hold_open else None
            changed = replace(changed, hold_until=base + timing.hold, held_because=because)
        changed = changed.noting(Note(kind="hold", at=now, detail=who.actor.name))
        return Change(revocation=changed, event="hold", actor=who.actor, wakes=(_SHOW,))

    return _changed(store, revocation_id, decide)


def _unproven(current: Revocation) -> Revocation:
    """Without the notice, and without a click that was given for an earlier proof."""
    kept = tuple(note for note in current.notes if note.kind != "notice")
    asked = current.release is not None and current.release.asked_by.kind == "system"
    release = None if asked else current.release
    return replace(current, notice_at=None, notes=kept, release=release, clean_up_given_by=None)


def ask_release(store: RevocationStore, who: Authority, revocation_id: str, reason: str) -> Revocation:
    """Ask that the user comes off the list. A second person must approve; until then nothing changes."""

    def decide(current: Revocation, now: datetime) -> Change:
        _may(store, who, current, approvers_too=True)
        _releasable(current)
        if current.release is not None:
            _say_release_waits(current.release)
        request = ReleaseRequest(asked_by=who.actor, asked_at=now, reason=reason)
        changed = replace(current, release=request).noting(
            Note(kind="approval_asked", at=now, broadcast=True)
        )
        return Change(revocation=changed, event="release_asked", actor=who.actor, wakes=(_SHOW,))

    return _changed(store, revocation_id, decide)


def approve_release(
    store: RevocationStore, who: Authority, revocation_id: str, reason: str = ""
) -> Revocation:
    """The second person's yes: the user comes off the list. Never the one who asked, never the target."""

    def decide(current: Revocation, now: datetime) -> Change:
        _not_barred(store, who, current)
        if current.release is None:
            raise Refused(f"No release of {current.who} waits for approval: {_outcome(current)}")
        if not who.approver:
            raise Refused("Only an approver can be the second person. The card names who can.")
        if same_person(current.release.asked_by, who.actor):
            raise Refused("You asked for this release; another approver must give the second yes.")
        _still_stands(store, current.release, now)
        return _approved(current, who.actor, reason)

    return _changed(store, revocation_id, decide)


def _still_stands(store: RevocationStore, request: ReleaseRequest, now: datetime) -> None:
    """A request lapses after 24 hours, and when the one who asked is denied themself."""
    if now - request.asked_at >= APPROVE_WITHIN:
        raise Refused("This request for a release is over 24 hours old and has lapsed. Ask for it anew.")
    if _denied(store, request.asked_by):
        raise Refused(
            f"{request.asked_by.name} asked for it and is denied now, so it is void. Refuse it; ask anew."
        )


def _approved(current: Revocation, approver: Actor, reason: str) -> Change:
    request = current.release
    assert request is not None
    if request.asked_by.kind == "system":
        changed = replace(current, release=None, clean_up_given_by=approver)
        return Change(
            revocation=changed, event="clean_up_given", actor=approver, wakes=(Wake(Job.CLEAN_UP), _SHOW)
        )
    changed = replace(
        current, state=State.RELEASING, release=None, released_by=(request.asked_by, approver), trouble=None
    )
    detail = {"asked_by": request.asked_by.id, "reason": request.reason, "approvers_reason": reason}
    wakes = (Wake(Job.CONTAIN), _SHOW)
    return Change(revocation=changed, event="release_approved", actor=approver, detail=detail, wakes=wakes)


def refuse_release(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The second person's no, or the asker's own withdrawal: the user stays denied."""

    def decide(current: Revocation, now: datetime) -> Change:
        _not_barred(store, who, current)
        if current.release is None:
            raise Refused(f"No release of {current.who} waits for approval: {_outcome(current)}")
        if not (who.approver or who.responder):
            raise Refused("Only an approver or a responder can refuse a release.")
        changed = replace(current, release=None).noting(
            Note(kind="approval_refused", at=now, detail=who.actor.name)
        )
        return Change(revocation=changed, event="release_refused", actor=who.actor, wakes=(_SHOW,))

    return _changed(store, revocation_id, decide)


def break_glass(store: RevocationStore, who: Authority, revocation_id: str, reason: str) -> Revocation:
    """A release by one person at a terminal, without a second: possible, recorded, and loud."""

    def decide(current: Revocation, now: datetime) -> Change:
        if who.actor.kind != "terminal" or not reason:
            raise Refused("A break-glass release is only possible at a terminal, with a reason.")
        _not_barred(store, who, current)
        _releasable(current)
        changed = replace(
            current, state=State.RELEASING, release=None, released_by=(who.actor,), trouble=None
        ).noting(
            Note(kind="break_glass", at=now, broadcast=True, detail=reason),
            Note(kind="break_glass", at=now, alarm=True, detail=reason),
        )
        wakes = (Wake(Job.CONTAIN), _SHOW)
        return Change(
            revocation=changed, event="break_glass", actor=who.actor, detail={"reason": reason}, wakes=wakes
        )

    return _changed(store, revocation_id, decide)


def expire(store: RevocationStore, revocation_id: str, system: Actor) -> None:
    """An unconfirmed request ends after 10 minutes, loudly. Does nothing to any other record."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.REQUESTED or now - current.requested_at < CONFIRM_WITHIN:
            return None
        changed = replace(current, state=State.EXPIRED).noting(Note(kind="expired", at=now, broadcast=True))
        return Change(revocation=changed, event="expired", actor=system, wakes=(_SHOW,))

    store.change(revocation_id, decide)


def find(store: RevocationStore, target: TargetRef) -> Revocation | None:
    """The revocation of this target: the one that denies them, else an open one, else the latest."""
    found = [revocation for revocation in [*store.open(), *store.ended(200)] if _meant(revocation, target)]
    return max(found, key=lambda r: (r.on_the_list, not r.ended, r.requested_at), default=None)


def _changed(store: RevocationStore, revocation_id: str, decide: Decide) -> Revocation:
    changed = store.change(revocation_id, decide)
    assert changed is not None
    return changed


def _may(store: RevocationStore, who: Authority, current: Revocation, *, approvers_too: bool = False) -> None:
    if not (who.responder or (approvers_too and who.approver)):
        raise Refused("Only a responder can do this. Ask one; REVOKE_RESPONDERS names them.")
    _not_barred(store, who, current)


def _responder(store: RevocationStore, who: Authority) -> None:
    if not who.responder:
        raise Refused("Only a responder can revoke. Ask one; REVOKE_RESPONDERS names them.")
    _not_denied(store, who)


def _not_barred(store: RevocationStore, who: Authority, current: Revocation) -> None:
    if is_target(who.actor, current):
        raise Refused(ABOUT_YOU)
    _not_denied(store, who)


def _not_self(who: Authority, slack_id: str | None) -> None:
    if slack_id is not None and who.actor.id == slack_id:
        raise Refused(ABOUT_YOU)


def _not_denied(store: RevocationStore, who: Authority) -> None:
    """Whoever is denied now has no say in anything: their Slack account may be the attacker's."""
    if _denied(store, who.actor):
        raise Refused("Your own access is revoked now, so you have no say here. Another responder must act.")


def _denied(store: RevocationStore, actor: Actor) -> bool:
    candidates = store.about(actor.id) if actor.kind == "slack" else store.open()
    return any(is_target(actor, r) for r in candidates if r.on_the_list or r.state is State.RELEASING)


def _undecided(current: Revocation, now: datetime) -> None:
    if current.state is not State.REQUESTED:
        raise Refused(f"Nothing changed: {_outcome(current)}")
    if now - current.requested_at >= CONFIRM_WITHIN:
        raise Refused("This request is over 10 minutes old and has expired. NOT DENIED: run /revoke again.")


def _releasable(current: Revocation) -> None:
    if not current.on_the_list:
        raise Refused(f"There is nothing to release: {_outcome(current)}")


def _say_release_waits(request: ReleaseRequest) -> None:
    since = f"{request.asked_at:%H:%M} UTC"
    raise Refused(f"{request.asked_by.name} asked for this release at {since}; it waits for a second person.")


def _outcome(current: Revocation) -> str:
    """How the record stands, with who made it so, for somebody who came second."""
    by = current.confirmed_by
    at = f"{current.confirmed_at:%H:%M:%S} UTC" if current.confirmed_at else ""
    words = {
        State.REQUESTED: f"{current.who} is not denied; nobody confirmed {current.id} yet.",
        State.CONFIRMED: f"{_named(by)} confirmed it at {at}; the Deny policy is being written.",
        State.DENIED: f"{_named(by)} confirmed it at {at}; {current.who} is denied.",
        State.RELEASING: f"{current.who} is being taken off the list.",
        State.WATCHED: f"{current.who} is off the list and watched.",
        State.RELEASED: f"{current.who} was released.",
        State.REFUSED: f"{current.who} was not identified; NOT DENIED.",
        State.CANCELLED: f"{_named(current.cancelled_by)} pressed Do not deny.",
        State.EXPIRED: f"{current.id} expired; NOT DENIED. Run /revoke again.",
        State.CLOSED: f"{current.id} is closed.",
    }
    return words[current.state]


def _named(actor: Actor | None) -> str:
    if actor is None:
        return "Nobody"
    return f"<@{actor.id}>" if actor.kind == "slack" else actor.name or actor.id
