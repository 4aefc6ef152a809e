"""Looking back through CloudTrail Lake and Athena: start, wait, read, refuse, die in the middle; records on a real Redis."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.aws.look_back import COLUMNS, STORE_ARN, STORE_ID, TABLE
from tests.sandbox.scripted import ALICE, Killed, Scripted, confirmed, denied, scripted, who
from tests.unit.make import ALICE_ID, at
from workers.adapters.aws.athena import Athena
from workers.adapters.aws.clients import aws_clients
from workers.adapters.aws.cloudtrail_lake import CloudTrailLake
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.domain.look_back import WAIT_FOR, Sought
from workers.ports import EventHistory
from workers.service import look_back

pytest_plugins = ("tests.sandbox.aws.fixtures",)

WHO = Sought(user_id=ALICE_ID, names=("o'neil",), since=at(hours=-12), until=at())
TOKEN = "t" * 32


def row(event: str, how: str = "user", account: str = "111122223333", **given: Any) -> list[str]:
    usual = {
        "account": account,
        "region": "us-east-1",
        "service": "iam.amazonaws.com",
        "event": event,
        "error": "",
        "subject": "deploy",
        "how": how,
        "events": "1",
        "first_at": "2026-11-24T01:55:12Z",
        "last_at": "2026-11-24T01:55:12Z",
    }
    return [str({**usual, **given}[name]) for name in COLUMNS]


ROWS = [
    row("CreateAccessKey"),
    row("ListBuckets", subject="", events="40"),
    row("", "any", service="", subject=""),
]


@pytest.fixture
def planted(strict_aws, strict_seed) -> Callable[..., None]:
    def plant(**given: Any) -> None:
        strict_aws.ask("plant_history", **{"rows": ROWS, **given})

    plant()
    return plant


@pytest.fixture
def lake(strict_clients, planted) -> CloudTrailLake:
    return CloudTrailLake(strict_clients, STORE_ARN)


@pytest.fixture
def athena(strict_clients, planted) -> Athena:
    return Athena(strict_clients, "security.cloudtrail_logs")


@pytest.fixture(params=["lake", "athena"])
def history(request) -> EventHistory:
    return request.getfixturevalue(request.param)


@pytest.fixture
def at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    monkeypatch.setattr(look_back, "PAUSE", 0.01)
    with scripted(tmp_path / "var") as made:
        yield made


def with_history(made: Scripted, *histories: EventHistory) -> Scripted:
    return replace(made, world=replace(made.world, histories=histories))


def started(strict_aws) -> list[dict[str, Any]]:
    return strict_aws.ask("asked_of_history")


def told(made: Scripted, revocation_id: str, kind: str) -> list[str]:
    return [note.detail for note in made.record(revocation_id).notes if note.kind == kind]


# The adapters


def test_a_query_is_started_waited_for_and_read(history, planted, strict_aws):
    planted(looks=2)
    query_id = history.start(WHO, TOKEN)
    assert [history.ended(query_id) for _ in range(3)] == [False, False, True]
    found = history.rows(query_id)
    assert [(f.event, f.events, f.how) for f in found] == [
        ("CreateAccessKey", 1, "user"),
        ("ListBuckets", 40, "user"),
        ("", 1, "any"),
    ]
    assert "o''neil" in started(strict_aws)[0]["statement"]


def test_every_page_of_an_answer_is_read(history, planted, strict_aws):
    planted(rows=[row("ListBuckets", account=f"{n:012}") for n in range(25)], page=4, looks=0)
    found = history.rows(history.start(WHO, TOKEN))
    assert [f.account for f in found] == [f"{n:012}" for n in range(25)]
    assert len(strict_aws.calls("GetQueryResults")) > 6


def test_an_empty_first_page_is_not_the_end(lake, planted):
    planted(empty_first_page=True, looks=0)
    assert len(lake.rows(lake.start(WHO, TOKEN))) == 3


def test_an_answer_that_is_too_long_is_refused_and_not_cut(history, planted):
    planted(rows=[row("ListBuckets", account=f"{n:012}") for n in range(60)], page=1, looks=0)
    with pytest.raises(AwsRefused, match="by hand"):
        history.rows(history.start(WHO, TOKEN))


def test_rows_of_a_query_that_still_runs_are_not_taken_for_an_answer(history, planted):
    planted(looks=5)
    with pytest.raises((AwsUnsettled, AwsRefused)):
        history.rows(history.start(WHO, TOKEN))


@pytest.mark.parametrize("how", ["FAILED", "CANCELLED", "TIMED_OUT"])
def test_a_query_of_cloudtrail_lake_that_ends_badly_says_how_and_why(lake, planted, how):
    planted(ends=how, reason="Query exhausted resources at this scale factor", looks=0)
    with pytest.raises(AwsRefused, match=rf"{how}.*exhausted resources"):
        lake.ended(lake.start(WHO, TOKEN))


@pytest.mark.parametrize("how", ["FAILED", "CANCELLED"])
def test_a_query_of_athena_that_ends_badly_says_how_and_why_and_names_the_rights(athena, planted, how):
    planted(ends=how, reason="Insufficient permissions: s3:GetObject", looks=0)
    with pytest.raises(AwsRefused, match=rf"{how}.*s3:GetObject.*Glue.*S3"):
        athena.ended(athena.start(WHO, TOKEN))


@pytest.mark.parametrize(
    ("operation", "right"),
    [
        ("StartQuery", "cloudtrail:StartQuery"),
        ("DescribeQuery", "cloudtrail:DescribeQuery"),
        ("GetQueryResults", "cloudtrail:GetQueryResults"),
        ("GetEventDataStore", "cloudtrail:GetEventDataStore"),
    ],
)
def test_a_right_that_cloudtrail_lake_misses_is_named(lake, planted, strict_aws, operation, right):
    planted(looks=0)
    query_id = lake.start(WHO, TOKEN)
    strict_aws.deny(operation)
    calls = {
        "StartQuery": lambda: lake.start(WHO, TOKEN),
        "DescribeQuery": lambda: lake.ended(query_id),
        "GetQueryResults": lambda: lake.rows(query_id),
        "GetEventDataStore": lambda: lake.scope(WHO),
    }
    with pytest.raises(AwsRefused, match=right):
        calls[operation]()
    strict_aws.clear_faults()


@pytest.mark.parametrize(
    ("operation", "right"),
    [
        ("GetTableMetadata", "glue:GetTable.*athena:GetTableMetadata"),
        ("StartQueryExecution", "athena:StartQueryExecution"),
        ("GetQueryExecution", "athena:GetQueryExecution"),
        ("GetQueryResults", "s3:GetObject.*athena:GetQueryResults"),
    ],
)
def test_a_right_that_athena_misses_is_named(athena, planted, strict_aws, operation, right):
    planted(looks=0)
    query_id = athena.start(WHO, TOKEN)
    strict_aws.deny(operation)
    calls = {
        "GetTableMetadata": lambda: athena.start(WHO, TOKEN),
        "StartQueryExecution": lambda: athena.start(WHO, TOKEN),
        "GetQueryExecution": lambda: athena.ended(query_id),
        "GetQueryResults": lambda: athena.rows(query_id),
    }
    with pytest.raises(AwsRefused, match=right):
        calls[operation]()
    strict_aws.clear_faults()


def test_too_many_queries_at_a_time_are_a_matter_of_waiting(lake, planted):
    planted(busy=10)
    with pytest.raises(AwsUnsettled, match="as many queries as it may"):
        lake.start(WHO, TOKEN)


def test_a_store_that_is_not_there_is_refused(any_clients, planted):
    other = CloudTrailLake(any_clients, STORE_ID.replace("1b", "2c"))
    with pytest.raises(AwsRefused, match="EventDataStoreNotFound"):
        other.start(WHO, TOKEN)


def test_athena_starts_nothing_twice_with_the_same_token(athena, strict_aws):
    assert athena.start(WHO, TOKEN) == athena.start(WHO, TOKEN)
    assert len(started(strict_aws)) == 1


def test_athena_reads_only_the_days_of_the_window_where_the_table_is_projected(athena, strict_aws):
    athena.start(WHO, TOKEN)
    assert """AND "timestamp" BETWEEN '2026/11/23' AND '2026/11/25'""" in started(strict_aws)[0]["statement"]


def test_athena_reads_the_whole_of_a_table_whose_partitions_it_does_not_know(athena, planted, strict_aws):
    planted(table={**TABLE, "Parameters": {"projection.timestamp.format": "yyyy-MM-dd"}})
    athena.start(WHO, TOKEN)
    assert "BETWEEN" not in started(strict_aws)[0]["statement"]


def test_athena_does_not_ask_an_older_table_for_a_column_it_lacks(athena, planted, strict_aws):
    old = [{"Name": "useridentity", "Type": "struct<type:string,principalid:string>"}]
    planted(table={**TABLE, "Columns": old})
    athena.start(WHO, TOKEN)
    assert "onbehalfof" not in started(strict_aws)[0]["statement"]


def test_athena_without_a_place_for_answers_says_so_and_takes_the_one_that_is_set(
    strict_clients, planted, strict_aws
):
    planted(output=False)
    with pytest.raises(AwsRefused, match="output location"):
        Athena(strict_clients, "security.cloudtrail_logs").start(WHO, TOKEN)
    assert Athena(strict_clients, "security.cloudtrail_logs", output="s3://answers/x/").start(WHO, TOKEN)


def test_what_the_event_data_store_collects_is_said(lake, planted):
    assert "every account of the organization, in every Region" in lake.scope(WHO)
    planted(store={"OrganizationEnabled": False, "MultiRegionEnabled": False, "Status": "STOPPED_INGESTION"})
    scope = lake.scope(WHO)
    assert "its own account alone, and from no other, in its own Region alone, and in no other" in scope
    assert "STOPPED_INGESTION" in scope


def test_a_store_that_is_younger_than_the_window_is_said_to_be(lake, planted):
    planted(store={"CreatedTimestamp": at(hours=-1).timestamp()})
    assert "what was before is not in it" in lake.scope(WHO)


def test_an_event_data_store_is_asked_in_its_own_region(strict_clients):
    clients = aws_clients(event_data_store=STORE_ARN.replace("us-east-1", "eu-west-1"))
    assert clients.cloudtrail.meta.region_name == "eu-west-1"
    assert clients.athena.meta.region_name == "us-east-1"
    assert aws_clients(event_data_store=STORE_ID).cloudtrail.meta.region_name == "us-east-1"


# The use case


def test_without_any_log_the_query_is_written_and_nothing_is_said_to_have_been_run(at_work):
    revocation_id = denied(at_work.world)
    look_back.look_back(at_work.world, revocation_id)
    [query] = told(at_work, revocation_id, "look_back")
    assert "Nothing was run" in query.replace("\n-- ", " ")
    assert '"database"."table"' in query
    assert ALICE in query
    assert told(at_work, revocation_id, "looked_back") == []
    back = at_work.record(revocation_id).look_back
    assert back is not None
    assert back.since == at_work.record(revocation_id).requested_at - timedelta(hours=12)


def test_nothing_is_asked_before_the_user_is_denied(at_work):
    revocation_id = confirmed(at_work.world)
    look_back.look_back(at_work.world, revocation_id)
    assert at_work.record(revocation_id).look_back is None


def test_a_second_run_of_the_job_writes_and_asks_nothing(at_work, history, strict_aws):
    made = with_history(at_work, history)
    revocation_id = denied(made.world)
    look_back.look_back(made.world, revocation_id)
    before = made.events(revocation_id)
    look_back.look_back(made.world, revocation_id)
    assert made.events(revocation_id) == before
    assert len(started(strict_aws)) == 1


def test_the_answer_names_what_matters_and_where_was_looked(at_work, history):
    made = with_history(at_work, history)
    revocation_id = denied(made.world)
    look_back.look_back(made.world, revocation_id)
    [answer] = told(made, revocation_id, "looked_back")
    assert "CreateAccessKey for deploy in account 111122223333 (us-east-1)" in answer
    assert "Looked at, because events of anybody in this window are there: 1 account (111122223333)" in answer
    assert "Not looked at, because no event of anybody is there: 1 account (999999999999)" in answer
    back = made.record(revocation_id).look_back
    assert back is not None
    assert (back.under_way, back.again_at) == ((), None)


def test_the_querys_id_is_recorded_before_its_answer_is_waited_for(at_work, history, planted):
    planted(looks=1000)
    made = with_history(at_work, history)
    revocation_id = denied(made.world)
    look_back.go_on(made.world, revocation_id, timedelta(0))
    back = made.record(revocation_id).look_back
    assert back is not None
    assert back.runs[0].query_id
    assert back.again_at is not None


def test_one_who_dies_while_waiting_starts_no_second_query(
    at_work, history, planted, strict_aws, monkeypatch
):
    planted(looks=2)
    made = with_history(at_work, history)
    revocation_id = denied(made.world)

    def die(_: float) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(look_back.time, "sleep", die)
        with pytest.raises(Killed):
            look_back.look_back(made.world, revocation_id)
    look_back.look_back(made.world, revocation_id)
    assert len(started(strict_aws)) == 1
    assert len(told(made, revocation_id, "looked_back")) == 1


def test_one_who_dies_between_the_start_and_its_record_starts_the_same_query_again_in_athena(
    at_work, athena, strict_aws, monkeypatch
):
    made = with_history(at_work, athena)
    revocation_id = denied(made.world)
    start = Athena.start

    def die(self: Athena, sought: Sought, token: str) -> str:
        start(self, sought, token)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Athena, "start", die)
        with pytest.raises(Killed):
            look_back.look_back(made.world, revocation_id)
    look_back.look_back(made.world, revocation_id)
    assert len(started(strict_aws)) == 1


@pytest.mark.parametrize("operation", ["StartQuery", "DescribeQuery", "GetQueryResults"])
def test_a_missing_right_ends_in_a_sentence_and_the_query_stays_ready(at_work, lake, strict_aws, operation):
    made = with_history(at_work, lake)
    revocation_id = denied(made.world)
    strict_aws.deny(operation)
    look_back.look_back(made.world, revocation_id)
    strict_aws.clear_faults()
    [answer] = told(made, revocation_id, "looked_back")
    assert "nothing was looked at, in no account and no Region" in answer
    assert f"cloudtrail:{operation}" in answer
    assert len(told(made, revocation_id, "look_back")) == 1


def test_a_scope_that_cannot_be_read_does_not_lose_the_answer(at_work, lake, strict_aws):
    made = with_history(at_work, lake)
    revocation_id = denied(made.world)
    strict_aws.deny("GetEventDataStore")
    look_back.look_back(made.world, revocation_id)
    strict_aws.clear_faults()
    [answer] = told(made, revocation_id, "looked_back")
    assert "CreateAccessKey for deploy" in answer
    assert "cloudtrail:GetEventDataStore" in answer


def test_one_place_that_refuses_does_not_keep_the_other_from_answering(at_work, lake, athena, strict_aws):
    made = with_history(at_work, athena, lake)
    revocation_id = denied(made.world)
    strict_aws.deny("StartQueryExecution")
    look_back.look_back(made.world, revocation_id)
    strict_aws.clear_faults()
    answers = told(made, revocation_id, "looked_back")
    assert sorted(answer.split(",")[0] for answer in answers) == ["Athena", "CloudTrail Lake"]
    assert len(told(made, revocation_id, "look_back")) == 2


@pytest.mark.parametrize("operation", ["StartQuery", "DescribeQuery", "GetQueryResults"])
def test_what_aws_leaves_unsettled_is_tried_again_later(at_work, lake, strict_aws, operation):
    made = with_history(at_work, lake)
    revocation_id = denied(made.world)
    strict_aws.fault(operation, code="ThrottlingException")
    look_back.look_back(made.world, revocation_id)
    assert told(made, revocation_id, "looked_back") == []
    look_back.look_back(made.world, revocation_id)
    [answer] = told(made, revocation_id, "looked_back")
    assert "CreateAccessKey" in answer
    assert len(started(strict_aws)) == 1


def test_one_that_stays_throttled_ends_after_15_minutes_and_says_why(at_work, lake, strict_aws):
    made = with_history(at_work, lake)
    revocation_id = denied(made.world)
    strict_aws.fault("StartQuery", code="ThrottlingException", times=None)
    for _ in range(5):
        look_back.look_back(made.world, revocation_id)
    strict_aws.clear_faults()
    assert made.events(revocation_id).count("look_back_unsettled") == 1
    begun_long_ago(made, revocation_id)
    look_back.look_back(made.world, revocation_id)
    [answer] = told(made, revocation_id, "looked_back")
    assert "no answer within 15 minutes" in answer
    assert "ThrottlingException" in answer


def begun_long_ago(made: Scripted, revocation_id: str) -> str | None:
    """As if 15 minutes had passed; the query's id."""
    back = made.record(revocation_id).look_back
    assert back is not None
    old = replace(back.runs[0], at=back.runs[0].at - WAIT_FOR - timedelta(seconds=1))
    made.edit(revocation_id, lambda r: replace(r, look_back=replace(back, runs=(old,))))
    return old.query_id


