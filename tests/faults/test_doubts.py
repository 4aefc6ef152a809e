"""What a read shows may be old, a clock may be behind, a proof may go stale: each ends in "stays denied".

The records, the log and the use cases are the real ones, on a real Redis; the policy and AWS's reads are scripted,
because no server can be made to answer with yesterday's text at a given call.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from workers.adapters.audit_log import AuditLog
from workers.adapters.job_queue import JobQueue
from workers.adapters.redis_server import RedisServer
from workers.adapters.redis_store import RedisStore
from workers.domain import deny_document
from workers.domain.due import next_due
from workers.domain.errors import AwsRefused, PolicyRefused
from workers.domain.revocation import Actor, DirectoryUser, Revocation, State, TargetRef
from workers.domain.rules import Rules
from workers.domain.timing import Timing
from workers.ports import Assignment, Attachment, Change, Message, PolicyRead
from workers.service import containment, coverage, identification, intake
from workers.service.intake import Authority, Request
from workers.service.world import World

ALICE = "a1b2c3d4-aaaa-bbbb-cccc-000000000001"
ACCESS = [Assignment(account_id="111122223333", permission_set_arn="arn:ps")]


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
class Aws:
    """Directory, assignments and organization; what the target can reach is a list."""

    access: list[Assignment] = field(default_factory=list)
    unreadable: bool = False

    def by_user_id(self, user_id: str) -> DirectoryUser:
        return DirectoryUser(user_id=user_id, user_name="alice")

    def group_ids(self, user_id: str) -> list[str]:
        return []

    def of(self, principal_type: str, principal_id: str) -> list[Assignment]:
        if self.unreadable:
            raise AwsRefused("throttled", "Throttled.")
        return list(self.access)

    def entitlements(self, user_id: str, group_ids: Sequence[str]) -> int | None:
        return None

    def attachment(self, policy_id: str) -> Attachment:
        every = frozenset({"111122223333"})
        return Attachment(type_enabled=True, management_account="999999999999", covered=every, accounts=every)


class Slack:
    """Takes everything, knows nobody."""

    def __getattr__(self, name: str) -> Any:
        return {"post": lambda *_: "1.0", "members": lambda _: frozenset()}.get(name, lambda *_, **__: None)

    def say(self, message: Message) -> None: ...


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    server = RedisServer(tmp_path)
    server.ensure()
    redis = Redis.from_url(server.url)
    store = RedisStore(redis, AuditLog(b"k" * 32), JobQueue(redis), partial(next_due, timing=Timing()))
    aws, slack = Aws(), Slack()
    yield World(
        rules=Rules(incident_channel="C0SECINC01", timing=Timing()),
        store=store,
        policy=Policy(),
        organization=aws,
        directory=aws,  # type: ignore[arg-type]
        assignments=aws,
        people=slack,  # type: ignore[arg-type]
        channel=slack,  # type: ignore[arg-type]
        alarm=slack,  # type: ignore[arg-type]
    )
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
    intake.confirm(world.store, who("UBOB"), asked.revocation.id)
    return asked.revocation.id


def released(world: World, revocation_id: str) -> None:
    intake.ask_release(world.store, who("UBOB"), revocation_id, "all clear")
    intake.approve_release(world.store, who("UCAROL"), revocation_id)


def proven(world: World, revocation_id: str, *, ago: timedelta) -> None:
    """As if the clean-up had read all gates green that long ago."""

    def decide(current: Revocation, now: datetime) -> Change:
        changed = replace(current, state=State.RELEASING, proven_at=now - ago, notice_at=now - ago)
        return Change(revocation=changed, event="proven", actor=Actor(kind="system", id="test"))

    world.store.change(revocation_id, decide)


def policy_of(world: World) -> Policy:
    assert isinstance(world.policy, Policy)
    return world.policy


def aws_of(world: World) -> Aws:
    assert isinstance(world.assignments, Aws)
    return world.assignments


def test_an_old_read_does_not_pass_for_a_new_denial(world: World) -> None:
    policy = policy_of(world)
    first = confirmed(world)
    containment.contain(world, first)
    with_alice = policy.text
    released(world, first)
    containment.contain(world, first)
    assert policy.denied == frozenset()

    again = confirmed(world)
    policy.old = [with_alice]
    containment.contain(world, again)

    assert world.store.get(again).state is State.DENIED
    assert policy.denied == {ALICE}


def test_an_old_read_does_not_pass_for_a_release(world: World) -> None:
    policy = policy_of(world)
    empty = policy.text
    first = confirmed(world)
    containment.contain(world, first)
    released(world, first)
    policy.old = [empty]
    containment.contain(world, first)

    assert world.store.get(first).state is State.RELEASED
    assert policy.denied == frozenset()


def test_the_twelve_hours_begin_by_the_later_of_two_clocks(world: World) -> None:
    policy_of(world).ahead = timedelta(hours=13)
    first = confirmed(world)
    containment.contain(world, first)

    written = world.store.get(first).written_at
    assert written is not None
    assert written - datetime.now(UTC) > timedelta(hours=12)


def test_a_proof_that_could_not_be_acted_on_lapses(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    proven(world, first, ago=timedelta(hours=5))
    containment.contain(world, first)

    record = world.store.get(first)
    assert record.state is State.DENIED
    assert record.notice_at is None
    assert policy_of(world).denied == {ALICE}


def test_a_hold_stops_a_proof_that_waits_for_the_policy(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    proven(world, first, ago=timedelta(0))
    policy_of(world).refused = True
    containment.contain(world, first)
    intake.hold(world.store, who("UBOB"), first, Timing())
    policy_of(world).refused = False
    containment.contain(world)

    assert world.store.get(first).state is State.DENIED
    assert policy_of(world).denied == {ALICE}


def test_a_release_that_somebody_denied_anew_ends_without_taking_anybody_off(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    released(world, first)
    again = confirmed(world)
    containment.contain(world)

    assert world.store.get(first).state is State.CLOSED
    assert world.store.get(again).state is State.DENIED
    assert policy_of(world).denied == {ALICE}


def test_access_that_comes_back_behind_a_failed_reading_is_still_news(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    proven(world, first, ago=timedelta(0))
    containment.contain(world, first)
    assert world.store.get(first).state is State.WATCHED

    aws_of(world).unreadable = True
    coverage.read_reach(world, first)
    aws_of(world).unreadable = False
    aws_of(world).access = ACCESS
    coverage.read_reach(world, first)

    assert "access_back" in [note.kind for note in world.store.get(first).notes]


def test_readings_that_find_nothing_new_do_not_fill_the_log(world: World) -> None:
    first = confirmed(world)
    containment.contain(world, first)
    coverage.read_reach(world, first)
    entries = len(world.store.log(first))
    for _ in range(10):
        coverage.read_reach(world, first)

    assert len(world.store.log(first)) == entries


def test_an_old_request_swallows_no_new_one(world: World) -> None:
    first = confirmed(world)

    def stale(current: Revocation, now: datetime) -> Change:
        old = replace(
            current, state=State.REQUESTED, requested_at=now - timedelta(minutes=11), confirmed_at=None
        )
        return Change(revocation=old, event="backdated", actor=Actor(kind="system", id="test"))

    world.store.change(first, stale)
    assert confirmed(world) != first


def test_naming_oneself_beside_others_asks_for_nobody(world: World) -> None:
    targets = tuple(TargetRef(kind="slack", value=name, slack_id=name) for name in ("UDAN", "UBOB"))
    with pytest.raises(Exception, match="This is about you"):
        intake.ask(world.store, who("UBOB"), Request(targets=targets, reason="", channel="C0SECINC01"))
    assert world.store.open() == []
