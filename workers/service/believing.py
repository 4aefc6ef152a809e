"""Which records are acted on: those whose logs lead on from what was seen of them before, outside Redis.

Who can write to Redis can cut a log back to an entry that is properly signed, hide it, or delete it. Nobody is denied or
freed, and nothing is taken or given back, on the word of such a log; whom it denied stays.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from workers.domain import witnessed
from workers.domain.actor import SYSTEM
from workers.domain.errors import UnknownRevocation, UnreadableRecord
from workers.domain.revocation import Revocation
from workers.domain.witnessed import Seen, clearly_older, seen, taken_up, worth_remembering
from workers.ports import SHOW, Change, Decide, Job, Wake
from workers.service.world import World

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Found:
    """The records as they are in Redis, held against what was seen of them before."""

    before: Mapping[str, Seen]
    records: tuple[Revocation, ...]
    """Believed; open ones, and those that ended without being seen to."""
    put_back: tuple[Revocation, ...]
    vanished: tuple[Seen, ...]
    """Denied somebody when they were last seen, and cannot be read any more."""

    @property
    def kept(self) -> frozenset[str]:
        """The user IDs that no other record's release may take off."""
        lost = [*self.vanished, *(self.before[record.id] for record in self.put_back)]
        return frozenset(one.user_id for one in lost if one.user_id is not None)

    @property
    def doubts(self) -> bool:
        return bool(self.put_back or self.vanished)


def read(world: World, also: Iterable[str] = ()) -> Found:
    """Every open record, those that the index no longer names, and `also`."""
    before = world.witness.seen()  # first: what is read from Redis afterwards can only be newer
    records = {record.id: record for record in world.store.open()}
    denying = {one.revocation_id: one for one in before.values() if one.user_id is not None}
    for revocation_id in {*denying, *also} - records.keys():
        record = _get(world, revocation_id)
        if record is not None:
            records[revocation_id] = record
    put_back = {r.id: r for r in records.values() if _is_put_back(world, r, before)}
    return Found(
        before,
        tuple(record for record in records.values() if record.id not in put_back),
        tuple(put_back.values()),
        tuple(one for id_, one in denying.items() if id_ not in records),
    )


def get(world: World, revocation_id: str) -> Revocation:
    """The record, to act on. Raises UnreadableRecord where its log was put back, and what the store raises."""
    before = world.witness.seen()
    record = world.store.get(revocation_id)
    if _is_put_back(world, record, before):
        raise UnreadableRecord(
            f"{revocation_id}: its log was put back to an earlier entry, so it is not acted on."
        )
    return record


def _get(world: World, revocation_id: str) -> Revocation | None:
    try:
        return world.store.get(revocation_id)
    except (UnknownRevocation, UnreadableRecord):
        return None


def _is_put_back(world: World, record: Revocation, before: Mapping[str, Seen]) -> bool:
    was = before.get(record.id)
    if was is None or clearly_older(record, was):
        return was is not None
    return record.seq > was.seq and not world.store.leads_on(record, was.seq, was.mac)


def learn(world: World, found: Found) -> None:
    """Remember what is believed, as it was found."""
    moves = [(found.before.get(r.id), seen(r)) for r in found.records if _counts(r, found.before)]
    world.witness.moved([(was, now) for was, now in moves if was != now])


def follow(world: World, changed: Iterable[Revocation]) -> None:
    """Remember records that were just changed, where what they were changed from was believed, too."""
    before = world.witness.seen()
    records = [r for r in changed if _counts(r, before) and not _is_put_back(world, r, before)]
    world.witness.moved([(before.get(record.id), seen(record)) for record in records])


def _counts(record: Revocation, before: Mapping[str, Seen]) -> bool:
    return worth_remembering(record) or record.id in before


def take_up(world: World, found: Found, in_policy: Collection[str]) -> list[Revocation]:
    """The records whose logs were put back, as they stand from now on. Call it inside the policy's lock."""
    taken = list[Revocation]()
    for record in found.put_back:
        was = found.before[record.id]
        logger.error(
            "log_was_put_back", extra={"revocation_id": record.id, "seq": record.seq, "seen": was.seq}
        )
        changed = change(world, record.id, _taken_up(world, record, was, in_policy))
        if changed is not None:
            world.witness.moved([(was, seen(changed))])
            taken.append(changed)
    return taken


def _taken_up(world: World, record: Revocation, was: Seen, in_policy: Collection[str]) -> Decide:
    def decide(current: Revocation, now: datetime) -> Change | None:
        if current.mac != record.mac:
            return None
        changed = replace(taken_up(current, was, in_policy, now), policy_id=world.policy.policy_id)
        # What was lost stays on the record: the log must show that it is not whole.
        detail = {"seen_entry": was.seq, "seen_signature": was.mac, "put_back_to": current.seq}
        wakes = (SHOW, *([Wake(Job.READ_REACH)] if changed.on_the_list else []))
        return Change(record=changed, event="found_put_back", actor=SYSTEM, detail=detail, wakes=wakes)

    return decide


def let_go(world: World, lost: Iterable[Seen]) -> None:
    """Somebody else's record has them now, or they are not in the policy: their lost one keeps nobody any more."""
    world.witness.moved([(one, witnessed.let_go(one)) for one in lost])


def change(world: World, revocation_id: str, decide: Decide) -> Revocation | None:
    """As the store's, but a record that cannot be read is left alone: one bad record must not stop the others."""
    try:
        return world.store.change(revocation_id, decide)
    except (UnknownRevocation, UnreadableRecord) as error:
        logger.error("record_left_alone", extra={"revocation_id": revocation_id, "cause": str(error)})
        return None


def each(records: Iterable[Revocation], do: Callable[[Revocation], Revocation | None]) -> list[Revocation]:
    """The records as `do` changed them; None: as they were."""
    return [do(record) or record for record in records]
