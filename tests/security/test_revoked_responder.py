"""A responder who is revoked themself: what they did is listed and undone, what they owned passes on, their word is void.

The records and the use cases are the real ones, on a real Redis; at the end real processes, pressed in a pretend Slack.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from bot import pressed
from bot.pressed import OldCard
from tests.sandbox.installation import ALICE, BOB, CAROL, SEC_INC, Installation
from tests.sandbox.scripted import Scripted, delay_over, item, who
from tests.scenarios.steps import (
    actions,
    attest,
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
from tests.security.redis_writer import RedisWriter
from tests.security.test_caps import asked, at_terminal, user_id
from workers.adapters.redis_server import RedisServer
from workers.cards import acts as cards
from workers.cards import card, moments
from workers.domain import clearance
from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.domain.revocation import Act, DirectoryUser, Revocation, State
from workers.domain.step import Kind, StepState
from workers.domain.timing import ACTS_WITHIN
from workers.service import clean_up, containment, follow_ups, intake, reconcile, restore, standing_down
from workers.service.intake import Authority, Statement

SAID = Statement()


def denied(aws: Scripted, number: int, by: str = "UBOB") -> str:
    """Written, read back."""
    one = asked(aws, number, by)
    intake.confirm(aws.world.store, who(by), one, None)
    containment.contain(aws.world, one)
    return one


def revoked(aws: Scripted, number: int, slack_id: str, by: str = "UALICE") -> str:
    """The responder's own revocation, confirmed and not written yet."""
    one = asked(aws, number, by)
    aws.edit(one, lambda r: replace(r, target=replace(r.target, slack_id=slack_id)))
    intake.confirm(aws.world.store, who(by), one, None)
    return one


def stood_down(aws: Scripted, number: int = 90, slack_id: str = "UBOB", by: str = "UALICE") -> Revocation:
    one = revoked(aws, number, slack_id, by)
    containment.contain(aws.world, one)
    standing_down.stand_down(aws.world, one)
    return aws.record(one)


def deeds(record: Revocation) -> set[tuple[str, str]]:
    return {(act.did, act.revocation_id) for act in record.acts}


def off(aws: Scripted, revocation_id: str, asker: str, approver: str) -> None:
    intake.ask_release(aws.world.store, who(asker), revocation_id, "all clear")
    intake.approve(aws.world.store, who(approver), revocation_id)
    no_write_lately(aws)
    containment.contain(aws.world, revocation_id)


def no_write_lately(aws: Scripted) -> None:
    aws.world.store.unmark("policy_written")


def notes(aws: Scripted, revocation_id: str, kind: str) -> list[Any]:
    return [note for note in aws.record(revocation_id).notes if note.kind == kind]


# ---------------------------------------------------------------- what they did


def test_what_they_confirmed_asked_approved_and_attested_in_seven_days_is_listed_newest_first(
    aws: Scripted,
) -> None:
    store = aws.world.store
    confirmed, attested = denied(aws, 1), denied(aws, 2, "UCAROL")
    intake.attest(store, who("UBOB"), attested, Kind.SESSIONS, SAID)
    approved, asked_for = denied(aws, 3, "UCAROL"), denied(aws, 4, "UCAROL")
    off(aws, approved, "UCAROL", "UBOB")
    off(aws, asked_for, "UBOB", "UCAROL")
    denied(aws, 5, "UCAROL")

    record = stood_down(aws)
    assert deeds(record) == {
        ("confirmed", confirmed),
        ("attested", attested),
        ("approved", approved),
        ("asked", asked_for),
    }
    assert [act.at for act in record.acts] == sorted((act.at for act in record.acts), reverse=True)
    undo = {act.revocation_id: act.undo for act in record.acts}
    assert undo == {confirmed: None, attested: "undo_attest", approved: "deny_again", asked_for: "deny_again"}
    [note] = notes(aws, record.id, "stood_down")
    assert note.broadcast
    assert "What they did in 4 cases is on the card" in moments.render(record, note, aws.world.rules).text


