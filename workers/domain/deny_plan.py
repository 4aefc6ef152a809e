"""What the Deny policy must say, given the records and what it says now. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.domain.deny_document import DenyDocument
from workers.domain.revocation import Revocation, State

STALE_READS = timedelta(seconds=30)
"""AWS may answer a read with a text from before our last write; what looks odd this soon after it is not news."""


@dataclass(frozen=True, kw_only=True)
class DenyPlan:
    """The user IDs that must be in the policy, and what is odd about those that are."""

    must: tuple[Revocation, ...]
    """Confirmed or denied, in the order of confirmation."""
    off: frozenset[str]
    """May not stay: released, and desired by no other record."""
    missing: tuple[Revocation, ...]
    """Were read back before, and are gone now: somebody else took them off."""
    orphans: frozenset[str]
    """In the policy without a record: kept, and a human is told."""
    doubtful: bool
    """Somebody changed sides so lately that a read may still show the other one: only a write settles it."""

    @property
    def wanted(self) -> frozenset[str]:
        return frozenset(user_id_of(revocation) for revocation in self.must)


def plan(
    document: DenyDocument,
    open_ones: Iterable[Revocation],
    ended: Iterable[Revocation],
    now: datetime,
    kept: frozenset[str] = frozenset(),
) -> DenyPlan:
    """Compare the records with the policy. `ended` are the latest ended ones, to tell a stale read by.

    `kept`: user IDs whose own record is lost, or not believed. No other record takes them off.
    """
    identified = [revocation for revocation in open_ones if revocation.user is not None]
    must = sorted((r for r in identified if r.on_the_list), key=_confirmed)
    wanted = {user_id_of(revocation) for revocation in must}
    releasing = {user_id_of(r) for r in identified if r.state is State.RELEASING}
    just_off = {user_id_of(r) for r in [*identified, *ended] if _just_off(r, now)}
    off = frozenset((releasing | just_off) - wanted - kept)
    known = {user_id_of(revocation) for revocation in identified if revocation.state is not State.WATCHED}
    known -= kept - wanted
    return DenyPlan(
        must=tuple(must),
        off=off,
        missing=tuple(r for r in must if _was_written(r) and user_id_of(r) not in document.user_ids),
        orphans=frozenset(document.user_ids - known - off),
        doubtful=bool(wanted & just_off) or any(_just_written(r, now) for r in identified),
    )


def user_id_of(revocation: Revocation) -> str:
    assert revocation.user is not None
    return revocation.user.user_id


def _confirmed(revocation: Revocation) -> tuple[datetime, str]:
    return revocation.confirmed_at or revocation.requested_at, revocation.id


def _was_written(revocation: Revocation) -> bool:
    return revocation.state is State.DENIED


def _just_written(revocation: Revocation, now: datetime) -> bool:
    """Being taken off again, so soon after it was written that a read may not show it yet."""
    written = revocation.written_at
    return revocation.state is State.RELEASING and written is not None and abs(now - written) < STALE_READS


def _just_off(revocation: Revocation, now: datetime) -> bool:
    return (
        revocation.user is not None
        and revocation.off_at is not None
        and abs(now - revocation.off_at) < STALE_READS
    )
