"""What a responder reads: every state's card keeps its contract, whatever names, reasons and AWS errors hold."""

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import cycle, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.slack.blocks import check_message
from tests.unit import doubted_records, follow_up_records, protection_records
from tests.unit.make import (
    ALICE,
    BOB,
    CAROL,
    RULES,
    T0,
    at,
    confirmed,
    coverage,
    denied,
    followed,
    reach,
    requested,
    some_reach,
)
from workers.cards import card, moments, phrase
from workers.cards.text import inert, plain
from workers.domain.actor import SYSTEM, Actor
from workers.domain.audit import Digest
from workers.domain.revocation import (
    Coverage,
    Diff,
    DirectoryUser,
    Note,
    Ratification,
    Reach,
    Reason,
    ReleaseRequest,
    Restore,
    Revocation,
    Snapshot,
    State,
    TargetRef,
    Trouble,
    Vote,
)
from workers.domain.rules import Rules
from workers.domain.step import ATTESTABLE, Attestation, Kind, Step, StepState
from workers.ports import Message

GOLDEN = Path(__file__).parent / "golden"
"""Run `GOLDEN=write pytest tests/unit/test_cards.py` to write them anew, then read what changed."""

ACTION_IDS = frozenset(
    [
        *["revocation_confirm", "revocation_cancel", "revocation_hold", "revocation_false_alarm"],
        *["revocation_release", "revocation_restore", "approval_give", "approval_refuse"],
        *["follow_ups_start", "follow_ups_wait", "step_attest", "step_retry"],
        *["handoff_start", "handoff_accept", "handoff_decline", "revocation_own"],
        *["revocation_hold_until_released", "open_policy", "open_identity_center"],
        *["approval_nudge", "sign_in_disable_anyway", "step_assign", "revocation_deny_again"],
        "directory_search",
    ]
)
PHRASES = (
    *("Not denied yet", "NOT DENIED", "Denied", "Held", "Off the deny list, watched", "Released"),
    *("Cancelled", "Expired", "Closed"),
)
COVERED = re.compile(r"(Denied|Held)( in \d+ of \d+ accounts|, coverage unknown)")

EVIL = (
    "<!channel> <@U0BOB00001> <https://evil.example|all is well> *bold* _it_ ~gone~ `code` ```pre``` "
    ":white_check_mark: &amp; <!date^0^{date}|x> > quoted\n> line\u202eRTL\u202c \u200bzero\u2060width\ufeff "
    "\u3164\u2028\x00\x1b[31m @here #general"
)
LONG = "<*_`&" * 1000
HOSTILE = [EVIL, LONG, "\u200b", "<", "\n\n\n"]

TROUBLES = {
    code: Trouble(code=code, sentence="AWS refused: no rights.", since=at(minutes=2))
    for code in ("rights", "removed", "missing", "shape", "full", "slow", "AccessDeniedException")
}


def actions(message: Message) -> list[list[Mapping[str, Any]]]:
    return [list(block["elements"]) for block in message.blocks if block["type"] == "actions"]


def texts(node: Any, kind: str) -> Iterator[str]:
    """Every text of one kind, wherever it stands."""
    if isinstance(node, Mapping):
        if node.get("type") == kind and isinstance(node.get("text"), str):
            yield node["text"]
        for part in node.values():
            yield from texts(part, kind)
    elif isinstance(node, list | tuple):
        for part in node:
            yield from texts(part, kind)


def check(revocation: Revocation, message: Message) -> None:
    """Everything that any message about a revocation must keep."""
    assert check_message(list(message.blocks)) == []
    assert len(message.text) <= 3900
    for row in actions(message):
        assert len([element for element in row if element["type"] == "button"]) <= 3
        for element in row:
            assert element["action_id"] in ACTION_IDS
            values = [o["value"] for o in element.get("options", [])] or [element.get("value")]
            assert values == [revocation.id] or element.get("url")


