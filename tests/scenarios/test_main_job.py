"""From `/revoke` to a written Deny policy, through the real bot, Redis, RQ workers and a strict pretend AWS."""

import json

import pytest

from tests.sandbox.installation import ALICE, BOB, MALLORY, SEC_INC, Installation
from tests.scenarios.steps import (
    ask,
    becomes,
    current,
    deny,
    newcomer,
    press,
    revocation_id,
    shown_text,
    standing,
    told,
    whispered,
)
from workers.domain.deny_document import PLACEHOLDER


def test_a_confirmed_user_is_written_read_back_and_told(installation: Installation) -> None:
    mallory = installation.seed.users["mallory"]
    answer = installation.slack.command(ALICE, SEC_INC, "/revoke @mallory key leaked")
    card = installation.until(lambda: installation.slack.messages(SEC_INC))[0]

    assert answer.text == f"Looking up <@{MALLORY}>. Nothing is denied yet. The card will be in <#{SEC_INC}>."
    assert f"{revocation_id(card)} · Not denied yet. Mallory Moss" in card.text
    assert mallory not in installation.aws.denied()

    press(installation, card, "revocation_confirm")
    card = becomes(installation, card, "Denied")

    assert installation.aws.denied() == {mallory}
    assert PLACEHOLDER in installation.aws.policy_text()
    moment = told(installation, card, "Denied")
    assert moment.reply_broadcast
    assert f"<@{ALICE}>" in moment.text
    assert "AWS may take seconds to minutes to enforce it" in card.text


def test_the_same_way_works_in_socket_mode() -> None:
    with Installation.fresh(socket_mode=True) as installation:
        card = deny(installation, "@mallory key leaked")

        assert " · Denied" in card.text
        assert installation.aws.denied() == {installation.seed.users["mallory"]}


def test_a_second_click_changes_nothing_and_is_told_who_was_first(installation: Installation) -> None:
    newcomer(installation, "grace")
    card = ask(installation, "grace laptop stolen")
    press(installation, card, "revocation_confirm")
    becomes(installation, card, "Denied")
    writes = len(installation.aws.calls("UpdatePolicy"))

    installation.slack.click_stale(BOB, SEC_INC, card.ts, "revocation_confirm", card)

    assert f"<@{ALICE}> confirmed it at" in whispered(installation, BOB, "Nothing changed")
    assert len(installation.aws.calls("UpdatePolicy")) == writes


def test_the_same_signed_click_sent_again_acts_once(installation: Installation) -> None:
    newcomer(installation, "heidi")
    card = ask(installation, "heidi token on a forum")
    click = press(installation, card, "revocation_confirm")
    becomes(installation, card, "Denied")
    entries = len(installation.log(revocation_id(card)))

    replays = [installation.slack.replay(click) for _ in range(3)]

    assert [replay.status for replay in replays] == [200, 200, 200]
    assert len(installation.log(revocation_id(card))) == entries


def test_the_card_shows_who_it_is_what_they_reach_and_what_the_policy_misses(
    installation: Installation,
) -> None:
    card = ask(installation, f"{installation.seed.users['nina']} drill", user=BOB)
    card = installation.until(
        lambda: (m := current(installation, SEC_INC, card.ts)) and "still reading" not in shown_text(m) and m
    )

    text = shown_text(card)
    assert "User name: nina" in text
    assert f"User ID: {installation.seed.users['nina']}" in text
    assert "Sign-in: enabled" in text
    assert "Access: no access to any account is left." in text
    press(installation, card, "revocation_cancel", user=BOB)
    becomes(installation, card, "Cancelled")
    assert installation.seed.users["nina"] not in installation.aws.denied()


def test_somebody_denied_already_is_shown_and_the_reason_is_added(installation: Installation) -> None:
    first = ask(installation, "dan@example.com first reason")
    press(installation, first, "revocation_confirm")
    becomes(installation, first, "Denied")

    again = installation.slack.command(BOB, SEC_INC, "/revoke dan second reason")

    assert f"already has {revocation_id(first)}: Denied" in again.text
    assert "second reason" in told(installation, first, "Reason added").text
    cards = [m for m in installation.slack.messages(SEC_INC) if revocation_id(m) == revocation_id(first)]
    assert len([m for m in cards if m.thread_ts in (None, m.ts)]) == 1


@pytest.mark.parametrize("form", ["session", "user_id", "user_name", "mail"])
def test_every_way_to_name_somebody_finds_them(installation: Installation, form: str) -> None:
    nina = installation.seed.users["nina"]
    text = {
        "session": "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123456789abcdef/nina",
        "user_id": nina,
        "user_name": "nina",
        "mail": "Nina@Example.com",
    }[form]

    card = ask(installation, f"{text} looked up as {form}")

    assert "(user name nina, nina@example.com)" in card.text
    assert f"User ID: {nina}" in shown_text(card)
    press(installation, card, "revocation_cancel")
    becomes(installation, card, "Cancelled")


def test_a_target_whose_slack_account_is_deactivated_can_be_denied() -> None:
    with Installation.fresh() as installation:
        card = deny(installation, "@dan left on bad terms")

        assert " · Denied" in card.text
        assert installation.aws.denied() == {installation.seed.users["dan"]}


