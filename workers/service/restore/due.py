"""When a restore must be looked at. Pure."""

from datetime import datetime

from workers.domain.revocation import Revocation
from workers.service.intake.giving_back import GIVES_BACK


def under_way(revocation: Revocation) -> bool:
    return revocation.restore is not None and revocation.restore.ended_at is None


def next_look_at(revocation: Revocation) -> datetime | None:
    """For the list to be read, for a request to lapse, or for giving back to go on; in any state of the record."""
    if revocation.restore is not None and revocation.restore.ended_at is None:
        return revocation.restore.again_at
    if revocation.release is not None and revocation.release.what in GIVES_BACK:
        return revocation.release.again_at
    return None
