"""When a drill last proved that the Deny policy can be written and read back. Pure; times are aware UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from workers.domain.actor import Actor
from workers.domain.revocation import Revocation

OVERDUE_AFTER = timedelta(days=90)
"""A way out that nobody walked for a quarter of a year is not known to be open."""

LOOK_BACK = timedelta(days=100)
"""So far back a drill is looked for; what is older is overdue anyway."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """One drill whose denial was written and read back."""

    revocation_id: str
    at: datetime
    """When it was read back."""
    by: Actor
    """Who pressed Deny now."""
    to_the_end: bool
    """Whether it also came off the list, read back as gone."""

    def overdue(self, now: datetime) -> bool:
        return now - self.at > OVERDUE_AFTER


def last_proven(revocations: Iterable[Revocation]) -> Proof | None:
    """The newest one; None where none of them is a drill that was written."""
    found = (proof for revocation in revocations if (proof := _proof(revocation)) is not None)
    return max(found, key=lambda proof: proof.at, default=None)


def _proof(revocation: Revocation) -> Proof | None:
    """An ID that was found in the policy proves nothing: somebody else wrote it."""
    if not revocation.drill or revocation.adopted or revocation.written_at is None:
        return None
    return Proof(
        revocation_id=revocation.id,
        at=revocation.written_at,
        by=revocation.confirmed_by or revocation.requested_by,
        to_the_end=revocation.off_at is not None,
    )
