"""A world whose AWS does what a test says, call by call; records, log and use cases are the real ones, on a real Redis.

For what no server can be made to do at a given call: die between two of them, answer never, show yesterday's text.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

from redis import Redis

from workers.adapters.audit_log import AuditLog
from workers.adapters.audit_sink import FileSink
from workers.adapters.job_queue import JobQueue
from workers.adapters.redis_server import RedisServer
from workers.adapters.redis_store import RedisHandoffs, RedisLookups, RedisStore
from workers.adapters.witness import FileWitness
from workers.domain import deny_document
from workers.domain.actor import Actor
from workers.domain.audit_entry import Line
from workers.domain.due import next_due
from workers.domain.errors import AwsRefused, AwsUnsettled, PolicyRefused, RevocationError
from workers.domain.revocation import DirectoryUser, Revocation, TargetRef
from workers.domain.rules import Rules
from workers.domain.step import ACCESS, Kind, Step
from workers.domain.timing import Timing
from workers.ports import Assignment, Attachment, Change, GoingOn, Item, Message, OurApp, PolicyRead, Result
from workers.service import containment, identification, intake
from workers.service.intake import Authority, Request
from workers.service.world import World

ALICE = "a1b2c3d4-aaaa-bbbb-cccc-000000000001"


class Killed(BaseException):
    """As if the process had died here: nothing below catches it."""


@dataclass
class Policy:
    """A policy whose next reads may be old, and whose writes may be refused."""

    policy_id: str = "p-12345678"
    text: str = deny_document.EMPTY
    old: list[str] = field(default_factory=list)
    refused: bool = False
    ahead: timedelta = timedelta(0)
    writes: int = 0

    def read(self) -> PolicyRead:
        return PolicyRead(self.old.pop(0) if self.old else self.text, datetime.now(UTC) + self.ahead)

    def write(self, text: str) -> str:
        if self.refused:
            raise PolicyRefused("rights", "No rights.")
        self.writes += 1
        self.text = text
        return f"request-{self.writes}"

    @property
    def denied(self) -> frozenset[str]:
        return deny_document.parse(self.text).user_ids


@dataclass
class Holdings:
    """What the user holds of one kind. `script` is asked before each removal or making: it may raise."""

    kind: Kind
    held_now: list[Item] = field(default_factory=list)
    in_use: bool = True
    fails: dict[str, str] = field(default_factory=dict)
    """By key: the sentence with which AWS ends this item."""
    error: RevocationError | None = None
    """What each reading raises."""
    script: Callable[[Item], None] = lambda item: None
    never_ends: frozenset[str] = frozenset()
    removed: list[str] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def held(self, user_id: str) -> list[Item] | None:
        if self.error is not None:
            raise self.error
        return list(self.held_now) if self.in_use else None

    def remove(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        for item in items:
            if not going_on():
                return
            self.script(item)
            if item.key in self.never_ends:
                continue
            if item.key not in self.fails:
                self.removed.append(item.key)
                self.held_now = [other for other in self.held_now if other.key != item.key]
            yield Result(item=item, request_id=f"remove-{item.key}", failed=self.fails.get(item.key))

    def give_back(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        for item in items:
            if not going_on():
                return
            self.script(item)
            if item.key not in self.fails and item.key not in {held.key for held in self.held_now}:
                self.made.append(item.key)
                self.held_now = [*self.held_now, item]
            yield Result(item=item, request_id=f"make-{item.key}", failed=self.fails.get(item.key))


@dataclass
class Aws:
    """Directory, assignments and organization."""

    holdings: dict[Kind, Holdings] = field(default_factory=lambda: {kind: Holdings(kind) for kind in ACCESS})
    others: list[Assignment] = field(default_factory=list)
    """Direct assignments beside those in the holdings."""
    unreadable: bool = False
    sign_in: Literal["ENABLED", "DISABLED"] | None = "ENABLED"
    exists: bool = True
    covered: frozenset[str] = frozenset({"111122223333"})
    last_keys: frozenset[str] = frozenset()

    def by_user_id(self, user_id: str) -> DirectoryUser | None:
        if not self.exists:
            return None
        return DirectoryUser(user_id=user_id, user_name="alice", sign_in=self.sign_in)

    def group_ids(self, user_id: str) -> list[str]:
        return [item.key for item in self.holdings[Kind.MEMBERSHIPS].held_now]

    def of(self, principal_type: str, principal_id: str) -> list[Assignment]:
        if self.unreadable:
            raise AwsRefused("throttled", "Throttled.")
        if principal_type == "GROUP":
            items = [i for i in self.holdings[Kind.MEMBERSHIPS].held_now if i.key == principal_id]
            return [_assignment(a, principal_id) for i in items for a in i.accounts]
        direct = [_assignment(i.accounts[0], i.key) for i in self.holdings[Kind.ASSIGNMENTS].held_now]
        return [*direct, *self.others]

    def entitlements(self, user_id: str, group_ids: Sequence[str]) -> int | None:
        held = self.holdings[Kind.ENTITLEMENTS]
        return len(held.held_now) if held.in_use else None

    def attachment(self, policy_id: str) -> Attachment:
        return Attachment(
            type_enabled=True,
            management_account="999999999999",
            covered=self.covered,
            accounts=frozenset({*self.covered, "999999999999"}),
        )

    def last(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[tuple[Item, bool]]:
        for item in items:
            if not going_on():
                return
            yield item, item.key in self.last_keys

    def open_to_all(self) -> list[str]:
        return ["Wiki"]


@dataclass
class Provider:
    """Where sign-in is disabled. `works`: whether AWS shows it afterwards."""

    aws: Aws
    works: bool = True
    error: RevocationError | None = None
    calls: list[bool] = field(default_factory=list)

    def set_active(self, user: DirectoryUser, active: bool) -> None:
        self.calls.append(active)
        if self.error is not None:
            raise self.error
        if self.works:
            self.aws.sign_in = "ENABLED" if active else "DISABLED"


@dataclass
class Sink:
    """The second place for each entry of the log: a file, or a device that takes nothing (`/dev/full`)."""

    path: Path

    def take(self, line: Line) -> bool:
        return FileSink(self.path).take(line)


class Slack:
    """Takes everything, knows nobody."""

    def __getattr__(self, name: str) -> Any:
        return {
            "post": lambda *_: "1.0",
            "members": lambda _: frozenset(),
            "group": lambda _: frozenset(),
            "ourselves": lambda: OurApp(app_id=None, team_id="T0SANDBOX1"),
        }.get(name, lambda *_, **__: None)

    def say(self, message: Message) -> None: ...


@dataclass
class Scripted:
    """The world, and the hands that turn it."""

    world: World
    policy: Policy
    aws: Aws
    provider: Provider
    sink: "Sink"

    def give(self, kind: Kind, *items: Item) -> None:
        self.aws.holdings[kind].held_now.extend(items)

    def record(self, revocation_id: str) -> Revocation:
        return self.world.store.get(revocation_id)

    def step(self, revocation_id: str, kind: Kind) -> Step:
        step = self.record(revocation_id).step(kind)
        assert step is not None
        return step

    def events(self, revocation_id: str) -> list[str]:
        return [entry["event"] for entry in self.world.store.log(revocation_id)]

    def edit(self, revocation_id: str, change: Callable[[Revocation], Revocation]) -> None:
        """As if time, or somebody, had made the record so."""

        def decide(current: Revocation, now: datetime) -> Change:
            return Change(record=change(current), event="edited", actor=Actor(kind="system", id="test"))

        self.world.store.change(revocation_id, decide)


RESPONDERS = tuple(
    f"U{name}" for name in ("ALICE", "BOB", "CAROL", "DAN", "DAVE", "ERIN", "EVE", "FRANK", "MALLORY")
)
"""By the workers' own settings, where a test names no others."""


