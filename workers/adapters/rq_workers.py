"""RQ's workers as we run them: warm, one queue each, and safe to stop at any instant."""

from collections.abc import Callable
from typing import Any

from redis import Redis
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.scheduler import RQScheduler

from workers.adapters.job_queue import SERIALIZER, STEPS, OurJob


class WarmWorker(SimpleWorker):
    """A SimpleWorker that loses no job when it is told to stop.

    RQ's own handler raises wherever it is called, which can be between taking a job and noting it. Here the
    signal only sets a flag, read before the next job is taken. `idle` is called there too, every 2 s or less.
    """

    dequeue_timeout = 2
    max_connection_wait_time = 1.0
    idle: Callable[[], None] | None = None

    def _shutdown(self) -> None:
        self._stop_requested = True

    def request_force_stop(self, signum: int, frame: Any) -> None:
        """A second signal changes nothing: the job in hand ends by its own time-out."""

    @property
    def should_run_maintenance_tasks(self) -> bool:
        if self._stop_requested:
            raise StopRequested
        if self.idle is not None:
            self.idle()
        return bool(super().should_run_maintenance_tasks)


def warm_worker(queue: str, redis: Redis, idle: Callable[[], None] | None = None) -> WarmWorker:
    worker = WarmWorker(
        [queue],
        connection=redis,
        job_class=OurJob,
        serializer=SERIALIZER,
        worker_ttl=25,
        maintenance_interval=15,
        log_job_description=False,
    )
    worker.idle = idle
    return worker


def run_scheduler(redis: Redis) -> None:
    """Moves delayed jobs to their queue. A process of its own: inside a worker its orphan would steal jobs."""
    RQScheduler([STEPS], connection=redis, serializer=SERIALIZER).work()  # type: ignore[no-untyped-call]
