"""The log of a revocation: what was written comes back as it was, and every tampering shows at its first bad entry."""

import json
import random
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.make import BOB, CAROL, T0, at, confirmed, denied, requested
from workers.adapters.audit_log import GENESIS, AuditLog, Signed
from workers.domain.actor import Actor
from workers.domain.errors import UnreadableRecord
from workers.domain.revocation import Revocation

LOG = AuditLog(b"a key of the tests, 32 bytes long")
OTHER_KEY = AuditLog(b"another key, as long as the first")
ID = "R-7K2M9Q"


def written(log: AuditLog, revocation_id: str = ID, entries: int = 6) -> list[Signed]:
    """A log as the store writes one, with as many entries as asked for."""
    made, before = [], GENESIS
    steps = [("requested", requested()), ("confirmed", confirmed()), ("written", denied())]
    for seq in range(1, entries + 1):
        event, record = steps[min(seq, len(steps)) - 1]
        record = replace(record, id=revocation_id, seq=seq)
        before = log.entry(before, record, event, CAROL, {"n": seq}, at(seconds=seq))
        made.append(before)
    return made


def first_bad(entries: list[Signed], log: AuditLog = LOG) -> int | None:
    """The number of the first entry that `verified` refuses, found by handing it ever more; None: all are good."""
    try:
        log.verified(entries, ID)
    except UnreadableRecord:
        for count in range(1, len(entries) + 1):
            try:
                log.verified(entries[:count], ID)
            except UnreadableRecord:
                return count
    return None


def test_a_log_reads_back_in_order_with_who_what_when_and_the_record() -> None:
    entries = LOG.verified(written(LOG, entries=3), ID)

    assert [entry["event"] for entry in entries] == ["requested", "confirmed", "written"]
    assert entries[1]["actor"] == {"kind": "slack", "id": "U0CAROL001", "name": "carol", "email": ""}
    assert entries[1]["at"] == "2026-11-24T02:00:02+00:00"
    assert entries[1]["detail"] == {"n": 2}
    assert entries[2]["record"]["state"] == "denied"
    assert entries[2]["prev"] == written(LOG)[1].mac


def test_an_entry_is_canonical_json_of_one_line() -> None:
    text = written(LOG)[0].text
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) == text


def tampered(dice: random.Random, kind: str) -> tuple[list[Signed], int]:
    """A log changed in one way, and the entry at which that must show."""
    entries = written(LOG, entries=dice.randint(3, 8))
    n = dice.randrange(len(entries))
    match kind:
        case "flip":
            return _flipped(dice, entries, n), n + 1
        case "drop":
            n = dice.randrange(len(entries) - 1)
            return entries[:n] + entries[n + 1 :], n + 1
        case "swap":
            n = dice.randrange(len(entries) - 1)
            entries[n], entries[n + 1] = entries[n + 1], entries[n]
            return entries, n + 1
        case "insert":
            other = dice.choice([e for e in entries if e not in entries[n + 1 : n + 2]])
            return [*entries[: n + 1], other, *entries[n + 1 :]], n + 2
        case "other key":
            return [*entries[:n], written(OTHER_KEY, entries=len(entries))[n], *entries[n + 1 :]], n + 1
        case _:
            foreign = written(LOG, "R-AAAAAA", len(entries))[n]
            return [*entries[:n], foreign, *entries[n + 1 :]], n + 1


def _flipped(dice: random.Random, entries: list[Signed], n: int) -> list[Signed]:
    signed = entries[n]
    if dice.random() < 0.3:
        place = dice.randrange(len(signed.mac))
        other = dice.choice([c for c in "0123456789abcdef" if c != signed.mac[place]])
        changed = replace(signed, mac=signed.mac[:place] + other + signed.mac[place + 1 :])
    else:
        place = dice.randrange(len(signed.text))
        flipped = chr(ord(signed.text[place]) ^ (1 << dice.randrange(7)))
        changed = replace(signed, text=signed.text[:place] + flipped + signed.text[place + 1 :])
    return [*entries[:n], changed, *entries[n + 1 :]]


