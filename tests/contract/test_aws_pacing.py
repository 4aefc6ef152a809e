"""The pace at which AWS is asked: one for all processes, and none of its business to stop the work."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from redis import Redis

from workers.adapters.aws.clients import aws_clients
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.pacing import PER_SECOND, SSO_ADMIN, WHEN_QUIET, Pace, keep_pace
from workers.adapters.aws.sso_admin import AccountAssignments
from workers.adapters.redis_connection import hasty

pytest_plugins = ("tests.sandbox.aws.fixtures",)


def taken_within(pace: Pace, seconds: float, lane: str = SSO_ADMIN, at_most: int = PER_SECOND) -> int:
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        count += pace.take(lane, at_most)
        time.sleep(0.002)
    return count


def other_process(url: str, seconds: float, counts: "multiprocessing.Queue[int]") -> None:
    counts.put(taken_within(Pace(hasty(url)), seconds))


def test_the_pace_is_kept_and_used(strict_pace):
    assert PER_SECOND * 2 - 3 <= taken_within(strict_pace, 2.0) <= PER_SECOND * 2 + 1


def test_processes_share_it(strict_pace, strict_pace_url):
    context = multiprocessing.get_context("spawn")
    counts: multiprocessing.Queue[int] = context.Queue()
    others = [context.Process(target=other_process, args=(strict_pace_url, 2.0, counts)) for _ in range(2)]
    begun = time.monotonic()
    for other in others:
        other.start()
    total = taken_within(strict_pace, 3.0) + sum(counts.get(timeout=20) for _ in others)
    took = time.monotonic() - begun
    for other in others:
        other.join()
    assert total <= PER_SECOND * (took + 1)


def test_what_can_wait_leaves_most_of_it_to_others(strict_pace):
    assert taken_within(strict_pace, 1.5, at_most=WHEN_QUIET) <= WHEN_QUIET * 2
    assert taken_within(strict_pace, 0.8) >= PER_SECOND - WHEN_QUIET - 2
    assert taken_within(strict_pace, 0.1, at_most=WHEN_QUIET) == 0


def test_lanes_do_not_disturb_each_other(strict_pace):
    taken_within(strict_pace, 1.0)
    assert strict_pace.take("identitystore:DescribeUser")


def test_threads_that_wait_all_get_their_turn(strict_pace):
    waited: list[float] = []

    def ask() -> None:
        begun = time.monotonic()
        strict_pace.wait(SSO_ADMIN)
        waited.append(time.monotonic() - begun)

    threads = [threading.Thread(target=ask) for _ in range(15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(waited) == 15
    assert max(waited) < 2.5


def test_without_redis_the_work_goes_on_at_the_processs_own_pace(caplog):
    pace = Pace(Redis.from_url("redis://127.0.0.1:1/0"))
    assert 10 <= taken_within(pace, 1.5) <= PER_SECOND * 2
    assert caplog.text.count("does not share the pace") == 1


def test_a_redis_that_hangs_delays_the_work_by_moments_only():
    with open_port() as url:
        pace = Pace(hasty(url))
        begun = time.monotonic()
        pace.wait(SSO_ADMIN)
        assert time.monotonic() - begun < 3
        begun = time.monotonic()
        pace.wait(SSO_ADMIN)
        assert time.monotonic() - begun < 0.2


@contextmanager
def open_port() -> Iterator[str]:
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def test_all_reads_wait_for_their_turn(strict_aws, strict_seed, strict_clients, strict_pace):
    clients = aws_clients()
    keep_pace(clients, strict_pace)
    keep_pace(clients, strict_pace)
    assignments = AccountAssignments(clients, IdentityCenter(clients))
    taken_within(strict_pace, 1.0)
    strict_aws.reset_calls()
    begun = time.monotonic()
    for _ in range(20):
        assignments.of("USER", strict_seed.nina)
    assert 0.9 < time.monotonic() - begun < 4
    assert len(strict_aws.calls("ListAccountAssignmentsForPrincipal")) == 20


def test_each_attempt_of_a_read_takes_a_turn(strict_aws, strict_seed, strict_clients, strict_pace):
    turns: list[str] = []
    clients = aws_clients()

    class Counted(Pace):
        def wait(self, lane: str, at_most: int = PER_SECOND) -> None:
            turns.append(lane)

    keep_pace(clients, Counted(hasty("redis://127.0.0.1:1/0")))
    strict_aws.fault("ListInstances", code="ThrottlingException", times=1)
    assert IdentityCenter(clients).instance_arn == strict_seed.instance_arn
    assert turns == [SSO_ADMIN, SSO_ADMIN]


@pytest.mark.parametrize("operation", ["DescribeUser", "ListUsers"])
def test_the_identity_store_has_a_lane_for_each_operation(
    strict_seed, strict_clients, strict_pace, operation
):
    turns: list[str] = []
    clients = aws_clients()

    class Counted(Pace):
        def wait(self, lane: str, at_most: int = PER_SECOND) -> None:
            turns.append(lane)

    keep_pace(clients, Counted(hasty("redis://127.0.0.1:1/0")))
    store = {"IdentityStoreId": strict_seed.identity_store_id}
    calls = {
        "DescribeUser": lambda: clients.identity_store.describe_user(**store, UserId=strict_seed.mallory),
        "ListUsers": lambda: clients.identity_store.list_users(**store),
    }
    calls[operation]()
    assert turns == [f"identitystore:{operation}"]
