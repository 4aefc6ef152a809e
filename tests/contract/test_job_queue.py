"""The doorbell: who can write to Redis can ring it, and nothing more. A real WarmWorker, on a real server."""

import json
import pickle
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq.job import Job as RqJob
from rq.job import JobStatus
from rq.queue import Queue
from rq.serializers import JSONSerializer

from workers.adapters.job_queue import CARDS, CONTAIN, FUNCTION_OF, QUEUE_OF, JobQueue, OurJob
from workers.adapters.redis_server import RedisServer
from workers.adapters.rq_workers import warm_worker
from workers.ports import SHOW_FIRST, Job, Wake

ID = "R-7K2M9Q"
OURS = "workers.jobs.contain"

RAN: list[str] = []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    made = RedisServer(tmp_path_factory.mktemp("redis"))
    made.ensure()
    yield made
    made.stop()


@pytest.fixture
def redis(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """An empty Redis; the job functions note that they ran."""
    client = Redis.from_url(server.url)
    client.flushall()
    RAN.clear()
    for job in Job:
        monkeypatch.setattr(
            f"workers.jobs.{job}", lambda revocation_id, job=job: RAN.append(f"{job} {revocation_id}")
        )
    yield client
    client.close()


def ring(redis: Redis, wake: Wake, revocation_id: str = ID) -> None:
    queue = JobQueue(redis)
    queue.warm()
    with redis.pipeline() as pipe:
        queue.put(pipe, wake, revocation_id)
        pipe.execute()


def forge(redis: Redis, data: bytes, **fields: str) -> str:
    """A job as somebody with write access to Redis would put it there."""
    job_id = f"forged-{secrets.token_hex(4)}"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    told = {"status": "queued", "origin": CONTAIN, "created_at": now, "enqueued_at": now, "timeout": "60"}
    redis.hset(f"rq:job:{job_id}", mapping={**told, "data": data, **fields})
    redis.sadd("rq:queues", f"rq:queue:{CONTAIN}")
    redis.rpush(f"rq:queue:{CONTAIN}", job_id)
    return job_id


def work(redis: Redis) -> None:
    warm_worker(CONTAIN, redis).work(burst=True, logging_level="CRITICAL")


def call(function: Any, *args: Any, instance: Any = None, **kwargs: Any) -> bytes:
    return json.dumps([function, instance, list(args), kwargs]).encode()


# ---------------------------------------------------------------- what may ring


@pytest.mark.parametrize("job", Job)
def test_a_wake_up_is_one_function_of_ours_with_a_revocation_id(redis: Redis, job: Job) -> None:
    ring(redis, Wake(job))
    queue = Queue(QUEUE_OF[job], connection=redis, job_class=OurJob, serializer=JSONSerializer)
    (queued,) = queue.get_jobs()

    assert (queued.func_name, queued.args, queued.kwargs) == (FUNCTION_OF[job], [ID], {})
    assert (queued.timeout, queued.result_ttl, queued.failure_ttl) == (60, 600, 86400)
    assert queued.id.startswith(f"{job}-{ID}-")
    warm_worker(QUEUE_OF[job], redis).work(burst=True, logging_level="CRITICAL")
    assert [f"{job} {ID}"] == RAN


def test_the_same_wake_up_twice_rings_twice_because_a_failed_one_must_not_block_the_next(
    redis: Redis,
) -> None:
    ring(redis, Wake(Job.CONTAIN))
    ring(redis, Wake(Job.CONTAIN))
    assert redis.llen("rq:queue:contain") == 2


def test_a_wake_up_that_goes_ahead_comes_before_all_that_waits(redis: Redis) -> None:
    for _ in range(3):
        ring(redis, Wake(Job.SHOW))
    ring(redis, SHOW_FIRST, "R-FIRST1")

    warm_worker(CARDS, redis).work(burst=True, max_jobs=2, logging_level="CRITICAL")

    assert ["show R-FIRST1", f"show {ID}"] == RAN


def test_a_delayed_wake_up_waits_in_its_registry_until_its_time(redis: Redis) -> None:
    at = datetime.now(UTC) + timedelta(hours=12)
    ring(redis, Wake(Job.CLEAN_UP, at))
    ((_, score),) = redis.zrange("rq:scheduled:steps", 0, -1, withscores=True)
    assert int(score) == int(at.timestamp())
    assert redis.llen("rq:queue:steps") == 0


def test_nothing_rings_where_the_multi_is_not_executed(redis: Redis) -> None:
    queue = JobQueue(redis)
    queue.warm()
    with redis.pipeline() as pipe:
        queue.put(pipe, Wake(Job.CONTAIN), ID)
    assert redis.dbsize() == 0


# ---------------------------------------------------------------- what may not

FORGED = {
    "os.system": call("os.system", "touch CANARY"),
    "a builtin": call("exec", "open('CANARY','w')"),
    "another builtin": call("builtins.eval", "open('CANARY','w')"),
    "a module of ours": call("workers.jobs.bind", ID),
    "a private function of ours": call("workers.jobs._world"),
    "a name within a name": call("workers.jobs.contain.__globals__.clear"),
    "a name with a blank": call(f"{OURS} ", ID),
    "no name": call(None, ID),
    "a list for a name": call(["os.system"], "touch CANARY"),
    "a map for a name": call({"a": 1}, ID),
    "an instance": call("system", "touch CANARY", instance="os"),
    "an instance of ours": call("contain", ID, instance="workers.jobs"),
    "two arguments": call(OURS, ID, ID),
    "no argument": call(OURS),
    "a wrong argument": call(OURS, "R-7K2M9Q; touch CANARY"),
    "a small-letter id": call(OURS, "r-7k2m9q"),
    "an id and a line": call(OURS, f"{ID}\n"),
    "a number": call(OURS, 7),
    "a list with an id": call(OURS, [ID]),
    "named arguments": call(OURS, ID, revocation_id=ID),
    "arguments that are none": json.dumps([OURS, None, None, {}]).encode(),
    "arguments that are a number": json.dumps([OURS, None, 5, {}]).encode(),
    "arguments that are a map": json.dumps([OURS, None, {"0": ID}, {}]).encode(),
    "too few parts": json.dumps([OURS, None]).encode(),
    "no list": b'"workers.jobs.contain"',
    "no JSON": b"\x80\x04\x95",
    "nothing": b"",
}
POISON = frozenset({"a list for a name", "a map for a name"})
"""Refused by TypeError, not by the DeserializationError that RQ expects outside of a job's own time."""


def test_after_every_forged_job_the_worker_serves_the_next_one(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    forged = [forge(redis, data) for kind, data in FORGED.items() if kind not in POISON]
    ring(redis, Wake(Job.CONTAIN))

    work(redis)

    assert [f"contain {ID}"] == RAN
    assert list(tmp_path.iterdir()) == []
    for job_id in forged:
        assert redis.hget(f"rq:job:{job_id}", "status") == JobStatus.FAILED.value.encode()


@pytest.mark.parametrize("kind", sorted(POISON))
def test_not_even_an_odd_name_stops_the_worker(redis: Redis, kind: str) -> None:
    forge(redis, FORGED[kind])
    ring(redis, Wake(Job.CONTAIN))
    work(redis)
    assert [f"contain {ID}"] == RAN


class Exploit:
    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("CANARY", "w"))


def test_a_pickle_is_never_opened(redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    job_id = forge(redis, pickle.dumps((OURS, None, (Exploit(),), {})), result=pickle.dumps(Exploit()).hex())
    redis.hset(f"rq:job:{job_id}", "meta", pickle.dumps(Exploit()))
    ring(redis, Wake(Job.CONTAIN))

    work(redis)

    assert not (tmp_path / "CANARY").exists()
    assert [f"contain {ID}"] == RAN


def test_callbacks_and_webhooks_from_redis_are_never_called(
    redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hooks = json.dumps([{"url": "http://127.0.0.1:9/", "events": ["finished"], "method": "POST"}])
    names = {f"{when}_callback_name": "os.system" for when in ("success", "failure", "stopped")}
    good = forge(redis, call(OURS, ID), **names, webhooks=hooks)
    bad = forge(redis, call("os.system", "touch CANARY"), **names, webhooks=hooks)
    ring(redis, Wake(Job.CONTAIN), "R-AAAAAA")

    work(redis)

    assert [f"contain {ID}", "contain R-AAAAAA"] == RAN
    assert list(tmp_path.iterdir()) == []
    for job_id in (good, bad):
        job = OurJob.fetch(job_id, connection=redis, serializer=JSONSerializer)
        assert (job.success_callback, job.failure_callback, job.stopped_callback) == (None, None, None)
        assert job.send_webhooks() is None
    assert RqJob.fetch(good, connection=redis, serializer=JSONSerializer).get_status() == JobStatus.FINISHED


ODD_FIELDS = {
    "a time that is none": {"created_at": "yesterday"},
    "a time-out that is none": {"timeout": "soon"},
    "a status that is none": {"status": "owned"},
    "a life that is none": {"result_ttl": "x", "failure_ttl": "y"},
    "retries for ever": {"retries_left": "999999999", "retry_intervals": "not json"},
}


@pytest.mark.parametrize("kind", ODD_FIELDS)
def test_a_job_with_odd_fields_stops_no_worker(redis: Redis, kind: str) -> None:
    """It stays in RQ's intermediate queue, so that each round of maintenance ends the worker again."""
    forge(redis, call(OURS, "R-BBBBBB"), **ODD_FIELDS[kind])
    ring(redis, Wake(Job.CONTAIN))
    work(redis)
    assert f"contain {ID}" in RAN


def test_a_job_that_fails_does_not_keep_the_next_from_running(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(revocation_id: str) -> None:
        RAN.append("broken")
        raise RuntimeError("boom")

    monkeypatch.setattr(OURS, broken)
    ring(redis, Wake(Job.CONTAIN))
    ring(redis, Wake(Job.CONTAIN), "R-AAAAAA")
    work(redis)
    assert RAN == ["broken", "broken"]
