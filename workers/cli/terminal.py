"""What a command at the terminal works with, opened for its duration."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from workers import bootstrap, logs
from workers.adapters.audit_sink import FILE, FileSink
from workers.adapters.aws.clients import AwsClients
from workers.adapters.redis_connection import at_terminal
from workers.adapters.redis_server import RedisServer
from workers.cli import caller
from workers.domain.errors import StoreAway
from workers.service.intake import Authority
from workers.service.world import World
from workers.settings import RecordSettings, WorkerSettings, read

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Terminal:
    settings: WorkerSettings
    clients: AwsClients
    world: World

    def authority(self) -> Authority:
        """Who asks; AWS is asked, a few seconds at most."""
        return caller.authority(self.clients)


@contextmanager
def opened() -> Iterator[Terminal]:
    """The world, with the embedded Redis kept up meanwhile where nobody else runs it.

    Raises WrongSettings, and StoreAway where the data directory cannot be used.
    """
    settings = read(WorkerSettings)
    logs.log_to_stderr(secrets(settings))
    clients = bootstrap.build_clients(settings)
    with redis_kept_up(settings):
        yield Terminal(settings, clients, _world(settings, clients))


@contextmanager
def redis_kept_up(settings: RecordSettings) -> Iterator[None]:
    """Attach to the embedded Redis, or run it ourselves; nothing where REDIS_URL names one."""
    server, stop = bootstrap.embedded_server(settings), threading.Event()
    if server is None:
        yield
        return
    _start(server)
    keeper = threading.Thread(target=_keep, args=(server, stop), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stop.set()
        keeper.join()
        server.stop()


def _start(server: RedisServer) -> None:
    try:
        server.ensure()
    except (RuntimeError, OSError) as error:
        raise StoreAway(f"The embedded Redis could not be started ({error}).") from error


def _keep(server: RedisServer, stop: threading.Event) -> None:
    """Take it over where whoever ran it goes away while somebody here reads a card."""
    while not stop.wait(0.2):
        try:
            server.ensure()
        except (RuntimeError, OSError):
            logger.warning("redis_server_failed", exc_info=True)


def _world(settings: WorkerSettings, clients: AwsClients) -> World:
    try:
        return bootstrap.build_world(
            settings, clients, at_terminal, FileSink(settings.revoke_data_dir / FILE)
        )
    except OSError as error:
        raise StoreAway(
            f"The signing key in {settings.revoke_data_dir} cannot be read ({type(error).__name__}). Run this as "
            "the user that runs the workers, or set REVOKE_SIGNING_KEY."
        ) from error


def secrets(settings: WorkerSettings) -> list[str]:
    kept = (
        settings.slack_bot_token,
        settings.revoke_signing_key,
        settings.redis_url,
        settings.revoke_scim_token,
    )
    return [secret.get_secret_value() for secret in kept if secret is not None]
