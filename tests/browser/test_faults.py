"""Something is broken from the page; the promises hold, and it heals."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor
from tests.sandbox.playground.playground import Playground

SOON = 60_000


@pytest.fixture
def card(alice: Visitor, playground: Playground, request: pytest.FixtureRequest) -> Locator:
    """Of somebody of this test's own, ready to be denied."""
    name = f"q{abs(hash(request.node.name)) % 10**6}"
    playground.installation.aws.add_user(name, f"Target {name}", f"{name}@example.com")
    alice.types(f"/revoke {name} a drill")
    found = alice.card(f"Target {name}")
    alice.reads(found, "Access: no access")
    return found


def test_while_the_workers_are_dead_nobody_is_called_denied_and_afterwards_they_are(
    alice: Visitor, card: Locator
) -> None:
    alice.breaks("Workers killed")
    alice.presses(card, "Deny now", sure=True)
    expect(alice.page.locator("#denied")).to_have_count(0)
    expect(card).to_contain_text("Not denied yet")
    alice.mends("Workers killed")
    alice.reads(card, "Written to the Deny policy and read back", within=SOON)
    expect(alice.denied()).to_contain_text("Target")


def test_whoever_was_confirmed_is_denied_while_slack_is_down_and_the_card_catches_up(
    alice: Visitor, card: Locator, playground: Playground
) -> None:
    playground.installation.aws.latency(1500, "UpdatePolicy")
    alice.presses(card, "Deny now", sure=True)
    alice.breaks("Slack is down")
    expect(alice.page.locator("#outage")).to_be_visible()
    expect(alice.page.locator("#composer")).to_contain_text("nobody can send anything")
    expect(alice.denied()).to_contain_text("Target", timeout=SOON)
    playground.installation.aws.latency(0, "UpdatePolicy")
    alice.mends("Slack is down")
    alice.reads(card, "Written to the Deny policy and read back", within=SOON)


def test_while_aws_throttles_the_card_says_not_denied_and_afterwards_denied(
    alice: Visitor, card: Locator
) -> None:
    alice.breaks("AWS throttles")
    alice.presses(card, "Deny now", sure=True)
    alice.lets_pass(1)
    alice.reads(card, "NOT DENIED", within=SOON)
    alice.mends("AWS throttles")
    alice.reads(card, "Written to the Deny policy and read back", within=SOON)


def test_a_write_that_meets_somebody_elses_is_tried_until_it_is_read_back(
    alice: Visitor, card: Locator
) -> None:
    alice.breaks("Somebody else is writing")
    alice.presses(card, "Deny now", sure=True)
    alice.reads(card, "Written to the Deny policy and read back", within=SOON)
    calls = alice.opens("Calls")
    calls.get_by_label("Only what changes something").check()
    expect(calls.get_by_text("ConcurrentModificationException").first).to_be_visible()


def test_a_list_that_was_emptied_by_hand_is_filled_again(alice: Visitor, card: Locator) -> None:
    alice.presses(card, "Deny now", sure=True)
    alice.reads(card, "Written to the Deny policy and read back")
    target = alice.denied().locator("li").filter(has_text="Target").last
    expect(target).to_be_visible()
    everybody = alice.denied().locator("li").count()
    alice.opens("Break it").get_by_role("button", name="Empty the deny list by hand").click()
    alice.opens("Deny policy")
    expect(alice.page.locator("#tab-page")).to_contain_text("Nobody is denied")
    expect(alice.denied().locator("li")).to_have_count(everybody, timeout=SOON)
    alice.reads(alice.page.locator("#messages"), "by hand", within=SOON)


def test_a_policy_of_another_shape_is_left_alone_and_a_person_is_asked_for(
    alice: Visitor, card: Locator
) -> None:
    alice.breaks("Break the policy's shape by hand")
    alice.presses(card, "Deny now", sure=True)
    alice.reads(card, "NOT DENIED", within=SOON)
    alice.opens("Deny policy")
    expect(alice.page.locator("#document")).to_contain_text("MultiFactorAuthPresent")
    alice.mends("Break the policy's shape by hand")
    alice.reads(card, "Written to the Deny policy and read back", within=SOON)


def test_nothing_recorded_is_lost_when_redis_is_killed(alice: Visitor, card: Locator) -> None:
    alice.presses(card, "Deny now", sure=True)
    alice.reads(card, "Written to the Deny policy and read back")
    alice.breaks("Redis killed")
    alice.types("/revoke list")
    alice.is_told("Redis cannot be reached")
    alice.mends("Redis killed")
    alice.types("/revoke list")
    alice.is_told(card.locator("h3").inner_text().removeprefix("Denied: "))
