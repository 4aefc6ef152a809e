"""What one person alone reads after a command: golden texts, one useful button each, and what Slack takes."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import replies
from bot.replies import Reply
from tests.sandbox.slack.blocks import check_message
from tests.unit.follow_up_records import DIRECTORY_RULES, TAKEN
from tests.unit.make import BOB, CAROL, RULES, at, confirmed, coverage, denied, followed, requested
from tests.unit.test_cards import shown
from workers.cards import approval, open_list, protection
from workers.domain.handoff import Handoff, Remark
from workers.domain.revocation import (
    Diff,
    Ratification,
    ReleaseRequest,
    Revocation,
    State,
    TargetRef,
    Trouble,
    Vote,
)
from workers.domain.step import Kind, StepState
from workers.ports import Message
from workers.service.intake import Asked

GOLDEN = Path(__file__).parent / "golden_answers"
"""Run `GOLDEN=write pytest tests/unit/test_answers.py` to write them anew, then read what changed."""

DAVE = "U0DAVE0001"
CARD: dict[str, Any] = {"card_ts": "1700000000.000100", "coverage": coverage()}
RELEASE = ReleaseRequest(asked_by=BOB, asked_at=at(hours=2), reason="it is over")
RESTORE = replace(RELEASE, what="false_alarm", diff=Diff(read_at=at(hours=2), entry=31))
WAITS = denied(release=RELEASE)
TROUBLE = Trouble(code="rights", sentence="No rights.", since=at(minutes=2))

OPEN_ONES = [
    followed(DIRECTORY_RULES, {**TAKEN, Kind.SESSIONS: {"assignee": BOB}}, id="R-AAAAAA", **CARD),
    requested(id="R-BBBBBB", requested_at=at(minutes=50)),
    denied(id="R-CCCCCC", requested_at=at(minutes=5), no_mint_at=at(hours=1), release=RELEASE, **CARD),
    confirmed(id="R-DDDDDD", requested_at=at(minutes=7), trouble=TROUBLE, **CARD),
]


OFFER = Handoff(
    id="H-AAAAAA",
    revocations=("R-AAAAAA", "R-CCCCCC"),
    outgoing=(BOB, CAROL),
    incoming=(DAVE,),
    offered_by=BOB,
    offered_at=at(hours=1),
    channel="C0SECINC01",
)
TO_ALL = replace(OFFER, id="H-BBBBBB", incoming=(), outgoing=(BOB,))
NOTED = replace(
    OFFER,
    revocations=tuple(f"R-{n:06}" for n in range(12)),
    remarks=(Remark(by=CAROL, at=at(hours=1), text="The key is rotated."),),
)


def answers() -> Mapping[str, Reply]:
    now, ended = at(hours=1, minutes=30), denied(id="R-EEEEEE", state=State.RELEASED, off_at=at(hours=13))
    targets = [TargetRef(kind="user_name", value=name) for name in ("dora", "emil")]
    fresh = [
        Asked(requested(id=f"R-FFFFF{n}", user=None, slack_name=None, target=target), joined=False)
        for n, target in enumerate(targets)
    ]
    return {
        "list": replies.listed(OPEN_ONES, [], RULES, now, "example", DAVE),
        "list_of_none": replies.listed([], [], RULES, now, "example", DAVE),
        "list_of_unreadable": replies.listed([], ["R-GGGGGG", "<!channel>"], RULES, now, "example", DAVE),
        "list_with_unreadable": replies.listed(OPEN_ONES[1:2], ["R-GGGGGG"], RULES, now, "example", DAVE),
        "status": replies.status(OPEN_ONES[2], [ended], RULES, "example", DAVE),
        "held": replies.changed(replies.held(denied(**CARD), RULES), denied(**CARD), "", DAVE),
        "report_asked": replies.report_asked(denied(**CARD, drill=True), None),
        "report_asked_where_the_target_reads": replies.report_asked(
            denied(**CARD, channel_shared=True), None
        ),
        "release_asked": replies.changed("The release waits.", WAITS, "example", BOB.id),
        "nobody_found": replies.not_found("There is no revocation of this person."),
        "list_with_an_offer": replies.listed(
            OPEN_ONES[2:3], [], RULES, now, "example", DAVE, hands_over=True, offers=[OFFER, TO_ALL]
        ),
        "handed_over": replies.handed_over(replace(OFFER, outgoing=(BOB,)), OPEN_ONES, BOB),
        "handed_over_by_another": replies.handed_over(NOTED, OPEN_ONES, CAROL),
        "handed_over_without_owner": replies.handed_over(replace(TO_ALL, outgoing=()), OPEN_ONES, BOB),
        "owned": replies.changed(
            replies.owned(denied(**CARD, owner=CAROL), BOB), denied(**CARD), "", CAROL.id
        ),
        "asked_two": replies.asked(fresh, "key leaked", RULES, None),
    }


def spread(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """With a button beside a text shown below it, as on a phone."""
    for block in blocks:
        yield block
        if "accessory" in block:
            yield {"type": "actions", "elements": [block["accessory"]]}


@pytest.mark.parametrize("name", answers())
def test_the_answer_reads_as_it_was_reviewed(name: str) -> None:
    answer = answers()[name]
    assert check_message(answer["blocks"]) == []
    kept, text = GOLDEN / f"{name}.txt", shown(Message(answer["text"], tuple(spread(answer["blocks"]))))
    if os.environ.get("GOLDEN") == "write":
        kept.write_text(text)
    assert text == kept.read_text(), f"read it; if it is better, run GOLDEN=write pytest {__file__}"


def test_no_golden_answer_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(answers())


def pressable(revocation: Revocation, viewer: str = DAVE) -> tuple[str, str] | None:
    """The button's action and its row; None where there is no button."""
    made, row = open_list.next_button(revocation, viewer)
    return (made["action_id"], row) if made is not None else None


