"""`make screenshots`: the main states of the demo's page, as pictures in docs/screenshots/."""

from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.chromium import chromium
from tests.browser.visitor import REPLIES, SEC_INC, Visitor
from tests.sandbox.installation import ALICE, BOB
from tests.sandbox.playground.playground import Playground

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
INTO_VIEW = "(one) => one.scrollIntoView({ block: 'nearest' })"
"""At once: a card that changes meanwhile is another element."""

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
    alice.types("/revoke @mallory key leaked in a CI log")
    card = alice.card("Mallory Moss")
    alice.reads(card, "Access: 3 accounts")
    alice.presses(card, "Deny now", sure=True)
    alice.reads(card, "Denied: Mallory Moss")
    _settled(alice)
    card.locator("h3").evaluate(INTO_VIEW)
    yield "denied", alice
    alice.presses(card, "Start now")
    alice.reads(card, "the bot's part is done")
    yield from _shift_end(alice, _window(browser, playground, BOB))
    yield from _false_alarm(browser, playground)
    yield from _trouble(browser, playground)


def _shift_end(alice: Visitor, bob: Visitor) -> Iterator[tuple[str, Visitor]]:
    """Handed over, before it is accepted."""
    alice.types(
        "/revoke handoff @bob The key was in the build log of Friday. Watch the build server tonight."
    )
    handoff = bob.handoff("@alice hands over")
    bob.reads(handoff.get_by_role("button", name=REPLIES), "1 reply")
    bob.opens("People")
    handoff.get_by_role("button", name=REPLIES).evaluate(INTO_VIEW)
    yield "handoff", bob
    bob.opens("Deny policy")
    bob.page.locator("#apps button").click()
    bob.reads(bob.page.locator("#messages .home"), "Room for ")
    yield "app-home", bob
    bob.goes(SEC_INC)
    bob.presses(handoff, "Accept")
    alice.reads(alice.card("Mallory Moss"), "Owner: @bob")


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
    approve.evaluate(INTO_VIEW)
    bob.opens("People")
    yield "false-alarm", bob
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
    card.locator("h3").evaluate(INTO_VIEW)
    yield "not-denied", alice
    phone = _window(browser, playground, viewport=PHONE)
    phone.card("Bob Berg").locator("h3").evaluate(INTO_VIEW)
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
