"""One follow-up of a revocation: what it is, how it stands, who has it. Frozen values; times are aware UTC."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from workers.domain.actor import Actor


class Kind(StrEnum):
    """The follow-ups, in the order of the AWS page "Use a Deny policy to revoke active user permissions"."""

    ASSIGNMENTS = "assignments"
    """Account assignments made to the user directly."""
    MEMBERSHIPS = "memberships"
    """Group memberships; a group's own assignments are never touched."""
    APPLICATIONS = "applications"
    ENTITLEMENTS = "entitlements"
    """Entitlements of account access manager, made to the user directly."""
    SIGN_IN = "sign_in"
    SESSIONS = "sessions"
    """Portal and background sessions; no public API ends them."""
    CREDENTIALS = "credentials"
    SLACK = "slack"
    DEVICE = "device"


ACCESS = (Kind.ASSIGNMENTS, Kind.MEMBERSHIPS, Kind.APPLICATIONS, Kind.ENTITLEMENTS)
"""What is removed item by item, and can be given back."""

ATTESTABLE = (Kind.SIGN_IN, Kind.SESSIONS, Kind.CREDENTIALS, Kind.SLACK, Kind.DEVICE)
"""What a named person may say was done; sign-in turns green only once AWS says so too."""


class StepState(StrEnum):
    WAITING = "waiting"
    """For its time, for a step before it, or for somebody's Start."""
    RUNNING = "running"
    FAILED = "failed"
    """A person must look; `detail` says what to do."""
    OPEN = "open"
    """A person must do it."""
    DONE = "done"
    """Read back from AWS."""
    ATTESTED = "attested"
    NOT_IN_USE = "not_in_use"
    """The account or Region does not have the service."""

    @property
    def words(self) -> str:
        return self.value.replace("_", " ")


SETTLED = frozenset({StepState.DONE, StepState.ATTESTED, StepState.NOT_IN_USE})


@dataclass(frozen=True, kw_only=True)
class Attestation:
    """Who says that it was done, by whom, and when; `at` is when they said so."""

    by: Actor
    at: datetime
    done_by: str
    done_at: datetime
    link: str = ""
    by_hand: bool = False
    """`done_by` was typed: it is a name, and no Slack id even where it looks like one."""


@dataclass(frozen=True, kw_only=True)
class Step:
    kind: Kind
    state: StepState
    gone: int = 0
    total: int = 0
    """How many items there were to remove, of which `gone` are read back as gone."""
    detail: str = ""
    """Why it failed or waits, and what to do; text from AWS may be in it."""
    residual: tuple[str, ...] = ()
    """What it leaves, in sentences: groups that an IdP puts back, applications that need no assignment."""
    assignee: Actor | None = None
    """Who has it, where that is not the owner; may attest this step only."""
    due_at: datetime | None = None
    """By when a person should have done it."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    attempts: int = 0
    """How often AWS gave no clear answer, since it last did."""
    comebacks: int = 0
    """How often what was gone was given to the user again."""
    again_at: datetime | None = None
    """When a worker looks at it next, whatever became of its job."""
    asked: bool = False
    """Somebody pressed Retry, so it runs even where the settings leave it to people."""
    left_to_people: bool = False
    """The settings let it run only where somebody asks for it."""
    told: str = ""
    """The failure that a person was told of last; the same one again wakes nobody."""
    anyway: bool = False
    """Sign-in: somebody asked to disable it before the sessions were ended."""
    attested: Attestation | None = None

    @property
    def settled(self) -> bool:
        return self.state in SETTLED
