"""After the denial: the ways back in are taken away, proven, attested, and given back when it was a false alarm."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.installation import ALICE, BOB, CAROL, SEC_INC, Installation
from tests.sandbox.slack.state import Message
from tests.scenarios.steps import (
    access_of,
    actions,
    attest,
    becomes,
    current,
    deny,
    direct,
    form,
    newcomer,
    press,
    press_step,
    revocation_id,
    shown_text,
    shows,
    told,
    whispered,
)
from workers.domain.step import Kind, StepState


@pytest.fixture(scope="module")
def slow() -> Iterator[Installation]:
    """Follow-ups start an hour later by themselves, so that each test starts its own."""
    with Installation.fresh(REVOKE_FOLLOW_UP_DELAY="1h") as made:
        yield made


def given(installation: Installation, name: str, *, groups: int = 0, assignments: int = 1) -> str:
    """Somebody new with this much access; returns the user ID."""
    user_id = newcomer(installation, name)
    sets = list(installation.seed.permission_sets.values())
    pairs = [(account, one) for one in sets for account in installation.seed.accounts.values()]
    for account, permission_set in pairs[:assignments]:
        installation.aws.assign(user_id, account, permission_set)
    for number in range(groups):
        installation.aws.join(user_id, installation.aws.add_group(f"{name}-group-{number}"))
    return user_id


def state(installation: Installation, card: Message, kind: Kind) -> StepState | None:
    step = installation.store.get(revocation_id(card)).step(kind)
    return step.state if step else None


def settles(
    installation: Installation, card: Message, kind: Kind, wanted: StepState, timeout: float = 20
) -> None:
    installation.until(lambda: state(installation, card, kind) is wanted, timeout)


def test_access_goes_after_the_delay_by_itself() -> None:
    with Installation.fresh(REVOKE_FOLLOW_UP_DELAY="2s") as made:
        mallory = made.seed.users["mallory"]
        card = deny(made, "@mallory key leaked")
        assert access_of(made, mallory)["assignments"]

        for kind in (Kind.ASSIGNMENTS, Kind.MEMBERSHIPS, Kind.APPLICATIONS):
            settles(made, card, kind, StepState.DONE)
        left = access_of(made, mallory)
        assert (left["assignments"], left["groups"], left["entitlements"]) == ([], [], [])
        assert "done, 2 removed, read back" in told(made, card, "Account assignments of").text
        group_rows = [row for user in made.aws.state()["users"] for row in user["assignments"]]
        assert all(row["PrincipalType"] in ("USER", "GROUP") for row in group_rows)
        deleted = [call["params"]["PrincipalType"] for call in made.aws.calls("DeleteAccountAssignment")]
        assert set(deleted) == {"USER"}, "a group's own assignment is everybody's"


def test_start_now_does_not_wait_and_wait_stops_until_start(slow: Installation) -> None:
    user_id = given(slow, "started", groups=1)
    card = deny(slow, "started key leaked")
    press(slow, card, "follow_ups_wait", user=BOB)
    told(slow, card, "stopped")
    time.sleep(1)
    assert access_of(slow, user_id)["assignments"]

    press(slow, card, "follow_ups_start")
    settles(slow, card, Kind.ASSIGNMENTS, StepState.DONE)
    settles(slow, card, Kind.MEMBERSHIPS, StepState.DONE)
    assert access_of(slow, user_id)["assignments"] == []
    assert access_of(slow, user_id)["groups"] == []


def test_what_the_deny_does_not_reach_goes_at_once_and_nothing_else() -> None:
    with Installation.fresh(aws_seed={"management_assignment": True}, REVOKE_FOLLOW_UP_DELAY="1h") as made:
        mallory, management = made.seed.users["mallory"], made.seed.management_account
        card = deny(made, "@mallory key leaked")

        def gone() -> bool:
            rows = access_of(made, mallory)["assignments"]
            return management not in {row["AccountId"] for row in rows}

        made.until(gone)
        assert access_of(made, mallory)["assignments"], "what is denied waits for the delay"
        assert "Denied" in card.text
        made.until(lambda: " in " not in current(made, card.channel, card.ts).text.split(".")[0])


def test_a_deletion_that_fails_is_named_with_awss_reason_and_retry_takes_it(slow: Installation) -> None:
    user_id = given(slow, "failing")
    card = deny(slow, "failing key leaked")
    slow.aws.fail_assignments("The role is protected by an SCP of its own")
    press(slow, card, "follow_ups_start")

    failed = told(slow, card, "Needs you")
    assert "The role is protected by an SCP of its own" in failed.text
    assert failed.reply_broadcast
    press_step(slow, card, "step_retry", "assignments")
    settles(slow, card, Kind.ASSIGNMENTS, StepState.DONE)
    assert access_of(slow, user_id)["assignments"] == []


def test_one_that_hangs_delays_no_other_and_not_the_card(slow: Installation) -> None:
    user_id = given(slow, "hanging", groups=1, assignments=2)
    card = deny(slow, "hanging key leaked")
    slow.aws.hang_assignments()
    press(slow, card, "follow_ups_start")

    settles(slow, card, Kind.MEMBERSHIPS, StepState.DONE)
    settles(slow, card, Kind.APPLICATIONS, StepState.DONE)
    shows(slow, card, "1 of 2")
    assert state(slow, card, Kind.ASSIGNMENTS) is StepState.RUNNING
    assert access_of(slow, user_id)["groups"] == []
    slow.aws.end_hanging()
    settles(slow, card, Kind.ASSIGNMENTS, StepState.DONE, 40)


def test_killed_in_the_middle_nothing_is_deleted_twice_and_all_of_it_goes(slow: Installation) -> None:
    user_id = given(slow, "killed", assignments=8)
    card = deny(slow, "killed key leaked")
    slow.aws.dials(assignment_ms=3000)
    slow.aws.reset_calls()
    press(slow, card, "follow_ups_start")
    slow.until(lambda: len(slow.aws.calls("DeleteAccountAssignment")) >= 3)
    slow.signal_child("assignments")

    settles(slow, card, Kind.ASSIGNMENTS, StepState.DONE, 60)
    slow.aws.dials(assignment_ms=0)
    taken = [call for call in slow.aws.calls("DeleteAccountAssignment") if not call.get("error")]
    times = Counter((c["params"]["TargetId"], c["params"]["PermissionSetArn"]) for c in taken)
    assert len(times) == 8
    assert set(times.values()) == {1}
    assert access_of(slow, user_id)["assignments"] == []


def test_no_rights_for_one_step_is_said_and_stops_no_other(slow: Installation) -> None:
    user_id = given(slow, "norights", groups=1)
    card = deny(slow, "norights key leaked")
    slow.aws.deny("DeleteGroupMembership")
    press(slow, card, "follow_ups_start")

    assert "identitystore:DeleteGroupMembership" in told(slow, card, "Needs you").text
    settles(slow, card, Kind.ASSIGNMENTS, StepState.DONE)
    assert access_of(slow, user_id)["groups"] != []
    slow.aws.clear_faults()


def test_a_group_of_the_identity_provider_is_named_because_it_will_put_them_back(slow: Installation) -> None:
    user_id = newcomer(slow, "synced")
    group = slow.aws.add_group("From Okta", synced=True)
    slow.aws.join(user_id, group)
    card = deny(slow, "synced key leaked")
    press(slow, card, "follow_ups_start")
    settles(slow, card, Kind.MEMBERSHIPS, StepState.DONE)
    shows(slow, card, "From Okta belongs to your identity provider")


def test_the_snapshot_is_taken_before_and_can_be_exported(slow: Installation) -> None:
    given(slow, "exported", groups=1, assignments=2)
    card = deny(slow, "exported key leaked")
    press(slow, card, "follow_ups_start")
    settles(slow, card, Kind.ASSIGNMENTS, StepState.DONE)
    settles(slow, card, Kind.MEMBERSHIPS, StepState.DONE)

    out = slow.terminal("snapshot", revocation_id(card))
    assert out.returncode == 0, out.stderr
    exported = json.loads(out.stdout)
    assert len(exported["snapshot"]["assignments"]) == 2
    assert len(exported["snapshot"]["memberships"]) == 1


# --- the way back ---


def approved(installation: Installation, card: Message, user: str = CAROL) -> Any:
    installation.until(lambda: "approval_give" in actions(current(installation, card.channel, card.ts)), 40)
    return installation.slack.click(user, card.channel, card.ts, "approval_give")


def test_a_false_alarm_in_the_first_minutes_costs_nothing(slow: Installation) -> None:
    user_id = given(slow, "twominutes", groups=1)
    before = access_of(slow, user_id)
    card = deny(slow, "twominutes a wrong name")
    press(slow, card, "revocation_false_alarm")
    assert slow.slack.submit(ALICE, form(slow, ALICE)["id"]).ok
    approved(slow, card, user=ALICE)
    whispered(slow, ALICE, "another approver must give the second yes")
    approved(slow, card)
    becomes(slow, card, "Released")
    assert access_of(slow, user_id)["assignments"] == before["assignments"]
    assert user_id not in slow.aws.denied()


def test_a_false_alarm_gives_back_what_was_taken_while_still_denied_and_then_releases(
    slow: Installation,
) -> None:
    user_id = given(slow, "mistake", groups=2, assignments=3)
    before = access_of(slow, user_id)
    card = deny(slow, "mistake a wrong name")
    press(slow, card, "follow_ups_start")
    settles(slow, card, Kind.ASSIGNMENTS, StepState.DONE)
    settles(slow, card, Kind.MEMBERSHIPS, StepState.DONE)
    assert access_of(slow, user_id)["assignments"] == []

    press(slow, card, "revocation_false_alarm", user=BOB)
    assert slow.slack.submit(BOB, form(slow, BOB)["id"]).ok
    approved(slow, card)
    becomes(slow, card, "Released", timeout=40)

    after = access_of(slow, user_id)
    assert _rows(after) == _rows(before)
    assert set(after["groups"]) == set(before["groups"])
    events = [entry["event"] for entry in slow.log(revocation_id(card))]
    assert events.index("giving_back") < events.index("taken_off")


def test_restore_is_refused_while_sessions_and_credentials_are_open_unless_nothing_was_lost(
    slow: Installation,
) -> None:
    user_id = given(slow, "givenback")
    card = deny(slow, "givenback key leaked")
    press(slow, card, "follow_ups_start")
    settles(slow, card, Kind.ASSIGNMENTS, StepState.DONE)

    press(slow, card, "revocation_restore")
    view = form(slow, ALICE)
    refused = slow.slack.submit(ALICE, view["id"])
    assert refused.body["errors"], refused
    box = next(block for block in view["blocks"] if block.get("element", {}).get("type") == "checkboxes")
    option = box["element"]["options"][0]["value"]
    ticked = {box["block_id"]: {box["element"]["action_id"]: [option]}}
    assert slow.slack.submit(ALICE, view["id"], ticked).ok
    approved(slow, card)

    slow.until(lambda: access_of(slow, user_id)["assignments"], 40)
    assert user_id in slow.aws.denied(), "a restore alone releases nobody"


def _rows(access: dict[str, Any]) -> set[tuple[str, str]]:
    return {(row["AccountId"], row["PermissionSetArn"]) for row in access["assignments"]}


# --- sign-in ---


@pytest.fixture(scope="module")
def scim() -> Iterator[Installation]:
    with Installation.fresh(scim=True, REVOKE_FOLLOW_UP_DELAY="1h") as made:
        yield made


def test_scim_waits_for_the_sessions_and_is_read_back(scim: Installation) -> None:
    user_id = newcomer(scim, "scimmed")
    card = deny(scim, "scimmed key leaked")
    press(scim, card, "follow_ups_start")
    settles(scim, card, Kind.ASSIGNMENTS, StepState.DONE)
    assert access_of(scim, user_id)["UserStatus"] == "ENABLED"

    attest(scim, card, "sessions")
    settles(scim, card, Kind.SIGN_IN, StepState.DONE)
    assert access_of(scim, user_id)["UserStatus"] == "DISABLED"


def test_disable_now_anyway_does_not_wait_for_the_sessions(scim: Installation) -> None:
    user_id = newcomer(scim, "anyway")
    card = deny(scim, "anyway key leaked")
    press(scim, card, "follow_ups_start")
    press(scim, card, "sign_in_disable_anyway")
    settles(scim, card, Kind.SIGN_IN, StepState.DONE)
    assert access_of(scim, user_id)["UserStatus"] == "DISABLED"


@pytest.mark.parametrize(
    ("status", "words"), [(401, "token"), (404, "knows no user"), (403, "SCIM")], ids=["401", "404", "403"]
)
def test_a_scim_refusal_is_said_with_what_to_do(scim: Installation, status: int, words: str) -> None:
    assert scim.scim is not None
    newcomer(scim, f"refused-{status}")
    card = deny(scim, f"refused-{status} key leaked")
    scim.scim.fault("status", status=status)
    press(scim, card, "follow_ups_start")
    attest(scim, card, "sessions")
    settles(scim, card, Kind.SIGN_IN, StepState.FAILED)
    assert words.lower() in told(scim, card, "Needs you").text.lower()
    scim.scim.clear_faults()
    press_step(scim, card, "step_retry", "sign_in")
    settles(scim, card, Kind.SIGN_IN, StepState.DONE)


@pytest.mark.parametrize("status", [409, 429, 500])
def test_a_scim_server_that_is_busy_is_tried_again(scim: Installation, status: int) -> None:
    assert scim.scim is not None
    newcomer(scim, f"busy-{status}")
    card = deny(scim, f"busy-{status} key leaked")
    scim.scim.fault("status", status=status)
    press(scim, card, "follow_ups_start")
    attest(scim, card, "sessions")
    settles(scim, card, Kind.SIGN_IN, StepState.DONE, 30)


def test_sign_in_disabled_by_hand_turns_green_by_awss_word_alone(slow: Installation) -> None:
    user_id = newcomer(slow, "byhand")
    card = deny(slow, "byhand key leaked")
    attest(slow, card, "sign_in")
    shows(slow, card, "AWS has not said so yet")
    assert state(slow, card, Kind.SIGN_IN) is StepState.OPEN

    slow.aws.set_status(user_id, "DISABLED")
    attest(slow, card, "sessions")
    settles(slow, card, Kind.SIGN_IN, StepState.DONE)


def test_access_that_comes_back_while_denied_is_told_and_removed_again() -> None:
    with Installation.fresh(REVOKE_TIME_SCALE="600") as made:
        user_id = newcomer(made, "comeback")
        card = deny(made, "comeback key leaked")
        settles(made, card, Kind.ASSIGNMENTS, StepState.DONE)
        made.aws.assign(user_id, made.seed.accounts["prod"], made.seed.permission_sets["ReadOnlyAccess"])
        assert told(made, card, "came back").reply_broadcast
        made.until(lambda: access_of(made, user_id)["assignments"] == [])


def test_who_is_assigned_hears_of_it_directly(slow: Installation) -> None:
    newcomer(slow, "delegated")
    card = deny(slow, "delegated key leaked")
    press_step(slow, card, "step_assign", "credentials")
    view = form(slow, ALICE)
    assert slow.slack.submit(ALICE, view["id"], {"assignee": {"assignee": CAROL}}).ok
    message = direct(slow, CAROL, "is yours")
    assert slow.slack.click(CAROL, message.channel, message.ts, "step_attest").ok
    assert slow.slack.submit(CAROL, form(slow, CAROL)["id"]).ok
    settles(slow, card, Kind.CREDENTIALS, StepState.ATTESTED)
    assert card.channel == SEC_INC
    assert "attested by" in shown_text(shows(slow, card, "attested by"))
