"""A protected user is contained by one person who types the name, and a second one looks at it; denied all the while.

The records and the use cases are the real ones, on a real Redis; at the end real processes, pressed in a pretend Slack.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sandbox.installation import ALICE, BOB, CAROL, SEC_INC, Installation
from tests.sandbox.scripted import Scripted, scripted
from tests.scenarios.steps import (
    actions,
    ask,
    becomes,
    current,
    deny,
    form,
    newcomer,
    press,
    revocation_id,
    shown_text,
    shows,
    told,
    whispered,
)
from tests.security.test_caps import RESPONDERS, asked, at_terminal, kinds, press_deny, user_id, who
from workers.domain.errors import Refused, SlackAway
from workers.domain.revocation import Revocation, State
from workers.domain.timing import PROTECTED_ALONE_EVERY, RATIFY_WITHIN
from workers.ports import SlackPerson
from workers.service import containment, few_responders, intake, reconcile
from workers.service.intake import NameNeeded

NAME = "alice"
"""The user name that the scripted directory gives everybody."""


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Scripted]:
    """Everybody is protected."""
    with scripted(tmp_path, protected=("ALICE",), responders=RESPONDERS, approvers=RESPONDERS) as made:
        yield made


@pytest.fixture
def denied_alone(guarded: Scripted) -> str:
    """Denied by ubob alone, who typed the name."""
    one = asked(guarded, 1)
    press_deny(guarded, one, who("UBOB"), user_name=NAME)
    containment.contain(guarded.world)
    return one


# Who is protected, and the name


@pytest.mark.parametrize("listed", ["alice", "ALICE", user_id(1), user_id(1).upper()])
def test_a_user_is_protected_by_user_name_or_user_id(tmp_path: Path, listed: str) -> None:
    with scripted(tmp_path, protected=(listed, "somebody")) as made:
        assert made.record(asked(made, 1)).protected


def test_nobody_else_is_protected(tmp_path: Path) -> None:
    with scripted(tmp_path, protected=("alice2", user_id(2), "")) as made:
        assert not made.record(asked(made, 1)).protected


@pytest.mark.parametrize("typed", [None, "", " ", "alic", "alice cooper", "bob", "*"])
def test_without_the_user_name_nobody_is_denied_and_nothing_is_recorded(
    guarded: Scripted, typed: str | None
) -> None:
    one = asked(guarded, 1)
    before = guarded.record(one)
    with pytest.raises(NameNeeded, match="type the user name"):
        press_deny(guarded, one, who("UBOB"), user_name=typed)
    assert guarded.record(one) == before


@pytest.mark.parametrize("typed", ["alice", "ALICE", "  Alice "])
def test_one_person_who_types_the_name_contains_at_once_and_it_is_asked_to_be_ratified(
    guarded: Scripted, typed: str
) -> None:
    done = press_deny(guarded, asked(guarded, 1), who("UBOB"), user_name=typed)
    assert done.state is State.CONFIRMED
    assert done.ratification is not None
    assert done.ratification.asked_at == done.confirmed_at
    assert ("ratify_asked", True, False) in kinds(done)
    containment.contain(guarded.world)
    assert guarded.policy.denied == {user_id(1)}


def test_an_unprotected_user_needs_neither(aws: Scripted) -> None:
    done = press_deny(aws, asked(aws, 1), who("UBOB"))
    assert (done.state, done.ratification) == (State.CONFIRMED, None)


def test_at_a_terminal_the_name_is_needed_too_and_it_is_asked_to_be_ratified(guarded: Scripted) -> None:
    one = asked(guarded, 1)
    with pytest.raises(NameNeeded):
        press_deny(guarded, one, at_terminal())
    assert press_deny(guarded, one, at_terminal(), user_name=NAME).ratification is not None


# Ratified


@pytest.mark.parametrize(
    "second", [who("UCAROL"), who("UCAROL", responder=False), who("UDAVE", approver=False)]
)
def test_an_approver_or_a_responder_who_is_another_person_ratifies(
    guarded: Scripted, denied_alone: str, second: intake.Authority
) -> None:
    record = intake.ratify(guarded.world.store, second, denied_alone)
    assert record.state is State.DENIED
    assert record.ratification is not None
    assert record.ratification.ratified_by == second.actor
    with pytest.raises(Refused, match=r"<@U.*> ratified it at"):
        intake.ratify(guarded.world.store, who("UERIN"), denied_alone)


def test_neither_who_confirmed_nor_the_target_nor_anybody_denied_nor_a_bystander_ratifies(
    guarded: Scripted, denied_alone: str
) -> None:
    guarded.edit(
        denied_alone, lambda record: replace(record, target=replace(record.target, slack_id="UALICE"))
    )
    other = asked(guarded, 2)
    guarded.edit(other, lambda record: replace(record, target=replace(record.target, slack_id="UMALLORY")))
    press_deny(guarded, other, who("UCAROL"), user_name=NAME)
    for second, words in (
        (who("UBOB"), "You confirmed it yourself"),
        (who("UALICE"), "This is about you"),
        (who("UMALLORY"), "Your own access is revoked"),
        (who("UNOBODY", responder=False, approver=False), "Only an approver or a responder"),
    ):
        with pytest.raises(Refused, match=words):
            intake.ratify(guarded.world.store, second, denied_alone)


def test_two_names_of_one_terminal_are_one_person(guarded: Scripted) -> None:
    one = asked(guarded, 1)
    press_deny(guarded, one, at_terminal("ops"), user_name=NAME)
    with pytest.raises(Refused, match="You confirmed it yourself"):
        intake.ratify(guarded.world.store, at_terminal("ops"), one)
    loud = intake.ratify(guarded.world.store, who("UCAROL"), one)
    assert ("terminal_vote", False, True) in kinds(loud)


def test_nothing_is_ratified_that_did_not_ask_for_it(aws: Scripted) -> None:
    one = asked(aws, 1)
    press_deny(aws, one, who("UBOB"))
    with pytest.raises(Refused, match="Nothing waits to be ratified"):
        intake.ratify(aws.world.store, who("UCAROL"), one)


# Escalated


def long_since(made: Scripted, revocation_id: str, by: timedelta) -> None:
    def moved(record: Revocation) -> Revocation:
        assert record.ratification is not None
        assert record.confirmed_at is not None
        asked_at = record.ratification.asked_at - by
        return replace(
            record,
            ratification=replace(record.ratification, asked_at=asked_at),
            confirmed_at=record.confirmed_at - by,
        )

    made.edit(revocation_id, moved)


def test_what_nobody_ratified_in_half_an_hour_is_escalated_once_and_stays_denied(
    guarded: Scripted, denied_alone: str
) -> None:
    long_since(guarded, denied_alone, RATIFY_WITHIN - timedelta(seconds=30))
    reconcile.do_due(guarded.world)
    assert "ratify_escalated" not in guarded.events(denied_alone)

    long_since(guarded, denied_alone, timedelta(seconds=31))
    for _ in range(3):
        reconcile.do_due(guarded.world)
    record = guarded.record(denied_alone)
    assert guarded.events(denied_alone).count("ratify_escalated") == 1
    assert kinds(record).count(("ratify_escalated", True, False)) == 1
    assert kinds(record).count(("ratify_escalated", False, True)) == 1
    assert record.state is State.DENIED
    assert guarded.policy.denied == {user_id(1)}
    assert intake.ratify(guarded.world.store, who("UCAROL"), denied_alone).state is State.DENIED


def test_one_who_could_not_be_written_is_escalated_too(guarded: Scripted) -> None:
    guarded.policy.refused = True
    one = asked(guarded, 1)
    press_deny(guarded, one, who("UBOB"), user_name=NAME)
    long_since(guarded, one, RATIFY_WITHIN)
    reconcile.do_due(guarded.world)
    assert "ratify_escalated" in guarded.events(one)


def test_one_who_is_ratified_or_released_is_never_escalated(guarded: Scripted, denied_alone: str) -> None:
    long_since(guarded, denied_alone, RATIFY_WITHIN)
    guarded.edit(denied_alone, lambda record: replace(record, state=State.RELEASING))
    intake.escalate(guarded.world.store, denied_alone)
    guarded.edit(denied_alone, lambda record: replace(record, state=State.DENIED))
    intake.ratify(guarded.world.store, who("UCAROL"), denied_alone)
    intake.escalate(guarded.world.store, denied_alone)
    assert "ratify_escalated" not in guarded.events(denied_alone)


# One a day


def test_a_second_protected_user_by_the_same_person_within_a_day_takes_two_and_then_no_ratification(
    guarded: Scripted, denied_alone: str
) -> None:
    second = asked(guarded, 2)
    voted = press_deny(guarded, second, who("UBOB"), user_name=NAME)
    assert voted.state is State.REQUESTED
    assert voted.vote is not None
    assert "who is protected too, within a day" in voted.vote.because
    assert press_deny(guarded, asked(guarded, 3), who("UDAVE"), user_name=NAME).state is State.CONFIRMED

    done = press_deny(guarded, second, who("UCAROL"))
    assert (done.state, done.seconded_by, done.ratification) == (
        State.CONFIRMED,
        who("UCAROL").actor,
        None,
    )
    assert "ratify_asked" not in [note.kind for note in done.notes]


def test_a_day_later_one_person_alone_can_again(guarded: Scripted, denied_alone: str) -> None:
    long_since(guarded, denied_alone, PROTECTED_ALONE_EVERY)
    assert press_deny(guarded, asked(guarded, 2), who("UBOB"), user_name=NAME).state is State.CONFIRMED


def test_one_that_was_released_within_the_day_counts_all_the_same(
    guarded: Scripted, denied_alone: str
) -> None:
    guarded.edit(denied_alone, lambda record: replace(record, state=State.RELEASED))
    assert press_deny(guarded, asked(guarded, 2), who("UBOB"), user_name=NAME).state is State.REQUESTED


def test_at_a_terminal_the_second_within_a_day_goes_ahead_loudly(guarded: Scripted) -> None:
    for number in (1, 2):
        one = asked(guarded, number)
        done = press_deny(guarded, one, at_terminal(), user_name=NAME)
        assert done.state is State.CONFIRMED
        assert done.ratification is not None
    assert ("above_cap", False, True) in kinds(done)


def test_deny_again_of_a_protected_user_takes_the_name_and_asks_anew(
    guarded: Scripted, denied_alone: str
) -> None:
    guarded.edit(denied_alone, lambda record: replace(record, state=State.WATCHED))
    store = guarded.world.store
    with pytest.raises(NameNeeded):
        intake.deny_again(store, who("UCAROL"), denied_alone, None)
    done = intake.deny_again(store, who("UCAROL"), denied_alone, None, user_name=NAME)
    assert done.state is State.CONFIRMED
    assert done.protected
    assert done.ratification is not None


# Few responders left


class People:
    """Slack's people: as many as a test says, some of them gone, and away where it says so."""

    def __init__(self, groups: dict[str, frozenset[str]], gone: frozenset[str] = frozenset()) -> None:
        self.groups, self.gone, self.away = groups, gone, False

    def group(self, group_id: str) -> frozenset[str]:
        if self.away:
            raise SlackAway("Slack does not answer.")
        return self.groups[group_id]

    def person(self, slack_id: str) -> SlackPerson | None:
        if self.away:
            raise SlackAway("Slack does not answer.")
        return SlackPerson(id=slack_id, name=slack_id, email=None, deleted=slack_id in self.gone)


