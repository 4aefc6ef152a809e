"""The records in a real Redis: nothing lost, nothing half done, and a clear word when Redis is away."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.unit.make import ALICE, BOB, CAROL, RULES, requested
from workers.adapters.audit_log import AuditLog
from workers.adapters.job_queue import JobQueue
from workers.adapters.redis_connection import hasty, patient
from workers.adapters.redis_server import RedisServer
from workers.adapters.redis_store import RedisStore
from workers.domain.actor import SYSTEM
from workers.domain.due import next_due
from workers.domain.errors import Refused, RevocationError, StoreAway, UnknownRevocation, UnreadableRecord
from workers.domain.look_back import LookBack
from workers.domain.revocation import Note, Revocation, Snapshot, State, TargetRef
from workers.domain.step import Kind, Step, StepState
from workers.ports import Change, Job, Wake
from workers.service import intake
from workers.service.intake import Authority, Request

KEY = b"the key of the contract tests 32"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path_factory.mktemp("redis"))
    made.ensure()
    yield made
    made.stop()


@pytest.fixture
def redis(server: RedisServer) -> Iterator[Redis]:
    client = Redis.from_url(server.url)
    client.flushall()
    yield client
    client.close()


def store_on(client: Redis, key: bytes = KEY) -> RedisStore:
    queue = JobQueue(client)
    queue.warm()
    return RedisStore(client, AuditLog(key), queue, lambda revocation: next_due(revocation, RULES.timing))


@pytest.fixture
def store(redis: Redis, server: RedisServer) -> RedisStore:
    return store_on(patient(server.url))


def asked(store: RedisStore, **given: Any) -> Revocation:
    """A new request, just made."""

    def decide(fresh: str, now: datetime) -> Change:
        record = replace(requested(**{"user": None, **given}), id=fresh, seq=0, requested_at=now)
        return Change(record=record, event="requested", actor=BOB, wakes=(Wake(Job.IDENTIFY),))

    return store.create(decide)


def becoming(state: State, **given: Any) -> Callable[[Revocation, datetime], Change]:
    return lambda current, now: Change(
        record=replace(current, state=state, **given), event=f"became_{state}", actor=SYSTEM
    )


def everything(redis: Redis) -> dict[bytes, bytes | None]:
    return {key: redis.dump(key) for key in redis.scan_iter()}


# ---------------------------------------------------------------- create, get, change


def test_what_was_created_is_read_back_with_its_id_and_its_log(store: RedisStore) -> None:
    made = asked(store)

    assert made.seq == 1
    assert store.get(made.id) == made
    assert made.id[:2] == "R-"
    assert set(made.id[2:]) <= set("23456789ABCDEFGHJKLMNPQRSTUVWXYZ")
    entry = store.log(made.id)[0]
    assert (entry["event"], entry["actor"]["id"], entry["seq"]) == ("requested", "U0BOB00001", 1)


def test_the_clock_is_redis_own(store: RedisStore, redis: Redis) -> None:
    seconds, _ = redis.time()
    assert abs(store.now() - datetime.fromtimestamp(seconds, UTC)) < timedelta(seconds=1)


def test_nobody_knows_an_id_that_was_never_made(store: RedisStore) -> None:
    for use in (store.get, lambda i: store.change(i, becoming(State.DENIED))):
        with pytest.raises(UnknownRevocation, match="R-NOBODY"):
            use("R-NOBODY")
    assert store.open() == []


def test_a_decision_to_do_nothing_leaves_no_trace(store: RedisStore, redis: Redis) -> None:
    made = asked(store)
    store.shown(made)
    before = everything(redis)

    assert store.change(made.id, lambda current, now: None) is None
    assert everything(redis) == before


def test_a_refusal_in_the_middle_leaves_no_trace_either(store: RedisStore, redis: Redis) -> None:
    made = asked(store)
    before = everything(redis)

    def refuse(current: Revocation, now: datetime) -> Change:
        raise Refused("no")

    with pytest.raises(Refused):
        store.change(made.id, refuse)
    with pytest.raises(Refused):
        store.create(lambda fresh, now: refuse(made, now))
    assert everything(redis) == before


def test_entry_due_time_and_jobs_become_visible_together_or_not_at_all(
    store: RedisStore, redis: Redis
) -> None:
    made = asked(store)
    seen: set[tuple[int, int, int, int, bool]] = set()
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            with redis.pipeline() as pipe:  # MULTI: one look at everything
                pipe.xlen(f"revoke:log:{made.id}")
                pipe.llen("rq:queue:contain")
                pipe.zcard("rq:scheduled:steps")
                pipe.zscore("revoke:untold", made.id)
                pipe.zscore("revoke:due", made.id)
                entries, jobs, scheduled, untold, due = pipe.execute()
                seen.add((entries, jobs, scheduled, int(untold), due is not None))

    watcher = threading.Thread(target=look)
    watcher.start()
    later = store.now() + timedelta(hours=12)
    wakes = (Wake(Job.CONTAIN), Wake(Job.SHOW), Wake(Job.CLEAN_UP, later))
    for _ in range(50):
        store.change(
            made.id,
            lambda current, now: Change(
                record=replace(current, next_read_at=now), event="x", actor=SYSTEM, wakes=wakes
            ),
        )
    stop.set()
    watcher.join()

    assert seen <= {(n, n - 1, n - 1, n, True) for n in range(1, 52)}
    assert len(seen) > 3
    assert redis.llen("rq:queue:cards") == 50
    assert redis.llen("rq:queue:lookup") == 1


def test_eight_threads_lose_no_change_and_number_none_twice(store: RedisStore) -> None:
    made = asked(store)

    def add(thread: int) -> None:
        for n in range(25):
            note = Note(kind=f"{thread}-{n}", at=made.requested_at)
            changed = store.change(
                made.id,
                lambda current, now, note=note: Change(
                    record=current.noting(note), event="noted", actor=SYSTEM
                ),
            )
            assert changed is not None

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))

    entries = store.log(made.id)
    assert [entry["seq"] for entry in entries] == list(range(1, 202))
    kinds = [note.kind for note in store.get(made.id).notes]
    assert sorted(kinds) == sorted(f"{thread}-{n}" for thread in range(8) for n in range(25))


def test_of_fifty_clicks_at_once_one_confirms_and_the_others_hear_by_whom(store: RedisStore) -> None:
    made = asked(store, user=ALICE)
    carol = Authority(actor=CAROL, responder=True)

    def click(_: int) -> str:
        try:
            return intake.confirm(store, carol, made.id, None).state
        except Refused as refused:
            return str(refused)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(click, range(50)))

    assert answers.count("confirmed") == 1
    assert sum("<@U0CAROL001> confirmed it at" in answer for answer in answers) == 49
    assert [entry["event"] for entry in store.log(made.id)] == ["requested", "confirmed"]


def test_no_press_of_hold_ever_shortens_it(store: RedisStore) -> None:
    made = asked(store, user=ALICE)
    now = store.now()
    store.change(made.id, becoming(State.DENIED, written_at=now, confirmed_by=CAROL, confirmed_at=now))
    carol, ends = Authority(actor=CAROL, responder=True), []
    for no_mint in (None, now, None, now - timedelta(hours=6)):
        store.change(made.id, becoming(State.DENIED, no_mint_at=no_mint))
        ends.append(intake.hold(store, carol, made.id, RULES.timing).hold_until)

    assert ends == sorted(ends)
    assert ends[0] is not None
    assert ends[0] >= now + timedelta(hours=24)
    assert intake.hold(store, carol, made.id, RULES.timing, until_released=True).hold_open


# ---------------------------------------------------------------- open, ended, due, untold, shown


def test_open_is_what_has_not_ended_and_ended_is_newest_first(store: RedisStore) -> None:
    made = [asked(store) for _ in range(5)]
    store.change(made[1].id, becoming(State.CANCELLED))
    time.sleep(0.002)
    store.change(made[3].id, becoming(State.CLOSED))
    store.change(made[0].id, becoming(State.WATCHED))

    assert {r.id for r in store.open()} == {made[0].id, made[2].id, made[4].id}
    assert [r.id for r in store.ended(10)] == [made[3].id, made[1].id]
    assert [r.id for r in store.ended(1)] == [made[3].id]


def test_due_follows_the_record(store: RedisStore) -> None:
    made = asked(store)
    now = store.now()
    assert store.due(now) == []
    assert store.due(now + timedelta(seconds=4)) == [made.id]

    looked = LookBack(since=now, until=now)
    done = {"look_back": looked, "stood_down_at": now}
    store.change(made.id, becoming(State.DENIED, user=ALICE, written_at=now, next_read_at=now, **done))
    assert store.due(now) == [made.id]
    store.change(made.id, becoming(State.DENIED, next_read_at=now + timedelta(days=1)))
    assert store.due(now + timedelta(hours=12, minutes=14)) == []
    assert store.due(now + timedelta(hours=12, minutes=16)) == [made.id]
    store.change(made.id, becoming(State.CLOSED))
    assert store.due(now + timedelta(days=400)) == []


def test_a_reading_that_changed_nothing_moves_its_own_time_and_no_other(store: RedisStore) -> None:
    made = asked(store)
    now = store.now()
    soon = Step(kind=Kind.ASSIGNMENTS, state=StepState.RUNNING, again_at=now + timedelta(seconds=12))
    looked = LookBack(since=now, until=now)
    taken = Snapshot(at=now, entry=1)
    done = {"look_back": looked, "snapshot": taken, "stood_down_at": now}
    denied = {"user": ALICE, "written_at": now, "next_read_at": now, **done}
    store.change(made.id, becoming(State.DENIED, steps=(soon,), **denied))
    assert store.due(now) == [made.id]

    store.read_again(made.id, timedelta(minutes=15))
    assert store.due(now + timedelta(seconds=11)) == []
    assert store.due(now + timedelta(seconds=13)) == [made.id]


def test_only_what_was_shown_up_to_now_is_told(store: RedisStore) -> None:
    first = asked(store)
    second = store.change(first.id, becoming(State.CONFIRMED))
    assert second is not None
    store.shown(first)
    assert store.untold() == [first.id]
    store.shown(second)
    assert store.untold() == []
    store.change(first.id, becoming(State.CANCELLED))
    assert store.untold() == [first.id], "an end must be told too"


def test_slack_that_asked_for_silence_gets_it(store: RedisStore) -> None:
    made = asked(store)
    store.pause_slack(0.2)
    assert store.untold() == []
    time.sleep(0.25)
    assert store.untold() == [made.id]


def test_the_card_is_paced_and_its_digest_kept(store: RedisStore) -> None:
    assert store.card_digest("R-AAAAAA") is None
    store.card_shows("R-AAAAAA", "abc", again_in=timedelta(milliseconds=150))
    assert (store.card_digest("R-AAAAAA"), store.card_paced("R-AAAAAA")) == ("abc", True)
    time.sleep(0.2)
    assert (store.card_digest("R-AAAAAA"), store.card_paced("R-AAAAAA")) == ("abc", False)


def test_a_request_is_seen_for_the_first_time_once(store: RedisStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda _: store.first_sight("abc", timedelta(minutes=15)), range(40)))
    assert seen.count(True) == 1
    assert store.first_sight("abd", timedelta(seconds=1))
    time.sleep(1.1)
    assert store.first_sight("abd", timedelta(seconds=1))


def test_marks_are_times_of_redis(store: RedisStore) -> None:
    assert store.marked("policy_read") is None
    store.mark("policy_read")
    marked = store.marked("policy_read")
    assert marked is not None
    assert timedelta(0) <= store.now() - marked < timedelta(seconds=2)


def test_a_mark_of_a_time_to_come_counts_as_none(store: RedisStore, redis: Redis) -> None:
    to_come = store.now() + timedelta(hours=1)
    redis.hset("revoke:marks", "policy_refused", int(to_come.timestamp() * 1000))
    assert store.marked("policy_refused") is None


def test_a_figure_is_kept_with_the_time_at_which_it_was_true(store: RedisStore) -> None:
    assert store.figured("room") is None
    for value in (31, 0):
        store.figure("room", value)
        kept = store.figured("room")
        assert kept is not None
        assert kept.value == value
        assert timedelta(0) <= store.now() - kept.at < timedelta(seconds=2)


@pytest.mark.parametrize(
    "lie", ["", "many", "31", "-1 1700000000000", "9" * 4000 + " 1", "1 soon", "1 9999999999999999", "² 1"]
)
def test_a_figure_that_is_none_counts_as_none(store: RedisStore, redis: Redis, lie: str) -> None:
    redis.hset("revoke:figures", "room", lie)
    assert store.figured("room") is None


def test_figures_that_became_something_else_are_made_anew(store: RedisStore, redis: Redis) -> None:
    redis.set("revoke:figures", "x")
    assert store.figured("room") is None
    redis.delete("revoke:figures")
    redis.rpush("revoke:figures", "x")
    store.figure("room", 3)
    kept = store.figured("room")
    assert kept is not None
    assert kept.value == 3


# ---------------------------------------------------------------- locks


def test_a_lock_has_one_owner_and_is_free_after(store: RedisStore) -> None:
    with store.lock("policy", wait=timedelta(0)) as mine:
        assert mine is not None
        with store.lock("policy", wait=timedelta(milliseconds=50)) as theirs:
            assert theirs is None
        with store.lock("card-R-AAAAAA", wait=timedelta(0)) as other:
            assert other is not None
        assert mine.extend()
    with store.lock("policy", wait=timedelta(0)) as next_one:
        assert next_one is not None


def test_an_owner_who_slept_too_long_is_told_so_and_does_not_free_the_next_ones_lock(
    store: RedisStore, redis: Redis
) -> None:
    with store.lock("policy", wait=timedelta(0)) as slept:
        assert slept is not None
        redis.delete("revoke:lock:policy")  # as if its life had run out
        with store.lock("policy", wait=timedelta(0)) as next_one:
            assert next_one is not None
            assert not slept.extend()
            assert next_one.extend()
            with pytest.raises(ZeroDivisionError), store.lock("other", wait=timedelta(0)):
                raise ZeroDivisionError
    with store.lock("policy", wait=timedelta(0)) as free:
        assert free is not None


def test_the_loser_of_a_lock_frees_nothing_on_its_way_out(store: RedisStore, redis: Redis) -> None:
    with store.lock("policy", wait=timedelta(0)):
        redis.set("revoke:lock:policy", "somebody else's token")
    assert redis.get("revoke:lock:policy") == b"somebody else's token"


def test_extending_gives_the_lock_its_full_life_again(store: RedisStore, redis: Redis) -> None:
    with store.lock("policy", wait=timedelta(0)) as mine:
        assert mine is not None
        redis.pexpire("revoke:lock:policy", 500)
        assert mine.extend()
        assert redis.pttl("revoke:lock:policy") > 9_000


def test_nobody_waits_longer_for_a_lock_than_asked(store: RedisStore) -> None:
    with store.lock("policy", wait=timedelta(0)), ThreadPoolExecutor(1) as pool:
        started = time.monotonic()
        assert not pool.submit(_locked, store, timedelta(milliseconds=200)).result()
        assert 0.15 < time.monotonic() - started < 0.6


def _locked(store: RedisStore, wait: timedelta) -> bool:
    with store.lock("policy", wait=wait) as lock:
        return lock is not None


# ---------------------------------------------------------------- unreadable records


def tampered(redis: Redis, revocation_id: str, **fields: object) -> None:
    """Put an entry at the end, as somebody who can write to Redis but has no key would."""
    (_, last) = redis.xrevrange(f"revoke:log:{revocation_id}", count=1)[0]
    entry = json.loads(last[b"e"])
    entry["record"].update(fields)
    redis.xadd(f"revoke:log:{revocation_id}", {"e": json.dumps(entry), "m": last[b"m"]})


def test_an_unreadable_record_is_left_out_of_the_open_ones_and_raised_where_it_is_asked_for(
    store: RedisStore, redis: Redis
) -> None:
    good, bad, empty = asked(store), asked(store), asked(store)
    tampered(redis, bad.id, state="releasing", released_by=[])
    redis.xadd(f"revoke:log:{empty.id}", {"x": b"\xff\xfe"})

    assert [r.id for r in store.open()] == [good.id]
    for revocation_id in (bad.id, empty.id):
        for use in (store.get, store.log, lambda i: store.change(i, becoming(State.CLOSED))):
            with pytest.raises(UnreadableRecord, match=revocation_id):
                use(revocation_id)


def test_that_a_record_was_read_before_does_not_vouch_for_another_entry_in_its_place(
    store: RedisStore, redis: Redis
) -> None:
    made = asked(store)
    assert (store.get(made.id), store.open()) == (made, [made])
    ((stamp, _),) = redis.xrange(f"revoke:log:{made.id}")
    tampered(redis, made.id, state="releasing", released_by=[])
    redis.xdel(f"revoke:log:{made.id}", stamp)

    assert store.open() == []
    with pytest.raises(UnreadableRecord, match="not ours"):
        store.get(made.id)


def test_a_record_copied_from_another_revocation_is_unreadable(store: RedisStore, redis: Redis) -> None:
    alice, mallory = asked(store), asked(store)
    released = store.change(alice.id, becoming(State.RELEASING, released_by=(BOB, CAROL)))
    assert released is not None
    (_, entry) = redis.xrevrange(f"revoke:log:{alice.id}", count=1)[0]
    redis.xadd(f"revoke:log:{mallory.id}", entry)

    with pytest.raises(UnreadableRecord, match="belongs to another record"):
        store.get(mallory.id)


def test_another_key_reads_nothing(store: RedisStore, redis: Redis, server: RedisServer) -> None:
    made = asked(store)
    stranger = store_on(patient(server.url), b"not the key that wrote these logs")
    with pytest.raises(UnreadableRecord):
        stranger.get(made.id)
    assert stranger.open() == []


def test_a_revocation_whose_log_is_gone_is_unknown_and_open_goes_on(store: RedisStore, redis: Redis) -> None:
    good, gone = asked(store), asked(store)
    redis.delete(f"revoke:log:{gone.id}")
    assert [r.id for r in store.open()] == [good.id]
    with pytest.raises(UnknownRevocation):
        store.get(gone.id)


# ---------------------------------------------------------------- Redis away


@contextmanager
def frozen(server: RedisServer) -> Iterator[None]:
    """The server is there and answers nobody."""
    client = Redis.from_url(server.url)
    pid = client.info("server")["process_id"]
    client.close()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


USES: dict[str, Callable[[RedisStore], object]] = {
    "now": lambda s: s.now(),
    "create": asked,
    "get": lambda s: s.get("R-AAAAAA"),
    "change": lambda s: s.change("R-AAAAAA", becoming(State.CLOSED)),
    "open": lambda s: s.open(),
    "due": lambda s: s.due(datetime.now(UTC)),
    "untold": lambda s: s.untold(),
    "first_sight": lambda s: s.first_sight("x", timedelta(minutes=1)),
    "marked": lambda s: s.marked("x"),
    "figure": lambda s: s.figure("x", 1),
    "figured": lambda s: s.figured("x"),
    "log": lambda s: s.log("R-AAAAAA"),
    "lock": lambda s: _locked(s, timedelta(0)),
    "ask": lambda s: intake.ask(
        s,
        Authority(actor=BOB, responder=True),
        Request(targets=(TargetRef(kind="user_name", value="alice"),), reason="", channel="C0SECINC01"),
    ),
}


@pytest.mark.parametrize("use", USES)
def test_a_server_that_is_gone_is_said_at_once(tmp_path: Path, use: str) -> None:
    store = RedisStore(
        client := hasty(f"unix://{tmp_path}/none.sock"), AuditLog(KEY), JobQueue(client), lambda r: None
    )
    started = time.monotonic()
    with pytest.raises(StoreAway):
        USES[use](store)
    assert time.monotonic() - started < 1.0


def test_a_server_that_hangs_is_said_within_a_second_and_a_half(redis: Redis, server: RedisServer) -> None:
    store = store_on(hasty(server.url))
    made = asked(store)
    uses = {**USES, "change": lambda s: s.change(made.id, becoming(State.CLOSED))}

    def timed(use: Callable[[RedisStore], object]) -> float:
        started = time.monotonic()
        with pytest.raises(StoreAway):
            use(store)
        return time.monotonic() - started

    with frozen(server), ThreadPoolExecutor(len(uses)) as pool:
        took = dict(zip(uses, pool.map(timed, uses.values()), strict=True))
    assert max(took.values()) < 1.5, took
    assert store.get(made.id) == made


def test_no_vendors_error_leaves_the_store(redis: Redis, server: RedisServer) -> None:
    store = store_on(hasty(server.url))
    with store.lock("policy", wait=timedelta(0)) as lock:
        assert lock is not None
        with frozen(server), pytest.raises(RevocationError):
            lock.extend()
