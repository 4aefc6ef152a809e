"""CloudTrail Lake: asks an event data store what a user did."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import code_of, plain, translated
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.domain.look_back import Found, Sought, found_in
from workers.domain.look_back_query import lake_query, ready

PAGE, MOST_PAGES = 1000, 50
ENDED_BADLY = ("FAILED", "CANCELLED", "TIMED_OUT")


@dataclass(frozen=True)
class CloudTrailLake:
    """Source: AWS CloudTrail API reference, StartQuery, DescribeQuery, GetQueryResults, GetEventDataStore.

    StartQuery takes no token: one whose answer is lost may run twice, which costs a second reading and no more.
    """

    clients: AwsClients
    store: str
    """ARN or id of the event data store."""

    @property
    def place(self) -> str:
        return f"CloudTrail Lake, event data store {self.store.rpartition('/')[2]}"

    def ready(self, who: Sought) -> str:
        return ready(lake_query(who, self.store), "For CloudTrail Lake.")

    def start(self, who: Sought, token: str) -> str:
        with translated("start the query in CloudTrail Lake", "cloudtrail"), _while_full():
            answer = self.clients.cloudtrail.start_query(QueryStatement=lake_query(who, self.store))
        return str(answer["QueryId"])

    def ended(self, query_id: str) -> bool:
        with translated("ask how the query in CloudTrail Lake stands", "cloudtrail"):
            answer = self.clients.cloudtrail.describe_query(QueryId=query_id)
        return _ended(answer)

    def rows(self, query_id: str) -> list[Found]:
        with translated("read the answer of the query in CloudTrail Lake", "cloudtrail"):
            return [found_in(_columns(row)) for row in self._pages(query_id)]

    def _pages(self, query_id: str) -> Iterator[list[dict[str, str]]]:
        """Every row. A page may be empty and still name a next one."""
        given: dict[str, Any] = {"QueryId": query_id, "MaxQueryResults": PAGE}
        for _ in range(MOST_PAGES):
            answer = self.clients.cloudtrail.get_query_results(**given)
            if not _ended(answer):
                raise AwsUnsettled("RUNNING", "CloudTrail Lake's answer is not ready yet. It is read again.")
            yield from answer.get("QueryResultRows", [])
            if not answer.get("NextToken"):
                return
            given["NextToken"] = answer["NextToken"]
        raise AwsRefused(
            "size", "CloudTrail Lake's answer is too long to be read here. Run the query by hand."
        )

    def scope(self, who: Sought) -> str:
        with translated("read what the event data store holds", "cloudtrail"):
            store = self.clients.cloudtrail.get_event_data_store(EventDataStore=self.store)
        return " ".join(_scope(store, who))


@contextmanager
def _while_full() -> Iterator[None]:
    """Ten queries at a time are allowed; then it is a matter of waiting."""
    try:
        yield
    except ClientError as error:
        if code_of(error) != "MaxConcurrentQueriesException":
            raise
        sentence = "CloudTrail Lake runs as many queries as it may. It is tried again."
        raise AwsUnsettled(code_of(error), sentence) from error


def _ended(answer: dict[str, Any]) -> bool:
    """Whether it finished; raises AwsRefused where it ended in another way."""
    status = str(answer.get("QueryStatus", ""))
    if status in ENDED_BADLY:
        said = plain(str(answer.get("ErrorMessage", "")))
        raise AwsRefused(status, f"The query ended {status} in CloudTrail Lake{': ' if said else ''}{said}.")
    return status == "FINISHED"


def _columns(row: list[dict[str, str]]) -> dict[str, str]:
    """A row comes as a list of maps with one column each."""
    return {name.lower(): value for column in row for name, value in column.items()}


def _scope(store: dict[str, Any], who: Sought) -> Iterator[str]:
    organization, regions = store.get("OrganizationEnabled"), store.get("MultiRegionEnabled")
    yield (
        "The event data store collects from every account of the organization"
        if organization
        else "The event data store collects from its own account alone, and from no other"
    ) + (", in every Region." if regions else ", in its own Region alone, and in no other.")
    if store.get("Status") != "ENABLED":
        yield f"It is {plain(str(store.get('Status')), 40)}: what happened lately may not be in it."
    made = store.get("CreatedTimestamp")
    if made is not None and made > who.since:
        yield f"It was made at {made:%Y-%m-%d %H:%M} UTC: what was before is not in it."
    yield "Only the kinds of events that its selectors name are in it."
