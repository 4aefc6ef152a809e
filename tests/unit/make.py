"""Values that the unit tests share: Alice at 02:00, whom Bob denies."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from workers.domain import follow_ups
from workers.domain.actor import Actor
from workers.domain.look_back import LookBack
from workers.domain.revocation import Coverage, DirectoryUser, Reach, Reason, Revocation, State, TargetRef
from workers.domain.rules import Rules
from workers.domain.step import Attestation, Kind, StepState
from workers.domain.timing import Timing

T0 = datetime(2026, 11, 24, 2, 0, 0, tzinfo=UTC)
ALICE_ID = "906768f5e0-11111111-2222-3333-4444-555555555555"
BOB_ID = "a1b2c3d4-aaaa-bbbb-cccc-dddddddddddd"

BOB = Actor(kind="slack", id="U0BOB00001", name="bob")
CAROL = Actor(kind="slack", id="U0CAROL001", name="carol")
ALICE = DirectoryUser(
    user_id=ALICE_ID, user_name="alice", display_name="Alice Cooper", email="alice@example.com"
)
RULES = Rules(
    incident_channel="C0SECINC01",
    timing=Timing(),
    responders=("U0BOB00001", "U0CAROL001"),
    approvers=("U0BOB00001", "U0CAROL001"),
)


def at(**later: float) -> datetime:
    """02:00 on the night of the incident, and so much later."""
    return T0 + timedelta(**later)


def reach(when: datetime = T0, **given: Any) -> Reach:
    return Reach(read_at=when, **given)


def some_reach(when: datetime = T0) -> Reach:
    return reach(
        when, accounts=("111111111111", "222222222222", "333333333333"), direct=2, through_groups=1, groups=1
    )


def coverage(when: datetime = T0, **given: Any) -> Coverage:
    told = {"attached": True, "type_enabled": True, "reachable": 3, "management_account": "999999999999"}
    return Coverage(read_at=when, **{**told, **given})


def requested(**given: Any) -> Revocation:
    told: dict[str, Any] = {
        "id": "R-7K2M9Q",
        "seq": 3,
        "state": State.REQUESTED,
        "target": TargetRef(kind="slack", value="U0ALICE001", slack_id="U0ALICE001"),
        "requested_by": BOB,
        "requested_at": T0,
        "channel": "C0SECINC01",
        "reasons": (Reason(by=BOB, text="key leaked on GitHub", at=T0),),
        "owner": BOB,
        "user": ALICE,
        "slack_name": "Alice Cooper",
    }
    return Revocation(**{**told, **given})


def confirmed(**given: Any) -> Revocation:
    told = {
        "state": State.CONFIRMED,
        "confirmed_by": CAROL,
        "confirmed_at": at(minutes=1),
        "owner": CAROL,
        "stood_down_at": at(minutes=1),
    }
    return requested(**{**told, **given})


def denied(**given: Any) -> Revocation:
    told = {
        "state": State.DENIED,
        "written_at": at(minutes=1, seconds=2),
        "policy_id": "p-examplepolicyid111",
        "look_back": LookBack(since=T0, until=T0),
    }
    return confirmed(**{**told, **given})


def followed(
    rules: Rules = RULES, steps: dict[Kind, dict[str, Any]] | None = None, **given: Any
) -> Revocation:
    """Denied, with its follow-ups planned at 02:01:02, and each step as `steps` says."""
    planned = follow_ups.begun(denied(**given), rules, at(minutes=1, seconds=2))
    for kind, told in (steps or {}).items():
        step = planned.step(kind)
        assert step is not None
        planned = planned.with_step(replace(step, **told))
    return planned


def attested(by: Actor = CAROL, **given: Any) -> dict[str, Any]:
    """What makes a step attested at 02:30, done five minutes before."""
    told = {"by": by, "at": at(minutes=30), "done_by": by.name, "done_at": at(minutes=25)}
    return {
        "state": StepState.ATTESTED,
        "ended_at": at(minutes=30),
        "attested": Attestation(**{**told, **given}),
    }