def test_a_query_without_an_end_is_given_up_after_15_minutes_and_its_id_is_named(at_work, history, planted):
    planted(looks=1000)
    made = with_history(at_work, history)
    revocation_id = denied(made.world)
    look_back.go_on(made.world, revocation_id, timedelta(0))
    query_id = begun_long_ago(made, revocation_id)
    look_back.look_back(made.world, revocation_id)
    [answer] = told(made, revocation_id, "looked_back")
    assert "no answer within 15 minutes" in answer
    assert str(query_id) in answer


def test_waiting_writes_few_entries_into_the_log(at_work, history, planted):
    planted(looks=1000)
    made = with_history(at_work, history)
    revocation_id = denied(made.world)
    for _ in range(20):
        look_back.go_on(made.world, revocation_id, timedelta(0))
    assert made.events(revocation_id).count("look_back_waits") == 1


def test_a_lost_job_is_caught_up_with_once_it_is_late(at_work, history, planted):
    planted(looks=0)
    made = with_history(at_work, history)
    revocation_id = denied(made.world)
    look_back.catch_up(made.world, revocation_id)
    assert made.record(revocation_id).look_back is None, "not late yet"
    made.edit(revocation_id, lambda r: replace(r, written_at=r.requested_at - timedelta(minutes=1)))
    look_back.catch_up(made.world, revocation_id)
    past = made.record(revocation_id).requested_at
    made.edit(revocation_id, lambda r: replace(r, look_back=replace(r.look_back, again_at=past)))  # type: ignore[type-var]
    look_back.catch_up(made.world, revocation_id)
    assert len(told(made, revocation_id, "looked_back")) == 1


