"""Processes die, stall and restart: a worker costs seconds, and never a denial."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from tests.sandbox.installation import ALICE, BOB, SEC_INC, Installation
from tests.scenarios.steps import ask, becomes, deny, newcomer, press, revocation_id, told, whispered
from workers.domain.deny_document import PLACEHOLDER


def test_a_worker_killed_in_mid_write_costs_seconds(installation: Installation) -> None:
    user_id = newcomer(installation, "killed-in-mid-write")
    card = ask(installation, "killed-in-mid-write the worker dies")
    installation.aws.latency(400)
    press(installation, card, "revocation_confirm")
    time.sleep(0.5)
    installation.signal_child("contain", signal.SIGKILL)
    killed = time.monotonic()
    installation.aws.latency(0)

    becomes(installation, card, "Denied")

    assert time.monotonic() - killed < 15
    assert user_id in installation.aws.denied()
    assert PLACEHOLDER in installation.aws.policy_text()


def test_all_workers_killed_before_the_write_deny_once_they_are_back(installation: Installation) -> None:
    user_id = newcomer(installation, "all-killed")
    card = ask(installation, "all-killed everything dies")
    installation.until(lambda: installation.store.get(revocation_id(card)).card_ts)
    installation.kill("workers")
    installation.until(installation.redis_answers)
    press(installation, card, "revocation_confirm")
    assert user_id not in installation.aws.denied()

    installation.start_workers()
    becomes(installation, card, "Denied")
    assert user_id in installation.aws.denied()


def test_with_the_workers_down_both_the_answer_and_the_click_say_so(installation: Installation) -> None:
    user_id = newcomer(installation, "nobody-works")
    card = ask(installation, "nobody-works before they go down")
    installation.until(lambda: installation.store.get(revocation_id(card)).card_ts)
    installation.stop("workers")
    installation.until(installation.redis_answers)
    installation.redis.hset("revoke:marks", "reconciled", int(1000 * (time.time() - 60)))

    answer = installation.slack.command(ALICE, SEC_INC, "/revoke @mallory is anybody there")
    assert "BUT: the workers have not answered since" in answer.text
    press(installation, card, "revocation_confirm")
    assert "nobody is looked up or denied now" in whispered(installation, ALICE, "Confirmed and recorded.")
    assert user_id not in installation.aws.denied()

    installation.start_workers()
    becomes(installation, card, "Denied")
    # The other request is looked up now too; its card must not be taken for the next test's.
    installation.until(lambda: any("Mallory Moss" in m.text for m in installation.slack.messages(SEC_INC)))


def test_a_stopped_worker_that_wakes_up_late_overwrites_nothing(installation: Installation) -> None:
    first, second = newcomer(installation, "sleeper-one"), newcomer(installation, "sleeper-two")
    card = ask(installation, "sleeper-one the worker sleeps")
    # Long enough that the worker is surely stopped in its first read, even on a busy machine.
    installation.aws.latency(3000, "DescribePolicy")
    press(installation, card, "revocation_confirm")
    time.sleep(0.5)
    pid = installation.signal_child("contain", signal.SIGSTOP)
    installation.aws.latency(0, "DescribePolicy")
    becomes(installation, card, "Denied", timeout=25)
    deny(installation, "sleeper-two while the first worker sleeps")

    os.kill(pid, signal.SIGCONT)
    time.sleep(2)

    assert {first, second} <= installation.aws.denied()


def test_sigterm_drains_and_ends_clean(installation: Installation) -> None:
    card = ask(installation, f"{newcomer(installation, 'drained')} a deploy comes")
    installation.aws.latency(300)
    press(installation, card, "revocation_confirm")
    time.sleep(0.2)

    assert installation.stop("workers") == 0
    assert installation.stop("bot") == 0

    installation.aws.latency(0)
    installation.start_workers()
    installation.start_bot()
    becomes(installation, card, "Denied")


def test_killed_workers_leave_no_process_behind(installation: Installation) -> None:
    group = installation.pids["workers"]
    children = installation.children("workers")
    assert len(children) >= 7
    installation.kill("workers")

    installation.until(lambda: not [pid for pid in children if _alive(pid)])

    assert not _alive(group)
    installation.start_workers()


def test_with_redis_stopped_the_answer_says_within_three_seconds_that_nothing_was_recorded(
    installation: Installation,
) -> None:
    server = int(installation.redis.info()["process_id"])
    os.kill(server, signal.SIGSTOP)
    try:
        answer = installation.slack.command(ALICE, SEC_INC, "/revoke @mallory redis hangs")
    finally:
        os.kill(server, signal.SIGCONT)

    assert answer.ok, answer.error
    assert answer.elapsed < 3
    assert answer.text.startswith("NOT DENIED: Redis cannot be reached, so nothing was recorded")


def test_redis_killed_loses_no_denial_and_comes_back_by_itself(installation: Installation) -> None:
    before = deny(installation, f"{newcomer(installation, 'before-redis-died')} before")
    os.kill(int(installation.redis.info()["process_id"]), signal.SIGKILL)

    installation.until(installation.redis_answers)
    after = deny(installation, f"{newcomer(installation, 'after-redis-died')} after")

    assert " · Denied" in before.text
    assert " · Denied" in after.text


def test_a_wiped_redis_un_denies_nobody_and_lists_everybody() -> None:
    with Installation.fresh() as installation:
        mallory = installation.seed.users["mallory"]
        first = deny(installation, "@mallory key leaked")
        installation.redis.flushall()

        def adopted() -> bool:
            cards = installation.slack.messages(SEC_INC)
            return any(" · Held" in m.text and "Mallory" in m.text and m.ts != first.ts for m in cards)

        installation.until(adopted, 60)
        assert mallory in installation.aws.denied()


def test_thirty_confirmations_at_once_are_few_writes(installation: Installation) -> None:
    names = [f"crowd-{n:02}" for n in range(30)]
    ids = {newcomer(installation, name) for name in names}
    cards = [ask(installation, f"{name} all at once") for name in names]
    installation.aws.reset_calls()

    with ThreadPoolExecutor(30) as pool:
        users = [ALICE, BOB] * 15
        list(
            pool.map(
                lambda pair: press(installation, pair[0], "revocation_confirm", user=pair[1]),
                zip(cards, users, strict=True),
            )
        )
    installation.until(lambda: ids <= installation.aws.denied())

    assert len(installation.aws.calls("UpdatePolicy")) <= 10
    for card in cards:
        becomes(installation, card, "Denied", timeout=60)


def test_a_lost_job_is_found_by_the_reconciler(installation: Installation) -> None:
    user_id = newcomer(installation, "lost-job")
    card = ask(installation, "lost-job its job vanishes")
    installation.signal_child("contain", signal.SIGSTOP)
    press(installation, card, "revocation_confirm")
    installation.redis.delete("rq:queue:contain")

    becomes(installation, card, "Denied")

    assert user_id in installation.aws.denied()
    installation.signal_child("contain", signal.SIGCONT)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] != "Z"


def test_the_moment_of_a_denial_is_told_once(installation: Installation) -> None:
    card = deny(installation, f"{newcomer(installation, 'told-once')} told once")
    told(installation, card, "Denied")
    time.sleep(1.5)
    texts = [m.text for m in installation.slack.thread(SEC_INC, card.ts) if "Written and read back" in m.text]
    assert len([text for text in texts if "<@" in text]) == 1