def check_card(revocation: Revocation, rules: Rules = RULES) -> Message:
    message = card.render(revocation, rules)
    check(revocation, message)
    begins = re.match(r"R-7K2M9Q · (.+?)\. ", message.text)
    assert begins, message.text
    standing = begins[1]
    assert standing in PHRASES or COVERED.fullmatch(standing), standing
    assert phrase.standing(revocation) == standing
    assert message.blocks[0]["type"] == "header"
    assert message.blocks[0]["text"]["text"].startswith(biggest(standing))
    assert not actions(card.without_buttons(revocation, rules))
    return message


def records() -> Iterator[Revocation]:
    """Every state with every field that the cards look at, given and not given."""
    users = (ALICE, replace(ALICE, display_name="", email=None, sign_in="DISABLED"))
    reaches: tuple[Reach | None, ...] = (None, reach(), some_reach(), reach(unread=("AWS is away.",)))
    coverages: tuple[Coverage | None, ...] = (
        None,
        coverage(),
        coverage(uncovered=("111111111111", "999999999999")),
        coverage(attached=False),
        coverage(type_enabled=False),
        coverage(unread=("AWS is away.",)),
    )
    asked = ReleaseRequest(asked_by=BOB, asked_at=at(hours=1), reason="false alarm")
    for state, user, read, cover in product(State, (None, *users), reaches, coverages):
        if user is None and state not in (State.REQUESTED, State.REFUSED, State.CLOSED):
            continue
        base = denied(state=state, user=user, reach=read, coverage=cover)
        yield base
        yield replace(base, trouble=TROUBLES["rights"], policy_id=None, channel_shared=True)
        yield replace(base, trouble=TROUBLES["removed"], release=asked, hold_until=at(hours=30))
        yield replace(base, held_because="Access is left.", hold_open=True, release=asked)
        yield replace(base, hold_open=True, no_mint_at=at(hours=1), notice_at=at(hours=12), owner=None)
        yield replace(base, released_by=(BOB, CAROL), off_at=at(hours=3), requested_by=SYSTEM, reasons=())
        yield replace(base, still_looking="AWS is away.", refused_because="Nobody of that name.")


def test_every_state_with_every_field_begins_with_one_phrase_and_is_taken_by_slack() -> None:
    counted = 0
    for record in records():
        check_card(record)
        counted += 1
    assert counted > 2000


@pytest.mark.parametrize("hostile", HOSTILE, ids=["tokens", "very long", "unseen", "one sign", "lines"])
@pytest.mark.parametrize("state", State)
def test_hostile_names_reasons_and_errors_come_out_inert(state: State, hostile: str) -> None:
    for record in hostile_records(state, hostile):
        message = check_card(record)
        for text in (message.text, *texts(message.blocks, "mrkdwn")):
            assert_inert(text, record)
        for text in [*texts(message.blocks, "plain_text"), *texts(message.blocks, "text")]:
            assert_seen(text)


KINDS = (
    *(
        "denied",
        "denied_again",
        "not_denied",
        "removed_by_hand",
        "refused",
        "expired",
        "notice",
        "held",
        "off",
    ),
    *(
        "approval_asked",
        "reason_added",
        "hold",
        "approval_refused",
        "approval_lapsed",
        "adopted",
        "break_glass",
    ),
    *("access_back", "coverage_lost", "gaps", "gaps_withheld", "a_kind_of_a_newer_version"),
    *("follow_ups_started", "follow_ups_wait", "attested", "assigned", "assigned_to", "step_failed"),
    *("step_done", "came_back", "last_assignments", "sign_in_back", "restored", "restore_failed"),
    *("nudge", "residuals", "look_back", "looked_back", "snapshot", "sessions_again"),
    *("second_needed", "above_cap", "ratify_asked", "ratify_escalated", "ratified"),
    *("put_back", "confirmation_void", "release_void"),
)


CALLS_ALL = (
    *("approval_asked", "ratify_asked", "ratify_escalated", "second_needed"),
    *("put_back", "confirmation_void"),
)


