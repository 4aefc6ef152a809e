"""The answer about somebody without a revocation: golden texts, nothing to press, and when it must be looked at."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sandbox.slack.blocks import check_message
from tests.unit.make import ALICE, CAROL, RULES, T0, at, coverage, reach, some_reach
from tests.unit.test_cards import EVIL, LONG, actions, shown
from workers.cards import lookup as cards
from workers.domain.lookup import Lookup, LookupState, lookup_due
from workers.domain.revocation import TargetRef

GOLDEN = Path(__file__).parent / "golden_lookups"
"""Run `GOLDEN=write pytest tests/unit/test_lookup.py` to write them anew, then read what changed."""

NAMED = TargetRef(kind="user_name", value="alice")
ASKED = Lookup(id="L-7K2M9Q", target=NAMED, asked_by=CAROL, asked_at=T0)
FOUND = replace(
    ASKED,
    user=replace(ALICE, sign_in="ENABLED"),
    slack_name="Alice Cooper",
    reach=some_reach(),
    coverage=coverage(),
    listed=False,
)
GAPS = coverage(uncovered=("333333333333", "999999999999"))
WARNED = replace(
    FOUND,
    coverage=GAPS,
    protected=True,
    responders_left=1,
    slack_name="Al Coop",
    user=replace(ALICE, sign_in=None),
)
NOBODY = "No Identity Center user has the e-mail or user name alice. Name them by user name or user ID."


def lookups() -> Mapping[str, Lookup]:
    return {
        "found": FOUND,
        "warnings_and_gaps": WARNED,
        "a_responder": replace(FOUND, responders_left=4, reach=reach()),
        "stands_in_the_policy": replace(FOUND, listed=True),
        "half_unread": replace(
            FOUND,
            listed=None,
            reach=reach(unread=("AWS is busy.",)),
            coverage=coverage(unread=("AWS is busy.",)),
        ),
        "nobody": replace(ASKED, why=NOBODY),
        "nobody_of_slack": replace(
            ASKED, why="Slack shows no e-mail of Alice.", target=TargetRef(kind="slack", value="U0ALICE001")
        ),
        "aws_away": replace(
            ASKED, why="They could not be looked up: AWS is busy. Type it again in a minute."
        ),
    }


@pytest.mark.parametrize("name", lookups())
def test_the_answer_reads_as_it_was_reviewed(name: str) -> None:
    rules = replace(RULES, break_glass=("alice",)) if name == "warnings_and_gaps" else RULES
    message = cards.render(lookups()[name], rules)
    assert check_message(list(message.blocks)) == []
    kept, text = GOLDEN / f"{name}.txt", shown(message)
    if os.environ.get("GOLDEN") == "write":
        kept.write_text(text)
    assert text == kept.read_text(), f"read it; if it is better, run GOLDEN=write pytest {__file__}"


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(lookups())


def test_there_is_nothing_to_press_but_the_search_where_nobody_was_found() -> None:
    for name, lookup in lookups().items():
        rows = actions(cards.render(lookup, RULES))
        assert [e["action_id"] for row in rows for e in row] == (
            ["directory_search"] if lookup.why else []
        ), name


@pytest.mark.parametrize("text", [EVIL, LONG, "", "\n"])
def test_hostile_names_stay_text(text: str) -> None:
    user = replace(ALICE, display_name=text, email=text, user_name=text or "x")
    for lookup in (
        replace(WARNED, user=user, slack_name=text),
        replace(ASKED, why=text or "x", target=TargetRef(kind="user_name", value=text)),
    ):
        message = cards.render(lookup, RULES)
        assert check_message(list(message.blocks)) == []
        assert "<!channel>" not in message.text
        assert "<@U0BOB" not in message.text


def test_a_lost_job_is_found_within_seconds_and_after_ten_minutes_it_ends() -> None:
    assert lookup_due(ASKED) == at(seconds=3)
    assert lookup_due(replace(ASKED, again_at=at(seconds=20))) == at(seconds=20)
    assert lookup_due(replace(ASKED, again_at=at(hours=1))) == at(minutes=10)
    for state in (LookupState.TOLD, LookupState.FAILED):
        assert lookup_due(replace(ASKED, state=state)) is None
