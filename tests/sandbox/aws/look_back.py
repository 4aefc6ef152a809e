"""CloudTrail Lake and Athena, in memory: they check a statement as strictly as AWS, and answer what was planted.

What the statement finds is not computed here; tests/unit/test_look_back_sql.py runs it on a real engine.
"""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.sandbox.aws.answers import Refusal
from tests.sandbox.aws.call import Call
from tests.sandbox.aws.moto_app import MotoApp
from tests.sandbox.aws.organizations import Handler
from tests.sandbox.aws.paging import page
from tests.sandbox.aws.world import World

COLUMNS = (
    "account",
    "region",
    "service",
    "event",
    "error",
    "subject",
    "how",
    "events",
    "first_at",
    "last_at",
)
STORE_ID = "1b2c3d4e-aaaa-bbbb-cccc-1234567890ab"
STORE_ARN = f"arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/{STORE_ID}"
TABLE = {
    "Name": "cloudtrail_logs",
    "Columns": [
        {"Name": "eventtime", "Type": "string"},
        {
            "Name": "useridentity",
            "Type": "struct<type:string,principalid:string,onbehalfof:struct<userid:string>>",
        },
    ],
    "PartitionKeys": [{"Name": "timestamp", "Type": "string"}],
    "Parameters": {"projection.enabled": "true", "projection.timestamp.format": "yyyy/MM/dd"},
}
MOST_AT_ONCE = 10


@dataclass
class Histories:
    """What both answer next; a test plants it."""

    rows: list[list[str]] = field(default_factory=list)
    ends: str = ""
    """How the next queries end; empty: well."""
    reason: str = ""
    looks: int = 1
    """So many times a query is looked at before it has ended."""
    busy: int = 0
    """Queries of somebody else that run now."""
    page: int = 1000
    empty_first_page: bool = False
    store: dict[str, Any] = field(default_factory=dict)
    table: dict[str, Any] = field(default_factory=lambda: dict(TABLE))
    output: bool = True
    """Whether the workgroup says where answers go."""
    queries: dict[str, dict[str, Any]] = field(default_factory=dict)


def plant(world: World, **given: Any) -> None:
    """Forget all queries, and answer the next ones so."""
    world.__dict__["histories"] = Histories(**given)


def asked(world: World) -> list[dict[str, Any]]:
    """Every query that was started, oldest first."""
    return list(_histories(world).queries.values())


def _histories(world: World) -> Histories:
    found: Histories = world.__dict__.setdefault("histories", Histories())
    return found


