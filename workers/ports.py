"""What the use cases need from the world, as roles. Adapters implement them; tests use the real ones.

Every time is aware UTC. Every port may raise the errors of `workers.domain.errors` and no vendor's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from workers.domain.actor import Actor
from workers.domain.audit import Digest
from workers.domain.audit_entry import Line
from workers.domain.directory_search import Known
from workers.domain.handoff import Handoff
from workers.domain.look_back import Found, Sought
from workers.domain.lookup import Lookup
from workers.domain.revocation import DirectoryUser, Note, Revocation
from workers.domain.witnessed import Seen


class Job(StrEnum):
    """The wake-ups. A job carries the id of a record and nothing else."""

    IDENTIFY = "identify"
    CONTAIN = "contain"
    READ_REACH = "read_reach"
    CLEAN_UP = "clean_up"
    FOLLOW_UP = "follow_up"
    """Plan the follow-ups, take the snapshot, start what may start."""
    REMOVE_ASSIGNMENTS = "remove_assignments"
    REMOVE_MEMBERSHIPS = "remove_memberships"
    REMOVE_APPLICATIONS = "remove_applications"
    REMOVE_ENTITLEMENTS = "remove_entitlements"
    DISABLE_SIGN_IN = "disable_sign_in"
    RESTORE = "restore"
    """Read what a restore would give back, or give it back."""
    LOOK_BACK = "look_back"
    """What the user did since the session began."""
    STAND_DOWN = "stand_down"
    """List what the user did as a responder, and pass on what was theirs."""
    PASS_ON = "pass_on"
    """Make whoever accepted a handoff the owner of what it passes on."""
    SHOW_HANDOFF = "show_handoff"
    LOOK_UP = "look_up"
    """Find somebody without a revocation, and tell whoever asked."""
    SHOW = "show"


@dataclass(frozen=True)
class Wake:
    """One job to enqueue: now, or at `at` (the queue may be late or early; the record decides)."""

    job: Job
    at: datetime | None = None
    ahead: bool = False
    """Before all that waits in its queue; only for now."""


SHOW = Wake(Job.SHOW)
SHOW_FIRST = Wake(Job.SHOW, ahead=True)
"""The first card: somebody waits for its button, and in a crowd many cards that are up already want to be changed."""
SHOW_HANDOFF = Wake(Job.SHOW_HANDOFF)


class Record(Protocol):
    """What is kept as a signed log: its last entry holds exactly this."""

    @property
    def id(self) -> str: ...

    @property
    def seq(self) -> int: ...

    @property
    def mac(self) -> str: ...

    @property
    def state(self) -> StrEnum: ...

    @property
    def notes(self) -> tuple[Note, ...]: ...

    @property
    def ended(self) -> bool: ...


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, kw_only=True)
class ChangeOf(Generic[R]):
    """One step of a record: what it leads to, who did it, and what to wake."""

    record: R
    event: str
    actor: Actor
    detail: Mapping[str, Any] = field(default_factory=dict)
    wakes: tuple[Wake, ...] = ()


DecideOf = Callable[[R, datetime], ChangeOf[R] | None]
"""Pure: the record and Redis's time in; a change, or None for "nothing to do", out. May be called again."""

Change = ChangeOf[Revocation]
Decide = DecideOf[Revocation]


