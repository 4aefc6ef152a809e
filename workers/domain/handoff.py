"""The record of one handoff: open revocations that pass from whoever owns them to whoever is next. Frozen; times are aware UTC.

Until it is accepted the outgoing stay owners. A handoff frees and denies nobody.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from workers.domain.actor import Actor
from workers.domain.revocation import VERSION, Note

REMIND_AFTER = timedelta(minutes=10)
ESCALATE_AFTER = timedelta(minutes=30)
"""Then any responder may accept."""

NOTE_LIMIT = 1000


class HandoffState(StrEnum):
    OFFERED = "offered"
    """Waits for somebody who is asked to accept; the outgoing are still owners."""
    ACCEPTED = "accepted"
    """Somebody is the owner now, or becomes it as the worker passes each one; its thread collects what happens."""
    RETURNED = "returned"
    """Everybody who was asked declined; the outgoing stay owners."""
    REPLACED = "replaced"
    """A newer one passes the same revocations."""
    CLOSED = "closed"
    """Nothing of it is open any more."""


HANDOFF_ENDED = frozenset({HandoffState.REPLACED, HandoffState.CLOSED})
"""The states that nothing leaves. One that was returned can still be accepted."""

WAITS = frozenset({HandoffState.OFFERED, HandoffState.RETURNED})
"""The states in which somebody may accept."""


@dataclass(frozen=True, kw_only=True)
class Declined:
    by: Actor
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What an outgoing person leaves for the next."""

    by: Actor
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """One handoff. The log's last entry holds exactly this."""

    id: str
    """`H-` and six characters."""
    v: int = VERSION
    seq: int = 0
    mac: str = field(default="", compare=False)
    """The signature of the log entry that this was read from; not part of what is signed."""
    state: HandoffState = HandoffState.OFFERED
    revocations: tuple[str, ...]
    """The ids that it passes on, the oldest request first."""
    outgoing: tuple[Actor, ...]
    """Who owned them when it was offered."""
    incoming: tuple[str, ...] = ()
    """The Slack ids of who is asked; the first to accept takes all. Empty: any responder."""
    offered_by: Actor
    """The product itself where the on-call group changed."""
    offered_at: datetime
    because: str = ""
    """Why it came by itself, as a sentence; empty where a person offered it."""
    channel: str
    root_ts: str | None = None
    """Its message, the root of its thread."""
    remarks: tuple[Remark, ...] = ()
    declined: tuple[Declined, ...] = ()
    accepted_by: Actor | None = None
    accepted_at: datetime | None = None
    passed_at: datetime | None = None
    """When every revocation of it had its new owner, or needed none."""
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    replaced_by: str | None = None
    notes: tuple[Note, ...] = ()
    """What its thread must still be told; see `workers.domain.revocation.Note`."""

    @property
    def ended(self) -> bool:
        return self.state in HANDOFF_ENDED

    @property
    def asked(self) -> tuple[str, ...]:
        """Who is asked and has not declined; empty: any responder."""
        return tuple(
            one for one in self.incoming if one not in {declined.by.id for declined in self.declined}
        )

    @property
    def open_to_all(self) -> bool:
        """Whether any responder may accept: nobody was named, or nobody named answered in time."""
        return not self.incoming or self.escalated_at is not None

    def told(self, note: Note) -> "Handoff":
        """The same record without `note`."""
        return replace(self, notes=tuple(other for other in self.notes if other != note))

    def noting(self, *notes: Note) -> "Handoff":
        return replace(self, notes=(*self.notes, *notes))


def handoff_due(handoff: Handoff) -> datetime | None:
    """When somebody must look at it next, whatever became of its jobs; None where nothing waits."""
    if handoff.state is not HandoffState.OFFERED:
        return None
    if handoff.reminded_at is None:
        return handoff.offered_at + REMIND_AFTER
    return handoff.offered_at + ESCALATE_AFTER if handoff.escalated_at is None else None
