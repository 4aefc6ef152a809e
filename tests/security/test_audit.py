"""The audit log: every tampering is found at its first bad entry, and nobody comes off the list off the record."""

import contextlib
import io
import json
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.faults.test_off_the_list import notes, proven
from tests.faults.test_restore import held, taken
from tests.sandbox.installation import ROOT, Installation
from tests.sandbox.scripted import Scripted, confirmed, denied, item, scripted, who
from tests.scenarios.steps import deny, newcomer
from tests.security.tampered import KINDS, LOG, Journal, digest_of, raw
from tests.unit.make import RULES, at
from tests.unit.make import denied as denied_record
from workers.adapters.audit_lines import sink_line, sunk
from workers.adapters.audit_log import Signed
from workers.adapters.audit_sink import FileSink, StdoutSink
from workers.adapters.redis_journal import HEADS, JOURNAL, Export
from workers.cards import moments
from workers.cli import audit as cli
from workers.domain.audit import Digest, stated
from workers.domain.audit_entry import BadEntry, Line
from workers.domain.audit_trail import Scope
from workers.domain.errors import Refused, StoreAway
from workers.domain.revocation import DirectoryUser, Note, State, TargetRef
from workers.domain.step import Kind
from workers.lines import Lines
from workers.service import clean_up, containment, intake, second_sink, telling
from workers.service import restore as restore_
from workers.service.intake import Request, Statement

# ---------------------------------------------------------------- tampered exports


