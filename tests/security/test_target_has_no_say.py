"""Neither the target nor anybody whose own revocation is open has a say: by Slack id, by e-mail, by the session of AWS.

Every command, button and form is learnt from the app, every use case from `workers.service.intake`: what is new is
tried too.
"""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any, cast

import pytest

from bot.command_text import Help, Wrong, parse
from tests.sandbox.scripted import Scripted
from tests.sandbox.slack.seed import ALICE, BOB, CAROL
from tests.sandbox.slack.state import Json
from tests.security import everything
from tests.security.door import Door, door
from tests.unit.make import denied, followed, requested
from workers.adapters.redis_store import RedisHandoffs
from workers.domain.actor import SYSTEM, Actor
from workers.domain.errors import Refused
from workers.domain.handoff import Handoff
from workers.domain.revocation import DirectoryUser, ReleaseRequest, Revocation, State, TargetRef
from workers.domain.same_person import is_target, same_person
from workers.domain.step import Kind, StepState
from workers.domain.timing import Timing
from workers.ports import Change, HandoffStore, RevocationStore
from workers.service import intake
from workers.service.intake import Authority, Request, Statement
from workers.service.intake.authority import ABOUT_YOU, OPEN, is_denied

ARN = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/bob"
EMAIL = "Bob@Example.com"
BY_ID = TargetRef(kind="slack", value=BOB, slack_id=BOB)
BY_USER_ID = TargetRef(kind="user_id", value="b0b0b0b0-0000-4000-8000-00000000000b")
BOB_THERE = DirectoryUser(user_id=BY_USER_ID.value, user_name="bob", email="bob@example.com")

HOW: dict[str, Callable[[Revocation], Revocation]] = {
    "being written": lambda record: replace(record, state=State.CONFIRMED, written_at=None),
    "denied": lambda record: record,
    "held": lambda record: replace(record, hold_open=True),
    "coming off": lambda record: replace(record, state=State.RELEASING),
    "watched": lambda record: replace(record, state=State.WATCHED, off_at=record.written_at),
}
"""Each way in which a revocation is open."""


def figures() -> Iterator[str]:
    yield nothing_counts(shares=1)


# ---------------------------------------------------------------- at the front door


def nothing_counts(shares: int) -> str:
    """Bob is a responder; his own revocation is open in each way, under each name: nothing that he sends changes anything.

    `shares`: of several, he sends another one in each way that it is open, and in all ways together each several times.
    """
    tried = 0
    with door() as made:
        requests, elsewhere = list(_requests(made)), list(_elsewhere(made))
        for turn, (target, change) in enumerate(product((BY_ID, BY_USER_ID), HOW.values())):
            record = _about_bob(made, change(denied(target=target, user=BOB_THERE)))
            tried += _refused(made, [*requests, *elsewhere][turn % shares :: shares])
            _ended(made, record)
        assert _counts(made, requests), "and once it has ended, he has his say again"
    states = len(HOW) * 2
    return (
        f"{len(requests)} commands, buttons and forms by a responder whose own revocation is open, in {states} ways "
        f"({tried} requests): 0 changed anything, 0 forms opened"
    )


def _requests(made: Door) -> Iterator[Callable[[], Json]]:
    """As Bob sends them, about Mallory."""
    for text in everything.texts(made):
        yield partial(made.command, BOB, text)
    for action_id in everything.actions():
        for place in everything.places(action_id):
            card, value, row = everything.shown(made, action_id, place)
            yield lambda c=card, a=action_id, v=value, r=row: made.click(BOB, c, made.button(a, v, r))  # type: ignore[misc]
    for view in everything.views(made):
        made.slack.state.views.clear()
        yield partial(everything.sent, made, BOB, view)


def _elsewhere(made: Door) -> Iterator[Callable[[], Json]]:
    """What decides is the same as for the command and the cards, so that one way in which it is open is enough."""
    for payload in (*everything.mentions(made, BOB), *everything.at_home(made, BOB)):
        yield partial(_anew, payload)


