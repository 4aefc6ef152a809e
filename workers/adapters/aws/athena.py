"""Athena: asks the table over an organization's trail what a user did."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import plain, translated
from workers.domain.errors import AwsRefused
from workers.domain.look_back import Found, Sought, found_in
from workers.domain.look_back_query import Table, athena_query, partition_advice, ready

CATALOG = "AwsDataCatalog"
PAGE, MOST_PAGES = 1000, 50
ALSO = "Its role also needs the rights on the table (Glue) and on the buckets (S3) that docs/operations.md names."


@dataclass(frozen=True)
class Athena:
    """Source: Amazon Athena API reference, StartQueryExecution, GetQueryExecution, GetQueryResults, GetTableMetadata.

    A second start with the same token starts nothing and returns the first one's id.
    """

    clients: AwsClients
    table: str
    """`database.table`."""
    workgroup: str = "primary"
    output: str | None = None
    """Where answers go; None: where the workgroup says."""

    @property
    def place(self) -> str:
        return f"Athena, table {self.table}"

    def ready(self, who: Sought) -> str:
        return ready(athena_query(who, Table(name=self.table)), "For Athena.", *partition_advice(who))

    def start(self, who: Sought, token: str) -> str:
        with translated(f"read the shape of the table {plain(self.table)} (and glue:GetTable)", "athena"):
            table = self._table()
        with translated("start the query in Athena", "athena"):
            answer = self.clients.athena.start_query_execution(
                QueryString=athena_query(who, table),
                ClientRequestToken=token,
                WorkGroup=self.workgroup,
                **({"ResultConfiguration": {"OutputLocation": self.output}} if self.output else {}),
            )
        return str(answer["QueryExecutionId"])

    def _table(self) -> Table:
        database, _, name = self.table.partition(".")
        answer = self.clients.athena.get_table_metadata(
            CatalogName=CATALOG, DatabaseName=database, TableName=name, WorkGroup=self.workgroup
        )
        shape = answer["TableMetadata"]
        types = {column["Name"].lower(): column.get("Type", "") for column in shape.get("Columns", [])}
        return Table(
            name=self.table,
            partition=_partition(shape),
            has_on_behalf_of="onbehalfof" in types.get("useridentity", "").lower(),
        )

    def ended(self, query_id: str) -> bool:
        with translated("ask how the query in Athena stands", "athena"):
            answer = self.clients.athena.get_query_execution(QueryExecutionId=query_id)
        status = answer["QueryExecution"]["Status"]
        if status["State"] in ("FAILED", "CANCELLED"):
            said = plain(str(status.get("StateChangeReason", "")))
            sentence = f"The query ended {status['State']} in Athena{': ' if said else ''}{said}. {ALSO}"
            raise AwsRefused(status["State"], sentence)
        return bool(status["State"] == "SUCCEEDED")

    def rows(self, query_id: str) -> list[Found]:
        with translated("read the answer of the query in Athena (and s3:GetObject on it)", "athena"):
            rows = self._pages(query_id)
            names = [name.lower() for name in next(rows, [])]
            return [found_in(dict(zip(names, row, strict=False))) for row in rows]

    def _pages(self, query_id: str) -> Iterator[list[str]]:
        """Every row; the first one of the first page holds the names of the columns."""
        given: dict[str, Any] = {"QueryExecutionId": query_id, "MaxResults": PAGE}
        for _ in range(MOST_PAGES):
            answer = self.clients.athena.get_query_results(**given)
            for row in answer.get("ResultSet", {}).get("Rows", []):
                yield [cell.get("VarCharValue", "") for cell in row.get("Data", [])]
            if not answer.get("NextToken"):
                return
            given["NextToken"] = answer["NextToken"]
        raise AwsRefused("size", "Athena's answer is too long to be read here. Run the query by hand.")

    def scope(self, who: Sought) -> str:
        return (
            "Which accounts and Regions the trail behind the table records cannot be read from the table. Only the "
            "kinds of events that the trail is set to record are in it."
        )


def _partition(shape: dict[str, Any]) -> str:
    """The two ways of AWS's pages; any other is read whole."""
    keys = {key["Name"].lower() for key in shape.get("PartitionKeys", [])}
    form = shape.get("Parameters", {}).get("projection.timestamp.format")
    if "timestamp" in keys and form == "yyyy/MM/dd":
        return "timestamp"
    return "day" if {"year", "month", "day"} <= keys else ""
