"""Right before the policy is written: who confirmed, how many by one click each, who let go. AWS and Slack are scripted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.sandbox.scripted import ALICE, Slack, confirmed, denied, scripted, who
from tests.security.redis_writer import RedisWriter
from tests.security.test_hostile_redis import Alarms, Hostile, deny, user
from workers.adapters.redis_server import RedisServer
from workers.adapters.witness import FileWitness
from workers.cards import card, moments
from workers.domain.caps import Cap, Caps
from workers.domain.errors import SlackAway
from workers.domain.revocation import State, TargetRef
from workers.service import containment, identification, intake
from workers.service.roster import Roster

HOUR = timedelta(hours=1)
GROUP = "S0RESPOND1"


@dataclass
class Groups(Slack):
    """Slack's user groups. `away`: it does not say; `slow`: after so many seconds."""

    members: dict[str, frozenset[str]] = field(default_factory=dict)
    away: bool = False
    slow: float = 0.0
    asked: int = 0

    def group(self, group_id: str) -> frozenset[str]:
        self.asked += 1
        time.sleep(self.slow)
        if self.away:
            raise SlackAway("Slack did not answer.")
        return self.members.get(group_id, frozenset())


@dataclass
class Checked(Hostile):
    people: Groups = field(default_factory=Groups)

    def rules(self, **given: Any) -> None:
        self.aws.world = replace(self.aws.world, rules=replace(self.aws.world.rules, **given))


@contextmanager
def checked(directory: Path, **rules: Any) -> Iterator[Checked]:
    with scripted(directory, **rules) as made:
        alarms, people = Alarms(), Groups()
        made.world = replace(made.world, alarm=alarms, people=people)
        yield Checked(made, RedisWriter(Redis.from_url(RedisServer(directory).url)), alarms, people)


@pytest.fixture
def again(tmp_path: Path) -> Iterator[Checked]:
    with checked(tmp_path) as made:
        yield made


# ---------------------------------------------------------------- who confirmed


def test_whoever_was_a_responder_at_the_click_and_is_none_at_the_writing_denies_nobody(
    again: Checked,
) -> None:
    revocation_id = confirmed(again.world)
    again.rules(responders=("UDAVE", "UERIN"))
    containment.contain(again.world, revocation_id)

    record = again.aws.record(revocation_id)
    assert again.aws.policy.denied == frozenset()
    assert record.state is State.EXPIRED
    assert card.render(record, again.world.rules).text.startswith(f"{revocation_id} · NOT DENIED. ")
    [told, alarm] = [n for n in record.notes if n.kind == "confirmation_void"]
    assert (told.broadcast, alarm.alarm) == (True, True)
    message = moments.render(record, told, again.world.rules)
    assert "<@UDAVE>" in message.text
    assert "Ask again" in str(message.blocks)


def test_the_button_asks_again_as_a_new_request(again: Checked) -> None:
    revocation_id = confirmed(again.world)
    again.rules(responders=("UDAVE",))
    containment.contain(again.world, revocation_id)
    asked = intake.retry(again.world.store, who("UDAVE"), revocation_id)
    assert asked.id != revocation_id
    assert asked.state is State.REQUESTED


def test_a_member_of_a_group_confirms_and_whoever_was_taken_out_does_not(again: Checked) -> None:
    again.rules(responders=(GROUP,), approvers=(GROUP,))
    again.people.members[GROUP] = frozenset({"UBOB"})
    first = denied(again.world)
    assert again.aws.record(first).state is State.DENIED

    again.people.members[GROUP] = frozenset({"UDAVE"})
    again.aws.world = replace(again.world, roster=Roster())
    second = deny(again, user(1))
    assert again.aws.record(second).state is State.EXPIRED
    assert again.aws.policy.denied == {ALICE}


def test_no_doubt_about_a_group_stops_a_first_denial_nor_holds_it_up(again: Checked) -> None:
    again.rules(responders=(GROUP,))
    again.people.away, again.people.slow = True, 3.0
    begun = time.monotonic()
    for number in range(5):
        deny(again, user(number))
    assert again.aws.policy.denied == {user(number) for number in range(5)}
    assert time.monotonic() - begun < 2.5  # one second in all, and not one for each
    assert again.people.asked == 1


def test_groups_that_were_asked_ahead_cost_a_denial_nothing(again: Checked) -> None:
    again.rules(responders=(GROUP,), approvers=(GROUP,))
    again.people.members[GROUP] = frozenset({"UBOB"})
    again.world.roster.refresh(again.people, again.world.rules)
    asked, again.people.slow = again.people.asked, 3.0
    begun = time.monotonic()
    denied(again.world)
    assert (again.people.asked, time.monotonic() - begun < 1) == (asked, True)


