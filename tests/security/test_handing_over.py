"""Handing over at the front door: who is named is asked of Slack, and a click counts on the handoff's own message alone."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.sandbox.slack.seed import ALICE, BOB, CAROL, DAN, EVE, EXT, SEC_INC
from tests.sandbox.slack.state import Json, Message
from tests.security import everything
from tests.security.door import Door, about_mallory, door
from tests.unit.make import denied
from workers.domain.actor import Actor
from workers.domain.handoff import Handoff, HandoffState
from workers.domain.revocation import Revocation, TargetRef

OWNER = Actor(kind="slack", id=BOB, name="Bob Oncall")


def opened(made: Door, owner: Actor = OWNER) -> tuple[Revocation, Message]:
    return made.open(about_mallory(denied(owner=owner)))


def typed(made: Door, user: str, text: str) -> Json:
    answer: Json = json.loads(made.http(made.command(user, text)).body)
    return answer


def said(made: Door, user: str, text: str) -> str:
    return str(typed(made, user, text)["text"])


def press(made: Door, user: str, message: Message, action_id: str, value: str) -> None:
    assert made.http(made.click(user, message, made.button(action_id, value))).status == 200


def buttons(answer: Json) -> list[str]:
    rows = [block["elements"] for block in answer["blocks"] if block["type"] == "actions"]
    return [element["action_id"] for row in rows for element in row]


def offers(made: Door) -> list[Handoff]:
    return [one for one in made.handoffs.open() if one.state is HandoffState.OFFERED]


def test_who_types_handoff_hears_what_was_offered_to_whom_and_stays_the_owner() -> None:
    with door() as made:
        record, _ = opened(made)
        answer = typed(made, BOB, f"handoff <@{CAROL}> the key is out")
        assert f"Offered to <@{CAROL}>: {record.id} (" in answer["text"]
        assert "You stay the owner until somebody accepts." in answer["text"]
        assert f"is in <#{SEC_INC}>" in answer["text"]
        assert buttons(answer) == [], "the note is there already"
        assert buttons(typed(made, BOB, f"handoff <@{ALICE}>")) == [], (
            "and it goes along to whoever is asked instead"
        )
        (handoff,) = offers(made)
        assert [remark.text for remark in handoff.remarks] == ["the key is out"]
        assert handoff.incoming == (ALICE,)
        assert made.store.get(record.id).owner == OWNER
        assert "handoff_accept" in buttons(typed(made, ALICE, "list")), "and it waits on top of her list"
        assert "handoff_start" in buttons(typed(made, BOB, "list"))


@pytest.mark.parametrize("named", [DAN, EVE, EXT, "U0UNKNOWN1"])
def test_who_could_not_press_accept_is_not_asked(named: str) -> None:
    with door() as made:
        opened(made)
        answer = said(made, BOB, f"handoff <@{named}> over to you")
        assert "cannot accept: only full members of this workspace can." in answer
        assert offers(made) == []


def test_a_revoked_person_is_not_asked_under_their_e_mail_either() -> None:
    with door() as made:
        opened(made)
        user = replace(denied().user, email="carol@example.com")  # type: ignore[type-var]
        made.open(denied(owner=OWNER, user=user, target=TargetRef(kind="user_id", value=user.user_id)))
        assert "has an open revocation of their own" in said(made, BOB, f"handoff <@{CAROL}>")
        assert offers(made) == []


def test_slack_being_away_keeps_nobody_from_handing_over() -> None:
    with door() as made:
        opened(made)
        made.slack.outage()
        assert f"Offered to <@{CAROL}>" in said(made, BOB, f"handoff <@{CAROL}>")


def test_from_the_card_one_alone_is_handed_over_by_a_form() -> None:
    with door() as made:
        (record, card), _ = opened(made), opened(made)
        press(made, BOB, card, "handoff_start", record.id)
        form: Json = made.slack.wait_for(lambda: made.slack.view(BOB), 10)
        given: dict[str, dict[str, Any]] = {
            "which": {"which": "only_this"},
            "next": {"next": [CAROL]},
            "note": {"note": "look at the key"},
        }
        answer = json.loads(made.http(made.submission(BOB, form, given)).body)
        assert answer["response_action"] == "update"
        assert "You stay the owner" in json.dumps(answer["view"])
        (handoff,) = offers(made)
        assert (handoff.revocations, handoff.incoming) == ((record.id,), (CAROL,))
        press(made, BOB, card, "handoff_start", record.id)
        again = made.submission(BOB, made.shown(BOB, form), {**given, "next": {"next": [DAN]}})
        assert "next" in json.loads(made.http(again).body)["errors"]


def test_accepting_declining_and_a_note_are_recorded_from_its_own_message() -> None:
    with door() as made:
        record, card = opened(made)
        handoff, root = made.offer(record, asked=(ALICE, CAROL))
        press(made, ALICE, card, "handoff_accept", handoff.id)
        assert offers(made) == [handoff], "the card is not its message"
        press(made, CAROL, root, "handoff_decline", handoff.id)
        form = made.slack.wait_for(lambda: made.slack.view(CAROL), 10)
        made.http(made.submission(CAROL, form, {"reason": {"reason": "on a plane"}}))
        press(made, ALICE, root, "handoff_accept", handoff.id)
        accepted = made.handoffs.get(handoff.id)
        assert (accepted.declined[0].reason, accepted.state) == ("on a plane", HandoffState.ACCEPTED)
        assert accepted.accepted_by is not None
        assert accepted.accepted_by.id == ALICE
        press(made, CAROL, root, "handoff_accept", handoff.id)
        assert f"<@{ALICE}> accepted {handoff.id}" in made.slack.wait_for(lambda: made.told(CAROL), 5)[-1]


def test_a_button_of_a_handoff_takes_nothing_but_a_handoffs_id() -> None:
    with door() as made:
        record, card = opened(made)
        handoff, root = made.offer(record, asked=(ALICE,))
        before = made.done()["redis"]
        for action_id in ("handoff_accept", "handoff_decline", "handoff_note"):
            for value in (record.id, "H-ZZZZZZ", f"{handoff.id}\n", "<!channel>", ""):
                press(made, ALICE, root, action_id, value)
        for action_id in ("revocation_own", "handoff_start", "revocation_hold"):
            press(made, ALICE, card, action_id, handoff.id)
        after = made.done()
        assert after["redis"] == before
        assert after["views"].get(ALICE) in (None, [])
        assert not any("<!channel>" in one for one in made.told(ALICE))


def test_owning_is_a_word_and_a_button() -> None:
    with door() as made:
        record, card = everything.fresh(made, lambda now: denied(owner=OWNER))
        assert f"You own {record.id}" in said(made, ALICE, f"own {record.id}")
        assert made.store.get(record.id).owner == Actor(kind="slack", id=ALICE, name="Alice Responder")
        press(made, BOB, card, "revocation_own", record.id)
        owner = made.store.get(record.id).owner
        assert owner is not None
        assert owner.id == BOB
        assert "Only a responder" in said(made, CAROL, f"own {record.id}")