@pytest.mark.parametrize("hostile", ["AWS refused.", *HOSTILE])
@pytest.mark.parametrize("kind", KINDS)
def test_every_moment_in_every_state_is_inert_and_taken_by_slack(kind: str, hostile: str) -> None:
    for state in (State.REQUESTED, State.CONFIRMED, State.DENIED, State.RELEASING, State.REFUSED):
        for record in hostile_records(state, hostile):
            for broadcast in (True, False):
                note = Note(kind=kind, at=at(hours=1), detail=hostile, broadcast=broadcast)
                message = moments.render(record, note, RULES)
                check(record, message)
                assert message.text.startswith("R-7K2M9Q · ")
                calls_all = kind in CALLS_ALL
                assert message.text.count("<@U0CAROL001>") == (1 if broadcast else 0) or calls_all
                for text in (message.text, *texts(message.blocks, "mrkdwn")):
                    assert_inert(text, record)


def hostile_records(state: State, hostile: str) -> Iterator[Revocation]:
    user = DirectoryUser(
        user_id=ALICE.user_id, user_name=hostile, display_name=hostile, email=hostile, sign_in="ENABLED"
    )
    terminal = Actor(kind="terminal", id=hostile, name=hostile)
    base = denied(
        state=state,
        user=user,
        slack_name=hostile,
        target=TargetRef(kind="user_name", value=hostile),
        reasons=tuple(Reason(by=terminal, text=hostile, at=T0) for _ in range(9)),
        requested_by=terminal,
        confirmed_by=terminal,
        cancelled_by=terminal,
        refused_because=hostile,
        held_because=hostile,
        released_by=(terminal, terminal),
        off_at=at(hours=2),
        reach=reach(unread=(hostile,)),
        coverage=coverage(uncovered=(hostile,) * 30, reachable=33),
        release=ReleaseRequest(asked_by=terminal, asked_at=at(hours=1), reason=hostile),
    )
    yield base
    second = {"protected": True, "vote": Vote(by=terminal, at=T0, because=hostile), "responders_left": 1}
    yield replace(base, **second, seconded_by=terminal, ratification=Ratification(asked_at=T0))  # type: ignore[arg-type]
    yield with_hostile_steps(base, hostile)
    for code in ("rights", "shape"):
        yield replace(base, trouble=Trouble(code=code, sentence=hostile, since=at(minutes=2)))
    if state in (State.REQUESTED, State.REFUSED, State.CLOSED):
        yield replace(base, user=None, still_looking=hostile)


def with_hostile_steps(base: Revocation, hostile: str) -> Revocation:
    """Every step, with hostile text wherever AWS or a person puts some."""
    terminal = Actor(kind="terminal", id=hostile, name=hostile)
    said = Attestation(by=terminal, at=T0, done_by=hostile, done_at=T0, link=hostile)
    states = cycle(StepState)
    steps = tuple(
        Step(
            kind=kind,
            state=next(states),
            gone=1,
            total=2,
            detail=hostile,
            residual=(hostile,) * 40,
            assignee=terminal,
            attested=said if kind in ATTESTABLE else None,
        )
        for kind in Kind
    )
    diff = Diff(
        read_at=T0,
        entry=9,
        missing=((Kind.ASSIGNMENTS, 2),),
        there=1,
        names=(hostile,) * 40,
        by_hand=(hostile,) * 40,
    )
    asked = ReleaseRequest(
        asked_by=terminal, asked_at=T0, reason=hostile, what="false_alarm", diff=diff, trouble=hostile
    )
    restore = Restore(
        asked_by=terminal,
        approved_by=terminal,
        approved_at=T0,
        diff=diff,
        then_release=True,
        failed=(hostile,) * 40,
        ended_at=T0,
    )
    snapshot = Snapshot(at=T0, entry=3, unread=(hostile,) * 9, last=(hostile,) * 9)
    return replace(
        base, steps=steps, release=asked, restore=restore, snapshot=snapshot, follow_ups_wait=terminal
    )


OUR_OWN = re.compile(
    r"<@U0(?:BOB00001|CAROL001|ALICE001)>|<!date\^\d+\^\{date_short_pretty\} \{time_secs\}\|[\d :UTC-]+>"
)


