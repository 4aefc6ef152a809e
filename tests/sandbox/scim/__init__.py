"""A pretend SCIM server of IAM Identity Center, as strict as AWS's. Start it with PretendScim."""

from tests.sandbox.scim.faults import Fault
from tests.sandbox.scim.pretend import Call, PretendScim

__all__ = ["Call", "Fault", "PretendScim"]
