"""The Assignments port: what somebody may still use to get credentials."""

from collections.abc import Sequence

from workers.adapters.aws.account_access import AccessEntitlements
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.sso_admin import AccountAssignments
from workers.ports import Assignment


class AwsAssignments:
    """Account assignments and account-access entitlements, read live."""

    def __init__(self, clients: AwsClients, center: IdentityCenter) -> None:
        self._accounts = AccountAssignments(clients, center)
        self._access = AccessEntitlements(clients)

    def of(self, principal_type: str, principal_id: str) -> list[Assignment]:
        return self._accounts.of(principal_type, principal_id)

    def entitlements(self, user_id: str, group_ids: Sequence[str]) -> int | None:
        return self._access.count(user_id, group_ids)