def first_bad(file: Path, *posted: Digest) -> int | None:
    """The line that `audit verify` names; None: all is as it was written."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            cli._files([file], {digest.entries: digest for digest in posted}, LOG)
        except Refused as refused:
            return bad_entry(refused).line
    return None


def bad_entry(refused: Refused) -> BadEntry:
    if not isinstance(refused.__cause__, BadEntry):
        raise refused
    return refused.__cause__


def found_at_the_first(folder: Path, tampered: int) -> str:
    """Tamper with this many exports, each kind as often; raises AssertionError where one is not found as it must be."""
    kinds, file = dict[str, int](), folder / "tampered.jsonl"
    for number in range(tampered):
        kind = KINDS[number % len(KINDS)]
        dice = random.Random(f"{kind.__name__} {number}")
        lines, bad = kind(dice, Journal(dice, dice.randint(8, 24)))
        file.write_bytes(b"".join(lines))
        assert first_bad(file) == bad, (kind.__name__, number, first_bad(file), bad)
        kinds[kind.__name__] = kinds.get(kind.__name__, 0) + 1
    return f"{tampered:,} tampered audit logs of {len(kinds)} kinds: all found, each at the first bad entry"


def figures() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield found_at_the_first(Path(folder), 1_000)


def test_tampered_exports_are_found_at_the_first_bad_entry(tmp_path: Path) -> None:
    assert "all found" in found_at_the_first(tmp_path, 20 * len(KINDS))


def test_an_export_that_nobody_touched_is_good(tmp_path: Path) -> None:
    for seed in range(20):
        (tmp_path / "export.jsonl").write_bytes(b"".join(Journal(random.Random(seed), 20).file()))
        assert first_bad(tmp_path / "export.jsonl") is None


def test_a_line_that_says_the_same_in_other_letters_is_named_too(tmp_path: Path) -> None:
    """What is not as we wrote it was touched, whatever it reads as; and what is added would be signed by nobody."""
    file = exported(tmp_path, Journal(random.Random(7), 12))
    lines = file.read_text().splitlines()
    for number, changed in ((3, lines[2].replace(":", ": ", 1)), (4, lines[3][:-1] + ',"by":"nobody"}')):
        file.write_text("\n".join([*lines[: number - 1], changed, *lines[number:]]) + "\n")
        assert first_bad(file) == number


def exported(tmp_path: Path, journal: Journal) -> Path:
    file = tmp_path / "export.jsonl"
    file.write_bytes(b"".join(journal.file()))
    return file


def test_a_digest_that_was_posted_before_shows_what_an_export_of_afterwards_cannot(tmp_path: Path) -> None:
    """Redis was put back to before its last entries, journal and heads too, and exported then: all of it is signed."""
    journal = Journal(random.Random(1), 20)
    posted = journal.digest
    put_back = Journal(random.Random(1), 20)
    put_back.lines = put_back.lines[:15]

    file = exported(tmp_path, put_back)
    assert first_bad(file) is None
    assert first_bad(file, posted) == 17


def test_a_log_that_went_on_after_it_was_put_back_shows_by_the_digest_too(tmp_path: Path) -> None:
    journal = Journal(random.Random(1), 20)
    other = Journal(random.Random(2), 30)
    file = exported(tmp_path, other)
    assert first_bad(file, digest_of(other.lines[:20])) is None
    assert first_bad(file, journal.digest) == 21


def test_each_log_vouches_for_the_others_by_the_digests_that_were_posted(tmp_path: Path) -> None:
    journal = Journal(random.Random(3), 12)
    journal.write("R-AAAAAA", digest=str(journal.digest))
    assert first_bad(exported(tmp_path, journal)) is None

    lying = Journal(random.Random(3), 12)
    lying.write("R-AAAAAA", digest=f"{len(lying.lines)}:{'0' * 16}")
    assert first_bad(exported(tmp_path, lying)) == 13

    too_few = Journal(random.Random(3), 12)
    too_few.write("R-AAAAAA", digest=str(Digest(40, "0" * 16)))
    assert first_bad(exported(tmp_path, too_few)) == 14


def test_a_file_that_holds_no_entry_is_not_called_good(tmp_path: Path) -> None:
    (tmp_path / "empty.log").write_text('{"message": "started"}\n')
    with pytest.raises(Refused, match=r"empty.log: no entry of an audit log"):
        cli._files([tmp_path / "empty.log"], {}, LOG)


def test_what_a_digest_looks_like() -> None:
    assert stated(" 132:8f3a12bc90de41aa\n") == Digest(132, "8f3a12bc90de41aa")
    assert str(Digest(132, "8f3a12bc90de41aa", 12)) == "132:8f3a12bc90de41aa"
    assert [stated(wrong) for wrong in ("132", "132:8f3a", "x:8f3a12bc90de41aa", None, 5)] == [None] * 5


# ---------------------------------------------------------------- outputs of processes


def output(tmp_path: Path, name: str, lines: Iterable[Line], *, noise: bool = True) -> Path:
    file = tmp_path / name
    said = [b'{"message": "started"}\n'] if noise else []
    file.write_bytes(b"".join([*said, *(b"2026-11-24 stdout F " + raw(sink_line(line)) for line in lines)]))
    return file


def bad_output(files: list[Path]) -> BadEntry | None:
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            cli._files(files, {}, LOG)
        except Refused as refused:
            return bad_entry(refused)
    return None


def test_outputs_of_several_processes_are_one_log_in_any_order_and_with_repetitions(tmp_path: Path) -> None:
    lines = Journal(random.Random(5), 40).lines
    bot = output(tmp_path, "bot.log", [*reversed(lines[::2]), lines[0]])
    workers = output(tmp_path, "workers.log", [*lines[1::2], replace(lines[7], n=None)])
    assert bad_output([bot, workers]) is None
    missing = bad_output([workers])
    assert missing is not None
    assert (missing.why, missing.line > 1) == ("missing", True)


def test_an_entry_taken_out_of_an_output_is_missed(tmp_path: Path) -> None:
    lines = Journal(random.Random(6), 40).lines
    gone = next(
        n for n, line in enumerate(lines[8:-8], start=8) if any(o.log == line.log for o in lines[n + 1 :])
    )
    after = next(n for n, line in enumerate(lines) if n > gone and line.log == lines[gone].log)
    bad = bad_output([output(tmp_path, "workers.log", lines[:gone] + lines[gone + 1 :])])
    assert bad is not None
    assert (bad.why, bad.log, bad.line) == ("missing", lines[gone].log, after + 1)


def test_two_entries_of_one_number_show_that_a_log_was_cut_back(tmp_path: Path) -> None:
    journal = Journal(random.Random(7), 12)
    other = journal.next("R-AAAAAA", other=True)
    journal.write("R-AAAAAA")
    bad = bad_output([output(tmp_path, "workers.log", [*journal.lines, other])])
    assert bad is not None
    assert (bad.why, bad.line) == ("fork", 15)


def test_an_entry_that_redis_may_not_have_taken_is_no_fork(tmp_path: Path) -> None:
    journal = Journal(random.Random(7), 12)
    other = replace(journal.next("R-AAAAAA", other=True), n=None, unsure=True)
    journal.write("R-AAAAAA")
    journal.write("R-AAAAAA")
    assert bad_output([output(tmp_path, "workers.log", [*journal.lines, other])]) is None
    assert bad_output([output(tmp_path, "workers.log", [other, *journal.lines])]) is None


def test_a_changed_line_of_an_output_is_named(tmp_path: Path) -> None:
    lines = Journal(random.Random(8), 10).lines
    lines[4] = replace(lines[4], text=(lines[4].text or "").replace("bob", "eve").replace("carol", "eve"))
    bad = bad_output([output(tmp_path, "workers.log", lines)])
    assert bad is not None
    assert (bad.why, bad.line, "line 6 of workers.log" in str(bad)) == ("signature", 6, True)


def test_what_an_output_has_and_an_export_lacks_was_cut_off(tmp_path: Path) -> None:
    journal = Journal(random.Random(9), 20)
    workers = output(tmp_path, "workers.log", journal.lines, noise=False)
    short = Journal(random.Random(9), 20)
    gone = short.lines.pop()
    short.write(next(str(line.log) for line in short.lines if line.log != gone.log), again=True)
    file = exported(tmp_path, short)
    assert first_bad(file) is None
    bad = bad_output([file, workers])
    assert bad is not None
    assert (bad.why, bad.line) == ("not exported", 20)


def test_what_came_after_the_export_is_not_missed(tmp_path: Path) -> None:
    journal = Journal(random.Random(9), 20)
    file = exported(tmp_path, journal)
    journal.write("R-AAAAAA")
    journal.write("R-NEWNEW")
    assert bad_output([file, output(tmp_path, "workers.log", journal.lines)]) is None


# ---------------------------------------------------------------- the logs in Redis


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Scripted]:
    with scripted(tmp_path / "data", provider=True) as made:
        made.give(Kind.ASSIGNMENTS, item("a1"), item("a2"))
        yield made


def redis_of(aws: Scripted) -> Redis:
    redis: Redis = aws.world.store._redis  # type: ignore[attr-defined]
    return redis


def export_of(aws: Scripted, **scope: Any) -> list[Line]:
    log = aws.world.store._log  # type: ignore[attr-defined]
    return list(Export(redis_of(aws), log).lines(Scope(**scope)))


def verified(aws: Scripted, *posted: Digest) -> BadEntry | None:
    log = aws.world.store._log  # type: ignore[attr-defined]
    given = {digest.entries: digest for digest in posted}
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            cli._whole("Redis", log, Scope(), given, lambda: cli._numbered(export_of(aws)))
        except Refused as refused:
            return bad_entry(refused)
    return None


def test_what_was_written_is_exported_in_the_order_of_writing(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    telling.show(aws.world, revocation_id)
    lines = export_of(aws)
    assert [line.n for line in lines] == list(range(1, len(lines) + 1))
    assert {line.log for line in lines} == {revocation_id}
    assert [line.mac for line in lines] == [
        fields[b"m"].decode() for _, fields in redis_of(aws).xrange(f"revoke:log:{revocation_id}")
    ]
    assert verified(aws) is None
    digest = aws.world.store.digest()
    assert (digest.entries, digest.logs) == (len(lines), 1)
    assert digest == digest_of(lines)


def state_of(redis: Redis) -> dict[bytes, bytes]:
    kept = [JOURNAL, HEADS, *redis.scan_iter("revoke:log:*")]
    return {k if isinstance(k, bytes) else k.encode(): redis.dump(k) for k in kept}


def put_back(redis: Redis, state: dict[bytes, bytes]) -> None:
    for key in redis.scan_iter("revoke:log:*"):
        redis.delete(key)
    for key, value in state.items():
        redis.restore(key, 0, value, replace=True)


def test_newest_entries_cut_off_with_journal_and_heads_show_by_what_the_thread_was_told(
    aws: Scripted,
) -> None:
    revocation_id = denied(aws.world)
    before = state_of(redis_of(aws))
    telling.show(aws.world, revocation_id)
    posted = aws.world.store.digest()

    put_back(redis_of(aws), before)
    assert verified(aws) is None
    bad = verified(aws, posted)
    assert bad is not None
    assert bad.why == "cut off"

    while aws.world.store.digest().entries < posted.entries:
        aws.edit(revocation_id, lambda record: replace(record, still_looking="x"))
    bad = verified(aws, posted)
    assert bad is not None
    assert bad.why == "digest"


def test_a_whole_log_taken_out_of_redis_with_its_journal_shows_by_the_digest_in_another_log(
    aws: Scripted,
) -> None:
    first = denied(aws.world)
    telling.show(aws.world, first)
    redis = redis_of(aws)
    second = denied_of(aws, "b1b2c3d4-aaaa-bbbb-cccc-00000000000b")
    telling.show(aws.world, second)
    assert verified(aws) is None

    redis.delete(f"revoke:log:{first}")
    redis.hdel(HEADS, first)
    for id_, fields in redis.xrange(JOURNAL):
        if fields[b"l"].decode() == first:
            redis.xdel(JOURNAL, id_)
    bad = verified(aws)
    assert bad is not None
    assert bad.why == "digest"


def denied_of(aws: Scripted, user_id: str) -> str:
    request = Request(targets=(TargetRef(kind="user_id", value=user_id),), reason="", channel="C0SECINC01")
    [asked] = intake.ask(aws.world.store, who("UBOB"), request)
    user = DirectoryUser(user_id=user_id, user_name="somebody")
    aws.edit(asked.revocation.id, lambda record: replace(record, user=user))
    intake.confirm(aws.world.store, who("UBOB"), asked.revocation.id, aws.world.rules.caps)
    containment.contain(aws.world, asked.revocation.id)
    return asked.revocation.id


@pytest.mark.parametrize("what", ["entry", "row", "text", "log", "stray", "twice", "journal"])
def test_what_is_changed_in_redis_alone_is_named(aws: Scripted, what: str) -> None:
    revocation_id = denied(aws.world)
    telling.show(aws.world, revocation_id)
    redis, key = redis_of(aws), f"revoke:log:{revocation_id}"
    entries, rows = redis.xrange(key), redis.xrange(JOURNAL)
    expected = {
        "entry": ("missing", 3),
        "row": ("journal", 3),
        "text": ("signature", len(entries)),
        "log": ("missing", 1),
        "stray": ("journal", len(entries) + 1),
        "twice": ("journal", len(entries) + 1),
        "journal": ("journal", 1),
    }
    match what:
        case "entry":
            redis.xdel(key, entries[2][0])
        case "row":
            redis.xdel(JOURNAL, rows[2][0])
        case "text":
            redis.xdel(key, entries[-1][0])
            redis.xadd(key, {"e": entries[-1][1][b"e"].replace(b"UBOB", b"UEVE"), "m": entries[-1][1][b"m"]})
        case "log":
            redis.delete(key)
        case "stray":
            record = aws.record(revocation_id)
            log, last = aws.world.store._log, entries[-1][1]  # type: ignore[attr-defined]
            before = Signed(last[b"e"].decode(), last[b"m"].decode())
            made = log.entry(before, replace(record, seq=record.seq + 1), "x", record.requested_by, {}, at())
            redis.xadd(key, {"e": made.text, "m": made.mac})
        case "twice":
            redis.xadd(key, entries[-1][1])
        case "journal":
            redis.delete(JOURNAL)
    bad = verified(aws)
    assert bad is not None
    assert (bad.why, bad.line) == expected[what], str(bad)


def test_entries_of_a_version_without_a_journal_are_exported_and_counted_and_not_called_bad(
    aws: Scripted, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As an older version wrote them: not in the journal, and not saying that they are."""
    log = aws.world.store._log  # type: ignore[attr-defined]
    real = type(log).mac
    with monkeypatch.context() as patch:
        patch.setattr(type(log), "entry", _as_before(type(log).entry, real))
        patch.setattr("workers.adapters.redis_journal.add", lambda pipe, *_: pipe.xlen(JOURNAL))
        revocation_id = confirmed(aws.world)
    containment.contain(aws.world, revocation_id)
    telling.show(aws.world, revocation_id)
    assert verified(aws) is None
    lines = export_of(aws)
    assert [line.n for line in lines][:4] == [None, None, None, 1]
    cli._whole("Redis", log, Scope(), {}, lambda: cli._numbered(export_of(aws)))
    assert "3 of them are of a version that kept no journal" in capsys.readouterr().out


