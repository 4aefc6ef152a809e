"""The embedded Redis: one server for one data directory, whoever starts it, and nothing lost when its owner dies."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.connection import parse_url
from redis.exceptions import RedisError

from workers.adapters.redis_server import RedisServer

OWNER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from workers.adapters.redis_server import RedisServer
    server = RedisServer(Path(sys.argv[1]))
    server.ensure()
    print("ready", flush=True)
    while True:
        time.sleep(0.05)
        server.ensure()
    """
)


@contextmanager
def owner(directory: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A process that keeps a server on this directory, as bot and workers do."""
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(directory)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.kill()
        process.wait()


def until(check: Callable[[], object], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if check():
                return
        except RedisError:
            pass
        time.sleep(0.02)
    raise AssertionError("not within its time")


def client(directory: Path) -> Redis:
    return Redis.from_url(RedisServer(directory).url)


def servers(directory: Path) -> list[int]:
    """The pids of the servers that have this data directory open."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            if entry.name.isdigit() and "--appendonly" in words and f"\0{directory.resolve()}\0" in words:
                found.append(int(entry.name))
        except OSError:
            continue
    if not found:  # some servers rewrite their command line
        found = [client(directory).info("server")["process_id"]]
    return found


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path / "var")
    server.ensure()
    yield server
    server.stop()


def test_every_write_is_on_disk_before_it_is_answered_and_nothing_is_ever_evicted(
    running: RedisServer, tmp_path: Path
) -> None:
    redis = client(tmp_path / "var")
    for name, value in {
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "port": "0",
    }.items():
        assert redis.config_get(name)[name] == value


def test_only_this_user_can_reach_it(running: RedisServer, tmp_path: Path) -> None:
    assert (tmp_path / "var").stat().st_mode & 0o077 == 0
    assert (tmp_path / "var" / "redis.sock").stat().st_mode & 0o077 == 0


def test_ensuring_again_starts_no_second_server(running: RedisServer, tmp_path: Path) -> None:
    before = client(tmp_path / "var").info("server")["process_id"]
    for _ in range(3):
        running.ensure()
        RedisServer(tmp_path / "var").ensure()
    assert client(tmp_path / "var").info("server")["process_id"] == before


def test_a_stopped_server_has_kept_everything(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.ensure()
    client(tmp_path).set("kept", "all of it")
    server.stop()
    with pytest.raises(RedisError):
        client(tmp_path).ping()
    server.ensure()
    assert client(tmp_path).get("kept") == b"all of it"
    server.stop()


def _race(directory: str, gate: object, answers: object) -> None:
    server = RedisServer(Path(directory))
    gate.wait()  # type: ignore[attr-defined]
    server.ensure()
    until(lambda: client(Path(directory)).ping())
    pid = client(Path(directory)).info("server")["process_id"]
    answers.put((server._child is not None, pid))  # type: ignore[attr-defined]
    gate.wait()  # type: ignore[attr-defined]
    server.stop()


def test_of_processes_that_race_for_one_directory_one_runs_the_one_server(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    gate, answers = context.Barrier(4), context.Queue()
    racers = [context.Process(target=_race, args=(str(tmp_path), gate, answers)) for _ in range(4)]
    for racer in racers:
        racer.start()
    told = [answers.get(timeout=10) for _ in racers]
    for racer in racers:
        racer.join(10)

    assert [owns for owns, _ in told].count(True) == 1
    assert len({pid for _, pid in told}) == 1


def test_when_the_owner_is_killed_the_other_takes_over_with_all_that_was_answered(tmp_path: Path) -> None:
    with owner(tmp_path) as first:
        until(lambda: client(tmp_path).ping())
        with owner(tmp_path) as second:
            for n in range(300):
                client(tmp_path).rpush("acknowledged", n)
            before = client(tmp_path).info("server")["process_id"]

            first.send_signal(signal.SIGKILL)
            until(lambda: client(tmp_path).info("server")["process_id"] != before)

            assert client(tmp_path).llen("acknowledged") == 300
            assert len(servers(tmp_path)) == 1
            assert second.poll() is None


def test_when_the_server_is_killed_its_owner_starts_it_again(tmp_path: Path) -> None:
    with owner(tmp_path):
        until(lambda: client(tmp_path).set("kept", "yes"))
        before = client(tmp_path).info("server")["process_id"]
        os.kill(before, signal.SIGKILL)
        until(lambda: client(tmp_path).info("server")["process_id"] != before)
        assert client(tmp_path).get("kept") == b"yes"


def test_a_log_that_was_cut_in_the_middle_of_a_write_does_not_stop_the_start(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    server.ensure()
    client(tmp_path).set("kept", "yes")
    server.stop()
    increments = sorted(tmp_path.rglob("*.incr.aof"))
    with increments[-1].open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$4\r\nlos")

    server.ensure()
    assert client(tmp_path).get("kept") == b"yes"
    server.stop()


@pytest.mark.parametrize("name", ["d" * 120, "/".join(["d" * 40] * 4), "my data"])
def test_a_long_path_and_a_blank_in_it_will_do(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name
    server = RedisServer(directory)
    server.ensure()
    try:
        client(directory).set("kept", "yes")
        assert Redis.from_url(RedisServer(directory).url).get("kept") == b"yes"
        assert (directory / "appendonlydir").is_dir()
    finally:
        server.stop()


def test_a_path_that_is_long_in_bytes_alone_gets_its_socket_elsewhere() -> None:
    url = RedisServer(Path("/srv") / ("é" * 55)).url
    assert len(os.fsencode(parse_url(url)["path"])) < 108


@pytest.mark.parametrize("name", ["100%25", "a?b", "a#b"])
def test_signs_of_an_address_in_the_path_stay_part_of_it(name: str) -> None:
    assert parse_url(RedisServer(Path("/srv") / name).url)["path"] == f"/srv/{name}/redis.sock"