def test_what_is_older_than_seven_days_is_not_listed(aws: Scripted) -> None:
    old = denied(aws, 1)
    one = revoked(aws, 90, "UBOB")
    aws.edit(one, lambda r: replace(r, confirmed_at=r.requested_at + ACTS_WITHIN + timedelta(minutes=1)))
    standing_down.stand_down(aws.world, one)
    assert aws.record(one).acts == ()
    assert aws.record(one).stood_down_at is not None
    assert old in {record.id for record in aws.world.store.open()}


def test_whoever_was_taken_off_the_settings_before_is_found_by_what_they_did(aws: Scripted) -> None:
    done = denied(aws, 1, "UCAROL")
    off(aws, done, "UCAROL", "UBOB")
    rules = replace(aws.world.rules, responders=("UALICE",), approvers=("UALICE",))
    aws.world = replace(aws.world, rules=rules)
    assert deeds(stood_down(aws)) == {("approved", done)}


def test_what_they_did_under_their_email_or_at_a_terminal_is_theirs(aws: Scripted) -> None:
    store = aws.world.store
    session = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/bob root"
    there = Authority(actor=Actor(kind="terminal", id=session, name="root"), responder=True, approver=True)
    here = who("UOTHER")
    here = replace(here, actor=replace(here.actor, email="Bob@Example.com"))
    one, other = denied(aws, 1, "UCAROL"), denied(aws, 2, "UCAROL")
    intake.break_glass(store, there, one, "it is over")
    intake.attest(store, here, other, Kind.DEVICE, SAID)

    own = asked(aws, 90, "UALICE")
    bob = DirectoryUser(user_id=user_id(90), user_name="bob", email="bob@example.com")
    aws.edit(own, lambda r: replace(r, user=bob))
    intake.confirm(store, who("UALICE"), own, None)
    standing_down.stand_down(aws.world, own)
    assert deeds(aws.record(own)) == {("released", one), ("attested", other)}


def test_a_log_that_cannot_be_read_is_named_and_stops_nothing(aws: Scripted, tmp_path: Path) -> None:
    broken, whole = denied(aws, 1), denied(aws, 2)
    hidden = denied(aws, 3)
    writer = RedisWriter(Redis.from_url(RedisServer(tmp_path).url))
    writer.flip(broken, 1, b"e", 40)
    writer.append_garbage(hidden)
    record = stood_down(aws)
    assert ("confirmed", whole) in deeds(record)
    assert record.stood_down_at is not None
    [note] = notes(aws, record.id, "stood_down")
    assert note.broadcast
    assert f"The log of {broken}, {hidden} could not be read." in note.detail


def test_it_is_due_until_it_was_done_and_done_once(aws: Scripted) -> None:
    done = denied(aws, 1)
    one = revoked(aws, 90, "UBOB")
    containment.contain(aws.world, one)
    reconcile.do_due(aws.world)
    assert deeds(aws.record(one)) == {("confirmed", done)}
    assert aws.events(one).count("stood_down") == 1
    standing_down.stand_down(aws.world, one)
    reconcile.do_due(aws.world)
    assert aws.events(one).count("stood_down") == 1


def test_it_runs_anew_where_their_slack_account_is_learnt_later(aws: Scripted) -> None:
    done = denied(aws, 1)
    own = asked(aws, 90, "UALICE")
    intake.confirm(aws.world.store, who("UALICE"), own, None)
    containment.contain(aws.world, own)
    standing_down.stand_down(aws.world, own)
    assert aws.record(own).acts == ()

    aws.edit(own, lambda r: replace(r, target=replace(r.target, slack_id="UBOB"), stood_down_at=None))
    reconcile.do_due(aws.world)
    assert deeds(aws.record(own)) == {("confirmed", done)}


