"""RQ's entry points, one line each. A job is a wake-up: it may run late, twice or never."""

from dataclasses import dataclass

from workers.domain.step import Kind
from workers.service import clean_up as clean_up_
from workers.service import (
    containment,
    coverage,
    follow_ups,
    handing_over,
    handoff_telling,
    identification,
    lookup,
    standing_down,
    telling,
)
from workers.service import look_back as look_back_
from workers.service import restore as restore_
from workers.service.world import World


@dataclass
class _Bound:
    world: World | None = None


_bound = _Bound()


def bind(world: World) -> None:
    """Give this worker process its world; once, before its first job."""
    _bound.world = world


def _world() -> World:
    if _bound.world is None:
        raise RuntimeError("jobs run inside `python -m workers work` only")
    return _bound.world


def identify(revocation_id: str) -> None:
    identification.identify(_world(), revocation_id)


def contain(revocation_id: str) -> None:
    containment.contain(_world(), revocation_id)


def read_reach(revocation_id: str) -> None:
    coverage.read_reach(_world(), revocation_id)


def clean_up(revocation_id: str) -> None:
    clean_up_.clean_up(_world(), revocation_id)


def follow_up(revocation_id: str) -> None:
    follow_ups.follow_up(_world(), revocation_id)


def remove_assignments(revocation_id: str) -> None:
    follow_ups.remove(_world(), revocation_id, Kind.ASSIGNMENTS)


def remove_memberships(revocation_id: str) -> None:
    follow_ups.remove(_world(), revocation_id, Kind.MEMBERSHIPS)


def remove_applications(revocation_id: str) -> None:
    follow_ups.remove(_world(), revocation_id, Kind.APPLICATIONS)


def remove_entitlements(revocation_id: str) -> None:
    follow_ups.remove(_world(), revocation_id, Kind.ENTITLEMENTS)


def disable_sign_in(revocation_id: str) -> None:
    follow_ups.disable_sign_in(_world(), revocation_id)


def restore(revocation_id: str) -> None:
    restore_.restore(_world(), revocation_id)


def look_back(revocation_id: str) -> None:
    look_back_.look_back(_world(), revocation_id)


def stand_down(revocation_id: str) -> None:
    standing_down.stand_down(_world(), revocation_id)


def look_up(lookup_id: str) -> None:
    lookup.look_up(_world(), lookup_id)


def show(revocation_id: str) -> None:
    telling.show(_world(), revocation_id)


def pass_on(handoff_id: str) -> None:
    handing_over.pass_on(_world(), handoff_id)


def show_handoff(handoff_id: str) -> None:
    handoff_telling.show(_world(), handoff_id)