def test_an_answer_is_good_for_a_minute_and_no_longer() -> None:
    now, people = [0.0], Groups(members={GROUP: frozenset({"UBOB"})})
    roster, bob = Roster(clock=lambda: now[0]), who("UBOB").actor
    assert roster.is_one_of(people, bob, [GROUP]) is True
    people.members[GROUP] = frozenset()
    now[0] = 59
    assert roster.is_one_of(people, bob, [GROUP]) is True
    now[0] = 61
    assert roster.is_one_of(people, bob, [GROUP]) is False
    people.away, now[0] = True, 200
    assert roster.is_one_of(people, bob, [GROUP]) is None
    assert roster.is_one_of(people, bob, ["UBOB", GROUP]) is True


def test_who_confirms_at_a_terminal_is_on_no_list_and_denies(again: Checked) -> None:
    operator = replace(who("ops"), actor=replace(who("ops").actor, kind="terminal", id="arn ops"))
    [asked] = intake.ask(again.world.store, operator, request(ALICE))
    identified(again, asked.revocation.id)
    intake.confirm(again.world.store, operator, asked.revocation.id, None)
    containment.contain(again.world, asked.revocation.id)
    assert again.aws.policy.denied == {ALICE}


def test_what_was_begun_is_not_asked_about_again(again: Checked) -> None:
    """The write may have been done, and its answer lost: from then on the user is one who must be denied."""
    revocation_id = confirmed(again.world)
    again.aws.policy.refused = True
    containment.contain(again.world, revocation_id)
    again.rules(responders=("UDAVE",))
    again.aws.policy.refused = False
    containment.contain(again.world, revocation_id)
    assert again.aws.policy.denied == {ALICE}


def request(user_id: str) -> intake.Request:
    target = TargetRef(kind="user_id", value=user_id)
    return intake.Request(targets=(target,), reason="key leaked", channel="C0SECINC01")


def identified(again: Checked, revocation_id: str) -> None:
    identification.identify(again.world, revocation_id)


# ---------------------------------------------------------------- how many

CAPS = Caps(per_person=Cap(most=3, within=timedelta(minutes=10)), overall=Cap(most=5, within=HOUR))


def test_who_deletes_their_own_records_denies_no_more_than_the_caps(tmp_path: Path) -> None:
    """One responder's Slack account, and write access to Redis: the records that would be counted are gone."""
    with checked(tmp_path, caps=CAPS) as again:
        for number in range(12):
            deny(again, user(number))
            again.writer.redis.flushall()
            again.passes()
        assert again.aws.policy.denied == {user(number) for number in range(3)}


def test_who_is_above_a_cap_waits_for_a_second_person_loudly_and_then_is_denied(tmp_path: Path) -> None:
    with checked(tmp_path, caps=CAPS) as again:
        for number in range(3):
            deny(again, user(number))
            again.writer.redis.flushall()
            again.passes()
        fourth = deny(again, user(3))
        record = again.aws.record(fourth)
        assert (record.state, record.vote is not None) == (State.REQUESTED, True)
        assert [note.broadcast for note in record.notes if note.kind == "second_needed"] == [True]

        intake.confirm(again.world.store, who("UCAROL"), fourth, CAPS)
        containment.contain(again.world, fourth)
        assert user(3) in again.aws.policy.denied


def test_a_terminal_is_above_no_cap(tmp_path: Path) -> None:
    operator = replace(who("ops"), actor=replace(who("ops").actor, kind="terminal", id="arn ops"))
    with checked(tmp_path, caps=CAPS) as again:
        for number in range(8):
            [asked] = intake.ask(again.world.store, operator, request(user(number)))
            identified(again, asked.revocation.id)
            intake.confirm(again.world.store, operator, asked.revocation.id, CAPS)
            containment.contain(again.world, asked.revocation.id)
        assert len(again.aws.policy.denied) == 8


def test_old_confirmations_that_were_kept_are_no_way_around_the_caps(tmp_path: Path) -> None:
    """Each was given within the caps, days apart, and never written; put back all at once they count as of now."""
    with checked(tmp_path, caps=CAPS) as again:
        old = datetime.now(UTC) - timedelta(days=20)
        for number in range(9):
            made = deny(again, user(number), write=False)
            again.aws.edit(made, lambda r, n=number: replace(r, confirmed_at=old + n * HOUR * 2))  # type: ignore[misc]
        containment.contain(again.world)
        assert len(again.aws.policy.denied) == 3


