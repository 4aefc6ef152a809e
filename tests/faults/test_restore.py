"""Giving back that fails, hangs, dies in the middle or meets an AWS that changed: nobody comes off the list by doubt."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.sandbox.scripted import Killed, Scripted, delay_over, denied, item, scripted, unsettled, who
from workers.domain import follow_ups as rules_of
from workers.domain.errors import AwsRefused, ProviderRefused, ProviderUnsettled, Refused
from workers.domain.revocation import DirectoryUser, Note, Restore, Revocation, State, TargetRef
from workers.domain.step import ACCESS, Kind, StepState
from workers.domain.timing import Timing
from workers.ports import Item
from workers.service import containment, coverage, follow_ups, intake
from workers.service import restore as restore_
from workers.service.intake import Request, Statement
from workers.service.restore import giving, sources

GROUPS = Kind.MEMBERSHIPS
DIRECT = Kind.ASSIGNMENTS
EVE = "b1b2c3d4-aaaa-bbbb-cccc-00000000000b"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[Scripted]:
    with scripted(tmp_path, provider=True) as made:
        made.give(DIRECT, item("a1"), item("a2"))
        made.give(GROUPS, item("g1"))
        yield made


def taken(aws: Scripted) -> str:
    """Alice, denied, from whom everything was taken."""
    revocation_id = denied(aws.world)
    delay_over(aws, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)
    for kind in ACCESS:
        follow_ups.remove(aws.world, revocation_id, kind)
    return revocation_id


def signed_out(aws: Scripted) -> str:
    """The same, with sign-in disabled by the bot."""
    revocation_id = taken(aws)
    intake.attest(aws.world.store, who("UCAROL"), revocation_id, Kind.SESSIONS, Statement())
    follow_ups.disable_sign_in(aws.world, revocation_id)
    assert aws.aws.sign_in == "DISABLED"
    return revocation_id


def asked(aws: Scripted, revocation_id: str) -> Revocation:
    """A false alarm, whose list was read."""
    intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test key")
    restore_.restore(aws.world, revocation_id)
    return aws.record(revocation_id)


def approved(aws: Scripted, revocation_id: str) -> Revocation:
    asked(aws, revocation_id)
    return intake.approve(aws.world.store, who("UCAROL"), revocation_id)


def asked_restore(aws: Scripted, revocation_id: str) -> Revocation:
    intake.ask_restore(aws.world.store, who("UBOB"), revocation_id, "needed", nothing_lost=True)
    restore_.restore(aws.world, revocation_id)
    return aws.record(revocation_id)


def ended(aws: Scripted, revocation_id: str) -> Restore:
    restore = aws.record(revocation_id).restore
    assert restore is not None
    assert restore.ended_at is not None
    return restore


def held(aws: Scripted, kind: Kind) -> list[str]:
    return sorted(one.key for one in aws.aws.holdings[kind].held_now)


def note(aws: Scripted, revocation_id: str, *kinds: str) -> Note:
    found = [note for note in aws.record(revocation_id).notes if note.kind in kinds]
    assert found, [note.kind for note in aws.record(revocation_id).notes]
    return found[-1]


def once(error: BaseException, at: str) -> Callable[[Item], None]:
    """Raise this the first time the item is asked for."""
    left = [error]

    def script(item: Item) -> None:
        if item.key == at and left:
            raise left.pop()

    return script


def tired(aws: Scripted, revocation_id: str) -> None:
    """As if all tries but one had been in vain."""

    def edit(record: Revocation) -> Revocation:
        assert record.restore is not None
        return replace(record, restore=replace(record.restore, attempts=giving.MOST_ATTEMPTS - 1))

    aws.edit(revocation_id, edit)


def deny_slack(aws: Scripted, slack_id: str) -> None:
    target = TargetRef(kind="user_id", value=EVE, slack_id=slack_id)
    request = Request(targets=(target,), reason="", channel="C0SECINC01")
    [made] = intake.ask(aws.world.store, who("UEVE"), request)
    user = DirectoryUser(user_id=EVE, user_name="eve")
    aws.edit(made.revocation.id, lambda record: replace(record, state=State.CONFIRMED, user=user))


# --- the straight way ---


def test_a_false_alarm_gives_everything_back_while_denied_and_then_lets_go(aws: Scripted) -> None:
    revocation_id = signed_out(aws)
    request = asked(aws, revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert request.diff.missing == ((GROUPS, 1), (DIRECT, 2), (Kind.SIGN_IN, 1))
    assert note(aws, revocation_id, "approval_asked").broadcast

    denied_meanwhile = list[bool]()
    aws.aws.holdings[DIRECT].script = lambda _: denied_meanwhile.append(bool(aws.policy.denied))
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    restore_.restore(aws.world, revocation_id)

    assert denied_meanwhile == [True, True]
    assert (held(aws, DIRECT), held(aws, GROUPS), aws.aws.sign_in) == (["a1", "a2"], ["g1"], "ENABLED")
    record = aws.record(revocation_id)
    assert (record.state, [a.id for a in record.released_by]) == (State.RELEASING, ["UBOB", "UCAROL"])
    assert (ended(aws, revocation_id).given, ended(aws, revocation_id).failed) == (4, ())
    told = note(aws, revocation_id, "restored")
    assert (told.broadcast, "4 of 4 given back." in told.detail) == (False, True)
    containment.contain(aws.world, revocation_id)
    assert (aws.record(revocation_id).state, aws.policy.denied) == (State.RELEASED, frozenset())


def test_memberships_come_first_and_sign_in_last(aws: Scripted) -> None:
    revocation_id = signed_out(aws)
    approved(aws, revocation_id)
    restore_.restore(aws.world, revocation_id)
    log = aws.world.store.log(revocation_id)
    kinds = [entry["detail"]["kind"] for entry in log if entry["event"] == "giving_back"]
    assert kinds == ["memberships", "assignments", "sign_in"]


def test_the_intent_is_in_the_log_before_anything_is_given(aws: Scripted) -> None:
    revocation_id = taken(aws)
    seen = list[str]()
    aws.aws.holdings[GROUPS].script = lambda _: seen.append(aws.events(revocation_id)[-1])
    approved(aws, revocation_id)
    restore_.restore(aws.world, revocation_id)
    assert seen == ["giving_back"]


def test_a_restore_alone_leaves_the_user_denied_and_nothing_is_taken_again_by_itself(aws: Scripted) -> None:
    revocation_id = taken(aws)
    asked_restore(aws, revocation_id)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    restore_.restore(aws.world, revocation_id)

    record = aws.record(revocation_id)
    assert (record.state, ended(aws, revocation_id).then_release) == (State.DENIED, False)
    assert record.follow_ups_wait == who("UCAROL").actor
    assert aws.step(revocation_id, DIRECT).state is StepState.WAITING
    assert aws.step(revocation_id, DIRECT).detail.startswith("Given back at ")
    follow_ups.catch_up(aws.world, revocation_id)
    coverage.read_reach(aws.world, revocation_id)
    for kind in ACCESS:
        follow_ups.remove(aws.world, revocation_id, kind)
    assert held(aws, DIRECT) == ["a1", "a2"]
    assert "came_back" not in [note.kind for note in aws.record(revocation_id).notes]


def test_after_a_restore_start_takes_all_of_it_again_and_it_can_be_given_back_again(aws: Scripted) -> None:
    revocation_id = taken(aws)
    asked_restore(aws, revocation_id)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    restore_.restore(aws.world, revocation_id)
    intake.start_follow_ups(aws.world.store, who("UBOB"), revocation_id)
    follow_ups.remove(aws.world, revocation_id, DIRECT)
    assert (held(aws, DIRECT), aws.step(revocation_id, DIRECT).state) == ([], StepState.DONE)

    request = asked_restore(aws, revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert request.diff.missing == ((DIRECT, 2),)


def test_the_twelve_hours_begin_anew_once_something_is_given_back(aws: Scripted) -> None:
    revocation_id = taken(aws)
    coverage.read_reach(aws.world, revocation_id)
    assert aws.record(revocation_id).no_mint_at is not None
    now = datetime.now(UTC)
    aws.edit(revocation_id, lambda record: replace(record, notice_at=now, disabled_since=now))
    asked_restore(aws, revocation_id)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    aws.aws.holdings[GROUPS].script = once(Killed(), "g1")
    with pytest.raises(Killed):
        restore_.restore(aws.world, revocation_id)
    record = aws.record(revocation_id)
    assert (record.no_mint_at, record.disabled_since, record.notice_at) == (None, None, None)


# --- the list ---


def test_only_what_was_taken_and_is_missing_is_given_back(aws: Scripted) -> None:
    revocation_id = taken(aws)
    aws.give(DIRECT, item("a2"), item("new"))
    request = asked_restore(aws, revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert (request.diff.missing, request.diff.there) == (((GROUPS, 1), (DIRECT, 1)), 1)
    assert request.diff.names == ("g1 in 111122223333", "a1 in 111122223333")


def test_what_somebody_gave_back_by_hand_before_the_approval_is_left_alone_and_counted_as_there(
    aws: Scripted,
) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    aws.give(DIRECT, item("a1"))
    restore_.restore(aws.world, revocation_id)
    assert aws.aws.holdings[DIRECT].made == ["a2"]
    assert ended(aws, revocation_id).given == 2
    assert "2 of 3 given back. 1 was there already." in note(aws, revocation_id, "restored").detail


def test_what_went_after_the_list_was_read_is_not_given_back_and_is_said(aws: Scripted) -> None:
    revocation_id = taken(aws)
    aws.give(DIRECT, item("a2"))
    asked(aws, revocation_id)
    aws.aws.holdings[DIRECT].held_now.clear()
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    restore_.restore(aws.world, revocation_id)
    assert aws.aws.holdings[DIRECT].made == ["a1"]
    said = note(aws, revocation_id, "restore_failed")
    assert "Missing too, and not on the approved list: a2" in said.detail
    assert said.broadcast


def test_a_restore_of_which_all_is_there_again_needs_no_approval(aws: Scripted) -> None:
    revocation_id = taken(aws)
    aws.give(DIRECT, item("a1"), item("a2"))
    aws.give(GROUPS, item("g1"))
    record = asked_restore(aws, revocation_id)
    assert record.release is None
    assert "Nothing is missing: all 3" in note(aws, revocation_id, "restored").detail


def test_the_list_waits_for_a_removal_that_holds_its_lock(aws: Scripted) -> None:
    revocation_id = taken(aws)
    intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test key")
    with aws.world.store.lock(f"{DIRECT}-{revocation_id}", wait=timedelta(0)):
        restore_.restore(aws.world, revocation_id)
    request = aws.record(revocation_id).release
    assert request is not None
    assert (request.diff, "is ending at AWS" in request.trouble) == (None, True)
    restore_.restore(aws.world, revocation_id)
    request = aws.record(revocation_id).release
    assert request is not None
    assert (request.diff is not None, request.trouble) == (True, "")


def test_the_list_waits_for_what_aws_may_still_be_removing(
    aws: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.aws.holdings[DIRECT].never_ends = frozenset({"a2"})
    revocation_id = taken(aws)
    assert held(aws, DIRECT) == ["a2"]
    request = asked(aws, revocation_id).release
    assert request is not None
    assert request.diff is None
    aws.aws.holdings[DIRECT].held_now.clear()  # it ended after all
    restore_.restore(aws.world, revocation_id)
    request = aws.record(revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert request.diff.missing == ((GROUPS, 1), (DIRECT, 2))


def test_a_removal_that_never_ends_does_not_keep_the_list_waiting_for_ever(
    aws: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.aws.holdings[DIRECT].never_ends = frozenset({"a2"})
    revocation_id = taken(aws)
    monkeypatch.setattr("workers.service.restore.reading.SETTLES", timedelta(0))
    request = asked(aws, revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert (request.diff.missing, request.diff.there) == (((GROUPS, 1), (DIRECT, 1)), 1)


def test_an_asking_in_the_middle_of_a_removal_stops_it_and_lists_only_what_went(aws: Scripted) -> None:
    revocation_id = denied(aws.world)
    delay_over(aws, revocation_id)
    follow_ups.follow_up(aws.world, revocation_id)

    def ask_meanwhile(one: Item) -> None:
        if one.key == "a1":
            intake.ask_false_alarm(aws.world.store, who("UBOB"), revocation_id, "a test key")

    aws.aws.holdings[DIRECT].script = ask_meanwhile
    follow_ups.remove(aws.world, revocation_id, DIRECT)
    assert held(aws, DIRECT) == ["a2"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workers.service.restore.reading.SETTLES", timedelta(0))
        restore_.restore(aws.world, revocation_id)
    request = aws.record(revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert (request.diff.missing, request.diff.there) == (((DIRECT, 1),), 1)


def test_aws_that_cannot_be_read_is_said_and_asked_again_until_it_can(aws: Scripted) -> None:
    revocation_id = taken(aws)
    aws.aws.holdings[DIRECT].error = unsettled()
    request = asked(aws, revocation_id).release
    assert request is not None
    assert request.again_at is not None
    assert (request.diff, request.trouble) == (None, "AWS is busy.")
    with pytest.raises(Refused, match=r"has not been read yet\. AWS is busy\."):
        intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    assert aws.world.store.due(request.again_at) == [revocation_id]

    aws.aws.holdings[DIRECT].error = None
    restore_.restore(aws.world, revocation_id)
    assert intake.approve(aws.world.store, who("UCAROL"), revocation_id).restore is not None


def test_two_readers_at_once_record_one_list(aws: Scripted) -> None:
    revocation_id = taken(aws)
    asked(aws, revocation_id)
    restore_.restore(aws.world, revocation_id)
    assert aws.events(revocation_id).count("restore_read") == 1


def test_a_group_of_the_identity_provider_is_named_for_people(aws: Scripted) -> None:
    aws.give(GROUPS, item("okta", synced=True))
    revocation_id = taken(aws)
    request = asked(aws, revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert any("okta in 111122223333 belongs to your identity provider" in s for s in request.diff.by_hand)


def test_sign_in_that_people_disabled_is_for_people_to_enable(aws: Scripted) -> None:
    revocation_id = taken(aws)
    intake.attest(aws.world.store, who("UCAROL"), revocation_id, Kind.SIGN_IN, Statement(done_by="Idris"))
    aws.aws.sign_in = "DISABLED"
    request = asked(aws, revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert "Sign-in was disabled by Idris. Enable it again in the same place." in request.diff.by_hand
    assert Kind.SIGN_IN not in dict(request.diff.missing)


def test_a_request_lapses_after_a_day_whatever_state_the_record_is_in(aws: Scripted) -> None:
    revocation_id = taken(aws)
    aws.edit(revocation_id, lambda record: replace(record, state=State.RELEASED))
    record = asked_restore(aws, revocation_id)
    assert record.release is not None
    assert record.release.again_at == record.release.asked_at + timedelta(hours=24)
    assert aws.world.store.due(record.release.again_at) == [revocation_id]

    def old(current: Revocation) -> Revocation:
        assert current.release is not None
        past = current.release.asked_at - timedelta(hours=24)
        return replace(current, release=replace(current.release, asked_at=past, again_at=past))

    aws.edit(revocation_id, old)
    restore_.catch_up(aws.world, revocation_id)
    assert aws.record(revocation_id).release is None
    assert note(aws, revocation_id, "approval_lapsed")


# --- giving back ---


@pytest.mark.parametrize("at", ["a1", "a2", "g1"])
def test_killed_between_intent_and_effect_the_next_run_goes_on(aws: Scripted, at: str) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    for kind in (DIRECT, GROUPS):
        aws.aws.holdings[kind].script = once(Killed(), at)
    with pytest.raises(Killed):
        restore_.restore(aws.world, revocation_id)
    assert aws.record(revocation_id).state is State.DENIED
    restore_.restore(aws.world, revocation_id)
    assert (held(aws, DIRECT), held(aws, GROUPS)) == (["a1", "a2"], ["g1"])
    assert sorted(aws.aws.holdings[DIRECT].made) == ["a1", "a2"]
    assert ended(aws, revocation_id).given == 3


def test_killed_between_effect_and_record_it_is_not_given_twice_and_counts_as_given(aws: Scripted) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(giving._Run, "_flush", lambda run, kind: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            restore_.restore(aws.world, revocation_id)
    assert held(aws, GROUPS) == ["g1"]
    restore_.restore(aws.world, revocation_id)
    assert aws.aws.holdings[GROUPS].made == ["g1"]
    assert ended(aws, revocation_id).given == 3


def test_the_reconciler_takes_up_a_restore_whose_worker_died(aws: Scripted) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    aws.aws.holdings[DIRECT].script = once(Killed(), "a1")
    with pytest.raises(Killed):
        restore_.restore(aws.world, revocation_id)
    restore_.catch_up(aws.world, revocation_id)
    assert held(aws, DIRECT) == []  # it may still be alive

    def late(record: Revocation) -> Revocation:
        assert record.restore is not None
        return replace(record, restore=replace(record.restore, again_at=datetime.now(UTC)))

    aws.edit(revocation_id, late)
    assert aws.world.store.due(datetime.now(UTC)) == [revocation_id]
    restore_.catch_up(aws.world, revocation_id)
    assert ended(aws, revocation_id).given == 3


def test_run_twice_it_gives_back_once(aws: Scripted) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    for _ in range(3):
        restore_.restore(aws.world, revocation_id)
    assert sorted(aws.aws.holdings[DIRECT].made) == ["a1", "a2"]
    assert aws.events(revocation_id).count("restored") == 1


def test_a_permission_set_that_is_gone_is_named_and_the_rest_is_given_back_and_let_go(aws: Scripted) -> None:
    revocation_id = taken(aws)
    aws.aws.holdings[DIRECT].fails = {"a1": "The permission set is gone. Make it anew, and assign it."}
    approved(aws, revocation_id)
    restore_.restore(aws.world, revocation_id)
    restore = ended(aws, revocation_id)
    assert restore.given == 2
    assert restore.failed == ("a1 in 111122223333: The permission set is gone. Make it anew, and assign it.",)
    told = note(aws, revocation_id, "restore_failed")
    assert (told.broadcast, "The permission set is gone" in told.detail) == (True, True)
    assert aws.record(revocation_id).state is State.RELEASING
    assert aws.step(revocation_id, DIRECT).gone == 1


def test_no_rights_for_one_kind_fails_that_kind_and_no_other(aws: Scripted) -> None:
    revocation_id = taken(aws)
    asked(aws, revocation_id)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    aws.aws.holdings[GROUPS].script = once(AwsRefused("AccessDenied", "No right to add members."), "g1")
    restore_.restore(aws.world, revocation_id)
    assert ended(aws, revocation_id).failed == ("g1 in 111122223333: No right to add members.",)
    assert held(aws, DIRECT) == ["a1", "a2"]


def test_aws_away_and_back_ends_with_all_given_back(aws: Scripted) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    aws.aws.holdings[GROUPS].error = unsettled()
    restore_.restore(aws.world, revocation_id)
    record = aws.record(revocation_id)
    assert held(aws, DIRECT) == ["a1", "a2"]  # one kind that is away delays no other
    assert (record.state, record.restore and record.restore.ended_at) == (State.DENIED, None)
    restore_.restore(aws.world, revocation_id)
    record = aws.record(revocation_id)
    assert record.restore is not None
    assert record.restore.again_at is not None
    assert (record.restore.attempts, record.restore.again_at > datetime.now(UTC)) == (1, True)

    aws.aws.holdings[GROUPS].error = None
    restore_.restore(aws.world, revocation_id)
    assert ended(aws, revocation_id).given == 3
    assert aws.record(revocation_id).state is State.RELEASING


def test_aws_that_stays_away_ends_after_many_tries_with_its_cause_and_the_release_goes_on(
    aws: Scripted,
) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    aws.aws.holdings[GROUPS].error = unsettled()
    restore_.restore(aws.world, revocation_id)
    tired(aws, revocation_id)
    restore_.restore(aws.world, revocation_id)
    assert ended(aws, revocation_id).failed == ("g1 in 111122223333: AWS is busy.",)
    assert aws.record(revocation_id).state is State.RELEASING


def test_an_item_whose_end_aws_never_tells_does_not_hang_the_restore(aws: Scripted) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aws.aws.holdings[DIRECT].__class__, "give_back", lambda *_: iter(()))
        restore_.restore(aws.world, revocation_id)
        tired(aws, revocation_id)
        restore_.restore(aws.world, revocation_id)
    assert len(ended(aws, revocation_id).failed) == 3
    assert giving.NO_END in ended(aws, revocation_id).failed[0]


def test_sign_in_counts_as_given_back_only_once_aws_says_so(
    aws: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "READ_BACK_PAUSE", 0)
    revocation_id = signed_out(aws)
    approved(aws, revocation_id)
    aws.provider.works = False
    restore_.restore(aws.world, revocation_id)
    assert aws.record(revocation_id).state is State.DENIED
    aws.provider.works = True
    restore_.restore(aws.world, revocation_id)
    assert (ended(aws, revocation_id).given, aws.aws.sign_in) == (4, "ENABLED")


@pytest.mark.parametrize("error", [ProviderRefused("401: a new token is needed."), None])
def test_sign_in_that_cannot_be_enabled_is_named_and_the_rest_is_done(
    aws: Scripted, error: ProviderRefused | None
) -> None:
    revocation_id = signed_out(aws)
    approved(aws, revocation_id)
    aws.provider.error = error
    world = aws.world if error else replace(aws.world, provider=None)
    restore_.restore(world, revocation_id)
    restore = ended(aws, revocation_id)
    why = "401: a new token is needed." if error else sources.NO_WAY
    assert (restore.given, restore.failed) == (3, (f"Sign-in: {why}",))


def test_a_provider_that_gives_no_answer_is_asked_again(aws: Scripted) -> None:
    revocation_id = signed_out(aws)
    approved(aws, revocation_id)
    aws.provider.error = ProviderUnsettled("SCIM answered 503.")
    restore_.restore(aws.world, revocation_id)
    aws.provider.error = None
    restore_.restore(aws.world, revocation_id)
    assert ended(aws, revocation_id).given == 4


def test_a_user_who_is_gone_ends_with_a_sentence_for_each_item(aws: Scripted) -> None:
    revocation_id = signed_out(aws)
    aws.aws.exists = False
    request = asked(aws, revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert "The user is no longer in IAM Identity Center" in request.diff.by_hand[0]
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    for kind in (DIRECT, GROUPS):
        aws.aws.holdings[kind].fails = dict.fromkeys(("a1", "a2", "g1"), "No such user.")
    restore_.restore(aws.world, revocation_id)
    assert len(ended(aws, revocation_id).failed) == 4


# --- people meanwhile ---


def test_somebody_who_presses_hold_meanwhile_keeps_the_user_denied(aws: Scripted) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    intake.hold(aws.world.store, who("UDAN"), revocation_id, Timing())
    restore_.restore(aws.world, revocation_id)
    assert ended(aws, revocation_id).given == 3
    assert aws.record(revocation_id).state is State.DENIED
    told = note(aws, revocation_id, "restore_failed")
    assert (told.broadcast, "UDAN pressed Hold meanwhile" in told.detail) == (True, True)


@pytest.mark.parametrize("slack_id", ["UBOB", "UCAROL"])
def test_where_one_of_the_two_is_denied_meanwhile_nothing_more_is_given_and_nobody_let_go(
    aws: Scripted, slack_id: str
) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    deny_slack(aws, slack_id)
    restore_.restore(aws.world, revocation_id)
    assert (held(aws, DIRECT), aws.record(revocation_id).state) == ([], State.DENIED)
    assert (
        f"{slack_id} has an open revocation of their own" in note(aws, revocation_id, "restore_failed").detail
    )


def test_whoever_was_released_before_gets_back_what_was_taken(aws: Scripted) -> None:
    revocation_id = taken(aws)
    intake.ask_release(aws.world.store, who("UBOB"), revocation_id, "")
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    containment.contain(aws.world, revocation_id)
    assert aws.record(revocation_id).state is State.RELEASED

    record = asked_restore(aws, revocation_id)
    assert record.release is not None
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    due = aws.record(revocation_id).restore
    assert due is not None
    assert due.again_at is not None
    assert aws.world.store.due(due.again_at) == [revocation_id]
    restore_.catch_up(aws.world, revocation_id)
    restore_.restore(aws.world, revocation_id)
    assert (held(aws, DIRECT), aws.record(revocation_id).state) == (["a1", "a2"], State.RELEASED)


def test_whose_access_is_given_back_is_no_longer_watched_for_access_that_comes_back(aws: Scripted) -> None:
    revocation_id = taken(aws)
    aws.edit(revocation_id, lambda record: replace(record, state=State.WATCHED))
    asked_restore(aws, revocation_id)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    restore_.restore(aws.world, revocation_id)
    coverage.read_reach(aws.world, revocation_id)
    record = aws.record(revocation_id)
    assert (record.state, held(aws, GROUPS)) == (State.RELEASED, ["g1"])
    assert "access_back" not in [note.kind for note in record.notes]


def test_a_new_denial_of_the_same_user_stops_what_an_older_one_gives_back(aws: Scripted) -> None:
    first = taken(aws)
    intake.ask_release(aws.world.store, who("UBOB"), first, "")
    intake.approve(aws.world.store, who("UCAROL"), first)
    containment.contain(aws.world, first)
    asked_restore(aws, first)
    intake.approve(aws.world.store, who("UCAROL"), first)
    second = denied(aws.world)
    restore_.restore(aws.world, first)
    assert held(aws, DIRECT) == []
    assert f"Stopped, because {second} denies" in note(aws, first, "restore_failed").detail


def test_nothing_is_asked_for_while_giving_back_is_under_way(aws: Scripted) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    assert rules_of.suspended(aws.record(revocation_id))
    for use_case in (intake.ask_release, intake.ask_restore, intake.ask_false_alarm):
        with pytest.raises(Refused, match="is being given back since"):
            use_case(aws.world.store, who("UDAN"), revocation_id, "me too")
    with pytest.raises(Refused, match="<@UCAROL> approved a false alarm at"):
        intake.approve(aws.world.store, who("UDAN"), revocation_id)


def test_the_target_stays_denied_until_the_last_item_has_its_result(aws: Scripted) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    aws.aws.holdings[GROUPS].error = unsettled()
    for _ in range(3):
        restore_.restore(aws.world, revocation_id)
        containment.contain(aws.world)
        assert aws.policy.denied


def test_what_was_given_back_once_and_then_taken_by_somebody_else_is_not_ours_to_give(aws: Scripted) -> None:
    revocation_id = taken(aws)
    asked_restore(aws, revocation_id)
    intake.approve(aws.world.store, who("UCAROL"), revocation_id)
    restore_.restore(aws.world, revocation_id)
    aws.aws.holdings[GROUPS].held_now.clear()
    intake.start_follow_ups(aws.world.store, who("UBOB"), revocation_id)
    follow_ups.remove(aws.world, revocation_id, DIRECT)
    request = asked_restore(aws, revocation_id).release
    assert request is not None
    assert request.diff is not None
    assert request.diff.missing == ((DIRECT, 2),)


def test_a_break_glass_release_meanwhile_is_not_undone_by_the_end_of_the_restore(aws: Scripted) -> None:
    revocation_id = taken(aws)
    approved(aws, revocation_id)
    terminal = replace(who("root"), actor=replace(who("root").actor, kind="terminal"))
    intake.break_glass(aws.world.store, terminal, revocation_id, "now")
    containment.contain(aws.world, revocation_id)
    restore_.restore(aws.world, revocation_id)
    record = aws.record(revocation_id)
    assert (record.state, held(aws, DIRECT)) == (State.RELEASED, ["a1", "a2"])
    assert [actor.id for actor in record.released_by] == ["root"]