def _anew(payload: Json) -> Json:
    """The same, done once more: with an id of its own."""
    names = [name for name in ("event_id", "trigger_id") if name in payload]
    return {**payload, **{name: secrets.token_hex(8) for name in names}}


def _about_bob(made: Door, record: Revocation) -> Revocation:
    return made.store.create(lambda fresh, now: _set_up(replace(record, id=fresh, seq=0)))


def _ended(made: Door, record: Revocation) -> None:
    made.store.change(record.id, lambda current, now: _set_up(replace(current, state=State.CLOSED)))


def _set_up(record: Revocation) -> Change:
    return Change(record=record, event="set_up", actor=SYSTEM)


def _refused(made: Door, requests: list[Callable[[], Json]]) -> int:
    before = made.done()
    for request in requests:
        payload = request()
        made.slack.state.views.clear()
        answer = made.http(payload)
        assert answer.status == 200
        # Help, and what to type instead, is for everybody; neither says anything about anybody.
        acts = "command" in payload and not isinstance(parse(payload["text"]), Help | Wrong)
        assert not acts or "no say" in answer.body, answer.body
        assert "Mallory" not in answer.body
    after = made.done()
    assert "Mallory" not in made.home(BOB), "App Home tells nothing either"
    assert after["redis"] == before["redis"]
    assert after["messages"] == before["messages"]
    assert not after["views"].get(BOB)
    return len(requests)


def _counts(made: Door, requests: list[Callable[[], Json]]) -> bool:
    before = made.done()["redis"]
    for request in requests:
        made.http(request())
    return bool(made.done()["redis"] != before)


def test_nothing_that_a_revoked_responder_sends_changes_anything() -> None:
    assert "0 changed anything" in nothing_counts(shares=4)


def test_who_reads_the_list_does_not_find_themselves_in_it() -> None:
    with door() as made:
        mine = _about_bob(made, requested(target=BY_USER_ID, user=BOB_THERE))
        said = made.http(made.command(BOB, "list")).body
        assert mine.id not in said
        assert mine.id in made.http(made.command(ALICE, "list")).body


def test_whoever_types_their_own_email_is_refused_before_anybody_looks_them_up() -> None:
    with door() as made:
        said = made.http(made.command(BOB, f"{EMAIL} I want to see it")).body
        assert ABOUT_YOU in said
        assert made.store.open() == []


# ---------------------------------------------------------------- every use case


@dataclass(frozen=True)
class Tried:
    """One use case, on a record in which anybody else could do it."""

    do: Callable[[RevocationStore, Authority, str], object]
    ready: Callable[[Revocation], Revocation] = lambda record: record


def _asked(record: Revocation) -> Revocation:
    request = ReleaseRequest(asked_by=Actor(kind="slack", id=CAROL), asked_at=record.requested_at, reason="")
    return replace(record, release=request)


def _protected(record: Revocation) -> Revocation:
    return replace(record, protected=True)


def _handoffs(store: Any) -> RedisHandoffs:
    return RedisHandoffs(store._redis, store._log, store._queue)


def _offered(store: RevocationStore, revocation_id: str) -> Handoff:
    """This one, offered by Carol to Bob."""
    carol, record = Actor(kind="slack", id=CAROL), store.get(revocation_id)
    return intake.begin_handoff(_handoffs(store), [record], by=carol, incoming=[BOB], channel="C0SECINC01")


_TIMING = Timing()
NO_HANDOFFS = cast(HandoffStore, None)
_SAID = Statement()
_NEW = Request(targets=(TargetRef(kind="user_name", value="dora"),), reason="", channel="C0SECINC01")

_NO_LOOKUPS: Any = None
"""Whoever has no say is refused before anything is recorded."""

