"""Whoever can write to Redis frees nobody, denies nobody, and is noticed. Real records on a real Redis; AWS is scripted."""

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from tests.sandbox.scripted import ALICE, Scripted, confirmed, delay_over, denied, item, scripted, who
from tests.security.redis_writer import FOR_EVER, INDEXES, MARKED, RedisWriter, attacks, log_of
from workers.adapters.redis_server import RedisServer
from workers.domain.errors import RevocationError
from workers.domain.revocation import DirectoryUser, Revocation, State, TargetRef
from workers.domain.step import Kind
from workers.service import containment, follow_ups, intake, reconcile, restore
from workers.service.intake import Request
from workers.service.world import World


@dataclass
class Alarms:
    said: list[str] = field(default_factory=list)

    def raise_alarm(self, subject: str, text: str) -> bool:
        self.said.append(f"{subject}\n{text}")
        return True


@dataclass
class Hostile:
    aws: Scripted
    writer: RedisWriter
    alarms: Alarms

    @property
    def world(self) -> World:
        return self.aws.world

    def passes(self) -> None:
        """The writer's pass, once what we wrote last is long ago."""
        self.writer.redis.hdel("revoke:marks", "policy_written")
        containment.contain(self.world)

    def released(self, revocation_id: str) -> None:
        intake.ask_release(self.world.store, who("UBOB"), revocation_id, "all clear")
        intake.approve(self.world.store, who("UCAROL"), revocation_id)

    def holding(self) -> list[Revocation]:
        """The open records that deny Alice."""
        return [r for r in self.world.store.open() if r.on_the_list and r.user and r.user.user_id == ALICE]

    def entry(self, revocation_id: str, event: str) -> int:
        """The number of the last entry of this event."""
        return 1 + max(n for n, name in enumerate(self.aws.events(revocation_id)) if name == event)


def hostile_to(made: Scripted, directory: Path) -> Hostile:
    alarms = Alarms()
    made.world = replace(made.world, alarm=alarms)
    return Hostile(made, RedisWriter(Redis.from_url(RedisServer(directory).url)), alarms)


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Hostile]:
    with scripted(tmp_path) as made:
        yield hostile_to(made, tmp_path)


# ---------------------------------------------------------------- nobody is freed


def test_an_old_release_put_back_frees_nobody_who_is_denied_anew(hostile: Hostile) -> None:
    first = denied(hostile.world)
    hostile.released(first)
    containment.contain(hostile.world, first)
    assert hostile.aws.policy.denied == frozenset()
    hostile.writer.watch()
    again = denied(hostile.world)

    hostile.writer.cut(first, hostile.entry(first, "release_approved"))
    hostile.writer.delete(again)
    hostile.passes()
    hostile.passes()

    assert hostile.aws.policy.denied == {ALICE}
    assert hostile.aws.record(first).state is State.CLOSED
    [holding] = hostile.holding()
    assert holding.adopted
    assert holding.hold_open
    reconcile.alert(hostile.world)
    assert any(again in said or holding.id in said for said in hostile.alarms.said)
    assert any(first in said for said in hostile.alarms.said)


def test_every_earlier_entry_of_a_denial_put_back_leaves_them_denied_and_held(hostile: Hostile) -> None:
    revocation_id = denied(hostile.world)
    intake.ask_release(hostile.world.store, who("UBOB"), revocation_id, "all clear")
    intake.refuse(hostile.world.store, who("UCAROL"), revocation_id)
    hostile.passes()
    hostile.writer.watch()
    whole = len(hostile.writer.kept[revocation_id])
    for length in range(1, whole):
        hostile.writer.cut(revocation_id, length)
        hostile.passes()

        assert hostile.aws.policy.denied == {ALICE}, length
        assert hostile.holding(), length
        assert all(record.hold_open and record.release is None for record in hostile.holding())


def test_a_refused_release_put_back_and_then_approved_frees_nobody(hostile: Hostile) -> None:
    """The approver saw a card that somebody had put back: what was refused since is not to be approved."""
    revocation_id = denied(hostile.world)
    intake.ask_release(hostile.world.store, who("UBOB"), revocation_id, "all clear")
    asked = hostile.entry(revocation_id, "release_asked")
    intake.refuse(hostile.world.store, who("UDAVE"), revocation_id)
    reconcile.alert(hostile.world)

    hostile.writer.cut(revocation_id, asked)
    intake.approve(hostile.world.store, who("UCAROL"), revocation_id)
    for _ in range(5):
        intake.retry(hostile.world.store, who("UCAROL"), revocation_id)
    hostile.passes()

    assert hostile.aws.policy.denied == {ALICE}
    assert hostile.aws.record(revocation_id).state is State.DENIED
    assert "found_put_back" in hostile.aws.events(revocation_id)
    [told] = [n for n in hostile.aws.record(revocation_id).notes if n.kind == "put_back" and not n.alarm]
    assert told.broadcast


