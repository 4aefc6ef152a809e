"""The only writer of the Deny policy: makes it equal the records. Level-triggered; safe to run at any time.

UpdatePolicy has no version and no client token (AWS Organizations API reference), so the last writer wins. Hence
one lock whose ownership is checked before each write, one send per write, and a read-back that decides.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from workers.domain import deny_document
from workers.domain.deny_document import DenyDocument
from workers.domain.deny_plan import STALE_READS, DenyPlan, plan, user_id_of
from workers.domain.errors import AwsUnsettled, PolicyRefused, StoreAway
from workers.domain.revocation import Revocation, State
from workers.ports import Lock, PolicyRead
from workers.service import adoption, believing, read_back, rechecking, second_sink, trouble
from workers.service.believing import Found
from workers.service.world import World

logger = logging.getLogger(__name__)

POLICY_LOCK = "policy"
LOCK_WAIT = timedelta(seconds=15)
_TRY_FOR = 20.0


LONGEST_SILENCE = timedelta(minutes=5)
"""However often it is written, or said to be: so long what looks odd in the policy is not told."""


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
            enforce(world, lock, revocation_id)


def enforce(world: World, lock: Lock, revocation_id: str | None = None) -> PolicyRead | None:
    """Make the policy equal the records while holding the policy's lock; returns the last read.

    `revocation_id`: one that is acted on even where the unsigned index of open ones does not name it.
    """
    try:
        for attempt in _attempts():
            with attempt:
                return _make_equal(world, lock, revocation_id)
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


def _make_equal(world: World, lock: Lock, revocation_id: str | None) -> PolicyRead:
    read = _read(world, lock)
    document = deny_document.parse(read.text)
    now, lately = world.store.now(), _written_lately(world)
    fresh = not lately or _for_long(world, "written-lately", now)
    found = believing.read(world, also=[revocation_id] if revocation_id else [])
    believing.learn(world, found)
    records = _acted_on(world, found, document, read.aws_time, fresh)
    known = {record.mac for record in found.records}
    changed = [record for record in records if record.mac not in known]
    wants = plan(document, _open(records), world.store.ended(50) if lately else [], now, found.kept)
    wants = second_sink.that_may_go(world, wants, records, document)
    read_back.say_missing(world, wants, fresh)
    wanted, left_out = _that_fit(world, document, wants)
    request_id = None
    if wanted != document.user_ids or not document.has_placeholder or wants.doubtful:
        request_id = _write(world, lock, document.render(wanted))
        read = _read(world, lock)
        document = deny_document.parse(read.text)
        _insist(document, wanted)
    settled = read_back.settle(world, wants, records, document, request_id, read.aws_time)
    trouble.refuse_left_out(world, left_out)
    believing.follow(world, [*changed, *settled])
    if fresh:
        _see_to_lost(world, lock, found, wants, document)
    _keep_room(world, document)
    return read


def _keep_room(world: World, document: DenyDocument) -> None:
    """For people to read. What was to be done is done and recorded by now, and this may fail."""
    with suppress(StoreAway):
        world.store.figure(deny_document.ROOM, document.room(world.rules.policy_size))


def _acted_on(
    world: World, found: Found, document: DenyDocument, aws_time: datetime | None, fresh: bool
) -> list[Revocation]:
    """The records that are believed, as they are after they were checked again."""
    now, in_policy = world.store.now(), document.user_ids

    def still_in(record: Revocation) -> bool:
        return not fresh or (record.user is not None and user_id_of(record) in in_policy)

    records = rechecking.confirmed(world, _open(found.records), in_policy, now)
    records = rechecking.coming_off(world, records, still_in, aws_time)
    return [*records, *believing.take_up(world, found, in_policy)]


def _open(records: Iterable[Revocation]) -> list[Revocation]:
    return [record for record in records if not record.ended]


def _see_to_lost(world: World, lock: Lock, found: Found, wants: DenyPlan, document: DenyDocument) -> None:
    """Who is in the policy without a record gets one; whose record is gone, and is not in it, is told as NOT DENIED."""
    lost = {one.user_id: one for one in found.vanished if one.user_id is not None}
    for user_id in sorted(wants.orphans):
        _own(lock)
        believing.follow(world, [adoption.adopt(world, user_id, lost.get(user_id))])
    for user_id in sorted(lost.keys() - document.user_ids - wants.orphans):
        _own(lock)
        adoption.say_lost(world, lost[user_id])
    believing.let_go(world, found.vanished)


def _written_lately(world: World) -> bool:
    """Whether our last write is so short ago that a read may look odd."""
    last = world.store.marked("policy_written")
    lately = last is not None and world.store.now() - last <= STALE_READS
    if not lately:
        world.witness.over("written-lately")
    return lately


def _for_long(world: World, what: str, now: datetime) -> bool:
    """The mark is not signed: if it is set again and again, what looks odd is told all the same."""
    return now - world.witness.since(what, now) > LONGEST_SILENCE


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
