"""The report: golden files for each state, figures that are never invented, and texts that stay texts wherever they go."""

import ast
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.slack.blocks import check_message
from tests.unit.follow_up_records import DIRECTORY_RULES
from tests.unit.make import ALICE, BOB, CAROL, RULES, T0, at, coverage, denied, requested
from tests.unit.report_logs import Story, gone, stories
from tests.unit.test_cards import EVIL, HOSTILE, LONG, shown, texts
from workers.cards import (
    by_phone,
    drill,
    event_words,
    home,
    moments,
    open_list,
    phrase,
    report_json,
    report_markdown,
    span_words,
)
from workers.cards import report as cards
from workers.cards.report_json import as_json
from workers.cards.report_markdown import markdown
from workers.domain.actor import SYSTEM, Actor
from workers.domain.report import Span, keeps_books, report
from workers.domain.revocation import Note, Reason, Revocation, State, Trouble

GOLDEN = Path(__file__).parent / "golden_reports"
"""Run `GOLDEN=write pytest tests/unit/test_report.py` to write them anew, then read what changed."""

ROOT = Path(__file__).parents[2]
MADE = at(hours=14)


def compare(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text


@pytest.mark.parametrize("name", stories())
def test_the_file_reads_as_it_was_reviewed(name: str) -> None:
    compare(f"{name}.md", markdown(stories()[name].report(MADE), DIRECTORY_RULES))


@pytest.mark.parametrize("name", ["denied", "drill"])
def test_the_json_is_as_it_was_reviewed(name: str) -> None:
    document = as_json(stories()[name].report(MADE))
    compare(f"{name}.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def test_each_key_of_the_json_is_documented() -> None:
    documented = set(re.findall(r"`(\w+)`", report_json.__doc__ or ""))
    assert {key for story in stories().values() for key in _keys(as_json(story.report(MADE)))} <= documented


def _keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _keys(part)


@pytest.mark.parametrize("name", ["denied", "drill", "adopted", "requested"])
def test_the_message_reads_as_it_was_reviewed(name: str) -> None:
    message = cards.summary(stories()[name].report(MADE), DIRECTORY_RULES)
    compare(f"{name}.txt", shown(message))


@pytest.mark.parametrize("name", stories())
def test_what_is_said_by_phone_reads_as_it_was_reviewed(name: str) -> None:
    said = by_phone.sentences(stories()[name].record)
    compare(
        f"phone_{name}.txt", f"To the person:\n{said.to_person}\n\nTo their manager:\n{said.to_manager}\n"
    )


def test_on_the_phone_nobody_hears_a_technical_word_nor_an_accusation() -> None:
    banned = (
        "policy",
        "SCP",
        "session",
        "token",
        "credential",
        "revoke",
        "attack",
        "suspect",
        "guilt",
        "leak",
    )
    for name, story in stories().items():
        said = by_phone.sentences(story.record)
        if said.to_person == said.to_manager:
            continue  # nobody is called
        for sentence in (said.to_person, said.to_manager):
            assert not [word for word in banned if word.casefold() in sentence.casefold()], (name, sentence)
            assert "ask " in sentence


def test_who_is_not_denied_is_never_told_that_they_are() -> None:
    away = Trouble(code="removed", sentence="Somebody took it off.", since=at(hours=1))
    assert "switching off" in by_phone.sentences(denied(trouble=away)).to_person
    assert "Do not call" in by_phone.sentences(requested()).to_person
    nowhere = replace(coverage(uncovered=("111111111111",)), attached=False)
    assert "switching off" in by_phone.sentences(denied(coverage=nowhere)).to_person
    gone_ = denied(coverage=nowhere, no_mint_at=at(hours=1))
    assert "have switched off" in by_phone.sentences(gone_).to_person


@pytest.mark.parametrize("state", [State.EXPIRED, State.REFUSED])
def test_where_nobody_decided_nobody_is_told_that_all_is_well(state: State) -> None:
    said = by_phone.sentences(requested(state=state))
    assert said.to_person.startswith("Do not call yet: nothing is decided")


def test_whoever_comes_off_right_now_is_not_told_that_it_stays_off() -> None:
    assert "being taken off" in by_phone.sentences(denied(state=State.RELEASING)).to_person


def test_nobody_is_asked_to_call_a_terminal() -> None:
    root = Actor(kind="terminal", id="arn:aws:sts::1:assumed-role/ops root", name="root at a terminal")
    assert by_phone.sentences(denied(owner=root)).to_manager.endswith("ask the security team.")


def test_time_to_contain_is_from_the_request_to_the_read_back() -> None:
    made = gone().report(MADE)
    took = {span.what: span.took for span in made.spans}
    assert took == {
        "asked_to_card": timedelta(seconds=1.2),
        "card_to_confirmed": timedelta(seconds=58.8),
        "confirmed_to_written": timedelta(seconds=3.1),
        "asked_to_written": timedelta(seconds=63.1),
        "asked_to_no_access": timedelta(hours=1),
        "written_to_off": None,
    }
    assert made.span("assignments").took == timedelta(minutes=12, seconds=56.9)
    assert made.span("credentials").took is None
    assert made.span("entitlements").took is None, "the service is not in use: nothing was done"


def test_what_was_put_back_by_the_bot_counts_from_the_first_writing() -> None:
    story = gone()
    story.then(story.record, "written", SYSTEM, at(hours=3), request_id="req-5")
    assert story.report(MADE).span("confirmed_to_written").took == timedelta(seconds=3.1)


def test_of_an_id_that_was_found_nobody_knows_when_it_was_asked_for_or_written() -> None:
    assert {span.took for span in stories()["adopted"].report(MADE).spans} == {None}


def test_a_second_confirmation_counts_where_the_first_was_void() -> None:
    story = stories()["confirmed"]
    story.then(requested(), "confirmation_void", SYSTEM, at(minutes=2))
    story.then(replace(story.record, state=State.CONFIRMED), "confirmed", BOB, at(minutes=3))
    story.then(denied(), "written", SYSTEM, at(minutes=3, seconds=2))
    assert story.report(MADE).span("confirmed_to_written").took == timedelta(seconds=2)


def test_what_came_after_the_record_was_read_is_left_out() -> None:
    story = gone()
    before = story.record
    story.then(story.record, "hold", BOB, at(hours=2))
    made = report(story.entries, before, RULES.timing, MADE)
    assert "hold" not in [happening.event for happening in made.happenings]


def test_owners_deeds_and_books() -> None:
    made = gone().report(MADE)
    assert [(p.before, p.after) for p in made.passings] == [(BOB, CAROL), (CAROL, BOB)]
    assert [(d.event, d.by.name) for d in made.deeds] == [
        ("requested", "bob"),
        ("confirmed", "carol"),
        ("attested", "carol"),
    ]
    assert made.left_out == 1


def test_the_second_yes_of_two_has_its_own_name() -> None:
    story = stories()["requested"]
    story.then(replace(story.record, seconded_by=CAROL), "confirmed", CAROL, at(minutes=1))
    assert story.report(MADE).deeds[-1].event == "seconded"


def test_who_approved_is_not_said_to_have_given_the_reason_of_who_asked() -> None:
    story = gone()
    story.then(story.record, "false_alarm_asked", BOB, at(hours=2), reason="they called from a plane")
    story.then(
        story.record,
        "false_alarm_approved",
        CAROL,
        at(hours=3),
        reason="they called from a plane",
        approvers_reason="I rang them",
    )
    assert [d.reason for d in story.report(MADE).deeds[-2:]] == ["they called from a plane", "I rang them"]
    story.then(story.record, "release_approved", CAROL, at(hours=3), reason="asked", approvers_reason="")
    assert story.report(MADE).deeds[-1].reason == ""


EVENTS = ("requested", "card_posted", "confirmed", "written", "taken_off", "told_denied", "hold", "owned")
TIMES = st.integers(min_value=-5000, max_value=90000).map(lambda seconds: T0 + timedelta(seconds=seconds))


@st.composite
def logs(draw: st.DrawFn) -> Story:
    """Any events at any times: clocks may jump, and entries may be missing."""
    story = Story()
    base = draw(st.sampled_from([gone().record, requested(), denied(), denied(adopted=True)]))
    for event, when in draw(st.lists(st.tuples(st.sampled_from(EVENTS), TIMES), min_size=1, max_size=12)):
        no_mint = draw(st.none() | TIMES)
        story.then(
            replace(base, no_mint_at=no_mint), event, draw(st.sampled_from([BOB, CAROL, SYSTEM])), when
        )
    return story


@given(logs())
def test_no_duration_is_negative_and_each_is_between_two_times_of_the_log(story: Story) -> None:
    made = story.report(MADE)
    times = set(_times(story.entries))
    for span in (*made.spans, *made.steps):
        assert span.took is None or span.took >= timedelta(0)
        if span.took is not None:
            assert {span.begins, span.ends} <= times
    document = as_json(made)
    assert all(d["seconds"] is None or d["seconds"] >= 0 for d in document["durations"].values())
    markdown(made, RULES)
    assert check_message(list(cards.summary(made, RULES).blocks)) == []


def _times(node: object) -> Iterator[datetime]:
    if isinstance(node, dict):
        for part in node.values():
            yield from _times(part)
    elif isinstance(node, list):
        for part in node:
            yield from _times(part)
    elif isinstance(node, str):
        try:
            yield datetime.fromisoformat(node).astimezone(UTC)
        except ValueError:
            return


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (3.14, "3.1 s"), (59.96, "1 min"), (60, "1 min"), (723, "12 min 3 s"), (47700, "13 h 15 min"),
     (3600, "1 h"), (270000, "3 d 3 h"), (86405, "1 d")],
)  # fmt: skip
def test_how_long_in_words(seconds: float, words: str) -> None:
    assert span_words.took(timedelta(seconds=seconds)) == words


