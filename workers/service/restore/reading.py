"""What a restore would give back: what was taken, less what is there again. Recorded once, and approved as it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from workers.domain.actor import SYSTEM
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.domain.revocation import Diff, DirectoryUser, Note, ReleaseRequest, Revocation
from workers.domain.step import Kind, StepState
from workers.domain.timing import APPROVE_WITHIN
from workers.ports import SHOW, Change, Decide, Item, Job, Wake
from workers.service.follow_ups import items
from workers.service.intake.giving_back import undo_by_hand
from workers.service.restore import taken
from workers.service.restore.sources import ORDER, source
from workers.service.world import World

NAMED = 10
"""So many of the missing are named in the record; the log has all."""

SETTLES = timedelta(seconds=20)
"""So long AWS may go on with a removal that it was asked for. A list read before that would lack what is going."""

ENDING = "A removal that was under way is ending at AWS; the list is read as soon as it has."
SOON = timedelta(seconds=2)
SELDOM = timedelta(minutes=10)


class _NotYet(Exception):
    """A removal is under way."""


@dataclass
class _Found:
    read_at: datetime
    missing: dict[Kind, list[Item]] = field(default_factory=dict)
    there: dict[Kind, list[Item]] = field(default_factory=dict)
    by_hand: tuple[str, ...] = ()

    def diff(self, entry: int) -> Diff:
        names = [item.name for of_kind in self.missing.values() for item in of_kind]
        return Diff(
            read_at=self.read_at,
            entry=entry,
            missing=tuple((kind, len(of_kind)) for kind, of_kind in self.missing.items()),
            there=sum(map(len, self.there.values())),
            names=tuple(names[:NAMED]),
            by_hand=self.by_hand,
        )


def wanted(revocation: Revocation) -> bool:
    request = revocation.release
    return request is not None and request.gives_back and request.diff is None


def read(world: World, revocation: Revocation) -> None:
    """Read it into the request that waits for it. Where AWS cannot be read, that is said, and it is read again."""
    request = revocation.release
    assert request is not None
    try:
        found = _found(world, revocation)
    except (AwsUnsettled, AwsRefused) as error:
        world.store.change(revocation.id, _unread(request, str(error)))
    except _NotYet:
        world.store.change(revocation.id, _unread(request, ENDING))
    else:
        world.store.change(revocation.id, _read(request, found))


def _found(world: World, revocation: Revocation) -> _Found:
    assert revocation.user is not None
    _await_removals(world, revocation.id)
    now, log, user_id = world.store.now(), world.store.log(revocation.id), revocation.user.user_id
    took, under_way, found = taken.taken(log), taken.pending(log), _Found(now)
    for kind in ORDER:
        if kind not in took:
            continue
        held = {item.key for item in source(world, kind, user_id).held(user_id) or ()}
        _insist_on_an_end(under_way.get(kind, taken.Pending()), held, now)
        _sort(found, kind, took[kind], held)
    user = world.directory.by_user_id(user_id)
    found.by_hand = tuple(_by_hand(revocation, log, took, user))
    return found


def _sort(found: _Found, kind: Kind, took: Mapping[str, Item], held: set[str]) -> None:
    for item in took.values():
        (found.there if item.key in held else found.missing).setdefault(kind, []).append(item)


def _await_removals(world: World, revocation_id: str) -> None:
    """Nothing new is removed once the request is in the record; what had begun before holds its lock until it ends."""
    for kind in ORDER:
        with world.store.lock(f"{kind}-{revocation_id}", wait=SOON) as lock:
            if lock is None:
                raise _NotYet


def _insist_on_an_end(under_way: taken.Pending, held: set[str], now: datetime) -> None:
    lately = under_way.at is not None and now - under_way.at < SETTLES
    if lately and under_way.keys & held:
        raise _NotYet


def _by_hand(
    revocation: Revocation, log: taken.Log, took: taken.Taken, user: DirectoryUser | None
) -> Iterator[str]:
    if user is None:
        yield "The user is no longer in IAM Identity Center: make the user anew there. The bot can give nothing back."
    off = user is not None and user.sign_in != "ENABLED" and Kind.SIGN_IN not in took
    yield from undo_by_hand(revocation, sign_in_is_off=off)
    step = revocation.step(Kind.SIGN_IN)
    by_nobody = step is not None and step.state is StepState.DONE and step.attested is None
    if off and by_nobody and not _was_off_before(revocation, log):
        yield "Sign-in is disabled, and it was not the bot. Enable it again where that was done."
    for item in took.get(Kind.MEMBERSHIPS, {}).values():
        if item.synced:
            yield f"{item.name} belongs to your identity provider: if the user was taken out there, put them back there."


def _was_off_before(revocation: Revocation, log: taken.Log) -> bool:
    if revocation.snapshot is None:
        return False
    user: Mapping[str, Any] = (log[revocation.snapshot.entry - 1].get("detail") or {}).get("user") or {}
    return user.get("sign_in") == "DISABLED"


def _same(current: Revocation, request: ReleaseRequest) -> ReleaseRequest | None:
    """The request as it is now, if it still is this one and still waits for its list."""
    now = current.release
    waits = now is not None and now.diff is None
    return now if waits and now is not None and now.asked_at == request.asked_at else None


def _read(request: ReleaseRequest, found: _Found) -> Decide:
    def decide(current: Revocation, now: datetime) -> Change | None:
        waiting = _same(current, request)
        if waiting is None:
            return None
        diff = found.diff(current.seq + 1)
        if waiting.what == "restore" and diff.count == 0:
            return _nothing_missing(current, diff, now)
        answered = replace(waiting, diff=diff, trouble="", again_at=waiting.asked_at + APPROVE_WITHIN)
        changed = replace(current, release=answered).noting(
            Note(kind="approval_asked", at=now, broadcast=True)
        )
        return Change(
            record=changed, event="restore_read", actor=SYSTEM, detail=_detail(found), wakes=(SHOW,)
        )

    return decide


def _detail(found: _Found) -> dict[str, Any]:
    return {
        "items": {kind.value: items.listed(of_kind) for kind, of_kind in found.missing.items()},
        "there": {kind.value: items.listed(of_kind) for kind, of_kind in found.there.items()},
        "by_hand": list(found.by_hand),
    }


def _nothing_missing(current: Revocation, diff: Diff, now: datetime) -> Change:
    """There is nothing to approve: whoever asked is told."""
    said = " ".join((f"Nothing is missing: all {diff.there} that were taken are there again.", *diff.by_hand))
    changed = replace(current, release=None).noting(Note(kind="restored", at=now, detail=said))
    wakes = (SHOW, Wake(Job.FOLLOW_UP))
    return Change(record=changed, event="restore_not_needed", actor=SYSTEM, wakes=wakes)


def _unread(request: ReleaseRequest, sentence: str) -> Decide:
    """Again soon at first, then more seldom the longer it lasts."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        waiting = _same(current, request)
        if waiting is None:
            return None
        again = now + min(SELDOM, max(SOON, (now - waiting.asked_at) / 4))
        changed = replace(current, release=replace(waiting, trouble=sentence, again_at=again))
        wakes = (SHOW, Wake(Job.RESTORE, again)) if sentence == ENDING else (SHOW,)
        return Change(record=changed, event="restore_unread", actor=SYSTEM, wakes=wakes)

    return decide