class Records(Protocol[R]):
    """The records of one kind. A change, its log entry, its due time and its jobs become visible together or not at all.

    Raises StoreAway where Redis is out of reach, UnknownRevocation, UnreadableRecord.
    """

    def now(self) -> datetime:
        """Redis's clock, the clock of every deadline."""
        ...

    def create(self, decide: Callable[[str, datetime], ChangeOf[R]]) -> R:
        """Make a new record under a fresh id."""
        ...

    def get(self, record_id: str) -> R: ...

    def change(self, record_id: str, decide: DecideOf[R]) -> R | None:
        """Apply `decide` by compare-and-set; None where it decided to do nothing."""
        ...

    def open(self) -> list[R]:
        """Every readable one that has not ended. Unreadable ones are left out and logged."""
        ...

    def ended(self, limit: int) -> list[R]:
        """The latest ended ones, newest first."""
        ...

    def ended_since(self, since: datetime) -> list[R]:
        """Every readable one that ended at `since` or later, newest first."""
        ...

    def due(self, now: datetime) -> list[str]:
        """Ids whose record's own next time has come."""
        ...

    def unreadable(self) -> list[str]:
        """Open ids whose record cannot be read, so that it is not acted on."""
        ...

    def untold(self) -> list[str]:
        """Ids whose card or notes are behind the record."""
        ...

    def behind(self, record: R) -> None:
        """Its message is behind though its record did not change: something else that it shows did."""
        ...

    def shown(self, record: R) -> None:
        """Everything up to `record.seq` was told."""
        ...

    def card_shows(self, record_id: str, digest: str, *, again_in: timedelta) -> None:
        """The card shows what `digest` stands for; no further update before `again_in`."""
        ...

    def card_digest(self, record_id: str) -> str | None: ...

    def card_paced(self, record_id: str) -> bool:
        """Whether the card's pace forbids an update now."""
        ...

    def postpone(self, record_id: str, wait: timedelta) -> None:
        """Tell nothing of this one for a while; the others go on."""
        ...

    def postponed(self, record_id: str) -> bool: ...

    def reindex(self, longest_wait: timedelta, *, ended_too: bool) -> None:
        """Find every record that has not ended by its log, whatever the unsigned indexes say, and mend those.

        None of its times is put off by more than `longest_wait` from now. `ended_too`: also those that the indexes call ended.
        """
        ...

    def leads_on(self, record: R, seq: int, mac: str) -> bool:
        """Whether its log, as it is now, leads from entry `seq` with the signature `mac` to the record's own entry."""
        ...

    def log(self, record_id: str) -> list[dict[str, Any]]:
        """The record's log, oldest first, every signature and link checked. Raises UnreadableRecord."""
        ...

    def on_both(self, record_id: str) -> bool:
        """Whether the second sink has the record's last entry from this process, which hands it over now where it had not.

        Without that nobody comes off the list, and no access is given back.
        """
        ...


class RevocationStore(Records[Revocation], Protocol):
    """The revocations, and what all processes share beside the records. Raises what `Records` raises."""

    def about(self, actor: Actor) -> list[Revocation]:
        """The readable open revocations whose target this actor is, by any name; see `same_person.is_target`. Quick."""
        ...

    def read_again(self, revocation_id: str, wait: timedelta) -> None:
        """The access was read and nothing had changed: it is due again after `wait`, or when something else is."""
        ...

    def pause_slack(self, seconds: float) -> None:
        """Slack asked for silence this long."""
        ...

    def first_sight(self, key: str, remember: timedelta) -> bool:
        """Whether `key` was not seen within `remember`; it counts as seen from now on."""
        ...

    def lock(self, name: str, *, wait: timedelta) -> AbstractContextManager["Lock | None"]:
        """An owned lock that ends by itself; None where somebody else held it for all of `wait`."""
        ...

    def mark(self, name: str) -> None:
        """Note that `name` happened now. Not signed: nothing that removes may rest on a mark alone."""
        ...

    def unmark(self, name: str) -> None: ...

    def marked(self, name: str) -> datetime | None: ...

    def figure(self, name: str, value: int) -> None:
        """Keep that `name` is `value` now; 0 or more. Not signed: for people to read, and nothing may rest on it."""
        ...

    def figured(self, name: str) -> "Figure | None":
        """What was kept last, and when; None where there is nothing, or nothing that we could have kept."""
        ...

    def digest(self) -> Digest:
        """What all logs lead to now."""
        ...

    def remember_members(self, group: str, members: frozenset[str]) -> None:
        """Who was in a Slack user group when it was last read. Not signed: nothing that decides may rest on it."""
        ...

    def remembered_members(self, group: str) -> frozenset[str] | None:
        """As they were remembered; None where nothing is, or nothing that can be read."""
        ...


