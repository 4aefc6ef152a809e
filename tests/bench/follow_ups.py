"""Measures how soon 200 assignments of one user are gone, against what AWS's limits allow.

The floor: AWS takes 20 calls a second for all of IAM Identity Center, and 15 deletions under way at a time. So no
design can send 200 deletions sooner than in 10 s, nor end them sooner than in 14 rounds of one call and what AWS takes
for one deletion.
"""

import math
import time

from tests.sandbox.installation import Installation
from tests.scenarios.steps import access_of, deny, press, revocation_id
from workers.domain.step import Kind, StepState

COUNT = 200
CALLS_PER_SECOND, UNDER_WAY = 20, 15
EACH_MS, CALL_MS = 1000, 30


def measure() -> None:
    # Mallory has two from the start. All accounts are below the policy: elsewhere they would go at once.
    seed = {"more_assignments": COUNT - 2}
    with Installation.fresh(debug=False, aws_seed=seed, REVOKE_FOLLOW_UP_DELAY="1h") as installation:
        user_id = installation.seed.users["mallory"]
        card = deny(installation, "@mallory measured")
        installation.until(lambda: _snapshot(installation, revocation_id(card)), 120)
        time.sleep(2)
        installation.aws.dials(throttle=True, assignment_ms=EACH_MS)
        installation.aws.latency(CALL_MS)
        start = time.monotonic()
        press(installation, card, "follow_ups_start")
        while access_of(installation, user_id)["assignments"]:
            time.sleep(0.25)  # the answer is large, and the pretend AWS has other work
        gone = time.monotonic() - start
        installation.until(lambda: _done(installation, revocation_id(card)), 120)
        _report(gone, time.monotonic() - start)


def _snapshot(installation: Installation, id_: str) -> bool:
    snapshot = installation.store.get(id_).snapshot
    return snapshot is not None and snapshot.last_known


def _done(installation: Installation, id_: str) -> bool:
    step = installation.store.get(id_).step(Kind.ASSIGNMENTS)
    return step is not None and step.state is StepState.DONE


def _report(gone: float, done: float) -> None:
    rounds = math.ceil(COUNT / UNDER_WAY)
    floor = max(COUNT / CALLS_PER_SECOND, rounds * (CALL_MS + EACH_MS) / 1000)
    print(
        f"{COUNT} assignments of one user: AWS takes {EACH_MS} ms for each, {CALL_MS} ms for each call, and at most "
        f"{CALLS_PER_SECOND} calls a second"
    )
    print(f"  floor of these limits                            {floor:7.1f} s")
    print(
        f"  from Start now until none is left                {gone:7.1f} s    {gone / floor:.2f} x floor (goal 1.3)"
    )
    print(f"  until each was told, read back and on the record {done:7.1f} s    {done / floor:.2f} x floor")
