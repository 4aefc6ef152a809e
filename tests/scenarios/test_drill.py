"""A drill from the command to its end, and the report on it with its files, through real processes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.installation import ALICE, BOB, CAROL, SEC_INC, Installation
from tests.sandbox.slack.state import Message
from tests.scenarios.steps import (
    becomes,
    form,
    newcomer,
    press,
    revocation_id,
    shows,
    told,
)


@pytest.fixture(scope="module")
def drilled() -> Iterator[Installation]:
    with Installation.fresh(REVOKE_DRILL_USER="tess") as made:
        newcomer(made, "tess")
        yield made


def test_a_drill_is_walked_to_its_end_and_its_report_has_the_figures(drilled: Installation) -> None:
    card = _begin(drilled)
    shows(drilled, card, "Drill, next: press Deny now.")
    press(drilled, card, "revocation_confirm", user=ALICE)
    card = becomes(drilled, card, "Denied")
    assert "(drill, user name tess" in card.text
    press(drilled, card, "revocation_false_alarm", user=ALICE)
    view = form(drilled, ALICE)
    reason = {"reason": {"reason": "the drill is over"}}
    assert drilled.slack.submit(ALICE, view["id"], reason).ok
    press(drilled, card, "approval_give", user=CAROL)
    becomes(drilled, card, "Released")
    done = told(drilled, card, "Drill done: written and read back")
    print(done.text)
    assert " s after Deny now" in done.text

    answer = drilled.slack.command(BOB, SEC_INC, f"/revoke report {revocation_id(card)}")
    assert "comes into the thread of its card" in answer.text
    summary = told(drilled, card, " · Report. ")
    assert "Time to contain: asked for, to written and read back" in summary.text
    print(summary.text)
    markdown, document = drilled.until(lambda: _files(drilled, card))
    _tells_what_happened(drilled, card, markdown["text"], json.loads(document["text"]))
    _doctor_and_terminal_say_so(drilled, card)
    _without_the_scope_the_text_goes_out(drilled, card)


def _begin(drilled: Installation) -> Message:
    answer = drilled.slack.command(ALICE, SEC_INC, "/revoke drill quarterly")
    assert "Looking up tess" in answer.text, answer
    return drilled.until(lambda: next(iter(drilled.slack.messages(SEC_INC)), None))


def _files(drilled: Installation, card: Message) -> tuple[Any, ...]:
    return next((m.files for m in drilled.slack.thread(card.channel, card.ts) if m.files), ())


def _tells_what_happened(
    drilled: Installation, card: Message, markdown: str, document: dict[str, Any]
) -> None:
    entries = drilled.log(revocation_id(card))
    took = document["durations"]
    assert 0 < took["confirmed_to_written"]["seconds"] < 60
    assert took["asked_to_written"]["seconds"] >= took["confirmed_to_written"]["seconds"]
    assert 0 < took["written_to_off"]["seconds"] < 120
    assert document["drill"] is True
    assert [deed["did"] for deed in document["people"]] == [
        *("requested", "confirmed", "false_alarm_asked", "false_alarm_approved"),
    ]
    written = next(entry for entry in entries if entry["event"] == "written")
    assert f"`{written['detail']['request_id']}`" in markdown
    assert f"signature `{document['evidence']['signature']}`" in markdown
    assert document["evidence"]["digest"]
    print(json.dumps(took, indent=1))


def _doctor_and_terminal_say_so(drilled: Installation, card: Message) -> None:
    id_ = revocation_id(card)
    doctor = drilled.terminal("doctor")
    assert f"({id_})" in doctor.stdout
    assert "ok   Deny policy last proven by a drill" in doctor.stdout
    assert "ok   drills: the test user is tess" in doctor.stdout
    assert f"# Drill: report on {id_}" in drilled.terminal("report", id_).stdout
    assert json.loads(drilled.terminal("report", id_, "--json").stdout)["id"] == id_
    assert "This is an exercise" in drilled.terminal("report", "tess", "--phone").stdout


def _without_the_scope_the_text_goes_out(drilled: Installation, card: Message) -> None:
    drilled.slack.fault("files.getUploadURLExternal", "error:missing_scope")
    drilled.slack.command(BOB, SEC_INC, f"/revoke report {revocation_id(card)}")

    text = told(drilled, card, "Slack did not take the files of the report on").text
    assert "(drill, user name tess" in text
    assert "(missing_scope). Add the scope files:write" in text
    assert f"python -m workers report {revocation_id(card)}" in text
