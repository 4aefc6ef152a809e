"""The 12-hour rule: exactly when a user ID may come off the Deny policy, and that it is never early."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.make import BOB, T0, at, denied, reach
from workers.domain import clearance
from workers.domain.actor import SYSTEM
from workers.domain.revocation import Note, Reach, ReleaseRequest, Revocation, State
from workers.domain.step import Attestation, Kind, Step, StepState
from workers.domain.timing import (
    APPROVE_WITHIN,
    CLOCKS_AGREE,
    CONFIRM_WITHIN,
    LONGEST_ROLE_SESSION,
    WRITE_WITHIN,
    Timing,
)

TIMING = Timing()
WRITTEN = T0
NOW = at(hours=40)

ACCESS: dict[str, Reach | None] = {
    "none": reach(NOW),
    "entitlement service not in use": reach(NOW, entitlements=None),
    "no entitlements": reach(NOW, entitlements=0),
    "direct": reach(NOW, direct=1),
    "through groups": reach(NOW, through_groups=2),
    "entitlements": reach(NOW, entitlements=1),
    "unread": reach(NOW, unread=("AWS said no.",)),
    "never read": None,
}
NOTICE = {"not given": None, "given just now": NOW - timedelta(minutes=29), "given long ago": at(hours=20)}
HOLD = {
    "none": (None, False),
    "until the past": (at(hours=30), False),
    "until the future": (at(hours=41), False),
    "open": (None, True),
    "open, and until the past": (at(hours=30), True),
}
CLOCKS = {
    "agree": NOW + timedelta(seconds=60),
    "agree behind": NOW - timedelta(seconds=60),
    "apart": NOW + timedelta(seconds=61),
    "apart behind": NOW - timedelta(seconds=61),
    "AWS told none": None,
}


def judged(access: str, notice: str, hold: str, clock: str) -> list[str]:
    read = ACCESS[access]
    until, open_ended = HOLD[hold]
    record = denied(written_at=WRITTEN, hold_until=until, hold_open=open_ended, no_mint_at=at(hours=1))
    if read is not None:
        record = clearance.with_reach(record, read)
    record = replace(record, notice_at=NOTICE[notice] if record.no_mint_at else None)
    return clearance.red_gates(record, TIMING, NOW, CLOCKS[clock])


@pytest.mark.parametrize(("access", "notice", "hold", "clock"), list(product(ACCESS, NOTICE, HOLD, CLOCKS)))
def test_it_comes_off_only_with_no_access_an_old_notice_no_hold_and_agreeing_clocks(
    access: str, notice: str, hold: str, clock: str
) -> None:
    green = (
        access in ("none", "entitlement service not in use", "no entitlements")
        and notice == "given long ago"
        and hold in ("none", "until the past")
        and clock in ("agree", "agree behind")
    )
    gates = judged(access, notice, hold, clock)

    assert (not gates) == green
    assert all(gate.endswith((".", "no.")) and len(gate) > 20 for gate in gates)


@pytest.mark.parametrize(
    ("access", "words"),
    [
        ("direct", "Access is left: 1 direct assignment. Start the follow-ups, which remove it; or disable"),
        ("through groups", "Access is left: 2 assignments through groups. Start"),
        ("entitlements", "Access is left: 1 account-access entitlement. Start"),
        (
            "unread",
            "What access is left could not be read: AWS said no. It is read again by itself; or disable",
        ),
    ],
)
def test_a_red_gate_says_what_is_left_and_how_to_mend_it(access: str, words: str) -> None:
    assert any(words in gate for gate in judged(access, "given long ago", "none", "agree"))


def test_two_direct_and_three_group_assignments_are_counted_apart() -> None:
    left = clearance.left(reach(direct=2, through_groups=3, entitlements=2))
    assert left == "2 direct assignments, 3 assignments through groups, 2 account-access entitlements"
    assert clearance.left(reach()) == "none"


def test_clocks_that_drift_apart_keep_one_sentence_so_that_nobody_is_woken_again() -> None:
    record = denied(written_at=WRITTEN, no_mint_at=T0, notice_at=T0, reach=reach(NOW))
    sentences = {
        tuple(clearance.red_gates(record, TIMING, NOW, NOW + timedelta(seconds=seconds)))
        for seconds in (61, 62, 3600, -90)
    }
    assert len(sentences) == 1


def test_twelve_hours_count_from_the_writing_and_from_the_last_possible_mint() -> None:
    no_mint_later = denied(written_at=T0, no_mint_at=at(hours=3))
    written_later = denied(written_at=at(hours=3), no_mint_at=T0)

    assert clearance.eligible_at(no_mint_later, TIMING) == at(hours=15, minutes=15)
    assert clearance.eligible_at(written_later, TIMING) == at(hours=15, minutes=15)


def test_it_comes_off_at_its_time_and_not_a_microsecond_before() -> None:
    record = denied(written_at=T0, no_mint_at=T0, notice_at=at(hours=11, minutes=45), reach=reach(NOW))
    when = at(hours=12, minutes=15)
    assert clearance.red_gates(record, TIMING, when, when) == []
    early = clearance.red_gates(record, TIMING, when - timedelta(microseconds=1), when)
    assert early == ["It is not 2026-11-24 14:15:00 UTC yet."]


def test_access_seen_again_restarts_the_clock_and_voids_the_notice() -> None:
    record = clearance.with_reach(denied(written_at=T0), reach(at(hours=1)))
    assert record.no_mint_at == at(hours=1)
    record = replace(clearance.with_reach(record, reach(at(hours=3))), notice_at=at(hours=12))
    assert record.no_mint_at == at(hours=1)

    record = clearance.with_reach(record, reach(at(hours=13), direct=1))
    assert (record.no_mint_at, record.notice_at) == (None, None)

    record = clearance.with_reach(record, reach(at(hours=14)))
    assert clearance.eligible_at(record, TIMING) == at(hours=26, minutes=15)


def test_a_reading_that_failed_stops_the_clock_too() -> None:
    record = clearance.with_reach(denied(no_mint_at=T0), reach(at(hours=1), unread=("throttled",)))
    assert record.no_mint_at is None


def test_good_news_from_before_bad_news_starts_no_clock() -> None:
    seen = clearance.with_reach(denied(), reach(at(hours=2), direct=1))
    assert clearance.with_reach(seen, reach(at(hours=1))) == seen


def test_bad_news_counts_even_when_the_clock_of_redis_went_back() -> None:
    green = clearance.with_reach(denied(), reach(at(hours=8)))
    red = clearance.with_reach(green, reach(at(hours=2), direct=1))
    assert red.no_mint_at is None
    assert clearance.access_gate(red) is not None


def ended(at_: datetime, *, done_at: datetime | None = None) -> Step:
    """The portal sessions, as somebody attested them at that time."""
    said = Attestation(by=BOB, at=at_, done_by="bob", done_at=done_at or at_)
    return Step(kind=Kind.SESSIONS, state=StepState.ATTESTED, attested=said, ended_at=at_)


def shut(when: datetime, **given: Any) -> Reach:
    """A reading that finds access left, and sign-in disabled."""
    return reach(when, **{"direct": 1, "sign_in": "DISABLED", **given})


def state_of(record: Revocation, kind: Kind) -> StepState | None:
    step = record.step(kind)
    return step.state if step else None


def test_disabled_sign_in_starts_a_clock_of_its_own() -> None:
    record = clearance.with_reach(denied(), shut(at(hours=1)))
    assert (record.disabled_since, record.no_mint_at) == (at(hours=1), None)
    record = clearance.with_reach(record, shut(at(hours=2)))
    assert record.disabled_since == at(hours=1)


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(reach(at(hours=2), sign_in="ENABLED"), id="enabled again"),
        pytest.param(reach(at(hours=2)), id="AWS does not tell"),
        pytest.param(reach(at(hours=2), unread=("Throttled.",)), id="a failed reading"),
        pytest.param(reach(at(minutes=30), sign_in="ENABLED"), id="enabled, by an older reading"),
    ],
)
def test_whatever_does_not_show_disabled_stops_the_clock_of_sign_in(read: Reach) -> None:
    record = clearance.with_reach(denied(), shut(at(hours=1)))
    assert clearance.with_reach(record, read).disabled_since is None


def test_disabled_sign_in_counts_although_the_access_could_not_be_read() -> None:
    record = clearance.with_reach(denied(), shut(at(hours=1), unread=("Throttled.",)))
    assert record.disabled_since == at(hours=1)


def test_an_older_reading_does_not_start_the_clock_of_sign_in() -> None:
    record = clearance.with_reach(denied(), reach(at(hours=2), direct=1, sign_in="ENABLED"))
    assert clearance.with_reach(record, shut(at(hours=1))).disabled_since is None


@pytest.mark.parametrize(
    ("attested", "disabled", "since"),
    [
        pytest.param(at(hours=2), at(hours=3), at(hours=4), id="sessions first: 60 minutes after sign-in"),
        pytest.param(
            at(hours=4), at(hours=3), at(hours=5), id="sign-in first: 60 minutes after the sessions"
        ),
        pytest.param(None, at(hours=3), None, id="nobody ended the sessions"),
        pytest.param(at(hours=2), None, None, id="sign-in is open"),
    ],
)
def test_the_second_proof_needs_both_and_counts_from_the_later(
    attested: datetime | None, disabled: datetime | None, since: datetime | None
) -> None:
    steps = (ended(attested),) if attested else (Step(kind=Kind.SESSIONS, state=StepState.OPEN),)
    record = denied(disabled_since=disabled, steps=steps)
    assert clearance.no_mint_since(record, TIMING) == since


def test_the_sessions_count_from_when_it_was_said_and_not_from_when_it_is_claimed() -> None:
    record = denied(disabled_since=at(hours=1), steps=(ended(at(hours=6), done_at=at(hours=1)),))
    assert clearance.no_mint_since(record, TIMING) == at(hours=7)


def test_the_earlier_of_the_two_proofs_counts() -> None:
    record = denied(no_mint_at=at(hours=5), disabled_since=at(hours=1), steps=(ended(at(hours=2)),))
    assert clearance.no_mint_since(record, TIMING) == at(hours=3)
    assert clearance.no_mint_since(replace(record, no_mint_at=at(hours=2)), TIMING) == at(hours=2)


def test_a_second_proof_that_lies_in_the_future_has_a_time_already() -> None:
    record = denied(written_at=T0, disabled_since=T0, steps=(ended(T0),), reach=shut(T0))
    assert clearance.access_gate(record) is None
    assert clearance.eligible_at(record, TIMING) == at(hours=13, minutes=15)


def test_access_that_is_left_is_no_gate_while_nobody_can_sign_in() -> None:
    record = denied(
        written_at=T0, disabled_since=T0, steps=(ended(T0),), reach=shut(NOW), notice_at=at(hours=20)
    )
    assert clearance.red_gates(record, TIMING, NOW, NOW) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "or disable sign-in and end the portal sessions."),
        ({"disabled_since": T0}, "or end the portal sessions and say so on the card."),
        ({"steps": (ended(T0),)}, "or disable sign-in."),
        ({"follow_ups_started_at": T0}, "The follow-ups remove it; or disable sign-in"),
        ({"follow_ups_started_at": T0, "follow_ups_wait": BOB}, "Start the follow-ups, which remove it; or"),
    ],
)
def test_the_gate_names_both_ways_to_mend_it(given: dict[str, Any], words: str) -> None:
    gate = clearance.access_gate(denied(reach=reach(NOW, direct=2), **given))
    assert gate is not None
    assert gate.startswith("Access is left: 2 direct assignments. ")
    assert words in gate


def test_access_counts_as_gone_only_once_every_removal_has_ended() -> None:
    removing = denied(steps=(Step(kind=Kind.ASSIGNMENTS, state=StepState.RUNNING),))
    record = clearance.with_reach(removing, reach(NOW))
    assert record.no_mint_at is None
    assert "removed right now" in (clearance.access_gate(record) or "")
    done = record.with_step(Step(kind=Kind.ASSIGNMENTS, state=StepState.DONE))
    assert clearance.with_reach(done, reach(NOW)).no_mint_at == NOW


def test_a_removal_that_somebody_stopped_halfway_holds_nobody_for_ever() -> None:
    steps = (Step(kind=Kind.ASSIGNMENTS, state=StepState.RUNNING),)
    record = clearance.with_reach(denied(steps=steps, follow_ups_wait=BOB), reach(NOW))
    assert record.no_mint_at == NOW


def test_after_two_hours_without_any_reading_both_clocks_start_anew() -> None:
    record = clearance.with_reach(denied(), reach(at(hours=1), sign_in="DISABLED"))
    late = at(hours=3)
    assert clearance.with_reach(record, reach(late, sign_in="DISABLED")).no_mint_at == at(hours=1)
    later = late + timedelta(seconds=1)
    record = clearance.with_reach(record, reach(later, sign_in="DISABLED"))
    assert (record.no_mint_at, record.disabled_since) == (later, later)


@pytest.mark.parametrize(
    ("first", "then", "counts"),
    [
        pytest.param(None, shut(at(hours=3)), True, id="disabled within the hour"),
        pytest.param(None, shut(at(hours=3, minutes=1)), False, id="disabled later than that"),
        pytest.param(shut(at(hours=2)), shut(at(hours=9)), False, id="nothing read for hours"),
        pytest.param(reach(at(hours=3)), shut(at(hours=4)), False, id="AWS did not tell for a while"),
        pytest.param(
            None, reach(at(hours=20), direct=1, sign_in="ENABLED"), True, id="sign-in not disabled at all"
        ),
    ],
)
def test_sessions_are_to_be_ended_again_where_sign_in_was_not_shut_within_the_hour(
    first: Reach | None, then: Reach, counts: bool
) -> None:
    record = denied(steps=(ended(at(hours=2)),))
    for read in filter(None, [first, then]):
        record = clearance.with_reach(record, read)
    assert state_of(record, Kind.SESSIONS) is (StepState.ATTESTED if counts else StepState.OPEN)
    sessions = record.step(Kind.SESSIONS)
    assert sessions is not None
    assert ("Look in CloudTrail" in sessions.detail) is not counts


def test_whoever_is_off_the_list_needs_no_second_end_of_their_sessions() -> None:
    record = denied(state=State.WATCHED, steps=(ended(at(hours=2)),))
    record = clearance.with_reach(record, shut(at(hours=20)))
    assert state_of(record, Kind.SESSIONS) is StepState.ATTESTED


NOTICED = {"notice_at": at(hours=12), "clean_up_given_by": BOB}


@pytest.mark.parametrize(
    ("clocks", "read", "stands"),
    [
        pytest.param({"no_mint_at": T0}, reach(at(hours=13)), True, id="the one proof runs on"),
        pytest.param(
            {"no_mint_at": T0, "disabled_since": at(hours=1)},
            reach(at(hours=13)),
            True,
            id="the other was later",
        ),
        pytest.param(
            {"no_mint_at": at(hours=4), "disabled_since": T0},
            reach(at(hours=13)),
            False,
            id="the other was it",
        ),
        pytest.param(
            {"no_mint_at": T0, "disabled_since": T0}, shut(at(hours=13)), False, id="the later proof remains"
        ),
        pytest.param({}, reach(at(hours=13)), False, id="a proof that only begins"),
    ],
)
def test_a_notice_and_a_yes_stand_as_long_as_the_proof_they_were_given_for(
    clocks: dict[str, Any], read: Reach, stands: bool
) -> None:
    before = denied(reach=reach(at(hours=12, minutes=45)), **{**NOTICED, **clocks})
    record = clearance.with_reach(before, read)
    assert (record.notice_at is not None, record.clean_up_given_by is not None) == (stands, stands)


def test_a_notice_that_was_not_posted_yet_falls_with_its_proof() -> None:
    waiting = denied(no_mint_at=T0).noting(Note(kind="notice", at=NOW), Note(kind="hold", at=NOW))
    record = clearance.with_reach(waiting, reach(NOW, direct=1))
    assert [note.kind for note in record.notes] == ["hold"]


def test_a_question_of_the_clean_up_falls_with_its_proof_and_one_of_people_does_not() -> None:
    for actor, kept in ((SYSTEM, False), (BOB, True)):
        asked = ReleaseRequest(asked_by=actor, asked_at=T0, reason="")
        record = clearance.with_reach(denied(no_mint_at=T0, release=asked), reach(NOW, direct=1))
        assert (record.release is not None) is kept


def test_unattested_are_sessions_and_credentials_until_a_person_attests_them() -> None:
    assert clearance.unattested(denied()) == (Kind.SESSIONS, Kind.CREDENTIALS)
    reset = replace(ended(T0), kind=Kind.CREDENTIALS)
    assert clearance.unattested(denied(steps=(reset,))) == (Kind.SESSIONS,)
    assert clearance.unattested(denied(steps=(ended(T0), reset))) == ()


@pytest.mark.parametrize("what", ["restore", "false_alarm"])
def test_the_clean_up_does_not_look_while_giving_back_is_asked_for(what: Any) -> None:
    asked = ReleaseRequest(asked_by=BOB, asked_at=T0, reason="", what=what)
    assert clearance.next_step_at(denied(no_mint_at=T0, release=asked), TIMING) is None


TIMES = st.timedeltas(timedelta(0), timedelta(days=3)).map(lambda gap: T0 + gap)
RECORDS = st.builds(
    denied,
    written_at=st.none() | TIMES,
    no_mint_at=st.none() | TIMES,
    notice_at=st.none() | TIMES,
    hold_until=st.none() | TIMES,
    hold_open=st.booleans(),
    reach=st.just(reach(T0)),
)


@given(RECORDS, TIMES)
def test_green_is_never_before_twelve_hours_after_written_and_after_no_mint(
    record: Revocation, now: datetime
) -> None:
    if not clearance.red_gates(record, TIMING, now, now):
        assert record.written_at is not None
        assert record.no_mint_at is not None
        assert record.notice_at is not None
        assert now >= record.written_at + timedelta(hours=12, minutes=15)
        assert now >= record.no_mint_at + timedelta(hours=12, minutes=15)
        assert now >= record.notice_at + timedelta(minutes=30)
        assert not record.hold_open


@given(RECORDS, TIMES, TIMES)
def test_a_later_hold_never_brings_the_end_nearer(record: Revocation, one: datetime, other: datetime) -> None:
    short, long = sorted([one, other])
    for end in (clearance.eligible_at, clearance.off_at, clearance.promised_at):
        without, sooner, later = (
            end(replace(record, hold_until=until), TIMING) for until in (None, short, long)
        )
        assert (without is None) == (sooner is None) == (later is None)
        if without and sooner and later:
            assert without <= sooner <= later


@given(RECORDS)
def test_what_people_are_promised_is_never_after_the_real_end(record: Revocation) -> None:
    promised, end = clearance.promised_at(record, TIMING), clearance.off_at(record, TIMING)
    assert (promised is None) == (record.written_at is None)
    if promised and end:
        assert promised <= end


def test_a_hold_shows_in_the_promise_while_access_is_still_left() -> None:
    record = denied(written_at=T0, no_mint_at=None, hold_until=at(hours=24))
    assert clearance.promised_at(record, TIMING) == at(hours=24, minutes=15)


@pytest.mark.parametrize(
    ("changed", "when"),
    [
        ({"no_mint_at": None}, at(hours=12, minutes=15)),
        ({}, at(hours=12, minutes=45)),
        ({"notice_at": at(hours=14)}, at(hours=14, minutes=30)),
        ({"notice_at": at(hours=12, minutes=45)}, at(hours=13, minutes=15)),
        ({"hold_open": True}, None),
        ({"held_because": "Access is left."}, None),
        ({"written_at": None}, None),
        ({"hold_until": at(hours=20)}, at(hours=19, minutes=45)),
        ({"release": ReleaseRequest(asked_by=SYSTEM, asked_at=at(hours=14), reason="proven")}, None),
    ],
)
def test_the_clean_up_looks_next_when_something_is_to_be_done(
    changed: dict[str, object], when: datetime | None
) -> None:
    record = denied(**{"written_at": T0, "no_mint_at": at(hours=1), **changed})
    assert clearance.next_step_at(record, TIMING) == when


@given(RECORDS)
def test_the_next_look_is_never_after_the_end(record: Revocation) -> None:
    step, end = clearance.next_step_at(record, TIMING), clearance.off_at(record, TIMING)
    if step and end:
        assert step <= end


@pytest.mark.parametrize("scale", [1, 60, 720, 3600])
def test_the_time_scale_divides_the_long_waits_and_nothing_else(scale: float) -> None:
    before = (LONGEST_ROLE_SESSION, CONFIRM_WITHIN, WRITE_WITHIN, APPROVE_WITHIN, CLOCKS_AGREE)
    scaled = TIMING.scaled(scale)

    assert {field.name for field in fields(Timing)} == {
        "hold",
        "margin",
        "notice",
        "read_again",
        "follow_up_delay",
        "sessions_end",
    }
    for field in fields(Timing):
        assert getattr(scaled, field.name) == getattr(TIMING, field.name) / scale
    assert before == (LONGEST_ROLE_SESSION, CONFIRM_WITHIN, WRITE_WITHIN, APPROVE_WITHIN, CLOCKS_AGREE)
    assert before == (
        timedelta(hours=12),
        timedelta(minutes=10),
        timedelta(seconds=60),
        timedelta(hours=24),
        timedelta(seconds=60),
    )
