"""The LastOfSet port: whether a permission set's role goes with an assignment."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from workers.adapters.aws.assignment_calls import NOT_FOUND
from workers.adapters.aws.attempts import Attempt, Attempts
from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.crew import Crew, seldom
from workers.adapters.aws.failures import code_of, translated
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.pacing import SSO_ADMIN, WHEN_QUIET, Pace
from workers.adapters.aws.paging import every
from workers.domain.errors import AwsUnsettled
from workers.ports import GoingOn, Item

PAGE = 100
WIDTH = 3


@dataclass(frozen=True)
class LastAssignments:
    """Asks only while others leave room in the pace: it helps people to decide, and removes nothing.

    Source: IAM Identity Center API reference, ListAccountAssignments.
    """

    clients: AwsClients
    center: IdentityCenter
    pace: Pace

    def last(self, items: Sequence[Item], going_on: GoingOn) -> Iterator[tuple[Item, bool]]:
        attempts, may_go_on = Attempts(items, remedy=""), seldom(going_on)
        with Crew[Attempt](WIDTH) as crew:
            while attempts or crew.busy_with:
                if not may_go_on():
                    return
                first = None if crew.full else attempts.first()
                if first is not None and self.pace.take(SSO_ADMIN, WHEN_QUIET):
                    attempts.start(first)
                    crew.begin(first, partial(self._is_last, first.item))
                for attempt, future in crew.ended():
                    yield from _answer(attempts, attempt, future)
        attempts.check()

    def _is_last(self, item: Item) -> bool:
        ours = ("USER", item.data["user_id"])
        with translated("read who else has a permission set", "sso"):
            try:
                return all((row["PrincipalType"], row["PrincipalId"]) == ours for row in self._rows(item))
            except ClientError as error:
                if code_of(error) != NOT_FOUND:
                    raise
                return False

    def _rows(self, item: Item) -> Iterator[dict[str, Any]]:
        return every(
            self.clients.sso_admin_once,
            "list_account_assignments",
            "AccountAssignments",
            PAGE,
            InstanceArn=self.center.instance_arn,
            AccountId=item.data["account_id"],
            PermissionSetArn=item.data["permission_set_arn"],
        )


def _answer(attempts: Attempts, attempt: Attempt, future: "Future[bool]") -> Iterator[tuple[Item, bool]]:
    try:
        yield attempt.item, future.result()
    except AwsUnsettled as error:
        attempts.again(attempt, error)
