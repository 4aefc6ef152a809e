"""Whatever people press in whatever order: no cap is passed by anybody alone, and no protected user is denied by a slip."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from tests.sandbox.scripted import Scripted, scripted
from tests.security.test_caps import asked, at_terminal, press_deny, user_id, who
from workers.adapters.redis_server import RedisServer
from workers.adapters.witness import FileWitness
from workers.domain import deny_document
from workers.domain.actor import SYSTEM
from workers.domain.caps import Cap, Caps
from workers.domain.errors import Refused
from workers.domain.revocation import Revocation, State
from workers.service import containment, intake

CAPS = Caps(
    per_person=Cap(most=2, within=timedelta(minutes=10)), overall=Cap(most=4, within=timedelta(hours=1))
)
RESPONDERS = ("UBOB", "UCAROL", "UDAVE")
APPROVER = "UERIN"
TARGETS = range(1, 8)
PROTECTED = tuple(user_id(number) for number in TARGETS if number % 2)

SEQUENCES = 1_000

DOES = (
    *("press", "press", "press", "press", "type", "type", "type", "mistype", "terminal", "ask"),
    *("again", "type_again", "contain", "take_off", "minutes", "is_a_responder", "ratify", "expire"),
)
Step = tuple[str, int, str, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(DOES),
        st.sampled_from(TARGETS),
        st.sampled_from([*RESPONDERS, APPROVER]),
        st.integers(1, 40),
    ),
    min_size=12,
    max_size=40,
)


@dataclass
class Night:
    """What people do with a few users, of whom every other one is protected."""

    made: Scripted
    latest: dict[int, str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)
    """The revocations, and users, for which somebody typed the right name."""

    def do(self, what: str, number: int, name: str, minutes: int) -> None:
        one = self.latest.get(number)
        if what == "minutes":
            self.pass_time(timedelta(minutes=minutes))
        elif what == "contain":
            containment.contain(self.made.world)
        elif what == "ask":
            if name != APPROVER:
                self.latest[number] = asked(self.made, number, by=name)
        elif one is not None:
            self.act(what, one, number, name)

    def act(self, what: str, one: str, number: int, name: str) -> None:
        by = who(name, responder=name in RESPONDERS)
        store, caps = self.made.world.store, self.made.world.rules.caps
        match what:
            case "press":
                press_deny(self.made, one, by)
            case "mistype":
                press_deny(self.made, one, by, user_name="alicia")
            case "type":
                self.named.add(one)
                press_deny(self.made, one, by, user_name=" ALICE")
            case "terminal":
                self.named.add(one)
                press_deny(self.made, one, at_terminal(), user_name="alice")
            case "again" | "type_again":
                typed = "alice" if what == "type_again" else None
                new = intake.deny_again(store, by, one, caps, user_name=typed)
                self.latest[number] = new.id
                self.named |= {new.id} if typed else set()
            case "ratify":
                intake.ratify(store, by, one)
            case "expire":
                intake.expire(store, one, SYSTEM)
            case "take_off":
                self.take_off(one)
            case "is_a_responder":
                self.made.edit(one, lambda r: replace(r, target=replace(r.target, slack_id=name)))

    def take_off(self, one: str) -> None:
        """As if they had been proven safe, and taken off."""
        record = self.made.record(one)
        if record.state is not State.DENIED or record.user is None:
            return
        off = self.made.policy.denied - {record.user.user_id}
        self.made.policy.text = deny_document.parse(self.made.policy.text).render(off)
        self.made.edit(one, lambda r: replace(r, state=State.WATCHED, off_at=r.written_at))

    def pass_time(self, span: timedelta) -> None:
        """As if all had happened so much earlier."""

        def moved(record: Revocation) -> Revocation:
            vote = replace(record.vote, at=record.vote.at - span) if record.vote else None
            at = record.confirmed_at - span if record.confirmed_at else None
            return replace(record, requested_at=record.requested_at - span, vote=vote, confirmed_at=at)

        for record in self.records():
            self.made.edit(record.id, moved)

    def records(self) -> list[Revocation]:
        return [*self.made.world.store.open(), *self.made.world.store.ended(1000)]


def check(night: Night) -> None:
    """What must hold at every moment."""
    records = night.records()
    denied = [record for record in records if record.on_the_list]
    for record in denied:
        two = record.seconded_by is not None and record.seconded_by != record.confirmed_by
        assert two or record.seconded_by is None, record
        if record.protected:
            assert record.id in night.named, record
            assert two or record.ratification is not None, record
        if record.ratification is not None and record.ratification.ratified_by is not None:
            assert record.ratification.ratified_by != record.confirmed_by
    known = {record.user.user_id for record in denied if record.user}
    assert night.made.policy.denied <= known
    _within_caps(records)


def _within_caps(records: Sequence[Revocation]) -> None:
    """Each that was confirmed alone in Slack, with all that were confirmed alone before it and count."""
    alone = [(r.confirmed_by, r.confirmed_at) for r in records if r.confirmed_by and not r.seconded_by]
    for by, when in alone:
        if by is None or when is None or by.kind != "slack":
            continue
        before = [(one, when - at) for one, at in alone if one and at and at <= when]
        mine = [age for one, age in before if one == by and age < CAPS.per_person.within]
        everybodys = [age for _, age in before if age < CAPS.overall.within]
        assert len(mine) <= CAPS.per_person.most
        terminals = sum(1 for one, age in before if one.kind == "terminal" and age < CAPS.overall.within)
        assert len(everybodys) <= max(CAPS.overall.most, terminals)


def play(made: Scripted, redis: Redis, steps: Sequence[Step]) -> None:
    """One night, on an empty Redis and with an empty policy."""
    with TemporaryDirectory() as memory:
        redis.flushall()
        made.policy.text = deny_document.EMPTY
        world = replace(made.world, witness=FileWitness(Path(memory)))
        night = Night(replace(made, world=world))
        for number in TARGETS:
            night.do("ask", number, RESPONDERS[0], 0)
        for step in steps:
            with suppress(Refused):  # which happens all the time; nothing may have changed
                night.do(*step)
            check(night)
        containment.contain(world)
        check(night)


def sequences(count: int) -> None:
    """So many made-up nights; raises AssertionError at the first in which somebody got past."""
    people: dict[str, Any] = {"protected": PROTECTED, "responders": RESPONDERS, "approvers": (APPROVER,)}
    with TemporaryDirectory() as kept, scripted(Path(kept), caps=CAPS, **people) as made:
        redis = Redis.from_url(RedisServer(Path(kept)).url)

        @settings(
            max_examples=count,
            deadline=None,
            database=None,
            suppress_health_check=[*HealthCheck],
            derandomize=True,
        )
        @given(STEPS)
        def nights(steps: list[Step]) -> None:
            play(made, redis, steps)

        nights()


def test_no_order_of_clicks_gets_past_a_cap_or_denies_a_protected_user_by_a_slip() -> None:
    sequences(15)


def figures() -> Iterator[str]:
    sequences(SEQUENCES)
    yield f"{SEQUENCES:,} nights of clicks in any order: 0 past a cap alone, 0 protected users denied by a slip"