def start_query(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    statement, kept = call.params.get("QueryStatement", ""), _histories(world)
    if not 1 <= len(statement) <= 10_000:
        raise Refusal("InvalidParameterException", "QueryStatement must have 1 to 10000 characters")
    bare = _without_literals(statement, "InvalidQueryStatementException")
    if not bare.upper().startswith("SELECT") or re.search(r"\bWITH\b|;", bare, re.IGNORECASE):
        raise Refusal("InvalidQueryStatementException", "Only SELECT statements are allowed.")
    stores = set(re.findall(r"\bFROM\s+([\w-]+)", bare))
    if stores != {STORE_ID}:
        raise Refusal("EventDataStoreNotFoundException", f"Not found: {', '.join(sorted(stores))}")
    running = [query for query in kept.queries.values() if query["looks"] > 0]
    if len(running) + kept.busy >= MOST_AT_ONCE:
        raise Refusal(
            "MaxConcurrentQueriesException", "You are already running the maximum number of queries."
        )
    return {"QueryId": _started(kept, statement)}


def describe_query(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    kept, query = _histories(world), _query(world, call.params.get("QueryId"), "QueryIdNotFoundException")
    status = _looked(kept, query, "FINISHED")
    said = {"ErrorMessage": kept.reason} if kept.reason and status not in ("RUNNING", "FINISHED") else {}
    return {"QueryId": query["id"], "QueryStatus": status, "QueryString": query["statement"], **said}


def lake_results(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    kept, query = _histories(world), _query(world, call.params.get("QueryId"), "QueryIdNotFoundException")
    if query["looks"] > 0:
        return {"QueryStatus": "RUNNING"}
    rows = [[{name: value} for name, value in zip(COLUMNS, row, strict=True)] for row in kept.rows]
    params = {**call.params, "MaxQueryResults": min(kept.page, int(call.params.get("MaxQueryResults", 1000)))}
    answer = page(
        rows,
        params,
        "QueryResultRows",
        most=1000,
        bad="InvalidNextTokenException",
        names=("MaxQueryResults", "NextToken"),
        empty_first=kept.empty_first_page,
    )
    return {"QueryStatus": kept.ends or "FINISHED", **answer}


def get_event_data_store(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    if call.params.get("EventDataStore") not in (STORE_ID, STORE_ARN):
        raise Refusal("EventDataStoreNotFoundException", "The specified event data store was not found.")
    told = {
        "EventDataStoreArn": STORE_ARN,
        "Name": "audit",
        "Status": "ENABLED",
        "MultiRegionEnabled": True,
        "OrganizationEnabled": True,
        "CreatedTimestamp": 1735689600,
    }
    return {**told, **_histories(world).store}


def start_query_execution(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    statement, kept = call.params.get("QueryString", ""), _histories(world)
    token = call.params.get("ClientRequestToken", "")
    if not 32 <= len(token) <= 128:
        raise Refusal("InvalidRequestException", "ClientRequestToken must have 32 to 128 characters")
    for query in kept.queries.values():
        if query["token"] == token:
            if query["statement"] != statement:
                raise Refusal("InvalidRequestException", "Idempotent parameters do not match")
            return {"QueryExecutionId": query["id"]}
    if not kept.output and not call.params.get("ResultConfiguration", {}).get("OutputLocation"):
        raise Refusal(
            "InvalidRequestException", "No output location provided. An output location is required."
        )
    _without_literals(statement, "InvalidRequestException")
    return {"QueryExecutionId": _started(kept, statement, token)}


def get_query_execution(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    kept = _histories(world)
    query = _query(world, call.params.get("QueryExecutionId"), "InvalidRequestException")
    status = {"State": _looked(kept, query, "SUCCEEDED")}
    if kept.reason and status["State"] not in ("RUNNING", "SUCCEEDED"):
        status["StateChangeReason"] = kept.reason
    return {"QueryExecution": {"QueryExecutionId": query["id"], "Status": status}}


def athena_results(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    kept = _histories(world)
    query = _query(world, call.params.get("QueryExecutionId"), "InvalidRequestException")
    if query["looks"] > 0 or kept.ends:
        raise Refusal("InvalidRequestException", "Query has not yet finished. Current state: RUNNING")
    rows = [{"Data": [{"VarCharValue": v} if v else {} for v in row]} for row in [list(COLUMNS), *kept.rows]]
    params = {**call.params, "MaxResults": min(kept.page, int(call.params.get("MaxResults", 1000)))}
    answer = page(
        rows, params, "Rows", most=1000, bad="InvalidRequestException", names=("MaxResults", "NextToken")
    )
    token = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}
    return {"ResultSet": {"Rows": answer["Rows"]}, **token}


def get_table_metadata(world: World, call: Call, moto: MotoApp) -> dict[str, Any]:
    table, name = _histories(world).table, call.params.get("TableName")
    if call.params.get("DatabaseName") != "security" or name != table["Name"]:
        raise Refusal("MetadataException", f"Table {name} not found")
    return {"TableMetadata": table}


def _started(kept: Histories, statement: str, token: str = "") -> str:
    query_id = str(uuid4())
    kept.queries[query_id] = {"id": query_id, "statement": statement, "token": token, "looks": kept.looks}
    return query_id


def _query(world: World, query_id: Any, bad: str) -> dict[str, Any]:
    found = _histories(world).queries.get(str(query_id))
    if found is None:
        raise Refusal(bad, f"Query {query_id} was not found")
    return found


def _looked(kept: Histories, query: dict[str, Any], well: str) -> str:
    if query["looks"] > 0:
        query["looks"] -= 1
        return "RUNNING"
    return kept.ends or well


def _without_literals(statement: str, bad: str) -> str:
    """The statement without comments and literals, as the parser reads it; refused where one does not end."""
    pattern = r"--[^\n]*|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
    bare = re.sub(pattern, " ", statement).strip()
    if "'" in bare or '"' in bare or bare.count("(") != bare.count(")"):
        raise Refusal(bad, "mismatched input")
    return bare


CLOUDTRAIL: dict[str, Handler] = {
    "StartQuery": start_query,
    "DescribeQuery": describe_query,
    "GetQueryResults": lake_results,
    "GetEventDataStore": get_event_data_store,
}
ATHENA: dict[str, Handler] = {
    "StartQueryExecution": start_query_execution,
    "GetQueryExecution": get_query_execution,
    "GetQueryResults": athena_results,
    "GetTableMetadata": get_table_metadata,
}
SERVICES = {"cloudtrail": CLOUDTRAIL, "athena": ATHENA}