def test_what_is_not_known_is_said_to_be_so() -> None:
    assert span_words.took(None) == "not in the record"
    assert span_words.took(Span(what="x", begins=at(hours=1), ends=T0).took) == "not in the record"


def hostile(text: str) -> Story:
    by = Actor(kind="slack", id="U0EVIL0001", name=text)
    story = gone()
    record = replace(
        story.record,
        user=replace(ALICE, display_name=text, user_name=text or "x", email=text),
        owner=by,
        reasons=(Reason(by=by, text=text, at=T0),),
        slack_name=text,
    )
    items = [{"key": "1", "name": text, "request_id": text, "failed": text}]
    story.then(record, "removed", by, at(hours=1), step="assignments", items=items, reason=text)
    return story.then(record, "hold", by, at(hours=1), reason=text)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_stay_texts_in_slack(text: str) -> None:
    made = hostile(text).report(MADE)
    for message in (cards.summary(made, RULES), cards.alone(made, RULES)):
        assert check_message(list(message.blocks)) == []
        assert len(message.text) <= 3900
        said = message.text + " ".join(texts(list(message.blocks), "mrkdwn"))
        assert "<!channel>" not in said
        assert "<https://evil" not in said


MARKUP = (
    "`code` ``x`` [a](https://evil.example) ![i](http://evil.example/x.png) <img src=x onerror=alert(1)> "
    "</code><script>alert(1)</script> @octocat www.evil.example # head\n# head\n```\nfence\n``` | a | b | \\` {{x}}"
)


