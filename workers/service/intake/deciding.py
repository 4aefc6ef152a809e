"""The request is decided: denied, dropped, expired, or tried again."""

from dataclasses import replace
from datetime import datetime

from workers.domain.actor import Actor
from workers.domain.caps import Caps
from workers.domain.due import expires_at
from workers.domain.errors import Refused, once_recorded
from workers.domain.revocation import Note, Revocation, State
from workers.ports import SHOW, Change, Job, RevocationStore, Wake
from workers.service.intake.asking import REASON_LIMIT, Request, ask
from workers.service.intake.authority import Authority, may, not_barred
from workers.service.intake.changing import changed_by
from workers.service.intake.denying_again import end_watch
from workers.service.intake.outcome import outcome
from workers.service.intake.two_people import StillResponder, undecided, yes


def confirm(
    store: RevocationStore,
    who: Authority,
    revocation_id: str,
    caps: Caps | None,
    *,
    user_name: str | None = None,
    still_responder: StillResponder = lambda voter: True,
) -> Revocation:
    """The user must be denied: the one moment that nothing may delay. Raises Refused where it was decided before.

    Above `caps` the first yes leaves it REQUESTED with a `vote`, and another person's yes confirms. A protected user
    takes the `user_name`, typed: raises NameNeeded without it, or with another.
    """

    decide = yes(store, who, caps, user_name, still_responder)
    confirmed = changed_by(store, revocation_id, decide)
    with once_recorded():
        end_watch(store, who, confirmed)
    return confirmed


def cancel(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """The request is dropped; nobody was denied."""

    def decide(current: Revocation, now: datetime) -> Change:
        may(store, who, current)
        undecided(current, now)
        changed = replace(current, state=State.CANCELLED, cancelled_by=who.actor)
        return Change(record=changed, event="cancelled", actor=who.actor, wakes=(SHOW,))

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
        return Change(record=current, event="retried", actor=who.actor, wakes=(Wake(Job.CONTAIN), SHOW))

    return changed_by(store, revocation_id, decide)


def _ask_again(store: RevocationStore, who: Authority, expired: Revocation) -> Revocation:
    reason = "; ".join(reason.text for reason in expired.reasons)[:REASON_LIMIT]
    request = Request(targets=(expired.target,), reason=reason, channel=expired.channel, drill=expired.drill)
    not_barred(store, who, expired)
    return ask(store, who, request)[0].revocation


def expire(store: RevocationStore, revocation_id: str, system: Actor) -> None:
    """An unconfirmed request ends after 10 minutes, loudly. Does nothing to any other record."""

    def decide(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.REQUESTED or now < expires_at(current):
            return None
        changed = replace(current, state=State.EXPIRED).noting(Note(kind="expired", at=now, broadcast=True))
        return Change(record=changed, event="expired", actor=system, wakes=(SHOW,))

    store.change(revocation_id, decide)
