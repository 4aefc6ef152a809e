"""App Home and a mention in a thread, as somebody sees and presses them."""

from playwright.sync_api import Locator, expect

from tests.browser.conftest import Visitors
from tests.browser.visitor import SEC_INC, Visitor
from tests.sandbox.installation import BOB

THE_APP = "D0BOB00001"


def home(bob: Visitor) -> Locator:
    bob.goes(THE_APP)
    return bob.page.locator("#messages .home")


def test_app_home_shows_what_waits_denies_from_there_and_says_so(alice: Visitor, visit: Visitors) -> None:
    alice.types("/revoke @mallory key leaked")
    alice.reads(alice.card("Mallory Moss"), "Not denied yet")
    bob = visit(BOB)
    page = home(bob)
    bob.reads(page, "1 not denied")
    bob.reads(page, "Mallory Moss")
    bob.reads(page, "Room for ")

    bob.presses(page, "Deny now", sure=True)
    bob.reads(page, "Confirmed by @bob")
    alice.reads(alice.card("Mallory Moss"), "Denied: Mallory Moss")
    bob.presses(page, "Refresh")
    bob.reads(page, "1 denied")
    expect(page).not_to_contain_text("Confirmed by @bob")

    bob.becomes("U0MALLORY1")
    bob.goes("D0MALLORY1")
    page = bob.page.locator("#messages .home")
    bob.reads(page, "tell a responder now")
    expect(page).not_to_contain_text("Mallory")


def test_a_mention_in_the_thread_of_a_card_is_answered_there_with_the_next_button(alice: Visitor) -> None:
    alice.goes(SEC_INC)
    card = alice.card("Mallory Moss")
    alice.reads(card, "Denied: Mallory Moss")
    card.hover()
    card.get_by_role("button", name="Reply", exact=True).click()
    box = alice.page.locator("#reply-text")
    box.fill("@revoke status")
    box.press("Enter")
    answer = alice.page.locator("#replies .whisper", has_text="Denied").last
    alice.reads(answer, "Only visible to you")
    expect(answer.get_by_role("button", name="Done", exact=True)).to_be_visible()
    alice.presses(answer, "Done")
    expect(alice.form).to_be_visible()
