"""When a restore must be looked at. Pure."""

from datetime import datetime

from workers.domain.revocation import Revocation


def next_look_at(revocation: Revocation) -> datetime | None:
    """For the list to be read, for a request to lapse, or for giving back to go on; in any state of the record."""
    if revocation.restore is not None and revocation.giving_back:
        return revocation.restore.again_at
    if revocation.release is not None and revocation.release.gives_back:
        return revocation.release.again_at
    return None