def biggest(standing: str) -> str:
    """How the header says it: one who is held is denied, and says so."""
    return f"Denied{standing.removeprefix('Held')}, held" if standing.startswith("Held") else standing


def assert_inert(text: str, record: Revocation) -> None:
    """No live token but our own mentions of who acted and our own times."""
    rest = OUR_OWN.sub("", text)
    assert "<" not in rest
    assert ">" not in rest
    assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt);)*", rest, re.DOTALL), rest
    assert not formats(rest), rest
    assert not re.search(r":[\w+'-]+:", re.sub(r"\d\d:\d\d:\d\d", "", rest)), rest
    assert_seen(rest.replace("\u2060", ""))
    assert record.id in text or "\n" not in text


def formats(text: str) -> list[str]:
    """The signs that Slack could take for formatting. Inside a word, as in REVOKE_HOLD and svc_deploy, `_` is none."""
    word = re.compile("[A-Za-z0-9]")
    return [
        m[0]
        for m in re.finditer(r"[*_~`\uff0a\uff3f\uff40]", text)
        if not (m[0] == "_" and word.match(text[: m.start()][-1:]) and word.match(text[m.end() :]))
    ]


def test_a_settings_name_can_be_copied_and_italics_cannot_be_made_of_words() -> None:
    for name in ("raise REVOKE_POLICY_SIZE", "svc_deploy_1", "a_b@example.com"):
        assert inert(name) == name
    for text in ("_ALL WELL_", "A _B_ C", "_A_A_", "REVOKE_ _HOLD", "*b* ~s~ `c`", "\uff0ab\uff0a"):
        assert formats(inert(text)) == []


def assert_seen(text: str) -> None:
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")], repr(text)


def test_the_one_who_is_the_target_never_gets_mentioned_by_a_name_of_slacks() -> None:
    for record in records():
        assert "U0ALICE001" not in repr(card.render(record, RULES)), record.state


@settings(max_examples=300)
@given(st.text(max_size=80), st.integers(1, 60))
def test_inert_text_is_never_longer_than_its_limit_and_never_cut_in_an_escape(text: str, limit: int) -> None:
    made = inert(text, limit)
    assert len(made) <= limit
    assert re.fullmatch(r"(?:[^&<>]|&(?:amp|lt|gt);)*", made, re.DOTALL)
    assert not formats(made)
    assert len(plain(text, limit)) <= limit


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("Zoë O'Brien", "李小龍", "alice@example.com", "Nguyễn Văn A", "a.b-c+d=e", "42 / 7: ok"):
        assert inert(name) == name
        assert plain(name) == name


def test_a_denied_user_is_not_called_undenied_because_the_policy_cannot_be_read_now() -> None:
    note = Note(kind="not_denied", at=at(hours=3), detail="AWS says no: rights.", broadcast=True)
    denied_before = denied(trouble=TROUBLES["rights"])

    assert phrase.standing(denied_before).startswith("Denied")
    assert moments.render(denied_before, note, RULES).text.startswith("R-7K2M9Q · Needs you: ")
    releasing = denied(state=State.RELEASING, trouble=TROUBLES["rights"])
    assert "is still denied" in moments.render(releasing, note, RULES).text
    never = confirmed(trouble=TROUBLES["rights"])
    assert moments.render(never, note, RULES).text.startswith("R-7K2M9Q · NOT DENIED: ")


def test_a_policy_that_nobody_can_read_any_more_is_not_called_a_denial() -> None:
    assert phrase.standing(denied(trouble=TROUBLES["shape"])) == "NOT DENIED"
    assert phrase.standing(denied(trouble=TROUBLES["missing"])) == "NOT DENIED"


def test_denied_is_told_as_it_was_even_when_slack_hears_of_it_late() -> None:
    note = Note(kind="denied", at=at(minutes=1, seconds=2), broadcast=True)
    late = denied(state=State.RELEASED, released_by=(BOB, CAROL), off_at=at(hours=1), coverage=coverage())
    assert moments.render(late, note, RULES).text.startswith(
        "R-7K2M9Q · Denied: Alice Cooper (user name alice, alice@example.com). Written and read back at "
        "2026-11-24 02:01:02 UTC; AWS may take seconds to minutes to enforce it."
    )


