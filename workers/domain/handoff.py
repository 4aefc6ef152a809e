"""One owner passes open revocations to the next. The outgoing stays owner until somebody accepts. Pure values."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from workers.domain.actor import Actor
from workers.domain.revocation import Note

VERSION = 1

REMIND_AFTER = timedelta(minutes=10)
"""So long after it was offered, and nobody said yes or no, the incoming are reminded; once."""

ESCALATE_AFTER = timedelta(minutes=30)
"""So long after it was offered, it is open to every responder, who are all told; once."""


class HandoffState(StrEnum):
    OFFERED = "offered"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    """Everybody it was offered to said no, or cannot take it; the outgoing stays owner."""
    REPLACED = "replaced"
    """A newer handoff of the same owner took its place."""
    CLOSED = "closed"
    """The shift is over: it was handed on, or nothing that passed is open any more."""


OPEN = frozenset({HandoffState.OFFERED, HandoffState.ACCEPTED})
"""The states in which its thread collects what happens to its revocations."""


@dataclass(frozen=True, kw_only=True)
class Decline:
    by: Actor
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """One handoff, with its thread. The last entry of its log holds exactly this."""

    id: str
    """`H-` and 6 characters."""
    v: int = VERSION
    seq: int = 0
    state: HandoffState
    outgoing: tuple[Actor, ...]
    """Whose revocations pass. Several where a shift change found several owners."""
    incoming: tuple[str, ...] = ()
    """Slack ids of those it is offered to. Empty: any responder."""
    opened_by: Actor
    opened_at: datetime
    by_schedule: bool = False
    """A change of the on-call group opened it."""
    note: str = ""
    """What the outgoing person says."""
    note_by: Actor | None = None
    channel: str
    card_ts: str | None = None
    revocations: tuple[str, ...]
    """Ids of those that pass, as open when it was offered."""
    declined: tuple[Decline, ...] = ()
    accepted_by: Actor | None = None
    accepted_at: datetime | None = None
    passed_at: datetime | None = None
    """When every revocation had its new owner."""
    reminded_at: datetime | None = None
    escalated_at: datetime | None = None
    notes: tuple[Note, ...] = ()

    @property
    def ended(self) -> bool:
        return self.state not in OPEN

    @property
    def open_to_all(self) -> bool:
        """Whether any responder may accept: nobody was named, or those named did not answer in time."""
        return not self.incoming or self.escalated_at is not None

    @property
    def still_asked(self) -> tuple[str, ...]:
        """Those it is offered to who did not say no."""
        no = {decline.by.id for decline in self.declined}
        return tuple(slack_id for slack_id in self.incoming if slack_id not in no)

    def told(self, note: Note) -> "Handoff":
        return replace(self, notes=tuple(other for other in self.notes if other != note))

    def noting(self, *notes: Note) -> "Handoff":
        return replace(self, notes=(*self.notes, *notes))


def next_due(handoff: Handoff) -> datetime | None:
    """When somebody must look at it next; None where it waits for nobody."""
    if handoff.state is HandoffState.ACCEPTED:
        return handoff.accepted_at if handoff.passed_at is None else None
    if handoff.state is not HandoffState.OFFERED:
        return None
    if handoff.reminded_at is None:
        return handoff.opened_at + REMIND_AFTER
    return handoff.opened_at + ESCALATE_AFTER if handoff.escalated_at is None else None
