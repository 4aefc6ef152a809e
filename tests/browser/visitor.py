"""A visitor of the page: whom they act as, what they type, press and read."""

import re
from dataclasses import dataclass
from typing import Self

from playwright.sync_api import Locator, Page, expect

SEC_INC = "C0SECINC01"
GENERAL = "C0GENERAL1"

HALF_A_MINUTE = 30_000

REPLIES = re.compile(r"\d repl(y|ies)\b")
"""What opens a thread, below its first message."""


@dataclass
class Visitor:
    """Waits for what it expects; nothing here sleeps. `user` as in the seed: U0ALICE001."""

    page: Page
    address: str
    user: str

    def arrive(self, channel: str = SEC_INC) -> Self:
        self.page.goto(f"{self.address}?as={self.user}&in={channel}")
        expect(self.page.locator("#team-name")).to_have_text("Sandbox")
        expect(self.page.locator("body[data-aws]")).to_be_visible()
        return self

    # the small Slack

    def becomes(self, user: str) -> None:
        self.page.get_by_label("Act as").select_option(user)
        self.user = user

    def goes(self, channel: str) -> None:
        self.page.locator(f"#side [data-channel='{channel}']").click()

    def types(self, words: str) -> None:
        """Into the message box, and Enter; what the picker offers is left alone."""
        box = self.page.locator("#message-text")
        box.fill(words)
        box.press("Escape")
        box.press("Enter")
        expect(box).to_have_value("")

    def card(self, words: str) -> Locator:
        """The last card with these words."""
        return self._headed(words).filter(has_not=self.page.locator("h3", has_text="handoff of")).last

    def handoff(self, words: str) -> Locator:
        """The last handoff's message with these words."""
        return self._headed(words).filter(has=self.page.locator("h3", has_text="handoff of")).last

    def _headed(self, words: str) -> Locator:
        """Cards and handoffs have a heading, which nothing else has."""
        return self.page.locator("#messages article.card:has(h3)", has_text=words)

    def opens_thread(self, where: Locator) -> Locator:
        """Opens the thread below it; what is said there."""
        where.get_by_role("button", name=REPLIES).click()
        return self.page.locator("#replies")

    def presses(self, where: Locator, label: str, *, block: str | None = None, sure: bool = False) -> None:
        """A button of a card; `sure`: and the button of the dialog that asks whether they are."""
        within = where.locator(f"[data-block-id='{block}']") if block else where
        within.get_by_role("button", name=label, exact=True).click()
        if sure:
            self.page.locator("#sure button[value=yes]").click()

    def fills(self, label: str, words: str) -> None:
        self.form.get_by_label(label).fill(words)

    @property
    def form(self) -> Locator:
        return self.page.locator("dialog#form[open]")

    def sends(self) -> None:
        self.form.locator("button[type=submit]").click()

    def is_told(self, words: str) -> None:
        """By a message that they alone see."""
        expect(self.page.locator("#messages .whisper", has_text=words).last).to_be_visible()

    def reads(self, where: Locator, words: str, *, within: int = HALF_A_MINUTE) -> None:
        expect(where).to_contain_text(words, timeout=within)

    # the AWS side

    def opens(self, tab: str) -> Locator:
        self.page.get_by_role("tab", name=tab).click()
        return self.page.locator("#tab-page")

    def denied(self) -> Locator:
        """The names under "Denied now"."""
        self.opens("Deny policy")
        return self.page.locator("#denied")

    def breaks(self, label: str) -> None:
        self._turn(label, "true")

    def mends(self, label: str) -> None:
        self._turn(label, "false")

    def _turn(self, label: str, wanted: str) -> None:
        self.opens("Break it")
        switch = self.page.get_by_role("switch", name=label)
        if switch.get_attribute("aria-checked") != wanted:
            switch.click()
        expect(switch).to_have_attribute("aria-checked", wanted, timeout=HALF_A_MINUTE)

    def lets_pass(self, hours: int) -> None:
        before = int(self.page.locator("#clock-ahead").inner_text().split()[0].replace("the", "0"))
        self.page.locator("#clock").get_by_role("button", name=f"+{hours} h", exact=True).click()
        expect(self.page.locator("#clock-ahead")).to_have_text(
            f"{before + hours} h ahead", timeout=2 * HALF_A_MINUTE
        )