@pytest.mark.parametrize("text", [MARKUP, EVIL, LONG, "`", "``", "\\`", "\n# x"])
def test_hostile_texts_stay_texts_in_markdown(text: str) -> None:
    """Without code spans and what is escaped, nothing is left that Markdown obeys beyond our own marks."""
    lines = markdown(hostile(text).report(MADE), RULES).splitlines()
    ours = markdown(gone().report(MADE), RULES).splitlines()
    assert [line for line in lines if line.startswith("#")] == [line for line in ours if line.startswith("#")]
    for line in lines:
        if line.startswith("> "):
            outside = "".join(_unescaped(line[2:]))
            assert "`" not in outside
        else:
            assert line.count("`") % 2 == 0, line
            outside = "".join(line.split("`")[::2])
        assert not set("<[@|") & set(outside), line
        assert "http" not in outside.replace("https", "http") or "://" not in outside, line
        assert "www." not in outside, line


def _unescaped(text: str) -> Iterator[str]:
    """What is not behind a backslash."""
    escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        else:
            yield character


def test_a_code_span_holds_any_text_on_one_line() -> None:
    assert report_markdown.code("a`b\nc") == "`aˋb c`"
    assert report_markdown.code("\u200b \n") == "none"


def test_the_text_instead_of_files_is_cut_honestly_and_says_how_to_get_the_rest() -> None:
    made = gone().report(MADE)
    long = "x" * 20_000
    message = cards.instead_of_files(made, long, "missing_scope")
    assert check_message(list(message.blocks)) == []
    assert "first 9000 of 20000 characters" in message.text
    assert "files:write" in message.text
    assert "python -m workers report R-7K2M9Q" in message.text
    assert "Here is its text" in cards.instead_of_files(made, "short", "no_permission").text


