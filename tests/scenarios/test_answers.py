"""The private answers and their buttons, and the form that searches the directory, through the real bot and workers."""

from typing import Any

import pytest

from tests.sandbox.installation import ALICE, BOB, CAROL, MALLORY, SEC_INC, Installation
from tests.sandbox.slack.state import Ephemeral
from tests.scenarios.steps import (
    ask,
    becomes,
    deny,
    direct,
    form,
    newcomer,
    press,
    revocation_id,
    shows,
    whispered,
)


def answer(installation: Installation, user: str, text: str, channel: str = SEC_INC) -> Ephemeral:
    """What this person alone is answered, with its buttons."""
    said = installation.slack.command(user, channel, f"/revoke {text}")
    assert said.ok, (said.error, said.status, said.body)
    return installation.slack.ephemerals(user)[-1]


def click(
    installation: Installation, user: str, seen: Ephemeral, action_id: str, value: str | None = None
) -> None:
    done = installation.slack.click(user, seen.channel, seen.ts, action_id, value=value)
    assert done.ok, (done.error, done.status, done.body)


def block_of(seen: Ephemeral, id_: str) -> dict[str, Any]:
    return next(block for block in seen.blocks if id_ in str(block))


def copied(installation: Installation) -> None:
    """The workers have copied the directory, and the bot has loaded it."""
    installation.until(lambda: installation.redis.hget("revoke:directory", "at"))


def test_the_list_says_what_is_open_and_its_button_acts_from_another_channel(
    installation: Installation,
) -> None:
    newcomer(installation, "lara")
    card = deny(installation, "lara key leaked")
    shows(installation, card, "Portal and background sessions: open")

    seen = answer(installation, BOB, "list", "C0GENERAL1")
    block = block_of(seen, revocation_id(card))

    words = block["text"]["text"]
    assert f"{revocation_id(card)} · Denied" in words
    assert f"owner <@{ALICE}>" in words
    assert "open: Portal and background sessions" in words
    assert f"/archives/{SEC_INC}/p{card.ts.replace('.', '')}|Open the card>" in words
    assert block["accessory"]["action_id"] == "step_attest"
    click(installation, BOB, seen, "step_attest", revocation_id(card))
    assert revocation_id(card) in str(form(installation, BOB))


def test_who_is_asked_to_confirm_can_do_it_from_the_list(installation: Installation) -> None:
    lena = newcomer(installation, "lena")
    card = ask(installation, "lena key leaked")
    shows(installation, card, "Deny now")

    seen = answer(installation, BOB, "list")
    click(installation, BOB, seen, "revocation_confirm", revocation_id(card))

    whispered(installation, BOB, f"{revocation_id(card)} · ")
    becomes(installation, card, "Denied")
    assert lena in installation.aws.denied()
    click(installation, BOB, seen, "revocation_confirm", revocation_id(card))
    whispered(installation, BOB, "Nothing changed: ")


def test_an_approve_in_an_old_answer_does_not_approve_a_newer_request(installation: Installation) -> None:
    lorenz = newcomer(installation, "lorenz")
    card = deny(installation, "lorenz key leaked")
    assert (
        "waits for a second person" in answer(installation, ALICE, f"release {revocation_id(card)} over").text
    )
    old = answer(installation, CAROL, "list")
    assert block_of(old, revocation_id(card))["accessory"]["action_id"] == "approval_give"
    press(installation, card, "approval_refuse", user=BOB)
    installation.until(lambda: installation.store.get(revocation_id(card)).release is None)
    answer(installation, BOB, f"release {revocation_id(card)} another reason")

    click(installation, CAROL, old, "approval_give", revocation_id(card))

    whispered(installation, CAROL, "no longer what was shown here")
    assert lorenz in installation.aws.denied()
    click(installation, CAROL, answer(installation, CAROL, "list"), "approval_give", revocation_id(card))
    becomes(installation, card, "Released")