HandoffStore = Records[Handoff]
LookupStore = Records[Lookup]


@dataclass(frozen=True)
class Figure:
    """A number, and when it was true."""

    value: int
    at: datetime


class AuditSink(Protocol):
    """A second place for each entry of the log, outside Redis. Safe between threads; takes a second at most."""

    def take(self, line: Line) -> bool:
        """Whether it was taken. Never raises: what is recorded goes on without it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Addition:
    """Somebody whom the writer puts into the Deny policy for the first time, on one revocation's word."""

    revocation_id: str
    by: Actor
    at: datetime
    """When it was confirmed; where that was long ago, when it was written."""
    alone: bool
    protected: bool = False


class Witness(Protocol):
    """What was seen of the records before, kept outside Redis. Never raises: where it cannot keep, it forgets, loudly.

    Safe between threads, and between the processes of one machine.
    """

    @property
    def lasting(self) -> bool:
        """Whether it outlives this process, and is shared with the others."""
        ...

    def seen(self) -> Mapping[str, Seen]:
        """By revocation id. Read it before the records that are compared with it."""
        ...

    def moved(self, moves: Sequence[tuple[Seen | None, Seen]]) -> None:
        """What was seen, and what is now; a move from anything but what is remembered by then changes nothing."""
        ...

    def adding(self, addition: Addition) -> None:
        """Remember it; each revocation is counted once."""
        ...

    def additions(self, since: datetime) -> list[Addition]: ...

    def first_time(self, what: str, now: datetime, within: timedelta) -> bool:
        """Whether `what` was not named within `within`; it counts as named from now on."""
        ...

    def since(self, what: str, now: datetime) -> datetime:
        """Since when `what` is so: from now, unless it was so before and is not `over`."""
        ...

    def over(self, what: str) -> None: ...


class Lock(Protocol):
    def extend(self) -> bool:
        """Make the lock last its full life from now; False where it is no longer ours."""
        ...


@dataclass(frozen=True)
class PolicyRead:
    """The Deny policy as AWS returned it."""

    text: str
    aws_time: datetime | None


class DenyPolicy(Protocol):
    """The one SCP. Raises AwsUnsettled where the outcome is unknown, PolicyRefused where a person must act.

    Source: AWS Organizations API reference, DescribePolicy and UpdatePolicy (no version or client token exists).
    """

    @property
    def policy_id(self) -> str: ...

    def read(self) -> PolicyRead: ...

    def write(self, text: str) -> str:
        """Replace the policy's content, sent exactly once; returns AWS's request id."""
        ...


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """Where the Deny policy stands in the organization."""

    type_enabled: bool
    management_account: str
    covered: frozenset[str]
    """Ids of all accounts below a target of the policy, without the management account."""
    accounts: frozenset[str]
    """Ids of all accounts that are not closed."""


class Organization(Protocol):
    def attachment(self, policy_id: str) -> Attachment:
        """Read the whole tree; paginates. Raises AwsRefused or AwsUnsettled."""
        ...


class Directory(Protocol):
    """The identity store. Raises NotIdentified, AwsRefused or AwsUnsettled.

    Source: Identity Store API reference (GetUserId, DescribeUser, ListUsers, ListGroupMembershipsForMember).
    """

    def by_user_id(self, user_id: str) -> DirectoryUser | None: ...

    def by_email(self, email: str) -> list[DirectoryUser]:
        """Users whose primary e-mail is this one, letter case aside."""
        ...

    def by_user_name(self, user_name: str, *, as_typed: bool = False) -> list[DirectoryUser]:
        """Users whose user name is this one, letter case aside; `as_typed`: by AWS's own lookup alone, which is quick."""
        ...

    def group_ids(self, user_id: str) -> list[str]: ...

    def everybody(self) -> Iterator[DirectoryUser]:
        """All users, page by page as they are taken. Not every one is readable: such a one is left out."""
        ...