def test_a_second_revocation_of_theirs_lists_again(aws: Scripted) -> None:
    done = denied(aws, 1)
    first = stood_down(aws)
    off(aws, first.id, "UCAROL", "UDAVE")
    again = intake.deny_again(aws.world.store, who("UALICE"), first.id, None)
    standing_down.stand_down(aws.world, again.id)
    assert deeds(aws.record(again.id)) == {("confirmed", done)}


# ---------------------------------------------------------------- what they owned and asked


def test_what_they_owned_passes_to_who_confirmed_and_their_steps_to_the_owner(aws: Scripted) -> None:
    store = aws.world.store
    owned, given = denied(aws, 1), denied(aws, 2, "UCAROL")
    intake.assign(store, who("UCAROL"), given, Kind.DEVICE, Actor(kind="slack", id="UBOB", name="UBOB"))
    stood_down(aws)

    assert aws.record(owned).owner == who("UALICE").actor
    assert aws.record(given).owner == who("UCAROL").actor
    assert aws.step(given, Kind.DEVICE).assignee is None
    for one in (owned, given):
        [note] = notes(aws, one, "owner_passed")
        text = moments.render(aws.record(one), note, aws.world.rules).text
        assert "is revoked now" in text
    assert (
        "<@UALICE>"
        in moments.render(aws.record(owned), notes(aws, owned, "owner_passed")[0], aws.world.rules).text
    )


def test_nobody_becomes_the_owner_of_their_own_revocation(aws: Scripted) -> None:
    about_alice = asked(aws, 1, "UBOB")
    aws.edit(about_alice, lambda r: replace(r, target=replace(r.target, slack_id="UALICE")))
    stood_down(aws)
    assert aws.record(about_alice).owner is None


@pytest.mark.parametrize("what", ["release", "false_alarm"])
def test_what_they_asked_for_is_void_and_makes_room(aws: Scripted, what: str) -> None:
    store, one = aws.world.store, denied(aws, 1, "UCAROL")
    ask = intake.ask_release if what == "release" else intake.ask_false_alarm
    ask(store, who("UBOB"), one, "all clear")
    stood_down(aws)
    record = aws.record(one)
    assert (record.state, record.release) == (State.DENIED, None)
    assert "is void" in moments.render(record, notes(aws, one, "request_void")[0], aws.world.rules).text
    intake.ask_release(store, who("UCAROL"), one, "all clear")


def test_a_approves_a_is_revoked_b_approves_nobody_is_released(aws: Scripted) -> None:
    """In each order, with the standing down late or done."""
    store = aws.world.store
    for number, late in enumerate((True, False), start=1):
        one = denied(aws, number, "UCAROL")
        intake.ask_release(store, who("UBOB"), one, "all clear")
        own = revoked(aws, 90 + number, "UBOB")
        if not late:
            standing_down.stand_down(aws.world, own)
        with pytest.raises(Refused):
            intake.approve(store, who("UCAROL"), one)
        no_write_lately(aws)
        containment.contain(aws.world)
        assert user_id(number) in aws.policy.denied
        aws.edit(own, lambda r: replace(r, state=State.RELEASED))


@pytest.mark.parametrize("slack_id", ["UBOB", "UCAROL"])
def test_a_release_approved_before_and_not_carried_out_stays_denied(aws: Scripted, slack_id: str) -> None:
    store, one = aws.world.store, denied(aws, 1, "UDAVE")
    intake.ask_release(store, who("UBOB"), one, "all clear")
    intake.approve(store, who("UCAROL"), one)
    own = revoked(aws, 90, slack_id)
    no_write_lately(aws)
    containment.contain(aws.world, own)
    record = aws.record(one)
    assert (record.state, record.released_by) == (State.DENIED, ())
    assert aws.policy.denied == {user_id(1), user_id(90)}
    assert any(note.broadcast for note in notes(aws, one, "release_void"))


