"""A shift ends: what is open is handed over in a thread, and passes to who accepts; as both of them see it."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.visitor import Visitor
from tests.sandbox.installation import ALICE, BOB
from tests.sandbox.playground.playground import Playground

NOTE = "watch the build server tonight"


@pytest.fixture
def card(alice: Visitor, playground: Playground, request: pytest.FixtureRequest) -> Locator:
    """Of somebody of this test's own, whom Alice denied."""
    name = f"q{abs(hash(request.node.name)) % 10**6}"
    playground.installation.aws.add_user(name, f"Target {name}", f"{name}@example.com")
    alice.types(f"/revoke {name} key leaked")
    found = alice.card(f"Target {name}")
    alice.presses(found, "Deny now", sure=True)
    alice.reads(found, f"Denied: Target {name}")
    alice.reads(found, "Owner: @alice")
    return found


def offered(alice: Visitor) -> Locator:
    """What Alice just handed over to Bob."""
    alice.types(f"/revoke handoff @bob {NOTE}")
    alice.is_told("You stay the owner until somebody accepts.")
    found = alice.handoff("@alice hands over")
    alice.reads(found, f"Note of @alice: {NOTE}")
    alice.reads(found, "Until it is accepted, @alice stays the owner.")
    expect(found.get_by_role("button", name="Accept")).to_be_in_viewport()
    return found


def test_what_is_accepted_changes_its_owner_and_the_thread_collects_what_happens_to_it(
    alice: Visitor, card: Locator
) -> None:
    target = card.locator("h3").inner_text().removeprefix("Denied: ")
    handoff = offered(alice)
    expect(handoff).to_contain_text(target)
    handoff.get_by_role("link", name="Open the card").last.click()
    expect(alice.card(target)).to_be_focused()
    alice.becomes(BOB)
    thread = alice.opens_thread(alice.handoff("@alice hands over"))
    alice.reads(thread, "@bob: you are asked to take this over.")

    alice.presses(alice.handoff(target), "Accept")
    alice.reads(alice.handoff(target), "Accepted by Bob Oncall")
    alice.reads(alice.card(target), "Owner: @bob")
    alice.reads(thread, "@bob accepted")
    expect(alice.handoff(target).get_by_role("button", name="Accept")).to_have_count(0)

    alice.presses(alice.card(target), "False alarm")
    alice.form.locator("textarea, input[type=text]").first.fill("a test key")
    alice.sends()
    alice.reads(thread, "@bob asks to undo a false alarm")


def test_what_is_declined_with_a_reason_goes_back_to_who_offered_it(alice: Visitor, card: Locator) -> None:
    offered(alice)
    alice.becomes(BOB)
    handoff = alice.handoff("@alice hands over")
    alice.presses(handoff, "Decline")
    alice.sends()
    expect(alice.form.locator(".wrong:visible")).to_have_text("This is a required field")
    alice.fills("Why not", "I am on a train")
    alice.sends()
    expect(alice.form).to_have_count(0)

    alice.reads(alice.handoff("I am on a train"), "Returned: handoff of ")
    alice.becomes(ALICE)
    alice.reads(alice.handoff("I am on a train"), "@alice stays the owner")
    thread = alice.opens_thread(alice.handoff("I am on a train"))
    alice.reads(thread, "@bob declined: I am on a train. Nobody who was asked is left.")
    expect(alice.card(card.locator("h3").inner_text())).to_contain_text("Owner: @alice")


def test_the_card_itself_can_be_handed_over_from_its_button_and_taken_back_at_once(
    alice: Visitor, card: Locator
) -> None:
    alice.presses(card, "Hand over")
    expect(alice.form).to_be_visible()
    alice.sends()
    alice.reads(alice.form, "Offered")
    alice.form.get_by_role("button", name="Close").click()
    alice.becomes(BOB)
    alice.presses(alice.card(card.locator("h3").inner_text()), "I own this now")
    alice.reads(card, "Owner: @bob")