@pytest.mark.parametrize(
    ("responders", "gone", "left"),
    [
        (("UALICE", "UBOB", "UCAROL"), frozenset(), 2),
        (("UALICE", "UBOB", "UCAROL"), frozenset({"UCAROL"}), 1),
        (("UALICE", "S0TEAM0001"), frozenset(), 2),
        (("S0TEAM0001",), frozenset({"UBOB", "UDAVE"}), 0),
        (("UBOB", "UCAROL"), frozenset(), None),
    ],
)
def test_of_a_responder_it_is_counted_who_is_left_to_act(
    aws: Scripted, responders: tuple[str, ...], gone: frozenset[str], left: int | None
) -> None:
    team = frozenset({"UALICE", "UBOB", "UDAVE"})
    people = People({"S0TEAM0001": team}, gone)
    world = replace(
        aws.world,
        rules=replace(aws.world.rules, responders=responders),
        people=people,  # type: ignore[arg-type]
    )
    one = asked(aws, 1)
    aws.edit(one, lambda record: replace(record, target=replace(record.target, slack_id="UALICE")))
    people.away = True
    few_responders.count(world, one)
    if gone or "S0TEAM0001" in responders:
        assert aws.record(one).responders_left is None
    people.away = False
    few_responders.count(world, one)
    assert aws.record(one).responders_left == left
    few_responders.count(world, one)
    assert aws.events(one).count("responders_counted") == (0 if left is None else 1)


