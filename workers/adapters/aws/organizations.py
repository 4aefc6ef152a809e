"""AWS Organizations: the Deny policy, and where it stands in the tree of accounts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import translated
from workers.adapters.aws.paging import every
from workers.domain.errors import PolicyRefused
from workers.ports import Attachment, PolicyRead

SCP = "SERVICE_CONTROL_POLICY"
PAGE = 20


@dataclass(frozen=True)
class OrganizationsDenyPolicy:
    """The DenyPolicy port. Reads and writes are each sent once: the caller repeats them, under its lock.

    Source: AWS Organizations API reference, DescribePolicy and UpdatePolicy.
    """

    clients: AwsClients
    policy_id: str

    def read(self) -> PolicyRead:
        with translated("read the Deny policy", "organizations", for_policy=True):
            answer = self.clients.organizations_once.describe_policy(PolicyId=self.policy_id)
        _check_ours(answer["Policy"]["PolicySummary"])
        return PolicyRead(answer["Policy"]["Content"], aws_time(answer))

    def write(self, text: str) -> str:
        """Replace the content; nothing else of the policy changes. A time-out leaves the outcome unknown."""
        with translated("write the Deny policy", "organizations", for_policy=True):
            answer = self.clients.organizations_once.update_policy(PolicyId=self.policy_id, Content=text)
        return str(answer["ResponseMetadata"].get("RequestId", ""))


@dataclass(frozen=True)
class OrganizationsTree:
    """The Organization port.

    Source: AWS Organizations API reference, ListTargetsForPolicy, ListAccounts (Paths), ListRoots.
    """

    clients: AwsClients

    def attachment(self, policy_id: str) -> Attachment:
        with translated("read where the Deny policy is attached", "organizations"):
            return self._attachment(policy_id)

    def _attachment(self, policy_id: str) -> Attachment:
        targets = {
            target["TargetId"]
            for target in self._list("list_targets_for_policy", "Targets", PolicyId=policy_id)
        }
        roots = self._list("list_roots", "Roots")
        accounts = [
            account for account in self._list("list_accounts", "Accounts") if _state(account) != "CLOSED"
        ]
        management = self.clients.organizations.describe_organization()["Organization"]["MasterAccountId"]
        ids = frozenset(account["Id"] for account in accounts)
        return Attachment(
            type_enabled=any(_enabled(root) for root in roots),
            management_account=management,
            covered=(self._covered(targets, {root["Id"] for root in roots}, accounts) & ids) - {management},
            accounts=ids,
        )

    def _covered(self, targets: set[str], roots: set[str], accounts: list[dict[str, Any]]) -> frozenset[str]:
        if targets & roots:
            return frozenset(account["Id"] for account in accounts)
        if all(account.get("Paths") for account in accounts):
            return frozenset(account["Id"] for account in accounts if targets & _ancestry(account))
        return frozenset(self._below(targets))

    def _below(self, targets: Iterable[str]) -> set[str]:
        """The walk down, for answers without Paths: only below the policy's own targets."""
        found: set[str] = set()
        waiting = list(targets)
        while waiting:
            target = waiting.pop()
            if target.startswith("ou-"):
                units = self._list(
                    "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=target
                )
                waiting.extend(unit["Id"] for unit in units)
                found.update(
                    a["Id"] for a in self._list("list_accounts_for_parent", "Accounts", ParentId=target)
                )
            else:
                found.add(target)
        return found

    def _list(self, operation: str, key: str, **given: Any) -> list[dict[str, Any]]:
        return list(every(self.clients.organizations, operation, key, PAGE, **given))


def aws_time(answer: dict[str, Any]) -> datetime | None:
    """AWS's clock, from the Date header of an answer; None where it is missing or unreadable."""
    date = answer["ResponseMetadata"].get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(date).astimezone(UTC)
    except ValueError:
        return None


def _check_ours(summary: dict[str, Any]) -> None:
    """Raise PolicyRefused (`shape`) unless this is a service control policy that is not AWS's own."""
    if summary.get("Type") != SCP or summary.get("AwsManaged", True):
        raise PolicyRefused(
            "shape",
            "REVOKE_DENY_POLICIES names a policy that is AWS's own or not a service control policy. "
            "Name the one that `python -m workers prepare` made.",
        )


def _state(account: dict[str, Any]) -> str:
    """`State`; its elder, `Status`, is being retired and knows no CLOSED."""
    return str(account.get("State") or account.get("Status") or "")


def _enabled(root: dict[str, Any]) -> bool:
    return {"Type": SCP, "Status": "ENABLED"} in root.get("PolicyTypes", [])


def _ancestry(account: dict[str, Any]) -> set[str]:
    """Everything on the account's paths (`o-.../r-.../ou-.../111122223333/`), itself included."""
    return {part for path in account["Paths"] for part in path.split("/") if part}
