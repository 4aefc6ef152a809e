"""Seeding by one call: `seed(aws, ...)`."""

from typing import Any

from tests.sandbox.aws.pretend import PretendAws
from tests.sandbox.aws.seed_data import Seed

__all__ = ["Seed", "seed"]


def seed(aws: PretendAws, **options: Any) -> Seed:
    """Make the usual organization in a running pretend AWS; options: see plant()."""
    return aws.seed(**options)
