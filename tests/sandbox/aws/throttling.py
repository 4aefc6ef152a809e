"""AWS's documented call rates, as token buckets.

Source: AWS Organizations user guide, "Quotas and service limits"; IAM Identity Center user guide, "Quotas".
"""

import time
from dataclasses import dataclass
from threading import Lock

from tests.sandbox.aws.answers import Refusal
from tests.sandbox.aws.call import Call

RATES: dict[str, tuple[float, float]] = {
    "UpdatePolicy": (2, 3),
    "CreatePolicy": (2, 3),
    "DeletePolicy": (2, 3),
    "AttachPolicy": (2, 3),
    "DetachPolicy": (2, 3),
    "DescribePolicy": (2, 2),
    "ListPolicies": (5, 8),
    "ListPoliciesForTarget": (5, 8),
    "ListTargetsForPolicy": (5, 8),
    "ListAccounts": (8, 12),
    "ListAccountsForParent": (5, 8),
    "ListParents": (5, 8),
    "ListRoots": (1, 2),
    "DescribeOrganization": (1, 2),
    "EnablePolicyType": (1, 1),
}
OTHERS = {"identitystore": (20.0, 20.0), "sso": (20.0, 20.0)}
"""Identity Store: for each operation. IAM Identity Center: for all together."""


@dataclass
class _Bucket:
    tokens: float
    at: float


class Throttle:
    def __init__(self) -> None:
        self._lock = Lock()
        self._buckets: dict[str, _Bucket] = {}

    def check(self, call: Call) -> None:
        """Raise AWS's refusal where the call comes too soon."""
        name = "sso" if call.service == "sso" else f"{call.service}.{call.operation}"
        limits = RATES.get(call.operation) if call.service == "organizations" else OTHERS.get(call.service)
        if limits and not self._take(name, *limits):
            code = "TooManyRequestsException" if call.service == "organizations" else "ThrottlingException"
            raise Refusal(code, "Rate exceeded")

    def _take(self, name: str, rate: float, burst: float) -> bool:
        now = time.monotonic()
        with self._lock:
            bucket = self._buckets.setdefault(name, _Bucket(burst, now))
            bucket.tokens = min(burst, bucket.tokens + (now - bucket.at) * rate)
            bucket.at = now
            allowed = bucket.tokens >= 1
            bucket.tokens -= allowed
            return allowed
