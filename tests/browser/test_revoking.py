"""What the bot is for, from the command to the clean-up, as somebody sees it who never saw it before."""

import time

from playwright.sync_api import expect

from tests.browser.conftest import Visitors
from tests.browser.visitor import GENERAL, Visitor
from tests.sandbox.installation import BOB, CAROL
from tests.sandbox.playground.playground import Playground
from tests.sandbox.slack.seed import EVE, EXT, SHARED

WHOLE_TOUR = 120
NORA = "U0NORA0001"


def test_the_first_run_takes_a_newcomer_from_the_command_to_the_clean_up_in_two_minutes(
    alice: Visitor,
) -> None:
    began = time.monotonic()
    guide = alice.page.locator("#guide")

    guide.get_by_role("button", name="Type it for me").click()
    expect(alice.page.locator("#message-text")).to_have_value("/revoke @mallory key leaked in a CI log")
    alice.page.keyboard.press("Enter")
    alice.is_told("Nothing is denied yet")
    card = alice.card("Mallory Moss")
    alice.reads(card, "Not denied yet")

    alice.reads(guide, "step 2 of 5")
    guide.get_by_role("button", name="Show me where").click()
    expect(card.get_by_role("button", name="Deny now")).to_be_focused()
    alice.presses(card, "Deny now", sure=True)
    alice.reads(card, "Denied: Mallory Moss")
    expect(alice.denied()).to_have_text("Mallory Moss")

    alice.reads(guide, "step 3 of 5")
    guide.get_by_role("button", name="Show me where").click()
    alice.presses(card, "Start now")
    mallory = alice.opens("People").locator("[data-user=mallory]")
    alice.reads(mallory, "No access is left")
    alice.reads(card, "the bot's part is done")

    alice.reads(guide, "step 4 of 5")
    alice.presses(card, "Done", block="step.sessions")
    alice.sends()
    alice.reads(card, "attested by")

    alice.reads(guide, "step 5 of 5")
    guide.get_by_role("button", name="+12 h").click()
    alice.reads(guide.locator(".now"), "+1 h", within=60_000)
    alice.reads(alice.page.locator("#messages"), "comes off the Deny policy at")
    guide.get_by_role("button", name="+1 h").click()
    alice.reads(card, "Off the deny list, watched")
    alice.reads(guide, "That was a revocation")
    alice.opens("Deny policy")
    alice.reads(alice.page.locator("#tab-page"), "Nobody is denied")
    assert time.monotonic() - began < WHOLE_TOUR


def test_a_false_alarm_is_undone_once_a_second_person_approved_it(
    alice: Visitor, visit: Visitors, playground: Playground
) -> None:
    aws, seed = playground.installation.aws, playground.installation.seed
    nadia = aws.add_user("nadia", "Nadia North", "nadia@example.com")
    aws.assign(nadia, seed.accounts["prod"], seed.permission_sets["ReadOnlyAccess"])
    alice.types("/revoke nadia a wrong alert")
    card = alice.card("Nadia North")
    alice.presses(card, "Deny now", sure=True)
    alice.presses(card, "Start now")
    person = alice.opens("People").locator("[data-user=nadia]")
    alice.reads(person, "No access is left")
    alice.reads(card, "the bot's part is done")

    alice.presses(card, "False alarm")
    alice.reads(alice.form, "Nadia North gets back what was taken")
    alice.form.locator("textarea, input[type=text]").first.fill("the key was a test key")
    alice.sends()
    alice.reads(card, "waits for a second person")

    bob = visit(BOB)
    seen_by_bob = bob.card("Nadia North")
    bob.presses(seen_by_bob, "Approve both", sure=True)
    bob.reads(seen_by_bob, "Released")

    alice.reads(person, "prod (ReadOnlyAccess)")
    expect(person).not_to_contain_text("denied")


def test_the_target_has_no_say_and_sees_nothing_of_the_incident_channel(
    alice: Visitor, visit: Visitors, playground: Playground
) -> None:
    playground.installation.aws.add_user("nora", "Nora Noon", "nora@example.com")
    playground.installation.slack.add_person(NORA, "nora", real_name="Nora Noon", email="nora@example.com")
    playground.installation.slack.join(GENERAL, NORA)
    alice.types("/revoke @nora key leaked")
    card = alice.card("Nora Noon")
    alice.presses(card, "Deny now", sure=True)
    alice.reads(card, "Denied: Nora Noon")

    target = visit(NORA, channel=GENERAL)
    expect(target.page.locator("#channels")).not_to_contain_text("sec-inc")
    for words in ("/revoke release @nora it was not me", "/revoke @alice revenge"):
        target.types(words)
        target.is_told("no say")
    expect(alice.denied()).to_contain_text("Nora Noon")
    expect(card).to_contain_text("Denied: Nora Noon")


def test_neither_a_guest_nor_a_stranger_can_deny_anybody(visit: Visitors) -> None:
    guest = visit(EVE, channel=SHARED)
    guest.types("/revoke @bob for fun")
    guest.is_told("Only full members")
    stranger = visit(EXT, channel=SHARED)
    stranger.types("/revoke @bob for fun")
    stranger.is_told("/revoke is not a valid command")


def test_a_card_that_nobody_decided_expires_and_says_that_nobody_is_denied(
    alice: Visitor, playground: Playground
) -> None:
    playground.installation.aws.add_user("omar", "Omar Old", "omar@example.com")
    alice.types("/revoke omar looked odd")
    card = alice.card("Omar Old")
    alice.reads(card, "Deny now")
    alice.lets_pass(1)
    alice.reads(card, "Expired")
    expect(card.get_by_role("button", name="Deny now")).to_have_count(0)
    expect(card.get_by_role("button", name="Ask again")).to_be_visible()
    alice.reads(alice.page.locator("#messages"), "nobody pressed Deny now")
    expect(alice.denied()).not_to_contain_text("Omar Old")


def test_what_must_be_filled_in_is_said_beside_its_field(alice: Visitor, playground: Playground) -> None:
    playground.installation.aws.add_user("pia", "Pia Plain", "pia@example.com")
    alice.types("/revoke pia key leaked")
    card = alice.card("Pia Plain")
    alice.presses(card, "Deny now", sure=True)
    alice.presses(card, "Assign", block="step.slack")
    alice.sends()
    expect(alice.form.locator(".wrong:visible")).to_have_text("This is a required field")
    alice.form.get_by_label("Who does it").select_option(CAROL)
    alice.sends()
    expect(alice.form).to_have_count(0)
    alice.reads(card, "Slack: open · @carol")
