"""A whole installation on this machine: pretend Slack and AWS, and the real bot and workers as their own processes."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, TypeVar

from redis import Redis
from redis.exceptions import RedisError

from tests.sandbox import canaries
from tests.sandbox.aws.pretend import PREPARE, PretendAws
from tests.sandbox.aws.seed_data import Seed
from tests.sandbox.scim.pretend import PretendScim
from tests.sandbox.slack.seed import seed_demo
from tests.sandbox.slack.workspace import SlackWorkspace
from workers.adapters.audit_log import AuditLog
from workers.adapters.job_queue import JobQueue
from workers.adapters.redis_server import RedisServer
from workers.adapters.redis_store import RedisStore
from workers.domain.due import next_due
from workers.domain.timing import Timing

ROOT = Path(__file__).parents[2]
AT_DEBUG = Path(__file__).parent / "at_debug"

ALICE, BOB, CAROL, MALLORY = "U0ALICE001", "U0BOB00001", "U0CAROL001", "U0MALLORY1"
SEC_INC = "C0SECINC01"

PATIENCE = 30.0
"""Seconds for what comes by itself. Only a failing test waits that long; a busy machine may be slow."""

T = TypeVar("T")

_IDLE_AWS: list[PretendAws] = []
"""Running, for the next installation, whose seed makes it forget everything; they end with this process."""


@dataclass
class Installation:
    """Start it with `with`; every part can be stopped, killed and started again by itself."""

    slack: SlackWorkspace
    aws: PretendAws
    seed: Seed
    directory: Path
    socket_mode: bool = False
    scim: PretendScim | None = None
    settings: dict[str, str] = field(default_factory=dict)
    port: int = 0
    debug: bool = True
    """Bot and workers log at DEBUG; what measures them does without."""
    aws_secrets: dict[str, str] = field(default_factory=canaries.aws)
    said: list[str] = field(default_factory=list)
    """What the terminal said."""
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    _redis_held: list[tuple[str, bytes]] = field(default_factory=list)

    @classmethod
    def fresh(
        cls,
        *,
        socket_mode: bool = False,
        scim: bool = False,
        aws_seed: Mapping[str, object] | None = None,
        directory: Path | None = None,
        debug: bool = True,
        **settings: str,
    ) -> "Installation":
        """Pretend Slack and AWS are up and seeded; bot and workers are not started yet.

        `scim`: there is an external identity provider, and the workers can disable sign-in by SCIM.
        """
        aws = _IDLE_AWS.pop() if _IDLE_AWS else PretendAws().start()
        slack = SlackWorkspace(
            bot_token=canaries.bot_token(),
            app_token=canaries.app_token(),
            signing_secret=canaries.signing_secret(),
        )
        slack.start()
        seed_demo(slack)
        provider = PretendScim(aws).start() if scim else None
        way_in = {"REVOKE_IDENTITY_SOURCE": "external", **provider.settings()} if provider else {}
        made = cls(
            slack=slack,
            aws=aws,
            seed=aws.seed(**(aws_seed or {})),
            directory=directory or Path(tempfile.mkdtemp(prefix="revoke-")),
            socket_mode=socket_mode,
            scim=provider,
            settings={**way_in, **settings},
            port=free_port(),
            debug=debug,
        )
        slack.events_url = None if socket_mode else f"http://127.0.0.1:{made.port}/slack/events"
        return made

    def __enter__(self) -> "Installation":
        try:
            self.start_workers()
            self.start_bot()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop everything; fails where a secret got out anywhere."""
        self._read_redis()
        for name in list(self.processes):
            self.stop(name)
        self.slack.stop()
        if self.scim is not None:
            self.scim.stop()
        self.aws.reset_calls()
        _IDLE_AWS.append(self.aws)
        leaks = canaries.found(self.secrets, self._traces())
        assert not leaks, f"Secrets got out: {'; '.join(leaks)}"

    @property
    def secrets(self) -> dict[str, str]:
        """Each under its setting's name."""
        kept = self.directory / "signing_key"
        made = kept.read_text().strip() if kept.exists() else ""
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "REVOKE_SIGNING_KEY": self.settings.get("REVOKE_SIGNING_KEY") or made,
            "REVOKE_SCIM_TOKEN": self.scim.token if self.scim else "",
            "REDIS_URL": canaries.password(self.settings.get("REDIS_URL", "")),
            **self.aws_secrets,
        }

    def _read_redis(self) -> None:
        """The embedded one leaves its file; of another, what it holds."""
        if "REDIS_URL" in self.settings and self.redis_answers():
            self._redis_held = list(canaries.in_redis(self.redis))

    def _traces(self) -> Iterator[tuple[str, bytes]]:
        yield from canaries.in_folder(self.directory, leave_out=("signing_key",))
        yield from self._redis_held
        yield from (("the terminal", said.encode(errors="surrogatepass")) for said in self.said)
        yield "Slack", canaries.as_text([self.slack.state.dump(), [c.args for c in self.slack.calls()]])

    @property
    def common(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": os.pathsep.join([*([str(AT_DEBUG)] if self.debug else []), str(ROOT)]),
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_API_URL": self.slack.api_url,
            "REVOKE_INCIDENT_CHANNEL": SEC_INC,
            "REVOKE_RESPONDERS": f"{ALICE},{BOB}",
            "REVOKE_APPROVERS": f"{ALICE},{BOB},{CAROL}",
            "REVOKE_DATA_DIR": str(self.directory),
            "REVOKE_RATE_LIMITS": "off",
            "REVOKE_IDENTITY_SOURCE": "directory",
            **{name: value for name, value in self.settings.items() if name in _COMMON},
        }

    @property
    def bot_env(self) -> dict[str, str]:
        how = {"SLACK_APP_TOKEN": self.slack.app_token} if self.socket_mode else {}
        return {
            **self.common,
            **how,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "PORT": str(self.port),
            # What whoever runs the tests has in reach is not what is tried here.
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_CONFIG_FILE": "/dev/null",
            "BOTO_CONFIG": "/dev/null",
        }

    @property
    def workers_env(self) -> dict[str, str]:
        return {
            **self.common,
            **self.aws.env(),
            **self.aws_secrets,
            "REVOKE_DENY_POLICIES": self.seed.policy_id or "p-missing12",
            **self.settings,
        }

    def start_bot(self) -> None:
        self._start("bot", ["-m", "bot"], self.bot_env)
        if self.socket_mode:
            self.until(lambda: self.slack.connections, 15)
        else:
            self.until(self._serves, 15)

    def start_workers(self) -> None:
        self._start("workers", ["-m", "workers", "work"], self.workers_env)
        self.until(self._workers_up, 20)

    def stop(self, name: str) -> int:
        """SIGTERM, and wait for the end; returns the exit code."""
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(40)

    def kill(self, name: str) -> None:
        """kill -9: the process, and what dies with it."""
        process = self.processes.pop(name)
        process.kill()
        process.wait(10)

    def terminal(self, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
        """`python -m workers ...` as an operator types it; `prepare` with the role for it."""
        done = subprocess.run(
            [sys.executable, "-m", "workers", *arguments],
            env=self.workers_env | ({"AWS_ACCESS_KEY_ID": PREPARE} if arguments[:1] == ("prepare",) else {}),
            cwd=self.directory,  # not the root: its .env is the operator's
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.said += (done.stdout, done.stderr)
        return done

    @property
    def redis(self) -> Redis:
        return Redis.from_url(self.settings.get("REDIS_URL") or RedisServer(self.directory).url)

    @property
    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self.processes.items()}

    def children(self, name: str) -> list[int]:
        """The processes that this one started."""
        pid = self.processes[name].pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def forget_last_write(self) -> None:
        """As if the last write were long ago: what a read shows is believed at once."""
        self.redis.hdel("revoke:marks", "policy_written")

    def all_told(self) -> bool:
        """Whether no card and no note is behind its record."""
        return not self.store.untold()

    def redis_answers(self) -> bool:
        try:
            return bool(self.redis.ping())
        except RedisError:
            return False

    def signal_child(self, role_queue: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to the RQ worker that serves this queue; returns its pid."""
        for key in self.redis.smembers("rq:workers"):
            found = self.redis.hgetall(key)
            pid = int(found.get(b"pid", 0))
            if found.get(b"queues") == role_queue.encode() and pid in self.children("workers"):
                os.kill(pid, number)
                return pid
        raise LookupError(role_queue)

    @staticmethod
    def until(check: Callable[[], T], timeout: float = PATIENCE) -> T:
        """The first true answer of `check`; fails after `timeout` seconds."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if answer := check():
                return answer
            time.sleep(0.02)
        raise AssertionError(f"it did not become true within {timeout} s")

    def _start(self, name: str, arguments: list[str], env: dict[str, str]) -> None:
        log: IO[bytes] = (self.directory / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, *arguments],
            env=env,
            cwd=self.directory,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _serves(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _workers_up(self) -> bool:
        try:
            queues = {self.redis.hget(key, "queues") for key in self.redis.smembers("rq:workers")}
        except OSError:
            return False
        except Exception:
            return False
        return {b"contain", b"lookup", b"cards", b"steps"} <= queues

    @property
    def store(self) -> RedisStore:
        """The records, read as the workers read them."""
        key = (self.directory / "signing_key").read_bytes().strip()
        return RedisStore(self.redis, AuditLog(key), JobQueue(self.redis), partial(next_due, timing=Timing()))

    def log(self, revocation_id: str) -> list[dict[str, Any]]:
        return self.store.log(revocation_id)

    def output(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text()


_COMMON = frozenset(
    {
        "REVOKE_INCIDENT_CHANNEL",
        "REVOKE_RESPONDERS",
        "REVOKE_APPROVERS",
        "REVOKE_HOLD",
        "REVOKE_RATE_LIMITS",
        "REVOKE_TIME_SCALE",
        "REVOKE_IDENTITY_SOURCE",
        "REVOKE_FOLLOW_UPS",
        "REVOKE_FOLLOW_UP_DELAY",
        "REVOKE_SCIM_URL",
        "AWS_DEFAULT_REGION",
        "REDIS_URL",
        "REVOKE_SIGNING_KEY",
        "REVOKE_DRILL_USER",
    }
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
