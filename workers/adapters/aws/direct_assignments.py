"""The Access port for account assignments made to the user directly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workers.adapters.aws.assignment_calls import CREATE, DELETE, NOT_FOUND, AssignmentCalls
from workers.adapters.aws.assignment_changes import AssignmentChanges
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import code_of, translated
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.identity_store import IdentityStoreDirectory
from workers.adapters.aws.names import Names
from workers.adapters.aws.pacing import Pace
from workers.adapters.aws.sso_admin import AccountAssignments
from workers.domain.errors import AwsRefused
from workers.ports import Assignment, GoingOn, Item, Result


@dataclass(frozen=True)
class DirectAssignments:
    """A group's assignment is never an item: it is other people's too.

    Source: IAM Identity Center API reference, ListAccountAssignmentsForPrincipal, DeleteAccountAssignment,
    CreateAccountAssignment.
    """

    clients: AwsClients
    center: IdentityCenter
    pace: Pace
    names: Names

    def held(self, user_id: str) -> list[Item] | None:
        try:
            rows = AccountAssignments(self.clients, self.center).of("USER", user_id)
        except AwsRefused as error:
            if error.code != NOT_FOUND or self._directory.by_user_id(user_id) is not None:
                raise
            return []
        return [self._item(user_id, row) for row in rows]

    def remove(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        calls = AssignmentCalls(self.clients, self.center, DELETE)
        yield from AssignmentChanges(calls, self.pace, items, _gone_already).run(going_on)

    def give_back(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        there = {item.key for user_id in _users(items) for item in self.held(user_id) or []}
        yield from (Result(item=item) for item in items if item.key in there)
        missing = [item for item in items if item.key not in there]
        calls = AssignmentCalls(self.clients, self.center, CREATE)
        yield from AssignmentChanges(calls, self.pace, missing, self._impossible).run(going_on)

    @property
    def _directory(self) -> IdentityStoreDirectory:
        return IdentityStoreDirectory(self.clients, self.center)

    def _item(self, user_id: str, row: Assignment) -> Item:
        name = f"{self.names.permission_set(row.permission_set_arn)} in {self.names.account(row.account_id)}"
        data = {
            "account_id": row.account_id,
            "permission_set_arn": row.permission_set_arn,
            "user_id": user_id,
        }
        key = f"{row.account_id} {row.permission_set_arn}"
        return Item(key=key, name=name, accounts=(row.account_id,), data=data)

    def _impossible(self, item: Item) -> Result:
        """What it needs is no more; raises AwsRefused with the words for it."""
        raise AwsRefused(NOT_FOUND, self._missing(item))

    def _missing(self, item: Item) -> str:
        if self._directory.by_user_id(item.data["user_id"]) is None:
            return "the user is no more in the identity store."
        permission_set = item.data["permission_set_arn"]
        if not self._is_there("describe_permission_set", PermissionSetArn=permission_set):
            return f"the permission set is no more ({permission_set})."
        return f"AWS does not find the account {item.data['account_id']}."

    def _is_there(self, operation: str, **asked: Any) -> bool:
        with translated("read what is missing", "sso"):
            try:
                getattr(self.clients.sso_admin, operation)(InstanceArn=self.center.instance_arn, **asked)
            except ClientError as error:
                if code_of(error) != NOT_FOUND:
                    raise
                return False
        return True


def _gone_already(item: Item) -> Result:
    return Result(item=item)


def _users(items: Sequence[Item]) -> set[str]:
    return {item.data["user_id"] for item in items}
