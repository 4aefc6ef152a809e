"""The page itself: safe, fast, for keyboards and small screens, and honest about what it cannot draw."""

import json
import statistics
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitors
from tests.browser.visitor import Visitor
from tests.sandbox.installation import BOB
from tests.sandbox.playground.playground import Playground

AT_ONCE = 500
"""Milliseconds from a click to the changed card."""

SHOWN = ["Confirmed by", "read back at"]
"""The card after Deny now was pressed: the first, or both in one where AWS was as fast."""

HOSTILE = "<img src=x onerror=alert(1)><b>bold</b>"

MEASURE = """([ts, words]) => {
  window.measured = new Promise((done) => {
    let began = 0;
    document.addEventListener("click", () => { began = performance.now(); }, { once: true, capture: true });
    const shown = () => document.querySelector(`#messages [data-ts="${ts}"]`)?.textContent ?? "";
    const watch = new MutationObserver(() => {
      if (began && words.some((one) => shown().includes(one))) { watch.disconnect(); done(performance.now() - began); }
    });
    watch.observe(document.querySelector("#messages"), { childList: true, subtree: true });
  });
}"""


def test_a_click_is_on_the_card_within_half_a_second(alice: Visitor, playground: Playground) -> None:
    took = []
    for name in ("tara", "timo", "tess"):
        playground.installation.aws.add_user(name, f"{name.title()} Timed", f"{name}@example.com")
        alice.types(f"/revoke {name} measured")
        card = alice.card(f"{name.title()} Timed")
        alice.reads(card, "Access: no access")
        alice.page.wait_for_timeout(1200)  # a card changes once a second at most, and nobody reads faster
        alice.presses(card, "Deny now")
        alice.page.evaluate(MEASURE, [card.get_attribute("data-ts"), SHOWN])
        alice.page.locator("#sure button[value=yes]").click()
        took.append(alice.page.evaluate("window.measured"))
    print(f"from the click to the card: {', '.join(f'{ms:.0f}' for ms in took)} ms")
    assert statistics.median(took) < AT_ONCE


def test_what_somebody_types_is_in_everybodys_window(alice: Visitor, visit: Visitors) -> None:
    bob = visit(BOB)
    alice.types("Good *morning*, @bob")
    said = bob.page.locator("#messages article", has_text="Good morning").last
    expect(said.locator("strong", has_text="morning")).to_be_visible()
    expect(said.locator(".mention.me")).to_have_text("@bob")


def test_text_from_outside_is_never_html(alice: Visitor, playground: Playground) -> None:
    playground.installation.aws.add_user("hank", HOSTILE, "hank@example.com")
    alice.types("/revoke hank <script>alert(2)</script>")
    alice.types(f"and {HOSTILE}")
    alice.reads(alice.card("User name: hank"), HOSTILE)
    alice.reads(alice.opens("People"), HOSTILE)
    for place in ("#messages", "#tab-page"):
        expect(alice.page.locator(f"{place} :is(img, b, script)")).to_have_count(0)


def test_the_page_asks_no_other_machine_and_lets_no_other_script_in(
    visit: Visitors, playground: Playground
) -> None:
    asked: list[str] = []
    alice = visit()
    alice.page.on("request", lambda request: asked.append(request.url))
    answer = alice.page.reload()
    expect(alice.page.locator("#guide-title")).to_be_visible()
    assert asked
    assert {urlsplit(url).netloc for url in asked} == {urlsplit(playground.url).netloc}
    assert answer is not None
    rules = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "trusted-types 'none'"} <= set(rules)


def test_a_block_that_cannot_be_drawn_is_shown_as_such(alice: Visitor, playground: Playground) -> None:
    video = {"type": "video", "title": {"type": "plain_text", "text": "x"}, "alt_text": "x"}
    _post(playground, {"channel": "C0SECINC01", "text": "a film", "blocks": [video]})
    expect(alice.page.get_by_text("unsupported block: video")).to_be_visible()


def test_everything_can_be_done_by_keyboard(alice: Visitor, playground: Playground) -> None:
    playground.installation.aws.add_user("kim", "Kim Keys", "kim@example.com")
    keys = alice.page.keyboard
    alice.page.locator("#message-text").focus()
    keys.type("/rev")
    keys.press("Tab")
    keys.type("kim by keyboard")
    keys.press("Enter")
    card = alice.card("Kim Keys")
    alice.reads(card, "Access: no access")
    card.focus()
    _tab_to(alice.page, "Deny now")
    keys.press("Enter")
    expect(alice.page.locator("#sure button[value=yes]")).to_be_focused()
    keys.press("Escape")
    expect(alice.page.locator("#sure")).to_be_hidden()
    keys.press("Enter")
    keys.press("Enter")
    alice.reads(card, "Denied: Kim Keys")
    _tab_to(alice.page, "More actions")
    keys.press("Enter")
    expect(alice.page.get_by_role("menuitem", name="Hold until released")).to_be_focused()
    keys.press("Enter")
    alice.reads(card, "Held")


WIDER = """() => {
  document.getElementById("clock-time").textContent = "12:48:48 AM";
  return document.documentElement.scrollWidth - window.innerWidth;
}"""
"""By how much the page is wider than the window, at the widest time of day."""


def test_nothing_is_wider_than_a_phone(visit: Visitors) -> None:
    alice = visit(viewport={"width": 360, "height": 740})
    for part in ("Chat", "AWS", "Channels"):
        alice.page.get_by_label("Parts of the page").get_by_role("button", name=part).click()
        assert alice.page.evaluate(WIDER) <= 0, part
    alice.page.locator("#apps button").click()
    alice.reads(alice.page.locator("#messages .home"), "The Deny policy")
    assert alice.page.evaluate(WIDER) <= 0, "App Home"


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on what is called so."""
    for _ in range(60):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent"
        )
        if here == name:
            return
    raise AssertionError(f"Tab never came to {name}")


def _post(playground: Playground, message: dict[str, object]) -> None:
    slack = playground.installation.slack
    request = Request(
        f"{slack.api_url}chat.postMessage",
        json.dumps(message).encode(),
        {"Content-Type": "application/json", "Authorization": f"Bearer {slack.bot_token}"},
    )
    with urlopen(request, timeout=10) as answer:
        assert json.load(answer)["ok"]
