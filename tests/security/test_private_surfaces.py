"""Mentions and App Home through the real front door: what /revoke does, and an answer that only the person reads."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.sandbox.slack.seed import ALICE, BOB, CAROL, EVE, EXT, GENERAL, MALLORY, SEC_INC, SHARED
from tests.sandbox.slack.state import Json, Message
from tests.security.door import Door, about_mallory, door, set_up
from tests.unit.make import denied, requested
from workers.cards import open_list
from workers.cards.home import FOR_OTHERS, REFRESH
from workers.domain import deny_document
from workers.domain.actor import Actor
from workers.domain.revocation import DirectoryUser, ReleaseRequest, Revocation, State, TargetRef

BY_BOB = Actor(kind="slack", id=BOB, name="Bob Oncall")


@pytest.fixture(scope="module")
def opened_once() -> Iterator[Door]:
    with door() as made:
        yield made


@pytest.fixture
def made(opened_once: Door) -> Iterator[Door]:
    """A door behind which nothing is open."""
    yield opened_once
    for record in opened_once.store.open():
        opened_once.store.change(record.id, lambda current, now: set_up(replace(current, state=State.CLOSED)))
    opened_once.slack.state.homes.clear()
    opened_once.slack.state.ephemerals.clear()
    opened_once.slack.clear_faults()


def said(made: Door, user: str, payload: Json, words: str = "") -> str:
    """What this person alone is told by an answer to this event."""
    before = len(made.told(user))
    assert made.http(payload).status == 200
    told = made.slack.wait_for(lambda: made.told(user)[before:], 5)
    assert words in told[-1]
    return told[-1]


def shows(made: Door, user: str, words: str) -> str:
    return made.slack.wait_for(lambda: words in made.home(user) and made.home(user), 5)


def fresh(made: Door, record: Revocation | None = None) -> tuple[Revocation, Message]:
    return made.open(about_mallory(record or denied()))


def deny_bob(made: Door) -> None:
    user = DirectoryUser(
        user_id="b0b0b0b0-0000-4000-8000-00000000000b", user_name="bob", email="bob@example.com"
    )
    made.open(denied(target=TargetRef(kind="slack", value=BOB, slack_id=BOB), user=user))


# ---------------------------------------------------------------- mentions


@pytest.mark.parametrize(
    "text",
    [
        "revoke dora key leaked",
        "dora key leaked",
        "/revoke dora key leaked",
        "Revoke  dora  key leaked",
        "hey {me} revoke dora key leaked",
    ],
)
def test_a_first_denial_typed_as_a_mention_is_asked_for_as_by_the_command(made: Door, text: str) -> None:
    said(made, ALICE, made.mention(ALICE, text.format(me=f"<@{made.slack.bot_user_id}>")), "Looking up dora")
    (record,) = made.store.open()
    assert (record.target.value, record.reasons[0].text) == ("dora", "key leaked")
    assert record.channel == SEC_INC


def test_a_mention_of_somebody_after_the_bot_asks_for_them(made: Door) -> None:
    said(made, ALICE, made.mention(ALICE, "<@U0DAN00001> key leaked"), "Looking up")
    assert [one.target.slack_id for one in made.store.open()] == ["U0DAN00001"]


@pytest.mark.parametrize("text", ["I think {me} is slow", "thanks {me}", "cc {me} @nobody"])
def test_talk_about_the_bot_asks_for_nobody(made: Door, text: str) -> None:
    said(
        made,
        ALICE,
        made.mention(ALICE, text.format(me=f"<@{made.slack.bot_user_id}>")),
        "nothing was recorded",
    )
    assert made.store.open() == []


@pytest.mark.parametrize(
    "quoted", ["&gt; {me} <@U0DAN00001> key", "Look:\n&gt; {me} hold {id}\nDid it work?"]
)
def test_what_somebody_quotes_asks_for_nothing(made: Door, quoted: str) -> None:
    record, _ = fresh(made)
    text = quoted.format(me=f"<@{made.slack.bot_user_id}>", id=record.id)
    said(made, ALICE, made.mention(ALICE, text), "nothing was recorded")
    assert made.store.open() == [record]


def test_status_in_the_thread_of_a_card_is_about_that_one_and_is_answered_there(made: Door) -> None:
    other, _ = fresh(made)
    record, card = fresh(made)
    told = said(made, BOB, made.mention(BOB, "status", thread_ts=card.ts))
    assert told.startswith(record.id)
    assert other.id not in told
    seen = made.slack.ephemerals(BOB)[-1]
    assert (seen.channel, seen.thread_ts) == (SEC_INC, card.ts)
    assert any(block["type"] == "actions" for block in seen.blocks)


@pytest.mark.parametrize("word", ["hold", "release"])
def test_a_word_alone_in_the_thread_of_a_card_does_it_to_that_one(made: Door, word: str) -> None:
    record, card = fresh(made)
    said(made, BOB, made.mention(BOB, word, thread_ts=card.ts), record.id)
    now = made.store.get(record.id)
    assert (now.hold_by or now.release) is not None


def test_elsewhere_status_lists_what_is_open(made: Door) -> None:
    record, _ = fresh(made)
    for text in ("status", "list"):
        said(made, BOB, made.mention(BOB, text), record.id)
    said(made, BOB, made.mention(BOB, f"status <@{MALLORY}>"), record.id)


def test_a_handoff_in_the_thread_of_a_card_passes_that_one_on_and_elsewhere_all_that_is_open(
    made: Door,
) -> None:
    other, _ = fresh(made)
    record, card = fresh(made)
    said(made, BOB, made.mention(BOB, f"handoff <@{ALICE}> read the thread", thread_ts=card.ts), "H-")
    assert {one.revocations for one in made.handoffs.open()} == {(record.id,)}
    said(made, BOB, made.mention(BOB, f"handoff <@{ALICE}>"), "H-")
    assert {other.id, record.id} in [set(one.revocations) for one in made.handoffs.open()]


@pytest.mark.parametrize(
    ("text", "action_id"), [("false-alarm", "revocation_false_alarm"), ("", "directory_search")]
)
def test_what_needs_a_form_is_answered_by_the_button_that_opens_it(
    made: Door, text: str, action_id: str
) -> None:
    _, card = fresh(made)
    told = said(made, BOB, made.mention(BOB, text, thread_ts=card.ts))
    assert action_id in str(made.slack.ephemerals(BOB)[-1].blocks)
    assert "did not open" not in told, "nothing was to be opened yet"


def test_what_a_bot_writes_or_somebody_edits_does_nothing(made: Door) -> None:
    passed = len(made.passed)
    for more in (
        {"bot_id": "B0OTHER001"},
        {"subtype": "bot_message"},
        {"hidden": True},
        {"subtype": "message_changed"},
    ):
        payload = made.mention(ALICE, "dora key leaked")
        payload["event"].update(more)
        assert made.http(payload).status == 200
    assert len(made.passed) == passed
    edited = made.mention(ALICE, "dora key leaked")
    edited["event"]["edited"] = {"user": ALICE, "ts": "1.2"}
    said(made, ALICE, edited, "edited")
    assert made.store.open() == []


def test_a_refusal_is_told_to_the_person_and_never_to_the_channel(made: Door) -> None:
    before = len(made.slack.messages(SHARED))
    said(made, EVE, made.mention(EVE, "list", SHARED), "full members")
    said(made, EXT, made.mention(EXT, "list", SHARED), "not of this workspace")
    said(made, MALLORY, made.mention(MALLORY, "list", GENERAL), "Only responders and approvers")
    said(made, MALLORY, made.mention(MALLORY, "dora key leaked", GENERAL), "Only a responder")
    assert len(made.slack.messages(SHARED)) == before
    assert made.store.open() == []


def test_the_card_of_a_mention_in_a_channel_that_is_shared_goes_to_the_incident_channel(made: Door) -> None:
    said(made, ALICE, made.mention(ALICE, "dora key leaked", SHARED), f"<#{SEC_INC}>")


def test_where_the_bot_cannot_speak_the_answer_is_a_direct_message(made: Door) -> None:
    made.slack.add_channel("C0NOBOT001", "no-bot", members=[ALICE], bot_in=False)
    before = len(made.slack.direct_messages(ALICE))
    made.http(made.mention(ALICE, "list", "C0NOBOT001"))
    (told,) = made.slack.wait_for(lambda: made.slack.direct_messages(ALICE)[before:], 5)
    assert "Nobody is denied" in told.text


@pytest.mark.parametrize(
    "error", ["restricted_action_thread_locked", "invalid_blocks", "cannot_reply_to_message"]
)
def test_what_slack_does_not_take_beside_the_mention_is_a_direct_message(made: Door, error: str) -> None:
    record, _ = fresh(made)
    before = len(made.slack.direct_messages(BOB))
    made.slack.fault("chat.postEphemeral", f"error:{error}", times=1)
    made.http(made.mention(BOB, f"hold {record.id}"))
    (told,) = made.slack.wait_for(lambda: made.slack.direct_messages(BOB)[before:], 5)
    assert "stays denied" in told.text
    assert "actions" not in [block["type"] for block in told.blocks]


def test_slacks_repetitions_of_a_mention_ask_once(made: Door) -> None:
    payload = made.mention(ALICE, "dora key leaked")
    said(made, ALICE, payload, "Looking up")
    for _ in range(3):
        assert made.http(payload).status == 200
        assert made.socket(payload).status == 200
    assert len(made.store.open()) == 1


# ---------------------------------------------------------------- App Home


def test_a_responder_and_an_approver_see_what_is_open_and_what_room_is_left(made: Door) -> None:
    record, _ = fresh(made)
    made.store.figure(deny_document.ROOM, 31)
    for user in (BOB, CAROL):
        made.http(made.opened(user))
        page = shows(made, user, record.id)
        assert "Room for 31 more user IDs" in page
        assert "slack.com/archives/" in page, "the domain for links is learnt from Slack"
        assert ("directory_search" in page) == (user == BOB), "who may not deny is not offered to search"


def test_the_messages_tab_publishes_nothing(made: Door) -> None:
    payload = made.opened(BOB)
    payload["event"]["tab"] = "messages"
    calls = len(made.slack.calls("views.publish"))
    made.http(payload)
    made.done()
    assert len(made.slack.calls("views.publish")) == calls


def test_whoever_has_no_say_reads_one_sentence_and_nothing_about_anybody(made: Door) -> None:
    record, _ = fresh(made)
    for user in (MALLORY, EVE, EXT):
        made.http(made.opened(user))
        page = shows(made, user, FOR_OTHERS[:40])
        assert record.id not in page
        assert "Mallory" not in page


def test_a_denied_responder_reads_what_a_stranger_reads(made: Door) -> None:
    other, _ = fresh(made)
    deny_bob(made)
    made.http(made.opened(BOB))
    page = shows(made, BOB, FOR_OTHERS[:40])
    assert other.id not in page
    assert "actions" not in page


def test_the_buttons_of_a_page_from_before_do_nothing_for_whoever_is_denied_now(made: Door) -> None:
    other, _ = fresh(made)
    offered, _ = made.offer(other, [BOB])
    made.http(made.opened(BOB))
    shows(made, BOB, other.id)
    deny_bob(made)
    made.slack.state.views.clear()
    for action_id, value in (
        ("revocation_hold", other.id),
        ("revocation_false_alarm", other.id),
        ("handoff_start", other.id),
        ("handoff_accept", offered.id),
        ("directory_search", ""),
    ):
        made.slack.state.homes.clear()
        made.http(made.home_click(BOB, made.button(action_id, value)))
        page = shows(made, BOB, "Your own access is revoked now")
        assert other.id not in page, "and the old page is gone"
    assert made.slack.view(BOB) is None, "and no form opened"
    assert (made.store.get(other.id).seq, made.handoffs.get(offered.id).seq) == (other.seq, offered.seq)


def test_who_is_asked_about_does_not_see_themselves(made: Door) -> None:
    other, _ = fresh(made)
    asked, _ = made.open(requested(target=TargetRef(kind="slack", value=BOB, slack_id=BOB), user=None))
    made.http(made.opened(BOB))
    assert asked.id not in shows(made, BOB, other.id)
    made.http(made.opened(ALICE))
    shows(made, ALICE, asked.id)


def test_a_button_pressed_there_acts_and_the_page_says_so_on_top(made: Door) -> None:
    record, _ = fresh(made)
    made.http(made.opened(BOB))
    shows(made, BOB, record.id)
    made.http(made.home_click(BOB, made.button("revocation_hold", record.id)))
    page = shows(made, BOB, "stays denied")
    assert made.store.get(record.id).hold_by is not None
    assert page.index("stays denied") < page.index("Denied now")
    assert made.slack.messages(SEC_INC)[-1].text.startswith(record.id), "and nothing was said in the channel"


def test_a_refusal_of_a_button_pressed_there_stands_on_top_of_the_page(made: Door) -> None:
    record, _ = fresh(made)
    made.http(made.home_click(CAROL, made.button("revocation_hold", record.id)))
    shows(made, CAROL, "Only a responder can do this")
    made.http(made.home_click(MALLORY, made.button("revocation_hold", record.id)))
    assert "Mallory Target" not in shows(made, MALLORY, "Only a responder can do this")
    assert made.store.get(record.id).hold_by is None


def test_a_second_yes_on_an_old_page_does_not_approve_a_newer_request(made: Door) -> None:
    request = ReleaseRequest(asked_by=BY_BOB, asked_at=made.store.now(), reason="it is over")
    record, _ = fresh(made, replace(denied(), release=request))
    stale = open_list.approval_row(replace(record, release=replace(request, asked_at=record.requested_at)))
    made.http(made.home_click(ALICE, made.button("approval_give", record.id, stale)))
    shows(made, ALICE, "no longer what was shown here")
    assert made.store.get(record.id).release is not None
    made.http(made.home_click(ALICE, made.button("approval_give", record.id, open_list.approval_row(record))))
    made.slack.wait_for(lambda: made.store.get(record.id).state is State.RELEASING, 5)


def test_refresh_takes_the_old_sentence_away_and_reads_anew(made: Door) -> None:
    record, _ = fresh(made)
    made.http(made.home_click(CAROL, made.button("revocation_hold", record.id)))
    shows(made, CAROL, "Only a responder can do this")
    made.http(made.home_click(CAROL, made.button(REFRESH, "now")))
    made.slack.wait_for(lambda: "Only a responder" not in made.home(CAROL), 5)


def test_a_form_opens_from_the_page(made: Door) -> None:
    record, _ = fresh(made)
    made.http(made.home_click(BOB, made.button("revocation_false_alarm", record.id)))
    assert record.id in str(made.slack.wait_for(lambda: made.slack.view(BOB), 5))


def test_of_two_publishings_the_one_that_read_first_never_stays(
    made: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one has read what is open, and stalls before it sends; there is no page yet, so no hash helps."""
    reading, unreadable = threading.Event(), made.store.unreadable

    def stalled() -> list[str]:
        if not reading.is_set():
            reading.set()
            time.sleep(1.5)
        return unreadable()

    monkeypatch.setattr(made.store, "unreadable", stalled)
    made.http(made.opened(BOB))
    assert reading.wait(5)
    record, _ = fresh(made)
    made.http(made.opened(BOB))
    made.slack.wait_for(lambda: record.id in made.home(BOB), 10)
    time.sleep(2)
    assert record.id in made.home(BOB)


