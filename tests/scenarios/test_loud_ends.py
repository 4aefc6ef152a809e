"""What must wake somebody: a request that nobody confirmed, and a denial that does not come about."""

from dataclasses import replace
from datetime import datetime, timedelta

from tests.sandbox.installation import ALICE, SEC_INC, Installation
from tests.scenarios.steps import actions, ask, becomes, current, deny, newcomer, press, revocation_id, told
from workers.domain.actor import SYSTEM
from workers.domain.revocation import Revocation
from workers.ports import Change


def test_an_unconfirmed_request_expires_loudly_and_can_be_asked_again(installation: Installation) -> None:
    newcomer(installation, "forgotten")
    card = ask(installation, "forgotten nobody looks")
    _earlier(installation, revocation_id(card), timedelta(minutes=10))

    becomes(installation, card, "Expired")

    moment = told(installation, card, "NOT DENIED: nobody pressed Deny now")
    assert moment.reply_broadcast
    assert f"<@{ALICE}>" in moment.text
    before = {m.ts for m in installation.slack.messages(SEC_INC)}
    press(installation, card, "step_retry")
    fresh = installation.until(
        lambda: [
            m for m in installation.slack.messages(SEC_INC) if m.ts not in before and "Forgotten" in m.text
        ]
    )
    assert revocation_id(fresh[0]) != revocation_id(card)
    assert " · Not denied yet" in fresh[0].text


def test_a_late_click_on_an_expired_request_denies_nobody(installation: Installation) -> None:
    user_id = newcomer(installation, "too-late")
    card = ask(installation, "too-late somebody clicks after ten minutes")
    installation.until(lambda: "revocation_confirm" in actions(current(installation, SEC_INC, card.ts)))
    snapshot = current(installation, SEC_INC, card.ts)
    _earlier(installation, revocation_id(card), timedelta(minutes=10))
    installation.slack.click_stale(ALICE, SEC_INC, card.ts, "revocation_confirm", snapshot)

    becomes(installation, card, "Expired")
    assert user_id not in installation.aws.denied()


def test_a_denial_that_does_not_come_about_alarms_beside_slack_after_a_minute() -> None:
    with Installation.fresh() as installation:
        installation.stop("workers")
        installation.settings["REVOKE_ALARM_TOPIC"] = installation.seed.alarm_topic
        installation.start_workers()
        installation.aws.fault(
            "UpdatePolicy", times=None, code="ConcurrentModificationException", message="Busy."
        )
        card = ask(installation, "@mallory AWS stays busy")
        press(installation, card, "revocation_confirm")
        assert installation.aws.alarms() == []
        _earlier(installation, revocation_id(card), timedelta(seconds=60))

        becomes(installation, card, "NOT DENIED", timeout=40)
        alarm = installation.until(installation.aws.alarms)[0]
        assert revocation_id(card) in str(alarm)
        assert "NOT DENIED" in str(alarm)

        installation.aws.clear_faults()
        becomes(installation, card, "Denied", timeout=30)


def test_a_release_that_nobody_approves_lapses_after_a_day(installation: Installation) -> None:
    user_id = newcomer(installation, "lapsed")
    card = deny(installation, "lapsed")
    press(installation, card, "revocation_release")
    told(installation, card, "asks to release")

    def earlier(current: Revocation, now: datetime) -> Change:
        assert current.release is not None
        old = replace(current.release, asked_at=now - timedelta(hours=24))
        return Change(record=replace(current, release=old), event="backdated", actor=SYSTEM)

    installation.store.change(revocation_id(card), earlier)

    told(installation, card, "was not approved within 24 hours")
    assert user_id in installation.aws.denied()


def _earlier(installation: Installation, revocation_id: str, by: timedelta) -> None:
    """Let the record have begun that much earlier."""

    def backdated(current: Revocation, now: datetime) -> Change:
        confirmed = current.confirmed_at - by if current.confirmed_at else None
        changed = replace(current, requested_at=current.requested_at - by, confirmed_at=confirmed)
        return Change(record=changed, event="backdated", actor=SYSTEM)

    installation.store.change(revocation_id, backdated)