FAILED = {Kind.ASSIGNMENTS: {"state": StepState.FAILED, "detail": "No rights."}}
RATIFY = denied(protected=True, ratification=Ratification(asked_at=at(minutes=1)))
VOTED = requested(vote=Vote(by=BOB, at=at(minutes=1), because="Above a cap."))


@pytest.mark.parametrize(
    ("revocation", "viewer", "expected"),
    [
        (requested(), DAVE, "revocation_confirm"),
        (requested(user=None), DAVE, None),
        (VOTED, DAVE, "revocation_confirm"),
        (VOTED, BOB.id, None),
        (confirmed(), DAVE, None),
        (confirmed(trouble=TROUBLE), DAVE, "step_retry"),
        (denied(), DAVE, "revocation_hold"),
        (denied(hold_open=True), DAVE, None),
        (denied(trouble=TROUBLE), DAVE, "step_retry"),
        (RATIFY, DAVE, "approval_give"),
        (RATIFY, CAROL.id, "revocation_hold"),
        (WAITS, DAVE, "approval_give"),
        (WAITS, BOB.id, "revocation_hold"),
        (denied(release=RESTORE), DAVE, "revocation_hold"),
        (followed(steps=FAILED), DAVE, "step_retry"),
        (followed(DIRECTORY_RULES, TAKEN), DAVE, "step_attest"),
        (followed(DIRECTORY_RULES, TAKEN, notice_at=at(hours=12)), DAVE, "revocation_hold"),
        (followed(DIRECTORY_RULES, TAKEN, state=State.WATCHED), DAVE, "step_attest"),
        (denied(state=State.WATCHED), DAVE, "revocation_deny_again"),
        (denied(state=State.CLOSED), DAVE, None),
        (requested(state=State.EXPIRED), DAVE, "step_retry"),
    ],
)
def test_the_button_is_what_helps_most_and_what_would_be_refused_is_not_offered(
    revocation: Revocation, viewer: str, expected: str | None
) -> None:
    found = pressable(revocation, viewer)
    assert (found[0] if found else None) == expected


def test_every_button_of_a_list_carries_its_own_revocation_and_no_row_stands_twice() -> None:
    twice = [replace(WAITS, id=f"R-AAAAA{n}") for n in range(4)]
    blocks = replies.listed(twice, [], RULES, at(hours=3), "example", DAVE)["blocks"]
    assert check_message(blocks) == []
    pressed = [block for block in blocks if "accessory" in block]
    assert [block["accessory"]["value"] for block in pressed] == [one.id for one in twice]
    assert len({block["block_id"] for block in pressed}) == len(twice)


def test_a_second_yes_is_bound_to_the_request_that_was_shown() -> None:
    rows = open_list.shown_rows(WAITS)
    assert open_list.approval_row(WAITS) in rows
    newer = replace(WAITS, release=replace(RELEASE, asked_at=at(hours=5)))
    assert open_list.approval_row(newer) not in rows
    assert open_list.shown_rows(denied(release=RESTORE)) == {protection.block_id("R-7K2M9Q")}
    assert approval.block_id(RELEASE) not in rows


def test_two_hundred_open_ones_with_the_longest_names_still_fit() -> None:
    user = replace(OPEN_ONES[0].user, display_name="<" * 200, user_name="&" * 128)  # type: ignore[type-var]
    many = [replace(OPEN_ONES[0], id=f"R-{n:06}", user=user) for n in range(200)]
    answer = replies.listed(many, [], RULES, at(hours=3), "example", DAVE)
    assert check_message(answer["blocks"]) == []
    assert "180 more" in str(answer["blocks"][-1])


def test_deny_all_carries_exactly_the_ids_that_wait() -> None:
    waiting = [Asked(requested(id=f"R-AAAAA{n}"), joined=n > 1) for n in range(3)]
    held = Asked(denied(id="R-CCCCCC"), joined=True)
    button = replies.asked([*waiting, held], "", RULES, None)["blocks"][-1]["elements"][0]
    assert (button["action_id"], button["value"]) == (replies.DENY_ALL, "R-AAAAA0 R-AAAAA1 R-AAAAA2")
    assert "3" in button["confirm"]["title"]["text"]
    alone = replies.asked([waiting[0], held], "", RULES, None)["blocks"]
    assert not [block for block in alone if block["type"] == "actions"]


def test_a_link_is_made_only_of_what_slack_gave() -> None:
    record = denied(card_ts="1700000000.000100")
    url = "https://example.slack.com/archives/C0SECINC01/p1700000000000100"
    assert open_list.card_link(record, "example") == f"<{url}|Open the card>"
    for workspace in ("", "evil.example/x", "Example", "a|b", "a>b"):
        assert open_list.card_link(record, workspace) == "Card in <#C0SECINC01>"
    assert open_list.card_link(replace(record, card_ts=None), "example") == "Card in <#C0SECINC01>"


def test_a_list_that_cannot_read_a_record_does_not_say_that_nobody_is_denied() -> None:
    text = str(answers()["list_of_unreadable"]["text"])
    assert "R-GGGGGG cannot be read" in text
    assert open_list.NOTHING not in text
    assert "<!channel>" not in text
    assert open_list.unread([]) == ""