def _as_before(entry: Any, mac: Any) -> Any:
    def older(self: Any, *given: Any) -> Any:
        signed = entry(self, *given)
        said = json.loads(signed.text)
        del said["journal"]
        text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return replace(signed, text=text, mac=mac(self, text))

    return older


@pytest.mark.parametrize("spoil", ["string", "full"])
def test_a_journal_that_takes_nothing_stops_no_denial(aws: Scripted, spoil: str) -> None:
    redis = redis_of(aws)
    if spoil == "string":
        redis.set(JOURNAL, "x")
        redis.set(HEADS, "x")
    else:
        redis.xadd(JOURNAL, {"l": "x"}, id="18446744073709551615-18446744073709551615")
    revocation_id = denied(aws.world)
    assert aws.record(revocation_id).state is State.DENIED
    assert verified(aws) is not None


def test_an_export_while_others_write_is_whole(aws: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.adapters.redis_journal._ROWS", 3)
    revocation_id = denied(aws.world)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            aws.edit(revocation_id, lambda record: replace(record, still_looking=str(time.monotonic())))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(15):
            assert verified(aws) is None
    finally:
        stop.set()
        writer.join()


# ---------------------------------------------------------------- the digest in the thread


def test_each_denial_and_release_carries_the_digest_and_goes_out_without_one() -> None:
    for kind in ("denied", "denied_again", "off", "break_glass"):
        note = Note(kind=kind, at=at(), broadcast=True)
        with_it = moments.render(denied_record(), note, RULES, Digest(132, "8f3a12bc90de41aa", 12))
        without = moments.render(denied_record(), note, RULES)
        assert "Audit digest 132:8f3a12bc90de41aa (132 entries in 12 logs)" in repr(with_it.blocks)
        assert "The audit digest could not be read." in repr(without.blocks)
        assert with_it.text == without.text


def test_a_digest_that_cannot_be_read_keeps_no_note_back(
    aws: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    revocation_id = denied(aws.world)

    def away() -> Digest:
        raise StoreAway("Redis is away.")

    monkeypatch.setattr(aws.world.store, "digest", away)
    telling.show(aws.world, revocation_id)
    assert "told_denied" in aws.events(revocation_id)


# ---------------------------------------------------------------- a second sink that takes nothing

FULL = Path("/dev/full")


def break_sink(aws: Scripted) -> Path:
    works, aws.sink.path = aws.sink.path, FULL
    return works


def test_a_broken_sink_stops_no_denial_and_no_removal_of_access(aws: Scripted) -> None:
    break_sink(aws)
    revocation_id = taken(aws)
    assert aws.record(revocation_id).state is State.DENIED
    assert aws.policy.denied
    assert held(aws, Kind.ASSIGNMENTS) == []


def released(aws: Scripted, revocation_id: str) -> None:
    intake.ask_release(aws.world.store, who("UBOB"), revocation_id, "over")
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    containment.contain(aws.world, revocation_id)


def test_a_release_waits_for_the_sink_is_told_and_goes_on_when_the_sink_is_back(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    works = break_sink(aws)
    released(aws, revocation_id)
    record = aws.record(revocation_id)
    assert record.state is State.RELEASING
    assert aws.policy.denied
    assert record.trouble is not None
    assert (record.trouble.code, record.trouble.sentence) == ("audit", second_sink.SENTENCE)
    assert [note.kind for note in record.notes if note.broadcast][-1] == "not_denied"

    containment.contain(aws.world)
    assert aws.policy.denied

    aws.sink.path = works
    containment.contain(aws.world)
    assert aws.record(revocation_id).state is State.RELEASED
    assert not aws.policy.denied
    assert '"released_by"' in json.loads(works.read_text().splitlines()[-1])["audit"]["e"]


def test_a_release_approved_while_the_sink_was_broken_is_handed_over_before_they_come_off(
    aws: Scripted,
) -> None:
    revocation_id = denied(aws.world)
    works = break_sink(aws)
    intake.ask_release(aws.world.store, who("UBOB"), revocation_id, "over")
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    aws.sink.path = works
    containment.contain(aws.world, revocation_id)
    events = [json.loads(json.loads(line)["audit"]["e"])["event"] for line in works.read_text().splitlines()]
    assert events.index("release_approved") < events.index("taken_off")
    assert aws.record(revocation_id).state is State.RELEASED


def test_one_whose_release_cannot_be_recorded_stays_while_another_is_denied_in_the_same_write(
    aws: Scripted,
) -> None:
    revocation_id = denied(aws.world)
    break_sink(aws)
    intake.ask_release(aws.world.store, who("UBOB"), revocation_id, "over")
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    other = denied_of(aws, "b1b2c3d4-aaaa-bbbb-cccc-00000000000b")
    assert aws.record(other).state is State.DENIED
    assert len(aws.policy.denied) == 2


def test_the_clean_up_holds_while_the_sink_takes_nothing(tmp_path: Path) -> None:
    with scripted(tmp_path) as aws:
        revocation_id = proven(aws)
        break_sink(aws)
        aws.edit(revocation_id, lambda record: record)
        clean_up.clean_up(aws.world, revocation_id)
        record = aws.record(revocation_id)
        assert (record.state, record.held_because) == (State.DENIED, second_sink.SENTENCE)
        assert aws.policy.denied
        assert "held" in notes(aws, revocation_id)


def test_a_sink_that_breaks_at_the_last_moment_keeps_a_proven_one_denied(tmp_path: Path) -> None:
    with scripted(tmp_path) as aws:
        revocation_id = proven(aws)
        works = break_sink(aws)
        clean_up.clean_up(aws.world, revocation_id)
        assert aws.record(revocation_id).state is State.RELEASING
        assert aws.policy.denied
        aws.sink.path = works
        containment.contain(aws.world)
        assert aws.record(revocation_id).state is State.WATCHED


def test_giving_back_waits_for_the_sink_is_told_once_and_goes_on(aws: Scripted) -> None:
    revocation_id = taken(aws)
    intake.attest(aws.world.store, who("UCAROL"), revocation_id, Kind.SESSIONS, Statement())
    intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "needed", nothing_lost=True)
    restore_.restore(aws.world, revocation_id)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    works = break_sink(aws)
    restore_.restore(aws.world, revocation_id)
    restore_.restore(aws.world, revocation_id)
    assert held(aws, Kind.ASSIGNMENTS) == []
    assert notes(aws, revocation_id).count("audit_waits") == 1

    aws.sink.path = works
    restore_.restore(aws.world, revocation_id)
    assert held(aws, Kind.ASSIGNMENTS) == ["a1", "a2"]


# ---------------------------------------------------------------- the sink itself

LINE = Line(text='{"id":"R-AAAAAA","x":"é\u2028' + "x" * 2000 + '"}', mac="0" * 64, n=1)


def test_a_sink_that_cannot_take_says_so_and_never_raises(tmp_path: Path) -> None:
    assert FileSink(tmp_path / "new" / "audit.jsonl").take(LINE)
    assert not FileSink(FULL).take(LINE)
    assert not FileSink(tmp_path).take(LINE)
    reading, writing = os.pipe()
    os.close(reading)
    assert not StdoutSink(writing).take(LINE)
    os.close(writing)
    assert not StdoutSink(writing).take(LINE)
    full = os.open(FULL, os.O_WRONLY)
    assert not Lines(full).line("x")
    os.close(full)


def test_an_output_that_nobody_reads_is_given_up_soon_and_used_again_when_somebody_does() -> None:
    reading, writing = os.pipe()
    try:
        lines, begun = Lines(writing), time.monotonic()
        while lines.line("x" * 5000):
            pass
        for _ in range(50):
            assert not lines.line("y" * 5000)
        assert time.monotonic() - begun < 5
        drained = b""
        os.set_blocking(reading, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                drained += os.read(reading, 1 << 16)
        assert lines.line("back")
        assert os.read(reading, 1 << 16).split(b"\n")[-2] == b"back"
    finally:
        os.close(reading)
        os.close(writing)


def test_what_an_output_did_not_take_comes_once_it_takes_again() -> None:
    reading, writing = os.pipe()
    try:
        sink, many = StdoutSink(writing), [replace(LINE, n=n, mac=f"{n:064d}") for n in range(200)]
        taken = [line for line in many if sink.take(line)]
        assert 0 < len(taken) < len(many)
        whole, read = bytearray(), threading.Event()
        drain = threading.Thread(target=lambda: whole.extend(_until_end(reading, read)))
        drain.start()
        assert read.wait(10), (
            "there is room only once somebody has read: after a line was given up none waits for it"
        )
        assert sink.take(replace(LINE, n=200, mac="f" * 64))
        os.close(writing)
        drain.join()
        found = [line.n for line in sunk(whole.decode().split("\n"))]
        assert sorted(found, key=lambda n: n or 0) == list(range(201))
    finally:
        os.close(reading)


def _until_end(reading: int, begun: threading.Event) -> bytes:
    """All that comes until the other end is closed; `begun` is set with the first of it."""
    read = b""
    while more := os.read(reading, 1 << 16):
        read += more
        begun.set()
    return read


def _write_many(writing: int, name: str) -> None:
    lines = Lines(writing)
    threads = [
        threading.Thread(target=lambda n=n: [lines.line(f"{name}{n}" * 4000) for _ in range(40)])
        for n in "ab"
    ]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_lines_of_several_threads_and_processes_on_one_pipe_never_mix() -> None:
    reading, writing = os.pipe()
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=_write_many, args=(writing, name)) for name in "1234"]
    for writer in writers:
        writer.start()
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        got = pipe.read().splitlines()
    for writer in writers:
        writer.join()
    assert len(got) == 4 * 2 * 40
    assert set(got) == {(name + n).encode() * 4000 for name in "1234" for n in "ab"}


# ---------------------------------------------------------------- real processes


def offline(tmp_path: Path, key: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`python -m workers audit ...` where there is no Slack, no AWS, no Redis, and nothing but the key."""
    return subprocess.run(
        [sys.executable, "-m", "workers", "audit", *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "REVOKE_SIGNING_KEY": key},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_run_of_the_real_processes_is_exported_and_verified_and_told_offline(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with Installation.fresh(directory=tmp_path / "data") as made:
        newcomer(made, "kai")
        card = deny(
            made, "kai@example.com leaked AKIAIOSFODNN7EXAMPLE and token xox" + "b-1234567890-abcdefghij"
        )
        revocation_id = card.text.split(" ")[0]
        made.until(made.all_told)
        assert made.terminal("hold", revocation_id).returncode == 0
        made.until(made.all_told)
        posted = told_digest(made)
        key = (made.directory / "signing_key").read_text().strip()
        exported = made.terminal("audit", "export")
        assert exported.returncode == 0
        assert (
            "the journal is as it was written" in made.terminal("audit", "verify", "--digest", posted).stdout
        )

    file = tmp_path / "export.jsonl"
    file.write_text(exported.stdout)
    everything = [str(made.directory / name) for name in ("bot.log", "workers.log", "audit.jsonl")]
    good = offline(tmp_path, key, "verify", str(file), *everything, "--digest", posted)
    assert (good.returncode, good.stderr) == (0, "")
    assert "All of them are in the export, or newer." in good.stdout

    told = offline(tmp_path, key, "show", revocation_id, "--from", str(file)).stdout
    assert (
        told == offline(tmp_path, key, "show", revocation_id, *(f"--from={one}" for one in everything)).stdout
    )
    assert "confirmed" in told
    assert "AWS request id" in told
    assert "AKIAIOSFODNN7EXAMPLE" in told
    assert "token [masked]" in told

    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([*lines[:3], *lines[4:]]))
    bad = offline(tmp_path, key, "verify", str(file))
    assert (bad.returncode, "the first bad entry is line 4" in bad.stderr) == (1, True)
    wrong = offline(tmp_path, "another key, and long enough", "verify", str(file))
    assert (wrong.returncode, "signature" in wrong.stderr) == (1, True)
    none = offline(tmp_path, "", "verify", str(file))
    assert (none.returncode, "REVOKE_SIGNING_KEY" in none.stderr) == (2, True)


def told_digest(made: Installation) -> str:
    said = json.dumps([call.args for call in made.slack.calls()])
    return said.split("Audit digest ")[1].split(" ")[0]
