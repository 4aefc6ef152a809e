"""A containment: at once by one person, or by two where it is above a cap. Nobody is refused for a cap."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from workers.cards.text import inert
from workers.domain.actor import SYSTEM, Actor
from workers.domain.caps import Caps
from workers.domain.confirmations import counts_for, not_ahead, why_two
from workers.domain.due import expires_at
from workers.domain.errors import Refused
from workers.domain.revocation import DirectoryUser, Note, Ratification, Revocation, State, Vote
from workers.domain.same_person import same_person
from workers.ports import SHOW, Change, Decide, Job, RevocationStore, Wake
from workers.service.intake.authority import Authority, is_denied, may
from workers.service.intake.outcome import outcome

StillResponder = Callable[[Actor], bool]
"""Whether the one who voted may act still; in doubt they may."""


class NameNeeded(Refused):
    """A protected user is contained by one click only together with the user name, typed."""

    def __init__(self, revocation: Revocation) -> None:
        super().__init__(
            f"{inert(revocation.who, 100)} is protected: type the user name exactly as the card shows it. Nobody is denied yet."
        )
        self.revocation = revocation


def names(user: DirectoryUser, typed: str | None) -> bool:
    """Whether `typed` is this user's name, capitals and spaces around it apart."""
    return (typed or "").strip().casefold() == user.user_name.strip().casefold()


def standing_vote(
    store: RevocationStore, current: Revocation, still_responder: StillResponder
) -> Vote | None:
    """The first of two; void where whoever gave it is denied themself by now, or may not act any more."""
    vote = current.vote
    if vote is None or current.state is not State.REQUESTED:
        return None
    return None if is_denied(store, vote.by) or not still_responder(vote.by) else vote


def yes(
    store: RevocationStore,
    who: Authority,
    caps: Caps | None,
    user_name: str | None,
    still_responder: StillResponder,
) -> Decide:
    """One person's yes to a request: the first of two, the second, or the one that suffices."""

    def decide(current: Revocation, now: datetime) -> Change:
        vote = standing_vote(store, current, still_responder)
        may(store, who, current, approvers_too=vote is not None)
        undecided(current, now)
        user = _identified(current)
        if vote is not None and who.actor.kind != "terminal":
            return second_yes(current, vote, who.actor, now)
        if current.protected and not names(user, user_name):
            raise NameNeeded(current)
        return first_yes(store, caps, who.actor, current, now)

    return decide


def undecided(current: Revocation, now: datetime) -> None:
    """Raises Refused where it was decided already, or nobody did in time."""
    if current.state is not State.REQUESTED:
        raise Refused(f"Nothing changed: {outcome(current)}")
    if now >= expires_at(current):
        raise Refused("This request is over 10 minutes old and has expired. NOT DENIED: run /revoke again.")


def _identified(current: Revocation) -> DirectoryUser:
    if current.user is None:
        raise Refused(
            f"{inert(current.who, 100)} is still being looked up. Press the button on the card once it is there."
        )
    return current.user


def counted(store: RevocationStore, caps: Caps | None, now: datetime, *, protected: bool) -> list[Revocation]:
    """The records whose confirmations count now; none where nothing counts."""
    span = counts_for(caps, protected=protected)
    return [] if span is None else not_ahead([*store.open(), *store.ended_since(now - span)], now)


def first_yes(
    store: RevocationStore, caps: Caps | None, actor: Actor, current: Revocation, now: datetime
) -> Change:
    """One person's yes: it contains, or is the first of two. At a terminal it always contains, loudly if above."""
    before = [r for r in counted(store, caps, now, protected=current.protected) if r.id != current.id]
    why = why_two(caps, before, actor, now, protected=current.protected)
    if actor.kind == "terminal":
        return _contained(current, actor, now, why or (current.vote.because if current.vote else None))
    if why is not None:
        return voted(current, Vote(by=actor, at=now, because=why))
    return _contained(current, actor, now, None)


def _contained(current: Revocation, actor: Actor, now: datetime, above: str | None) -> Change:
    ratification = Ratification(asked_at=now) if current.protected else None
    changed = replace(_confirmed(current, actor, now), ratification=ratification)
    changed = changed.noting(*_loud(current, above, now))
    detail = {"above_cap": above} if above else {}
    # No wake for the card: it would show "being written" and its pace would keep "Denied" waiting.
    return Change(record=changed, event="confirmed", actor=actor, detail=detail, wakes=(Wake(Job.CONTAIN),))


def _confirmed(current: Revocation, by: Actor, now: datetime) -> Revocation:
    return replace(current, state=State.CONFIRMED, confirmed_by=by, confirmed_at=now, owner=by, vote=None)


def _loud(current: Revocation, above: str | None, now: datetime) -> Iterator[Note]:
    if current.protected:
        yield Note(kind="ratify_asked", at=now, broadcast=True)
    if above:
        yield Note(kind="above_cap", at=now, broadcast=True, detail=above)
        yield Note(kind="above_cap", at=now, alarm=True, detail=above)


def voted(current: Revocation, vote: Vote) -> Change:
    """The first of two is recorded; nobody is denied yet, and the others are called."""
    changed = replace(current, state=State.REQUESTED, vote=vote)
    changed = changed.noting(Note(kind="second_needed", at=vote.at, broadcast=True))
    detail = {"because": vote.because}
    return Change(record=changed, event="confirm_voted", actor=vote.by, detail=detail, wakes=(SHOW,))


def second_yes(current: Revocation, vote: Vote, actor: Actor, now: datetime) -> Change:
    """The yes of another person, with which it is contained; the first one owns it."""
    if same_person(vote.by, actor):
        raise Refused(f"You pressed Deny now already, at {vote.at:%H:%M:%S} UTC. {another_must(current)}")
    changed = replace(_confirmed(current, vote.by, now), seconded_by=actor)
    detail = {"first": vote.by.id, "because": vote.because}
    return Change(record=changed, event="confirmed", actor=actor, detail=detail, wakes=(Wake(Job.CONTAIN),))


def another_must(current: Revocation) -> str:
    """What the first of two is told: who must press too, by when, and how it is done at once without them."""
    assert current.user is not None
    return (
        f"Another responder or an approver must press it too before {expires_at(current):%H:%M} UTC, or nobody is denied. "
        f"If it must be now: `python -m workers revoke {current.user.user_id} --reason ...` at a terminal."
    )


def needs_second(store: RevocationStore, revocation_id: str, because: str) -> Revocation | None:
    """Somebody confirmed and never written waits for a second person after all, loudly; None: nothing to change.

    `because`: as `workers.domain.confirmations.exceeding` has it. Call it under the policy's lock, and for nobody whose
    user ID stands in the policy: nobody is taken off here. Their ten minutes begin anew.
    """

    def decide(current: Revocation, now: datetime) -> Change | None:
        by = current.confirmed_by
        if current.state is not State.CONFIRMED or current.written_at is not None or by is None:
            return None
        asked = replace(
            current, confirmed_by=None, confirmed_at=None, ratification=None, trouble=None, alarmed=False
        )
        kept = tuple(note for note in asked.notes if note.kind != "ratify_asked")
        change = voted(replace(asked, notes=kept), Vote(by=by, at=now, because=because))
        return replace(change, event="second_needed", actor=SYSTEM)

    return store.change(revocation_id, decide)
