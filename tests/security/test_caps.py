"""Many denials by one person take a second one, and nobody is ever refused for it.

The records and the use cases are the real ones, on a real Redis; at the end real processes, pressed in a pretend Slack.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest

from tests.sandbox.installation import ALICE, BOB, CAROL, SEC_INC, Installation
from tests.sandbox.scripted import Scripted, scripted
from tests.scenarios.steps import (
    actions,
    ask,
    becomes,
    current,
    deny,
    newcomer,
    press,
    revocation_id,
    shown_text,
    shows,
    told,
    whispered,
)
from tests.unit.make import at, confirmed
from workers.domain.actor import SYSTEM, Actor
from workers.domain.caps import Cap, Caps
from workers.domain.confirmations import exceeding
from workers.domain.errors import Refused
from workers.domain.revocation import Revocation, State, TargetRef
from workers.service import containment, identification, intake
from workers.service.intake import Authority, Request
from workers.settings import DEFAULT_CAPS

RESPONDERS = ("UBOB", "UCAROL", "UDAVE", "UERIN", "UFRANK")
TEN_MINUTES, HOUR = timedelta(minutes=10), timedelta(hours=1)


@pytest.fixture
def capped(tmp_path: Path) -> Iterator[Scripted]:
    with scripted(tmp_path, caps=DEFAULT_CAPS, responders=RESPONDERS, approvers=RESPONDERS) as made:
        yield made


def who(name: str, **given: Any) -> Authority:
    told = {"responder": True, "approver": True, **given}
    return Authority(actor=Actor(kind="slack", id=name, name=name.lower()), **told)


def at_terminal(name: str = "ops") -> Authority:
    arn = f"arn:aws:iam::111122223333:user/{name} {name}"
    actor = Actor(kind="terminal", id=arn, name=f"{name} at a terminal")
    return Authority(actor=actor, responder=True, approver=True)


def user_id(number: int) -> str:
    return f"a1b2c3d4-aaaa-bbbb-cccc-{number:012}"


def asked(made: Scripted, number: int, by: str = "UBOB") -> str:
    """A request for this user, identified, whose card is out."""
    target = TargetRef(kind="user_id", value=user_id(number))
    request = Request(targets=(target,), reason="key leaked", channel="C0SECINC01")
    [one] = intake.ask(made.world.store, who(by), request)
    identification.identify(made.world, one.revocation.id)
    return one.revocation.id


def press_deny(made: Scripted, revocation_id: str, by: Authority, **given: Any) -> Revocation:
    return intake.confirm(made.world.store, by, revocation_id, made.world.rules.caps, **given)


def denied_by(made: Scripted, by: str, numbers: range) -> list[str]:
    """Each denied by one person alone, written and read back."""
    ids = [asked(made, number) for number in numbers]
    for one in ids:
        assert press_deny(made, one, who(by)).state is State.CONFIRMED
    containment.contain(made.world)
    return ids


def kinds(record: Revocation) -> list[tuple[str, bool, bool]]:
    return [(note.kind, note.broadcast, note.alarm) for note in record.notes]


def earlier(made: Scripted, revocation_id: str, by: timedelta) -> None:
    """As if it had been confirmed so much earlier."""

    def moved(record: Revocation) -> Revocation:
        assert record.confirmed_at is not None
        return replace(record, confirmed_at=record.confirmed_at - by)

    made.edit(revocation_id, moved)


# The caps


def test_the_sixth_in_ten_minutes_by_one_person_takes_a_second(capped: Scripted) -> None:
    denied_by(capped, "UBOB", range(1, 6))
    sixth = asked(capped, 6)
    voted = press_deny(capped, sixth, who("UBOB"))

    assert voted.state is State.REQUESTED
    assert voted.vote is not None
    assert voted.vote.because == "ubob alone confirmed 5 in 10 min: above that it takes two people."
    assert ("second_needed", True, False) in kinds(voted)
    assert capped.events(sixth)[-1] == "confirm_voted"
    containment.contain(capped.world)
    assert user_id(6) not in capped.policy.denied

    done = press_deny(capped, sixth, who("UCAROL"))
    assert done.state is State.CONFIRMED
    assert done.confirmed_by == done.owner == who("UBOB").actor
    assert done.seconded_by == who("UCAROL").actor
    assert done.vote is None
    containment.contain(capped.world)
    assert user_id(6) in capped.policy.denied


def test_another_person_has_a_cap_of_their_own(capped: Scripted) -> None:
    denied_by(capped, "UBOB", range(1, 6))
    assert press_deny(capped, asked(capped, 6), who("UCAROL")).state is State.CONFIRMED


def test_the_twenty_first_in_an_hour_takes_a_second_whoever_presses(capped: Scripted) -> None:
    for n, name in enumerate(("UBOB", "UCAROL", "UDAVE", "UERIN")):
        denied_by(capped, name, range(5 * n + 1, 5 * n + 6))
    voted = press_deny(capped, asked(capped, 21), who("UFRANK"))
    assert voted.state is State.REQUESTED
    assert voted.vote is not None
    assert voted.vote.because.startswith("20 were confirmed by one person alone in 1 h")


def test_a_cap_looks_back_exactly_as_far_as_it_says(capped: Scripted) -> None:
    ids = denied_by(capped, "UBOB", range(1, 6))
    earlier(capped, ids[0], TEN_MINUTES - timedelta(minutes=1))
    assert press_deny(capped, asked(capped, 6), who("UBOB")).state is State.REQUESTED
    earlier(capped, ids[0], timedelta(minutes=1))
    assert press_deny(capped, asked(capped, 7), who("UBOB")).state is State.CONFIRMED


def test_what_has_ended_since_counts_all_the_same(capped: Scripted) -> None:
    for one in denied_by(capped, "UBOB", range(1, 6)):
        capped.edit(one, lambda record: replace(record, state=State.RELEASED))
    for number in range(100, 130):  # as if somebody wanted to hide them behind what ended later
        intake.cancel(capped.world.store, who("UBOB"), asked(capped, number))
    assert press_deny(capped, asked(capped, 6), who("UBOB")).state is State.REQUESTED


def test_what_two_people_confirmed_does_not_count(capped: Scripted) -> None:
    for one in denied_by(capped, "UBOB", range(1, 6)):
        capped.edit(one, lambda record: replace(record, seconded_by=who("UCAROL").actor))
    assert press_deny(capped, asked(capped, 6), who("UBOB")).state is State.CONFIRMED


def test_without_caps_one_person_goes_on(tmp_path: Path) -> None:
    with scripted(tmp_path, responders=RESPONDERS) as made:
        assert len(denied_by(made, "UBOB", range(1, 31))) == 30
        assert len(made.policy.denied) == 30


def test_at_a_terminal_it_goes_ahead_and_is_loud(capped: Scripted) -> None:
    denied_by(capped, "UBOB", range(1, 6))
    for number in range(6, 21):
        one = asked(capped, number)
        assert press_deny(capped, one, at_terminal()).state is State.CONFIRMED
    loud = capped.record(one)
    assert kinds(loud).count(("above_cap", True, False)) == 1
    assert kinds(loud).count(("above_cap", False, True)) == 1
    [entry] = [e for e in capped.world.store.log(one) if e["event"] == "confirmed"]
    assert entry["detail"]["above_cap"].startswith("ops at a terminal alone confirmed 5 in 10 min")

    containment.contain(capped.world)
    assert len(capped.policy.denied) == 20
    voted = press_deny(capped, asked(capped, 21), who("UDAVE"))
    assert voted.state is State.REQUESTED, "those made at a terminal count for everybody else"


def test_where_a_second_is_waited_for_the_terminal_still_goes_ahead_alone_and_loud(capped: Scripted) -> None:
    denied_by(capped, "UBOB", range(1, 6))
    sixth = asked(capped, 6)
    press_deny(capped, sixth, who("UBOB"))
    done = press_deny(capped, sixth, at_terminal())
    assert (done.state, done.confirmed_by, done.seconded_by) == (State.CONFIRMED, at_terminal().actor, None)
    assert ("above_cap", False, True) in kinds(done)


# The second person


@pytest.fixture
def waiting(capped: Scripted) -> str:
    """The sixth of ubob's, with his vote."""
    denied_by(capped, "UBOB", range(1, 6))
    sixth = asked(capped, 6)
    press_deny(capped, sixth, who("UBOB"))
    return sixth


