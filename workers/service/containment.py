"""The only writer of the Deny policy: makes it equal the records. Level-triggered; safe to run at any time.

UpdatePolicy has no version and no client token (AWS Organizations API reference), so the last writer wins. Hence
one lock whose ownership is checked before each write, one send per write, and a read-back that decides.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from workers.domain import clearance, deny_document
from workers.domain.deny_document import DenyDocument
from workers.domain.deny_plan import STALE_READS, DenyPlan, plan, user_id_of
from workers.domain.errors import AwsUnsettled, PolicyRefused, StoreAway, UnreadableRecord
from workers.domain.revocation import SYSTEM, Note, Revocation, State, Trouble
from workers.domain.timing import WRITE_WITHIN
from workers.ports import SHOW, Change, Decide, Job, Lock, PolicyRead, Wake
from workers.service import adoption
from workers.service.world import World

logger = logging.getLogger(__name__)

POLICY_LOCK = "policy"
LOCK_WAIT = timedelta(seconds=15)
_TRY_FOR = 20.0


class _LockLost(Exception):
    """Another worker holds the policy now; what is left to do is its work."""


def contain(world: World, revocation_id: str | None = None) -> None:
    """Write all that must be denied, read it back, and say so in the records.

    With an id: returns at once where that revocation is settled already, so that many confirmations cost few
    writes. Never raises for AWS: the cause goes into the records.
    """
    if revocation_id is not None and not _unsettled(world.store.get(revocation_id)):
        return
    with world.store.lock(POLICY_LOCK, wait=LOCK_WAIT) as lock:
        if lock is not None:
            enforce(world, lock)


def enforce(world: World, lock: Lock) -> PolicyRead | None:
    """Make the policy equal the records while holding the policy's lock; returns the last read."""
    try:
        for attempt in _attempts():
            with attempt:
                return _make_equal(world, lock)
    except _LockLost:
        logger.warning("policy_lock_lost")
    except (PolicyRefused, AwsUnsettled) as error:
        logger.warning("policy_not_written", extra={"code": error.code, "cause": str(error)})
        _trouble_all(world, error)
    return None


def _attempts() -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(AwsUnsettled),
        wait=wait_exponential_jitter(initial=0.3, max=5, jitter=0.3),
        stop=stop_after_delay(_TRY_FOR),
        reraise=True,
    )


def _unsettled(revocation: Revocation) -> bool:
    return revocation.state in (State.CONFIRMED, State.RELEASING)


def _make_equal(world: World, lock: Lock) -> PolicyRead:
    read = _read(world, lock)
    document = deny_document.parse(read.text)
    now, fresh = world.store.now(), _fresh(world)
    believed = [revocation for revocation in world.store.open() if _believed(world, revocation)]
    wants = plan(document, believed, [] if fresh else world.store.ended(50), now)
    _say_missing(world, wants, fresh)
    wanted, left_out = _that_fit(world, document, wants)
    request_id = None
    if wanted != document.user_ids or not document.has_placeholder:
        request_id = _write(world, lock, document.render(wanted))
        read = _read(world, lock)
        document = deny_document.parse(read.text)
        _insist(document, wanted)
    _settle(world, wants, document, request_id)
    _refuse_left_out(world, left_out)
    if fresh:
        adoption.adopt(world, wants.orphans)
    return read


def _believed(world: World, revocation: Revocation) -> bool:
    """What takes somebody off must have a whole log behind it; what keeps them on needs only its own signature."""
    if revocation.state is not State.RELEASING:
        return True
    try:
        return bool(world.store.log(revocation.id))
    except UnreadableRecord as error:
        logger.error("release_not_believed", extra={"revocation_id": revocation.id, "cause": str(error)})
        return False


def _fresh(world: World) -> bool:
    """Whether our last write is long enough ago for a read to be believed when it looks odd."""
    last = world.store.marked("policy_written")
    return last is None or world.store.now() - last > STALE_READS


def _read(world: World, lock: Lock) -> PolicyRead:
    _own(lock)
    read = world.policy.read()
    world.store.mark("policy_read")
    return read


def _write(world: World, lock: Lock, text: str) -> str:
    _own(lock)
    world.store.mark("policy_written")
    return world.policy.write(text)


def _own(lock: Lock) -> None:
    if not lock.extend():
        raise _LockLost


def _insist(document: DenyDocument, wanted: frozenset[str]) -> None:
    if document.user_ids != wanted or not document.has_placeholder:
        raise AwsUnsettled("ReadBackDiffers", "AWS does not show the new Deny policy yet.")


def _that_fit(
    world: World, document: DenyDocument, wants: DenyPlan
) -> tuple[frozenset[str], tuple[Revocation, ...]]:
    """The IDs to write: all that stay, then as many new ones as fit, first confirmed first."""
    wanted, left_out = document.user_ids - wants.off, []
    for revocation in wants.must:
        more = wanted | {user_id_of(revocation)}
        if more != wanted and len(document.render(more)) > world.rules.policy_size:
            left_out.append(revocation)
        else:
            wanted = more
    return wanted, tuple(left_out)


def _settle(world: World, wants: DenyPlan, document: DenyDocument, request_id: str | None) -> None:
    """Put into the records what was read back."""
    for revocation in wants.must:
        news = revocation.state is State.CONFIRMED or revocation.trouble or revocation in wants.missing
        if news and user_id_of(revocation) in document.user_ids:
            world.store.change(revocation.id, _written(world, request_id))
    for revocation in world.store.open():
        if revocation.state is State.RELEASING and user_id_of(revocation) not in document.user_ids:
            world.store.change(revocation.id, _taken_off(world, request_id))


