"""Slack says no to one card: it goes elsewhere, and no other card waits for it."""

import time

from tests.sandbox.installation import SEC_INC, Installation
from tests.scenarios.steps import ask, becomes, deny, newcomer, press, revocation_id


def test_a_card_whose_channel_was_archived_goes_to_the_incident_channel(installation: Installation) -> None:
    user_id = newcomer(installation, "archived-room")
    installation.slack.add_channel(
        "C0PRIVATE2", "inc-43", members=["U0ALICE001", "U0BOB00001"], is_private=True
    )
    answer = installation.slack.command(
        "U0ALICE001", "C0PRIVATE2", "/revoke archived-room the room goes away"
    )
    assert answer.ok
    card = installation.until(lambda: installation.slack.messages("C0PRIVATE2"))[0]
    installation.aws.latency(300)
    press(installation, card, "revocation_confirm")
    installation.slack.archive("C0PRIVATE2")

    def moved() -> bool:
        found = [m for m in installation.slack.messages(SEC_INC) if m.text.startswith(revocation_id(card))]
        return any(" · Denied" in m.text for m in found)

    installation.until(moved)
    assert user_id in installation.aws.denied()


def test_one_card_that_slack_refuses_for_ever_delays_no_other(installation: Installation) -> None:
    card = ask(installation, f"{newcomer(installation, 'never-taken')} Slack refuses its updates")
    installation.slack.fault("chat.update", "error:restricted_action", times=1)
    press(installation, card, "revocation_confirm")
    time.sleep(0.7)

    start = time.monotonic()
    deny(installation, f"{newcomer(installation, 'next-in-line')} the next one")
    assert time.monotonic() - start < 5
    becomes(installation, card, "Denied", timeout=30)
