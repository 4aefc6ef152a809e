"""The request is decided: denied, dropped, expired, or tried again."""

from dataclasses import replace
from datetime import datetime

from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.domain.revocation import Note, Revocation, State
from workers.domain.timing import CONFIRM_WITHIN
from workers.ports import SHOW, Change, Job, RevocationStore, Wake
from workers.service.intake.asking import REASON_LIMIT, Request, ask
from workers.service.intake.authority import Authority, may, not_barred
from workers.service.intake.changing import changed_by
from workers.service.intake.outcome import outcome


def confirm(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The user must be denied: the one moment that nothing may delay. Raises Refused where it was decided before."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        _undecided(current, now)
        if current.user is None:
            raise Refused(
                f"{current.who} is still being looked up. Press the button on the card once it is there."
            )
        changed = replace(
            current, state=State.CONFIRMED, confirmed_by=who.actor, confirmed_at=now, owner=who.actor
        )
        # No wake for the card: it would show "being written" and its pace would keep "Denied" waiting.
        return Change(revocation=changed, event="confirmed", actor=who.actor, wakes=(Wake(Job.CONTAIN),))

    return changed_by(store, revocation_id, decide)


def cancel(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The request is dropped; nobody was denied."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        _undecided(current, now)
        changed = replace(current, state=State.CANCELLED, cancelled_by=who.actor)
        return Change(revocation=changed, event="cancelled", actor=who.actor, wakes=(SHOW,))

    return changed_by(store, revocation_id, decide)


def retry(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """Try to write the policy again, now; of an expired request: ask again, as a new one."""
    expired = store.get(revocation_id)
    if expired.state is State.EXPIRED:
        return _ask_again(store, who, expired)

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        if not (current.on_the_list or current.state is State.RELEASING):
            raise Refused(f"There is nothing to try again: {outcome(current)}")
        return Change(revocation=current, event="retried", actor=who.actor, wakes=(Wake(Job.CONTAIN), SHOW))

    return changed_by(store, revocation_id, decide)


def _ask_again(store: RevocationStore, who: Authority, expired: Revocation) -> Revocation:
    reason = "; ".join(reason.text for reason in expired.reasons)[:REASON_LIMIT]
    request = Request(targets=(expired.target,), reason=reason, channel=expired.channel)
    not_barred(store, who, expired)
    return ask(store, who, request)[0].revocation


def expire(store: RevocationStore, revocation_id: str, system: Actor) -> None:
    """An unconfirmed request ends after 10 minutes, loudly. Does nothing to any other record."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.REQUESTED or now - current.requested_at < CONFIRM_WITHIN:
            return None
        changed = replace(current, state=State.EXPIRED).noting(Note(kind="expired", at=now, broadcast=True))
        return Change(revocation=changed, event="expired", actor=system, wakes=(SHOW,))

    store.change(revocation_id, decide)


def _undecided(current: Revocation, now: datetime) -> None:
    if current.state is not State.REQUESTED:
        raise Refused(f"Nothing changed: {outcome(current)}")
    if now - current.requested_at >= CONFIRM_WITHIN:
        raise Refused("This request is over 10 minutes old and has expired. NOT DENIED: run /revoke again.")
