"""A revocation is asked for, found again, or given another reason."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from workers.domain.actor import Actor
from workers.domain.due import expires_at
from workers.domain.revocation import Note, Reason, Revocation, State, TargetRef
from workers.ports import SHOW, Change, Decide, Job, RevocationStore, Wake
from workers.service.intake.authority import Authority, must_be_responder, not_barred, not_self

REASON_LIMIT = 500


@dataclass(frozen=True, kw_only=True)
class Request:
    """What `/revoke TARGET... [reason]` asks for, and where its cards go."""

    targets: tuple[TargetRef, ...]
    reason: str
    channel: str
    drill: bool = False
    """On the test user of the settings, to prove that it works."""


@dataclass(frozen=True)
class Asked:
    """One target's revocation; `joined` where it was open already."""

    revocation: Revocation
    joined: bool


def ask(store: RevocationStore, who: Authority, request: Request) -> list[Asked]:
    """One revocation for each target; a target that has one open gets the reason added there."""
    must_be_responder(store, who)
    for target in request.targets:
        not_self(who, target)
    open_ones = store.open()
    return [_ask_one(store, who, request, target, open_ones) for target in request.targets]


def _ask_one(
    store: RevocationStore,
    who: Authority,
    request: Request,
    target: TargetRef,
    open_ones: Iterable[Revocation],
) -> Asked:
    now = store.now()
    for revocation in open_ones:
        if _meant(revocation, target) and joinable(revocation, now):
            not_barred(store, who, revocation)
            store.change(revocation.id, _joined(who.actor, request))
            return Asked(revocation, joined=True)
    made = store.create(lambda fresh, now: _requested(fresh, now, who.actor, request, target))
    return Asked(made, joined=False)


def joinable(revocation: Revocation, now: datetime) -> bool:
    """A request that is about to expire must not swallow a new one."""
    fresh = revocation.state is State.REQUESTED and now < expires_at(revocation)
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
        drill=request.drill,
    )
    return Change(record=revocation, event="requested", actor=actor, wakes=(Wake(Job.IDENTIFY),))


def _joined(actor: Actor, request: Request) -> Decide:
    """One more reason; see `in_earnest`, too."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        changed = _with_reason(current, actor, request.reason, now)
        if not request.drill:
            changed = in_earnest(changed, actor, now)
        if changed == current:
            return None
        return Change(record=changed, event="reason_added", actor=actor, wakes=(SHOW,))

    return decide


def in_earnest(revocation: Revocation, by: Actor, now: datetime) -> Revocation:
    """The same record, no drill any more where it was one: what somebody asked for in earnest is never taken for one."""
    if not revocation.drill:
        return revocation
    told = Note(kind="not_a_drill", at=now, detail=by.name, broadcast=True)
    return replace(revocation, drill=False).noting(told)


def _with_reason(current: Revocation, actor: Actor, text: str, now: datetime) -> Revocation:
    if not text or any(r.text == text and r.by == actor for r in current.reasons):
        return current
    changed = replace(current, reasons=(*current.reasons, Reason(by=actor, text=text, at=now)))
    return changed.noting(Note(kind="reason_added", at=now, detail=f"{actor.name}: {text}"))


def find(store: RevocationStore, target: TargetRef) -> Revocation | None:
    """The revocation of this target: the one that denies them, else an open one, else the latest."""
    found = [revocation for revocation in [*store.open(), *store.ended(200)] if _meant(revocation, target)]
    return max(found, key=lambda r: (r.on_the_list, not r.ended, r.requested_at), default=None)
