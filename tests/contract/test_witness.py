"""What was seen of the records, in a file: shared by processes, and never in the way."""

import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from workers.adapters.witness import FILE, FileWitness
from workers.domain.actor import Actor
from workers.domain.revocation import State
from workers.domain.witnessed import Seen
from workers.ports import Addition

NOW = datetime(2026, 1, 1, 3, tzinfo=UTC)
ONE = Seen(revocation_id="R-AAAAAA", seq=3, mac="m3", state=State.DENIED, user_id="alice", slack_id="UALICE")
NEXT = replace(ONE, seq=4, mac="m4")
BOB = Actor(kind="slack", id="UBOB", name="bob")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "var"


def test_what_was_seen_is_there_for_the_next_process(directory: Path) -> None:
    FileWitness(directory).moved([(None, ONE)])
    assert FileWitness(directory).seen() == {"R-AAAAAA": ONE}
    assert stat.S_IMODE((directory / FILE).stat().st_mode) == 0o600


def test_two_that_run_at_once_see_each_others_moves(directory: Path) -> None:
    one, other = FileWitness(directory), FileWitness(directory)
    assert (one.seen(), other.seen()) == ({}, {})
    one.moved([(None, ONE)])
    assert other.seen() == {"R-AAAAAA": ONE}
    other.moved([(ONE, NEXT)])
    assert one.seen() == {"R-AAAAAA": NEXT}


def test_a_move_from_what_is_no_longer_remembered_changes_nothing(directory: Path) -> None:
    one, late = FileWitness(directory), FileWitness(directory)
    one.moved([(None, ONE)])
    one.moved([(ONE, NEXT)])
    late.moved([(ONE, replace(ONE, seq=9, mac="m9")), (None, replace(ONE, seq=1, mac="m1"))])
    assert one.seen() == late.seen() == {"R-AAAAAA": NEXT}


def test_each_addition_counts_once_and_old_ones_are_forgotten(directory: Path) -> None:
    witness = FileWitness(directory)
    addition = Addition(revocation_id="R-AAAAAA", by=BOB, at=NOW, alone=True, protected=True)
    witness.adding(addition)
    witness.adding(replace(addition, at=NOW + timedelta(hours=1)))
    assert FileWitness(directory).additions(NOW) == [addition]
    assert witness.additions(NOW + timedelta(seconds=1)) == []
    witness.first_time("anything", NOW + timedelta(days=9), timedelta(hours=1))
    assert witness.additions(NOW) == []


def test_something_is_the_first_time_once_within_its_span_for_all(directory: Path) -> None:
    hour, one, other = timedelta(hours=1), FileWitness(directory), FileWitness(directory)
    assert one.first_time("told", NOW, hour)
    assert not other.first_time("told", NOW + timedelta(minutes=59), hour)
    assert other.first_time("told", NOW + timedelta(minutes=61), hour)
    assert one.first_time("another", NOW, hour)


def test_something_lasts_from_its_first_naming_until_it_is_over(directory: Path) -> None:
    witness = FileWitness(directory)
    assert witness.since("away", NOW) == NOW
    assert witness.since("away", NOW + timedelta(minutes=5)) == NOW
    witness.over("away")
    assert witness.since("away", NOW + timedelta(minutes=6)) == NOW + timedelta(minutes=6)


def remembers_alone(witness: FileWitness) -> None:
    """In memory, it does all it does in a file, for as long as the process lives."""
    assert witness.seen() == {}
    witness.moved([(None, ONE)])
    witness.moved([(ONE, NEXT)])
    assert witness.seen() == {"R-AAAAAA": NEXT}
    witness.adding(Addition(revocation_id="R-AAAAAA", by=BOB, at=NOW, alone=True))
    assert len(witness.additions(NOW)) == 1
    assert witness.first_time("told", NOW, timedelta(hours=1))
    assert not witness.first_time("told", NOW, timedelta(hours=1))
    assert not witness.lasting


def test_where_no_file_can_be_made_memory_serves_and_it_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "var").write_text("no directory")
    remembers_alone(FileWitness(tmp_path / "var"))
    assert "witness_in_memory" in caplog.text


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_file_that_is_broken_is_left_alone_and_memory_serves(directory: Path, content: bytes) -> None:
    directory.mkdir()
    (directory / FILE).write_bytes(content)
    remembers_alone(FileWitness(directory))
    assert (directory / FILE).read_bytes() == content


def test_a_file_that_breaks_on_the_way_loses_nothing_that_was_seen(directory: Path) -> None:
    witness = FileWitness(directory)
    assert witness.lasting
    witness.moved([(None, ONE)])
    assert witness._file is not None
    witness._file.close()
    witness.moved([(ONE, NEXT)])
    assert witness.seen() == {"R-AAAAAA": NEXT}
    assert not witness.lasting


def test_a_file_that_somebody_keeps_busy_holds_nothing_up_for_long(directory: Path) -> None:
    witness, begun = FileWitness(directory), datetime.now(UTC)
    witness.moved([(None, ONE)])
    hog = sqlite3.connect(directory / FILE, isolation_level=None)
    hog.execute("BEGIN EXCLUSIVE")
    witness.moved([(ONE, NEXT)])
    assert witness.seen() == {"R-AAAAAA": ONE}
    hog.execute("COMMIT")
    assert datetime.now(UTC) - begun < timedelta(seconds=2)
    witness.moved([(ONE, NEXT)])
    assert (witness.seen(), witness.lasting) == ({"R-AAAAAA": NEXT}, True)


def test_threads_and_processes_lose_no_move(directory: Path) -> None:
    """Four threads here and two processes beside them, each with revocations of its own."""
    code = (
        "import sys; from pathlib import Path; from tests.contract.test_witness import many; "
        "many(Path(sys.argv[1]), sys.argv[2])"
    )
    here = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    beside = [
        subprocess.Popen([sys.executable, "-c", code, str(directory), name], env=here) for name in ("P", "Q")
    ]
    threads = [Thread(target=many, args=(directory, name)) for name in "ABCD"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(60) for process in beside] == [0, 0]
    seen = FileWitness(directory).seen()
    assert len(seen) == 6 * 10
    assert {one.seq for one in seen.values()} == {5}


def many(directory: Path, name: str) -> None:
    witness = FileWitness(directory)
    for number in range(10):
        before: Seen | None = None
        for seq in range(1, 6):
            now = replace(ONE, revocation_id=f"R-{name}{number}", seq=seq, mac=f"m{seq}")
            while witness.seen().get(now.revocation_id) != now:
                witness.moved([(before, now)])
            before = now