def test_a_responder_who_is_denied_already_is_not_left(aws: Scripted) -> None:
    rules = replace(aws.world.rules, responders=("UALICE", "UBOB", "UCAROL"))
    world = replace(aws.world, rules=rules, people=People({}))  # type: ignore[arg-type]
    for number, slack_id in ((1, "UALICE"), (2, "UBOB")):
        one = asked(aws, number, by="UCAROL")
        aws.edit(one, lambda record, to=slack_id: replace(record, target=replace(record.target, slack_id=to)))  # type: ignore[misc]
    press_deny(aws, one, who("UCAROL"))
    first = next(r.id for r in aws.world.store.open() if r.target.slack_id == "UALICE")
    few_responders.count(world, first)
    assert aws.record(first).responders_left == 1


# As it runs


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    """The chief is protected; the responders are few."""
    with Installation.fresh(REVOKE_PROTECTED="chief,Chief2,chief3,chief4,chief5") as made:
        yield made


def test_in_slack_the_name_is_typed_the_approvers_are_called_and_one_of_them_ratifies(
    installation: Installation,
) -> None:
    chief = newcomer(installation, "chief")
    card = ask(installation, "chief key leaked")
    press(installation, card, "revocation_confirm")
    view = form(installation, ALICE)
    wrong = installation.slack.submit(ALICE, view["id"], {"user_name": {"user_name": "cheif"}})
    assert set(wrong.body["errors"]) == {"user_name"}
    assert form(installation, ALICE)["id"] == view["id"]
    assert chief not in installation.aws.denied()

    sent = installation.slack.submit(ALICE, view["id"], {"user_name": {"user_name": " Chief "}})
    assert sent.ok, sent.body
    card = becomes(installation, card, "Denied")
    assert chief in installation.aws.denied()
    moment = told(installation, card, "is protected, and")
    assert moment.reply_broadcast
    assert f"<@{BOB}>, <@{CAROL}>: look at it" in moment.text

    shows(installation, card, "waits to be ratified")
    row = f"ratify.{revocation_id(card)}"
    own = installation.slack.click(ALICE, SEC_INC, card.ts, "approval_give", block_id=row)
    assert own.ok
    whispered(installation, ALICE, "You confirmed it yourself")
    assert installation.slack.click(CAROL, SEC_INC, card.ts, "approval_give", block_id=row).ok
    shows(installation, card, f"ratified by <@{CAROL}>")
    assert "approval_give" not in actions(current(installation, SEC_INC, card.ts))
    assert chief in installation.aws.denied()


