"""The statements parse as Trino's SQL, and find on a real engine what they are meant to.

Skipped where sqlglot (a parser) or duckdb (an engine) is not installed: neither is needed for anything else.
"""

import json
from typing import Any

import pytest

from tests.unit.make import ALICE_ID, at
from workers.domain.look_back import Sought, sought
from workers.domain.look_back_query import Table, athena_query, lake_query

sqlglot = pytest.importorskip("sqlglot")

WHO = sought(ALICE_ID, ("o'Neil", "alice@example.com"), at(), at(minutes=10))
TABLE = Table(name="security.trail", partition="timestamp")


def event(time: str, name: str, **given: Any) -> dict[str, Any]:
    usual = {
        "time": f"2026-11-24T{time}:00Z",
        "name": name,
        "account": "111111111111",
        "key": "ASIAOWN",
        "principal": "AROA1:O'Neil",
        "behalf": None,
        "type": "AssumedRole",
        "user": None,
        "request": None,
        "response": None,
        "error": None,
    }
    return {**usual, **given}


EVENTS = [
    event(
        "01:00",
        "AssumeRole",
        request={"roleArn": "arn:2"},
        response={"credentials": {"accessKeyId": "ASIA1"}},
    ),
    event(
        "01:01",
        "AssumeRole",
        account="222222222222",
        key="ASIA1",
        principal="AROA2:job",
        request={"roleArn": "arn:3"},
        response={"credentials": {"accessKeyId": "ASIA2"}},
    ),
    event(
        "01:02",
        "CreateAccessKey",
        account="333333333333",
        key="ASIA2",
        principal="AROA3:job",
        request={"userName": "deploy"},
        response={"accessKey": {"accessKeyId": "AKIA3", "userName": "deploy"}},
    ),
    event("01:03", "ListThirdStep", account="333333333333", key="AKIA3", principal="AIDA3"),
    event("01:04", "CreateAccessKey", response={"accessKey": {"accessKeyId": "AKIA1", "userName": "own"}}),
    event("01:05", "ListByPlantedKey", key="AKIA1", principal="AIDA1", type="IAMUser", user="own"),
    event("01:06", "ListByUserId", behalf=ALICE_ID, principal=None, type="IdentityCenterUser", key=None),
    event("01:07", "Federate", principal="x", type="Unknown", user="ALICE@example.com", key=None),
    event("01:08", "ListByNamesake", principal="AIDA9", type="IAMUser", user="o'neil", key="AKIA9"),
    event("01:09", "CreateUser", error="AccessDenied", request={"userName": "evil"}),
    event("01:10", "RunInstances", account="444444444444", key="ASIA8", principal="AROA8:bob"),
    {**event("01:11", "ListTooEarly"), "time": "2026-11-23T13:59:59Z"},
]

EXPECTED = {
    ("111111111111", "AssumeRole", "", "arn:2", "user"),
    ("222222222222", "AssumeRole", "", "arn:3", "key"),
    ("333333333333", "CreateAccessKey", "", "deploy", "key"),
    ("111111111111", "CreateAccessKey", "", "own", "user"),
    ("111111111111", "ListByPlantedKey", "", "", "key"),
    ("111111111111", "ListByUserId", "", "", "user"),
    ("111111111111", "Federate", "", "", "user"),
    ("111111111111", "CreateUser", "AccessDenied", "evil", "user"),
    ("111111111111", "", "", "", "any"),
    ("222222222222", "", "", "", "any"),
    ("333333333333", "", "", "", "any"),
    ("444444444444", "", "", "", "any"),
}


def _literal(value: str | None) -> str:
    return "CAST(NULL AS VARCHAR)" if value is None else "'" + value.replace("'", "''") + "'"


def _as_table(values: dict[str, Any] | None) -> str:
    return _literal(json.dumps(values) if values is not None else None)


def _as_store(values: dict[str, Any] | None) -> str:
    """CloudTrail Lake's maps of strings, with JSON inside."""
    if values is None:
        return "CAST(NULL AS MAP(VARCHAR, VARCHAR))"
    pairs = {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}
    return "MAP {" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in pairs.items()) + "}"


def _row(e: dict[str, Any], time: str, values: Any) -> str:
    behalf = f"struct_pack(userid := {_literal(e['behalf'])})"
    identity = (
        f"struct_pack(type := {_literal(e['type'])}, principalid := {_literal(e['principal'])}, accesskeyid := "
        f"{_literal(e['key'])}, username := {_literal(e['user'])}, onbehalfof := {behalf})"
    )
    return (
        f"SELECT {identity} AS useridentity, {time} AS eventtime, 'x.amazonaws.com' AS eventsource, "
        f"{_literal(e['name'])} AS eventname, 'us-east-1' AS awsregion, {_literal(e['account'])} AS recipientaccountid, "
        f"{_literal(e['error'])} AS errorcode, {values(e['request'])} AS requestparameters, "
        f"{values(e['response'])} AS responseelements, '{e['time'][:10].replace('-', '/')}' AS \"timestamp\""
    )


def _found(query: str, table: str, rows: list[str]) -> list[tuple[Any, ...]]:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as engine:
        engine.execute("CREATE SCHEMA security")
        engine.execute(f"CREATE TABLE {table} AS {' UNION ALL '.join(rows)}")
        [statement] = sqlglot.transpile(query, read="trino", write="duckdb")
        return list(engine.execute(statement).fetchall())


def _in_short(rows: list[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Account, event, error, subject, how."""
    return {(r[0], r[3], r[4], r[5], r[6]) for r in rows}


@pytest.mark.parametrize("names", [("o'neil", "alice@example.com"), ("x' OR '1'='1",), ()])
@pytest.mark.parametrize("partition", ["", "timestamp", "day"])
def test_the_statement_for_athena_is_one_that_trino_parses(names, partition):
    who = Sought(user_id=ALICE_ID, names=names, since=at(hours=-12), until=at())
    statements = sqlglot.parse(athena_query(who, Table(partition=partition)), read="trino")
    assert len(statements) == 1


def test_the_statement_for_cloudtrail_lake_is_one_that_trino_parses():
    # The store's id, unquoted as CloudTrail Lake wants it, is the one thing that is not Trino's.
    statements = sqlglot.parse(lake_query(WHO, "x/store"), read="trino")
    assert len(statements) == 1


def test_on_a_real_engine_athenas_statement_finds_own_sessions_chained_roles_and_planted_keys():
    rows = [_row(e, _literal(e["time"]), _as_table) for e in EVENTS]
    assert _in_short(_found(athena_query(WHO, TABLE), "security.trail", rows)) == EXPECTED


def test_on_a_real_engine_cloudtrail_lakes_statement_finds_the_same():
    times = [f"TIMESTAMP '{e['time'].replace('T', ' ').removesuffix('Z')}'" for e in EVENTS]
    rows = [_row(e, time, _as_store) for e, time in zip(EVENTS, times, strict=True)]
    assert _in_short(_found(lake_query(WHO, "x/store"), "store", rows)) == EXPECTED


def test_on_a_real_engine_a_name_made_to_match_everybody_matches_nobody():
    who = sought("nobody", ("x') OR true OR ('1'='1",), at(), at(minutes=10))
    rows = [_row(e, _literal(e["time"]), _as_table) for e in EVENTS]
    found = _found(athena_query(who, TABLE), "security.trail", rows)
    assert {row[6] for row in found} == {"any"}
