"""What a click says: which step, which list, from which card."""

from dataclasses import replace
from typing import Any

import pytest

from bot import pressed
from bot.pressed import OldCard
from tests.unit.make import BOB, T0, denied
from workers.domain.errors import Refused, UnknownRevocation
from workers.domain.handoff import Handoff
from workers.domain.step import Kind


def test_the_row_names_the_step() -> None:
    assert pressed.kind("step.sign_in") is Kind.SIGN_IN
    for other in ("", "step.", "step.teleport", "sign_in", "approval.restore.7"):
        assert pressed.kind(other) is None


def test_the_row_names_the_list_that_was_shown() -> None:
    assert pressed.list_seen("approval.false_alarm.31") == 31
    assert pressed.list_seen("approval.release.0") == 0
    for other in ("", "step.sessions", "approval.restore.", "approval.restore.x", "approval.restore.²"):
        assert pressed.list_seen(other) is None


def test_a_row_that_was_shown_for_something_else_is_refused() -> None:
    pressed.as_shown("approval.restore.7", "approval.restore.7", "R-7K2M9Q")
    pressed.as_shown("made up by Slack", "approval.restore.7", "R-7K2M9Q")
    for stale in ("approval.restore.6", "approval.release.0"):
        with pytest.raises(Refused, match="no longer what you were shown"):
            pressed.as_shown(stale, "approval.restore.7", "R-7K2M9Q")


def test_a_click_counts_on_the_card_in_its_thread_and_in_a_direct_message() -> None:
    record = denied(card_ts="1.1")
    here = {"id": record.channel}
    pressed.on_its_card(record, {"channel": here, "container": {"message_ts": "1.1"}})
    pressed.on_its_card(record, {"channel": here, "container": {"message_ts": "2.2", "thread_ts": "1.1"}})
    pressed.on_its_card(record, {"channel": {"id": "D0CAROL001"}, "container": {"message_ts": "3.3"}})
    for channel, stamp in (("C0GENERAL1", "1.1"), (record.channel, "9.9")):
        with pytest.raises(OldCard):
            pressed.on_its_card(record, {"channel": {"id": channel}, "container": {"message_ts": stamp}})


def test_a_click_in_an_answer_of_ours_counts_from_wherever_it_was_typed() -> None:
    record = denied(card_ts="1.1")
    body = {"channel": {"id": "C0GENERAL1"}, "container": {"message_ts": "9.9", "is_ephemeral": True}}
    pressed.on_its_card(record, body)
    assert pressed.privately(body)
    for value in (False, "true", 1, None):
        other = {**body, "container": {"message_ts": "9.9", "is_ephemeral": value}}
        assert not pressed.privately(other)
        with pytest.raises(OldCard):
            pressed.on_its_card(record, other)


OFFERED = Handoff(
    id="H-7K2M9Q",
    revocations=("R-7K2M9Q",),
    outgoing=(BOB,),
    offered_by=BOB,
    offered_at=T0,
    channel="C0SECINC01",
)


def on_root(value: str, body: dict[str, Any], root_ts: str | None = "1.1") -> Handoff:
    class Kept:
        def get(self, record_id: str) -> Handoff:
            assert record_id == OFFERED.id
            return replace(OFFERED, root_ts=root_ts)

    return pressed.handoff(Kept(), {"value": value}, body)  # type: ignore[arg-type]


def test_a_handoff_is_answered_on_its_message_in_its_thread_and_in_an_answer_of_ours() -> None:
    here, elsewhere = {"id": OFFERED.channel}, {"id": "C0GENERAL1"}
    fits = [
        {"channel": here, "container": {"message_ts": "1.1"}},
        {"channel": here, "container": {"message_ts": "2.2", "thread_ts": "1.1"}},
        {"channel": {"id": "D0CAROL001"}, "container": {"message_ts": "3.3"}},
        {"channel": elsewhere, "container": {"message_ts": "9.9", "is_ephemeral": True}},
    ]
    for body in fits:
        assert on_root("H-7K2M9Q", body).id == "H-7K2M9Q"
    for channel, stamp in ((elsewhere, "1.1"), (here, "9.9")):
        with pytest.raises(OldCard, match="The live one is in"):
            on_root("H-7K2M9Q", {"channel": channel, "container": {"message_ts": stamp}})
    unposted = {"channel": here, "container": {"message_ts": "9.9"}}
    assert on_root("H-7K2M9Q", unposted, root_ts=None).id == "H-7K2M9Q", "its posting was not recorded yet"


@pytest.mark.parametrize("value", ["", "R-7K2M9Q", "H-7k2m9q", "H-7K2M9Q ", "H-7K2M9Q\n", "<!channel>", "*"])
def test_what_is_no_handoffs_id_is_not_even_looked_up(value: str) -> None:
    with pytest.raises(UnknownRevocation, match="There is no such handoff"):
        on_root(value, {"channel": {"id": OFFERED.channel}})


def test_a_row_of_an_answer_says_also_which_revocation_it_is_about() -> None:
    assert pressed.row({"block_id": "step.sign_in@R-7K2M9Q"}) == "step.sign_in"
    assert pressed.row({"block_id": "approval.release.0@R-7K2M9Q.1795485600"}) == "approval.release.0"


def test_a_second_yes_from_an_answer_is_taken_for_what_it_showed_alone() -> None:
    rows = frozenset({"approval.release.0@R-7K2M9Q.5", "ratify.R-7K2M9Q"})
    pressed.as_answered({"block_id": "approval.release.0@R-7K2M9Q.5"}, rows, "R-7K2M9Q")
    for row in ("approval.release.0@R-7K2M9Q.4", "approval.release.0", "", "made up by Slack"):
        with pytest.raises(Refused, match="no longer what was shown here"):
            pressed.as_answered({"block_id": row}, rows, "R-7K2M9Q")