def test_ratify_and_the_approval_of_a_waiting_release_stand_beside_each_other(
    installation: Installation,
) -> None:
    chief = newcomer(installation, "chief4")
    card = ask(installation, "chief4 key leaked", user=BOB)
    press(installation, card, "revocation_confirm", user=BOB)
    view = form(installation, BOB)
    assert installation.slack.submit(BOB, view["id"], {"user_name": {"user_name": "chief4"}}).ok
    card = becomes(installation, card, "Denied")
    press(installation, card, "revocation_release", user=BOB)
    shows(installation, card, "Approve release")
    row = f"ratify.{revocation_id(card)}"
    assert installation.slack.click(CAROL, SEC_INC, card.ts, "approval_give", block_id=row).ok
    shows(installation, card, f"ratified by <@{CAROL}>")
    assert chief in installation.aws.denied()
    released = "approval.release.0"
    assert installation.slack.click(CAROL, SEC_INC, card.ts, "approval_give", block_id=released).ok
    becomes(installation, card, "Released")
    assert chief not in installation.aws.denied()


def test_a_second_protected_user_in_slack_is_said_in_the_forms_place_to_take_two(
    installation: Installation,
) -> None:
    chief = newcomer(installation, "chief2")
    card = ask(installation, "chief2 key leaked")
    press(installation, card, "revocation_confirm")
    view = form(installation, ALICE)
    assert installation.slack.submit(ALICE, view["id"], {"user_name": {"user_name": "chief2"}}).ok
    answer = installation.until(lambda: _without_fields(installation.slack.view(ALICE)))
    assert "You are the first of two; nobody is denied yet." in str(answer)
    assert f"python -m workers revoke {chief}" in str(answer)
    assert chief not in installation.aws.denied()
    press(installation, card, "revocation_confirm", user=BOB)
    becomes(installation, card, "Denied")
    assert installation.store.get(revocation_id(card)).ratification is None


