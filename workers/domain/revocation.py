"""The record of one revocation, and the states it may be in. Frozen values; times are aware UTC."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from workers.domain.actor import Actor
from workers.domain.look_back import LookBack
from workers.domain.step import Kind, Step

VERSION = 1


class State(StrEnum):
    REQUESTED = "requested"
    """Asked for; the card may be out; nobody is denied."""
    CONFIRMED = "confirmed"
    """Must be denied; not yet read back from the policy."""
    DENIED = "denied"
    """Read back in the Deny policy."""
    RELEASING = "releasing"
    """May come off the list; not yet read back as gone."""
    WATCHED = "watched"
    RELEASED = "released"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    CLOSED = "closed"


ON_THE_LIST = frozenset({State.CONFIRMED, State.DENIED})
"""The states whose user ID must stand in the Deny policy."""

ENDED = frozenset({State.RELEASED, State.REFUSED, State.CANCELLED, State.EXPIRED, State.CLOSED})
"""The states that nothing leaves."""


@dataclass(frozen=True, kw_only=True)
class TargetRef:
    """The target as it was asked for; `value` is a Slack id, an e-mail, a user name or a user ID."""

    kind: Literal["slack", "email", "user_name", "user_id"]
    value: str
    slack_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class DirectoryUser:
    """One Identity Center user, as AWS returned it. `sign_in` is AWS's UserStatus, None where it was not told."""

    user_id: str
    user_name: str
    display_name: str = ""
    email: str | None = None
    sign_in: Literal["ENABLED", "DISABLED"] | None = None


@dataclass(frozen=True, kw_only=True)
class Reason:
    by: Actor
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Reach:
    """What access the target has, as read from AWS at `read_at`.

    `entitlements` is None where account access manager is not in use. `unread` names what could not be read:
    while it is not empty, nothing is proven.
    """

    read_at: datetime
    accounts: tuple[str, ...] = ()
    direct: int = 0
    through_groups: int = 0
    groups: int = 0
    entitlements: int | None = None
    sign_in: Literal["ENABLED", "DISABLED"] | None = None
    unread: tuple[str, ...] = ()

    @property
    def none_left(self) -> bool:
        """Proven: no assignment, direct or through a group, and no entitlement is left."""
        return not (self.unread or self.direct or self.through_groups or self.entitlements)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Which of the accounts that the target can reach the Deny policy reaches, as read at `read_at`."""

    read_at: datetime
    attached: bool = False
    type_enabled: bool = False
    reachable: int = 0
    uncovered: tuple[str, ...] = ()
    management_account: str | None = None
    unread: tuple[str, ...] = ()

    @property
    def covered(self) -> int:
        return self.reachable - len(self.uncovered)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Why a confirmed user is not denied: AWS's or our code, and a sentence that says what to do."""

    code: str
    sentence: str
    since: datetime


Asked = Literal["release", "clean_up", "restore", "false_alarm"]
"""What waits for a second person. A false alarm is a restore, and then the release."""

GIVES_BACK: tuple[Asked, ...] = ("restore", "false_alarm")


@dataclass(frozen=True, kw_only=True)
class Diff:
    """What a restore would give back, as read from AWS at `read_at`; approved exactly as it stands here."""

    read_at: datetime
    entry: int
    """The log entry, by its number, whose detail lists each item."""
    missing: tuple[tuple[Kind, int], ...] = ()
    there: int = 0
    """How many of what was taken are there again already, and stay untouched."""
    names: tuple[str, ...] = ()
    """The first of the missing, for people."""
    by_hand: tuple[str, ...] = ()
    """What a person must undo."""

    @property
    def count(self) -> int:
        return sum(count for _, count in self.missing)


