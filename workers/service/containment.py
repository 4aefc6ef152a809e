"""The only writer of the Deny policy: makes it equal the records. Level-triggered; safe to run at any time.

UpdatePolicy has no version and no client token (AWS Organizations API reference), so the last writer wins. Hence
one lock whose ownership is checked before each write, one send per write, and a read-back that decides.
"""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from workers.domain import deny_document
from workers.domain.actor import SYSTEM
from workers.domain.deny_document import DenyDocument
from workers.domain.deny_plan import STALE_READS, DenyPlan, plan, user_id_of
from workers.domain.errors import AwsUnsettled, PolicyRefused, UnreadableRecord
from workers.domain.revocation import Revocation, State
from workers.ports import SHOW, Change, Lock, PolicyRead
from workers.service import adoption, read_back, trouble
from workers.service.world import World

logger = logging.getLogger(__name__)

POLICY_LOCK = "policy"
LOCK_WAIT = timedelta(seconds=15)
_TRY_FOR = 20.0
PROOF_LASTS = timedelta(seconds=60)
"""How long the gates that were read green are good for."""


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
        if isinstance(error, PolicyRefused):
            world.store.mark("policy_refused")
        trouble.record_for_all(world, error)
    return None


def _attempts() -> Retrying:
    return Retrying(
        retry=retry_if_exception_type(AwsUnsettled),
        wait=wait_exponential_jitter(multiplier=0.3, max=5, jitter=0.3),
        stop=stop_after_delay(_TRY_FOR),
        reraise=True,
    )


def _unsettled(revocation: Revocation) -> bool:
    return revocation.state in (State.CONFIRMED, State.RELEASING)


def _make_equal(world: World, lock: Lock) -> PolicyRead:
    read = _read(world, lock)
    document = deny_document.parse(read.text)
    now, fresh = world.store.now(), _fresh(world)
    _drop_old_proofs(world)
    believed = [revocation for revocation in world.store.open() if _believed(world, revocation)]
    wants = plan(document, believed, [] if fresh else world.store.ended(50), now)
    read_back.say_missing(world, wants, fresh)
    wanted, left_out = _that_fit(world, document, wants)
    request_id = None
    if wanted != document.user_ids or not document.has_placeholder or wants.doubtful:
        request_id = _write(world, lock, document.render(wanted))
        read = _read(world, lock)
        document = deny_document.parse(read.text)
        _insist(document, wanted)
    read_back.settle(world, wants, document, request_id, read.aws_time)
    trouble.refuse_left_out(world, left_out)
    for user_id in sorted(wants.orphans) if fresh else ():
        _own(lock)
        adoption.adopt(world, user_id)
    return read


def _drop_old_proofs(world: World) -> None:
    """What was proven and could not be taken off at once is denied as before: access may have come back since."""
    for revocation in world.store.open():
        if revocation.state is State.RELEASING and not revocation.released_by:
            world.store.change(revocation.id, _proof_lapsed)


def _proof_lapsed(current: Revocation, now: datetime) -> Change | None:
    fresh = current.proven_at is not None and abs(now - current.proven_at) < PROOF_LASTS
    if current.state is not State.RELEASING or current.released_by or fresh:
        return None
    changed = replace(current, state=State.DENIED, notice_at=None, proven_at=None)
    return Change(revocation=changed, event="proof_lapsed", actor=SYSTEM, wakes=(SHOW,))


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
    world.store.mark("policy_written")
    _own(lock)  # the last thing before the write: whatever stalls must do so before it
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