def test_every_event_that_the_code_records_has_words_or_only_keeps_the_books() -> None:
    recorded = set(_events())
    assert len(recorded) > 60
    missing = {e for e in recorded if e not in event_words.WORDS and not keeps_books(e)}
    assert missing == set()


def _events() -> Iterator[str]:
    """Every constant that becomes an event of a revocation: given to `Change`, or to the functions that record steps."""
    for path in (ROOT / "workers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            # The logs of handoffs and lookups have entries of their own, and no report.
            another_log = isinstance(node.func, ast.Name) and node.func.id == "ChangeOf"
            for keyword in node.keywords if not another_log else ():
                if keyword.arg == "event" and isinstance(keyword.value, ast.Constant):
                    yield str(keyword.value.value)
            if isinstance(node.func, ast.Name) and node.func.id in ("_edited", "_change"):
                yield from (
                    a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
                )


def test_a_drill_is_called_one_wherever_it_is_told() -> None:
    made = stories()["drill"].report(MADE)
    record: Revocation = made.revocation
    assert "(drill)" in json.dumps(cards.summary(made, RULES).blocks)
    assert "**This was a drill" in markdown(made, RULES)
    assert by_phone.sentences(record).to_person.startswith("This is an exercise")
    assert as_json(made)["drill"] is True
    assert "Drill done: written and read back 3.1 s after Deny now; 1 min 3 s after" in drill.done(made).text
    assert "(drill, " in cards.instead_of_files(made, "short", "no_permission").text
    assert "(drill, " in cards.not_made(record, Note(kind="report", at=T0), RULES, "It is cut.").text


def test_a_drill_says_nothing_of_a_part_that_was_not_walked() -> None:
    made = stories()["drill"].report(MADE)
    spans = [replace(one, ends=None) if one.what == "asked_to_no_access" else one for one in made.spans]
    text = drill.done(replace(made, spans=tuple(spans))).text
    assert "access gone" not in text
    assert "not in the record" not in text
    assert "asked for; off the list" in text


NOTES = (
    "reason_added",
    "gaps_withheld",
    "last_assignments",
    "terminal_vote",
    "hold",
    "off",
    "assigned",
    "expired",
)


@pytest.mark.parametrize("kind", NOTES)
def test_each_moment_of_a_drill_says_that_it_is_one_in_its_thread_and_in_a_handoffs(kind: str) -> None:
    note = Note(kind=kind, at=T0, detail="sessions", broadcast=True)
    for said in (
        moments.render(gone(drill=True).record, note, RULES).text,
        moments.sentence(gone(drill=True).record, note, RULES),
    ):
        assert "drill" in said.casefold(), said
        assert "incident" not in said
    assert "drill" not in moments.sentence(gone().record, note, RULES).casefold()


def test_a_drill_whose_user_is_not_found_yet_says_so_wherever_it_is_named() -> None:
    sought = requested(user=None, slack_name=None, drill=True)
    now = home.Now(at=T0, viewer=BOB, revocations=(sought,))
    assert phrase.person(sought).endswith("(drill)")
    assert "(drill)" in open_list.sentence(sought, RULES.timing, T0)
    waits = [text for text in texts(list(home.page(now, RULES)["blocks"]), "mrkdwn") if "Deny now" in text]
    assert all("(drill)" in text for text in waits)


def test_a_report_that_cannot_be_made_says_so() -> None:
    note = Note(kind="report", at=T0, detail=BOB.id)
    message = cards.not_made(denied(), note, RULES, "R-7K2M9Q: entry 3 does not follow the one before it.")
    assert "there is no report" in message.text
    assert check_message(list(message.blocks)) == []