def test_without_caps_nothing_is_counted(tmp_path: Path) -> None:
    with checked(tmp_path, caps=None) as again:
        for number in range(25):
            deny(again, user(number))
        assert len(again.aws.policy.denied) == 25


# ---------------------------------------------------------------- who let go


def released(again: Checked) -> str:
    """Approved by two, and not carried out yet."""
    revocation_id = denied(again.world)
    again.released(revocation_id)
    return revocation_id


def stays(again: Checked, revocation_id: str, why: str) -> None:
    again.passes()
    record = again.aws.record(revocation_id)
    assert again.aws.policy.denied == {ALICE}
    assert (record.state, record.released_by) == (State.DENIED, ())
    [note] = [n for n in record.notes if n.kind == "release_void" and not n.alarm]
    assert note.broadcast
    assert why in note.detail


@pytest.mark.parametrize("gone", ["UBOB", "UCAROL"])
def test_a_release_by_somebody_who_may_not_any_more_is_void(again: Checked, gone: str) -> None:
    revocation_id = released(again)
    left = tuple({"UBOB", "UCAROL", "UDAVE"} - {gone})
    again.rules(responders=left, approvers=left)
    stays(again, revocation_id, f"{gone} may not release anybody any more")


def test_the_second_of_two_must_be_an_approver_still(again: Checked) -> None:
    revocation_id = released(again)
    again.rules(approvers=("UDAVE",))
    stays(again, revocation_id, "UCAROL may not release")


def test_who_approved_and_was_denied_before_it_was_carried_out_frees_nobody(again: Checked) -> None:
    revocation_id = released(again)
    carol = deny(again, user(2), write=False)
    again.aws.edit(carol, lambda r: replace(r, target=replace(r.target, slack_id="UCAROL")))
    again.writer.redis.hdel("revoke:marks", "policy_written")
    containment.contain(again.world, carol)
    record = again.aws.record(revocation_id)
    assert record.state is State.DENIED
    assert "UCAROL has an open revocation of their own" in next(
        n.detail for n in record.notes if n.kind == "release_void"
    )


def test_who_is_denied_has_no_say_even_where_their_record_is_hidden(again: Checked) -> None:
    carol = deny(again, user(2), write=False)
    again.aws.edit(carol, lambda r: replace(r, target=replace(r.target, slack_id="UCAROL")))
    containment.contain(again.world, carol)
    again.writer.delete(carol)
    again.writer.redis.delete("revoke:about:UCAROL")
    revocation_id = released(again)
    containment.contain(again.world)
    assert again.aws.record(revocation_id).state is State.DENIED
    assert again.aws.policy.denied == {ALICE, user(2)}


def test_where_slack_does_not_say_who_may_nobody_comes_off_until_it_does(again: Checked) -> None:
    again.rules(responders=("UBOB",), approvers=(GROUP,))
    revocation_id = released(again)
    again.people.away = True
    again.passes()
    record = again.aws.record(revocation_id)
    assert again.aws.policy.denied == {ALICE}
    assert (record.state, record.trouble and record.trouble.code) == (State.RELEASING, "approvers")
    assert any(note.kind == "not_denied" and note.broadcast for note in record.notes)

    again.people.away, again.people.members[GROUP] = False, frozenset({"UCAROL"})
    again.aws.world = replace(again.world, roster=Roster())
    again.passes()
    assert again.aws.record(revocation_id).state is State.RELEASED
    assert again.aws.policy.denied == frozenset()


def test_a_release_that_was_kept_for_over_an_hour_is_void_on_a_new_machine_too(
    again: Checked, tmp_path: Path
) -> None:
    """Nothing was seen there before; the time in the signed log is all there is, and both clocks are asked."""
    revocation_id = released(again)
    again.aws.world = replace(again.world, witness=FileWitness(tmp_path / "new"))
    again.aws.policy.ahead = HOUR + timedelta(minutes=2)
    stays(again, revocation_id, "not carried out within an hour")


def test_a_release_that_was_carried_out_needs_no_further_yes(again: Checked) -> None:
    """Killed between the write and the record: what is done is recorded, whoever may what by then."""
    revocation_id = released(again)
    again.aws.policy.text = again.aws.policy.text.replace(f'"{ALICE}",', "")
    again.aws.edit(revocation_id, lambda r: replace(r, written_at=datetime.now(UTC) - HOUR))
    again.rules(responders=("UDAVE",), approvers=("UDAVE",))
    again.passes()
    assert again.aws.record(revocation_id).state is State.RELEASED
    assert again.aws.policy.denied == frozenset()
