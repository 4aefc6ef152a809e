"""Offering, accepting, declining, owning: one owner always, and a clear sentence for whoever comes too late."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.scripted import Scripted
from tests.unit.make import BOB, CAROL, T0, denied, requested
from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import Refused
from workers.domain.handoff import NOTE_LIMIT, Handoff, HandoffState
from workers.domain.revocation import Revocation, State, TargetRef
from workers.ports import Change, ChangeOf
from workers.service import intake
from workers.service.intake import Authority

DAVE = Actor(kind="slack", id="U0DAVE0001", name="dave", email="dave@example.com")
ERIN = Actor(kind="slack", id="U0ERIN0001", name="erin")
CHANNEL = "C0SECINC01"


def may(actor: Actor, *, responder: bool = True) -> Authority:
    return Authority(actor=actor, responder=responder)


def opened(aws: Scripted, owner: Actor | None = BOB, **given: Any) -> str:
    """An open revocation, denied where nothing else is given."""
    record = denied(owner=owner, **given)
    return made(aws, record)


def made(aws: Scripted, record: Revocation) -> str:
    return aws.world.store.create(
        lambda fresh, now: Change(record=replace(record, id=fresh, seq=0), event="set_up", actor=SYSTEM)
    ).id


def offered(
    aws: Scripted, incoming: tuple[Actor, ...] = (CAROL,), by: Actor = BOB, note: str = "", **given: Any
) -> Handoff:
    ids = [one.id for one in incoming]
    return intake.offer(aws.world.store, aws.world.handoffs, may(by), ids, note, channel=CHANNEL, **given)


def accept(aws: Scripted, who: Actor, handoff: Handoff, *, responder: bool = True) -> Handoff:
    return intake.accept(aws.world.store, aws.world.handoffs, may(who, responder=responder), handoff.id)


def decline(aws: Scripted, who: Actor, handoff: Handoff, reason: str = "asleep") -> Handoff:
    return intake.decline(aws.world.store, aws.world.handoffs, may(who), handoff.id, reason)


def remark(
    aws: Scripted, who: Actor, handoff: Handoff, text: str = "look", *, responder: bool = True
) -> Handoff:
    authority = may(who, responder=responder)
    return intake.remark(aws.world.store, aws.world.handoffs, authority, handoff.id, text)


def own(aws: Scripted, who: Actor, revocation_id: str) -> Revocation:
    return intake.own(aws.world.store, may(who), revocation_id)


def now_as(aws: Scripted, handoff: Handoff, **given: Any) -> Handoff:
    """As if time, or the worker, had made the record so."""
    changed = aws.world.handoffs.change(
        handoff.id,
        lambda current, now: ChangeOf(record=replace(current, **given), event="edited", actor=SYSTEM),
    )
    assert changed is not None
    return changed


def at(aws: Scripted, handoff: Handoff) -> Handoff:
    return aws.world.handoffs.get(handoff.id)


def waiting(aws: Scripted) -> list[Handoff]:
    return [one for one in aws.world.handoffs.open() if one.state is HandoffState.OFFERED]


def woken(aws: Scripted, queue: str) -> list[str]:
    """The jobs that wait in this queue, without what makes their ids unique."""
    store: Any = aws.world.store
    return [job.decode().rpartition("-")[0] for job in store._redis.lrange(f"rq:queue:{queue}", 0, -1)]


def refusal(do: Callable[[], object]) -> str:
    with pytest.raises(Refused) as raised:
        do()
    return str(raised.value)


# ---------------------------------------------------------------- offering


def test_what_one_owns_is_offered_the_oldest_request_first(aws: Scripted) -> None:
    late = opened(aws, requested_at=T0 + timedelta(hours=1))
    early, _ = opened(aws, state=State.WATCHED), opened(aws, owner=CAROL)
    made(aws, requested(owner=BOB))

    handoff = offered(aws, note=" The key is rotated. ")

    assert handoff.revocations == (early, late)
    assert (handoff.outgoing, handoff.incoming, handoff.channel) == ((BOB,), (CAROL.id,), CHANNEL)
    assert [(one.by, one.text) for one in handoff.remarks] == [(BOB, "The key is rotated.")]
    assert [note.kind for note in handoff.notes] == ["offered"]
    assert f"show_handoff-{handoff.id}" in woken(aws, "cards")
    assert aws.record(early).owner == BOB, "until somebody accepts"


def test_who_owns_nothing_offers_all_that_is_open(aws: Scripted) -> None:
    ids = {opened(aws), opened(aws, owner=CAROL), opened(aws, owner=None, state=State.CONFIRMED)}
    handoff = offered(aws, (DAVE,), by=ERIN)
    assert set(handoff.revocations) == ids
    assert set(handoff.outgoing) == {BOB, CAROL}


def test_one_alone_can_be_offered_whoever_owns_it(aws: Scripted) -> None:
    opened(aws)
    carols = opened(aws, owner=CAROL)
    assert offered(aws, (DAVE,), only=carols).revocations == (carols,)
    over = opened(aws, state=State.CLOSED)
    assert "There is nothing to hand over" in refusal(lambda: offered(aws, only=over))


def test_nothing_open_is_nothing_to_hand_over(aws: Scripted) -> None:
    made(aws, requested())
    assert refusal(lambda: offered(aws)).startswith("Nothing is open that could be handed over.")
    assert waiting(aws) == []


def test_who_is_no_responder_or_denied_offers_nothing(aws: Scripted) -> None:
    opened(aws)
    store, handoffs = aws.world.store, aws.world.handoffs
    said = refusal(lambda: intake.offer(store, handoffs, may(DAVE, responder=False), [], "", channel=CHANNEL))
    assert said.startswith("Only a responder can hand over.")
    about(aws, DAVE)
    assert "no say" in refusal(lambda: offered(aws, by=DAVE))
    assert waiting(aws) == []


def about(aws: Scripted, actor: Actor, **given: Any) -> str:
    return opened(aws, target=TargetRef(kind="slack", value=actor.id, slack_id=actor.id), **given)


def test_whoever_could_not_take_it_is_not_asked(aws: Scripted) -> None:
    opened(aws)
    about(aws, DAVE)
    assert "has an open revocation of their own" in refusal(lambda: offered(aws, (CAROL, DAVE)))
    assert "cannot hand over to yourself" in refusal(lambda: offered(aws, (BOB,)))
    hostile = Actor(kind="slack", id="<!channel>")
    assert "is nobody in Slack" in refusal(lambda: offered(aws, (hostile,)))
    assert "<!channel>" not in refusal(lambda: offered(aws, (hostile,)))
    crowd = tuple(Actor(kind="slack", id=f"U0CROWD{n:03}") for n in range(11))
    assert refusal(lambda: offered(aws, crowd)).startswith("Name 10 people at most")
    assert f"{NOTE_LIMIT} fit" in refusal(lambda: offered(aws, note="x" * (NOTE_LIMIT + 1)))
    assert waiting(aws) == []
    assert offered(aws, (BOB, CAROL)).incoming == (CAROL.id,)


def test_whoever_owns_all_of_it_is_not_asked_to_take_it(aws: Scripted) -> None:
    opened(aws, owner=CAROL)
    assert "is the owner of all of it already" in refusal(lambda: offered(aws, (CAROL,), by=BOB))
    assert waiting(aws) == []
    opened(aws, owner=DAVE)
    assert offered(aws, (CAROL,), by=BOB).incoming == (CAROL.id,)


def test_the_same_offer_again_is_the_one_that_stands(aws: Scripted) -> None:
    opened(aws)
    first = offered(aws, (CAROL, DAVE), note="rotate the key")
    assert offered(aws, (DAVE, CAROL)) == first
    assert offered(aws, (DAVE, CAROL), note="rotate the key") == first
    assert len(aws.world.handoffs.log(first.id)) == 1


def test_a_newer_offer_takes_what_it_passes_from_the_older_one(aws: Scripted) -> None:
    one, other = opened(aws), opened(aws)
    both = offered(aws)
    single = offered(aws, (DAVE,), only=one)
    assert at(aws, both).revocations == (other,)
    assert at(aws, both).state is HandoffState.OFFERED
    again = offered(aws, (ERIN,))
    assert [at(aws, each).state for each in (both, single)] == [HandoffState.REPLACED] * 2
    assert at(aws, both).replaced_by == again.id
    assert at(aws, both).notes[-1].kind == "replaced"
    assert waiting(aws) == [again]


def test_whoever_died_between_offering_and_narrowing_is_made_up_for(
    aws: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened(aws)
    with monkeypatch.context() as dying:
        dying.setattr("workers.service.intake.handing_over.one_offer_each", lambda handoffs: None)
        older, newer = offered(aws), offered(aws, (DAVE,))
    assert len(waiting(aws)) == 2
    assert f"replaced by {newer.id}" in refusal(lambda: accept(aws, CAROL, older))
    for _ in range(2):
        intake.one_offer_each(aws.world.handoffs)
    assert waiting(aws) == [newer]
    assert aws.world.handoffs.get(newer.id).seq == newer.seq


def test_a_newer_offer_keeps_the_notes_of_those_that_it_takes_from(aws: Scripted) -> None:
    ids = [opened(aws), opened(aws)]
    remark(aws, DAVE, offered(aws, note="The key is rotated."), "Legal calls at 9.")
    records = [aws.record(one) for one in ids]
    newer = intake.begin_handoff(aws.world.handoffs, records, by=SYSTEM, incoming=[ERIN.id], channel=CHANNEL)
    assert [one.text for one in newer.remarks] == ["The key is rotated.", "Legal calls at 9."]
    again = offered(aws, note="Look at the wiki.")
    assert [one.text for one in again.remarks] == [*(one.text for one in newer.remarks), "Look at the wiki."]
    assert offered(aws, note="Look at the wiki.") == again
    decline(aws, CAROL, again)
    assert offered(aws, (DAVE,)).remarks == again.remarks, "it went back, and is offered to somebody else"


def test_of_offers_that_begin_at_once_one_is_left(aws: Scripted) -> None:
    opened(aws)
    people = [Actor(kind="slack", id=f"U0NEXT{n:04}") for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        begun = list(pool.map(lambda one: offered(aws, (one,)), people))
    assert len(waiting(aws)) == 1
    assert sum(at(aws, one).state is HandoffState.REPLACED for one in begun) == 5


# ---------------------------------------------------------------- accepting


def test_of_all_who_press_accept_at_once_one_has_it_and_the_others_hear_who(aws: Scripted) -> None:
    opened(aws)
    people = tuple(Actor(kind="slack", id=f"U0NEXT{n:04}", name=f"next{n}") for n in range(6))
    handoff = offered(aws, people)

    def press(one: Actor) -> str:
        try:
            accept(aws, one, handoff)
        except Refused as refused:
            return str(refused)
        return ""

    with ThreadPoolExecutor(6) as pool:
        said = dict(zip(people, pool.map(press, people), strict=True))
    by = at(aws, handoff).accepted_by
    assert [one for one, sentence in said.items() if not sentence] == [by]
    assert all(f"<@{by.id}> accepted {handoff.id} at" in sentence for sentence in said.values() if sentence)  # type: ignore[union-attr]
    assert [entry["event"] for entry in aws.world.handoffs.log(handoff.id)] == ["offered", "accepted"]


def test_accepting_wakes_who_passes_it_on_and_may_be_done_twice(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws)
    accepted = accept(aws, CAROL, handoff)
    assert (accepted.state, accepted.accepted_by) == (HandoffState.ACCEPTED, CAROL)
    assert accepted.notes[-1].kind == "accepted"
    assert accept(aws, CAROL, handoff) == accepted
    assert woken(aws, "steps").count(f"pass_on-{handoff.id}") == 1


def test_only_those_asked_accept_and_any_responder_once_it_is_open_to_all(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws)
    assert f"was offered to <@{CAROL.id}>" in refusal(lambda: accept(aws, DAVE, handoff))
    now_as(aws, handoff, escalated_at=T0)
    assert "Only a responder can accept" in refusal(lambda: accept(aws, DAVE, handoff, responder=False))
    assert accept(aws, DAVE, handoff).accepted_by == DAVE


def test_where_nobody_is_named_any_responder_accepts(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws, ())
    assert "Only a responder" in refusal(lambda: accept(aws, DAVE, handoff, responder=False))
    unsure = Authority(actor=DAVE, unsure=True)
    store, handoffs = aws.world.store, aws.world.handoffs
    assert "did not say in time" in refusal(lambda: intake.accept(store, handoffs, unsure, handoff.id))
    assert accept(aws, DAVE, handoff).accepted_by == DAVE


def test_who_is_asked_by_name_need_not_be_a_responder(aws: Scripted) -> None:
    opened(aws)
    assert accept(aws, CAROL, offered(aws), responder=False).accepted_by == CAROL


def test_the_target_of_any_of_it_neither_accepts_nor_declines_nor_remarks(aws: Scripted) -> None:
    """Also where it ended: it is about them all the same."""
    own_one = about(aws, CAROL, state=State.CLOSED)
    opened(aws)
    handoff = now_as(aws, offered(aws, (CAROL, DAVE)), revocations=(own_one,))
    for do in (accept, decline, remark):
        assert "about you" in refusal(lambda do=do: do(aws, CAROL, handoff))  # type: ignore[misc]
    assert at(aws, handoff) == handoff


@pytest.mark.parametrize("state", [State.CONFIRMED, State.DENIED, State.RELEASING, State.WATCHED])
def test_whose_own_revocation_is_open_has_no_say_in_any_handoff(aws: Scripted, state: State) -> None:
    mine = opened(aws)
    handoff = offered(aws, (DAVE,))
    about(aws, DAVE, state=state, owner=CAROL)
    for do in (accept, decline, remark):
        assert "no say" in refusal(lambda do=do: do(aws, DAVE, handoff))  # type: ignore[misc]
    assert "no say" in refusal(lambda: own(aws, DAVE, mine))
    assert at(aws, handoff) == handoff


def test_what_somebody_offered_who_is_revoked_now_nobody_accepts(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws, by=DAVE)
    about(aws, DAVE)
    assert "counts no more" in refusal(lambda: accept(aws, CAROL, handoff))


def test_what_is_already_theirs_nobody_accepts_from_themself(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws, ())
    assert "so somebody else must accept it" in refusal(lambda: accept(aws, BOB, handoff))


def test_of_two_who_hand_over_one_may_take_the_others(aws: Scripted) -> None:
    opened(aws), opened(aws, owner=CAROL)
    assert accept(aws, BOB, offered(aws, (), by=ERIN)).accepted_by == BOB


def test_nothing_that_ended_is_accepted(aws: Scripted) -> None:
    only = opened(aws)
    handoff = offered(aws)
    aws.edit(only, lambda record: replace(record, state=State.RELEASED))
    assert "is open any more" in refusal(lambda: accept(aws, CAROL, handoff))
    now_as(aws, handoff, state=HandoffState.CLOSED)
    assert f"{handoff.id} is closed" in refusal(lambda: accept(aws, CAROL, handoff))
    assert f"{handoff.id} is closed" in refusal(lambda: decline(aws, CAROL, handoff))
    assert f"{handoff.id} is closed" in refusal(lambda: remark(aws, CAROL, handoff))


def test_what_somebody_took_meanwhile_stays_theirs(aws: Scripted) -> None:
    only = opened(aws)
    handoff = offered(aws)
    own(aws, DAVE, only)
    assert f"it is <@{DAVE.id}> now" in refusal(lambda: accept(aws, CAROL, handoff))
    assert aws.record(only).owner == DAVE


def test_a_record_that_cannot_be_read_keeps_nobody_from_the_others(aws: Scripted) -> None:
    broken, fine = opened(aws), opened(aws, requested_at=T0 + timedelta(hours=1))
    handoff = offered(aws)
    store: Any = aws.world.store
    store._redis.xadd(f"revoke:log:{broken}", {"e": "{}", "m": "forged"})
    assert set(accept(aws, CAROL, handoff).revocations) == {broken, fine}


# ---------------------------------------------------------------- declining


def test_it_goes_back_once_everybody_who_was_asked_declined(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws, (CAROL, DAVE))
    one = decline(aws, CAROL, handoff, " I am on a plane. ")
    assert (one.state, one.asked, one.notes[-1].kind) == (HandoffState.OFFERED, (DAVE.id,), "declined")
    assert one.declined[0].reason == "I am on a plane."
    both = decline(aws, DAVE, handoff)
    assert (both.state, both.notes[-1].kind) == (HandoffState.RETURNED, "returned")
    assert both.notes[-1].detail == "asleep"


def test_a_decline_takes_a_reason_and_somebody_who_is_asked(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws, (CAROL, DAVE))
    assert "Why not?" in refusal(lambda: decline(aws, CAROL, handoff, "  "))
    assert "only they can decline it" in refusal(lambda: decline(aws, ERIN, handoff))
    decline(aws, CAROL, handoff)
    assert f"You declined {handoff.id} already" in refusal(lambda: decline(aws, CAROL, handoff))
    assert "asks nobody by name" in refusal(lambda: decline(aws, CAROL, offered(aws, ())))


def test_after_somebody_accepted_nobody_declines(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws, (CAROL, DAVE))
    accept(aws, CAROL, handoff)
    assert "so hand it over" in refusal(lambda: decline(aws, CAROL, handoff))
    assert f"<@{CAROL.id}> accepted" in refusal(lambda: decline(aws, DAVE, handoff))


def test_who_declined_may_accept_after_all_and_that_is_said(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws)
    decline(aws, CAROL, handoff)
    accepted = accept(aws, CAROL, handoff)
    assert (accepted.state, accepted.accepted_by) == (HandoffState.ACCEPTED, CAROL)
    assert accepted.notes[-1].detail == "They had declined it before."
    assert accepted in aws.world.handoffs.open()


def test_what_went_back_is_not_accepted_where_it_was_offered_anew_or_taken(aws: Scripted) -> None:
    only = opened(aws)
    handoff = offered(aws)
    decline(aws, CAROL, handoff)
    newer = offered(aws, (DAVE,))
    assert f"{newer.id} is newer" in refusal(lambda: accept(aws, CAROL, handoff))
    decline(aws, DAVE, newer)
    own(aws, ERIN, only)
    assert "the owner changed" in refusal(lambda: accept(aws, CAROL, handoff))


# ---------------------------------------------------------------- notes, and owning


def test_a_note_is_left_by_the_outgoing_and_by_any_responder_once(aws: Scripted) -> None:
    opened(aws)
    handoff = offered(aws)
    remark(aws, BOB, handoff, "rotate the key", responder=False)
    remark(aws, BOB, handoff, "rotate the key", responder=False)
    changed = remark(aws, DAVE, handoff, "done")
    assert [(one.by, one.text) for one in changed.remarks] == [(BOB, "rotate the key"), (DAVE, "done")]
    assert [note.kind for note in changed.notes] == ["offered", "remark", "remark"]
    assert "Only a responder" in refusal(lambda: remark(aws, ERIN, handoff, responder=False))
    assert "What should they know?" in refusal(lambda: remark(aws, DAVE, handoff, "\n"))
    assert f"{NOTE_LIMIT} fit" in refusal(lambda: remark(aws, DAVE, handoff, "x" * (NOTE_LIMIT + 1)))


def test_owning_is_at_once_and_says_whose_it_was(aws: Scripted) -> None:
    only = opened(aws)
    owned = own(aws, DAVE, only)
    assert (owned.owner, owned.notes[-1].kind, owned.notes[-1].detail) == (DAVE, "owned", "bob")
    assert own(aws, DAVE, only) == owned, "and a second time changes nothing"
    assert f"show-{only}" in woken(aws, "cards")
    nobodys = own(aws, DAVE, opened(aws, owner=None))
    assert nobodys.notes[-1].detail == ""


def test_only_a_responder_owns_and_nothing_that_ended(aws: Scripted) -> None:
    only = opened(aws)
    store = aws.world.store
    assert "Only a responder" in refusal(lambda: intake.own(store, may(DAVE, responder=False), only))
    assert "about you" in refusal(lambda: own(aws, DAVE, about(aws, DAVE, state=State.CLOSED)))
    assert "nothing to own" in refusal(lambda: own(aws, DAVE, opened(aws, state=State.EXPIRED)))
    assert aws.record(only).owner == BOB


# ---------------------------------------------------------------- what waits for whom


def test_an_offer_is_shown_to_whoever_may_accept_it(aws: Scripted) -> None:
    opened(aws)
    handoff, handoffs = offered(aws), aws.world.handoffs
    assert intake.offers_to(handoffs, may(CAROL)) == [handoff]
    assert intake.offers_to(handoffs, may(DAVE)) == intake.offers_to(handoffs, may(BOB)) == []
    escalated = now_as(aws, handoff, escalated_at=T0)
    assert intake.offers_to(handoffs, may(DAVE)) == [escalated]
    assert intake.offers_to(handoffs, may(BOB)) == []
    accept(aws, DAVE, handoff)
    assert intake.offers_to(handoffs, may(CAROL)) == []