class DirectoryCopy(Protocol):
    """What the directory held lately, for searching. Unsigned: it proposes, and AWS says who somebody is."""

    def made_at(self) -> datetime | None:
        """When AWS was read for it; None where there is none, or that cannot be told. Never raises."""
        ...

    def keep(self, users: Sequence[Known], at: datetime) -> None: ...

    def digest(self) -> str | None:
        """The same for the same users; None where there is no copy."""
        ...

    def read(self) -> list[Known]:
        """The users of the copy, whatever of it is readable."""
        ...


class DirectorySearch(Protocol):
    """The copy, as the bot searches it. Quick, and never raises."""

    def find(self, query: str) -> list[Known]:
        """The best matches first, as many as Slack shows."""
        ...

    def count(self) -> int: ...

    def made_at(self) -> datetime | None:
        """When AWS was read for it; None where there is nothing to search."""
        ...


@dataclass(frozen=True, kw_only=True)
class Assignment:
    account_id: str
    permission_set_arn: str


class Assignments(Protocol):
    """Account assignments and account-access entitlements. Raises AwsRefused or AwsUnsettled; paginates.

    `principal_type` is USER or GROUP. Source: sso-admin ListAccountAssignmentsForPrincipal; account-access
    ListApplications and ListEntitlements.
    """

    def of(self, principal_type: str, principal_id: str) -> list[Assignment]:
        """The assignments made to exactly this principal."""
        ...

    def entitlements(self, user_id: str, group_ids: Sequence[str]) -> int | None:
        """How many entitlements reach the user, directly or through the groups; None: service not in use."""
        ...


@dataclass(frozen=True, kw_only=True)
class Item:
    """One piece of one user's access: enough to remove it, to give it back, and to name it to people."""

    key: str
    """What makes two readings mean the same thing."""
    name: str
    accounts: tuple[str, ...] = ()
    """The accounts that it opens."""
    data: Mapping[str, str] = field(default_factory=dict)
    """What AWS's API needs to remove it and to make it again."""
    synced: bool = False
    """An identity provider owns it, and will put it back."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """How it ended for one item, as AWS said; `failed` is a sentence with the cause and what to do."""

    item: Item
    request_id: str | None = None
    failed: str | None = None


GoingOn = Callable[[], bool]
"""Asked before each AWS call that changes something, and while waiting; False: begin nothing more, and return."""


class Access(Protocol):
    """One kind of access of one user. Raises AwsRefused or AwsUnsettled; paginates; may run again at any time."""

    def held(self, user_id: str) -> list[Item] | None:
        """What the user has now; nothing for a user who is no more. None: the service is not in use here."""
        ...

    def remove(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        """Remove them, and yield each once AWS told its end (asynchronous ones: SUCCEEDED or FAILED).

        What is gone already counts as removed. What is being removed already, by a run that ended in the middle, is
        not asked for again: its end is awaited. What had no end yet when `going_on` said no is not yielded.
        """
        ...

    def give_back(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        """Make them again, and yield each once AWS told its end. What is there already counts as given back."""
        ...


class LastOfSet(Protocol):
    """Source: sso-admin ListAccountAssignments; one call for each assignment."""

    def last(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[tuple[Item, bool]]:
        """Of each direct assignment: is it the last of its permission set in its account, so that the role goes?

        Yields as AWS answers, and ends early where `going_on` says no. Raises AwsRefused or AwsUnsettled.
        """
        ...


class OpenApplications(Protocol):
    """Source: sso-admin ListApplications, GetApplicationAssignmentConfiguration."""

    def open_to_all(self) -> list[str]:
        """Names of the enabled applications that need no assignment. Raises AwsRefused or AwsUnsettled."""
        ...


class IdentityProvider(Protocol):
    """Where sign-in is disabled: SCIM today, an IdP's own API some day. May run twice."""

    def set_active(self, user: DirectoryUser, active: bool) -> None:
        """Raises ProviderUnsettled (try again) or ProviderRefused (a person must act). Proves nothing: read AWS."""
        ...


