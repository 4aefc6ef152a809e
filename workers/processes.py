"""`python -m workers work`: one supervisor, and a process for each thing that must not wait for another.

The children are forked before anything is connected, so they share the memory of what was imported, and end with
the supervisor.
"""

import gc
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.context import ForkProcess
from types import FrameType

from workers import bootstrap, jobs
from workers.adapters.aws.clients import AwsClients
from workers.adapters.job_queue import CONTAIN, QUEUES, STEPS
from workers.adapters.redis_connection import patient
from workers.adapters.redis_server import RedisServer, die_with_parent
from workers.adapters.rq_workers import run_scheduler, warm_worker
from workers.domain.errors import RevocationError
from workers.pace import every
from workers.service import containment, directory_copy, handing_over, on_call, reconcile
from workers.service.world import World
from workers.settings import WorkerSettings

logger = logging.getLogger(__name__)

STOP_WITHIN = 25.0
RESTART_PAUSE = 1.0
POLITE = 10
"""Niceness of everything that does not contain: in a crowd the deny and Slack's answers get the processor first."""

FAILING_FOR = 60.0
FAILING = (
    "The pass {0} of the workers has failed for over a minute: Redis cannot be reached, or what is in it cannot be used. "
    "Who was confirmed since then may NOT be denied. Look at the workers' log, and run `python -m workers doctor`."
)

KEEP_WARM = 25.0
"""AWS drops an idle connection; a read this often keeps the one that contains open, and is the policy's watch."""


def run(settings: WorkerSettings) -> None:
    """Run everything the privileged side needs, until SIGTERM or SIGINT."""
    clients = bootstrap.build_clients(settings)
    gc.freeze()
    Supervisor(settings, _roles(settings, clients)).run()


Role = Callable[[], None]


def _roles(settings: WorkerSettings, clients: AwsClients) -> dict[str, Role]:
    queues = {queue: queue for queue in QUEUES if queue != STEPS} | {"steps-1": STEPS, "steps-2": STEPS}

    def on_queue(queue: str) -> Role:
        return lambda: _work(settings, clients, queue)

    return {
        **{name: on_queue(queue) for name, queue in queues.items()},
        "scheduler": lambda: run_scheduler(patient(bootstrap.redis_url(settings))),
        "reconciler": lambda: _reconcile(bootstrap.build_world(settings, clients)),
    }


def _work(settings: WorkerSettings, clients: AwsClients, queue: str) -> None:
    world = bootstrap.build_world(settings, clients)
    jobs.bind(world)
    idle = every(KEEP_WARM, lambda: _keep_warm(world))
    redis = patient(bootstrap.redis_url(settings))
    if queue == CONTAIN:
        _know_the_groups(world)
    warm_worker(queue, redis, idle if queue == CONTAIN else None).work(logging_level="WARNING")


def _keep_warm(world: World) -> None:
    _quietly("keep_warm", lambda: containment.contain(world))


def _know_the_groups(world: World) -> None:
    """Ask Slack ahead, and beside everything else: no denial waits for who is a responder."""
    asking = (threading.Event(), 5.0, _ask_for_groups, world)
    threading.Thread(target=_loop, args=asking, name="roster", daemon=True).start()


def _ask_for_groups(world: World) -> None:
    world.roster.refresh(world.people, world.rules)