USE_CASES: dict[str, Tried] = {
    "ask": Tried(lambda store, who, id_: intake.ask(store, who, _NEW)),
    "ask_release": Tried(lambda store, who, id_: intake.ask_release(store, who, id_, "")),
    "ask_restore": Tried(lambda store, who, id_: intake.ask_restore(store, who, id_, "", nothing_lost=True)),
    "ask_false_alarm": Tried(lambda store, who, id_: intake.ask_false_alarm(store, who, id_, "")),
    "ask_report": Tried(intake.ask_report),
    "drill": Tried(lambda store, who, id_: intake.drill(store, who, "tess", "", channel="C0SECINC01")),
    "approve": Tried(intake.approve, _asked),
    "refuse": Tried(intake.refuse, _asked),
    "nudge": Tried(lambda store, who, id_: intake.nudge(store, who, id_, [ALICE]), _asked),
    "break_glass": Tried(lambda store, who, id_: intake.break_glass(store, who, id_, "now")),
    "confirm": Tried(
        lambda store, who, id_: intake.confirm(store, who, id_, None),
        lambda record: replace(record, state=State.REQUESTED),
    ),
    "cancel": Tried(intake.cancel, lambda record: replace(record, state=State.REQUESTED)),
    "retry": Tried(intake.retry),
    "deny_again": Tried(
        lambda store, who, id_: intake.deny_again(store, who, id_, None),
        lambda record: replace(record, state=State.RELEASED),
    ),
    "ratify": Tried(intake.ratify, _protected),
    "hold": Tried(lambda store, who, id_: intake.hold(store, who, id_, _TIMING)),
    "start_follow_ups": Tried(intake.start_follow_ups),
    "wait_follow_ups": Tried(intake.wait_follow_ups),
    "retry_step": Tried(lambda store, who, id_: intake.retry_step(store, who, id_, Kind.ASSIGNMENTS)),
    "disable_anyway": Tried(intake.disable_anyway),
    "attest": Tried(lambda store, who, id_: intake.attest(store, who, id_, Kind.DEVICE, _SAID)),
    "may_attest": Tried(lambda store, who, id_: intake.may_attest(store, who, store.get(id_), Kind.DEVICE)),
    "undo_attest": Tried(
        lambda store, who, id_: intake.undo_attest(store, who, id_, Kind.SESSIONS),
        lambda record: record.with_step(replace(_step(record, Kind.SESSIONS), state=StepState.ATTESTED)),
    ),
    "assign": Tried(
        lambda store, who, id_: intake.assign(
            store, who, id_, Kind.DEVICE, Actor(kind="slack", id="U0KIM00001", name="kim")
        )
    ),
    "own": Tried(intake.own),
    "offer": Tried(
        lambda store, who, id_: intake.offer(store, _handoffs(store), who, [], "", channel="C0", only=id_)
    ),
    "may_hand_over": Tried(lambda store, who, id_: intake.may_hand_over(store, who, store.get(id_))),
    "accept": Tried(
        lambda store, who, id_: intake.accept(store, _handoffs(store), who, _offered(store, id_).id)
    ),
    "decline": Tried(
        lambda store, who, id_: intake.decline(store, _handoffs(store), who, _offered(store, id_).id, "no")
    ),
    "may_decline": Tried(lambda store, who, id_: intake.may_decline(store, who, _offered(store, id_))),
    "remark": Tried(
        lambda store, who, id_: intake.remark(store, _handoffs(store), who, _offered(store, id_).id, "look")
    ),
    "may_remark": Tried(lambda store, who, id_: intake.may_remark(store, who, _offered(store, id_))),
    "look_up": Tried(lambda store, who, id_: intake.look_up(store, _NO_LOOKUPS, who, _NEW.targets[0])),
    "not_barred": Tried(lambda store, who, id_: intake.not_barred(store, who, store.get(id_))),
    "not_denied": Tried(lambda store, who, id_: intake.not_denied(store, who)),
}
"""Whatever takes an `Authority`, by the name that `workers.service.intake` gives it."""

NO_CHOICE = {
    *("Asked", "Authority", "NameNeeded", "REASON_LIMIT", "Request", "Statement"),
    *(
        "another_must",
        "as_they_stand",
        "attestable",
        "counted",
        "find",
        "joinable",
        "look_again",
        "last_drill",
    ),
    *("escalate", "expire", "needs_second", "undone"),
    *("MOST_ASKED", "begin_handoff", "can_be_asked", "in_earnest", "offers_to", "one_offer_each"),
}
"""Words, readings, what nobody chooses to do; and `undone`, which only says what another use case did."""