def _without_fields(view: dict[str, object] | None) -> dict[str, object] | None:
    return view if view and "'input'" not in str(view) else None


def test_where_slack_opens_no_form_the_terminal_command_is_named(installation: Installation) -> None:
    chief = newcomer(installation, "chief3")
    card = ask(installation, "chief3 key leaked")
    installation.slack.fault("views.open", "error:expired_trigger_id")
    press(installation, card, "revocation_confirm")
    whispered(installation, ALICE, f"python -m workers revoke {chief} --reason")
    assert chief not in installation.aws.denied()


def test_at_the_terminal_the_name_is_asked_for_and_ratify_is_a_command(installation: Installation) -> None:
    chief = newcomer(installation, "chief5")
    silent = installation.terminal("revoke", "chief5", "--reason", "key leaked")
    assert silent.returncode == 1
    assert chief not in installation.aws.denied()
    done = installation.terminal("revoke", "chief5", "--reason", "key leaked", typed="chief5\n")
    assert done.returncode == 0, done.stderr
    assert "somebody else must ratify this within 30 minutes" in done.stdout
    revocation = next(r for r in installation.store.open() if r.user and r.user.user_id == chief)
    again = installation.terminal("ratify", revocation.id)
    assert again.returncode == 1
    assert "You confirmed it yourself" in again.stderr
    listed = installation.terminal("list")
    assert f"{revocation.id} · Denied, waits to be ratified" in listed.stdout


def test_the_card_of_one_of_two_responders_warns_and_the_denial_goes_ahead(
    installation: Installation,
) -> None:
    card = ask(installation, "@bob key leaked")
    shows(installation, card, "with them denied, only 1 responder can act")
    press(installation, card, "revocation_confirm")
    becomes(installation, card, "Denied")


def test_of_anybody_else_the_card_says_nothing_of_that(installation: Installation) -> None:
    card = deny(installation, "@mallory key leaked")
    shows(installation, card, "Access:")
    assert "responder can act" not in shown_text(current(installation, SEC_INC, card.ts))