@contextmanager
def scripted(directory: Path, *, provider: bool = False, **rules: Any) -> Iterator[Scripted]:
    server = RedisServer(directory)
    server.ensure()
    redis = Redis.from_url(server.url)
    sink = Sink(directory / "audit.jsonl")
    store = RedisStore(redis, AuditLog(b"k" * 32), JobQueue(redis), partial(next_due, timing=Timing()), sink)
    aws, slack, policy = Aws(), Slack(), Policy()
    idp = Provider(aws)
    rules = {"responders": RESPONDERS, "approvers": RESPONDERS, **rules}
    world = World(
        rules=Rules(incident_channel="C0SECINC01", timing=Timing(), disables_sign_in=provider, **rules),
        store=store,
        handoffs=RedisHandoffs(redis, AuditLog(b"k" * 32), JobQueue(redis), sink),
        lookups=RedisLookups(redis, AuditLog(b"k" * 32), JobQueue(redis), sink),
        policy=policy,
        organization=aws,
        directory=aws,  # type: ignore[arg-type]
        assignments=aws,
        people=slack,  # type: ignore[arg-type]
        channel=slack,  # type: ignore[arg-type]
        alarm=slack,  # type: ignore[arg-type]
        access=dict(aws.holdings),
        witness=FileWitness(directory),
        last_of_set=aws,
        open_applications=aws,
        provider=idp if provider else None,
    )
    try:
        yield Scripted(world, policy, aws, idp, sink)
    finally:
        server.stop()


def who(name: str) -> Authority:
    return Authority(actor=Actor(kind="slack", id=name, name=name), responder=True, approver=True)


def confirmed(world: World) -> str:
    """Alice, asked for and confirmed; not written yet."""
    request = Request(
        targets=(TargetRef(kind="user_id", value=ALICE),), reason="key leaked", channel="C0SECINC01"
    )
    [asked] = intake.ask(world.store, who("UBOB"), request)
    identification.identify(world, asked.revocation.id)
    intake.confirm(world.store, who("UBOB"), asked.revocation.id, world.rules.caps)
    return asked.revocation.id


def denied(world: World) -> str:
    """Alice, written and read back."""
    revocation_id = confirmed(world)
    containment.contain(world, revocation_id)
    return revocation_id


def delay_over(scripted: Scripted, revocation_id: str) -> None:
    """As if the follow-ups' delay had passed."""
    past = datetime.now(UTC) - timedelta(minutes=1)
    scripted.edit(revocation_id, lambda record: replace(record, follow_ups_at=past))


def item(key: str, account: str = "111122223333", **given: Any) -> Item:
    return Item(key=key, name=f"{key} in {account}", accounts=(account,), data={"id": key}, **given)


def unsettled() -> AwsUnsettled:
    return AwsUnsettled("ThrottlingException", "AWS is busy.")


def _assignment(account: str, name: str) -> Assignment:
    return Assignment(account_id=account, permission_set_arn=f"arn:{name}")
