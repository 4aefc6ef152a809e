"""When a second person must still say yes to a protected user's denial, and when that is escalated. Pure."""

from datetime import datetime

from workers.domain.revocation import Revocation
from workers.domain.timing import RATIFY_WITHIN


def waits(revocation: Revocation) -> bool:
    """Whether somebody protected is denied by one person's word, and nobody else looked at it yet."""
    asked = revocation.ratification
    return asked is not None and asked.ratified_at is None and revocation.on_the_list


def escalates_at(revocation: Revocation) -> datetime | None:
    """When responders and approvers are called once more; None: never, or they were."""
    asked = revocation.ratification
    if asked is None or asked.escalated_at is not None or not waits(revocation):
        return None
    return asked.asked_at + RATIFY_WITHIN