def test_a_hold_until_released_is_said_even_after_a_shorter_hold() -> None:
    text = card.render(denied(hold_open=True, hold_until=at(hours=30)), RULES).text
    assert " · Held" in text
    assert "stay until two people release them" in text


def test_retry_is_on_every_card_that_tells_of_trouble() -> None:
    for record in (
        confirmed(trouble=TROUBLES["rights"]),
        denied(trouble=TROUBLES["rights"]),
        denied(trouble=TROUBLES["removed"]),
        denied(state=State.RELEASING, trouble=TROUBLES["rights"]),
    ):
        ids = [element["action_id"] for row in actions(check_card(record)) for element in row]
        assert ids.count("step_retry") == 1, record.state


def test_the_longest_card_stays_within_slacks_limits() -> None:
    everything = with_hostile_steps(
        denied(trouble=TROUBLES["rights"], coverage=coverage(), reach=some_reach()), LONG
    )
    failed = replace(everything, steps=tuple(replace(s, state=StepState.FAILED) for s in everything.steps))
    open_ = replace(everything, steps=tuple(replace(s, state=StepState.OPEN) for s in everything.steps))
    for record in (everything, failed, open_, replace(open_, state=State.WATCHED)):
        for rules in (RULES, follow_up_records.SCIM_RULES, follow_up_records.DIRECTORY_RULES):
            assert len(check_card(record, rules).blocks) <= 50


def test_forty_groups_that_come_back_with_the_next_sync_stay_one_short_list() -> None:
    left = tuple(
        f"Group {number} belongs to your identity provider: take the user out there." for number in range(40)
    )
    done = {"state": StepState.DONE, "gone": 40, "total": 40, "residual": left}
    message = check_card(followed(RULES, {Kind.MEMBERSHIPS: done}))
    text = shown(message)
    assert "40 removed" in text
    assert "Group 7 " in text
    assert "Group 8 " not in text
    assert "And 32 more; the log has all." in text


def test_nothing_is_called_done_that_neither_aws_nor_a_named_person_said() -> None:
    for state in StepState:
        record = followed(RULES, {kind: {"state": state, "gone": 0} for kind in Kind})
        text = shown(check_card(record))
        assert ("done, read back" in text) == (state is StepState.DONE), state
        assert "attested by" not in text, state


def test_where_the_target_reads_along_no_gap_is_shown() -> None:
    gaps = coverage(uncovered=("111111111111",))
    for record in (requested(reach=some_reach(), coverage=gaps), denied(reach=some_reach(), coverage=gaps)):
        shared = repr(card.render(replace(record, channel_shared=True), RULES))
        assert "111111111111" not in shared
        assert "coverage" not in shared.lower().replace("access and coverage", "")
        assert "2 of 3" not in shared


