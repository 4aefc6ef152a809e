"""The clock that the demo moves: Redis answers as ever, only later; and it outlives a kill where it was."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.sandbox.clock import MovedRedis
from tests.sandbox.clock.conversation import Conversation
from tests.sandbox.clock.frames import end_of, parts

HOUR = 3600


@pytest.fixture
def moved(tmp_path: Path) -> Iterator[MovedRedis]:
    with MovedRedis(tmp_path) as made:
        yield made


@pytest.fixture
def redis(moved: MovedRedis) -> Redis:
    return Redis.from_url(moved.url)


def ahead(answer: tuple[int, int]) -> float:
    return round((answer[0] + answer[1] / 1e6 - time.time()) / HOUR, 2)


def test_its_clock_is_the_machines_until_it_is_moved(moved: MovedRedis, redis: Redis) -> None:
    assert ahead(redis.time()) == 0
    moved.move(12 * HOUR)
    assert ahead(redis.time()) == 12


@pytest.mark.parametrize("transaction", [True, False], ids=["in a transaction", "in a pipeline"])
def test_it_is_later_wherever_it_is_asked(moved: MovedRedis, redis: Redis, transaction: bool) -> None:
    moved.move(HOUR)
    with redis.pipeline(transaction=transaction) as pipe:
        pipe.set("a", 1).time().get("a").time()
        stored, first, value, second = pipe.execute()
    assert (stored, value, ahead(first), ahead(second)) == (True, b"1", 1, 1)


def test_under_watch_it_is_later_too_and_a_lost_race_is_still_told(moved: MovedRedis, redis: Redis) -> None:
    moved.move(HOUR)
    with redis.pipeline() as pipe:
        pipe.watch("a")
        assert ahead(pipe.time()) == 1
        pipe.multi()
        pipe.time()
        Redis.from_url(moved.url).set("a", 2)
        with pytest.raises(Exception, match="Watched variable changed"):
            pipe.execute()
    assert ahead(redis.time()) == 1


def test_it_passes_on_what_is_large_and_what_looks_like_a_time(redis: Redis) -> None:
    redis.rpush("list", "1700000000", "123456")
    assert redis.lrange("list", 0, -1) == [b"1700000000", b"123456"]
    large = b"\r\n*2\r\n" * 100_000
    redis.set("large", large)
    assert redis.get("large") == large


def test_it_passes_on_what_comes_unasked(redis: Redis) -> None:
    listener = redis.pubsub()
    listener.subscribe("news")
    assert listener.get_message(timeout=5)["type"] == "subscribe"
    redis.publish("news", "TIME")
    assert listener.get_message(timeout=5)["data"] == b"TIME"


def test_what_is_forgotten_after_a_while_is_forgotten_sooner_and_a_lock_is_not(
    moved: MovedRedis, redis: Redis
) -> None:
    redis.set("revoke:seen:reach", 1, ex=900)
    redis.set("revoke:seen:day", 1, ex=24 * HOUR)
    redis.set("revoke:lock:policy", 1, ex=10)
    redis.set("rq:worker:1", 1, ex=480)
    moved.move(HOUR)
    time.sleep(0.02)
    assert redis.get("revoke:seen:reach") is None
    assert 22 * HOUR < redis.ttl("revoke:seen:day") <= 23 * HOUR
    assert redis.ttl("revoke:lock:policy") > 5
    assert redis.ttl("rq:worker:1") > 400


def test_killed_and_started_again_it_has_its_data_its_address_and_its_time(
    moved: MovedRedis, redis: Redis
) -> None:
    moved.move(HOUR)
    redis.set("a", "kept")
    address = moved.url
    moved.kill()
    assert not moved.running
    moved.start()
    assert moved.url == address
    assert redis.get("a") == b"kept"
    assert ahead(redis.time()) == 1


@pytest.mark.parametrize(
    "message",
    [
        b"+OK\r\n",
        b":5\r\n",
        b"$-1\r\n",
        b"$0\r\n\r\n",
        b"*-1\r\n",
        b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
        b"%1\r\n+k\r\n#t\r\n",
        b"|1\r\n+k\r\n+v\r\n:1\r\n",
        b"_\r\n",
        b"=7\r\ntxt:abc\r\n",
        b">2\r\n+message\r\n+x\r\n",
    ],
)
def test_the_end_of_every_kind_of_message_is_found_and_half_a_message_has_none(message: bytes) -> None:
    assert end_of(message + b"+next\r\n") == len(message)
    assert all(end_of(message[:cut]) is None for cut in range(len(message)))


def test_an_answer_that_comes_in_pieces_is_handed_on_whole() -> None:
    talk = Conversation(lambda: 10)
    question, answer = b"*1\r\n$4\r\nTIME\r\n", b"*2\r\n$10\r\n1700000000\r\n$1\r\n5\r\n"
    assert talk.to_redis(question[:6]) + talk.to_redis(question[6:]) == question
    handed = [talk.to_client(answer[at : at + 1]) for at in range(len(answer))]
    assert b"".join(handed[:-1]) == b""
    assert [part[-12:-2] for part in parts(handed[-1])[:1]] == [b"1700000010"]
