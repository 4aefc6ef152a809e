"""The forms: Slack takes them, they say what they do, and what is left empty means the default."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot import modals
from bot.modals import Sent, View
from tests.sandbox.slack.blocks import check_view
from tests.sandbox.slack.form import form_state
from tests.unit.follow_up_records import DIRECTORY_RULES, TAKEN
from tests.unit.make import ALICE_ID, BOB, T0, attested, followed
from workers.domain.handoff import Handoff
from workers.domain.revocation import Revocation, State
from workers.domain.step import Kind
from workers.service.intake import attestable

RECORD = followed(DIRECTORY_RULES, TAKEN)
STEPS = attestable(RECORD)


HANDOFF = Handoff(
    id="H-7K2M9Q",
    revocations=("R-7K2M9Q",),
    outgoing=(BOB,),
    offered_by=BOB,
    offered_at=T0,
    channel="C0SECINC01",
)


def forms(record: Revocation = RECORD) -> dict[str, View]:
    return {
        "attest": modals.attest(record, STEPS, Kind.SESSIONS, "U0BOB00001"),
        "attest which": modals.attest(record, STEPS, None, "U0BOB00001"),
        "assign": modals.assign(record, STEPS, Kind.SESSIONS),
        "assign which": modals.assign(record, STEPS, None),
        "false alarm": modals.false_alarm(record, "a drill"),
        "restore": modals.restore(record),
        "restore, all attested": modals.restore(all_attested(record)),
        "hand over": modals.hand_over(record, choose=False),
        "hand over which": modals.hand_over(record, choose=True),
    }


def all_attested(record: Revocation) -> Revocation:
    for kind in (Kind.SESSIONS, Kind.CREDENTIALS):
        step = record.step(kind)
        assert step is not None
        record = record.with_step(replace(step, **attested()))
    return record


def sent(view: View, given: Mapping[str, Mapping[str, Any]] | None = None) -> Sent:
    """The form as it comes back, with what is given filled in and the rest as it was."""
    return modals.sent({**view, "state": {"values": form_state(view["blocks"], given or {})}})


def words(view: View) -> str:
    return json.dumps(view, ensure_ascii=False)


@pytest.mark.parametrize("name", forms())
def test_slack_takes_every_form_whatever_the_names_are(name: str) -> None:
    assert RECORD.user is not None
    for hostile in ("alice", "<!channel>" * 400, "\u200b", ""):
        user = replace(RECORD.user, user_name=hostile, display_name=hostile)
        assert check_view(forms(replace(RECORD, user=user))[name]) == []


@pytest.mark.parametrize("name", forms())
def test_every_form_carries_its_revocation_and_has_a_field_for_errors(name: str) -> None:
    form = sent(forms()[name])
    assert form.record_id == "R-7K2M9Q"
    assert form.at_field("no such field", "why")
    assert set(form.at_field(form.inputs[-1], "why")) == {form.inputs[-1]}


@pytest.mark.parametrize("name", forms())
def test_absent_state_means_the_default(name: str) -> None:
    form = modals.sent({**forms()[name], "state": {"values": {}}})
    assert form.text("done_by") == form.text("link") == form.text("reason") == ""
    assert form.time("done_at") is None
    assert form.kind == (Kind.SESSIONS if "step" in form_metadata(forms()[name]) else None)


def form_metadata(view: View) -> dict[str, str]:
    return dict(json.loads(view["private_metadata"]))


def test_an_untouched_form_names_who_opened_it_and_the_first_step_and_no_time() -> None:
    form = sent(forms()["attest which"])
    assert (form.kind, form.text("done_by"), form.time("done_at")) == (Kind.SESSIONS, "U0BOB00001", None)


def test_what_was_filled_in_is_read_from_each_field() -> None:
    form = sent(
        forms()["attest which"],
        {
            "step": {"step": "credentials"},
            "done_by_name": {"done_by_name": " the vendor "},
            "done_at": {"done_at": 1795485600},
            "link": {"link": "https://tickets.example.com/7"},
        },
    )
    assert form.kind is Kind.CREDENTIALS
    assert form.text("done_by_name") == "the vendor"
    assert form.time("done_at") == datetime.fromtimestamp(1795485600, tz=UTC)
    assert form.text("link") == "https://tickets.example.com/7"


def test_the_false_alarm_says_what_comes_off_and_what_is_given_back() -> None:
    view = forms()["false alarm"]
    assert f"Off the Deny policy: alice ({ALICE_ID})." in words(view)
    assert "40 account assignments, 3 group memberships" in words(view)
    assert sent(view).text("reason") == "a drill"


def test_the_tick_is_there_only_while_it_is_needed() -> None:
    assert modals.NOTHING_LOST in sent(forms()["restore"]).inputs
    assert modals.NOTHING_LOST not in sent(forms()["restore, all attested"]).inputs
    ticked = sent(forms()["restore"], {modals.NOTHING_LOST: {modals.NOTHING_LOST: [modals.NOTHING_LOST]}})
    assert ticked.text(modals.NOTHING_LOST) == modals.NOTHING_LOST
    assert sent(forms()["restore"]).text(modals.NOTHING_LOST) == ""


def test_whoever_hands_over_may_name_nobody_and_all_is_offered_where_nothing_is_chosen() -> None:
    form = sent(forms()["hand over which"])
    assert (form.text("which"), form.text("next"), form.text("note")) == ("all", "", "")
    given: dict[str, dict[str, Any]] = {
        "which": {"which": modals.ONLY_THIS},
        "next": {"next": ["U0BOB00001", "U0CAROL001"]},
    }
    filled = sent(forms()["hand over which"], given)
    assert (filled.text("which"), filled.text("next")) == (modals.ONLY_THIS, "U0BOB00001,U0CAROL001")
    assert "which" not in sent(forms()["hand over"]).inputs


@pytest.mark.parametrize("make", [modals.decline, modals.note])
def test_the_forms_of_a_handoff_carry_its_id_and_want_words(make: Callable[[Handoff], View]) -> None:
    view = make(HANDOFF)
    assert check_view(view) == []
    assert sent(view).record_id == "H-7K2M9Q"
    (field,) = [block for block in view["blocks"] if block["type"] == "input"]
    assert field["optional"] is False


def test_a_restore_says_whether_they_stay_denied() -> None:
    assert "They stay denied." in words(modals.restore(RECORD))
    off = replace(RECORD, state=State.WATCHED)
    assert "They are off the Deny policy." in words(modals.restore(off))