def _cards() -> dict[str, Revocation]:
    access = {"reach": some_reach(), "coverage": coverage()}
    gaps = {"reach": some_reach(), "coverage": coverage(uncovered=("333333333333", "999999999999"))}
    proven = {"reach": reach(at(hours=1)), "coverage": coverage(), "no_mint_at": at(hours=1)}
    asked = ReleaseRequest(asked_by=BOB, asked_at=at(hours=2), reason="it was a drill")
    return {
        "drill_waits_for_deny_now": requested(**access, drill=True),
        "drill_denied": followed(**access, drill=True),
        "drill_waits_for_a_second_person": followed(**access, drill=True, release=asked),
        "drill_released": denied(
            state=State.RELEASED, off_at=at(hours=1), released_by=(BOB, CAROL), drill=True
        ),
        "looking_up": requested(user=None, slack_name=None),
        "still_reading": requested(),
        "waits_for_deny_now": requested(**access),
        "waits_with_gaps_and_other_names": requested(**gaps, slack_name="Al Coop"),
        "being_written": confirmed(**access),
        "not_denied": confirmed(
            **access,
            policy_id="p-examplepolicyid111",
            trouble=Trouble(
                code="rights",
                sentence="The workers may not write the Deny policy. Allow organizations:UpdatePolicy on it.",
                since=at(minutes=2),
            ),
        ),
        "denied": denied(**access),
        "denied_with_gaps": denied(**gaps),
        "denied_no_access_left": denied(**proven),
        "denied_policy_unreadable_now": denied(**access, trouble=TROUBLES["rights"]),
        "taken_off_by_hand": denied(
            **access,
            trouble=Trouble(
                code="removed",
                sentence="Its user ID was taken off the Deny policy by somebody else. It is being put back.",
                since=at(hours=1),
            ),
        ),
        "held_access_left": denied(
            **access,
            held_because="Access is left: 2 direct assignments. Remove it in IAM Identity Center; "
            "it is read again by itself.",
        ),
        "held_until_released": denied(
            **proven, hold_open=True, held_because="bob holds it until it is released."
        ),
        "release_asked": denied(**proven, release=asked),
        "being_released": denied(state=State.RELEASING, released_by=(BOB, CAROL)),
        "off_and_watched": denied(state=State.WATCHED, off_at=at(hours=13, minutes=15)),
        "released": denied(state=State.RELEASED, off_at=at(hours=3), released_by=(BOB, CAROL)),
        "not_identified": requested(
            state=State.REFUSED,
            user=None,
            refused_because="No Identity Center user has the e-mail or user name al@example.com. "
            "Name them by user name or user ID.",
        ),
        "cancelled": requested(state=State.CANCELLED, cancelled_by=CAROL),
        "expired": requested(state=State.EXPIRED),
        "joined": requested(
            state=State.CLOSED,
            refused_because="Alice Cooper already has R-AAAAAA; the reason was added there.",
        ),
    }


def _moments() -> dict[str, tuple[Revocation, str, str]]:
    proven = {"reach": reach(at(hours=1)), "coverage": coverage(), "no_mint_at": at(hours=1)}
    gaps = {"reach": some_reach(), "coverage": coverage(uncovered=("333333333333",))}
    asked = ReleaseRequest(asked_by=BOB, asked_at=at(hours=2), reason="it was a drill")
    left = (
        "Access is left: 2 direct assignments. Remove it in IAM Identity Center; it is read again by itself."
    )
    rights = "The workers may not write the Deny policy. Allow organizations:UpdatePolicy on it."
    return {
        "denied": (denied(**gaps), "denied", ""),
        "denied_before_coverage_is_read": (denied(), "denied", ""),
        "not_denied": (confirmed(trouble=TROUBLES["rights"]), "not_denied", rights),
        "cannot_be_checked": (denied(trouble=TROUBLES["rights"]), "not_denied", rights),
        "removed_by_hand": (denied(**gaps), "removed_by_hand", ""),
        "denied_again": (denied(**proven), "denied_again", ""),
        "notice": (denied(**proven), "notice", ""),
        "held": (denied(**gaps), "held", left),
        "release_asked": (denied(**proven, release=asked), "approval_asked", ""),
        "off_proven": (denied(state=State.WATCHED, **proven), "off", ""),
        "off_released": (denied(state=State.RELEASED, released_by=(BOB, CAROL)), "off", ""),
        "access_back": (denied(state=State.WATCHED), "access_back", ""),
        "expired": (requested(state=State.EXPIRED), "expired", ""),
        "adopted": (denied(adopted=True, requested_by=SYSTEM, owner=None, reasons=()), "adopted", ""),
    }


def _all_moments() -> dict[str, tuple[Revocation, str, str]]:
    return {
        **_moments(),
        **follow_up_records.moments(),
        **protection_records.moments(),
        **doubted_records.moments(),
    }


QUIET = (
    *("follow_ups_started", "follow_ups_wait", "attested", "assigned", "assigned_to", "step_done", "nudge"),
    *("last_assignments", "restored", "approval_refused", "residuals", "look_back", "looked_back"),
    "ratified",
)


