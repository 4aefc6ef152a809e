"""What waits for its second person: one thing at a time, for 24 hours."""

from dataclasses import replace
from datetime import datetime

from workers.cards.text import inert
from workers.domain.actor import SYSTEM
from workers.domain.errors import Refused
from workers.domain.revocation import Asked, Note, ReleaseRequest, Revocation
from workers.domain.timing import APPROVE_WITHIN
from workers.ports import SHOW, Change, Job, Wake

NAMES: dict[Asked, str] = {
    "release": "a release",
    "clean_up": "the clean-up",
    "restore": "a restore",
    "false_alarm": "a false alarm",
}


def what(request: ReleaseRequest) -> Asked:
    """What is asked for; older records say only who asked."""
    return "clean_up" if request.asked_by.kind == "system" else request.what


def lapsed(request: ReleaseRequest, now: datetime) -> bool:
    return now - request.asked_at >= APPROVE_WITHIN


def drop_lapsed(current: Revocation, now: datetime) -> Change | None:
    """A request that nobody approved within 24 hours ends, and what stood still for it goes on."""
    if current.release is None or not lapsed(current.release, now):
        return None
    changed = replace(current, release=None).noting(Note(kind="approval_lapsed", at=now))
    wakes = (SHOW, Wake(Job.FOLLOW_UP)) if current.release.gives_back else (SHOW,)
    return Change(record=changed, event="approval_lapsed", actor=SYSTEM, wakes=wakes)


def must_be_free(current: Revocation, now: datetime, wanted: Asked) -> None:
    """Raises Refused where something waits already, or is being given back, with by whom and since when."""
    restore, request = current.restore, current.release
    if restore is not None and current.giving_back:
        raise Refused(
            f"What was taken is being given back since {restore.approved_at:%H:%M} UTC, approved by "
            f"{inert(restore.approved_by.name, 100)}. Ask again once that has ended."
        )
    if request is not None and not lapsed(request, now):
        raise Refused(_waits(request, wanted))


def _waits(request: ReleaseRequest, wanted: Asked) -> str:
    waiting = what(request)
    since = f"{inert(request.asked_by.name, 100)} asked for {NAMES[waiting]} at {request.asked_at:%H:%M} UTC"
    if waiting == wanted:
        return f"{since}; it waits for a second person. If you are an approver, approve it on the card or at a terminal."
    return f"{since}. It must be approved or refused before {NAMES[wanted]} can be asked for."
