"""The 12-hour rule: exactly when a user ID may come off the Deny policy, and that it is never early."""

import random
from dataclasses import fields, replace
from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.make import T0, at, denied, reach
from workers.domain import clearance
from workers.domain.revocation import SYSTEM, Reach, ReleaseRequest, Revocation
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
        ("direct", "Access is left: 1 direct assignment. Remove it"),
        ("through groups", "Access is left: 2 assignments through groups. Remove it"),
        ("entitlements", "Access is left: 1 account-access entitlement. Remove it"),
        ("unread", "What access is left could not be read: AWS said no."),
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
    record = replace(clearance.with_reach(record, reach(at(hours=5))), notice_at=at(hours=12))
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


# A portal session outlives everything here, so while access is left it may mint role credentials at any minute.
# All times in minutes; access windows last at least one reading interval, so that a reading falls into each.

_READ_EVERY = 15
_END = 90 * 60


def _windows(dice: random.Random) -> list[tuple[int, int]]:
    """When the target had access: from the start for a while, then perhaps again, and again."""
    windows, start = [], -dice.randint(0, 600)
    for _ in range(dice.randint(1, 3)):
        length = dice.choice([_READ_EVERY, dice.randint(_READ_EVERY, 90), dice.randint(60, 900)])
        windows.append((start, start + length))
        start += length + dice.choice([1, _READ_EVERY, dice.randint(1, 1500)])
    return windows


def _minted_until(dice: random.Random, windows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The credentials: when minted, and until when they live. The worst one is always among them."""
    made = []
    for start, end in windows:
        times = [dice.randint(start, end) for _ in range(dice.randint(0, 3))]
        made.extend((minted, minted + dice.randint(60, 720)) for minted in times)
        made.append((end, end + 720))
    return made


def _access(windows: list[tuple[int, int]], minute: int) -> bool:
    return any(start <= minute <= end for start, end in windows)


def _comes_off(dice: random.Random, windows: list[tuple[int, int]]) -> int | None:
    """Plays the clean-up by its real rules; returns the minute in which the ID came off."""
    record, minute = denied(written_at=T0), dice.randint(0, _READ_EVERY - 1)
    while minute < _END:
        now = at(minutes=minute)
        unread = ("throttled",) if dice.random() < 0.01 else ()
        record = clearance.with_reach(record, reach(now, direct=int(_access(windows, minute)), unread=unread))
        eligible = clearance.eligible_at(record, TIMING)
        if eligible and record.notice_at is None and now >= eligible - TIMING.notice:
            record = replace(record, notice_at=now)
        aws_time = now + timedelta(seconds=dice.randint(-60, 60))
        if record.notice_at and not clearance.red_gates(record, TIMING, now, aws_time):
            return minute
        minute = _next_reading(record, eligible, windows, minute)
    return None


def _next_reading(
    record: Revocation, eligible: datetime | None, windows: list[tuple[int, int]], minute: int
) -> int:
    """The next reading that can tell anything new: those between leave the record as it is."""
    if eligible is None or record.notice_at is not None:
        return minute + _READ_EVERY
    news = [
        int((eligible - TIMING.notice - T0).total_seconds() // 60),
        *(w[0] for w in windows if w[0] > minute),
    ]
    return minute + max(1, -(-(min(news) - minute) // _READ_EVERY)) * _READ_EVERY


def test_in_ten_thousand_histories_no_live_credential_is_ever_off_the_list() -> None:
    came_off = 0
    for seed in range(10_000):
        dice = random.Random(seed)
        windows = _windows(dice)
        minute = _comes_off(dice, windows)
        if minute is not None:
            came_off += 1
            live = [
                made
                for made in _minted_until(dice, windows)
                if made[0] <= minute < made[1]  # minted before it came off, and still good
            ]
            assert not live, f"seed {seed}: off at {minute}, windows {windows}, live {live}"
    assert came_off > 8_000


def test_access_that_came_and_went_between_two_readings_is_not_seen_and_that_is_the_limit() -> None:
    """Stated, not hidden: what is granted and taken away again within 15 minutes leaves no trace in a reading."""
    record = denied(written_at=T0)
    for minute in range(0, 780, _READ_EVERY):
        record = clearance.with_reach(
            record, reach(at(minutes=minute), direct=int(_access([(706, 719)], minute)))
        )
    assert record.no_mint_at == T0
