"""What people call the things that AWS names by number; kept, because the names hardly change."""

import logging
import threading
import time
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import plain, translated
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.paging import every
from workers.domain.errors import AwsRefused, AwsUnsettled

LIMIT = 100
ACCOUNTS_READ = 400
"""So many accounts are read for their names: AWS lists 20 a call, 8 calls a second. The others go by their number."""

KEEP = 3600.0

WAIT = 0.15
"""Seconds. A removal does not wait for the names of hundreds of accounts; until they are read, numbers stand for them."""

log = logging.getLogger(__name__)


@dataclass
class Names:
    """A name that cannot be read is no error: the number stands in for it.

    Source: IAM Identity Center API reference, DescribePermissionSet and DescribeApplication; AWS Organizations API
    reference, ListAccounts.
    """

    clients: AwsClients
    center: IdentityCenter
    _known: dict[str, str] = field(default_factory=dict)
    _accounts: dict[str, str] = field(default_factory=dict)
    _accounts_until: float = 0.0

    def permission_set(self, arn: str) -> str:
        asked = {"InstanceArn": self.center.instance_arn, "PermissionSetArn": arn}
        return self._kept(arn, arn, "describe_permission_set", "PermissionSet", asked)

    def application(self, arn: str) -> str:
        return self._kept(arn, arn.rpartition("/")[2], "describe_application", None, {"ApplicationArn": arn})

    def account(self, account_id: str) -> str:
        """`prod (111122223333)`, or the number alone."""
        if time.monotonic() >= self._accounts_until:
            self._accounts_until = time.monotonic() + KEEP
            reading = threading.Thread(target=self._read_accounts, name="account-names", daemon=True)
            reading.start()
            reading.join(WAIT)
        name = self._accounts.get(account_id)
        return f"{name} ({account_id})" if name else account_id

    def _kept(self, arn: str, otherwise: str, operation: str, inside: str | None, asked: Any) -> str:
        if arn not in self._known:
            try:
                with translated("read a name", "sso"):
                    answer = getattr(self.clients.sso_admin, operation)(**asked)
            except (AwsRefused, AwsUnsettled) as error:
                log.info("a name could not be read", extra={"arn": arn, "cause": str(error)})
                return otherwise
            found = answer[inside] if inside else answer
            self._known[arn] = plain(str(found.get("Name") or otherwise), LIMIT)
        return self._known[arn]

    def _read_accounts(self) -> None:
        try:
            with translated("read the names of the accounts", "organizations"):
                listed = every(self.clients.organizations, "list_accounts", "Accounts", 20)
                found = islice(listed, ACCOUNTS_READ)
                self._accounts = {row["Id"]: plain(str(row.get("Name") or ""), LIMIT) for row in found}
        except (AwsRefused, AwsUnsettled) as error:
            log.info("the names of the accounts could not be read", extra={"cause": str(error)})
