"""Records that are not believed, as the cards are reviewed with them."""

from tests.unit.make import ALICE, T0, at, denied, requested
from workers.domain.actor import SYSTEM
from workers.domain.revocation import Revocation, State, TargetRef
from workers.domain.witnessed import Seen, seen, taken_up

NOT_COUNTED = (
    "Bob Oncall confirmed it and is no responder by the workers' settings now, so that does not count."
)
VOID = "The release is void: Carol may not release anybody any more. Ask for it anew."


def _taken_up(before: Seen, *in_policy: str) -> Revocation:
    return taken_up(denied(), before, in_policy, at(hours=2))


def cards() -> dict[str, Revocation]:
    was = seen(denied(seq=9, mac="m9"))
    gone = "The record of R-AAAAAA, which denied somebody, is gone from Redis, and they are not in the Deny policy."
    return {
        "put_back_and_held": _taken_up(was, ALICE.user_id),
        "put_back_and_not_denied": _taken_up(was),
        "put_back_after_its_end": _taken_up(seen(denied(seq=9, mac="m9", state=State.RELEASED))),
        "confirmed_by_no_responder": requested(state=State.EXPIRED, refused_because=NOT_COUNTED),
        "lost": requested(
            state=State.EXPIRED,
            user=None,
            target=TargetRef(kind="user_id", value=ALICE.user_id),
            requested_by=SYSTEM,
            requested_at=T0,
            refused_because=gone,
        ),
    }


def moments() -> dict[str, tuple[Revocation, str, str]]:
    """Each by name: the record, the note's kind, and its detail."""
    held, gone = cards()["put_back_and_held"], cards()["put_back_and_not_denied"]
    return {
        "put_back": (held, "put_back", held.held_because or ""),
        "put_back_not_denied": (gone, "put_back", gone.refused_because or ""),
        "confirmation_void": (cards()["confirmed_by_no_responder"], "confirmation_void", NOT_COUNTED),
        "release_void": (denied(), "release_void", VOID),
    }
