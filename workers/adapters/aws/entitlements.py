"""The Access port for account access manager: roles given to the user directly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from workers.adapters.aws.account_access import AccessEntitlements, Entitlement, account_of
from workers.adapters.aws.assignment_calls import NOT_FOUND
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.each import each
from workers.adapters.aws.failures import code_of, plain, translated
from workers.adapters.aws.names import Names
from workers.adapters.aws.pacing import ACCOUNT_ACCESS, Pace
from workers.domain.errors import AwsRefused
from workers.ports import GoingOn, Item, Result

REMEDY = "Press Retry, or remove it in account access manager."
REMEDY_BACK = "Give it back in account access manager, where that is still right."


@dataclass(frozen=True)
class DirectEntitlements:
    """A group's entitlement is never an item. One that is made again has a new id, so application and role are the key.

    Source: Account Access API reference, ListEntitlements, DeleteEntitlement and CreateEntitlement; both are
    idempotent, and done when they answer.
    """

    clients: AwsClients
    pace: Pace
    names: Names

    def held(self, user_id: str) -> list[Item] | None:
        access = AccessEntitlements(self.clients)
        applications = access.applications()
        if not applications:
            return None
        try:
            rows = access.held(applications, {"userId": user_id})
        except AwsRefused as error:
            if error.code != NOT_FOUND:
                raise
            return []
        return [self._item(user_id, row) for row in rows if row.principal == {"userId": user_id}]

    def remove(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        turn = partial(self.pace.take, ACCOUNT_ACCESS)
        yield from each(items, self._delete, my_turn=turn, going_on=going_on, remedy=REMEDY)

    def give_back(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        turn = partial(self.pace.take, ACCOUNT_ACCESS)
        yield from each(items, self._create, my_turn=turn, going_on=going_on, remedy=REMEDY_BACK)

    def _item(self, user_id: str, row: Entitlement) -> Item:
        account, role = account_of(row.role), plain(row.role.rpartition("/")[2], 100)
        data = {
            "application_arn": row.application_arn,
            "entitlement_id": row.id,
            "role_arn": row.role,
            "user_id": user_id,
        }
        return Item(
            key=f"{row.application_arn} {row.role}",
            name=f"role {role} in {self.names.account(account)}",
            accounts=(account,),
            data=data,
        )

    def _delete(self, item: Item) -> Result:
        with translated("remove account access entitlements", "account-access"):
            try:
                answer = self.clients.account_access_once.delete_entitlement(
                    applicationArn=item.data["application_arn"], entitlementId=item.data["entitlement_id"]
                )
            except ClientError as error:
                if code_of(error) != NOT_FOUND:
                    raise
                return Result(item=item)
        return Result(item=item, request_id=_request_id(answer))

    def _create(self, item: Item) -> Result:
        who = {"identityCenter": {"userId": item.data["user_id"]}}
        role = {"principal": who, "roleArn": item.data["role_arn"]}
        with translated("give back account access entitlements", "account-access"):
            try:
                answer = self.clients.account_access_once.create_entitlement(
                    applicationArn=item.data["application_arn"], entitlement={"principalRole": role}
                )
            except ClientError as error:
                if code_of(error) != NOT_FOUND:
                    raise
                raise AwsRefused(NOT_FOUND, _missing(error)) from error
        return Result(item=item, request_id=_request_id(answer))


def _missing(error: ClientError) -> str:
    said = plain(str(error.response.get("Error", {}).get("Message", "")))
    return f"the application of account access manager, the role or the user is no more (AWS says: {said})."


def _request_id(answer: dict[str, Any]) -> str:
    return str(answer["ResponseMetadata"]["RequestId"])
