"""The 12-hour clean-up, with twelve hours shortened to five seconds: never early, only when proven, never unseen."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.sandbox.installation import ALICE, CAROL, SEC_INC, Installation
from tests.scenarios.steps import (
    access_of,
    actions,
    attest,
    becomes,
    current,
    deny,
    newcomer,
    press,
    revocation_id,
    thread,
    told,
)

SCALE = 8640
HOLD = 12 * 3600 / SCALE


@pytest.fixture(scope="module")
def quick() -> Iterator[Installation]:
    with Installation.fresh(REVOKE_TIME_SCALE=str(SCALE)) as made:
        yield made


def test_somebody_without_access_comes_off_after_the_hold_and_a_notice(quick: Installation) -> None:
    user_id = newcomer(quick, "proven")
    card = deny(quick, "proven has no access at all")

    notice = told(quick, card, "comes off the Deny policy at")
    becomes(quick, card, "Off the deny list, watched")

    assert notice.reply_broadcast
    assert user_id not in quick.aws.denied()
    events = {entry["event"]: datetime.fromisoformat(entry["at"]) for entry in quick.log(revocation_id(card))}
    assert events["taken_off"] - events["written"] >= timedelta(seconds=HOLD)
    assert events["written"] < events["told_notice"] < events["proven"] < events["taken_off"]


def test_somebody_with_access_is_held_with_the_reason_and_comes_off_once_it_is_gone(
    quick: Installation,
) -> None:
    mallory = quick.seed.users["mallory"]
    quick.aws.deny("DeleteAccountAssignment")
    quick.aws.deny("DeleteGroupMembership")
    card = deny(quick, "@mallory key leaked")
    becomes(quick, card, "Held")

    held = told(quick, card, "Access is left: 2 direct assignments, 1 assignment through groups")
    assert held.reply_broadcast
    assert mallory in quick.aws.denied()

    quick.aws.clear_faults()
    _take_access_away(quick, mallory)
    gone = time.monotonic()
    becomes(quick, card, "Off the deny list, watched")

    assert time.monotonic() - gone >= HOLD
    assert mallory not in quick.aws.denied()


def test_the_clock_starts_anew_when_access_comes_back(quick: Installation) -> None:
    user_id = newcomer(quick, "comeback")
    card = deny(quick, "comeback gets access again")
    time.sleep(HOLD / 2)
    account, permission_set = quick.seed.accounts["prod"], quick.seed.permission_sets["ReadOnlyAccess"]
    quick.aws.assign(user_id, account, permission_set)
    time.sleep(2.5)
    quick.aws.unassign(user_id, account, permission_set)
    gone = time.monotonic()

    becomes(quick, card, "Off the deny list, watched")
    assert time.monotonic() - gone >= HOLD - 0.1


def test_a_hold_from_the_notice_stops_the_clean_up_until_two_people_release(quick: Installation) -> None:
    user_id = newcomer(quick, "held-back")
    card = deny(quick, "held-back somebody doubts")
    notice = told(quick, card, "comes off the Deny policy at")
    quick.slack.click(ALICE, SEC_INC, notice.ts, "revocation_hold_until_released")
    becomes(quick, card, "Held")
    time.sleep(HOLD + 2)
    assert user_id in quick.aws.denied()

    press(quick, card, "revocation_release", user=ALICE)
    quick.until(lambda: "approval_give" in actions(current(quick, SEC_INC, card.ts)))
    press(quick, card, "approval_give", user=CAROL)
    becomes(quick, card, "Released")
    assert user_id not in quick.aws.denied()


def test_nobody_comes_off_on_a_notice_that_could_not_be_posted(quick: Installation) -> None:
    user_id = newcomer(quick, "unseen")
    card = deny(quick, "unseen Slack goes down before the notice")
    told(quick, card, "Denied")
    quick.slack.fault("*", "http_500", times=None)
    time.sleep(HOLD + 3)
    assert user_id in quick.aws.denied()

    quick.slack.clear_faults()
    becomes(quick, card, "Off the deny list, watched", timeout=30)
    assert any("comes off the Deny policy at" in text for text in thread(quick, card))


def test_access_that_comes_back_while_watched_is_told(quick: Installation) -> None:
    user_id = newcomer(quick, "watched")
    card = deny(quick, "watched afterwards")
    becomes(quick, card, "Off the deny list, watched")

    quick.aws.assign(user_id, quick.seed.accounts["prod"], quick.seed.permission_sets["ReadOnlyAccess"])

    assert told(quick, card, "Access came back").reply_broadcast


def test_without_scheduler_and_workers_for_a_while_it_is_late_and_not_lost(quick: Installation) -> None:
    user_id = newcomer(quick, "late")
    card = deny(quick, "late the workers are down at the due time")
    quick.stop("workers")
    time.sleep(HOLD + 1)
    assert user_id in quick.aws.denied()

    quick.start_workers()
    becomes(quick, card, "Off the deny list, watched")


def test_clocks_that_disagree_hold_everybody(quick: Installation) -> None:
    user_id = newcomer(quick, "two-clocks")
    card = deny(quick, "two-clocks AWS's clock is an hour off")
    quick.aws.dials(date_skew_s=3600)
    becomes(quick, card, "Held")

    assert told(quick, card, "clock and AWS's are")
    assert user_id in quick.aws.denied()
    quick.aws.dials(date_skew_s=0)
    becomes(quick, card, "Off the deny list, watched")


@pytest.mark.parametrize("mode", ["ask", "never"])
def test_the_other_modes_take_nobody_off_unasked(mode: str) -> None:
    with Installation.fresh(REVOKE_TIME_SCALE=str(SCALE), REVOKE_CLEAN_UP=mode) as installation:
        user_id = newcomer(installation, "modal")
        card = deny(installation, "modal")
        if mode == "never":
            becomes(installation, card, "Held")
            assert "REVOKE_CLEAN_UP is" in told(installation, card, "Held").text
        else:
            told(installation, card, "asks to release")
        time.sleep(1.5)
        assert user_id in installation.aws.denied()
        if mode == "ask":
            press(installation, card, "approval_give", user=CAROL)
            becomes(installation, card, "Off the deny list, watched")
            assert user_id not in installation.aws.denied()


def test_disabled_sign_in_and_ended_sessions_are_a_proof_too_and_sign_in_that_comes_back_is_denied_again() -> (
    None
):
    with Installation.fresh(REVOKE_TIME_SCALE=str(SCALE), REVOKE_FOLLOW_UPS="none") as installation:
        mallory = installation.seed.users["mallory"]
        card = deny(installation, "@mallory key leaked")
        attest(installation, card, "sessions")
        installation.aws.set_status(mallory, "DISABLED")
        shut = time.monotonic()

        becomes(installation, card, "Off the deny list, watched", timeout=30)
        assert time.monotonic() - shut >= HOLD
        assert mallory not in installation.aws.denied()
        assert access_of(installation, mallory)["assignments"], "the settings left them to people"

        installation.aws.set_status(mallory, "ENABLED")
        told(installation, card, "Sign-in came back")
        press(installation, card, "revocation_deny_again")
        installation.until(lambda: mallory in installation.aws.denied())
        becomes(installation, card, "Closed")


def _take_access_away(installation: Installation, user_id: str) -> None:
    user = next(user for user in installation.aws.state()["users"] if user["UserId"] == user_id)
    for group in user["groups"]:
        installation.aws.leave(user_id, group)
    for given in user["assignments"]:
        if given["PrincipalType"] == "USER":
            installation.aws.unassign(user_id, given["AccountId"], given["PermissionSetArn"])