def test_the_one_who_voted_is_told_that_another_must(capped: Scripted, waiting: str) -> None:
    with pytest.raises(Refused, match=r"You pressed Deny now already.*python -m workers revoke "):
        press_deny(capped, waiting, who("UBOB"))
    assert capped.record(waiting).state is State.REQUESTED


def test_an_approver_who_is_no_responder_can_be_the_second_but_not_the_first(
    capped: Scripted, waiting: str
) -> None:
    approver = who("UCAROL", responder=False)
    with pytest.raises(Refused, match="Only a responder"):
        press_deny(capped, asked(capped, 7), approver)
    assert press_deny(capped, waiting, approver).state is State.CONFIRMED


def test_neither_the_target_nor_anybody_denied_nor_a_bystander_can_be_the_second(
    capped: Scripted, waiting: str
) -> None:
    capped.edit(waiting, lambda record: replace(record, target=replace(record.target, slack_id="UALICE")))
    _deny_person(capped, "UMALLORY")
    with pytest.raises(Refused, match="This is about you"):
        press_deny(capped, waiting, who("UALICE"))
    with pytest.raises(Refused, match="Your own access is revoked"):
        press_deny(capped, waiting, who("UMALLORY"))
    with pytest.raises(Refused, match="Only a responder"):
        press_deny(capped, waiting, who("UNOBODY", responder=False, approver=False))
    assert capped.record(waiting).state is State.REQUESTED


