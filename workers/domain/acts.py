"""What somebody did as a responder, read from another revocation's log. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from workers.domain.actor import Actor
from workers.domain.revocation import Act, Revocation
from workers.domain.same_person import is_target
from workers.domain.step import Kind
from workers.domain.timing import ACTS_WITHIN

Entry = Mapping[str, Any]

_APPROVED = frozenset({"release_approved", "restore_approved", "false_alarm_approved"})


def since(revocation: Revocation) -> datetime:
    """From when on the target's deeds count."""
    return (revocation.confirmed_at or revocation.written_at or revocation.requested_at) - ACTS_WITHIN


def acts_in(log: Iterable[Entry], other: Revocation, person: Revocation) -> list[Act]:
    """What the target of `person` did in `other`, whose verified log this is; the last time of each kind of deed."""
    found = dict[tuple[str, Kind | None], Act]()
    for entry in log:
        at = datetime.fromisoformat(entry["at"])
        for did, kind, actor in _deeds(entry) if at >= since(person) else ():
            if is_target(actor, person):
                found[did, kind] = Act(
                    revocation_id=other.id,
                    who=other.who,
                    did=did,  # type: ignore[arg-type]
                    at=at,
                    kind=kind,
                )
    return list(found.values())


def _deeds(entry: Entry) -> Iterator[tuple[str, Kind | None, Actor]]:
    """Who did what by this entry, as `Act.did` has it."""
    record, event, by = entry["record"], entry["event"], entry["actor"]
    if event == "confirmed":
        yield from (("confirmed", None, who) for who in _actors(record, "confirmed_by", "seconded_by"))
    elif event in _APPROVED:
        yield "approved", None, _actor(by)
        asked = record["released_by"][:1] if event == "release_approved" else [record["restore"]["asked_by"]]
        yield from (("asked", None, _actor(who)) for who in asked)
    elif event == "clean_up_given":
        yield "approved", None, _actor(by)
    elif event == "attested":
        yield "attested", Kind(entry["detail"]["step"]), _actor(by)
    elif event == "break_glass":
        yield "released", None, _actor(by)


def _actors(record: Entry, *names: str) -> Iterator[Actor]:
    yield from (_actor(record[name]) for name in names if record.get(name))


def _actor(said: Entry) -> Actor:
    return Actor(kind=said["kind"], id=said["id"], name=said.get("name") or "", email=said.get("email") or "")