def test_a_release_copied_into_another_revocation_frees_nobody(hostile: Hostile) -> None:
    first = denied(hostile.world)
    hostile.released(first)
    release = hostile.writer.entries(first)
    containment.contain(hostile.world, first)
    again = denied(hostile.world)

    hostile.writer.put(again, release)
    hostile.passes()
    hostile.writer.append(first, again, len(release))
    hostile.passes()

    assert hostile.aws.policy.denied == {ALICE}
    assert hostile.holding()


def test_a_release_is_used_once(hostile: Hostile) -> None:
    first = denied(hostile.world)
    hostile.released(first)
    hostile.writer.watch()
    containment.contain(hostile.world, first)
    hostile.aws.policy.text = hostile.aws.policy.text.replace(
        "Add user ID here", f'{ALICE}","Add user ID here'
    )
    assert hostile.aws.policy.denied == {ALICE}

    hostile.writer.cut(first, len(hostile.writer.kept[first]))
    hostile.passes()

    assert hostile.aws.policy.denied == {ALICE}
    assert [record.adopted for record in hostile.holding()] == [True]


def test_everything_deleted_in_mid_run_frees_nobody_and_everybody_is_told(hostile: Hostile) -> None:
    ids = [user(n) for n in range(12)]
    for user_id in ids:
        deny(hostile, user_id)
    hostile.writer.redis.flushall()
    hostile.passes()

    assert hostile.aws.policy.denied == set(ids)
    records = {r.user.user_id: r for r in hostile.world.store.open() if r.user is not None}
    assert records.keys() == set(ids)
    for record in records.values():
        assert (record.adopted, record.hold_open, record.state) == (True, True, State.DENIED)
        assert {note.alarm for note in record.notes if note.kind == "adopted"} == {True, False}
    reconcile.alert(hostile.world)
    assert len(hostile.alarms.said) == len(ids)


def test_whose_record_is_gone_and_who_is_not_in_the_policy_is_told_as_not_denied(hostile: Hostile) -> None:
    revocation_id = denied(hostile.world)
    hostile.writer.delete(revocation_id)
    hostile.aws.policy.text = hostile.aws.policy.text.replace(f'"{ALICE}",', "")
    assert hostile.aws.policy.denied == frozenset()
    hostile.passes()
    hostile.passes()

    [told] = hostile.world.store.ended(5)
    assert told.state is State.EXPIRED
    assert revocation_id in (told.refused_because or "")
    assert {note.alarm for note in told.notes} == {True, False}


@pytest.mark.parametrize("key", [b"e", b"m"])
def test_no_flipped_bit_of_any_entry_frees_or_denies(hostile: Hostile, key: bytes) -> None:
    revocation_id, dice = denied(hostile.world), random.Random(4)
    hostile.released(revocation_id)
    whole = hostile.writer.entries(revocation_id)
    for number in range(len(whole)):
        for _ in range(4):
            hostile.writer.put(revocation_id, whole)
            hostile.writer.flip(revocation_id, number, key, dice.getrandbits(16))
            hostile.passes()
            assert hostile.aws.policy.denied == {ALICE}


def test_a_hold_that_was_pressed_cannot_be_taken_back_by_cutting_it_off(hostile: Hostile) -> None:
    revocation_id = denied(hostile.world)
    hostile.passes()
    before = len(hostile.writer.entries(revocation_id))
    intake.hold(
        hostile.world.store, who("UBOB"), revocation_id, hostile.world.rules.timing, until_released=True
    )
    reconcile.alert(hostile.world)
    hostile.writer.cut(revocation_id, before)
    hostile.passes()
    assert hostile.aws.record(revocation_id).hold_open


# ---------------------------------------------------------------- nobody is denied, nothing is taken or given