def _deny_person(made: Scripted, slack_id: str) -> None:
    """Somebody in Slack is denied, confirmed by one whose vote is not looked at."""
    one = asked(made, 900, by="UDAVE")
    made.edit(one, lambda record: replace(record, target=replace(record.target, slack_id=slack_id)))
    press_deny(made, one, who("UDAVE"))


def test_the_vote_of_one_who_is_denied_by_now_is_void_and_the_next_is_a_first_vote(
    capped: Scripted, waiting: str
) -> None:
    denied_by(capped, "UCAROL", range(11, 16))
    _deny_person(capped, "UBOB")
    again = press_deny(capped, waiting, who("UCAROL"))
    assert again.state is State.REQUESTED
    assert again.vote is not None
    assert again.vote.by == who("UCAROL").actor
    assert press_deny(capped, waiting, who("UERIN")).state is State.CONFIRMED


def test_the_vote_of_one_who_is_no_responder_any_more_is_void(capped: Scripted, waiting: str) -> None:
    approver = who("UCAROL", responder=False)
    with pytest.raises(Refused, match="Only a responder"):
        press_deny(capped, waiting, approver, still_responder=lambda voter: voter.id != "UBOB")
    done = press_deny(capped, waiting, who("UDAVE"), still_responder=lambda voter: voter.id != "UBOB")
    assert (done.state, done.confirmed_by, done.seconded_by) == (State.CONFIRMED, who("UDAVE").actor, None)


def test_a_request_expires_loudly_ten_minutes_after_the_first_vote(capped: Scripted, waiting: str) -> None:
    old = capped.record(waiting)
    capped.edit(waiting, lambda record: replace(record, requested_at=record.requested_at - TEN_MINUTES))
    intake.expire(capped.world.store, waiting, SYSTEM)
    assert capped.record(waiting).state is State.REQUESTED

    assert old.vote is not None
    vote = replace(old.vote, at=old.vote.at - TEN_MINUTES)
    capped.edit(waiting, lambda record: replace(record, vote=vote))
    with pytest.raises(Refused, match="has expired"):
        press_deny(capped, waiting, who("UCAROL"))
    intake.expire(capped.world.store, waiting, SYSTEM)
    record = capped.record(waiting)
    assert (record.state, ("expired", True, False) in kinds(record)) == (State.EXPIRED, True)


def test_the_second_person_may_press_at_the_same_time_as_a_third(capped: Scripted, waiting: str) -> None:
    refused = _together(capped, [(waiting, "UCAROL"), (waiting, "UDAVE")])
    assert len(refused) == 1
    assert capped.events(waiting).count("confirmed") == 1


