"""What is asked of the logs, and how the answer is told."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.make import ALICE_ID, at
from workers.domain.errors import AwsRefused
from workers.domain.look_back import (
    ONLY_ITS_OWN,
    Found,
    LookBack,
    Run,
    Sought,
    due_at,
    findings,
    found_in,
    looked_at,
    not_looked_at,
    sought,
)
from workers.domain.look_back_query import (
    MATTERS,
    SHARED_NAMES,
    Table,
    athena_query,
    lake_query,
    literal,
    partition_advice,
    ready,
)

STORE = "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/EXAMPLEf852-4e8f-8bd1-bcf6cEXAMPLE"
LAKE_LIMIT = 10_000
"""StartQuery takes no longer statement (CloudTrail API reference)."""


def alice(*names: str) -> Sought:
    return sought(ALICE_ID, names or ("alice", "alice@example.com"), at(), at(minutes=10))


def row(event: str, **given: object) -> Found:
    usual = Found(
        account="111111111111",
        region="us-east-1",
        service="iam.amazonaws.com",
        event=event,
        error="",
        subject="",
        how="user",
        events=1,
        first="2026-11-24T01:55:12Z",
        last="2026-11-24T01:55:12Z",
    )
    return replace(usual, **given)  # type: ignore[arg-type]


def anybody(account: str, region: str = "us-east-1") -> Found:
    return row("", service="", how="any", account=account, region=region, events=900)


def bare(query: str) -> str:
    """The statement without comments and literals: what the engine takes for words of its own."""
    return re.sub(r"--[^\n]*|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"", " ", query)


def test_the_window_begins_12_hours_before_the_request_and_ends_now():
    who = alice()
    assert (who.since, who.until) == (at(hours=-12), at(minutes=10))


def test_another_begin_may_be_given():
    assert sought(ALICE_ID, (), at(), at(hours=1), since=at(hours=-48)).since == at(hours=-48)


def test_the_text_for_athena_has_its_window_at_the_top():
    assert athena_query(alice(), Table(name="security.trail")).startswith(
        f"""WITH seen AS (
  SELECT *, useridentity.accesskeyid AS key_used,
    coalesce(json_extract_scalar(responseelements, '$.credentials.accessKeyId'),
    json_extract_scalar(responseelements, '$.accessKey.accessKeyId')) AS key_made,
    (useridentity.onbehalfof.userid = '{ALICE_ID}'
    OR useridentity.principalid = '{ALICE_ID}'
    OR lower(split_part(useridentity.principalid, ':', 2)) IN ('alice', 'alice@example.com')
    OR (useridentity.type IN ('IdentityCenterUser', 'Unknown', 'SAMLUser')
      AND lower(useridentity.username) IN ('alice', 'alice@example.com'))) AS mine
  FROM "security"."trail"
  WHERE eventtime >= '2026-11-23T14:00:00Z' AND eventtime < '2026-11-24T02:10:00Z'
)
SELECT recipientaccountid AS account, awsregion AS region,"""
    )


def test_the_text_for_athena_follows_keys_two_steps_and_counts_what_anybody_did():
    assert athena_query(alice(), Table(name="security.trail")).endswith(
        """FROM seen WHERE mine OR key_used IN (
  SELECT key_made
  FROM seen WHERE key_made IS NOT NULL AND (mine OR key_used IN (
  SELECT key_made
  FROM seen WHERE key_made IS NOT NULL AND mine)))
GROUP BY 1, 2, 3, 4, 5, 6, 7
UNION ALL
SELECT recipientaccountid, awsregion, '', '', '', '', 'any',
  count(*), cast(min(eventtime) AS varchar) AS first_at, cast(max(eventtime) AS varchar) AS last_at