def test_nobody_and_two_people_are_refused_in_words(installation: Installation) -> None:
    nobody = ask(installation, "ghost@example.com who is that")
    assert f"{revocation_id(nobody)} · NOT DENIED." in nobody.text
    assert "No Identity Center user has the e-mail or user name ghost@example.com" in nobody.text

    first = installation.aws.add_user("twin-one", "Twin One", "twin@example.com")
    second = installation.aws.add_user("twin@example.com", "Twin Two", "other@example.com")
    two = ask(installation, "twin@example.com which one")
    assert " · NOT DENIED. 2 Identity Center users answer to twin@example.com" in two.text
    assert first in two.text
    assert second in two.text


def test_foreign_statements_survive_value_for_value() -> None:
    with Installation.fresh(aws_seed={"foreign": True}) as installation:
        before = json.loads(installation.aws.policy_text())
        deny(installation, "@mallory key leaked")
        after = json.loads(installation.aws.policy_text())

        foreign = [s for s in before["Statement"] if "identitystore" not in json.dumps(s)]
        assert len(foreign) > 0
        assert [s for s in after["Statement"] if "identitystore" not in json.dumps(s)] == foreign
        assert {k: v for k, v in after.items() if k != "Statement"} == {
            k: v for k, v in before.items() if k != "Statement"
        }


def test_several_targets_make_several_revocations(installation: Installation) -> None:
    newcomer(installation, "olga")
    newcomer(installation, "pete")
    answer = installation.slack.command(
        ALICE, SEC_INC, "/revoke olga@example.com pete@example.com both clicked"
    )

    assert answer.text.startswith("Looking up olga@example.com, pete@example.com. Nothing is denied yet.")

    def both() -> bool:
        texts = [m.text for m in installation.slack.messages(SEC_INC)]
        return any("Olga" in t for t in texts) and any("Pete" in t for t in texts)

    installation.until(both)


def test_the_card_goes_where_only_the_right_people_read(installation: Installation) -> None:
    private = ask(installation, "nina@example.com typed in a private channel", channel="C0PRIVATE1")
    assert private.channel == "C0PRIVATE1"
    press(installation, private, "revocation_cancel")
    becomes(installation, private, "Cancelled")

    public = ask(installation, "nina@example.com typed in public", channel="C0GENERAL1")
    assert public.channel == SEC_INC
    press(installation, public, "revocation_cancel")
    becomes(installation, public, "Cancelled")


def test_a_person_who_is_no_responder_is_refused(installation: Installation) -> None:
    answer = installation.slack.command(MALLORY, "C0GENERAL1", "/revoke @alice she is annoying")
    assert answer.text == "Only a responder can revoke. Ask one; REVOKE_RESPONDERS names them."


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("@sec-oncall all of them", "A user group is no target"),
        ("@nobody-here", "Slack does not know `@nobody-here` as a person"),
        ("statsu @mallory", "Did you mean `/revoke status`"),
        (
            "@mallory " + "x" * 501,
            "The reason has 501 characters and 500 fit. Nothing was recorded: cut it short.",
        ),
        ("@mallory bad\x07bell", "There are control characters in it."),
        ("status ghost", "There is no revocation of this person."),
    ],
)
def test_bad_input_gets_one_clear_sentence(installation: Installation, typed: str, words: str) -> None:
    answer = installation.slack.command(ALICE, SEC_INC, f"/revoke {typed}")
    assert words in answer.text


def test_help_list_and_status_answer_privately(installation: Installation) -> None:
    assert "Deny a user everywhere" in installation.slack.command(ALICE, SEC_INC, "/revoke help").text
    assert " · Denied · " in installation.slack.command(ALICE, SEC_INC, "/revoke list").text
    assert (
        " · Denied. Mallory Moss"
        in installation.slack.command(ALICE, SEC_INC, "/revoke status @mallory").text
    )


def test_hold_by_command_keeps_somebody_twelve_hours_more(installation: Installation) -> None:
    answer = installation.slack.command(ALICE, SEC_INC, "/revoke hold @mallory")

    assert "Mallory Moss stays denied until" in answer.text
    card = next(m for m in installation.slack.messages(SEC_INC) if "Mallory Moss" in m.text)
    assert standing(installation, becomes(installation, card, "Held"), "Held")


def test_a_denied_responder_has_no_say_in_anything() -> None:
    with Installation.fresh() as installation:
        card = deny(installation, "@bob his laptop is gone")
        bob = installation.seed.users["bob"]

        press(installation, card, "revocation_release", user=BOB)
        assert whispered(installation, BOB, "This is about you")
        press(installation, card, "revocation_release", user=ALICE)
        press(installation, card, "approval_give", user=BOB)
        assert whispered(installation, BOB, "This is about you")
        answer = installation.slack.command(BOB, SEC_INC, "/revoke @alice revenge")
        assert (
            answer.text
            == "Your own access is revoked now, so you have no say here. Another responder must act."
        )

        listed = installation.slack.command(BOB, SEC_INC, "/revoke list")
        assert listed.text == answer.text

        assert bob in installation.aws.denied()
        assert installation.seed.users["alice"] not in installation.aws.denied()