ACTORS = {
    "Slack id": (Actor(kind="slack", id=BOB, name="bob"), BY_ID),
    "e-mail": (Actor(kind="slack", id=BOB, name="bob", email=EMAIL), BY_USER_ID),
    "session at a terminal": (Actor(kind="terminal", id=f"{ARN} root", name="root"), BY_USER_ID),
}


def _step(record: Revocation, kind: Kind) -> Any:
    step = record.step(kind)
    assert step is not None
    return step


def _made(aws: Scripted, record: Revocation) -> str:
    return aws.world.store.create(lambda fresh, now: _set_up(replace(record, id=fresh, seq=0))).id


def _who(actor: Actor) -> Authority:
    return Authority(actor=actor, responder=True, approver=True)


def test_every_use_case_is_tried() -> None:
    assert set(USE_CASES) == set(intake.__all__) - NO_CHOICE


@pytest.mark.parametrize("name", sorted(ACTORS))
def test_no_use_case_is_open_to_whoever_is_revoked(aws: Scripted, name: str) -> None:
    actor, target = ACTORS[name]
    store = aws.world.store
    for use_case, tried in USE_CASES.items():
        other = _made(aws, tried.ready(followed()))
        for how, change in HOW.items():
            own = _made(aws, change(denied(target=target, user=BOB_THERE)))
            before = store.get(other), store.get(own)
            with pytest.raises(Refused, match="no say"):
                tried.do(store, _who(actor), other)
            assert (store.get(other), store.get(own)) == before, (use_case, how)
            aws.edit(own, lambda record: replace(record, state=State.CLOSED))
        aws.edit(other, lambda record: replace(record, state=State.CLOSED))


@pytest.mark.parametrize("name", sorted(ACTORS))
def test_no_use_case_is_open_to_the_target_whatever_became_of_them(aws: Scripted, name: str) -> None:
    actor, target = ACTORS[name]
    store = aws.world.store
    for use_case, tried in USE_CASES.items():
        if use_case in ("ask", "drill", "look_up", "not_denied"):
            continue  # about nobody in particular
        for state in State:
            own = _made(aws, replace(tried.ready(followed(target=target, user=BOB_THERE)), state=state))
            before = store.get(own)
            with pytest.raises(Refused, match="no say"):
                tried.do(store, _who(actor), own)
            assert store.get(own) == before, (use_case, state)
            aws.edit(own, lambda record: replace(record, state=State.CLOSED))


def test_a_request_that_nobody_confirmed_takes_no_rights_away(aws: Scripted) -> None:
    """Or whoever may ask could disarm all others by asking for each of them."""
    store = aws.world.store
    own = _made(aws, requested(target=BY_ID, user=BOB_THERE))
    bob = _who(ACTORS["Slack id"][0])
    other = _made(aws, followed())
    assert intake.hold(store, bob, other, _TIMING).hold_by == bob.actor
    for use_case in (intake.cancel, intake.ratify):
        with pytest.raises(Refused, match="about you"):
            use_case(store, bob, own)
    with pytest.raises(Refused, match="about you"):
        intake.confirm(store, bob, own, None)


@pytest.mark.parametrize("state", list(State))
def test_the_states_that_take_rights_away_are_those_with_the_user_denied_or_watched(
    aws: Scripted, state: State
) -> None:
    _made(aws, denied(state=state, target=BY_ID, user=BOB_THERE))
    assert is_denied(aws.world.store, Actor(kind="slack", id=BOB)) is (state in OPEN)


# ---------------------------------------------------------------- who is whom