def test_the_target_gets_nothing_out_of_an_answer_of_somebody_else(installation: Installation) -> None:
    card = deny(installation, "@mallory key leaked")
    seen = answer(installation, BOB, f"status {revocation_id(card)}")
    made = installation.slack.state.show(
        Ephemeral("1700000009.000100", "C0GENERAL1", MALLORY, seen.text, seen.blocks, None, 0.0)
    )
    button = next(b for b in seen.blocks if b["type"] == "actions")["elements"][0]
    click(installation, MALLORY, made, button["action_id"])
    whispered(installation, MALLORY, "This is about you")


def test_status_shows_what_was_before_and_offers_the_next_step(installation: Installation) -> None:
    newcomer(installation, "lotte")
    first = ask(installation, "lotte a drill")
    press(installation, first, "revocation_cancel")
    becomes(installation, first, "Cancelled")
    second = deny(installation, "lotte key leaked")

    seen = answer(installation, BOB, "status lotte")

    assert seen.text.startswith(f"{revocation_id(second)} · ")
    assert f"{revocation_id(first)} · Cancelled" in str(seen.blocks[-1])
    assert any(block["type"] == "actions" for block in seen.blocks)
    held = answer(installation, BOB, "hold lotte")
    assert "stays denied until" in held.text
    assert "Open the card" in str(held.blocks)


def test_status_of_somebody_without_a_revocation_is_told_by_direct_message_and_denies_nobody(
    installation: Installation,
) -> None:
    nelly = newcomer(installation, "nelly")
    before = installation.aws.denied()

    seen = answer(installation, BOB, "status nelly", "C0GENERAL1")

    assert "Looking nelly up; the answer comes as a direct message." in seen.text
    dm = direct(installation, BOB, "No revocation. Nobody pressed anything, and they are not denied.")
    assert nelly in dm.text
    assert not [block for block in dm.blocks if block["type"] == "actions"]
    assert not [r for r in installation.store.open() if of(r) in (nelly, "nelly")]
    assert installation.aws.denied() == before


def test_several_are_denied_by_one_click_and_each_outcome_is_told(installation: Installation) -> None:
    milo, mina = newcomer(installation, "milo"), newcomer(installation, "mina")
    seen = answer(installation, ALICE, "user:milo user:mina user:nobody-of-that-name key leaked")
    button = seen.blocks[-1]["elements"][0]
    ids = button["value"].split()
    assert (button["text"]["text"], len(ids)) == ("Deny all now", 3)
    installation.until(lambda: all(installation.store.get(id_).user for id_ in ids[:2]))
    installation.until(lambda: installation.store.get(ids[2]).ended)

    click(installation, ALICE, seen, "revocations_confirm_all")

    said = whispered(installation, ALICE, "Confirmed and recorded: ")
    assert [line.split(":")[0] for line in said.split("\n")] == ids
    assert "Nothing changed" in said.split("\n")[2]
    installation.until(lambda: {milo, mina} <= installation.aws.denied())
    assert {installation.store.get(id_).confirmed_by.id for id_ in ids[:2]} == {ALICE}  # type: ignore[union-attr]

    click(installation, ALICE, seen, "revocations_confirm_all")
    whispered(installation, ALICE, "confirmed it at")


def test_revoke_alone_opens_a_form_that_searches_the_directory(installation: Installation) -> None:
    copied(installation)
    found = installation.until(lambda: options(installation, BOB, "mallory"), 40)
    assert found[0]["text"]["text"].startswith("Mallory")
    view = form(installation, BOB)
    sent = installation.slack.submit(
        BOB, view["id"], {"person": {"person": found[0]}, "reason": {"reason": "from the form"}}
    )

    assert sent.ok, (sent.error, sent.body)
    assert "Mallory" in str(form(installation, BOB)["blocks"])
    installation.slack.close(BOB, form(installation, BOB)["id"])
    user_id = found[0]["value"]
    record = installation.until(
        lambda: next((r for r in installation.store.open() if of(r) == user_id), None)
    )
    assert "from the form" in [reason.text for reason in record.reasons]


def close_all(installation: Installation, user: str) -> None:
    while (view := installation.slack.view(user)) is not None:
        installation.slack.close(user, view["id"])