def test_asked_again_it_looks_up_to_now_and_tells_the_new_answer(at_work, history, strict_aws):
    made = with_history(at_work, history)
    revocation_id = denied(made.world)
    look_back.look_back(made.world, revocation_id)
    first = made.record(revocation_id).look_back
    look_back.look_again(made.world, revocation_id, who("UBOB").actor)
    second = look_back.go_on(made.world, revocation_id, timedelta(seconds=5)).look_back
    assert first is not None
    assert second is not None
    assert second.until > first.until
    assert len(started(strict_aws)) == 2
    assert len(told(made, revocation_id, "looked_back")) == 2
    assert len(told(made, revocation_id, "look_back")) == 1


def test_where_the_target_reads_along_the_answer_goes_to_the_requester_alone(at_work, history):
    made = with_history(at_work, history)
    revocation_id = denied(made.world)
    made.edit(revocation_id, lambda r: replace(r, channel_shared=True))
    look_back.look_back(made.world, revocation_id)
    notes = [n for n in made.record(revocation_id).notes if n.kind in ("look_back", "looked_back")]
    assert {note.to for note in notes} == {"UBOB"}


def test_a_log_that_the_settings_no_longer_name_ends_its_run(at_work, history, planted):
    planted(looks=1000)
    made = with_history(at_work, history)
    revocation_id = denied(made.world)
    look_back.go_on(made.world, revocation_id, timedelta(0))
    look_back.look_back(at_work.world, revocation_id)
    [answer] = told(made, revocation_id, "looked_back")
    assert "no longer" in answer


def test_a_user_name_with_quotes_is_looked_for_as_it_is(at_work, history, strict_aws):
    made = with_history(at_work, history)
    revocation_id = denied(made.world)

    def renamed(record):
        return replace(record, user=replace(record.user, user_name="x' OR '1'='1"))

    made.edit(revocation_id, renamed)
    look_back.look_back(made.world, revocation_id)
    assert "'x'' or ''1''=''1'" in started(strict_aws)[0]["statement"]
    assert len(told(made, revocation_id, "looked_back")) == 1
