"""Records with follow-ups in every stage, as the cards are reviewed with them."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.unit.make import BOB, CAROL, RULES, at, attested, coverage, followed, reach, some_reach
from workers.domain import overdue
from workers.domain.actor import Actor
from workers.domain.revocation import Diff, ReleaseRequest, Restore, Revocation, Snapshot, State, Trouble
from workers.domain.rules import Rules
from workers.domain.step import Kind, StepState

DAVE = Actor(kind="slack", id="U0DAVE0001", name="dave")

SCIM_RULES = replace(RULES, identity_source="external", disables_sign_in=True)
BY_PEOPLE = replace(RULES, follow_ups=frozenset())
DIRECTORY_RULES = replace(RULES, identity_source="directory", region="eu-central-1")

READ: dict[str, Any] = {"reach": some_reach(), "coverage": coverage()}
NO_ACCESS: dict[str, Any] = {"reach": reach(at(hours=1)), "coverage": coverage(), "no_mint_at": at(hours=1)}
STARTED: dict[str, Any] = {"follow_ups_started_at": at(minutes=11), "follow_ups_started_by": BOB}

SNAPSHOT = Snapshot(
    at=at(minutes=1, seconds=3),
    entry=5,
    counts=((Kind.ASSIGNMENTS, 40), (Kind.MEMBERSHIPS, 3), (Kind.APPLICATIONS, 0)),
    last=("ReadOnlyAccess in 111111111111",),
    last_known=True,
)

DONE: dict[str, Any] = {"state": StepState.DONE, "ended_at": at(minutes=14)}
TAKEN: dict[Kind, dict[str, Any]] = {
    Kind.ASSIGNMENTS: {**DONE, "gone": 40, "total": 40},
    Kind.MEMBERSHIPS: {
        **DONE,
        "gone": 3,
        "total": 3,
        "residual": (
            "Admins belongs to your identity provider: take the user out there too, or the next sync puts them back.",
        ),
    },
    Kind.APPLICATIONS: {**DONE, "residual": ("Wiki needs no assignment: whoever can sign in can open it.",)},
    Kind.ENTITLEMENTS: {"state": StepState.NOT_IN_USE, "ended_at": at(minutes=12)},
}

DIFF = Diff(
    read_at=at(hours=2, minutes=1),
    entry=31,
    missing=((Kind.ASSIGNMENTS, 37), (Kind.MEMBERSHIPS, 3)),
    there=3,
    names=("AdministratorAccess in 111111111111", "ReadOnlyAccess in 222222222222", "Group Admins"),
    by_hand=("Credentials were reset by carol. Give the user new ones, and have MFA registered again.",),
)

FALSE_ALARM = ReleaseRequest(
    asked_by=BOB,
    asked_at=at(hours=2),
    reason="it was a drill",
    what="false_alarm",
    nothing_lost=True,
    diff=DIFF,
)
RESTORE_ASKED = ReleaseRequest(
    asked_by=BOB, asked_at=at(hours=2), reason="laptop found", what="restore", trouble="AWS is throttling."
)
RESTORE = Restore(
    asked_by=BOB,
    approved_by=CAROL,
    approved_at=at(hours=2, minutes=5),
    diff=DIFF,
    then_release=True,
    given=12,
)
RESTORE_FAILED = replace(
    RESTORE,
    then_release=False,
    given=39,
    ended_at=at(hours=2, minutes=9),
    failed=("ReadOnlyAccess in 222222222222: the permission set is no more. Give them another one by hand.",),
)


def cards() -> dict[str, tuple[Revocation, Rules]]:
    running: dict[Kind, dict[str, Any]] = {
        Kind.ASSIGNMENTS: {"state": StepState.RUNNING, "gone": 23, "total": 40}
    }
    return {
        "follow_ups_wait_for_their_time": (followed(**READ, snapshot=SNAPSHOT), RULES),
        "follow_ups_left_to_people": (followed(BY_PEOPLE, **READ, snapshot=SNAPSHOT), BY_PEOPLE),
        "follow_ups_stopped": (followed(**READ, snapshot=SNAPSHOT, follow_ups_wait=CAROL), RULES),
        "follow_ups_running": (
            followed(SCIM_RULES, running, **READ, **STARTED, snapshot=SNAPSHOT),
            SCIM_RULES,
        ),
        "follow_ups_failed": (_failed(), RULES),
        "follow_ups_before_any_reading": (followed(**READ), RULES),
        "gap_is_closed_at_once": (_gap(), RULES),
        "hand_steps_open": (_hand_steps(), DIRECTORY_RULES),
        "hand_steps_attested": (_attested(), DIRECTORY_RULES),
        "not_denied_access_removed_anyway": (_anyway(), RULES),
        "false_alarm_asked": (followed(RULES, TAKEN, **NO_ACCESS, **STARTED, release=FALSE_ALARM), RULES),
        "restore_asked_still_reading": (
            followed(RULES, TAKEN, **NO_ACCESS, **STARTED, release=RESTORE_ASKED),
            RULES,
        ),
        "giving_back": (followed(RULES, TAKEN, **READ, **STARTED, restore=RESTORE), RULES),
        "given_back_not_all": (
            followed(RULES, TAKEN, **READ, **STARTED, restore=RESTORE_FAILED, follow_ups_wait=BOB),
            RULES,
        ),
        "watched_with_steps_open": (_watched(), DIRECTORY_RULES),
        "steps_overdue": (_overdue(), DIRECTORY_RULES),
        "held_overdue": (_held_overdue(), DIRECTORY_RULES),
    }


def _failed_step() -> dict[str, Any]:
    return {
        "state": StepState.FAILED,
        "gone": 38,
        "total": 40,
        "detail": "2 could not be removed. ReadOnlyAccess in 333333333333: AWS said AccessDenied. Allow "
        "sso:DeleteAccountAssignment, then Retry.",
    }


def _failed() -> Revocation:
    return followed(RULES, {**TAKEN, Kind.ASSIGNMENTS: _failed_step()}, **READ, **STARTED, snapshot=SNAPSHOT)


def _gap() -> Revocation:
    gaps: dict[str, Any] = {"reach": some_reach(), "coverage": coverage(uncovered=("999999999999",))}
    return followed(
        RULES, {Kind.ASSIGNMENTS: {"state": StepState.RUNNING, "total": 2}}, **gaps, snapshot=SNAPSHOT
    )


def _hand_steps() -> Revocation:
    given: dict[Kind, dict[str, Any]] = {Kind.CREDENTIALS: {"assignee": DAVE}}
    return followed(DIRECTORY_RULES, {**TAKEN, **given}, **NO_ACCESS, **STARTED, snapshot=SNAPSHOT)


def _attested() -> Revocation:
    said = {
        Kind.SESSIONS: attested(),
        Kind.CREDENTIALS: attested(BOB, done_by="U0DAVE0001", link="https://tickets.example.com/7"),
        Kind.SLACK: attested(done_by="the workspace owner"),
        Kind.SIGN_IN: {**attested(), "state": StepState.OPEN, "detail": "Somebody says it is done."},
    }
    return followed(DIRECTORY_RULES, {**TAKEN, **said}, **NO_ACCESS, **STARTED)


def _anyway() -> Revocation:
    record = followed(RULES, {Kind.ASSIGNMENTS: {"state": StepState.RUNNING, "gone": 1, "total": 9}}, **READ)
    refused = Trouble(
        code="rights",
        sentence="The workers may not write the Deny policy. Allow organizations:UpdatePolicy on it.",
        since=at(minutes=2),
    )
    return replace(record, state=State.CONFIRMED, written_at=None, trouble=refused, **STARTED)


def _watched() -> Revocation:
    record = followed(DIRECTORY_RULES, {**TAKEN, Kind.SESSIONS: attested()}, **NO_ACCESS, **STARTED)
    return replace(record, state=State.WATCHED, off_at=at(hours=13, minutes=15))


def _overdue() -> Revocation:
    """Sessions and credentials: their owners were told. Assignments failed, and somebody was told of that too."""
    failed = {**_failed_step(), "due_at": at(hours=1, minutes=20)}
    given = {**TAKEN, Kind.ASSIGNMENTS: failed, Kind.CREDENTIALS: {"assignee": DAVE}}
    return as_told(followed(DIRECTORY_RULES, given, **READ, **STARTED), at(hours=4, minutes=2))


def _held_overdue() -> Revocation:
    why = "bob holds them until two people release them."
    held: dict[str, Any] = {"hold_open": True, "held_because": why, "held_at": at(hours=2)}
    return as_told(followed(DIRECTORY_RULES, TAKEN, **NO_ACCESS, **STARTED, **held), at(days=1, hours=3))


def as_told(record: Revocation, now: datetime) -> Revocation:
    """All that is overdue by then was told to its owner."""
    changed = overdue.telling(record, DIRECTORY_RULES.timing, now)
    assert changed is not None
    return overdue.heard(changed, changed.notes[-1], DIRECTORY_RULES.timing, now).told(changed.notes[-1])


def moments() -> dict[str, tuple[Revocation, str, str]]:
    asked = followed(RULES, TAKEN, **NO_ACCESS, **STARTED, release=FALSE_ALARM)
    return {
        "follow_ups_started": (followed(**READ), "follow_ups_started", "bob"),
        "follow_ups_started_by_themselves": (followed(**READ), "follow_ups_started", "the bot"),
        "follow_ups_wait": (followed(**READ), "follow_ups_wait", "carol"),
        "attested": (_attested(), "attested", "credentials"),
        "attested_waits_for_aws": (_attested(), "attested", "sign_in"),
        "assigned": (_hand_steps(), "assigned", "credentials"),
        "assigned_to": (_hand_steps(), "assigned_to", "credentials"),
        "step_failed": (_failed(), "step_failed", "assignments: AWS said AccessDenied. Then Retry."),
        "step_done": (_hand_steps(), "step_done", "memberships"),
        "came_back_access": (_hand_steps(), "came_back", "memberships"),
        "came_back_sign_in": (_hand_steps(), "came_back", "sign_in"),
        "last_assignments": (followed(**READ), "last_assignments", "ReadOnlyAccess in 111111111111"),
        "sign_in_back": (_watched(), "sign_in_back", ""),
        "restored": (
            replace(asked, restore=replace(RESTORE, given=40, ended_at=at(hours=3))),
            "restored",
            "40 of 40 given back. By hand: Credentials were reset by carol. Give the user new ones.",
        ),
        "restore_failed": (replace(asked, restore=RESTORE_FAILED), "restore_failed", ""),
        "sessions_again": (_hand_steps(), "sessions_again", "Sign-in was still enabled an hour after."),
        "false_alarm_asked": (asked, "approval_asked", ""),
        "nudge": (asked, "nudge", ""),
        "approval_refused": (followed(**READ), "approval_refused", "carol"),
        "residuals": (followed(**READ), "residuals", ""),
        "look_back": (followed(**READ), "look_back", "SELECT eventname\nFROM trail\nWHERE eventtime > 1;"),
        "looked_back": (
            followed(**READ),
            "looked_back",
            "AssumeRole: 3 times.\nNot looked at: account 999999999999.",
        ),
        "notice_with_nobody_attesting": (_hand_steps(), "notice", ""),
        "overdue_to_owners": (_overdue(), "overdue", "assignments sessions credentials|"),
        "overdue_to_the_group": (_overdue(), "overdue", "|sessions"),
        "overdue_to_owner_and_group": (_overdue(), "overdue", "credentials|sessions slack"),
        "overdue_and_done_since": (_watched(), "overdue", "sessions|"),
    }
