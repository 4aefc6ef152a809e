"""The checklist's buttons and forms, from Slack through the real bot to the record and back onto the card."""

from tests.sandbox.installation import ALICE, BOB, CAROL, MALLORY, SEC_INC, Installation
from tests.scenarios.steps import (
    actions,
    becomes,
    current,
    deny,
    direct,
    form,
    newcomer,
    press,
    revocation_id,
    shown_text,
    shows,
    told,
    whispered,
)


def test_done_is_said_by_a_form_left_as_it_came(installation: Installation) -> None:
    newcomer(installation, "fran")
    card = deny(installation, "fran key leaked")
    shows(installation, card, "Portal and background sessions: open")

    press(installation, card, "step_attest")
    view = form(installation, ALICE)
    assert "Portal and background sessions" in str(view["blocks"])
    answer = installation.slack.submit(ALICE, view["id"])

    assert answer.ok, (answer.error, answer.text)
    assert installation.slack.view(ALICE) is None
    shows(installation, card, "Portal and background sessions: attested by ")
    assert f"<@{ALICE}> attests that it is done" in told(installation, card, "attests").text


def test_an_error_stands_beside_its_field_and_nothing_typed_is_lost(installation: Installation) -> None:
    newcomer(installation, "gina")
    card = deny(installation, "gina key leaked")
    press(installation, card, "step_attest")
    view = form(installation, ALICE)

    early = installation.slack.submit(
        ALICE, view["id"], {"done_at": {"done_at": 1000000000}, "done_by_name": {"done_by_name": "vendor"}}
    )
    link = installation.slack.submit(ALICE, view["id"], {"link": {"link": "javascript:alert(1)"}})

    assert set(early.body["errors"]) == {"done_at"}
    assert "before this revocation was asked for" in early.body["errors"]["done_at"]
    assert set(link.body["errors"]) == {"link"}
    assert form(installation, ALICE)["id"] == view["id"]
    assert "sessions: open" in shown_text(current(installation, card.channel, card.ts))


def test_whom_a_step_is_assigned_to_attests_it_from_the_direct_message_and_no_other(
    installation: Installation,
) -> None:
    installation.slack.add_person("U0DORA0001", "dora", real_name="Dora Idp", email="dora@example.com")
    newcomer(installation, "hugo")
    card = deny(installation, "hugo key leaked")
    press(installation, card, "step_assign")
    view = form(installation, ALICE)
    assert not installation.slack.submit(ALICE, view["id"]).ok
    assert installation.slack.submit(ALICE, view["id"], {"assignee": {"assignee": "U0DORA0001"}}).ok
    assert "<@U0DORA0001>" in told(installation, card, "assigned to").text

    message = direct(installation, "U0DORA0001", "is yours: Portal and background sessions")
    done = installation.slack.click("U0DORA0001", message.channel, message.ts, "step_attest")
    assert done.ok
    assert installation.slack.submit("U0DORA0001", form(installation, "U0DORA0001")["id"]).ok

    shows(installation, card, "Portal and background sessions: attested by ")
    again = installation.slack.click("U0DORA0001", message.channel, message.ts, "step_attest")
    assert again.ok
    whispered(installation, "U0DORA0001", "done already")
    assert installation.slack.view("U0DORA0001") is None


def test_who_is_neither_responder_nor_assigned_gets_no_form(installation: Installation) -> None:
    newcomer(installation, "iris")
    card = deny(installation, "iris key leaked")
    press(installation, card, "step_attest", user=CAROL)

    whispered(installation, CAROL, "Only a responder, or the person this step is assigned to")
    assert installation.slack.view(CAROL) is None


def test_a_false_alarm_is_asked_by_command_and_approved_from_the_nudge(installation: Installation) -> None:
    newcomer(installation, "jack")
    card = deny(installation, "jack key leaked")
    answer = installation.slack.command(BOB, SEC_INC, f"/revoke false-alarm {revocation_id(card)} a drill")
    assert answer.ok
    view = form(installation, BOB)
    assert "a drill" in str(view["state"])
    assert installation.slack.submit(BOB, view["id"]).ok

    told(installation, card, "to undo a false alarm")
    press(installation, card, "approval_nudge", user=BOB)
    nudge = direct(installation, CAROL, "You can be the second person")
    assert installation.slack.click(CAROL, nudge.channel, nudge.ts, "approval_give").ok

    card = becomes(installation, card, "Released")
    assert "revocation_deny_again" in actions(card)
    late = installation.slack.click(CAROL, nudge.channel, nudge.ts, "approval_give")
    assert late.ok
    whispered(installation, CAROL, "waits for approval")


def test_where_slack_does_not_open_the_form_the_person_hears_of_it(installation: Installation) -> None:
    newcomer(installation, "kate")
    card = deny(installation, "kate key leaked")
    installation.slack.fault("views.open", "error:expired_trigger_id")

    press(installation, card, "revocation_false_alarm")

    whispered(installation, ALICE, "Slack did not open the form, so nothing was recorded")


def test_the_target_gets_no_form(installation: Installation) -> None:
    card = deny(installation, "@mallory key leaked")
    installation.slack.join(SEC_INC, MALLORY)
    try:
        press(installation, card, "revocation_false_alarm", user=MALLORY)
        whispered(installation, MALLORY, "Only a responder can do this")
        assert installation.slack.view(MALLORY) is None
    finally:
        installation.slack.leave(SEC_INC, MALLORY)
