"""Pytest fixtures; a test module names this file in its `pytest_plugins`."""

from collections.abc import Iterator

import pytest

from tests.sandbox.aws import PretendAws, Seed
from tests.sandbox.aws.pretend import ANYTHING, PREPARE, WORKER
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
    return _built(strict_aws, WORKER)


@pytest.fixture(scope="session")
def prepare_clients(strict_aws: PretendAws) -> AwsClients:
    """Clients with the rights of the role for `prepare`."""
    return _built(strict_aws, PREPARE)


@pytest.fixture(scope="session")
def any_clients(strict_aws: PretendAws) -> AwsClients:
    """Clients with every right: to ask for what our roles may not, and hear what AWS says beyond rights."""
    return _built(strict_aws, ANYTHING)


@pytest.fixture
def strict_clients(
    _built_clients: AwsClients, strict_aws: PretendAws, monkeypatch: pytest.MonkeyPatch
) -> AwsClients:
    """Clients with the workers' rights; the environment points there too, for `aws_clients()`."""
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


def _built(aws: PretendAws, access_key: str) -> AwsClients:
    with pytest.MonkeyPatch.context() as patch:
        _point(patch, aws, access_key)
        clients = aws_clients()
        clients.endpoints()  # the credentials are read when a client is built
    return clients


def _point(patch: pytest.MonkeyPatch, aws: PretendAws, access_key: str = WORKER) -> None:
    for name, value in aws.env(access_key).items():
        patch.setenv(name, value)
