"""A job is a doorbell: whoever can write to Redis can ring it, and runs nothing. A real worker, on a real server."""

import builtins
import json
import pickle
import random
import string
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from redis import Redis
from rq.job import Job as RqJob
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from tests.contract.test_job_queue import FORGED, ID, OURS, call, forge, ring, work
from workers import jobs
from workers.adapters.job_queue import CONTAIN, OurJob
from workers.adapters.redis_server import RedisServer
from workers.ports import Job, Wake

SPOILT = tuple(FORGED.values())
NAMES = (
    *(f"builtins.{name}" for name in dir(builtins)),
    *(f"os.{name}" for name in ("system", "popen", "remove", "kill", "execv", "putenv", "_exit")),
    *("subprocess.run", "subprocess.getoutput", "shutil.rmtree", "pickle.loads", "importlib.import_module"),
    *("runpy.run_path", "code.interact", "webbrowser.open", "rq.job.Job.create", "workers.jobs.bind"),
    *("workers.jobs._bound", "workers.bootstrap.build_world", "workers.cli.release.release", "timeit.timeit"),
)


@contextmanager
def emptied(directory: Path) -> Iterator[tuple[Redis, list[str]]]:
    """An empty Redis, and what our own functions were called with."""
    server, ran = RedisServer(directory), list[str]()
    server.ensure()
    kept = {job: getattr(jobs, job) for job in Job}
    try:
        for job in Job:
            setattr(jobs, job, lambda revocation_id, job=job: ran.append(f"{job} {revocation_id}"))
        yield Redis.from_url(server.url), ran
    finally:
        for job, function in kept.items():
            setattr(jobs, job, function)
        server.stop()


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Redis, list[str]]]:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with emptied(tmp_path / "redis") as made:
        yield made
    assert list((tmp_path / "here").iterdir()) == []


class Exploit:
    """Opened by pickle, it leaves a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (open, ("CANARY", "w"))


def data(dice: random.Random) -> bytes:
    """What a job holds, as somebody who tries everything would write it."""
    name = dice.choice([dice.choice(NAMES), _word(dice), f"{OURS}{_word(dice)}", f"workers.{_word(dice)}"])
    arguments = [
        dice.choice(["touch CANARY", "open('CANARY','w')", ID, _word(dice), 7, None, [ID], {"a": 1}])
    ]
    return dice.choice(
        [
            call(name, *arguments * dice.randint(0, 3)),
            call(name, ID, instance=dice.choice(["os", "workers.jobs", {"a": 1}])),
            call(OURS, *arguments, **{dice.choice("abc"): ID}),
            call(OURS, f"{ID}{_word(dice)}"),
            pickle.dumps((name, None, tuple(arguments), {})),
            pickle.dumps((OURS, None, (Exploit(),), {})),
            dice.choice(SPOILT),
            dice.randbytes(dice.randint(0, 60)),
        ]
    )


def _word(dice: random.Random) -> str:
    return "".join(dice.choices(string.printable, k=dice.randint(1, 12)))


def around(dice: random.Random) -> dict[str, str]:
    """Fields that RQ acts on before, after, or instead of the call."""
    bad = dice.choice(NAMES)
    hooks = json.dumps([{"url": "http://127.0.0.1:9/", "events": ["finished", "failed"], "method": "POST"}])
    return dice.choice(
        [
            {},
            {f"{when}_callback_name": bad for when in ("success", "failure", "stopped")},
            {"webhooks": hooks},
            {"meta": pickle.dumps(Exploit()).hex()},
            {"retries_left": "3", "retry_intervals": "[0]"},
        ]
    )


def test_nothing_that_is_not_ours_runs_and_the_worker_goes_on(queue: tuple[Redis, list[str]]) -> None:
    redis, ran = queue
    assert attempts(redis, ran, 120, seed=5) == 120


def attempts(redis: Redis, ran: list[str], count: int, seed: int) -> int:
    """So many forged jobs, and after each fifty one of ours: it alone ran. Returns how many were forged."""
    dice, forged, due = random.Random(seed), 0, list[str]()
    while forged < count:
        for _ in range(min(50, count - forged)):
            forge(redis, data(dice), **around(dice))
            forged += 1
        good = f"R-{len(due):06d}"
        ring(redis, Wake(Job.CONTAIN), good)
        due.append(f"contain {good}")
        for _ in range(60):  # a job that ends the worker is met by the next one, as the supervisor starts it
            if due[-1] in ran:
                break
            work(redis)
    mine = [one for one in ran if not one.endswith(ID)]
    assert mine == due, f"{mine} and not {due}"
    assert set(ran) - set(due) <= {f"contain {ID}"}
    return forged


def test_a_callback_of_a_job_that_was_left_behind_is_not_called(queue: tuple[Redis, list[str]]) -> None:
    """RQ's maintenance calls the failure callback of jobs whose worker died: by a name that Redis gives."""
    redis, ran = queue
    left = forge(redis, call(OURS, ID), failure_callback_name="os.system", status="started")
    redis.lrem("rq:queue:contain", 0, left)
    redis.zadd(f"rq:wip:{CONTAIN}", {left: time.time() - 1000})
    StartedJobRegistry(CONTAIN, connection=redis, job_class=OurJob, serializer=JSONSerializer).cleanup()
    ring(redis, Wake(Job.CONTAIN))
    work(redis)
    assert ran == [f"contain {ID}"]


def test_our_own_job_rung_by_somebody_else_is_a_wake_up_and_no_more(queue: tuple[Redis, list[str]]) -> None:
    redis, ran = queue
    job = forge(
        redis, call(OURS, ID), success_callback_name="os.system", result=pickle.dumps(Exploit()).hex()
    )
    work(redis)
    assert ran == [f"contain {ID}"]
    read = RqJob.fetch(job, connection=redis, serializer=JSONSerializer)
    assert read.get_status() == "finished"


def figures() -> Iterator[str]:
    """The full figures, for `python -m tests.security`."""
    with TemporaryDirectory(prefix="jobs-") as directory, emptied(Path(directory)) as (redis, ran):
        made = attempts(redis, ran, 1_000, seed=1)
    yield f"{made:,} forged jobs (names, arguments, pickles, callbacks, webhooks): 0 ran, and each of ours after them did"
