"""The calls that make and take away account assignments, which AWS does in its own time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import code_of, plain, translated
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.organizations import aws_time
from workers.ports import Item

NOT_FOUND = "ResourceNotFoundException"
PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Verb:
    """Names of one asynchronous change in the IAM Identity Center API, and the words for it."""

    noun: str
    """`Deletion` or `Creation`, as in DescribeAccountAssignmentDeletionStatus."""
    begin: str
    tried: str
    not_done: str
    remedy: str


DELETE = Verb(
    noun="Deletion",
    begin="delete_account_assignment",
    tried="remove account assignments",
    not_done="AWS has not removed it",
    remedy="Press Retry, or remove it in IAM Identity Center.",
)
CREATE = Verb(
    noun="Creation",
    begin="create_account_assignment",
    tried="give back account assignments",
    not_done="AWS has not given it back",
    remedy="Give it back in IAM Identity Center, where that is still right.",
)


@dataclass(frozen=True, kw_only=True)
class Status:
    """What AWS says of one request. `reason` is AWS's text, made plain."""

    request_id: str
    state: str
    reason: str = ""
    created: datetime | None = None
    asked_at: datetime
    """AWS's clock when it said so."""
    row: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Requests in one state, by id, with the time of their creation."""

    created: Mapping[str, datetime | None]
    asked_at: datetime


@dataclass(frozen=True)
class AssignmentCalls:
    """Each call is sent once. Raises AwsRefused or AwsUnsettled.

    Source: IAM Identity Center API reference: DeleteAccountAssignment, CreateAccountAssignment, and the Describe and
    List operations of their status.
    """

    clients: AwsClients
    center: IdentityCenter
    verb: Verb

    def begin(self, item: Item) -> Status | None:
        """Ask for the change of a USER's assignment; None where AWS does not find what it is about."""
        row = {
            "TargetId": item.data["account_id"],
            "TargetType": "AWS_ACCOUNT",
            "PermissionSetArn": item.data["permission_set_arn"],
            "PrincipalType": "USER",
            "PrincipalId": item.data["user_id"],
        }
        with translated(self.verb.tried, "sso"):
            try:
                return self._status(self._ask(self.verb.begin, **row))
            except ClientError as error:
                if code_of(error) != NOT_FOUND:
                    raise
                return None

    def describe(self, request_id: str) -> Status:
        operation = f"describe_account_assignment_{self.verb.noun.lower()}_status"
        asked = {f"AccountAssignment{self.verb.noun}RequestId": request_id}
        with translated(f"ask what became of the attempt to {self.verb.tried}", "sso"):
            return self._status(self._ask(operation, **asked))

    def in_progress(self) -> Listed:
        """Every request that AWS is at work on, whoever asked for it."""
        operation = f"list_account_assignment_{self.verb.noun.lower()}_status"
        given = {"InstanceArn": self.center.instance_arn, "Filter": {"Status": "IN_PROGRESS"}}
        pages = self.clients.sso_admin_once.get_paginator(operation).paginate(
            **given, PaginationConfig={"PageSize": PAGE}
        )
        with translated(f"list the attempts to {self.verb.tried}", "sso"):
            answers = list(pages)
        rows = [row for answer in answers for row in answer[self._list_key]]
        created = {row["RequestId"]: row.get("CreatedDate") for row in rows}
        return Listed(created=created, asked_at=_clock(answers[-1]))

    def succeeded(self, page: str = "") -> tuple[frozenset[str], str]:
        """A page of the requests that ended well, in no known order, and the token of the next; empty after the last."""
        operation = f"list_account_assignment_{self.verb.noun.lower()}_status"
        token = {"NextToken": page} if page else {}
        with translated(f"list the attempts to {self.verb.tried}", "sso"):
            answer = self._ask(operation, Filter={"Status": "SUCCEEDED"}, MaxResults=PAGE, **token)
        found = frozenset(row["RequestId"] for row in answer[self._list_key])
        return found, str(answer.get("NextToken") or "")

    @property
    def _list_key(self) -> str:
        return f"AccountAssignments{self.verb.noun}Status"

    def _ask(self, operation: str, **given: Any) -> dict[str, Any]:
        call = getattr(self.clients.sso_admin_once, operation)
        answer: dict[str, Any] = call(InstanceArn=self.center.instance_arn, **given)
        return answer

    def _status(self, answer: dict[str, Any]) -> Status:
        told = answer[f"AccountAssignment{self.verb.noun}Status"]
        return Status(
            request_id=str(told["RequestId"]),
            state=str(told["Status"]),
            reason=plain(str(told.get("FailureReason") or "")),
            created=told.get("CreatedDate"),
            asked_at=_clock(answer),
            row=told,
        )


def _clock(answer: dict[str, Any]) -> datetime:
    return aws_time(answer) or datetime.now(UTC)