@pytest.mark.parametrize("slack_id", ["UBOB", "UCAROL"])
def test_a_restore_under_way_gives_nothing_more_back(aws: Scripted, slack_id: str) -> None:
    """Not even within the run in which it happens."""
    store = aws.world.store
    aws.give(Kind.ASSIGNMENTS, item("one"), item("two"))
    one = denied(aws, 1, "UDAVE")
    _taken(aws, one)
    intake.ask_restore(store, who("UBOB"), one, "a drill", nothing_lost=True)
    restore.restore(aws.world, one)
    intake.approve(store, who("UCAROL"), one)

    holdings = aws.aws.holdings[Kind.ASSIGNMENTS]

    def meanwhile(thing: Any) -> None:
        if thing.key == "one":
            revoked(aws, 90, slack_id)

    holdings.script = meanwhile
    restore.restore(aws.world, one)
    assert holdings.made == ["one"]
    restore.restore(aws.world, one)
    record = aws.record(one)
    assert holdings.made == ["one"]
    assert record.restore is not None
    assert record.restore.ended_at is not None
    assert "has no say" in notes(aws, one, "restore_failed")[0].detail


def _taken(aws: Scripted, revocation_id: str) -> None:
    delay_over(aws, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    follow_ups.remove(aws.world, revocation_id, Kind.ASSIGNMENTS)
    assert aws.step(revocation_id, Kind.ASSIGNMENTS).gone == 2


# ---------------------------------------------------------------- undo attest


def attested(aws: Scripted, number: int, kind: Kind = Kind.SESSIONS, by: str = "UBOB") -> str:
    one = denied(aws, number, "UCAROL")
    intake.attest(aws.world.store, who(by), one, kind, SAID)
    return one


@pytest.mark.parametrize("kind", [Kind.SESSIONS, Kind.CREDENTIALS, Kind.SLACK, Kind.DEVICE])
def test_an_attestation_is_taken_back_and_the_step_is_open_again(aws: Scripted, kind: Kind) -> None:
    one = attested(aws, 1, kind)
    intake.undo_attest(aws.world.store, who("UALICE"), one, kind)
    step = aws.step(one, kind)
    assert (step.state, step.attested) == (StepState.OPEN, None)
    assert "UBOB said that it was done; UALICE took that back" in step.detail
    [note] = notes(aws, one, "attest_undone")
    assert note.broadcast
    assert "Needs you" in moments.render(aws.record(one), note, aws.world.rules).text
    assert aws.world.store.log(one)[-1]["detail"] == {"step": kind.value, "attested_by": "UBOB"}
    intake.attest(aws.world.store, who("UCAROL"), one, kind, SAID)
    assert aws.step(one, kind).state is StepState.ATTESTED


def test_it_is_taken_back_once(aws: Scripted) -> None:
    one = attested(aws, 1)
    intake.undo_attest(aws.world.store, who("UALICE"), one, Kind.SESSIONS)
    with pytest.raises(Refused, match="No attestation of this step counts now: it is open"):
        intake.undo_attest(aws.world.store, who("UALICE"), one, Kind.SESSIONS)


def test_who_attested_may_take_it_back_and_a_stranger_may_not(aws: Scripted) -> None:
    store, one = aws.world.store, attested(aws, 1)
    kim, bob = who("UKIM"), who("UBOB")
    with pytest.raises(Refused, match="Only a responder, or whoever attested it"):
        intake.undo_attest(store, replace(kim, responder=False), one, Kind.SESSIONS)
    intake.undo_attest(store, replace(bob, responder=False, approver=False), one, Kind.SESSIONS)


def test_sign_in_that_somebody_said_is_disabled_stays_open(aws: Scripted) -> None:
    one = attested(aws, 1, Kind.SIGN_IN)
    intake.undo_attest(aws.world.store, who("UALICE"), one, Kind.SIGN_IN)
    step = aws.step(one, Kind.SIGN_IN)
    assert (step.state, step.attested) == (StepState.OPEN, None)
    done = attested(aws, 2, Kind.SIGN_IN)
    aws.edit(done, lambda r: r.with_step(replace(_step(r, Kind.SIGN_IN), state=StepState.DONE)))
    with pytest.raises(Refused, match="it is done"):
        intake.undo_attest(aws.world.store, who("UALICE"), done, Kind.SIGN_IN)


def _step(record: Revocation, kind: Kind) -> Any:
    return record.step(kind)


def test_the_proof_that_rests_on_it_falls_with_it(aws: Scripted) -> None:
    """Sign-in disabled and sessions ended: the clock stops, the notice is withdrawn, who was coming off stays."""
    one = attested(aws, 1)
    now = aws.world.store.now()

    def proven(record: Revocation) -> Revocation:
        return replace(record, disabled_since=now, notice_at=now, state=State.RELEASING, proven_at=now)

    aws.edit(one, proven)
    assert clearance.no_mint_since(aws.record(one), aws.world.rules.timing) is not None
    intake.undo_attest(aws.world.store, who("UALICE"), one, Kind.SESSIONS)
    record = aws.record(one)
    assert (record.state, record.proven_at, record.notice_at) == (State.DENIED, None, None)
    assert clearance.no_mint_since(record, aws.world.rules.timing) is None
    no_write_lately(aws)
    containment.contain(aws.world)
    clean_up.clean_up(aws.world, one)
    assert user_id(1) in aws.policy.denied


def test_a_release_by_two_people_does_not_rest_on_it(aws: Scripted) -> None:
    one = attested(aws, 1)
    intake.ask_release(aws.world.store, who("UDAVE"), one, "all clear")
    intake.approve(aws.world.store, who("UCAROL"), one)
    intake.undo_attest(aws.world.store, who("UALICE"), one, Kind.SESSIONS)
    assert aws.record(one).state is State.RELEASING


def test_of_somebody_watched_it_says_deny_again(aws: Scripted) -> None:
    one = attested(aws, 1)
    aws.edit(one, lambda r: replace(r, state=State.WATCHED, off_at=r.written_at))
    intake.undo_attest(aws.world.store, who("UALICE"), one, Kind.SESSIONS)
    message = moments.render(aws.record(one), notes(aws, one, "attest_undone")[0], aws.world.rules)
    assert "Deny again" in message.text
    assert "revocation_deny_again" in str(message.blocks)


def test_a_restore_that_was_approved_because_nobody_could_get_in_stops(aws: Scripted) -> None:
    store = aws.world.store
    aws.give(Kind.ASSIGNMENTS, item("one"), item("two"))
    one = attested(aws, 1)
    intake.attest(store, who("UCAROL"), one, Kind.CREDENTIALS, SAID)
    _taken(aws, one)
    intake.ask_restore(store, who("UDAVE"), one, "it is over")
    restore.restore(aws.world, one)
    intake.approve(store, who("UCAROL"), one)

    holdings = aws.aws.holdings[Kind.ASSIGNMENTS]

    def undone(thing: Any) -> None:
        if thing.key == "one":
            intake.undo_attest(store, who("UALICE"), one, Kind.SESSIONS)

    holdings.script = undone
    restore.restore(aws.world, one)
    restore.restore(aws.world, one)
    record = aws.record(one)
    assert holdings.made == ["one"]
    assert record.restore is not None
    assert record.restore.ended_at is not None
    assert "took back that sessions was done" in notes(aws, one, "restore_failed")[0].detail


# ---------------------------------------------------------------- the card


def test_the_card_has_one_button_for_each_thing_to_undo_on_rows_of_their_own(aws: Scripted) -> None:
    store = aws.world.store
    both = denied(aws, 1)
    off(aws, both, "UCAROL", "UBOB")
    step = attested(aws, 2)
    record = stood_down(aws)
    blocks = card.render(record, aws.world.rules).blocks
    rows = {b["block_id"]: b["elements"] for b in blocks if b.get("block_id", "").startswith("act.")}
    assert set(rows) == {f"act.{record.id}.{both}.none", f"act.{record.id}.{step}.sessions"}
    [again], [undo] = rows[f"act.{record.id}.{both}.none"], rows[f"act.{record.id}.{step}.sessions"]
    assert (again["action_id"], again["value"]) == ("revocation_deny_again", both)
    assert (undo["action_id"], undo["value"]) == ("step_undo_attest", step)

    intake.undo_attest(store, who("UALICE"), step, Kind.SESSIONS)
    intake.undone(store, who("UALICE"), record.id, step, Kind.SESSIONS)
    shown = str(card.render(aws.record(record.id), aws.world.rules).blocks)
    assert "step_undo_attest" not in shown
    assert "Undone by" in shown


def test_what_others_undid_is_seen_at_the_next_look(aws: Scripted) -> None:
    step = attested(aws, 1)
    record = stood_down(aws)
    intake.undo_attest(aws.world.store, who("UALICE"), step, Kind.SESSIONS)
    intake.attest(aws.world.store, who("UCAROL"), step, Kind.SESSIONS, SAID)
    intake.look_again(aws.world.store, record.id)
    assert [act.undo for act in aws.record(record.id).acts] == [None], "Carol's word is not Bob's"
    seq = aws.record(record.id).seq
    intake.look_again(aws.world.store, record.id)
    assert aws.record(record.id).seq == seq


def test_ten_acts_are_shown_and_the_rest_counted_and_slack_takes_the_card(aws: Scripted) -> None:
    record = stood_down(aws)
    now = aws.world.store.now()
    many = tuple(
        Act(
            revocation_id=f"R-{n:06}",
            who=f"<!channel> *{n}* " + "x" * 300,
            did="attested",
            at=now,
            kind=Kind.DEVICE,
            undo="undo_attest",
        )
        for n in range(1, 15)
    )
    message = card.render(replace(record, acts=many), aws.world.rules)
    assert len(message.blocks) <= 50
    rows = [b for b in message.blocks if b.get("block_id", "").startswith("act.")]
    assert len(rows) == cards.MOST_SHOWN
    assert len({row["block_id"] for row in rows}) == len(rows)
    assert all(len(row["elements"][0]["text"]["text"]) <= 75 for row in rows)
    assert all(len(row["block_id"]) <= 255 for row in rows)
    assert "And at least 4 more" in str(message.blocks)
    assert "<!channel>" not in message.text


def test_a_click_on_such_a_row_counts_on_the_live_card_that_lists_the_deed_alone(aws: Scripted) -> None:
    step, other = attested(aws, 1), attested(aws, 2, by="UCAROL")
    record = stood_down(aws)
    aws.edit(record.id, lambda r: replace(r, card_ts="1.1"))
    store, row = aws.world.store, f"act.{record.id}.{step}.sessions"

    def press(value: str, row: str, channel: str = SEC_INC, ts: str = "1.1") -> Revocation:
        body = {"channel": {"id": channel}, "container": {"message_ts": ts}}
        return pressed.revocation(store, {"value": value, "block_id": row}, body)

    assert press(step, row).id == step
    wrong: list[Callable[[], Revocation]] = [
        lambda: press(other, row),
        lambda: press(step, f"act.{record.id}.{step}.device"),
        lambda: press(step, f"act.{other}.{step}.sessions"),
        lambda: press(step, row, ts="9.9"),
        lambda: press(step, row, channel="C0GENERAL1"),
        lambda: press(step, row, channel="D0BOB00001"),
        lambda: press(step, "act.nonsense"),
    ]
    aws.edit(step, lambda r: replace(r, card_ts="5.5"))
    aws.edit(other, lambda r: replace(r, card_ts="6.6"))
    for one in wrong:
        with pytest.raises(OldCard):
            one()


# ---------------------------------------------------------------- two people


PEOPLE: dict[str, Authority] = {
    "Slack": who("UBOB"),
    "Slack, another": who("UCAROL"),
    "terminal": at_terminal("ann"),
    "terminal, another": at_terminal("ben"),
}
MIXED = replace(
    who("UBOB"),
    actor=Actor(kind="terminal", id="arn:aws:sts::111122223333:assumed-role/A/bob@example.com root"),
)


@pytest.mark.parametrize("asker", sorted(PEOPLE))
@pytest.mark.parametrize("approver", sorted(PEOPLE))
@pytest.mark.parametrize("what", ["release", "restore", "false_alarm"])
def test_two_different_people_let_go_and_give_back_by_any_way(
    aws: Scripted, what: str, asker: str, approver: str
) -> None:
    aws.give(Kind.ASSIGNMENTS, item("one"), item("two"))
    store, one = aws.world.store, denied(aws, 1, "UDAVE")
    _taken(aws, one)
    ask: dict[str, Callable[[], object]] = {
        "release": lambda: intake.ask_release(store, PEOPLE[asker], one, "why"),
        "restore": lambda: intake.ask_restore(store, PEOPLE[asker], one, "why", nothing_lost=True),
        "false_alarm": lambda: intake.ask_false_alarm(store, PEOPLE[asker], one, "why"),
    }
    ask[what]()
    if what != "release":
        restore.restore(aws.world, one)
    before = aws.record(one)
    if asker == approver:
        with pytest.raises(Refused, match="another approver"):
            intake.approve(store, PEOPLE[approver], one)
        assert aws.record(one) == before
    else:
        after = intake.approve(store, PEOPLE[approver], one)
        loud = [note for note in after.notes if note.kind == "terminal_vote"]
        assert bool(loud) is ("terminal" in asker or "terminal" in approver)
        assert after.state is State.RELEASING or after.giving_back


def test_who_asks_in_slack_does_not_approve_at_a_terminal_under_the_same_email(aws: Scripted) -> None:
    store, one = aws.world.store, denied(aws, 1, "UDAVE")
    bob = replace(who("UBOB"), actor=replace(who("UBOB").actor, email="bob@example.com"))
    intake.ask_release(store, bob, one, "why")
    with pytest.raises(Refused, match="another approver"):
        intake.approve(store, MIXED, one)


def test_break_glass_by_somebody_denied_before_it_is_carried_out_frees_nobody(aws: Scripted) -> None:
    one = denied(aws, 1, "UDAVE")
    session = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/bob root"
    there = Authority(actor=Actor(kind="terminal", id=session, name="root"), responder=True, approver=True)
    intake.break_glass(aws.world.store, there, one, "it is over")
    own = asked(aws, 90, "UALICE")
    bob = DirectoryUser(user_id=user_id(90), user_name="bob")
    aws.edit(own, lambda r: replace(r, user=bob))
    intake.confirm(aws.world.store, who("UALICE"), own, None)
    no_write_lately(aws)
    containment.contain(aws.world)
    assert aws.record(one).state is State.DENIED
    assert user_id(1) in aws.policy.denied


# ---------------------------------------------------------------- real processes


@pytest.fixture(scope="module")
def running() -> Iterator[Installation]:
    everybody = f"{ALICE},{BOB},{CAROL}"
    with Installation.fresh(
        REVOKE_RESPONDERS=everybody, REVOKE_APPROVERS=everybody, REVOKE_FOLLOW_UP_DELAY="1h"
    ) as made:
        yield made


def test_a_responder_who_is_revoked_is_undone_by_another(running: Installation) -> None:
    """Bob confirmed one, attested another's sessions, approved a release and asked for one; then Alice revokes Bob."""
    ids = {name: newcomer(running, name) for name in ("onlydenied", "attestedone", "letgo", "pending")}
    confirmed = deny(running, "onlydenied key leaked", user=BOB)
    sessions = deny(running, "attestedone key leaked", user=CAROL)
    attest(running, sessions, "sessions", user=BOB)
    let_go = deny(running, "letgo key leaked", user=CAROL)
    press(running, let_go, "revocation_release", user=CAROL)
    press(running, let_go, "approval_give", user=BOB)
    becomes(running, let_go, "Released")
    assert ids["letgo"] not in running.aws.denied()
    pending = deny(running, "pending key leaked", user=CAROL)
    press(running, pending, "revocation_release", user=BOB)
    running.until(lambda: "approval_give" in actions(current(running, pending.channel, pending.ts)))

    own = deny(running, "@bob his laptop was stolen")
    shown = shown_text(shows(running, own, "did as a responder"))
    for words in ("confirmed the denial of", "attested: ", "approved the release"):
        assert words in shown
    assert "acted as a responder before" in told(running, own, "Needs you").text

    told(running, confirmed, "is revoked now")
    owner = running.store.get(revocation_id(confirmed)).owner
    assert owner is not None
    assert owner.id == ALICE
    told(running, pending, "is void")
    assert running.store.get(revocation_id(pending)).release is None

    _nothing_by_bob(running, own, pending)
    _undone(running, own, sessions, let_go, ids["letgo"])


def _nothing_by_bob(made: Installation, own: Any, pending: Any) -> None:
    before = {record.id: record.seq for record in made.store.open()}
    for shown in (own, pending):
        for block, action_id in _buttons(current(made, shown.channel, shown.ts)):
            assert made.slack.click(BOB, shown.channel, shown.ts, action_id, block_id=block).ok
    for text in (
        "list",
        f"status {revocation_id(pending)}",
        f"hold {revocation_id(pending)}",
        "carol leaked",
    ):
        answer = made.slack.command(BOB, SEC_INC, f"/revoke {text}")
        assert "no say" in str(answer.body)
    whispered(made, BOB, "no say")
    assert made.slack.view(BOB) is None
    made.until(made.all_told)
    after = {record.id: record.seq for record in made.store.open()}
    by_bob = [
        entry for id_ in after for entry in made.log(id_)[before.get(id_, 0) :] if entry["actor"]["id"] == BOB
    ]
    assert by_bob == []


def _buttons(message: Any) -> list[tuple[str, str]]:
    """All that change something, with their rows."""
    return [
        (block["block_id"], element["action_id"])
        for block in message.blocks
        for element in block.get("elements", [])
        if element.get("type") == "button" and "url" not in element
    ]


def _undone(made: Installation, own: Any, sessions: Any, let_go: Any, user: str) -> None:
    mine = revocation_id(own)
    row = f"act.{mine}.{revocation_id(sessions)}.sessions"
    assert made.slack.click(ALICE, own.channel, own.ts, "step_undo_attest", block_id=row).ok
    told(made, sessions, "is open again")
    step = made.store.get(revocation_id(sessions)).step(Kind.SESSIONS)
    assert step is not None
    assert step.state is StepState.OPEN

    row = f"act.{mine}.{revocation_id(let_go)}.none"
    assert made.slack.click(ALICE, own.channel, own.ts, "revocation_deny_again", block_id=row).ok
    made.until(lambda: user in made.aws.denied())
    shows(made, own, "Undone by")
    made.until(
        lambda: (
            not {"step_undo_attest", "revocation_deny_again"} & actions(current(made, own.channel, own.ts))
        ),
        15,
    )


def test_an_attestation_is_taken_back_at_a_terminal(running: Installation) -> None:
    newcomer(running, "terminalone")
    one = deny(running, "terminalone key leaked", user=CAROL)
    attest(running, one, "device", user=CAROL)
    said = running.terminal("undo-attest", revocation_id(one), "device")
    assert said.returncode == 0, said.stderr
    assert "device is open" in said.stdout
    told(running, one, "is open again")
    again = running.terminal("undo-attest", revocation_id(one), "device")
    assert again.returncode == 1
    assert "No attestation of this step counts now" in again.stderr