@dataclass(frozen=True, kw_only=True)
class ReleaseRequest:
    """Something that waits for its second person."""

    asked_by: Actor
    asked_at: datetime
    reason: str
    what: Asked = "release"
    nothing_lost: bool = False
    """The form's tick "false alarm, nothing was lost"."""
    diff: Diff | None = None
    """For a restore and a false alarm: until it is there, nobody can approve."""
    trouble: str = ""
    """Why the diff could not be read yet."""
    again_at: datetime | None = None
    nudged_at: datetime | None = None

    @property
    def gives_back(self) -> bool:
        return self.what in GIVES_BACK


@dataclass(frozen=True, kw_only=True)
class Restore:
    """An approved restore being carried out, or done where `ended_at` is set."""

    asked_by: Actor
    approved_by: Actor
    approved_at: datetime
    diff: Diff
    then_release: bool
    given: int = 0
    failed: tuple[str, ...] = ()
    """Each item that could not be given back, in a sentence with the cause."""
    attempts: int = 0
    again_at: datetime | None = None
    ended_at: datetime | None = None
    stopped: str = ""
    """Why nothing more of it may be given back, in a sentence."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the user had before anything was taken; the items are in the log entry `entry`."""

    at: datetime
    entry: int
    counts: tuple[tuple[Kind, int], ...] = ()
    unread: tuple[str, ...] = ()
    """What could not be read, in sentences."""
    last: tuple[str, ...] = ()
    """Assignments that are the last of their permission set in the account: its role goes with them."""
    looked: int = 0
    """For how many of the direct assignments that was looked up."""
    last_known: bool = False
    """Whether that was looked up for all of them."""


@dataclass(frozen=True, kw_only=True)
class Vote:
    """The first yes to a containment that takes two people."""

    by: Actor
    at: datetime
    because: str
    """Why it takes two, as a sentence."""


