"""What the user had before anything was taken away; kept in the log, for the record and for whoever exports it."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from workers.domain.actor import SYSTEM
from workers.domain.errors import AwsRefused, AwsUnsettled, PolicyRefused
from workers.domain.revocation import DirectoryUser, Note, Revocation, Snapshot
from workers.domain.step import Kind
from workers.ports import SHOW, Change, Item, Job, Wake
from workers.service.follow_ups import items
from workers.service.follow_ups.turn import Turn, kept
from workers.service.world import World

logger = logging.getLogger(__name__)

_UNREADABLE = (AwsRefused, AwsUnsettled, PolicyRefused)


@dataclass
class _Found:
    detail: dict[str, Any] = field(default_factory=dict)
    counts: dict[Kind, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def take(world: World, revocation_id: str) -> None:
    """Read and record it once; again while a part was unreadable and nothing was taken yet."""
    revocation = world.store.get(revocation_id)
    if revocation.user is None or not _wanted(revocation):
        return
    found = _read(world, revocation.user)

    def taken(current: Revocation, now: datetime) -> Change | None:
        if not _wanted(current) or (current.snapshot and current.snapshot.unread == tuple(found.unread)):
            return None
        snapshot = Snapshot(
            at=now, entry=current.seq + 1, counts=tuple(found.counts.items()), unread=tuple(found.unread)
        )
        changed = replace(current, snapshot=snapshot)
        return Change(record=changed, event="snapshot", actor=SYSTEM, detail=found.detail, wakes=(SHOW,))

    world.store.change(revocation_id, taken)


def _wanted(revocation: Revocation) -> bool:
    if revocation.snapshot is None:
        return True
    return bool(revocation.snapshot.unread) and revocation.follow_ups_started_at is None


def _read(world: World, user: DirectoryUser) -> _Found:
    found = _Found()
    for kind, access in world.access.items():
        with _noting_failure(found, kind.value):
            held = access.held(user.user_id)
            found.detail[kind.value] = None if held is None else items.listed(held)
            found.counts[kind] = len(held or ())
    with _noting_failure(found, "user"):
        now = world.directory.by_user_id(user.user_id)
        found.detail["user"] = _described(now) if now else None
    with _noting_failure(found, "policy"):
        found.detail["policy"] = world.policy.read().text
    found.detail["unread"] = found.unread
    return found


@contextmanager
def _noting_failure(found: _Found, part: str) -> Iterator[None]:
    """What cannot be read is named in the snapshot, and hides nothing of the rest."""
    try:
        yield
    except _UNREADABLE as error:
        found.unread.append(f"{part}: {error}")


def _described(user: DirectoryUser) -> dict[str, Any]:
    return {
        "user_id": user.user_id,
        "user_name": user.user_name,
        "display_name": user.display_name,
        "email": user.email,
        "sign_in": user.sign_in,
    }


def look_up_last(world: World, revocation_id: str) -> None:
    """Name the assignments that are the last of their permission set, in the time before they are removed."""
    with world.store.lock(f"last-{revocation_id}", wait=timedelta(0)) as lock:
        revocation = world.store.get(revocation_id)
        if lock is None or not _last_unknown(revocation):
            return
        assert revocation.snapshot is not None
        direct = _snapshot_items(world, revocation, Kind.ASSIGNMENTS)[revocation.snapshot.looked :]
        turn = Turn.starting(world, lock, lambda: _last_unknown(world.store.get(revocation_id)))
        try:
            with kept(lock):
                answers = list(world.last_of_set.last(direct, turn))
        except _UNREADABLE as error:
            logger.warning("last_of_set_unread", extra={"revocation_id": revocation_id, "cause": str(error)})
            return
    _record_last(world, revocation_id, answers, complete=len(answers) == len(direct))


def _last_unknown(revocation: Revocation) -> bool:
    snapshot = revocation.snapshot
    return snapshot is not None and not snapshot.last_known and revocation.follow_ups_started_at is None


def _snapshot_items(world: World, revocation: Revocation, kind: Kind) -> list[Item]:
    assert revocation.snapshot is not None
    entry = world.store.log(revocation.id)[revocation.snapshot.entry - 1]
    return items.read(entry["detail"].get(kind.value) or ())


def _record_last(
    world: World, revocation_id: str, answers: list[tuple[Item, bool]], *, complete: bool
) -> None:
    """What was found; where time was over first, the next run goes on behind it."""
    found = tuple(item.name for item, last in answers if last)

    def recorded(current: Revocation, now: datetime) -> Change | None:
        before = current.snapshot
        if before is None or before.last_known or not (answers or complete):
            return None
        names, looked = (*before.last, *found), before.looked + len(answers)
        changed = replace(
            current, snapshot=replace(before, last=names, looked=looked, last_known=complete)
        ).noting(*(_last_note(names, now) if complete else ()))
        wakes = (SHOW,) if complete else (SHOW, Wake(Job.FOLLOW_UP))
        detail = {"last": list(found)}
        return Change(record=changed, event="last_of_set_read", actor=SYSTEM, detail=detail, wakes=wakes)

    world.store.change(revocation_id, recorded)


def _last_note(names: Sequence[str], now: datetime) -> Iterator[Note]:
    if names:
        yield Note(kind="last_assignments", at=now, detail=", ".join(names)[:800])
