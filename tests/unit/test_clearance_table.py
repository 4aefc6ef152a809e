"""The whole truth table of the 12-hour rule: every combination of the gates, in every mode.

`ROWS` is the product of all switches, so no combination is left out. What must happen is written once more, in
`expected`, from the rule as the design states it, and never from the code.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest

from tests.unit.make import BOB, CAROL, RULES, T0, at, denied, reach
from workers.domain import clearance
from workers.domain.actor import SYSTEM
from workers.domain.clearance import Verdict
from workers.domain.revocation import Diff, ReleaseRequest, Restore, Revocation
from workers.domain.rules import Rules
from workers.domain.step import Attestation, Kind, Step, StepState

NOW = at(hours=30)
LONG_AGO = at(hours=2)
LATELY = NOW - timedelta(hours=12, minutes=14)
MODES = ("when_proven", "ask", "never")


@dataclass(frozen=True)
class Row:
    """One line of the table: what is so, and what is not."""

    no_access: bool
    """G1 proven long ago, and read so now."""
    shut: bool
    """G2 proven long ago, and read so now: sign-in disabled, sessions attested."""
    waited: bool
    """It was written over 12 hours and 15 minutes ago."""
    notice: bool
    """The channel was given the notice over 30 minutes ago."""
    hold_open: bool
    hold_until_later: bool
    clocks_agree: bool
    allowed_hour: bool
    giving_back: bool
    """A restore waits for its second person, or runs."""
    said_yes: bool
    """Somebody gave the click that mode `ask` needs."""
    mode: str


SWITCHES = len(Row.__dataclass_fields__) - 1
SIDES: list[tuple[Any, ...]] = [*[(False, True)] * SWITCHES, MODES]
ROWS = [Row(*values) for values in product(*SIDES)]


def expected(row: Row) -> Verdict:
    """Design, section 6: one of two proofs; 12 hours; a notice; no hold; clocks; hours; and the mode."""
    proven = row.no_access or row.shut
    nothing_against = not (row.hold_open or row.hold_until_later or row.giving_back)
    safe = proven and row.waited and row.notice and nothing_against and row.clocks_agree
    if row.mode == "never" or not safe:
        return Verdict.HELD
    if not row.allowed_hour:
        return Verdict.LATER
    return Verdict.OFF if row.mode == "when_proven" or row.said_yes else Verdict.ASK


def judged(row: Row) -> clearance.Judgement:
    hours = (0, 24) if row.allowed_hour else ((NOW.hour + 1) % 24, (NOW.hour + 2) % 24)
    rules = replace(RULES, clean_up=row.mode, clean_up_hours=hours)
    aws_time = NOW + timedelta(seconds=60 if row.clocks_agree else 61)
    return clearance.judge(record(row), rules, NOW, aws_time)


def record(row: Row) -> Revocation:
    read = reach(NOW, direct=0 if row.no_access else 2, sign_in="DISABLED" if row.shut else "ENABLED")
    return denied(
        written_at=T0 if row.waited else LATELY,
        reach=read,
        no_mint_at=LONG_AGO if row.no_access else None,
        disabled_since=LONG_AGO if row.shut else None,
        steps=(sessions(LONG_AGO) if row.shut else Step(kind=Kind.SESSIONS, state=StepState.OPEN),),
        notice_at=NOW - timedelta(minutes=31) if row.notice else None,
        hold_open=row.hold_open,
        hold_until=at(hours=40) if row.hold_until_later else None,
        release=asked("restore") if row.giving_back else None,
        clean_up_given_by=CAROL if row.said_yes else None,
    )


def sessions(when: datetime) -> Step:
    said = Attestation(by=BOB, at=when, done_by="bob", done_at=when)
    return Step(kind=Kind.SESSIONS, state=StepState.ATTESTED, attested=said, ended_at=when)


def asked(what: str) -> ReleaseRequest:
    return ReleaseRequest(asked_by=BOB, asked_at=at(hours=29), reason="", what=what)  # type: ignore[arg-type]


def test_the_table_is_whole() -> None:
    assert len(ROWS) == len(set(ROWS)) == 2**SWITCHES * len(MODES) == 3072


@pytest.mark.parametrize("mode", MODES)
def test_every_row_ends_as_the_rule_says(mode: str) -> None:
    wrong = [row for row in ROWS if row.mode == mode and judged(row).verdict is not expected(row)]
    assert wrong == []


def test_exactly_these_rows_take_somebody_off_unasked() -> None:
    """One proof, the other, or both; the click of mode `ask` makes no difference where nobody asks for it."""
    off = {row for row in ROWS if judged(row).verdict is Verdict.OFF and row.mode != "ask"}
    best = Row(
        no_access=True,
        shut=True,
        waited=True,
        notice=True,
        hold_open=False,
        hold_until_later=False,
        clocks_agree=True,
        allowed_hour=True,
        giving_back=False,
        said_yes=False,
        mode="when_proven",
    )
    proofs = (best, replace(best, shut=False), replace(best, no_access=False))
    assert off == {replace(row, said_yes=yes) for row in proofs for yes in (False, True)}


def test_whoever_is_held_is_told_why_and_nobody_else_is() -> None:
    for row in ROWS:
        judgement = judged(row)
        assert bool(judgement.gates) == (judgement.verdict is Verdict.HELD)
        assert all(gate.endswith(".") and len(gate) > 20 for gate in judgement.gates)


GREEN = record(next(row for row in ROWS if expected(row) is Verdict.OFF))


def verdict(given: Revocation, rules: Rules = RULES) -> Verdict:
    return clearance.judge(given, rules, NOW, NOW).verdict


@pytest.mark.parametrize("what", ["restore", "false_alarm"])
def test_nobody_comes_off_by_proof_while_giving_back_is_asked_for(what: str) -> None:
    assert verdict(replace(GREEN, release=asked(what))) is Verdict.HELD


def test_nobody_comes_off_by_proof_while_a_restore_runs_and_again_may_once_it_has_ended() -> None:
    running = Restore(
        asked_by=BOB,
        approved_by=CAROL,
        approved_at=LONG_AGO,
        diff=Diff(read_at=T0, entry=1),
        then_release=False,
    )
    assert verdict(replace(GREEN, restore=running)) is Verdict.HELD
    assert verdict(replace(GREEN, restore=replace(running, ended_at=LONG_AGO))) is Verdict.OFF


def test_a_release_that_waits_for_its_second_person_delays_no_proof() -> None:
    assert verdict(replace(GREEN, release=asked("release"))) is Verdict.OFF


def test_a_mode_that_nobody_knows_holds() -> None:
    assert verdict(GREEN, replace(RULES, clean_up="always")) is Verdict.HELD


@pytest.mark.parametrize(
    ("hours", "allowed"),
    [
        (None, True),
        ((8, 18), True),
        ((9, 18), False),
        ((22, 9), True),
        ((22, 8), False),
        ((8, 8), False),
        ((0, 24), True),
    ],
)
def test_the_hours_may_span_midnight(hours: tuple[int, int] | None, allowed: bool) -> None:
    assert clearance.allowed_hour(replace(RULES, clean_up_hours=hours), NOW) is allowed


def test_the_click_of_mode_ask_is_asked_for_by_the_system_and_counts_once_given() -> None:
    rules = replace(RULES, clean_up="ask")
    waiting = ReleaseRequest(asked_by=SYSTEM, asked_at=at(hours=29), reason="", what="clean_up")
    unasked = replace(GREEN, clean_up_given_by=None)
    assert verdict(replace(unasked, release=waiting), rules) is Verdict.ASK
    assert verdict(replace(unasked, clean_up_given_by=CAROL), rules) is Verdict.OFF
