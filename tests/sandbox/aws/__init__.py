"""A pretend AWS: moto's server behind a layer that adds what moto lets pass. Start it with PretendAws."""

from tests.sandbox.aws.pretend import PretendAws
from tests.sandbox.aws.seed_data import Seed

__all__ = ["PretendAws", "Seed"]