def test_an_ended_denial_put_back_denies_nobody_and_takes_nothing(hostile: Hostile) -> None:
    hostile.aws.give(Kind.ASSIGNMENTS, item("a1"))
    first = denied(hostile.world)
    delay_over(hostile.aws, first)
    follow_ups.follow_up(hostile.world, first)
    hostile.writer.watch()
    hostile.released(first)
    hostile.passes()
    assert hostile.aws.policy.denied == frozenset()

    for length in range(1, len(hostile.writer.kept[first]) + 1):
        hostile.writer.cut(first, length)
        with suppress(RevocationError):
            follow_ups.remove(hostile.world, first, Kind.ASSIGNMENTS)
        reconcile.do_steps(hostile.world)
        assert hostile.aws.aws.holdings[Kind.ASSIGNMENTS].removed == [], length
        hostile.passes()
        assert hostile.aws.policy.denied == frozenset(), length
    assert hostile.aws.record(first).state is State.CLOSED


def test_a_restore_put_back_gives_nothing_back_twice(hostile: Hostile) -> None:
    hostile.aws.give(Kind.ASSIGNMENTS, item("a1"))
    first = denied(hostile.world)
    delay_over(hostile.aws, first)
    follow_ups.follow_up(hostile.world, first)
    follow_ups.remove(hostile.world, first, Kind.ASSIGNMENTS)
    intake.ask_false_alarm(hostile.world.store, who("UBOB"), first, "a drill")
    restore.restore(hostile.world, first)
    intake.approve(hostile.world.store, who("UCAROL"), first)
    hostile.writer.watch()
    restore.restore(hostile.world, first)
    containment.contain(hostile.world, first)
    holdings = hostile.aws.aws.holdings[Kind.ASSIGNMENTS]
    assert (holdings.made, hostile.aws.record(first).state) == (["a1"], State.RELEASED)

    holdings.held_now = []  # somebody takes it away, for good
    hostile.writer.cut(first, len(hostile.writer.kept[first]))
    with suppress(RevocationError):
        restore.restore(hostile.world, first)
    reconcile.do_steps(hostile.world)
    hostile.passes()

    assert holdings.made == ["a1"]


def test_a_request_that_nobody_confirmed_denies_nobody_however_it_is_shuffled(hostile: Hostile) -> None:
    [asked] = intake.ask(
        hostile.world.store,
        who("UBOB"),
        Request(targets=(TargetRef(kind="user_id", value=ALICE),), reason="", channel="C0SECINC01"),
    )
    other = denied(hostile.world)
    hostile.writer.copy(other, asked.revocation.id)
    hostile.writer.delete(other)
    hostile.aws.policy.text = hostile.aws.policy.text.replace(f'"{ALICE}",', "")
    hostile.passes()
    assert hostile.aws.policy.denied == frozenset()


# ---------------------------------------------------------------- what is not signed


def test_a_confirmation_that_was_taken_out_of_every_index_is_written_all_the_same(hostile: Hostile) -> None:
    by_its_job = confirmed(hostile.world)
    hostile.writer.hide(by_its_job)
    containment.contain(hostile.world, by_its_job)
    assert hostile.aws.policy.denied == {ALICE}

    without_a_job = deny(hostile, user(1), write=False)
    hostile.writer.hide(without_a_job)
    reconcile.find_hidden(hostile.world)
    hostile.passes()
    assert user(1) in hostile.aws.policy.denied


def test_a_denial_that_the_index_says_has_ended_is_found_and_kept(hostile: Hostile) -> None:
    revocation_id = denied(hostile.world)
    hostile.writer.hide(revocation_id)
    hostile.writer.redis.zadd("revoke:ended", {revocation_id: FOR_EVER})
    hostile.passes()
    assert hostile.aws.policy.denied == {ALICE}
    reconcile.find_hidden(hostile.world)
    assert [record.id for record in hostile.holding()] == [revocation_id]


@pytest.mark.parametrize("key", INDEXES)
def test_an_index_of_a_wrong_type_stops_no_denial(hostile: Hostile, key: str) -> None:
    hostile.writer.wrong_type(key)
    assert denied(hostile.world)
    assert hostile.aws.policy.denied == {ALICE}
    hostile.writer.wrong_type(key)
    reconcile.alert(hostile.world)
    reconcile.do_due(hostile.world)
    reconcile.tell_untold(hostile.world)


