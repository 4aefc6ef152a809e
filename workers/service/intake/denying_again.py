"""Somebody who is off the list is denied again, at once, by one click."""

from dataclasses import replace
from datetime import datetime, timedelta

from workers.cards.text import inert
from workers.domain.caps import Caps
from workers.domain.due import expires_at
from workers.domain.errors import Refused, once_recorded
from workers.domain.revocation import Reason, Revocation, State
from workers.ports import SHOW, Change, Decide, RevocationStore
from workers.service.intake.authority import Authority, may
from workers.service.intake.changing import changed_by
from workers.service.intake.outcome import named, outcome
from workers.service.intake.two_people import NameNeeded, StillResponder, first_yes, names, yes

OFF_AGAIN = frozenset({State.WATCHED, State.RELEASED, State.CLOSED})

ONE_AT_A_TIME = timedelta(seconds=1)
"""So long a second click waits for the first. After that it goes on: two records deny no less than one."""


def deny_again(
    store: RevocationStore,
    who: Authority,
    revocation_id: str,
    caps: Caps | None,
    *,
    user_name: str | None = None,
    still_responder: StillResponder = lambda voter: True,
) -> Revocation:
    """A new revocation of the same user, confirmed already: the button's own question was the confirmation.

    It counts for `caps`; above them the new one is REQUESTED with a `vote`, to which a click here, too, is the second.
    A protected user takes the `user_name`, typed: raises NameNeeded. May run twice: the second run finds the first's,
    and ends the watch if that one could not. Raises Refused where somebody denies the user already, and to whoever may
    not ask or confirm.
    """
    old = store.get(revocation_id)
    may(store, who, old)
    if old.user is None or old.state not in OFF_AGAIN:
        raise Refused(f"There is nobody to deny again: {outcome(old)}")
    with store.lock(f"deny-again-{old.user.user_id}", wait=ONE_AT_A_TIME):
        already = denying(store, old.user.user_id)
        if already is None:
            return _anew(store, who, old, caps, user_name, still_responder)
        if _follows(already, old):
            store.change(old.id, _closed(who, already))
    at = f"{already.confirmed_at:%H:%M:%S} UTC" if already.confirmed_at else "an unknown time"
    by = named(already.confirmed_by or already.requested_by)
    raise Refused(f"{inert(already.who, 100)} is denied already: {by} confirmed {already.id} at {at}.")


def _anew(
    store: RevocationStore,
    who: Authority,
    old: Revocation,
    caps: Caps | None,
    typed: str | None,
    still_responder: StillResponder,
) -> Revocation:
    """Confirmed at once, or the first of two; where the first is there already, this is the second."""
    assert old.user is not None
    waiting = _waiting(store, old)
    if waiting is not None:
        new = changed_by(store, waiting.id, yes(store, who, caps, typed, still_responder))
    elif old.protected and not names(old.user, typed):
        raise NameNeeded(old)
    else:
        new = store.create(lambda fresh, now: _again(store, fresh, now, who, old, caps))
    with once_recorded():
        end_watch(store, who, new)
    return new


def _waiting(store: RevocationStore, old: Revocation) -> Revocation | None:
    """What an earlier click on `old` made, while it waits for the second person."""
    now = store.now()
    found = (r for r in store.open() if r.state is State.REQUESTED and r.vote and now < expires_at(r))
    return next((r for r in found if _same_user(r, old) and _follows(r, old)), None)


def end_watch(store: RevocationStore, who: Authority, new: Revocation) -> None:
    """Where `new` denies again whoever is watched, that watch ends. May run twice; does nothing in any other case."""
    if not new.on_the_list or not any(reason.text.startswith(_AFTER) for reason in new.reasons):
        return
    for old in store.open():
        if old.state is State.WATCHED and _same_user(new, old) and _follows(new, old):
            store.change(old.id, _closed(who, new))


def _same_user(one: Revocation, other: Revocation) -> bool:
    return one.user is not None and other.user is not None and one.user.user_id == other.user.user_id


def denying(store: RevocationStore, user_id: str) -> Revocation | None:
    """The open revocation that keeps this user on the list."""
    found = (r for r in store.open() if r.on_the_list and r.user is not None and r.user.user_id == user_id)
    return next(found, None)


def _again(
    store: RevocationStore, fresh: str, now: datetime, who: Authority, old: Revocation, caps: Caps | None
) -> Change:
    asked = Revocation(
        id=fresh,
        state=State.REQUESTED,
        target=old.target,
        requested_by=who.actor,
        requested_at=now,
        owner=who.actor,
        channel=old.channel,
        channel_shared=old.channel_shared,
        reasons=(Reason(by=who.actor, text=_reason(old), at=now),),
        user=old.user,
        slack_name=old.slack_name,
        protected=old.protected,
        drill=old.drill,
    )
    change = first_yes(store, caps, who.actor, asked, now)
    return replace(change, detail={**change.detail, "again_after": old.id})


_AFTER = "denied again after "


def _reason(old: Revocation) -> str:
    return f"{_AFTER}{old.id}"


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
            record=changed,
            event="watch_ended",
            actor=who.actor,
            detail={"denied_again_as": new.id},
            wakes=(SHOW,),
        )

    return closed
