"""AWS refuses, stalls, forgets or is edited by somebody else: nobody is un-denied, and a person is told."""

import json

import pytest

from tests.sandbox.installation import ALICE, Installation
from tests.scenarios.steps import (
    actions,
    ask,
    becomes,
    current,
    deny,
    newcomer,
    press,
    revocation_id,
    shown_text,
    thread,
    told,
)
from workers.domain.deny_document import EMPTY, PLACEHOLDER


@pytest.mark.parametrize(
    "code",
    [
        "ConcurrentModificationException",
        "PolicyChangesInProgressException",
        "TooManyRequestsException",
        "ServiceException",
    ],
)
def test_a_busy_policy_is_written_all_the_same(installation: Installation, code: str) -> None:
    user_id = newcomer(installation, f"busy-{code.lower()}")
    installation.aws.fault("UpdatePolicy", times=2, code=code, message="Try again later.")

    card = deny(installation, f"busy-{code.lower()} busy policy")

    assert " · Denied" in card.text
    assert user_id in installation.aws.denied()


def test_a_write_whose_answer_is_lost_is_read_back_and_not_sent_again(installation: Installation) -> None:
    user_id = newcomer(installation, "lost-answer")
    installation.aws.fault("UpdatePolicy", times=1, drop=True, applied=True)
    before = len(installation.aws.calls("UpdatePolicy"))

    card = deny(installation, "lost-answer the answer is lost")

    assert " · Denied" in card.text
    assert user_id in installation.aws.denied()
    assert len(installation.aws.calls("UpdatePolicy")) == before + 1


def test_a_write_that_never_arrived_is_sent_again(installation: Installation) -> None:
    user_id = newcomer(installation, "never-arrived")
    installation.aws.fault("UpdatePolicy", times=1, drop=True, applied=False)

    deny(installation, "never-arrived the write is lost")

    assert user_id in installation.aws.denied()


def test_without_rights_the_card_says_not_denied_and_how_to_do_it_by_hand(installation: Installation) -> None:
    user_id = newcomer(installation, "no-rights")
    installation.aws.deny("UpdatePolicy")
    card = ask(installation, "no-rights the role changed")
    press(installation, card, "revocation_confirm")

    card = becomes(installation, card, "NOT DENIED")

    text = shown_text(card)
    assert "organizations:UpdatePolicy" in text
    assert f"aws organizations update-policy --policy-id {installation.seed.policy_id}" in text
    assert user_id in text
    assert "service-control-policy" in text
    assert "step_retry" in actions(card)
    moment = told(installation, card, "NOT DENIED")
    assert moment.reply_broadcast
    assert f"<@{ALICE}>" in moment.text

    installation.aws.clear_faults()
    press(installation, card, "step_retry")
    becomes(installation, card, "Denied")
    assert user_id in installation.aws.denied()


def test_an_unknown_shape_is_not_written_and_the_cause_is_given(installation: Installation) -> None:
    newcomer(installation, "odd-shape")
    kept = installation.aws.policy_text()
    odd = json.loads(kept)
    odd["Statement"][0]["Condition"]["StringEquals"]["aws:PrincipalType"] = "User"
    installation.aws.edit_policy(json.dumps(odd))
    card = ask(installation, "odd-shape somebody edited the policy")
    press(installation, card, "revocation_confirm")

    card = becomes(installation, card, "NOT DENIED")

    assert "in a way the bot does not know" in card.text
    assert json.loads(installation.aws.policy_text()) == odd

    installation.aws.edit_policy(kept)
    becomes(installation, card, "Denied")


def test_a_full_policy_refuses_by_name_and_keeps_everybody_who_is_in() -> None:
    with Installation.fresh(REVOKE_POLICY_SIZE=str(len(EMPTY) + 60)) as installation:
        first = deny(installation, "@mallory first")
        assert " · Denied" in first.text

        second = ask(installation, "nina second")
        press(installation, second, "revocation_confirm")
        second = becomes(installation, second, "NOT DENIED")

        assert "The Deny policy is full" in second.text
        assert installation.aws.denied() == {installation.seed.users["mallory"]}


def test_a_policy_that_does_not_exist_is_named_with_what_to_do() -> None:
    with Installation.fresh(aws_seed={"policy": False}) as installation:
        card = ask(installation, "@mallory no policy yet")
        press(installation, card, "revocation_confirm")
        card = becomes(installation, card, "NOT DENIED")

        assert "python -m workers prepare" in card.text


def test_an_id_taken_off_by_hand_comes_back_and_wakes_the_owner() -> None:
    with Installation.fresh(REVOKE_TIME_SCALE="60") as installation:
        card = deny(installation, "@mallory key leaked")
        mallory = installation.seed.users["mallory"]
        installation.forget_last_write()

        installation.aws.edit_policy(EMPTY)
        installation.until(lambda: mallory in installation.aws.denied(), 40)

        moment = told(installation, card, "somebody else took")
        assert moment.reply_broadcast
        assert "found_missing" in [entry["event"] for entry in installation.log(revocation_id(card))]
        assert told(installation, card, "Denied again")


def test_an_id_without_a_record_is_kept_told_and_held() -> None:
    with Installation.fresh() as installation:
        nina = installation.seed.users["nina"]
        text = EMPTY.replace(f'["{PLACEHOLDER}"]', f'["{nina}","{PLACEHOLDER}"]')
        installation.aws.edit_policy(text)

        card = installation.until(lambda: installation.slack.messages("C0SECINC01"), 40)[0]

        assert " · Held" in card.text
        installation.until(lambda: "Nina Novak" in current(installation, card.channel, card.ts).text)
        card = current(installation, card.channel, card.ts)
        assert "(user name nina, nina@example.com)" in card.text
        assert nina in installation.aws.denied()


def test_what_the_policy_does_not_reach_is_said_at_once() -> None:
    with Installation.fresh(aws_seed={"management_assignment": True}) as installation:
        card = deny(installation, "@mallory key leaked")
        card = installation.until(
            lambda: (m := current(installation, card.channel, card.ts)) and " accounts" in m.text and m
        )

        assert " · Denied in 3 of 4 accounts" in card.text
        assert f"{installation.seed.management_account} (management account)" in shown_text(card)
        assert "does NOT reach" in shown_text(card)


def test_a_policy_attached_nowhere_is_said_before_the_click() -> None:
    with Installation.fresh(aws_seed={"attached": False}) as installation:
        card = ask(installation, "@mallory key leaked")
        installation.until(
            lambda: "NOT EFFECTIVE" in shown_text(current(installation, card.channel, card.ts))
        )
        assert thread(installation, card) == []
