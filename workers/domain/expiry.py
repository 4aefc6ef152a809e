"""When a request that nobody decided ends. Pure."""

from datetime import datetime

from workers.domain.revocation import Revocation
from workers.domain.timing import CONFIRM_WITHIN


def expires_at(revocation: Revocation) -> datetime:
    """When an undecided request ends: ten minutes after it was asked, or after the first yes of two."""
    vote = revocation.vote
    return max(revocation.requested_at, vote.at if vote else revocation.requested_at) + CONFIRM_WITHIN