def test_a_page_that_somebody_else_published_meanwhile_is_read_anew(made: Door) -> None:
    record, _ = fresh(made)
    made.http(made.opened(BOB))
    shows(made, BOB, record.id)
    click = made.home_click(BOB, made.button(REFRESH, "now"))
    click["view"] = {**click["view"], "hash": "1.older"}
    calls = len(made.slack.calls("views.publish"))
    made.http(click)
    answers = made.slack.wait_for(lambda: len(c := made.slack.calls("views.publish")[calls:]) == 2 and c, 5)
    assert [answer.response["ok"] for answer in answers if answer.response] == [False, True]


def test_workers_that_do_not_answer_and_records_that_cannot_be_read_stand_on_the_page(made: Door) -> None:
    record, _ = fresh(made)
    made.redis.xadd(f"revoke:log:{record.id}", {"e": "{}", "m": "forged"})
    made.redis.hdel("revoke:marks", "reconciled")
    made.http(made.opened(BOB))
    page = shows(made, BOB, "The workers have not answered yet")
    assert f"{record.id} cannot be read" in page
    made.store.mark("reconciled")
    made.redis.delete(f"revoke:log:{record.id}")
    made.redis.srem("revoke:open", record.id)


def test_without_redis_the_page_says_that_it_knows_nothing() -> None:
    with door() as made:
        made.redis.connection_pool.disconnect()
        made.server.stop()
        for looks in (made.opened(BOB), made.home_click(BOB, made.button(REFRESH, "now"))):
            made.slack.state.homes.clear()
            made.http(looks)
            page = shows(made, BOB, "cannot say who is denied")
            assert "NOT DENIED" not in page, "nobody asked for anything"
        made.http(made.home_click(BOB, made.button("revocation_confirm", "R-AAAAAA")))
        shows(made, BOB, "NOT DENIED: Redis cannot be reached")


def test_a_slack_that_refuses_the_page_breaks_nothing(made: Door) -> None:
    record, _ = fresh(made)
    made.slack.fault("views.publish", "error:not_enabled", times=1)
    made.http(made.home_click(BOB, made.button("revocation_hold", record.id)))
    made.slack.wait_for(lambda: made.store.get(record.id).hold_by, 5)
    made.http(made.opened(BOB))
    shows(made, BOB, record.id)
