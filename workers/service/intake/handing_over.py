"""Open revocations are offered to whoever is next."""

from collections.abc import Sequence

from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.domain.handoff import Handoff, Remark
from workers.domain.revocation import Revocation, State
from workers.domain.same_person import is_target, same_person
from workers.ports import ChangeOf, HandoffStore, RevocationStore
from workers.service.intake.authority import Authority, must_be_responder, not_barred

_PASSED_ON = frozenset({State.CONFIRMED, State.DENIED, State.RELEASING, State.WATCHED})


def offer(
    store: RevocationStore,
    handoffs: HandoffStore,
    who: Authority,
    incoming: Sequence[str],
    note: str,
    *,
    channel: str,
    only: str | None = None,
) -> Handoff:
    """Offer what `who` owns, else all that is open; `only`: that one alone. Raises Refused."""
    must_be_responder(store, who)
    if only:
        not_barred(store, who, store.get(only))
    open_ones = [one for one in store.open() if one.state in _PASSED_ON and not is_target(who.actor, one)]
    mine = [one for one in open_ones if one.owner is not None and same_person(one.owner, who.actor)]
    wanted = [one for one in open_ones if one.id == only] if only else mine or open_ones
    if not wanted:
        raise Refused("Nothing is open that could be handed over. `/revoke list` shows what is.")
    return handoffs.create(
        lambda fresh, now: ChangeOf(
            record=Handoff(
                id=fresh,
                revocations=tuple(one.id for one in sorted(wanted, key=lambda one: one.requested_at)),
                outgoing=_owners(wanted),
                incoming=tuple(incoming),
                offered_by=who.actor,
                offered_at=now,
                channel=channel,
                remarks=(Remark(by=who.actor, at=now, text=note),) if note else (),
            ),
            event="offered",
            actor=who.actor,
        )
    )


def _owners(revocations: Sequence[Revocation]) -> tuple[Actor, ...]:
    owners = {one.owner.id: one.owner for one in revocations if one.owner is not None}
    return tuple(owners.values())