KINDS = ["flip", "drop", "swap", "insert", "other key", "replay from another revocation"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_tamperings_are_each_found_at_the_first_bad_entry(kind: str) -> None:
    for seed in range(170):
        dice = random.Random(f"{kind} {seed}")
        entries, bad = tampered(dice, kind)
        assert first_bad(entries) == bad, (kind, seed)


def test_the_refusal_names_the_revocation_and_the_entry() -> None:
    entries = written(LOG)
    with pytest.raises(UnreadableRecord, match="R-7K2M9Q: entry 3 does not follow the one before it"):
        LOG.verified([*entries[:2], *entries[3:]], ID)


def test_a_cut_off_end_is_invisible_to_the_chain_alone() -> None:
    """Known and said: whoever can delete the newest entries leaves a log that is good as far as it goes."""
    assert first_bad(written(LOG, entries=6)[:4]) is None


def test_a_cut_off_beginning_shows() -> None:
    assert first_bad(written(LOG)[1:]) == 1


def test_a_record_of_another_key_another_revocation_or_no_json_is_unreadable() -> None:
    signed = written(LOG)[2]
    assert LOG.record(signed, ID, Revocation) == replace(denied(), seq=3)
    for bad in (
        written(OTHER_KEY)[2],
        Signed(signed.text, ""),
        Signed(signed.text, "ünsigned"),
        Signed("", signed.mac),
        Signed("\ufffd", "\ufffd"),
        written(LOG, "R-AAAAAA")[2],
    ):
        with pytest.raises(UnreadableRecord, match=r"R-7K2M9Q: "):
            LOG.record(bad, ID, Revocation)


def resigned(change: Any) -> Signed:
    """An entry of another version of ours: changed, and signed with the right key."""
    entry = json.loads(written(LOG)[2].text)
    change(entry)
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    return Signed(text, LOG.mac(text))


@pytest.mark.parametrize("version", [3, 99, -1, None, "1", 1.5, [1]])
def test_a_version_that_is_not_a_neighbour_is_held_and_not_guessed(version: object) -> None:
    with pytest.raises(UnreadableRecord, match=r"has version .*, unknown here"):
        LOG.record(resigned(lambda entry: entry.update(v=version)), ID, Revocation)


def test_the_next_versions_new_fields_are_read_over() -> None:
    def newer(entry: dict[str, Any]) -> None:
        entry.update(v=2, trace="new")
        entry["record"].update(v=2, severity="high", tags=["a", {"b": 1}])
        entry["record"]["user"]["title"] = "CFO"

    assert LOG.record(resigned(newer), ID, Revocation) == replace(denied(), v=2, seq=3)


def test_the_version_before_lacks_our_newest_fields_and_is_read() -> None:
    def older(entry: dict[str, Any]) -> None:
        entry.update(v=0)
        for name in ("still_looking", "notes", "clean_up_given_by", "channel_shared"):
            del entry["record"][name]

    assert LOG.record(resigned(older), ID, Revocation) == replace(denied(), seq=3)


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry["record"].update(state="quarantined"),
        lambda entry: entry["record"].update(written_at="soon"),
        lambda entry: entry["record"].update(user=None, reasons=None),
        lambda entry: entry["record"].pop("requested_at"),
        lambda entry: entry.pop("record"),
    ],
)
def test_a_record_that_this_version_cannot_understand_is_held(change: Any) -> None:
    with pytest.raises(UnreadableRecord, match="cannot be read by this version"):
        LOG.record(resigned(change), ID, Revocation)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
st.register_type_strategy(str, TEXTS)
st.register_type_strategy(datetime, MOMENTS)
st.register_type_strategy(int, st.integers(0, 2**31))
RECORDS = st.builds(Revocation, id=st.just(ID))


@settings(max_examples=150, deadline=None)
@given(RECORDS, TEXTS, MOMENTS)
def test_every_record_comes_back_exactly_as_it_was(record: Revocation, event: str, when: datetime) -> None:
    record = replace(record, v=1)
    actor = Actor(kind="terminal", id=event, name=event)
    signed = LOG.entry(GENESIS, record, event, actor, {"reason": event}, when)

    back = LOG.record(signed, ID, Revocation)

    assert back == record
    assert asdict(back) == {**asdict(record), "mac": signed.mac}
    assert LOG.entry(GENESIS, back, event, actor, {"reason": event}, when) == signed


def test_text_with_half_a_surrogate_pair_cannot_keep_a_record_from_being_written() -> None:
    """Slack and AWS speak JSON, which can carry one; a name must not stop a denial."""
    signed = LOG.entry(GENESIS, replace(requested(), slack_name="Al\ud83d", seq=1), "x", BOB, {}, T0)
    assert LOG.record(signed, ID, Revocation).slack_name == "Al\ufffd"


TOKEN = "xox" + "b-1234567890-abcdefghij"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (f"token {TOKEN} leaked", "token [masked] leaked"),
        (f"secret {SECRET_KEY}, rotate it", "secret [masked], rotate it"),
        (f"AWS_SECRET_ACCESS_KEY={SECRET_KEY}", "AWS_SECRET_ACCESS_KEY=[masked]"),
        ("redis://worker:hunter2hunter2@10.0.0.1/0", "redis://[masked]@10.0.0.1/0"),
        ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [masked]"),
        (f"session {'Ab3/' * 50}", "session [masked]"),
        ("key AKIAIOSFODNN7EXAMPLE leaked", "key AKIAIOSFODNN7EXAMPLE leaked"),
        (f"commit {'3b18e512db' * 4}", f"commit {'3b18e512db' * 4}"),
        ('https://example.com/a:b@c and "quotes" \\ too', 'https://example.com/a:b@c and "quotes" \\ too'),
    ],
)
def test_what_looks_like_a_secret_is_masked_before_it_is_signed_and_a_key_id_stays(
    typed: str, kept: str
) -> None:
    record = replace(requested(), seq=1, still_looking=typed)
    signed = LOG.entry(GENESIS, record, "x", BOB, {"reason": typed}, T0)
    assert LOG.record(signed, ID, Revocation).still_looking == kept
    assert json.loads(signed.text)["detail"]["reason"] == kept


def test_every_entry_says_that_it_was_put_into_the_journal() -> None:
    assert all(json.loads(signed.text)["journal"] is True for signed in written(LOG))
