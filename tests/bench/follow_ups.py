"""Measures how soon 200 assignments of one user are gone, against what AWS's limits allow.

The floor: AWS takes 20 calls a second for all of IAM Identity Center, and 15 deletions under way at a time. So no
design can send 200 deletions sooner than in 10 s, nor end them sooner than in 200 / 15 rounds of what AWS takes for one.
"""

import time

from tests.sandbox.installation import Installation
from tests.scenarios.steps import access_of, deny, newcomer, press, revocation_id
from workers.domain.step import Kind, StepState

COUNT = 200
CALLS_PER_SECOND, UNDER_WAY = 20, 15
EACH_MS, CALL_MS = 1000, 30


def measure() -> None:
    with Installation.fresh(REVOKE_FOLLOW_UP_DELAY="1h", REVOKE_POLICY_SIZE="10240") as installation:
        user_id = _with_assignments(installation)
        card = deny(installation, "bench-many measured")
        installation.until(lambda: _snapshot(installation, revocation_id(card)), 120)
        time.sleep(2)
        installation.aws.dials(throttle=True, assignment_ms=EACH_MS)
        installation.aws.latency(CALL_MS)
        start = time.monotonic()
        press(installation, card, "follow_ups_start")
        installation.until(lambda: not access_of(installation, user_id)["assignments"], 120)
        gone = time.monotonic() - start
        installation.until(lambda: _done(installation, revocation_id(card)), 120)
        _report(gone, time.monotonic() - start)


def _with_assignments(installation: Installation) -> str:
    user_id = newcomer(installation, "bench-many")
    sets = installation.seed.permission_sets.values()
    accounts = [f"{210000000000 + number}" for number in range(COUNT)]
    for account, permission_set in zip(accounts, [*sets] * COUNT, strict=False):
        installation.aws.assign(user_id, account, permission_set)
    return user_id


def _snapshot(installation: Installation, id_: str) -> bool:
    snapshot = installation.store.get(id_).snapshot
    return snapshot is not None and snapshot.last_known


def _done(installation: Installation, id_: str) -> bool:
    step = installation.store.get(id_).step(Kind.ASSIGNMENTS)
    return step is not None and step.state is StepState.DONE


def _report(gone: float, done: float) -> None:
    floor = max(COUNT / CALLS_PER_SECOND, COUNT / UNDER_WAY * EACH_MS / 1000)
    print(
        f"{COUNT} assignments of one user: AWS takes {EACH_MS} ms for each, {CALL_MS} ms for each call, and at most "
        f"{CALLS_PER_SECOND} calls a second"
    )
    print(f"  floor of these limits                            {floor:7.1f} s")
    print(
        f"  from Start now until none is left                {gone:7.1f} s    {gone / floor:.2f} x floor (goal 1.3)"
    )
    print(f"  until each was told, read back and on the record {done:7.1f} s    {done / floor:.2f} x floor")
