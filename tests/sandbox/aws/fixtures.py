"""Pytest fixtures; a test module names this file in its `pytest_plugins`."""

from collections.abc import Iterator

import pytest

from tests.sandbox.aws import PretendAws, Seed
from workers.adapters.aws.clients import AwsClients, aws_clients
from workers.adapters.aws.pacing import Pace
from workers.adapters.redis_connection import hasty
from workers.adapters.redis_server import RedisServer


@pytest.fixture(scope="session")
def strict_aws() -> Iterator[PretendAws]:
    """One pretend AWS for all tests of a run."""
    with PretendAws() as aws:
        yield aws


@pytest.fixture
def strict_seed(strict_aws: PretendAws) -> Seed:
    """The usual organization, fresh: no faults, no latency, no calls yet."""
    seed = strict_aws.seed()
    strict_aws.reset_calls()
    return seed


@pytest.fixture(scope="session")
def _built_clients(strict_aws: PretendAws) -> AwsClients:
    with pytest.MonkeyPatch.context() as patch:
        _point(patch, strict_aws)
        clients = aws_clients()
        clients.endpoints()
    return clients


@pytest.fixture
def strict_clients(
    _built_clients: AwsClients, strict_aws: PretendAws, monkeypatch: pytest.MonkeyPatch
) -> AwsClients:
    """Clients of the pretend AWS; the environment points there too, for `aws_clients()`."""
    _point(monkeypatch, strict_aws)
    return _built_clients


@pytest.fixture(scope="session")
def strict_pace_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = RedisServer(tmp_path_factory.mktemp("pace"))
    server.ensure()
    yield server.url
    server.stop()


@pytest.fixture
def strict_pace(strict_pace_url: str) -> Pace:
    """The pace that AWS is asked at, on a real Redis; nobody asked within the last second."""
    redis = hasty(strict_pace_url)
    redis.flushdb()
    return Pace(redis)


def _point(patch: pytest.MonkeyPatch, aws: PretendAws) -> None:
    for name, value in aws.env().items():
        patch.setenv(name, value)
