"""`make screenshots`: the main states of the demo's page, as pictures in docs/screenshots/."""

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.chromium import chromium
from tests.browser.visitor import Visitor
from tests.sandbox.installation import ALICE, BOB
from tests.sandbox.playground.playground import Playground

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
READER = {"locale": "en-GB", "timezone_id": "UTC"}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, Playground.fresh() as playground:
        for name, visitor in _states(browser, playground):
            visitor.page.locator("#toasts .link").evaluate_all("all => all.forEach((one) => one.click())")
            visitor.page.mouse.move(0, 0)
            visitor.page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
            print(FOLDER.name, f"{name}.png")


def _states(browser: Browser, playground: Playground) -> Iterator[tuple[str, Visitor]]:
    alice = _window(browser, playground)
    yield "first-run", alice
    alice.page.locator("#message-text").press_sequentially("/revoke @mal")
    yield "picker", alice
    alice.types("/revoke @mallory key leaked in a CI log")
    card = alice.card("Mallory Moss")
    alice.reads(card, "Access: 3 accounts")
    yield "not-denied-yet", alice
    alice.presses(card, "Deny now", sure=True)
    alice.reads(card, "Denied: Mallory Moss")
    _settled(alice)
    yield "denied", alice
    alice.presses(card, "Start now")
    alice.reads(alice.opens("People").locator("[data-user=mallory]"), "No access is left")
    alice.reads(card, "the bot's part is done")
    card.get_by_role("button", name="replies").click()
    yield "ways-back-in-taken-away", alice
    alice.page.get_by_label("Close the thread").click()
    alice.presses(card, "Done", block="step.sessions")
    expect(alice.form).to_be_visible()
    yield "form", alice
    alice.sends()
    alice.reads(card, "attested by")
    yield from _false_alarm(browser, playground)
    alice.lets_pass(12)
    alice.reads(alice.page.locator("#messages"), "comes off the Deny policy at")
    alice.lets_pass(1)
    alice.reads(card, "Off the deny list, watched")
    alice.opens("Deny policy")
    card.locator("h3").scroll_into_view_if_needed()
    yield "off-the-list", alice
    yield from _trouble(browser, playground)


def _false_alarm(browser: Browser, playground: Playground) -> Iterator[tuple[str, Visitor]]:
    alice = _window(browser, playground)
    alice.types("/revoke @carol an alert about somebody else")
    card = alice.card("Carol Chen")
    alice.presses(card, "Deny now", sure=True)
    alice.presses(card, "Start now")
    alice.reads(card, "the bot's part is done")
    alice.presses(card, "False alarm")
    alice.form.locator("textarea, input[type=text]").first.fill("the alert named another Carol")
    alice.sends()
    alice.reads(card, "waits for a second person")
    bob = _window(browser, playground, BOB)
    approve = bob.card("Carol Chen").get_by_role("button", name="Approve both")
    approve.scroll_into_view_if_needed()
    bob.opens("People")
    yield "false-alarm-waits-for-a-second-person", bob
    approve.click()
    bob.page.locator("#sure button[value=yes]").click()
    bob.reads(bob.card("Carol Chen"), "Released")


def _trouble(browser: Browser, playground: Playground) -> Iterator[tuple[str, Visitor]]:
    """At night, and on a phone."""
    alice = _window(browser, playground, color_scheme="dark")
    alice.types("/revoke @bob laptop stolen")
    card = alice.card("Bob Berg")
    alice.reads(card, "Access: 1 account")
    alice.breaks("AWS throttles")
    alice.presses(card, "Deny now", sure=True)
    alice.lets_pass(1)
    alice.reads(card, "NOT DENIED", within=60_000)
    card.locator("h3").scroll_into_view_if_needed()
    yield "not-denied-aws-throttles", alice
    phone = _window(browser, playground, viewport=PHONE)
    phone.card("Bob Berg").locator("h3").scroll_into_view_if_needed()
    yield "phone", phone
    alice.mends("AWS throttles")
    alice.reads(card, "read back at", within=60_000)


def _window(browser: Browser, playground: Playground, user: str = ALICE, **more: object) -> Visitor:
    context = browser.new_context(**{"viewport": DESK, **READER, **more})  # type: ignore[arg-type]
    return Visitor(context.new_page(), playground.url, user).arrive()


def _settled(visitor: Visitor) -> None:
    """The card is read to its end: what the access was is on it."""
    visitor.reads(visitor.page.locator("#messages"), "Last of its permission set")


if __name__ == "__main__":
    main()
