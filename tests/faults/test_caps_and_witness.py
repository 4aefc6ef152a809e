"""What is counted late counts as it was; a file that somebody keeps locked stops no denial and starts no storm.

The records and the use cases are the real ones, on a real Redis; the policy is scripted.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bot.listeners import deny_all
from bot.listeners.denying import Denial
from bot.prompt import Prompt
from bot.silence import silence_after
from tests.sandbox.scripted import Scripted, scripted
from tests.security.test_caps import TWO, asked, at_terminal, press_deny, user_id, waits, who
from tests.unit.make import at
from workers.adapters.witness import FILE, FileWitness
from workers.domain.confirmations import exceeding
from workers.domain.errors import PolicyRefused, StoreAway, StoreUnsure
from workers.domain.revocation import Reason, Revocation, State
from workers.ports import Decide, RevocationStore
from workers.service import containment, intake, reconcile, trouble
from workers.service.world import World

NOW = at(minutes=0)
WRITTEN = {"state": State.DENIED}


def by_terminal(minute: int) -> Revocation:
    return waits(minute, confirmed_by=at_terminal().actor, written_at=at(minutes=minute), **WRITTEN)


def test_who_was_within_the_caps_is_not_above_them_because_it_was_written_late() -> None:
    later = [waits(n, written_at=at(minutes=n), **WRITTEN) for n in (12, 13)]
    assert exceeding(TWO, [waits(1), *later], at(minutes=20)) == {}


def test_what_was_done_at_a_terminal_afterwards_sends_nobody_back() -> None:
    assert exceeding(TWO, [waits(1), *map(by_terminal, range(2, 6))], at(minutes=9)) == {}
    assert list(exceeding(TWO, [waits(8), *map(by_terminal, range(2, 6))], at(minutes=9))) == ["R-AAAAA8"]
    protected = [replace(record, protected=True) for record in (waits(1), by_terminal(3))]
    assert exceeding(TWO, protected, at(minutes=9)) == {}


def test_no_ten_minutes_hold_more_than_the_cap_however_late_the_first_are_written() -> None:
    """Whoever hides the first confirmations until the later ones are written gains none by it."""
    later = [waits(n, written_at=at(minutes=n), **WRITTEN) for n in (8, 10)]
    assert list(exceeding(TWO, [waits(1), *later], at(minutes=12))) == ["R-AAAAA1"]


def test_a_written_one_that_is_dated_ahead_counts() -> None:
    ahead = [waits(n, confirmed_at=at(days=n), written_at=at(minutes=n), **WRITTEN) for n in (1, 2)]
    assert list(exceeding(TWO, [*ahead, waits(5)], at(minutes=9))) == ["R-AAAAA5"]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Scripted]:
    with scripted(tmp_path) as made:
        yield made


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Somebody looks into the file with another tool, and does not let go."""
    hog = sqlite3.connect(directory / FILE, isolation_level=None)
    hog.execute("BEGIN IMMEDIATE")
    yield
    hog.close()


def test_a_witness_that_stays_locked_stops_no_denial_of_many(made: Scripted, tmp_path: Path) -> None:
    made.world = replace(made.world, witness=FileWitness(tmp_path))
    made.world.witness.seen()
    for number in range(24):
        press_deny(made, asked(made, number), who("UBOB"))
    with locked(tmp_path):
        begun = datetime.now()
        containment.contain(made.world)
        took = datetime.now() - begun
    assert made.policy.denied == {user_id(number) for number in range(24)}
    assert took < timedelta(seconds=3)


def test_a_witness_that_stays_locked_starts_no_storm_of_alarms(tmp_path: Path) -> None:
    witness, hour = FileWitness(tmp_path), timedelta(hours=1)
    witness.seen()
    with locked(tmp_path):
        assert witness.first_time("told", NOW, hour)
        assert not witness.first_time("told", NOW + timedelta(minutes=59), hour)
        assert witness.first_time("told", NOW + timedelta(minutes=61), hour)
        assert witness.first_time("another", NOW, hour)
    assert not witness.first_time("told", NOW + timedelta(minutes=62), hour)


def test_a_release_that_waits_for_something_is_not_tried_every_second(made: Scripted) -> None:
    one = asked(made, 1)
    press_deny(made, one, who("UBOB"))
    containment.contain(made.world)
    intake.ask_release(made.world.store, who("UBOB"), one, "all clear")
    intake.approve(made.world.store, who("UCAROL"), one)
    trouble.record(made.world, one, PolicyRefused("audit", "The second audit log takes no entry."))
    made.edit(one, lambda r: replace(r, confirmed_at=made.world.store.now() - timedelta(hours=1)))
    tried: list[World] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(containment, "contain", tried.append)
        for _ in range(3):
            reconcile.settle_policy(made.world)
    assert len(tried) == 1


class Away:
    """The store, and Redis goes away once so many were confirmed."""

    def __init__(self, store: RevocationStore, after: int) -> None:
        self._store, self._left = store, after

    def change(self, revocation_id: str, decide: Decide) -> Revocation | None:
        if not self._left:
            raise StoreAway("Redis could not be reached.")
        self._left -= 1
        return self._store.change(revocation_id, decide)

    def open(self) -> list[Revocation]:
        if not self._left:
            raise StoreAway("Redis could not be reached.")
        return self._store.open()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


@pytest.mark.parametrize(("after", "error"), [(0, StoreAway), (1, StoreUnsure)])
def test_where_redis_goes_away_among_several_it_is_not_said_that_nobody_is_denied(
    made: Scripted, after: int, error: type[StoreAway]
) -> None:
    ids = [asked(made, number) for number in range(3)]
    deps: Any = SimpleNamespace(store=Away(made.world.store, after), rules=made.world.rules, responders=())
    denial = Denial(deps, Prompt(), "revocation_confirm")
    body = {"channel": {"id": "C0SECINC01"}, "container": {"is_ephemeral": True}}
    with pytest.raises(StoreAway) as raised:
        list(deny_all._outcomes(denial, who("UBOB"), body, {"value": " ".join(ids)}))
    assert type(raised.value) is error
    assert [made.record(one).state for one in ids].count(State.CONFIRMED) == after


def test_what_was_recorded_before_redis_went_away_is_not_called_unrecorded() -> None:
    class Gone:
        def marked(self, name: str) -> datetime:
            raise StoreAway("Redis could not be reached.")

    deps: Any = SimpleNamespace(store=Gone())
    with pytest.raises(StoreUnsure):
        silence_after(deps)


def test_a_denial_whose_watch_could_not_be_ended_is_not_called_unrecorded(made: Scripted) -> None:
    first = asked(made, 1)
    press_deny(made, first, who("UBOB"))
    made.edit(first, lambda r: replace(r, state=State.WATCHED))
    second = asked(made, 1)
    reason = Reason(by=who("UBOB").actor, text=f"denied again after {first}", at=NOW)
    made.edit(second, lambda r: replace(r, reasons=(reason,)))
    store: Any = Away(made.world.store, 1)
    with pytest.raises(StoreUnsure):
        intake.confirm(store, who("UBOB"), second, None)
    assert made.record(second).state is State.CONFIRMED
