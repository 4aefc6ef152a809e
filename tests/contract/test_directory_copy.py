"""The copy of the directory in a real Redis, and how it is made from the pretend AWS."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis

from tests.sandbox.scripted import Scripted, confirmed
from tests.unit.make import ALICE_ID, T0
from workers.adapters import directory_copy as adapter
from workers.adapters.directory_copy import CHUNK, CHUNK_BYTES, FRESH, KEY, RedisDirectoryCopy
from workers.adapters.redis_server import RedisServer
from workers.domain.directory_search import MOST_USERS, Known
from workers.domain.errors import AwsRefused
from workers.domain.revocation import DirectoryUser
from workers.service import directory_copy


def user_id(n: int) -> str:
    return f"906768f5e0-11111111-2222-3333-4444-{n:012}"


def people(count: int) -> list[Known]:
    return [Known(user_id(n), f"user{n}", f"Näme {n}", f"user{n}@example.com") for n in range(count)]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = RedisServer(tmp_path)
    server.ensure()
    yield Redis.from_url(server.url)
    server.stop()


def test_what_is_kept_is_read_again_in_order(redis: Redis) -> None:
    copy = RedisDirectoryCopy(redis)
    assert (copy.made_at(), copy.digest(), copy.read()) == (None, None, [])
    everybody = people(2 * CHUNK + 1)
    copy.keep(everybody, T0)
    assert copy.read() == everybody
    assert copy.made_at() == T0
    assert redis.exists(FRESH) == 0


def test_fewer_users_leave_none_of_the_old_ones(redis: Redis) -> None:
    copy = RedisDirectoryCopy(redis)
    copy.keep(people(CHUNK + 5), T0)
    before = copy.digest()
    copy.keep(people(3), T0)
    assert copy.read() == people(3)
    assert copy.digest() != before


def test_the_same_users_again_only_move_the_time(redis: Redis) -> None:
    copy = RedisDirectoryCopy(redis)
    copy.keep(people(5), T0)
    before = redis.hgetall(KEY)
    copy.keep(people(5), T0 + timedelta(minutes=15))
    after = redis.hgetall(KEY)
    assert copy.made_at() == T0 + timedelta(minutes=15)
    assert {**before, b"at": b""} == {**after, b"at": b""}  # type: ignore[dict-item]


def test_fifty_thousand_users_are_small_and_each_part_is_read_in_half_a_second(redis: Redis) -> None:
    copy = RedisDirectoryCopy(redis)
    copy.keep(people(50_000), T0)
    assert sum(map(len, redis.hgetall(KEY).values())) < 5_000_000  # type: ignore[union-attr]
    assert len(copy.read()) == 50_000


def test_no_more_than_the_most_are_kept(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MOST_USERS", 2 * CHUNK)
    copy = RedisDirectoryCopy(redis)
    copy.keep(people(3 * CHUNK), T0)
    assert len(copy.read()) == 2 * CHUNK
    assert MOST_USERS > 50_000


@pytest.mark.parametrize(
    "chunk",
    [
        b"",
        b"no zip",
        zlib.compress(b"no json"),
        zlib.compress(b"[" * 100_000),
        zlib.compress(b"{}"),
        zlib.compress(json.dumps([["no id", "a", "b", "c"], [ALICE_ID], None, [ALICE_ID, 1, 2, 3]]).encode()),
        zlib.compress(b" " * (CHUNK_BYTES + 1) + b"[]"),
    ],
)
def test_a_forged_copy_breaks_nothing_and_proposes_nobody(redis: Redis, chunk: bytes) -> None:
    redis.hset(KEY, mapping={"at": "x", "of": b"\xff", "0": chunk})
    copy = RedisDirectoryCopy(redis)
    assert (copy.made_at(), copy.read()) == (None, [])
    assert copy.digest() is not None
    copy.keep(people(1), T0)
    assert copy.read() == people(1)


def test_a_key_of_another_type_is_made_anew(redis: Redis) -> None:
    redis.set(KEY, "something else")
    copy = RedisDirectoryCopy(redis)
    assert copy.made_at() is None
    copy.keep(people(1), T0)
    assert copy.read() == people(1)


def redis_of(aws: Scripted) -> Redis:
    redis: Redis = aws.world.store._redis  # type: ignore[attr-defined]
    return redis


class Directory:
    """So many users; raises after `fails_after`."""

    def __init__(self, count: int, fails_after: int | None = None) -> None:
        self.count, self.fails_after, self.reads = count, fails_after, 0

    def everybody(self) -> Iterator[DirectoryUser]:
        self.reads += 1
        for n in range(self.count):
            if n == self.fails_after:
                raise AwsRefused("AccessDeniedException", "No rights.")
            yield DirectoryUser(user_id=user_id(n), user_name=f"user{n}")


def test_the_directory_is_copied_at_the_start_and_not_again_for_a_quarter_of_an_hour(aws: Scripted) -> None:
    directory, copy = Directory(250), RedisDirectoryCopy(redis_of(aws))
    world = replace(aws.world, directory=directory, directory_copy=copy)  # type: ignore[arg-type]
    directory_copy.keep(world, pause=0)
    directory_copy.keep(world, pause=0)
    assert (directory.reads, len(copy.read())) == (1, 250)

    redis_of(aws).delete("revoke:seen:directory-copy")
    copy.keep(copy.read(), datetime.now(UTC) - timedelta(minutes=16))
    directory_copy.keep(world, pause=0)
    assert directory.reads == 2


def test_a_directory_that_cannot_be_read_keeps_the_old_copy_and_is_not_asked_at_every_pass(
    aws: Scripted,
) -> None:
    directory, copy = Directory(250, fails_after=120), RedisDirectoryCopy(redis_of(aws))
    world = replace(aws.world, directory=directory, directory_copy=copy)  # type: ignore[arg-type]
    copy.keep(people(3), datetime.now(UTC) - timedelta(hours=2))
    directory_copy.keep(world, pause=0)
    directory_copy.keep(world, pause=0)
    assert (directory.reads, copy.read()) == (1, people(3))


def test_nothing_is_copied_while_somebody_is_being_denied(aws: Scripted) -> None:
    directory, copy = Directory(5), RedisDirectoryCopy(redis_of(aws))
    world = replace(aws.world, directory=directory, directory_copy=copy)  # type: ignore[arg-type]
    confirmed(aws.world)
    directory_copy.keep(world, pause=0)
    assert directory.reads == 0
