"""The record of one look at somebody without a revocation: who asked, about whom, and what they were told. Frozen; times are
aware UTC.

It denies nobody and changes nothing. It is kept, because who looked up whom belongs to the audit.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from workers.domain.actor import Actor
from workers.domain.revocation import VERSION, Coverage, DirectoryUser, Note, Reach, TargetRef

ANSWER_WITHIN = timedelta(minutes=10)
"""Who asked has gone on by then: it ends, and they ask again if it still matters."""

JOB_LATE = timedelta(seconds=3)
"""A job that has not done its work after this is taken for lost."""


class LookupState(StrEnum):
    ASKED = "asked"
    """Somebody waits for the answer; it may be known already, and not told."""
    TOLD = "told"
    FAILED = "failed"
    """There is no answer, and `why` says so; told to whoever asked, where Slack and the time allowed it."""


LOOKUP_ENDED = frozenset({LookupState.TOLD, LookupState.FAILED})


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """One question of one person. The log's last entry holds exactly this."""

    id: str
    """`L-` and six characters."""
    v: int = VERSION
    seq: int = 0
    mac: str = field(default="", compare=False)
    """The signature of the log entry that this was read from; not part of what is signed."""
    state: LookupState = LookupState.ASKED
    target: TargetRef
    asked_by: Actor
    asked_at: datetime
    user: DirectoryUser | None = None
    slack_name: str | None = None
    protected: bool = False
    responders_left: int | None = None
    """For somebody who is a responder: how many others can act. None: they are none, or it is not known."""
    reach: Reach | None = None
    coverage: Coverage | None = None
    listed: bool | None = None
    """Whether their user ID stands in the Deny policy all the same; None: it could not be read."""
    why: str = ""
    """Why there is nothing to show, and what to do, in sentences."""
    tries: int = 0
    """How often AWS or Slack gave no answer."""
    again_at: datetime | None = None
    notes: tuple[Note, ...] = ()
    """None: what is told goes to whoever asked, at once."""

    @property
    def ended(self) -> bool:
        return self.state in LOOKUP_ENDED

    @property
    def known(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.why) or self.reach is not None


def lookup_ends_at(lookup: Lookup) -> datetime:
    return lookup.asked_at + ANSWER_WITHIN


def lookup_due(lookup: Lookup) -> datetime | None:
    """When somebody must look at it next, whatever became of its job; None: it has ended."""
    if lookup.ended:
        return None
    return min(lookup.again_at or lookup.asked_at + JOB_LATE, lookup_ends_at(lookup))
