"""Somebody who is off the list is denied again, at once, by one click."""

from dataclasses import replace
from datetime import datetime, timedelta

from workers.domain.errors import Refused
from workers.domain.revocation import Reason, Revocation, State
from workers.ports import SHOW, Change, Decide, Job, RevocationStore, Wake
from workers.service.intake.authority import Authority, may
from workers.service.intake.outcome import named, outcome

OFF_AGAIN = frozenset({State.WATCHED, State.RELEASED, State.CLOSED})

ONE_AT_A_TIME = timedelta(seconds=1)
"""So long a second click waits for the first. After that it goes on: two records deny no less than one."""


def deny_again(store: RevocationStore, who: Authority, revocation_id: str) -> Revocation:
    """A new revocation of the same user, confirmed already: the button's own question was the confirmation.

    May run twice: the second run finds the first's, and ends the watch if that one could not. Raises Refused
    where somebody denies the user already, and to whoever may not ask or confirm.
    """
    old = store.get(revocation_id)
    may(store, who, old)
    if old.user is None or old.state not in OFF_AGAIN:
        raise Refused(f"There is nobody to deny again: {outcome(old)}")
    with store.lock(f"deny-again-{old.user.user_id}", wait=ONE_AT_A_TIME):
        already = _denying(store, old.user.user_id)
        new = already or store.create(lambda fresh, now: _again(fresh, now, who, old))
        if already is None or _follows(already, old):
            store.change(old.id, _closed(who, new))
    if already is not None:
        at = f"{already.confirmed_at:%H:%M:%S} UTC" if already.confirmed_at else "an unknown time"
        by = named(already.confirmed_by or already.requested_by)
        raise Refused(f"{already.who} is denied already: {by} confirmed {already.id} at {at}.")
    return new


def _denying(store: RevocationStore, user_id: str) -> Revocation | None:
    """The open revocation that keeps this user on the list."""
    found = (r for r in store.open() if r.on_the_list and r.user is not None and r.user.user_id == user_id)
    return next(found, None)


def _again(fresh: str, now: datetime, who: Authority, old: Revocation) -> Change:
    revocation = Revocation(
        id=fresh,
        state=State.CONFIRMED,
        target=old.target,
        requested_by=who.actor,
        requested_at=now,
        confirmed_by=who.actor,
        confirmed_at=now,
        owner=who.actor,
        channel=old.channel,
        channel_shared=old.channel_shared,
        reasons=(Reason(by=who.actor, text=_reason(old), at=now),),
        user=old.user,
        slack_name=old.slack_name,
    )
    # No wake for the card, as with every confirmation: its pace would keep "Denied" waiting.
    return Change(
        revocation=revocation,
        event="confirmed",
        actor=who.actor,
        detail={"again_after": old.id},
        wakes=(Wake(Job.CONTAIN),),
    )


def _reason(old: Revocation) -> str:
    return f"denied again after {old.id}"


def _follows(new: Revocation, old: Revocation) -> bool:
    """Whether `new` is what a click on `old` made."""
    return any(reason.text == _reason(old) for reason in new.reasons)


def _closed(who: Authority, new: Revocation) -> Decide:
    """The watch ends: the new revocation has the user. What waited to be given back is void with it."""

    def closed(current: Revocation, now: datetime) -> Change | None:
        if current.state is not State.WATCHED:
            return None
        changed = replace(
            current, state=State.CLOSED, release=None, refused_because=f"Denied again as {new.id}."
        )
        return Change(
            revocation=changed,
            event="watch_ended",
            actor=who.actor,
            detail={"denied_again_as": new.id},
            wakes=(SHOW,),
        )

    return closed