@pytest.mark.parametrize("value", ["x", "", -1, FOR_EVER, 10**30])
@pytest.mark.parametrize("name", MARKED)
def test_no_forged_mark_stops_or_silences_the_writer(hostile: Hostile, name: str, value: Any) -> None:
    confirmed(hostile.world)
    past = datetime.now(UTC) - timedelta(seconds=10)
    hostile.aws.edit(hostile.holding()[0].id, lambda record: replace(record, confirmed_at=past))
    hostile.writer.forge_mark(name, value)
    reconcile.settle_policy(hostile.world)
    assert hostile.aws.policy.denied == {ALICE}


def test_a_mark_that_is_set_again_and_again_silences_nothing_for_long(
    hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(containment, "LONGEST_SILENCE", timedelta(0))
    revocation_id = denied(hostile.world)
    hostile.writer.delete(revocation_id)
    for _ in range(3):
        hostile.world.store.mark("policy_written")
        containment.contain(hostile.world)
    assert [record.adopted for record in hostile.holding()] == [True]


def test_a_pause_without_an_end_silences_no_card(hostile: Hostile) -> None:
    revocation_id = denied(hostile.world)
    hostile.writer.silence(revocation_id)
    assert revocation_id in hostile.world.store.untold()
    assert not hostile.world.store.postponed(revocation_id)
    assert not hostile.world.store.card_paced(revocation_id)
    assert hostile.world.store.first_sight(f"reach-{revocation_id}", timedelta(minutes=15))
    assert not hostile.world.store.first_sight(f"reach-{revocation_id}", timedelta(minutes=15))


def test_a_lock_without_an_end_is_broken(hostile: Hostile) -> None:
    hostile.writer.lock("policy")
    denied(hostile.world)
    assert hostile.aws.policy.denied == {ALICE}


def test_a_lock_that_is_held_again_and_again_is_told_as_not_denied(hostile: Hostile) -> None:
    revocation_id = confirmed(hostile.world)
    hostile.writer.redis.set("revoke:lock:policy", "mine", px=9000)
    past = datetime.now(UTC) - timedelta(seconds=61)
    hostile.aws.edit(revocation_id, lambda record: replace(record, confirmed_at=past))
    reconcile.alert(hostile.world)
    reconcile.alert(hostile.world)
    assert hostile.aws.record(revocation_id).trouble is not None
    assert [said for said in hostile.alarms.said if "NOT DENIED" in said]


def test_what_the_channel_was_not_told_for_minutes_is_told_beside_slack(hostile: Hostile) -> None:
    revocation_id = denied(hostile.world)
    old = datetime.now(UTC) - timedelta(minutes=3)
    hostile.aws.edit(
        revocation_id, lambda record: replace(record, notes=tuple(replace(n, at=old) for n in record.notes))
    )
    hostile.writer.redis.delete("revoke:untold")
    reconcile.alert(hostile.world)
    reconcile.alert(hostile.world)
    assert [said for said in hostile.alarms.said if revocation_id in said and "Slack is not told" in said]
    assert len(hostile.alarms.said) == 1
    reconcile.find_hidden(hostile.world)
    assert hostile.world.store.untold() == [revocation_id]


def test_one_log_that_takes_no_more_entries_stops_no_other(hostile: Hostile) -> None:
    stuck = confirmed(hostile.world)
    entries = hostile.writer.entries(stuck)
    hostile.writer.redis.delete(log_of(stuck))
    last = f"{2**64 - 1}-{2**64 - 1}"
    for number, entry in enumerate(entries, start=1):
        hostile.writer.redis.xadd(log_of(stuck), entry, id=str(number) if number < len(entries) else last)
    deny(hostile, user(1))
    assert hostile.aws.policy.denied == {ALICE, user(1)}


@pytest.mark.parametrize("for_ms", [None, 50 * 60 * 1000], ids=["for ever", "as the bot would"])
def test_an_alarm_that_redis_says_was_raised_is_raised(hostile: Hostile, for_ms: int | None) -> None:
    revocation_id = denied(hostile.world)
    hostile.writer.flip(revocation_id, -1, b"m", 3)
    hostile.writer.redis.set(f"revoke:seen:unreadable-{revocation_id}", 1, px=for_ms)
    reconcile.alert(hostile.world)
    reconcile.alert(hostile.world)
    assert len([said for said in hostile.alarms.said if "cannot be read" in said]) == 1


# ---------------------------------------------------------------- anything, in any order


def user(number: int) -> str:
    return f"a1b2c3d4-aaaa-bbbb-cccc-{number + 100:012d}"


def deny(hostile: Hostile, user_id: str, *, write: bool = True) -> str:
    """Asked for and confirmed by people."""
    store = hostile.world.store
    request = Request(targets=(TargetRef(kind="user_id", value=user_id),), reason="", channel="C0SECINC01")
    [asked] = intake.ask(store, who("UBOB"), request)
    hostile.aws.edit(
        asked.revocation.id,
        lambda record: replace(record, user=DirectoryUser(user_id=user_id, user_name=user_id)),
    )
    intake.confirm(store, who("UBOB"), asked.revocation.id, hostile.world.rules.caps)
    if write:
        containment.contain(hostile.world, asked.revocation.id)
    return asked.revocation.id


@dataclass
class Play:
    """People deny and release; somebody writes to Redis between; the writer passes. After each pass it is judged."""

    hostile: Hostile
    dice: random.Random
    people: int = 6
    must: set[str] = field(default_factory=set)
    """Are denied, and nobody let them go since."""
    leaving: set[str] = field(default_factory=set)
    """Two people let them go: they may be off, or not yet."""
    confirmed: dict[str, set[str]] = field(default_factory=dict)
    """By user ID, the revocations in which people confirmed them."""
    done: list[str] = field(default_factory=list)
    attacks: int = 0

    def step(self) -> None:
        if self.dice.random() < 0.5:
            with suppress(RevocationError):  # people are refused, or told that it cannot be read
                self._people()
        for _ in range(self.dice.randint(1, 3)):
            self.hostile.writer.watch()
            name, attack = self.dice.choice(attacks(self.hostile.writer, self.dice))
            self.done.append(name)
            with suppress(ResponseError):  # an earlier attack made something else of that key
                attack()
            self.attacks += 1
        before = set(self.hostile.world.witness.seen())
        self._pass()
        self._judge(before)

    def _people(self) -> None:
        user_id = user(self.dice.randrange(self.people))
        if user_id in self.must | self.leaving:
            self._let_go(user_id)
        else:
            self.done.append(f"deny {user_id[-3:]}")
            made = deny(self.hostile, user_id, write=False)
            self.confirmed.setdefault(user_id, set()).add(made)
            if self.dice.random() < 0.7:
                before = set(self.hostile.world.witness.seen())
                containment.contain(self.hostile.world, made)
                self._judge(before)
        self.hostile.writer.watch()

    def _let_go(self, user_id: str) -> None:
        """By two people, in each record that denies them."""
        for record in self.hostile.world.store.open():
            if record.on_the_list and record.user is not None and record.user.user_id == user_id:
                self.done.append(f"release {user_id[-3:]}")
                self.must.discard(user_id)
                self.leaving.add(user_id)
                self.hostile.released(record.id)

    def _pass(self) -> None:
        if self.dice.random() < 0.5:
            self.hostile.writer.forge_mark("policy_written", 0)
        beside = self.dice.choice([reconcile.alert, reconcile.settle_policy, reconcile.find_hidden])
        for one in (beside, containment.contain):
            with suppress(RevocationError):
                one(self.hostile.world)

    def _judge(self, seen: set[str]) -> None:
        """`seen`: the revocations that had been acted on before this pass; any other confirmation may be now."""
        there = self.hostile.aws.policy.denied
        meant = {user_id for user_id, ids in self.confirmed.items() if ids - seen}
        assert self.must <= there, f"freed: {self.must - there} after {self.done[-12:]}"
        extra = there - self.must - self.leaving - meant
        assert not extra, f"denied: {extra} after {self.done[-12:]}"
        self.leaving &= there
        self.must |= there - self.leaving


def play(directory: Path, count: int, seed: int) -> tuple[int, int]:
    """So many attacks; returns how many were made, and how many users were denied at the end."""
    with scripted(directory) as made:
        game = Play(hostile_to(made, directory), random.Random(seed))
        while game.attacks < count:
            game.step()
        return game.attacks, len(game.must)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_written_to_redis_frees_nobody_and_denies_nobody(tmp_path: Path, seed: int) -> None:
    assert play(tmp_path, 60, seed)[0] >= 60


def figures() -> Iterator[str]:
    """The full figures, for `python -m tests.security`."""
    made, denying = 0, 0
    for seed in range(20):
        with TemporaryDirectory(prefix="hostile-") as directory:
            attacks_, left = play(Path(directory), 100, 1000 + seed)
            made, denying = made + attacks_, denying + left
    yield f"{made:,} random writes to Redis between the writer's passes: 0 users freed, 0 denied whom nobody confirmed"
