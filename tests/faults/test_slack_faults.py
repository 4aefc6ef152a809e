"""Slack is slow, away, or loses answers: AWS goes on, and the card catches up."""

import itertools
import time

from tests.sandbox.installation import ALICE, BOB, CAROL, SEC_INC, Installation
from tests.sandbox.slack.state import Message
from tests.scenarios.steps import actions, ask, becomes, current, deny, newcomer, press, revocation_id, told


def test_a_confirmed_user_is_denied_while_slack_is_away_and_the_card_catches_up(
    installation: Installation,
) -> None:
    user_id = newcomer(installation, "slack-away")
    card = ask(installation, "slack-away Slack goes down")
    installation.until(lambda: "revocation_confirm" in actions(current(installation, SEC_INC, card.ts)))
    installation.slack.fault("*", "http_500", times=None)
    installation.slack.click(ALICE, SEC_INC, card.ts, "revocation_confirm")

    installation.until(lambda: user_id in installation.aws.denied())
    assert " · Not denied yet" in current(installation, SEC_INC, card.ts).text

    installation.slack.clear_faults()
    becomes(installation, card, "Denied", timeout=30)
    told(installation, card, "Denied", timeout=30)


def test_slack_asking_for_silence_is_obeyed(installation: Installation) -> None:
    card = ask(installation, f"{newcomer(installation, 'silence')} rate limited")
    installation.until(lambda: "revocation_confirm" in actions(current(installation, SEC_INC, card.ts)))
    installation.slack.fault("chat.update", "ratelimited", times=1, retry_after=3)
    installation.slack.fault("chat.postMessage", "ratelimited", times=1, retry_after=3)
    press(installation, card, "revocation_confirm")
    becomes(installation, card, "Denied")

    calls = [
        call for call in installation.slack.calls() if call.method in ("chat.update", "chat.postMessage")
    ]
    limited = [c for c in calls if (c.response or {}).get("error") == "ratelimited"]
    assert limited
    after = [c.at - limited[0].at for c in calls if c.at > limited[0].at]
    assert min(after) >= 2.9


def test_a_lost_answer_to_a_post_does_not_lose_the_card(installation: Installation) -> None:
    installation.until(installation.all_told)
    installation.slack.fault("chat.postMessage", "drop_after", times=1)
    user_id = newcomer(installation, "lost-card")
    first = ask(installation, "lost-card its first card's answer is lost")

    def both() -> list[Message]:
        cards = [
            m for m in installation.slack.messages(SEC_INC) if m.text.startswith(first.text.split(" · ")[0])
        ]
        return cards if len(cards) == 2 else []

    old, live = installation.until(both)
    installation.until(lambda: installation.store.get(revocation_id(live)).card_ts == live.ts)
    press(installation, old, "revocation_confirm")
    installation.until(lambda: "is out of date" in current(installation, SEC_INC, old.ts).text)
    assert user_id not in installation.aws.denied()
    press(installation, live, "revocation_confirm")
    becomes(installation, live, "Denied")
    assert user_id in installation.aws.denied()


def test_a_card_is_updated_at_most_once_a_second_and_ends_right(installation: Installation) -> None:
    card = deny(installation, f"{newcomer(installation, 'paced')} paced")
    time.sleep(2.5)
    updates = [c for c in installation.slack.calls("chat.update") if c.args.get("ts") == card.ts]
    gaps = [b.at - a.at for a, b in itertools.pairwise(updates)]

    assert all(gap >= 0.95 for gap in gaps)
    assert " · Denied" in current(installation, SEC_INC, card.ts).text


def test_two_people_release_and_the_same_person_cannot_do_it_twice(installation: Installation) -> None:
    user_id = newcomer(installation, "set-free")
    card = deny(installation, "set-free by two")
    press(installation, card, "revocation_release", user=ALICE)
    told(installation, card, "asks to release")
    installation.until(lambda: "approval_give" in actions(current(installation, SEC_INC, card.ts)))

    press(installation, card, "approval_give", user=ALICE)
    time.sleep(1)
    assert user_id in installation.aws.denied()

    press(installation, card, "approval_give", user=CAROL)
    becomes(installation, card, "Released")
    assert user_id not in installation.aws.denied()
    assert "released by <@U0ALICE001> and <@U0CAROL001>" in current(installation, SEC_INC, card.ts).text


def test_a_refused_release_keeps_the_user_denied(installation: Installation) -> None:
    user_id = newcomer(installation, "kept-in")
    card = deny(installation, "kept-in though somebody asks")
    press(installation, card, "revocation_release", user=ALICE)
    press(installation, card, "approval_refuse", user=BOB)

    told(installation, card, "refused the release")
    assert user_id in installation.aws.denied()