def _reconcile(world: World) -> None:
    """Ten loops beside each other: a slow Slack, a slow read or a hanging write must not delay the rest."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    loops = [
        threading.Thread(target=_loop, args=(stop, 1.0, reconcile.settle_policy, world), daemon=True),
        threading.Thread(target=_loop, args=(stop, 1.0, reconcile.alert, world), daemon=True),
        threading.Thread(target=_loop, args=(stop, 1.0, _do_due, world), daemon=True),
        threading.Thread(target=_loop, args=(stop, 1.0, reconcile.do_steps, world), daemon=True),
        threading.Thread(target=_loop, args=(stop, 1.0, reconcile.do_lookups, world), daemon=True),
        threading.Thread(target=_loop, args=(stop, 0.3, reconcile.tell_untold, world), daemon=True),
        threading.Thread(target=_loop, args=(stop, 20.0, reconcile.find_hidden, world), daemon=True),
        threading.Thread(target=_loop, args=(stop, 5.0, directory_copy.keep, world), daemon=True),
        threading.Thread(target=_loop, args=(stop, 1.0, handing_over.keep, world), daemon=True),
        threading.Thread(target=_loop, args=(stop, 5.0, on_call.keep, world), daemon=True),
    ]
    _know_the_groups(world)
    for loop in loops:
        loop.start()
    stop.wait()
    for loop in loops:
        loop.join(STOP_WITHIN / len(loops))


def _do_due(world: World) -> None:
    """A pass, and the mark by which others see that a reconciler is alive."""
    reconcile.do_due(world)
    world.store.mark("reconciled")


def _loop(stop: threading.Event, pause: float, do: Callable[[World], None], world: World) -> None:
    failing_since: float | None = None
    while not stop.is_set():
        if _quietly(do.__name__, lambda: do(world)):
            failing_since = None
        else:
            failing_since = failing_since or time.monotonic()
            if time.monotonic() - failing_since > FAILING_FOR:
                _quietly("alarm", lambda: _say_failing(world, do.__name__))
        stop.wait(pause)


def _say_failing(world: World, what: str) -> None:
    if world.witness.first_time(f"failing-{what}", datetime.now(UTC), timedelta(hours=1)):
        world.alarm.raise_alarm("The workers cannot work", FAILING.format(what))


def _quietly(what: str, do: Callable[[], None]) -> bool:
    """Whether it went well. The outermost edge of a loop: nothing that goes wrong in one pass may end the next."""
    try:
        do()
    except RevocationError as error:
        logger.warning("pass_failed", extra={"pass": what, "cause": str(error)})
    except Exception:
        logger.exception("pass_broke", extra={"pass": what})
    else:
        return True
    return False


@dataclass
class Supervisor:
    """Starts each role in a process of its own, starts it again when it dies, and drains all on SIGTERM."""

    settings: WorkerSettings
    roles: dict[str, Role]
    _children: dict[str, ForkProcess] = field(default_factory=dict)
    _started: dict[str, float] = field(default_factory=dict)
    _stopping: bool = False

    def run(self) -> None:
        server = bootstrap.embedded_server(self.settings)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        while not self._stopping:
            _keep(server)
            self._start_missing()
            time.sleep(0.2)
        self._drain(server)
        if server is not None:
            server.stop()

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self._stopping = True

    def _start_missing(self) -> None:
        for name, role in self.roles.items():
            child = self._children.get(name)
            if child is not None and child.is_alive():
                continue
            if child is not None:
                logger.warning("child_ended", extra={"role": name, "exit_code": child.exitcode})
            if time.monotonic() - self._started.get(name, -RESTART_PAUSE) >= RESTART_PAUSE:
                self._start(name, role)

    def _start(self, name: str, role: Role) -> None:
        given = (role, os.getpid(), 0 if name == CONTAIN else POLITE)
        child = multiprocessing.get_context("fork").Process(target=_child, args=given, name=name)
        child.start()
        self._children[name], self._started[name] = child, time.monotonic()
        logger.info("child_started", extra={"role": name, "pid": child.pid})

    def _drain(self, server: RedisServer | None) -> None:
        """Let every child end its job. Redis is kept up for that: a Ctrl-C may have ended it too."""
        until = time.monotonic() + STOP_WITHIN
        for child in self._children.values():
            child.terminate()
        while time.monotonic() < until and any(child.is_alive() for child in self._children.values()):
            _keep(server)
            time.sleep(0.05)
        for name, child in self._children.items():
            if child.is_alive():
                logger.warning("child_killed", extra={"role": name})
                child.kill()
        logger.info("stopped")


def _keep(server: RedisServer | None) -> None:
    if server is not None:
        server.ensure()


def _child(role: Role, parent: int, niceness: int) -> None:
    die_with_parent()
    os.nice(niceness)
    if os.getppid() != parent:
        return
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    role()