def _together(made: Scripted, presses: list[tuple[str, str]]) -> list[str]:
    """Each presses at the same moment; what those who were refused were told."""
    start, refused = Barrier(len(presses)), list[str]()

    def one(revocation_id: str, name: str) -> None:
        start.wait()
        try:
            press_deny(made, revocation_id, who(name))
        except Refused as refusal:
            refused.append(str(refusal))

    threads = [Thread(target=one, args=press) for press in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


# Counted again before it is written


def test_two_clicks_at_the_same_moment_do_not_both_slip_under_the_cap(capped: Scripted) -> None:
    denied_by(capped, "UBOB", range(1, 5))
    racing = [asked(capped, number) for number in range(5, 11)]
    _together(capped, [(one, "UBOB") for one in racing])
    assert {capped.record(one).state for one in racing} <= {State.CONFIRMED, State.REQUESTED}
    containment.contain(capped.world)

    states = [capped.record(one).state for one in racing]
    assert states.count(State.DENIED) == 1
    assert states.count(State.REQUESTED) == 5
    assert len(capped.policy.denied) == 5
    for one in racing:
        if capped.record(one).state is State.REQUESTED:
            assert press_deny(capped, one, who("UCAROL")).seconded_by == who("UCAROL").actor


def test_one_that_is_sent_back_waits_with_a_vote_loudly_and_for_another_ten_minutes(capped: Scripted) -> None:
    one = asked(capped, 1)
    press_deny(capped, one, who("UBOB"))
    capped.edit(one, lambda record: replace(record, requested_at=record.requested_at - TEN_MINUTES))
    intake.needs_second(capped.world.store, one, "Above a cap.")

    record = capped.record(one)
    assert (record.state, record.confirmed_by, record.confirmed_at) == (State.REQUESTED, None, None)
    assert record.vote is not None
    assert (record.vote.by, record.vote.because) == (who("UBOB").actor, "Above a cap.")
    assert ("second_needed", True, False) in kinds(record)
    intake.expire(capped.world.store, one, SYSTEM)
    assert capped.record(one).state is State.REQUESTED
    assert press_deny(capped, one, who("UCAROL")).state is State.CONFIRMED


def test_nobody_who_was_written_is_sent_back(capped: Scripted) -> None:
    [one] = denied_by(capped, "UBOB", range(1, 2))
    assert intake.needs_second(capped.world.store, one, "Above a cap.") is None
    assert capped.record(one).state is State.DENIED


def waits(n: int, **given: Any) -> Revocation:
    when = {"confirmed_at": at(minutes=n), **given}
    return confirmed(id=f"R-AAAAA{n}", **when)


TWO = Caps(per_person=Cap(most=2, within=TEN_MINUTES), overall=Cap(most=3, within=HOUR))


def test_of_those_above_a_cap_the_latest_wait_and_whoever_is_written_counts_first() -> None:
    assert list(exceeding(TWO, [waits(3), waits(1), waits(2)], at(minutes=9))) == ["R-AAAAA3"]
    written = waits(3, state=State.DENIED, written_at=at(minutes=3))
    assert list(exceeding(TWO, [written, waits(1), waits(2)], at(minutes=9))) == ["R-AAAAA2"]
    assert exceeding(None, [waits(n) for n in range(9)], at(minutes=9)) == {}


def test_nobody_is_sent_back_who_was_confirmed_at_a_terminal_by_two_or_written_before() -> None:
    two = {"state": State.DENIED, "written_at": at(minutes=1)}
    full = [waits(1, **two), waits(2, **two)]
    for safe in (
        waits(5, confirmed_by=at_terminal().actor),
        waits(5, seconded_by=who("UDAVE").actor),
        waits(5, written_at=at(minutes=5)),
        waits(5, state=State.DENIED),
    ):
        assert exceeding(TWO, [*full, safe], at(minutes=9)) == {}
    assert list(exceeding(TWO, [*full, waits(5)], at(minutes=9))) == ["R-AAAAA5"]


def test_a_confirmation_dated_ahead_is_judged_as_of_now() -> None:
    full = [waits(n, state=State.DENIED, written_at=at(minutes=n)) for n in (1, 2)]
    ahead = waits(5, confirmed_at=at(days=1))
    assert list(exceeding(TWO, [*full, ahead], at(minutes=9))) == ["R-AAAAA5"]


# Deny again


def test_deny_again_counts_and_above_the_cap_waits_for_a_second_click_on_the_same_button(
    capped: Scripted,
) -> None:
    old, *_ = denied_by(capped, "UBOB", range(1, 6))
    capped.edit(old, lambda record: replace(record, state=State.WATCHED))
    store, caps = capped.world.store, capped.world.rules.caps
    voted = intake.deny_again(store, who("UBOB"), old, caps)
    assert (voted.state, voted.vote is not None) == (State.REQUESTED, True)
    assert ("second_needed", True, False) in kinds(voted)
    assert capped.record(old).state is State.WATCHED
    with pytest.raises(Refused, match="You pressed Deny now already"):
        intake.deny_again(store, who("UBOB"), old, caps)

    done = intake.deny_again(store, who("UCAROL"), old, caps)
    assert (done.id, done.state) == (voted.id, State.CONFIRMED)
    assert (done.confirmed_by, done.seconded_by) == (who("UBOB").actor, who("UCAROL").actor)
    assert capped.record(old).state is State.CLOSED


def test_the_watch_ends_too_where_the_second_presses_on_the_new_card(capped: Scripted) -> None:
    old, *_ = denied_by(capped, "UBOB", range(1, 6))
    capped.edit(old, lambda record: replace(record, state=State.WATCHED))
    voted = intake.deny_again(capped.world.store, who("UBOB"), old, capped.world.rules.caps)
    assert press_deny(capped, voted.id, who("UCAROL")).state is State.CONFIRMED
    assert capped.record(old).state is State.CLOSED


# As it runs


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """With the default caps; five people are denied by alice alone."""
    with Installation.fresh(REVOKE_RATE_LIMITS="5/10m,20/1h") as made:
        for number in range(5):
            newcomer(made, f"person{number}")
            assert "Denied" in deny(made, f"person{number} key leaked").text
        yield made


def test_in_slack_the_sixth_waits_says_why_and_how_to_do_it_at_once_and_a_second_press_denies(
    installation: Installation,
) -> None:
    sixth = newcomer(installation, "sixth")
    card = ask(installation, "sixth key leaked")
    press(installation, card, "revocation_confirm")
    why = whispered(installation, ALICE, "You are the first of two")
    assert "Alice Responder alone confirmed 5 in 10 min" in why
    assert f"python -m workers revoke {sixth} --reason" in why
    shows(installation, card, "Deny now (second person)")
    moment = told(installation, card, "is not denied yet")
    assert moment.reply_broadcast
    assert f"<@{BOB}>" in moment.text
    assert f"<@{CAROL}>" in moment.text
    assert " · Not denied yet. " in current(installation, SEC_INC, card.ts).text
    listed = installation.slack.command(BOB, SEC_INC, "/revoke list")
    assert re.search(rf"{revocation_id(card)} · Not denied yet, waits for a second person", str(listed.text))

    press(installation, card, "revocation_confirm")
    whispered(installation, ALICE, "You pressed Deny now already")
    assert sixth not in installation.aws.denied()

    press(installation, card, "revocation_confirm", user=CAROL)
    becomes(installation, card, "Denied")
    assert sixth in installation.aws.denied()
    record = installation.store.get(revocation_id(card))
    assert (record.confirmed_by and record.confirmed_by.id, record.seconded_by and record.seconded_by.id) == (
        ALICE,
        CAROL,
    )


def test_as_the_terminal_says_above_the_cap_it_goes_ahead_and_the_channel_hears_of_it(
    installation: Installation,
) -> None:
    seventh = newcomer(installation, "seventh")
    card = ask(installation, "seventh key leaked")
    press(installation, card, "revocation_confirm")
    shows(installation, card, "Deny now (second person)")
    answer = installation.terminal("revoke", seventh, "--reason", "cannot wait", "--yes-user-name", "seventh")
    assert answer.returncode == 0, answer.stderr
    assert "At a terminal it goes ahead" in answer.stdout
    assert seventh in installation.aws.denied()
    assert told(installation, card, "at a terminal and alone").reply_broadcast
    becomes(installation, card, "Denied")


def test_whoever_only_looks_sees_no_button_that_is_missing(installation: Installation) -> None:
    newcomer(installation, "eighth")
    card = ask(installation, "eighth key leaked")
    press(installation, card, "revocation_confirm")
    message = shows(installation, card, "Deny now (second person)")
    assert actions(message) >= {"revocation_confirm", "revocation_cancel"}
    assert "above that it takes two people" in shown_text(message)
    status = installation.slack.command(BOB, SEC_INC, f"/revoke status {revocation_id(card)}")
    assert "pressed Deny now; another responder or an approver must" in str(status.text)