@dataclass(frozen=True, kw_only=True)
class Ratification:
    """A protected user was contained by one person; a second one looks at it. Denied all the while."""

    asked_at: datetime
    ratified_by: Actor | None = None
    ratified_at: datetime | None = None
    escalated_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a responder who is revoked themself did before: somebody else should look at it."""

    revocation_id: str
    who: str
    """The target of that revocation, by their shortest true name."""
    did: Literal["confirmed", "asked", "approved", "attested", "released"]
    """`asked`: for what somebody else approved then; `released`: alone, at a terminal."""
    at: datetime
    kind: Kind | None = None
    """The step that they attested."""
    undone_by: Actor | None = None
    undo: Literal["deny_again", "undo_attest"] | None = None
    """What can be done against it, as the other record stood when it was last looked at."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something the channel must still be told. Told at least once, then dropped from the record.

    `broadcast` notes wake somebody: they mention the owner and show in the channel too. `to` names one Slack
    person who gets it alone.
    """

    kind: str
    at: datetime
    detail: str = ""
    broadcast: bool = False
    to: str | None = None
    alarm: bool = False
    """Goes out beside Slack instead of into it."""


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """An open item of which somebody was told that it is overdue, so that nobody is told of it twice."""

    key: str
    """`workers.domain.open_items.OpenItem.key`: what it is, and its due time."""
    told_at: datetime | None = None
    """When its owner was told. None: the message waits for Slack."""
    group_told: bool = False
    """Whether the group was told too, or is told by the message that waits."""

    @property
    def what(self) -> str:
        return self.key.partition("@")[0]


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """One run for one user. The log's last entry holds exactly this."""

    id: str
    v: int = VERSION
    seq: int = 0
    """The log entry that this record was read from."""
    mac: str = field(default="", compare=False)
    """The signature of that entry; not part of what is signed."""
    state: State
    target: TargetRef
    requested_by: Actor
    requested_at: datetime
    channel: str
    channel_shared: bool = False
    """Whether the target can read the channel: then the gaps are not written there."""
    card_ts: str | None = None
    reasons: tuple[Reason, ...] = ()
    owner: Actor | None = None
    drill: bool = False
    """On the test user of the settings, to prove that it works; everything else about it is real."""
    user: DirectoryUser | None = None
    slack_name: str | None = None
    refused_because: str | None = None
    confirmed_by: Actor | None = None
    confirmed_at: datetime | None = None
    cancelled_by: Actor | None = None
    protected: bool = False
    """Whether the settings protect the target, as it was when they were identified."""
    responders_left: int | None = None
    """For a target who is a responder: how many others can act. None: the target is none, or it is not known."""
    vote: Vote | None = None
    """While it waits for the second person of a containment that takes two."""
    seconded_by: Actor | None = None
    """The second person of a containment that took two; `confirmed_by` is the first."""
    ratification: Ratification | None = None
    policy_id: str | None = None
    written_at: datetime | None = None
    request_id: str | None = None
    trouble: Trouble | None = None
    alarmed: bool = False
    adopted: bool = False
    """Found in the policy without a record that leads there; `written_at` is when it was found."""
    reach: Reach | None = None
    coverage: Coverage | None = None
    no_mint_at: datetime | None = None
    """Since when, continuously, no access is left. Sign-in has its own clock, `disabled_since`."""
    disabled_since: datetime | None = None
    """Since when, continuously, AWS says that sign-in is disabled."""
    hold_until: datetime | None = None
    hold_open: bool = False
    hold_by: Actor | None = None
    held_because: str | None = None
    held_at: datetime | None = None
    """When somebody last said, or the bot last found, that they stay denied."""
    proven_at: datetime | None = None
    """When the gates were read green, for one who is being taken off by proof."""
    notice_at: datetime | None = None
    """When the channel was given the clean-up notice that is in force."""
    clean_up_given_by: Actor | None = None
    release: ReleaseRequest | None = None
    released_by: tuple[Actor, ...] = ()
    off_at: datetime | None = None
    next_read_at: datetime | None = None
    still_looking: str | None = None
    """Why the target is still being looked up, in words."""
    notes: tuple[Note, ...] = ()
    steps: tuple[Step, ...] = ()
    """The follow-ups, in order; empty until the user is denied, or somebody removes access anyway."""
    follow_ups_at: datetime | None = None
    """When they start by themselves."""
    follow_ups_started_at: datetime | None = None
    follow_ups_started_by: Actor | None = None
    follow_ups_wait: Actor | None = None
    """Who pressed Wait; nothing more is removed until somebody presses Start."""
    snapshot: Snapshot | None = None
    restore: Restore | None = None
    acts: tuple[Act, ...] = ()
    """What the target did as a responder, in the days before."""
    stood_down_at: datetime | None = None
    """When that was read, and what the target owned passed on."""
    look_back: LookBack | None = None
    """What was asked of the logs on what the user did."""
    overdue: tuple[Overdue, ...] = ()
    """What was told as overdue, and is open still; one at most for each item."""
    overdue_told_at: datetime | None = None
    """When that was last told."""

    @property
    def giving_back(self) -> bool:
        """Whether an approved restore is under way."""
        return self.restore is not None and self.restore.ended_at is None

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def who(self) -> str:
        """The shortest true name of the target."""
        if self.user is not None:
            return self.user.display_name or self.user.user_name
        return self.slack_name or self.target.value

    @property
    def on_the_list(self) -> bool:
        return self.state in ON_THE_LIST

    def step(self, kind: Kind) -> Step | None:
        return next((step for step in self.steps if step.kind is kind), None)

    def with_step(self, step: Step) -> "Revocation":
        """The same record with this step in the place of the one of its kind."""
        return replace(self, steps=tuple(step if s.kind is step.kind else s for s in self.steps))

    def passed_to(self, owner: Actor, now: datetime) -> "Revocation":
        """The same record with this owner, who looks at it anew: one that is held is due a day from now again."""
        return replace(self, owner=owner, held_at=now if self.held_at else None)

    def told(self, note: Note) -> "Revocation":
        """The same record without `note`."""
        return replace(self, notes=tuple(other for other in self.notes if other != note))

    def noting(self, *notes: Note) -> "Revocation":
        return replace(self, notes=(*self.notes, *notes))