def options(installation: Installation, user: str, query: str) -> list[dict[str, Any]]:
    """What the form offers for this; the form is left open."""
    close_all(installation, user)
    installation.slack.command(user, SEC_INC, "/revoke")
    view = form(installation, user)
    if "person" not in [block["block_id"] for block in view["blocks"]]:
        return []
    offered = installation.slack.suggest(user, view["id"], "person", "person", query)
    assert offered.ok, offered.text
    return list(offered.body["options"])


def of(record: Any) -> str:
    return record.user.user_id if record.user else record.target.value


def test_a_card_that_found_nobody_leads_to_the_form_with_its_reason(installation: Installation) -> None:
    newcomer(installation, "nadia")
    card = ask(installation, "nadja key leaked")
    becomes(installation, card, "NOT DENIED")
    press(installation, card, "directory_search")
    view = form(installation, ALICE)
    assert "key leaked" in str(view["state"])

    wrong = installation.slack.submit(ALICE, view["id"], {"typed": {"typed": "two words"}})
    assert "no e-mail, user name or user ID" in str(wrong.body["errors"])
    assert installation.slack.submit(ALICE, view["id"], {"typed": {"typed": "nadia"}}).ok
    installation.slack.close(ALICE, form(installation, ALICE)["id"])

    record = installation.until(
        lambda: next((r for r in installation.store.open() if r.user and r.user.user_name == "nadia"), None)
    )
    assert [reason.text for reason in record.reasons] == ["key leaked"]


@pytest.mark.parametrize("typed", ["status ghost", "@nobody-here leaked"])
def test_whoever_names_nobody_is_offered_the_directory(installation: Installation, typed: str) -> None:
    close_all(installation, BOB)
    seen = answer(installation, BOB, typed)
    click(installation, BOB, seen, "directory_search")
    view = form(installation, BOB)
    assert view["callback_id"] == "search_form"
    installation.slack.close(BOB, view["id"])


def test_who_may_not_revoke_gets_no_form(installation: Installation) -> None:
    said = installation.slack.command(CAROL, SEC_INC, "/revoke")
    assert said.text == "Only a responder can revoke. Ask one; REVOKE_RESPONDERS names them."
    assert installation.slack.view(CAROL) is None


def test_a_mention_in_the_thread_of_a_card_is_about_that_one_and_is_answered_to_the_person_alone(
    installation: Installation,
) -> None:
    newcomer(installation, "mona")
    card = deny(installation, "mona key leaked")
    before = len(installation.slack.messages(SEC_INC))

    assert installation.slack.mention(BOB, SEC_INC, "status", card.ts).ok
    whispered(installation, BOB, f"{revocation_id(card)} · Denied")
    seen = installation.slack.ephemerals(BOB)[-1]
    assert (seen.channel, seen.thread_ts) == (SEC_INC, card.ts)

    assert installation.slack.mention(BOB, SEC_INC, "hold", card.ts).ok
    whispered(installation, BOB, "stays denied")
    becomes(installation, card, "Held")
    said = [m for m in installation.slack.messages(SEC_INC)[before:] if m.user not in (BOB, ALICE)]
    assert not [m for m in said if m.thread_ts is None], "nothing new stands in the channel"


def test_app_home_shows_what_waits_and_denies_from_there(installation: Installation) -> None:
    odessa = newcomer(installation, "odessa")
    card = ask(installation, "odessa key leaked")
    shows(installation, card, "Deny now")

    assert installation.slack.open_home(BOB).ok
    id_ = revocation_id(card)
    page = installation.until(lambda: _home(installation, BOB, id_))
    assert installation.slack.click_view(BOB, page["id"], "revocation_confirm", value=id_).ok
    becomes(installation, card, "Denied")
    assert odessa in installation.aws.denied()
    installation.until(lambda: f"{id_} · " in _home(installation, BOB, id_)["blocks"][0]["text"]["text"])

    assert installation.slack.open_home(BOB).ok
    installation.until(lambda: _home(installation, BOB, "Room for "))
    assert installation.slack.click_view(BOB, page["id"], "home_refresh").ok
    installation.until(lambda: f"{id_} · Denied" in str(_home(installation, BOB, id_)))


def _home(installation: Installation, user: str, words: str) -> dict[str, Any]:
    """Somebody's App Home, once it has these words; empty before."""
    page = installation.slack.home(user) or {}
    return page if words in str(page) else {}