def shown(message: Message) -> str:
    """The message as a person sees it, in plain text, as far as that goes."""
    lines = [f"phone: {message.text}", ""]
    for block in message.blocks:
        match block["type"]:
            case "header":
                lines.append(f"# {block['text']['text']}")
            case "section":
                parts = [block["text"], *[]] if "text" in block else block["fields"]
                lines.extend(part["text"] for part in parts)
            case "context":
                lines.append("(" + " | ".join(element["text"] for element in block["elements"]) + ")")
            case "rich_text":
                lines.extend(_rich(block["elements"][0]))
            case "actions":
                lines.append(" ".join(_pressable(element) for element in block["elements"]))
    text = "\n".join(lines)
    text = re.sub(r"<!date\^\d+\^[^|]+\|([^>]+)>", r"\1", text)
    return text.replace("\u2060", "") + "\n"


def _rich(element: Mapping[str, Any]) -> Iterator[str]:
    if element["type"] == "rich_text_preformatted":
        yield "$ " + element["elements"][0]["text"]
        return
    for line in element["elements"]:
        yield "- " + "".join(_rich_run(run) for run in line["elements"])


def _rich_run(run: Mapping[str, Any]) -> str:
    return f"<@{run['user_id']}>" if run["type"] == "user" else run.get("text") or run["fallback"]


def _pressable(element: Mapping[str, Any]) -> str:
    if element["type"] == "overflow":
        return "[... " + " / ".join(option["text"]["text"] for option in element["options"]) + "]"
    sure = element.get("confirm")
    asks = f" -> {sure['title']['text']} {sure['text']['text']}" if sure else ""
    return f"[{element['text']['text']}{asks}]"


@pytest.mark.parametrize("name", _cards())
def test_the_card_reads_as_it_was_reviewed(name: str) -> None:
    _as_reviewed(f"card_{name}", check_card(_cards()[name]))


@pytest.mark.parametrize("name", follow_up_records.cards())
def test_the_card_with_follow_ups_reads_as_it_was_reviewed(name: str) -> None:
    _as_reviewed(f"card_{name}", check_card(*follow_up_records.cards()[name]))


@pytest.mark.parametrize("name", protection_records.cards())
def test_the_card_that_takes_more_than_a_click_reads_as_it_was_reviewed(name: str) -> None:
    _as_reviewed(f"card_{name}", check_card(protection_records.cards()[name]))


@pytest.mark.parametrize("name", doubted_records.cards())
def test_the_card_of_a_record_that_is_not_believed_reads_as_it_was_reviewed(name: str) -> None:
    _as_reviewed(f"card_{name}", check_card(doubted_records.cards()[name]))


@pytest.mark.parametrize("name", _all_moments())
def test_the_moment_reads_as_it_was_reviewed(name: str) -> None:
    record, kind, detail = _all_moments()[name]
    soon = ("denied", "denied_again", "not_denied")
    note = Note(
        kind=kind,
        at=at(hours=0 if kind in soon else 12, minutes=2),
        detail=detail,
        broadcast=kind not in QUIET,
    )
    digest = Digest(132, "8f3a12bc90de41aa", 12)
    message = moments.render(record, note, follow_up_records.DIRECTORY_RULES, digest)
    check(record, message)
    _as_reviewed(f"moment_{name}", message)


def _as_reviewed(name: str, message: Message) -> None:
    kept, text = GOLDEN / f"{name}.txt", shown(message)
    if os.environ.get("GOLDEN") == "write":
        kept.write_text(text)
    assert text == kept.read_text(), f"read it; if it is better, run GOLDEN=write pytest {__file__}"


def test_no_golden_file_is_left_over() -> None:
    others = (follow_up_records, protection_records, doubted_records)
    cards = {*_cards(), *(name for module in others for name in module.cards())}
    expected = {f"card_{name}.txt" for name in cards} | {f"moment_{name}.txt" for name in _all_moments()}
    assert {path.name for path in GOLDEN.glob("*.txt")} == expected