@dataclass(frozen=True, kw_only=True)
class SlackPerson:
    id: str
    name: str
    email: str | None
    deleted: bool = False
    is_bot: bool = False
    is_guest: bool = False
    is_stranger: bool = False
    team_id: str | None = None
    teams: frozenset[str] = frozenset()
    """On Enterprise Grid: every workspace that they are a member of."""


@dataclass(frozen=True, kw_only=True)
class OurApp:
    """Which app our token is of, and where that is installed. `app_id` is None where Slack did not tell."""

    app_id: str | None
    team_id: str
    enterprise_id: str | None = None
    org_wide: bool = False
    """Installed once for a whole Enterprise Grid organization."""
    workspace: str = ""
    """The first part of its address before `.slack.com`, for links; empty where Slack did not tell."""


@dataclass(frozen=True, kw_only=True)
class SlackRoom:
    id: str
    name: str
    is_private: bool
    is_shared: bool
    is_member: bool
    is_archived: bool = False


class SlackPeople(Protocol):
    """Who is who in Slack. Raises SlackAway or SlackRefused."""

    def person(self, slack_id: str) -> SlackPerson | None: ...

    def by_email(self, email: str) -> SlackPerson | None: ...

    def room(self, channel: str) -> SlackRoom: ...

    def members(self, channel: str) -> frozenset[str]: ...

    def group(self, group_id: str) -> frozenset[str]:
        """The members of a user group."""
        ...

    def ourselves(self) -> OurApp: ...


@dataclass(frozen=True)
class Message:
    """What a person sees: the whole sentence, and its blocks."""

    text: str
    blocks: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Document:
    """A text file, by its name."""

    name: str
    text: str


class IncidentChannel(Protocol):
    """Slack's side of telling. Raises SlackAway (try again) or SlackRefused (a person must act).

    Source: Slack API reference, chat.postMessage and chat.update.
    """

    def post(self, channel: str, message: Message) -> str:
        """Post a root message; returns its ts. Sent once: an answer that is lost may have been stored."""
        ...

    def update(self, channel: str, ts: str, message: Message) -> None: ...

    def reply(self, channel: str, ts: str, message: Message, *, broadcast: bool) -> None: ...

    def share(self, channel: str, ts: str, documents: Sequence[Document]) -> None:
        """Upload files into the thread of `ts`, shown together. Several calls: one that fails shows nothing of them.

        Source: Slack API reference, files.getUploadURLExternal and files.completeUploadExternal.
        """
        ...

    def tell(self, slack_id: str, message: Message) -> None:
        """A direct message to one person."""
        ...


class Alarm(Protocol):
    def raise_alarm(self, subject: str, text: str) -> bool:
        """Tell somebody beside Slack; whether that worked, or nobody is set to be told. Never raises."""
        ...


class EventHistory(Protocol):
    """A place that keeps CloudTrail's events and can be asked. Raises AwsRefused or AwsUnsettled.

    Source: AWS CloudTrail API reference (StartQuery ...); Amazon Athena API reference (StartQueryExecution ...).
    """

    @property
    def place(self) -> str:
        """What it is, for people."""
        ...

    def ready(self, who: Sought) -> str:
        """The query for a person to run. Asks AWS nothing, and does not raise."""
        ...

    def start(self, who: Sought, token: str) -> str:
        """Start the query; returns its id. `token` (32 characters or more) makes a second start the same one, where AWS can."""
        ...

    def ended(self, query_id: str) -> bool:
        """Whether the answer is there; raises AwsRefused where the query ended in any other way."""
        ...

    def rows(self, query_id: str) -> list[Found]:
        """The whole answer of a query that ended; paginates."""
        ...

    def scope(self, who: Sought) -> str:
        """What this place collects, and what not, in sentences."""
        ...
