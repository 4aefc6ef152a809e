"""What whoever takes over at 3 a.m. reads: a handoff in each state, its thread, and who owns what from then on."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.slack.blocks import check_message
from tests.unit.follow_up_records import DIRECTORY_RULES, TAKEN
from tests.unit.make import ALICE, BOB, CAROL, RULES, T0, at, confirmed, coverage, denied, followed
from tests.unit.test_cards import EVIL, HOSTILE, LONG, formats, shown, texts
from workers.cards import handoff as cards
from workers.cards import moments
from workers.cards.text import local
from workers.domain.actor import SYSTEM, Actor
from workers.domain.handoff import Declined, Handoff, HandoffState, Remark
from workers.domain.revocation import Note, Revocation, State
from workers.domain.step import Kind, StepState
from workers.ports import Message

GOLDEN = Path(__file__).parent / "golden_handoff"
"""Run `GOLDEN=write pytest tests/unit/test_handoff_cards.py` to write them anew, then read what changed."""

ON_CALL = replace(RULES, on_call_group="S0ONCALL01", responders=("S0SECOPS01", "U0BOB00001"))
DAN = Actor(kind="slack", id="U0DAN00001", name="dan")
EVE = Actor(kind="slack", id="U0EVE00001", name="eve")
NOW = at(hours=6)
WORKSPACE = "example"

MALLORY = replace(ALICE, user_name="mallory", display_name="Mallory Moe", email="mallory@example.com")
ONE = followed(DIRECTORY_RULES, TAKEN, owner=BOB, card_ts="1764000000.000100")
TWO = denied(
    id="R-3TWQ8N", owner=BOB, user=MALLORY, hold_open=True, card_ts="1764000500.000200", coverage=coverage()
)


def handoff(**given: Any) -> Handoff:
    told: dict[str, Any] = {
        "id": "H-4K8M2Q",
        "seq": 1,
        "revocations": (ONE.id, TWO.id),
        "outgoing": (BOB,),
        "incoming": (CAROL.id,),
        "offered_by": BOB,
        "offered_at": at(hours=5),
        "channel": "C0SECINC01",
        "root_ts": "1764018000.000100",
    }
    return Handoff(**{**told, **given})


REMARK = Remark(by=BOB, at=at(hours=5), text="Alice's laptop is with the help desk. Mallory: wait for legal.")
DECLINED = Declined(by=CAROL, at=at(hours=5, minutes=4), reason="I am about to board a plane")
ACCEPTED: dict[str, Any] = {
    "state": HandoffState.ACCEPTED,
    "accepted_by": CAROL,
    "accepted_at": at(hours=5, minutes=6),
    "passed_at": at(hours=5, minutes=6),
}

ONLY = denied(owner=BOB, card_ts="1764000000.000100")

ROOTS: dict[str, tuple[Handoff, list[Revocation]]] = {
    "offered": (handoff(remarks=(REMARK,)), [ONE, TWO]),
    "offered_to_the_first_of_two": (handoff(incoming=(CAROL.id, DAN.id)), [ONE, TWO]),
    "offered_to_any_responder": (handoff(incoming=()), [ONE, TWO]),
    "offered_because_the_group_changed": (
        handoff(offered_by=SYSTEM, because="The on-call group changed: Carol came."),
        [ONE, TWO],
    ),
    "offered_by_somebody_else": (handoff(offered_by=DAN, outgoing=(BOB, EVE)), [ONE, TWO]),
    "offered_without_an_owner": (
        handoff(offered_by=SYSTEM, because="The on-call group changed: Carol came.", outgoing=()),
        [replace(ONE, owner=None), TWO],
    ),
    "one_open_item": (handoff(revocations=(ONLY.id,)), [ONLY]),
    "one_declined": (handoff(incoming=(CAROL.id, DAN.id), declined=(DECLINED,)), [ONE, TWO]),
    "escalated": (
        handoff(reminded_at=at(hours=5, minutes=10), escalated_at=at(hours=5, minutes=30)),
        [ONE, TWO],
    ),
    "returned": (handoff(state=HandoffState.RETURNED, declined=(DECLINED,)), [ONE, TWO]),
    "accepted": (handoff(**ACCEPTED), [replace(ONE, owner=CAROL), replace(TWO, owner=CAROL)]),
    "replaced": (handoff(state=HandoffState.REPLACED, replaced_by="H-9WXYZ2"), [ONE, TWO]),
    "closed": (
        handoff(**{**ACCEPTED, "state": HandoffState.CLOSED}),
        [
            replace(one, owner=CAROL, state=State.RELEASED, off_at=at(hours=6), released_by=(BOB, CAROL))
            for one in (ONE, TWO)
        ],
    ),
    "closed_and_nobody_accepted": (handoff(state=HandoffState.CLOSED, revocations=(TWO.id,)), [TWO]),
    "one_unreadable": (handoff(), [ONE]),
}

GROUP_GONE = Note(kind="incoming_gone", at=NOW, detail="Carol Danvers is deactivated in Slack.")

NOTES: dict[str, tuple[Handoff, Note]] = {
    "offered": (handoff(), Note(kind="offered", at=NOW)),
    "offered_with_a_note": (handoff(remarks=(REMARK,)), Note(kind="offered", at=NOW)),
    "offered_to_any_responder": (handoff(incoming=()), Note(kind="offered", at=NOW)),
    "replaced": (
        handoff(state=HandoffState.REPLACED, replaced_by="H-9WXYZ2"),
        Note(kind="replaced", at=NOW),
    ),
    "accepted": (handoff(**ACCEPTED), Note(kind="accepted", at=NOW)),
    "accepted_after_a_decline": (
        handoff(**ACCEPTED, declined=(DECLINED,)),
        Note(kind="accepted", at=NOW, detail="They had declined it before."),
    ),
    "declined": (
        handoff(incoming=(CAROL.id, DAN.id), declined=(DECLINED,)),
        Note(kind="declined", at=DECLINED.at),
    ),
    "returned": (
        handoff(state=HandoffState.RETURNED, declined=(DECLINED,)),
        Note(kind="returned", at=DECLINED.at),
    ),
    "returned_and_nobody_owns_it": (
        handoff(state=HandoffState.RETURNED, declined=(DECLINED,), outgoing=()),
        Note(kind="returned", at=DECLINED.at),
    ),
    "passed_nothing_and_nobody_owns_it": (
        handoff(**ACCEPTED, outgoing=()),
        Note(
            kind="passed",
            at=NOW,
            detail="R-3TWQ8N: the access of carol is revoked, or it is about them.",
        ),
    ),
    "closed_because_who_offered_it_is_revoked": (
        handoff(state=HandoffState.CLOSED),
        Note(
            kind="closed",
            at=NOW,
            detail="The access of bob, who offered this, is revoked. /revoke handoff offers what is open anew.",
        ),
    ),
    "remark": (handoff(remarks=(REMARK,)), Note(kind="remark", at=REMARK.at)),
    "reminder": (handoff(), Note(kind="reminder", at=NOW)),
    "reminder_of_any_responder": (handoff(incoming=()), Note(kind="reminder", at=NOW)),
    "escalated": (handoff(), Note(kind="escalated", at=NOW, broadcast=True)),
    "passed_not_all": (
        handoff(**ACCEPTED),
        Note(kind="passed", at=NOW, detail="R-3TWQ8N: dan owns it meanwhile."),
    ),
    "narrowed": (handoff(), Note(kind="narrowed", at=NOW, detail="R-3TWQ8N: dan owns it now")),
    "closed": (
        handoff(state=HandoffState.CLOSED),
        Note(kind="closed", at=NOW, detail="Nothing of it is open any more."),
    ),
    "incoming_gone": (handoff(), GROUP_GONE),
}

OWNERS: dict[str, tuple[Revocation, Note]] = {
    "owned": (ONE, Note(kind="owned", at=NOW, detail="carol")),
    "owned_first": (ONE, Note(kind="owned", at=NOW)),
    "handed_over": (
        replace(ONE, owner=CAROL),
        Note(kind="handed_over", at=NOW, detail="by bob in H-4K8M2Q"),
    ),
}


def root(given: Handoff, revocations: list[Revocation]) -> Message:
    return cards.root(given, revocations, ON_CALL, NOW, WORKSPACE)


def all_messages() -> Iterator[tuple[str, Message]]:
    yield from ((f"root_{name}", root(*given)) for name, given in ROOTS.items())
    yield from ((f"thread_{name}", cards.note(*given, ON_CALL)) for name, given in NOTES.items())
    yield from ((f"owner_{name}", moments.render(*given, ON_CALL)) for name, given in OWNERS.items())


@pytest.mark.parametrize(("name", "message"), list(all_messages()))
def test_it_reads_as_it_was_reviewed(name: str, message: Message) -> None:
    assert check_message(list(message.blocks)) == []
    kept, text = GOLDEN / f"{name}.txt", shown(message)
    if os.environ.get("GOLDEN") == "write":
        kept.write_text(text)
    assert text == kept.read_text(), f"read it; if it is better, run GOLDEN=write pytest {__file__}"


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == {name for name, _ in all_messages()}


def pressable(message: Message) -> dict[str, str]:
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return {element["action_id"]: element["text"]["text"] for row in rows for element in row}


def test_the_text_begins_with_the_id_and_the_status_as_a_word() -> None:
    for name, given in ROOTS.items():
        begins = re.match(
            r"H-4K8M2Q · (Offered|Accepted by carol|Returned|Replaced by H-9WXYZ2|Closed)\. ",
            root(*given).text,
        )
        assert begins, name
        assert root(*given).blocks[0]["text"]["text"].partition(": ")[0] == begins[1]


def test_only_what_waits_can_be_accepted_and_only_what_is_offered_declined() -> None:
    three = {"handoff_accept", "handoff_decline", "handoff_note"}
    for given, revocations in ROOTS.values():
        wanted = {HandoffState.OFFERED: three, HandoffState.RETURNED: {"handoff_accept"}}
        assert set(pressable(root(given, revocations))) == wanted.get(given.state, set())


def test_one_open_item_takes_one_press_that_says_so() -> None:
    assert pressable(root(handoff(revocations=(ONLY.id,)), [ONLY]))["handoff_accept"] == "I have it"
    step = followed(DIRECTORY_RULES, {Kind.SESSIONS: {"state": StepState.OPEN}}, owner=BOB)
    one = replace(step, steps=tuple(s for s in step.steps if s.kind is Kind.SESSIONS))
    assert pressable(root(handoff(revocations=(one.id,)), [one]))["handoff_accept"] == "I have it"
    assert pressable(root(handoff(revocations=(ONE.id,)), [ONE]))["handoff_accept"] == "Accept"
    assert pressable(root(handoff(), [ONE, TWO]))["handoff_accept"] == "Accept"
    assert pressable(root(handoff(), [ONLY]))["handoff_accept"] == "Accept"  # the other cannot be read


def test_the_gaps_are_never_listed_because_the_target_may_read_along() -> None:
    gaps = coverage(uncovered=("222222222222", "333333333333"))
    record = replace(ONE, coverage=gaps)
    message = root(handoff(revocations=(record.id,)), [record])
    assert "222222222222" not in repr(message)
    assert "of 3 accounts" not in repr(message)
    for kind, detail in (("denied", ""), ("coverage_lost", "222222222222")):
        told = cards.moment(record, Note(kind=kind, at=NOW, detail=detail, broadcast=True), ON_CALL)
        assert "222222222222" not in told
        assert "of 3 accounts" not in told
        assert told.startswith("R-7K2M9Q · ")
        assert "Alice Cooper" in told


def test_a_phone_shows_times_in_utc_for_it_knows_no_zone() -> None:
    assert [name for name, message in all_messages() if "<!date" in message.text] == []
    told = cards.note(handoff(), Note(kind="moment", at=NOW, detail=f"due {local(NOW)}"), ON_CALL)
    assert told.text == "H-4K8M2Q · due 2026-11-24 08:00:00 UTC"
    assert "<!date" in str(told.blocks)


def test_a_moment_of_a_drill_says_so() -> None:
    for kind in ("denied", "off", "held", "notice"):
        told = cards.moment(replace(ONE, drill=True), Note(kind=kind, at=NOW, broadcast=True), ON_CALL)
        assert "rill" in told


def test_a_moment_in_the_handoffs_thread_wakes_no_owner_anew() -> None:
    note = Note(kind="denied", at=NOW, broadcast=True)
    assert "<@U0BOB00001>" in moments.render(ONE, note, ON_CALL).text
    assert "<@U0BOB00001>" not in cards.moment(ONE, note, ON_CALL)
    told = cards.note(
        handoff(), Note(kind="moment", at=NOW, detail=cards.moment(ONE, note, ON_CALL)), ON_CALL
    )
    assert told.text.startswith("H-4K8M2Q · R-7K2M9Q · Denied: Alice Cooper")


def test_the_longest_list_stays_within_slacks_limits_and_says_how_many_more() -> None:
    many = [replace(ONE, id=f"R-{n:06d}") for n in range(120)]
    given = handoff(
        revocations=tuple(one.id for one in many),
        remarks=(Remark(by=BOB, at=NOW, text=LONG),) * 9,
        declined=(Declined(by=CAROL, at=NOW, reason=LONG),) * 9,
    )
    message = root(given, many)
    assert check_message(list(message.blocks)) == []
    assert len(message.text) <= 3900
    listed = [text for text in texts(message.blocks, "mrkdwn") if re.match(r"R-\d{6} · ", text)]
    assert listed
    [more] = [text for text in texts(message.blocks, "mrkdwn") if "more; " in text]
    assert more == f"And {120 - len(listed)} more; `/revoke list` shows all."
    assert set(pressable(message)) == {"handoff_accept", "handoff_decline", "handoff_note"}


OUR_OWN = re.compile(
    r"<@U0(?:BOB00001|CAROL001|DAN00001)>|<!subteam\^S0(?:ONCALL01|SECOPS01)>"
    r"|<!date\^\d+\^\{date_short_pretty\} \{time_secs\}\|[\d :UTC-]+>"
    r"|<https://example\.slack\.com/archives/C0SECINC01/p\d+\|Open the card>"
    r"|<#C0SECINC01>|`/revoke list`|`python -m workers show ID`"
)


@pytest.mark.parametrize("hostile", [EVIL, *HOSTILE])
def test_what_people_wrote_is_shown_as_text_everywhere(hostile: str) -> None:
    evil = Actor(kind="terminal", id=hostile, name=hostile)
    user = replace(ALICE, display_name=hostile, user_name=hostile or "x", email=hostile)
    record = replace(ONE, user=user, owner=evil)
    given = handoff(
        because=hostile,
        offered_by=SYSTEM,
        outgoing=(evil,),
        remarks=(Remark(by=evil, at=NOW, text=hostile),),
        declined=(Declined(by=evil, at=NOW, reason=hostile),),
    )
    accepted = replace(given, state=HandoffState.ACCEPTED, accepted_by=evil, accepted_at=NOW)
    messages = [root(given, [record, TWO]), root(accepted, [record])]
    for kind in (*(note.kind for _, note in NOTES.values()), "of a newer version"):
        detail = "" if kind == "moment" else hostile
        messages += [
            cards.note(one, Note(kind=kind, at=NOW, detail=detail), ON_CALL) for one in (given, accepted)
        ]
    for kind in ("owned", "handed_over"):
        messages.append(moments.render(record, Note(kind=kind, at=NOW, detail=hostile), ON_CALL))
    for message in messages:
        assert check_message(list(message.blocks)) == []
        for text in (message.text, *texts(message.blocks, "mrkdwn")):
            rest = OUR_OWN.sub("", text)
            assert "<" not in rest
            assert ">" not in rest
            assert not formats(rest), rest


def test_one_that_is_not_written_yet_is_not_called_denied() -> None:
    message = root(handoff(revocations=("R-7K2M9Q",)), [confirmed(owner=BOB)])
    assert "R-7K2M9Q · Not denied yet" in message.text
    assert T0 < NOW
