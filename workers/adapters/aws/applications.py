"""The Access port for application assignments made to the user directly, and the applications that need none."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from workers.adapters.aws.assignment_calls import NOT_FOUND
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.each import WIDTH, each
from workers.adapters.aws.failures import code_of, plain, translated
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.identity_store import IdentityStoreDirectory
from workers.adapters.aws.names import LIMIT, Names
from workers.adapters.aws.offered import not_offered
from workers.adapters.aws.pacing import SSO_ADMIN, Pace
from workers.adapters.aws.paging import every
from workers.domain.errors import AwsRefused
from workers.ports import GoingOn, Item, Result

PAGE = 100
REMEDY = "Press Retry, or remove it in IAM Identity Center under Applications."
REMEDY_BACK = "Give it back in IAM Identity Center under Applications, where that is still right."


@dataclass(frozen=True)
class ApplicationAssignments:
    """A group's assignment is never an item.

    Source: IAM Identity Center API reference, ListApplicationAssignmentsForPrincipal, DeleteApplicationAssignment,
    CreateApplicationAssignment.
    """

    clients: AwsClients
    center: IdentityCenter
    pace: Pace
    names: Names

    def held(self, user_id: str) -> list[Item] | None:
        with translated("read the person's application assignments", "sso"):
            try:
                rows = self._rows(user_id)
            except ClientError as error:
                if not_offered(self.clients.sso_admin, "ListApplicationAssignmentsForPrincipal", error):
                    return None
                if code_of(error) != NOT_FOUND or self._is_a_user(user_id):
                    raise
                return []
        return [self._item(user_id, row["ApplicationArn"]) for row in rows]

    def remove(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        turn = partial(self.pace.take, SSO_ADMIN)
        yield from each(items, self._delete, my_turn=turn, going_on=going_on, remedy=REMEDY)

    def give_back(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[Result]:
        there = {item.key for user_id in _users(items) for item in self.held(user_id) or []}
        yield from (Result(item=item) for item in items if item.key in there)
        missing = [item for item in items if item.key not in there]
        turn = partial(self.pace.take, SSO_ADMIN)
        yield from each(missing, self._create, my_turn=turn, going_on=going_on, remedy=REMEDY_BACK)

    def _rows(self, user_id: str) -> list[dict[str, Any]]:
        rows = every(
            self.clients.sso_admin,
            "list_application_assignments_for_principal",
            "ApplicationAssignments",
            PAGE,
            InstanceArn=self.center.instance_arn,
            PrincipalId=user_id,
            PrincipalType="USER",
        )
        return [
            row for row in rows if (row.get("PrincipalType"), row.get("PrincipalId")) == ("USER", user_id)
        ]

    def _is_a_user(self, user_id: str) -> bool:
        return IdentityStoreDirectory(self.clients, self.center).by_user_id(user_id) is not None

    def _item(self, user_id: str, application_arn: str) -> Item:
        data = {"application_arn": application_arn, "user_id": user_id}
        return Item(key=application_arn, name=self.names.application(application_arn), data=data)

    def _delete(self, item: Item) -> Result:
        with translated("remove application assignments", "sso"):
            try:
                answer = self.clients.sso_admin_once.delete_application_assignment(**_asked(item))
            except ClientError as error:
                if code_of(error) != NOT_FOUND:
                    raise
                return Result(item=item)
        return Result(item=item, request_id=_request_id(answer))

    def _create(self, item: Item) -> Result:
        with translated("give back application assignments", "sso"):
            try:
                answer = self.clients.sso_admin_once.create_application_assignment(**_asked(item))
            except ClientError as error:
                if code_of(error) == NOT_FOUND:
                    raise AwsRefused(NOT_FOUND, self._missing(item)) from error
                if code_of(error) != "ConflictException" or not self._is_there(item):
                    raise
                return Result(item=item)
        return Result(item=item, request_id=_request_id(answer))

    def _is_there(self, item: Item) -> bool:
        arn = item.data["application_arn"]
        return arn in {row["ApplicationArn"] for row in self._rows(item.data["user_id"])}

    def _missing(self, item: Item) -> str:
        if not self._is_a_user(item.data["user_id"]):
            return "the user is no more in the identity store."
        return f"the application is no more ({item.data['application_arn']})."


@dataclass(frozen=True)
class ApplicationsOpenToAll:
    """The OpenApplications port.

    Source: IAM Identity Center API reference, ListApplications, GetApplicationAssignmentConfiguration.
    """

    clients: AwsClients
    center: IdentityCenter

    def open_to_all(self) -> list[str]:
        with translated("read the applications", "sso"):
            try:
                enabled = [row for row in self._rows() if row.get("Status", "ENABLED") == "ENABLED"]
            except ClientError as error:
                if not not_offered(self.clients.sso_admin, "ListApplications", error):
                    raise
                return []
            with ThreadPoolExecutor(WIDTH) as pool:
                is_open = list(pool.map(lambda row: self._is_open(row["ApplicationArn"]), enabled))
        return sorted(_name(row) for row, yes in zip(enabled, is_open, strict=True) if yes)

    def _rows(self) -> list[dict[str, Any]]:
        given = {"InstanceArn": self.center.instance_arn}
        return list(every(self.clients.sso_admin, "list_applications", "Applications", PAGE, **given))

    def _is_open(self, application_arn: str) -> bool:
        try:
            answer = self.clients.sso_admin.get_application_assignment_configuration(
                ApplicationArn=application_arn
            )
        except ClientError as error:
            if code_of(error) != NOT_FOUND:
                raise
            return False
        return not answer["AssignmentRequired"]


def _name(row: dict[str, Any]) -> str:
    return plain(str(row.get("Name") or row["ApplicationArn"]), LIMIT)


def _asked(item: Item) -> dict[str, str]:
    return {
        "ApplicationArn": item.data["application_arn"],
        "PrincipalId": item.data["user_id"],
        "PrincipalType": "USER",
    }


def _request_id(answer: dict[str, Any]) -> str:
    return str(answer["ResponseMetadata"]["RequestId"])


def _users(items: Sequence[Item]) -> set[str]:
    return {item.data["user_id"] for item in items}
