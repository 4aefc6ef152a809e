"""`make demo`: one revocation from the command to the clean-up, played with the real bot and the real workers.

Slack and AWS are pretend servers on this machine; the requests are signed as Slack signs them. The long waits
are shortened, so that twelve hours pass in ten seconds.
"""

import json
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.sandbox.installation import ALICE, BOB, SEC_INC, Installation
from tests.sandbox.slack.state import Message
from tests.scenarios.steps import access_of, attest
from workers.domain.deny_document import PLACEHOLDER

SCALE = 4320
"""Twelve hours in ten seconds."""

WIDTH = 100
_INDENT = " " * 26

HELD = {
    "assignments": "direct assignments",
    "groups": "groups",
    "entitlements": "account-access entitlements",
}


@dataclass
class Story:
    """Prints what changed for a person: messages as they come and change, and the policy beside them."""

    installation: Installation
    _seen: dict[str, str] = field(default_factory=dict)
    _whispers: int = 0
    _policy: str = ""
    _access: str = ""

    def line(self, who: str, text: str) -> None:
        first, *rest = textwrap.wrap(text, WIDTH) or [""]
        print(f"{datetime.now(UTC):%H:%M:%S} {who:>16} {first}")
        for more in rest:
            print(_INDENT + more)
        sys.stdout.flush()

    def act(self, text: str) -> None:
        print()
        self.line("", f"--- {text}")

    def look(self, seconds: float) -> None:
        """Print whatever happens during the next `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._messages()
            self._policy_text()
            self._access_text()
            time.sleep(0.05)

    def whispers(self, user: str, name: str) -> None:
        found = self.installation.slack.ephemerals(user)
        for ephemeral in found[self._whispers :]:
            self.line(f"(only {name})", _readable(ephemeral.text))
        self._whispers = len(found)

    def _messages(self) -> None:
        for message in self.installation.slack.messages(SEC_INC):
            if self._seen.get(message.ts) != message.text:
                where = "#sec-inc" if message.thread_ts in (None, message.ts) else "#sec-inc thread"
                again = "card, changed" if message.ts in self._seen else where
                self.line(again, _readable(message.text))
                buttons = "  ".join(f"[ {label} ]" for label in dict.fromkeys(_buttons(message)))
                print(
                    textwrap.indent("\n".join(textwrap.wrap(buttons, WIDTH)), _INDENT),
                    end="\n" * bool(buttons),
                )
                self._seen[message.ts] = message.text

    def _policy_text(self) -> None:
        text = self.installation.aws.policy_text()
        if text != self._policy:
            self._policy = text
            self.line("AWS policy", f"denies: {self._denied(text)}")

    def _access_text(self) -> None:
        """What Mallory could still get credentials with, and whether she can sign in."""
        held = access_of(self.installation, self.installation.seed.users["mallory"])
        counts = [f"{len(held[what])} {word}" for what, word in HELD.items()]
        text = f"Mallory has {', '.join(counts)}; sign-in {held['UserStatus'].lower()}"
        if text != self._access:
            self._access = text
            self.line("AWS access", text)

    def _denied(self, text: str) -> str:
        names = {user_id: name for name, user_id in self.installation.seed.users.items()}
        values = json.loads(text)["Statement"][-1]["Condition"]["StringEquals"]["identitystore:userId"]
        ids = [values] if isinstance(values, str) else values
        denied = [f"{names.get(i, 'somebody')} ({i})" for i in ids if i != PLACEHOLDER]
        kept = "the placeholder is there" if PLACEHOLDER in ids else "THE PLACEHOLDER IS GONE"
        return f"{', '.join(denied) or 'nobody'}; {kept}"


def _readable(text: str) -> str:
    for slack_id, name in (
        (ALICE, "@alice"),
        (BOB, "@bob"),
        ("U0MALLORY1", "@mallory"),
        (SEC_INC, "#sec-inc"),
    ):
        text = text.replace(f"<@{slack_id}>", name).replace(f"<#{slack_id}>", name)
    return text.replace("\u2060", "")


def _buttons(message: Message) -> Iterator[str]:
    for block in message.blocks:
        for element in block.get("elements", []):
            if element.get("type") == "button":
                yield str(element["text"]["text"])


def play(installation: Installation) -> bool:
    """The whole story; whether it ended as it must."""
    story, slack = Story(installation), installation.slack
    story.look(0.1)

    story.act("Alice is on call. An alert names Mallory.")
    story.line("alice types", "/revoke @mallory key leaked in a CI log")
    slack.command(ALICE, SEC_INC, "/revoke @mallory key leaked in a CI log")
    story.whispers(ALICE, "alice")
    card = installation.until(lambda: slack.messages(SEC_INC))[0]
    story.look(1.5)

    story.act("She presses Deny now.")
    pressed = time.monotonic()
    slack.click(ALICE, SEC_INC, card.ts, "revocation_confirm")
    installation.until(installation.aws.denied)
    story.line("", f"in the policy {1000 * (time.monotonic() - pressed):.0f} ms after the click was sent")
    story.look(1.5)

    story.act("Bob, in another tab, presses it too.")
    slack.click_stale(BOB, SEC_INC, card.ts, "revocation_confirm", card)
    story.look(0.7)
    story._whispers = 0
    story.whispers(BOB, "bob")

    story.act(
        "The follow-ups took the ways back in. Alice ends the portal sessions in AWS's console, and says so."
    )
    attest(installation, card, "sessions")
    story.look(2)

    story.act("From the moment no access was left, the 12 hours count.")
    story.look(13)
    ended = not installation.aws.denied()

    story.act("The record, as an operator sees it.")
    print(textwrap.indent(installation.terminal("list", "--all").stdout, "    "))
    return ended


def main() -> None:
    print("Starting a pretend AWS, a pretend Slack, and the real bot and workers ...")
    with Installation.fresh(debug=False, REVOKE_TIME_SCALE=str(SCALE)) as installation:
        print(f"Twelve hours pass in {12 * 3600 / SCALE:.0f} seconds here.")
        ended = play(installation)
        directory = installation.directory
    shutil.rmtree(directory)
    print(
        "Mallory is off the list, by proof." if ended else "NOT as it must be: Mallory is still on the list."
    )
    sys.exit(0 if ended else 1)


if __name__ == "__main__":
    main()
