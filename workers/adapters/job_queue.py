"""RQ: the doorbell. One queue per kind of worker, only our functions, only the id of a record as argument."""

import re
import secrets
from typing import Any

from redis import Redis
from redis.client import Pipeline
from rq import Queue
from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job as RqJob

from workers.ports import Job, Wake

CONTAIN, LOOKUP, CARDS, STEPS = "contain", "lookup", "cards", "steps"
FOLLOW_UPS = "follow-ups"
ASSIGNMENTS, MEMBERSHIPS, APPLICATIONS = "assignments", "memberships", "applications"
ENTITLEMENTS, SIGN_IN, RESTORE, LOOK_BACK = "entitlements", "sign-in", "restore", "look-back"

QUEUE_OF = {
    Job.CONTAIN: CONTAIN,
    Job.IDENTIFY: LOOKUP,
    Job.SHOW: CARDS,
    Job.SHOW_HANDOFF: CARDS,
    Job.READ_REACH: STEPS,
    Job.CLEAN_UP: STEPS,
    Job.STAND_DOWN: STEPS,
    Job.PASS_ON: STEPS,
    Job.LOOK_UP: STEPS,
    Job.FOLLOW_UP: FOLLOW_UPS,
    Job.REMOVE_ASSIGNMENTS: ASSIGNMENTS,
    Job.REMOVE_MEMBERSHIPS: MEMBERSHIPS,
    Job.REMOVE_APPLICATIONS: APPLICATIONS,
    Job.REMOVE_ENTITLEMENTS: ENTITLEMENTS,
    Job.DISABLE_SIGN_IN: SIGN_IN,
    Job.RESTORE: RESTORE,
    Job.LOOK_BACK: LOOK_BACK,
}
"""One queue, and so one worker, for each follow-up: one that hangs delays no other."""

QUEUES = tuple(dict.fromkeys(QUEUE_OF.values()))

FUNCTION_OF = {job: f"workers.jobs.{job}" for job in Job}
_ALLOWED = frozenset(FUNCTION_OF.values())
_ARGUMENT = re.compile(r"[RHL]-[A-Z0-9]{6}")

SERIALIZER = "json"
TIMEOUT = 60
KEPT_AFTER_SUCCESS = 600
KEPT_AFTER_FAILURE = 86400


class OurJob(RqJob):
    """A job that can only be one of ours: who can write to Redis must not be able to run code.

    Refusals are DeserializationError, which RQ turns into a failed job; any other exception would leave the job
    started and the rest of its queue waiting.
    """

    @property
    def func_name(self) -> str:
        name = RqJob.func_name.fget(self)  # type: ignore[attr-defined]
        if not isinstance(name, str) or name not in _ALLOWED:
            raise DeserializationError("not one of our job functions")
        return name

    @func_name.setter
    def func_name(self, value: str) -> None:
        RqJob.func_name.fset(self, value)  # type: ignore[attr-defined]

    def restore(self, raw_data: Any) -> Any:
        """RQ skips a job that is not there, and ends at any other error of reading one."""
        try:
            return super().restore(raw_data)
        except Exception as error:
            raise NoSuchJobError("its fields are not a job's") from error

    def _deserialize_data(self) -> None:
        super()._deserialize_data()  # type: ignore[no-untyped-call]
        arguments: Any = self._args
        plain = self._instance is None and not self._kwargs and len(arguments) == 1
        if not plain or not _ARGUMENT.fullmatch(str(arguments[0])):
            raise DeserializationError("not one of our jobs' arguments")

    @property
    def success_callback(self) -> Any:
        return None

    @property
    def failure_callback(self) -> Any:
        return None

    @property
    def stopped_callback(self) -> Any:
        return None

    def send_webhooks(self, *_: Any, **__: Any) -> None:
        """Never: a webhook's address would come from Redis."""


class JobQueue:
    """Enqueues wake-ups into somebody's MULTI."""

    def __init__(self, redis: Redis) -> None:
        self._queues = {
            name: Queue(name, connection=redis, job_class=OurJob, serializer=SERIALIZER) for name in QUEUES
        }

    def warm(self) -> None:
        """RQ asks the server's version once; do it before a MULTI needs it."""
        for queue in self._queues.values():
            queue.get_redis_server_version()

    def put(self, pipe: Pipeline, wake: Wake, record_id: str) -> None:
        """Queue the wake-up; visible when `pipe` executes. The id is fresh, so a failed job never blocks another."""
        queue = self._queues[QUEUE_OF[wake.job]]
        options: dict[str, Any] = {
            "job_id": f"{wake.job}-{record_id}-{secrets.token_hex(4)}",
            "result_ttl": KEPT_AFTER_SUCCESS,
            "failure_ttl": KEPT_AFTER_FAILURE,
            "pipeline": pipe,
        }
        if wake.at is None:
            options |= {"timeout": TIMEOUT, "at_front": wake.ahead}
            queue.enqueue_call(FUNCTION_OF[wake.job], args=(record_id,), **options)
        else:
            queue.enqueue_at(wake.at, FUNCTION_OF[wake.job], record_id, job_timeout=TIMEOUT, **options)