FROM seen
GROUP BY 1, 2"""
    )


def test_the_text_for_cloudtrail_lake_reads_the_store_by_its_id_and_in_its_own_time_format():
    query = lake_query(alice(), STORE)
    assert query.count("FROM EXAMPLEf852-4e8f-8bd1-bcf6cEXAMPLE\n") == 4
    window = "eventTime >= '2026-11-23 14:00:00' AND eventTime < '2026-11-24 02:10:00'"
    assert query.count(window) == 4
    assert "element_at(requestParameters, 'userName')" in query
    assert f"useridentity.onbehalfof.userid = '{ALICE_ID}'" in query
    assert "json_extract_scalar(element_at(responseElements, 'credentials'), '$.accessKeyId')" in query


def test_the_text_for_cloudtrail_lake_is_one_select_without_with():
    assert bare(lake_query(alice(), STORE)).startswith("SELECT ")
    assert not re.search(r"\bWITH\b|;", bare(lake_query(alice(), STORE)))


@pytest.mark.parametrize(
    "event", ["AssumeRole", "CreateAccessKey", "CreateUser", "CreateRole", "UpdateAssumeRolePolicy"]
)
def test_the_calls_that_the_query_names_are_there_in_both_texts(event):
    assert f"'{event}'" in athena_query(alice(), Table())
    assert f"'{event}'" in lake_query(alice(), STORE)


def test_names_that_several_services_share_are_among_those_that_matter():
    assert set(MATTERS) >= SHARED_NAMES
    assert len(set(MATTERS)) == len(MATTERS)


@pytest.mark.parametrize(
    "name", ["x' OR '1'='1", "o'neil", "''", "'; DROP TABLE t --", "a\\'b", "a' UNION ALL SELECT 1 --"]
)
def test_a_user_name_with_quotes_stays_inside_its_literal(name):
    plain_words = bare(athena_query(alice("alice"), Table(name="security.trail")))
    assert bare(athena_query(alice(name), Table(name="security.trail"))) == plain_words
    assert bare(lake_query(alice(name), STORE)) == bare(lake_query(alice("alice"), STORE))
    assert literal(name.lower()) in lake_query(alice(name), STORE)


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_name_at_all_changes_the_words_of_a_query(name, user_id):
    who = replace(alice(name), user_id=user_id)
    usual = alice("alice") if who.names else replace(alice(), names=())
    assert bare(lake_query(who, STORE)) == bare(lake_query(usual, STORE))
    assert bare(athena_query(who, Table())) == bare(athena_query(usual, Table()))


@given(st.text(max_size=200))
def test_a_literal_reads_back_as_what_it_was_made_of(text):
    assert literal(text)[1:-1].replace("''", "'") == text


def test_a_table_or_store_with_quotes_stays_a_name():
    query = athena_query(alice(), Table(name='a"b.c" WHERE 1=1 --'))
    assert '"a""b"."c"" WHERE 1=1 --"' in query
    assert "FROM ab1-OR11\n" in lake_query(alice(), "x/ab1-' OR 1=1;")


@pytest.mark.parametrize("name", ["a\nb", "a\u202eb", "x" * 129, "", "  ", "\x00"])
def test_a_name_that_nobody_could_read_in_the_query_is_left_out(name):
    assert alice(name).names == ()
    assert "split_part" not in lake_query(alice(name), STORE)


def test_the_longest_names_fit_into_cloudtrail_lake():
    worst = sought("9" * 47, ("'" * 128, "y'" * 64), at(), at(hours=1))
    assert len(lake_query(worst, STORE)) <= LAKE_LIMIT


def test_a_projected_table_is_read_for_the_days_of_the_window_and_one_more():
    query = athena_query(alice(), Table(name="security.trail", partition="timestamp"))
    assert """AND "timestamp" BETWEEN '2026/11/23' AND '2026/11/25'""" in query


def test_a_table_partitioned_by_day_is_read_for_these_days():
    query = athena_query(alice(), Table(name="security.trail", partition="day"))
    assert "AND concat(year, month, day) BETWEEN '20261123' AND '20261125'" in query


def test_a_table_without_the_column_for_the_user_id_is_asked_by_names_alone():
    query = athena_query(alice(), Table(name="security.trail", has_on_behalf_of=False))
    assert "onbehalfof" not in query
    assert "lower(split_part(useridentity.principalid, ':', 2)) IN ('alice', 'alice@example.com')" in query


def test_the_ready_query_is_comments_and_then_the_statement():
    text = ready(athena_query(alice(), Table()), ONLY_ITS_OWN, *partition_advice(alice()))
    comments = [line for line in text.splitlines() if line.startswith("--")]
    assert text.index("WITH seen") > max(text.index(line) for line in comments)
    said = " ".join(line.removeprefix("-- ") for line in comments)
    assert "Nothing was run" in said
    assert "LookupEvents, which sees one account and one Region" in said
    assert "Nobody knows when the session began" in said
    assert """add AND "timestamp" BETWEEN '2026/11/23' AND '2026/11/25'""" in said
    assert '"database"."table"' in text


def test_a_line_break_in_a_note_cannot_end_its_comment():
    assert all(line.startswith("--") for line in ready("", "a\nDROP TABLE x\r\nb").splitlines() if line)


def test_what_was_found_is_counted_and_what_matters_is_named_the_worst_first():
    rows = [
        row("AssumeRole", service="sts.amazonaws.com", subject="arn:aws:iam::222222222222:role/x", events=12),
        row("CreateAccessKey", subject="deploy", account="222222222222", how="key"),
        row("CreateUser", subject="evil", service="identitystore.amazonaws.com"),
        row("ListBuckets", events=40),
        row("CreateRole", subject="back", error="AccessDenied", events=3),
        anybody("111111111111"),
    ]
    assert findings(alice(), "Athena, table security.trail", rows) == [
        "Athena, table security.trail, 2026-11-23 14:00 UTC to 2026-11-24 02:10 UTC: 57 calls, 3 of them denied: "
        "ListBuckets 40, AssumeRole 12, CreateRole 3, CreateAccessKey 1, CreateUser 1.",
        "CreateAccessKey for deploy in account 222222222222 (us-east-1) at 2026-11-24 01:55:12 UTC by a session or key "
        "that they made.",
        "CreateUser (identitystore) for evil in account 111111111111 (us-east-1) at 2026-11-24 01:55:12 UTC.",
        "AssumeRole for arn:aws:iam::222222222222:role/x in account 111111111111 (us-east-1) 12 times at 2026-11-24 "
        "01:55:12 UTC.",
        "Their calls were made in 2 accounts (111111111111, 222222222222), 1 Region (us-east-1).",
    ]


def test_of_very_many_only_the_first_are_named():
    rows = [row("CreateAccessKey", subject=f"user-{n}", first=f"2026-11-24T01:{n:02}:00Z") for n in range(25)]
    told = findings(alice(), "Athena", rows)
    assert "user-9 " in told[10]
    assert told[11] == "And 15 more that matter; run the query to see them."


def test_nothing_found_is_no_proof():
    [told] = findings(alice(), "Athena", [anybody("111111111111")])
    assert told.endswith("no event of this user. That is no proof that nothing was done.")


def test_the_places_that_were_looked_at_and_those_that_were_not_are_always_named():
    rows = [
        anybody("111111111111"),
        anybody("111111111111", "eu-west-1"),
        anybody("222222222222"),
        row("ListBuckets"),
    ]
    seen, unseen, scope, delay = looked_at(rows, ["111111111111", "333333333333"], "Scope.", "R-7K2M9Q")
    assert seen == (
        "Looked at, because events of anybody in this window are there: 2 accounts (111111111111, 222222222222), "
        "2 Regions (eu-west-1, us-east-1)."
    )
    assert unseen == (
        "Not looked at, because no event of anybody is there: 1 account (333333333333), and every other Region."
    )
    assert scope == "Scope."
    assert delay.startswith("CloudTrail tells within about 5 minutes on average, and does not promise it")
    assert "`python -m workers look-back R-7K2M9Q --run`" in delay


def test_an_empty_log_was_not_looked_at():
    seen, unseen, *_ = looked_at([], ["333333333333"], "Scope.", "R-7K2M9Q")
    assert seen.startswith("Looked at: nothing")
    assert "333333333333" in unseen


def test_a_place_without_an_answer_says_that_nothing_was_looked_at_and_why():
    why = "The worker may not do it. Give its AWS role the right athena:X."
    told = " ".join(not_looked_at("Athena, table a.b", why, "R-7K2M9Q"))
    assert "nothing was looked at, in no account and no Region" in told
    assert "athena:X" in told
    assert "one account and one Region" in told


def test_a_very_long_name_from_an_event_is_cut():
    told = findings(alice(), "Athena", [row("CreateUser", subject="x" * 5000)])
    assert max(map(len, told)) < 300


def test_a_name_with_line_breaks_does_not_look_like_another_finding():
    columns = dict.fromkeys(("account", "region", "service", "event", "error", "how"), "x")
    assert found_in({**columns, "subject": "a\nb\r\nc", "events": "1"}).subject == "a b c"


@pytest.mark.parametrize("columns", [{}, {"events": "many"}, {"events": "1"}])
def test_a_row_that_is_not_of_our_query_is_refused(columns):
    with pytest.raises(AwsRefused, match="by hand"):
        found_in(columns)


def test_somebody_must_look_when_the_job_was_lost_or_an_answer_is_awaited():
    assert due_at(None, None) is None
    assert due_at(None, at()) == at(seconds=10)
    run = Run(place="x", token="t", at=at())
    assert due_at(LookBack(since=at(), until=at(), runs=(run,), again_at=at(minutes=1)), at()) == at(
        minutes=1
    )
    assert due_at(LookBack(since=at(), until=at()), at()) is None