def _written(world: World, request_id: str | None) -> Decide:
    def written(current: Revocation, now: datetime) -> Change | None:
        if not current.on_the_list or (current.state is State.DENIED and current.trouble is None):
            return None
        first = current.written_at is None
        changed = replace(
            current,
            state=State.DENIED,
            written_at=current.written_at or now,
            policy_id=world.policy.policy_id,
            request_id=request_id or current.request_id,
            trouble=None,
            next_read_at=now,
            notes=tuple(note for note in current.notes if note.kind != "not_denied"),
        )
        changed = changed.noting(Note(kind="denied" if first else "denied_again", at=now, broadcast=True))
        due = clearance.next_step_at(changed, world.rules.timing)
        wakes = (SHOW, Wake(Job.READ_REACH), *([Wake(Job.CLEAN_UP, due)] if due else []))
        detail = {"request_id": request_id, "recovered": request_id is None}
        return Change(revocation=changed, event="written", actor=SYSTEM, detail=detail, wakes=wakes)

    return written


def _taken_off(world: World, request_id: str | None) -> Decide:
    def taken_off(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.RELEASING:
            return None
        by_people = bool(current.released_by)
        changed = replace(
            current,
            state=State.RELEASED if by_people else State.WATCHED,
            off_at=now,
            trouble=None,
            request_id=request_id or current.request_id,
            next_read_at=now + world.rules.timing.read_again,
        )
        changed = changed.noting(Note(kind="off", at=now, broadcast=True))
        return Change(
            revocation=changed,
            event="taken_off",
            actor=SYSTEM,
            detail={"request_id": request_id},
            wakes=(SHOW,),
        )

    return taken_off


def _say_missing(world: World, wants: DenyPlan, fresh: bool) -> None:
    """Our ID was taken off by somebody else: recorded and told before it is put back."""
    for revocation in wants.missing if fresh else ():
        world.store.change(revocation.id, _missing)


def _missing(current: Revocation, now: datetime) -> Change | None:
    if current.state is not State.DENIED or current.trouble:
        return None
    why = "Its user ID was taken off the Deny policy by somebody else. It is being put back."
    changed = replace(current, trouble=Trouble(code="removed", sentence=why, since=now))
    changed = changed.noting(
        Note(kind="removed_by_hand", at=now, broadcast=True), Note(kind="removed_by_hand", at=now, alarm=True)
    )
    return Change(revocation=changed, event="found_missing", actor=SYSTEM, wakes=(SHOW,))


def _refuse_left_out(world: World, left_out: Iterable[Revocation]) -> None:
    full = PolicyRefused(
        "full",
        f"The Deny policy is full ({world.rules.policy_size} characters). Release somebody, or raise "
        "REVOKE_POLICY_SIZE if your organization allows more.",
    )
    for revocation in left_out:
        world.store.change(revocation.id, _troubled(world, full))


def _trouble_all(world: World, error: PolicyRefused | AwsUnsettled) -> None:
    try:
        for revocation in world.store.open():
            if revocation.on_the_list or revocation.state is State.RELEASING:
                world.store.change(revocation.id, _troubled(world, error))
    except StoreAway:
        logger.exception("trouble_not_recorded")


def _troubled(world: World, error: PolicyRefused | AwsUnsettled) -> Decide:
    """Records why the policy was not written; told at once where trying again will not help."""
    final = isinstance(error, PolicyRefused)

    def troubled(current: Revocation, now: datetime) -> Change | None:
        if current.state is State.DENIED and not final:
            return None
        since = current.confirmed_at or now
        overdue = current.state is State.CONFIRMED and now - since >= WRITE_WITHIN
        if not final and not overdue:
            return None
        return _not_denied(_at(world, current), now, error.code, str(error), overdue=overdue)

    return troubled


def tell_overdue(world: World, revocation_id: str) -> None:
    """A confirmed user who is not read back after 60 s is told as NOT DENIED, whatever the cause."""

    def overdue(current: Revocation, now: datetime) -> Change | None:
        late = current.confirmed_at is not None and now - current.confirmed_at >= WRITE_WITHIN
        if current.state is not State.CONFIRMED or not late:
            return None
        known = current.trouble
        code = known.code if known else "slow"
        sentence = known.sentence if known else "The Deny policy was not read back with the user ID in it."
        return _not_denied(_at(world, current), now, code, sentence, overdue=True)

    world.store.change(revocation_id, overdue)


def _at(world: World, current: Revocation) -> Revocation:
    """The record, naming the policy for whoever must write it by hand."""
    return replace(current, policy_id=world.policy.policy_id)


def _not_denied(
    current: Revocation, now: datetime, code: str, sentence: str, *, overdue: bool
) -> Change | None:
    news = current.trouble is None or current.trouble.code != code
    alarm = overdue and not current.alarmed
    if not news and not alarm:
        return None
    changed = replace(
        current,
        trouble=Trouble(code=code, sentence=sentence, since=now) if news else current.trouble,
        alarmed=current.alarmed or alarm,
    )
    if news:
        changed = changed.noting(Note(kind="not_denied", at=now, broadcast=True, detail=sentence))
    if alarm:
        changed = changed.noting(Note(kind="not_denied", at=now, alarm=True, detail=sentence))
    return Change(revocation=changed, event="not_written", actor=SYSTEM, detail={"code": code}, wakes=(SHOW,))
