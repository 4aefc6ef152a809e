"""What a click says: which step, which list, from which card."""

import pytest

from bot import pressed
from bot.pressed import OldCard
from tests.unit.make import denied
from workers.domain.errors import Refused
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