@pytest.mark.parametrize(
    ("actor", "record", "it_is"),
    [
        (Actor(kind="slack", id="U1", email="BOB@example.com"), denied(user=BOB_THERE), True),
        (Actor(kind="slack", id="U1", email="bob@example.com.evil.org"), denied(user=BOB_THERE), False),
        (
            Actor(kind="slack", id="U1", email="zoë@example.com"),
            denied(user=replace(BOB_THERE, email="zoe\u0308@example.com")),
            True,
        ),
        (
            Actor(kind="slack", id="U1", email="bob@corp.example"),
            denied(user=replace(BOB_THERE, user_name="Bob@Corp.example", email=None)),
            True,
        ),
        (
            Actor(kind="slack", id="U1", email="dora@example.com"),
            requested(user=None, target=TargetRef(kind="email", value="Dora@example.com")),
            True,
        ),
        (Actor(kind="slack", id="U1"), denied(user=replace(BOB_THERE, email=None)), False),
        (Actor(kind="slack", id="U1"), denied(user=replace(BOB_THERE, email="", user_name=" ")), False),
        (Actor(kind="slack", id="bob"), denied(target=BY_USER_ID, user=BOB_THERE), True),
        (Actor(kind="terminal", id=f"{ARN} root"), denied(user=BOB_THERE), True),
        (
            Actor(kind="terminal", id=f"{ARN} root"),
            requested(user=None, target=TargetRef(kind="user_name", value="Bob")),
            True,
        ),
        (Actor(kind="terminal", id="bob"), denied(user=BOB_THERE), False),
        (SYSTEM, denied(user=replace(BOB_THERE, user_name="revoke-bot", email=None)), False),
    ],
)
def test_somebody_is_the_target_by_any_name_that_both_have(
    actor: Actor, record: Revocation, it_is: bool
) -> None:
    assert is_target(actor, record) is it_is


def test_who_sits_at_a_terminal_under_their_email_is_the_same_person_in_slack() -> None:
    there = Actor(kind="terminal", id="arn:aws:sts::111122223333:assumed-role/Admin/bob@example.com root")
    assert same_person(Actor(kind="slack", id=BOB, email=EMAIL), there)
    assert same_person(there, Actor(kind="slack", id=BOB, email=EMAIL))
    assert not same_person(Actor(kind="slack", id=ALICE, email="alice@example.com"), there)
    assert not same_person(Actor(kind="slack", id=ALICE), there)


def test_a_step_is_not_assigned_to_whoever_is_revoked_by_their_email(aws: Scripted) -> None:
    _made(aws, denied(target=BY_USER_ID, user=BOB_THERE))
    other = _made(aws, followed())
    carol = _who(Actor(kind="slack", id=CAROL, name="carol"))
    assignee = Actor(kind="slack", id=BOB, name="bob", email=EMAIL)
    with pytest.raises(Refused, match="no step can be theirs"):
        intake.assign(aws.world.store, carol, other, Kind.DEVICE, assignee)


# ---------------------------------------------------------------- where the store looks


def test_an_index_that_was_made_something_else_lets_nobody_in_and_shuts_nobody_out(aws: Scripted) -> None:
    store: Any = aws.world.store
    _made(aws, denied(target=BY_ID, user=BOB_THERE))
    for name in (BOB, "bob@example.com", CAROL):
        store._redis.delete(f"revoke:about:{name}")
        store._redis.set(f"revoke:about:{name}", "x")
    bob, carol = Actor(kind="slack", id=BOB, email=EMAIL), Actor(kind="slack", id=CAROL)
    assert is_denied(store, bob)
    assert not is_denied(store, carol)
    assert store._redis.type(f"revoke:about:{BOB}") == b"set", "and it is mended"


def test_whoever_is_off_is_found_no_more_and_a_new_name_is_found_at_once(aws: Scripted) -> None:
    store = aws.world.store
    own = _made(aws, denied(target=BY_USER_ID, user=replace(BOB_THERE, email=None)))
    bob = Actor(kind="slack", id=BOB, email=EMAIL)
    assert store.about(bob) == []
    aws.edit(own, lambda record: replace(record, target=replace(record.target, slack_id=BOB)))
    assert [record.id for record in store.about(bob)] == [own]
    aws.edit(own, lambda record: replace(record, state=State.RELEASED))
    assert store.about(bob) == []
    assert not is_denied(store, bob)
