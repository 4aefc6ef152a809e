"""Measures the way from the click to the deny, many at once, a killed worker, idle memory, and the follow-ups.

The floor is the three bare AWS calls that no design can avoid, from a warm client on the same pretend server in
the same run. Absolute times belong to the machine; quote the ratios.
"""

import os
import signal
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tests.bench import follow_ups
from tests.sandbox.installation import ALICE, SEC_INC, Installation
from tests.sandbox.slack.state import Message
from tests.scenarios.steps import ask, becomes, current, newcomer, press, revocation_id
from workers.adapters.aws.clients import aws_clients
from workers.adapters.aws.organizations import OrganizationsDenyPolicy

AWS_MS = 30
ROUNDS = 20
CROWD = 100


@dataclass(frozen=True)
class Click:
    """One click, in seconds: until the first AWS call arrived, and until the record says read back."""

    to_first_call: float
    to_read_back: float


def main() -> None:
    with Installation.fresh(debug=False, REVOKE_POLICY_SIZE="10240") as installation:
        print(
            f"AWS answers each call after {AWS_MS} ms; {os.cpu_count()} cores; Python on one machine with everything."
        )
        _memory(installation)
        floor = _floor(installation)
        clicks = [_click(installation, n) for n in range(ROUNDS)]
        _report_clicks(floor, clicks)
        _crowd(installation)
        _killed(installation)
    follow_ups.measure()


def _floor(installation: Installation) -> float:
    """The median of describe + update + describe from a warm client."""
    os.environ.update(installation.aws.env())
    assert installation.seed.policy_id is not None
    policy = OrganizationsDenyPolicy(aws_clients(), installation.seed.policy_id)
    text = policy.read().text
    installation.aws.latency(AWS_MS)

    def bare() -> None:
        policy.read()
        policy.write(text)
        policy.read()

    times = [_timed(bare) for _ in range(ROUNDS)]
    installation.aws.latency(0)
    return statistics.median(times)


def _timed(do: Callable[[], None]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def _click(installation: Installation, n: int) -> Click:
    newcomer(installation, f"bench-{n:03}")
    card = _settled(installation, ask(installation, f"bench-{n:03} measured"))
    installation.aws.reset_calls()
    installation.aws.latency(AWS_MS)
    start = time.time()
    installation.slack.click(ALICE, SEC_INC, card.ts, "revocation_confirm")
    becomes(installation, card, "Denied")
    installation.aws.latency(0)
    first = min(_seconds(call["at"]) for call in installation.aws.calls("DescribePolicy"))
    written = _entry(installation, card, "written")
    return Click(first - start, written - start)


def _settled(installation: Installation, card: Message) -> Message:
    installation.until(lambda: "still reading" not in str(current(installation, SEC_INC, card.ts).blocks))
    return current(installation, SEC_INC, card.ts)


def _entry(installation: Installation, card: Message, event: str) -> float:
    log = installation.log(revocation_id(card))
    return next(_seconds(entry["at"]) for entry in log if entry["event"] == event)


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _report_clicks(floor: float, clicks: list[Click]) -> None:
    whole = statistics.median(click.to_read_back for click in clicks)
    ours = statistics.median(click.to_first_call for click in clicks)
    print(f"floor: describe + update + describe, warm          {1000 * floor:7.1f} ms")
    print(
        f"click on Deny now to written and read back         {1000 * whole:7.1f} ms   {whole / floor:.2f} x floor (goal 1.3)"
    )
    print(f"  of it ours, until AWS hears of it (median)       {1000 * ours:7.1f} ms   (goal 20)")


def _crowd(installation: Installation) -> None:
    names = [f"crowd-{n:03}" for n in range(CROWD)]
    ids = {newcomer(installation, name) for name in names}
    for start in range(0, CROWD, 20):
        mails = " ".join(f"{name}@example.com" for name in names[start : start + 20])
        installation.slack.command(ALICE, SEC_INC, f"/revoke {mails} crowd")
    cards = installation.until(lambda: _ready(installation, names), 120)
    time.sleep(5)
    installation.aws.reset_calls()
    installation.aws.latency(AWS_MS)
    start_all = time.time()
    with ThreadPoolExecutor(CROWD) as pool:
        acks = list(
            pool.map(lambda ts: installation.slack.click(ALICE, SEC_INC, ts, "revocation_confirm"), cards)
        )
    installation.until(lambda: ids <= installation.aws.denied(), 30)
    took = time.time() - start_all
    installation.aws.latency(0)
    ordered = sorted(ack.elapsed for ack in acks)
    writes = len(installation.aws.calls("UpdatePolicy"))
    print(f"{CROWD} confirmations at once: all written within          {took:7.2f} s    (goal 5)")
    print(f"  UpdatePolicy calls                               {writes:7}      (goal 10)")
    print(
        f"  99th percentile of acks                          {1000 * ordered[int(0.99 * CROWD) - 1]:7.1f} ms   (goal 300)"
    )


def _ready(installation: Installation, names: list[str]) -> list[str]:
    found = [
        m for m in installation.slack.messages(SEC_INC) if "Not denied yet" in m.text and "crowd-" in m.text
    ]
    return [m.ts for m in found] if len(found) == len(names) else []


def _killed(installation: Installation) -> None:
    newcomer(installation, "bench-killed")
    card = _settled(installation, ask(installation, "bench-killed measured"))
    installation.aws.latency(400)
    press(installation, card, "revocation_confirm")
    time.sleep(0.5)
    installation.signal_child("contain", signal.SIGKILL)
    start = time.time()
    installation.aws.latency(0)
    becomes(installation, card, "Denied", timeout=30)
    took = _entry(installation, card, "written") - start
    print(f"worker killed with -9 in mid-write: denied after   {took:7.1f} s    (goal 15)")


def _memory(installation: Installation) -> None:
    time.sleep(2)
    bot = _shares([installation.pids["bot"]])
    workers = _shares([installation.pids["workers"], *installation.children("workers")])
    print(
        f"idle memory, shared pages counted once (Pss): bot {bot:.0f} MiB, workers with embedded Redis {workers:.0f} MiB"
    )


def _shares(pids: list[int]) -> float:
    kib = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        kib += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kib / 1024


if __name__ == "__main__":
    main()
