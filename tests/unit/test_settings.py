"""Settings: every wrong one is named at once, with what to do; no value is ever shown."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import BotSettings
from workers.bootstrap import build_scim, rules
from workers.cli.terminal import secrets
from workers.domain.step import Kind
from workers.settings import AUTOMATED, WorkerSettings, WrongSettings, is_loopback, read

GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-canary-bot-token",
    "SLACK_APP_TOKEN": "xapp-canary-app-token",
    "REVOKE_INCIDENT_CHANNEL": "C0SECINC01",
    "REVOKE_RESPONDERS": "U0BOB00001, S0ONCALL01",
    "REVOKE_DENY_POLICIES": "p-examplepolicyid111",
}
LOOPBACK = {"SLACK_API_URL": "http://127.0.0.1:9999/api", "AWS_ENDPOINT_URL": "http://localhost:5000"}
CANARY = "canary-7f3e"
SCIM = {
    "REVOKE_SCIM_URL": "https://scim.eu-central-1.amazonaws.com/11111111111-2222-3333-4444-555555555555/scim/v2",
    "REVOKE_SCIM_TOKEN": f"{CANARY}:scim-token/with+odd=letters",
}

TABLE = frozenset(
    """SLACK_BOT_TOKEN SLACK_APP_TOKEN SLACK_SIGNING_SECRET PORT SLACK_API_URL REDIS_URL AWS_ENDPOINT_URL
    REVOKE_INCIDENT_CHANNEL REVOKE_RESPONDERS REVOKE_APPROVERS REVOKE_PROTECTED REVOKE_BREAK_GLASS
    REVOKE_IDENTITY_SOURCE REVOKE_FOLLOW_UPS REVOKE_FOLLOW_UP_DELAY REVOKE_SCIM_URL REVOKE_SCIM_TOKEN
    REVOKE_CLEAN_UP_HOURS REVOKE_ALARM_TOPIC REVOKE_ON_CALL_GROUP REVOKE_DRILL_USER REVOKE_POLICY_SIZE
    REVOKE_DATA_DIR REVOKE_DENY_POLICIES REVOKE_IDENTITY_STORE_ID REVOKE_SSO_INSTANCE_ARN REVOKE_HOLD
    REVOKE_CLEAN_UP REVOKE_SIGNING_KEY REVOKE_RATE_LIMITS REVOKE_TIME_SCALE REVOKE_TRAIL_TABLE
    REVOKE_ATHENA_WORKGROUP REVOKE_ATHENA_OUTPUT REVOKE_EVENT_DATA_STORE AWS_DEFAULT_REGION""".replace(
        "\n", " "
    ).split(" ")
) - {""}
"""The contract's table of settings (docs/architecture.md)."""


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's environment, and no `.env` but the test's own."""
    for name in list(os.environ):
        if name.startswith(("SLACK_", "REVOKE_", "REDIS_", "AWS_")) or name == "PORT":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def having(monkeypatch: pytest.MonkeyPatch, **given: str) -> None:
    for name, value in {**GOOD, **given}.items():
        monkeypatch.setenv(name, value)


def worker(monkeypatch: pytest.MonkeyPatch, **given: str) -> WorkerSettings:
    having(monkeypatch, **given)
    return read(WorkerSettings)


def wrong(monkeypatch: pytest.MonkeyPatch, kind: type = WorkerSettings, **given: str) -> str:
    having(monkeypatch, **given)
    with pytest.raises(WrongSettings) as caught:
        read(kind)
    return str(caught.value)


def test_the_five_settings_of_the_quick_start_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = worker(monkeypatch)

    assert settings.policy_id == "p-examplepolicyid111"
    assert settings.revoke_responders == ("U0BOB00001", "S0ONCALL01")
    assert settings.approvers == ("U0BOB00001", "S0ONCALL01")
    assert settings.timing.hold == timedelta(hours=12)
    assert settings.revoke_policy_size == 5120
    assert read(BotSettings).socket_mode


def test_nothing_set_names_everything_that_is_required() -> None:
    with pytest.raises(WrongSettings) as caught:
        read(WorkerSettings)
    assert str(caught.value).split("\n") == [
        "  REVOKE_DENY_POLICIES: is required",
        "  REVOKE_INCIDENT_CHANNEL: is required",
        "  REVOKE_RESPONDERS: is required",
        "  SLACK_BOT_TOKEN: is required",
    ]


WRONG = {
    "REVOKE_INCIDENT_CHANNEL": ("#sec-inc", "must be a channel id, for example C0123ABCD (not its name)"),
    "REVOKE_RESPONDERS": ("alice,bob", "must be Slack user ids (U...) or user group ids (S...)"),
    "REVOKE_APPROVERS": ("@bob", "must be Slack user ids"),
    "REVOKE_DENY_POLICIES": ("p-examplepolicyid111,p-examplepolicyid222", "several are not supported yet"),
    "REVOKE_HOLD": ("11h", "must be 12h or more"),
    "REVOKE_FOLLOW_UP_DELAY": ("ten minutes", "must be a number and s, m, h or d, for example 12h"),
    "REVOKE_CLEAN_UP": ("always", "'when_proven', 'ask' or 'never'"),
    "REVOKE_CLEAN_UP_HOURS": ("8-25", "must be two different hours of the day in UTC, for example 8-17"),
    "REVOKE_POLICY_SIZE": ("20000", "less than or equal to 10240"),
    "REVOKE_ALARM_TOPIC": ("pager", "must be the ARN of an SNS topic"),
    "REVOKE_SIGNING_KEY": ("short", "must have 16 characters or more"),
    "SLACK_API_URL": ("http://slack.example/api/", "must be https, or plain http to loopback"),
    "REDIS_URL": ("localhost:6379", "must begin with redis://, rediss:// or unix://"),
    "REVOKE_TIME_SCALE": ("0.5", "greater than or equal to 1"),
    "REVOKE_IDENTITY_SOURCE": ("okta", "'directory', 'external' or 'active_directory'"),
    "REVOKE_FOLLOW_UPS": (
        "assignments,device",
        "must be of assignments, memberships, applications, entitlements, ",
    ),
    "REVOKE_SCIM_URL": (
        "https://okta.example/api",
        "must look like https://scim.us-east-1.amazonaws.com/TENANT/scim",
    ),
    "REVOKE_SCIM_TOKEN": ("two words of a token", "must be the whole access token as the console shows it"),
    "REVOKE_TRAIL_TABLE": ("trail", "must look like database.table"),
    "REVOKE_ATHENA_WORKGROUP": ("a group", "must be the name of an Athena workgroup"),
    "REVOKE_ATHENA_OUTPUT": ("my-bucket", "must look like s3://bucket/prefix/"),
    "REVOKE_EVENT_DATA_STORE": ("lake", "must be the ARN or the id of an event data store"),
    "AWS_DEFAULT_REGION": ("Frankfurt", "must be a Region, for example us-east-1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_one_wrong_setting_is_named_alone_with_what_it_must_be(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    value, words = WRONG[name]
    said = wrong(monkeypatch, **{name: value})

    assert said.startswith(f"  {name}: ")
    assert words in said
    assert "\n" not in said
    assert value not in said.replace("for example 12h", "")


def test_all_wrong_settings_are_named_at_once_with_those_that_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = wrong(monkeypatch, SLACK_BOT_TOKEN="", **{name: value for name, (value, _) in WRONG.items()})

    named = [line.split(":")[0].strip() for line in said.split("\n")]
    assert named == sorted([*WRONG, "SLACK_BOT_TOKEN"])


def test_a_cross_check_is_named_beside_a_missing_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong(
        monkeypatch,
        SLACK_BOT_TOKEN="",
        REDIS_URL=f"rediss://:{CANARY}@redis.example:6379",
        REVOKE_TIME_SCALE="60",
    )
    assert "SLACK_BOT_TOKEN: is required" in said
    assert "REVOKE_SIGNING_KEY: is required when REDIS_URL is not on this machine" in said
    assert "REVOKE_TIME_SCALE: is only for a pretend Slack and AWS" in said


def test_no_value_is_ever_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [*WRONG, "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "PORT", "REVOKE_DATA_DIR"]
    for kind in (WorkerSettings, BotSettings):
        said = wrong(monkeypatch, kind, **dict.fromkeys(names, CANARY))
        assert CANARY not in said
        assert said.count("\n") > 5


def test_a_repr_hides_every_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    hidden = {
        "SLACK_BOT_TOKEN": f"xoxb-{CANARY}",
        "SLACK_APP_TOKEN": f"xapp-{CANARY}",
        "SLACK_SIGNING_SECRET": CANARY,
        "REVOKE_SIGNING_KEY": CANARY * 3,
        "REDIS_URL": f"redis://:{CANARY}@127.0.0.1:6379/0",
    }
    having(monkeypatch, **hidden, **SCIM)
    for settings in (read(WorkerSettings), read(BotSettings)):
        assert CANARY not in f"{settings!r} {settings} {settings.model_dump_json()}"


@pytest.mark.parametrize(
    ("text", "meant"),
    [("12h", 12 * 3600), ("720m", 720 * 60), ("43200s", 43200), ("1d", 86400), (" 90d ", 90 * 86400)],
)
def test_durations(monkeypatch: pytest.MonkeyPatch, text: str, meant: int) -> None:
    assert worker(monkeypatch, REVOKE_HOLD=text).timing.hold == timedelta(seconds=meant)


@pytest.mark.parametrize(
    "text", ["12", "h", "12 h", "-12h", "1.5d", "12H", "١٢h", "9" * 40 + "d", "9999999d", "P1D", "0h"]
)
def test_what_is_no_duration_or_too_short_a_hold_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert wrong(monkeypatch, REVOKE_HOLD=text).startswith("  REVOKE_HOLD: must be")


@given(st.text(max_size=30))
def test_no_text_for_a_duration_ever_breaks_the_start(text: str) -> None:
    given_all = {name.lower(): value for name, value in GOOD.items()}
    try:
        settings = read(WorkerSettings, **given_all, revoke_hold=text)
    except WrongSettings as refused:
        named = str(refused).split(":")[0].strip()
    else:
        named = "REVOKE_HOLD" if settings.revoke_hold >= timedelta(hours=12) else "let through"
    assert named == "REVOKE_HOLD"


@pytest.mark.parametrize("hours", ["8-17", "22-6", "0-24"])
def test_hours_of_the_clean_up(monkeypatch: pytest.MonkeyPatch, hours: str) -> None:
    assert worker(monkeypatch, REVOKE_CLEAN_UP_HOURS=hours).revoke_clean_up_hours == hours


@pytest.mark.parametrize("hours", ["8", "8-8", "24-25", "-1-5", "8-17 UTC", "99-12"])
def test_hours_that_never_come_are_refused(monkeypatch: pytest.MonkeyPatch, hours: str) -> None:
    assert "REVOKE_CLEAN_UP_HOURS" in wrong(monkeypatch, REVOKE_CLEAN_UP_HOURS=hours)


def test_scaled_time_needs_slack_and_aws_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker(monkeypatch, REVOKE_TIME_SCALE="720", **LOOPBACK).timing.hold == timedelta(minutes=1)
    assert "AWS_ENDPOINT_URL: must be on this machine" in wrong(monkeypatch, AWS_ENDPOINT_URL="")
    assert "AWS_ENDPOINT_URL" in wrong(
        monkeypatch, REVOKE_TIME_SCALE="720", **{**LOOPBACK, "AWS_ENDPOINT_URL": "https://aws.example"}
    )
    assert "REVOKE_TIME_SCALE" in wrong(
        monkeypatch, REVOKE_TIME_SCALE="1.001", **{**LOOPBACK, "SLACK_API_URL": "https://slack.com/api/"}
    )
    for endless in ("inf", "nan", "1e9", "-720"):
        assert "REVOKE_TIME_SCALE" in wrong(monkeypatch, REVOKE_TIME_SCALE=endless, **LOOPBACK)


def test_scaled_time_needs_scim_on_this_machine_too(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong(monkeypatch, REVOKE_TIME_SCALE="720", **{**LOOPBACK, **SCIM})
    assert said == "  REVOKE_SCIM_URL: must be on this machine where REVOKE_TIME_SCALE is above 1"
    near = {**SCIM, "REVOKE_SCIM_URL": "http://127.0.0.1:8080/t/scim/v2"}
    assert worker(monkeypatch, REVOKE_TIME_SCALE="720", **{**LOOPBACK, **near}).disables_sign_in


def test_the_delay_of_the_follow_ups_is_scaled_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {**LOOPBACK, "REVOKE_TIME_SCALE": "60", "REVOKE_FOLLOW_UP_DELAY": "30m"}
    assert worker(monkeypatch, **given).timing.follow_up_delay == timedelta(seconds=30)
    assert read(BotSettings).timing.follow_up_delay == timedelta(seconds=30)


@pytest.mark.parametrize(("given", "missing"), [(n, m) for n in SCIM for m in SCIM if n != m])
def test_scims_address_and_token_come_together(
    monkeypatch: pytest.MonkeyPatch, given: str, missing: str
) -> None:
    said = wrong(monkeypatch, **{given: SCIM[given]})
    assert f"{missing}" in said
    assert "required beside" in said
    assert "\n" not in said
    assert SCIM[given] not in said


def test_a_wrong_scim_address_and_a_wrong_token_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong(monkeypatch, REVOKE_SCIM_URL="http://scim.example/t/scim/v2", REVOKE_SCIM_TOKEN="short")
    assert [line.split(":")[0].strip() for line in said.split("\n")] == [
        "REVOKE_SCIM_TOKEN",
        "REVOKE_SCIM_URL",
    ]


@pytest.mark.parametrize("ending", ["", "/", "//"])
def test_a_scim_address_may_end_in_a_slash(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    given = {**SCIM, "REVOKE_SCIM_URL": SCIM["REVOKE_SCIM_URL"] + ending}
    assert worker(monkeypatch, **given).revoke_scim_url == SCIM["REVOKE_SCIM_URL"]


@pytest.mark.parametrize(
    "url",
    [
        "http://scim.us-east-1.amazonaws.com/t/scim/v2",
        "https://user:word@scim.us-east-1.amazonaws.com/t/scim/v2",
        "https://scim.us-east-1.amazonaws.com/scim/v2",
        "https://scim.us-east-1.amazonaws.com/t/scim/v2?x=1",
        "https://scim.us-east-1.amazonaws.com/t/scim/v2#x",
        "https://scim.us-east-1.amazonaws.com/t/../scim/v2",
        "https:///t/scim/v2",
        "https://[/t/scim/v2",
        "https://scim.us-east-1.amazonaws.com:port/t/scim/v2",
        "ftp://127.0.0.1/t/scim/v2",
        "http://127.0.0.1.evil.example/t/scim/v2",
        "https://scim.us-east-1.amazonaws.com/t/scim/v2\n",
    ],
)
def test_what_is_no_scim_address_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert wrong(monkeypatch, **{**SCIM, "REVOKE_SCIM_URL": url}).startswith("  REVOKE_SCIM_URL: ")


def test_the_bot_knows_that_sign_in_can_be_disabled_but_never_the_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    having(monkeypatch, **SCIM)
    settings = read(BotSettings)
    assert settings.disables_sign_in
    assert not hasattr(settings, "revoke_scim_token")
    monkeypatch.delenv("REVOKE_SCIM_TOKEN")
    assert read(BotSettings) == settings


def test_the_scim_token_is_among_what_the_log_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert SCIM["REVOKE_SCIM_TOKEN"] in secrets(worker(monkeypatch, **SCIM))


def test_sign_in_is_disabled_by_scim_only_where_the_settings_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert build_scim(worker(monkeypatch)) is None
    scim = build_scim(worker(monkeypatch, **SCIM))
    assert scim is not None
    assert scim.url == SCIM["REVOKE_SCIM_URL"]
    assert CANARY not in repr(scim)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", AUTOMATED),
        ("none", ()),
        ("assignments", (Kind.ASSIGNMENTS,)),
        (" memberships , sign_in,memberships", (Kind.MEMBERSHIPS, Kind.SIGN_IN)),
        (",".join(AUTOMATED), AUTOMATED),
    ],
)
def test_which_follow_ups_run_by_themselves(
    monkeypatch: pytest.MonkeyPatch, text: str, meant: tuple[Kind, ...]
) -> None:
    assert worker(monkeypatch, REVOKE_FOLLOW_UPS=text).revoke_follow_ups == meant


@pytest.mark.parametrize("text", ["all", "none,assignments", ",", "sessions", "Assignments", "0"])
def test_what_names_no_automated_follow_up_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    assert wrong(monkeypatch, REVOKE_FOLLOW_UPS=text).startswith(
        "  REVOKE_FOLLOW_UPS: must be of assignments"
    )


def test_bot_and_workers_have_the_same_rules_for_the_follow_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "REVOKE_IDENTITY_SOURCE": "external",
        "REVOKE_FOLLOW_UPS": "assignments",
        "REVOKE_FOLLOW_UP_DELAY": "0m",
    }
    workers = rules(worker(monkeypatch, AWS_DEFAULT_REGION="eu-west-1", **given, **SCIM), "eu-west-1")
    bot = read(BotSettings).rules
    for name in ("identity_source", "follow_ups", "disables_sign_in", "region", "timing", "approvers"):
        assert getattr(bot, name) == getattr(workers, name), name
    assert bot.follow_ups == {Kind.ASSIGNMENTS}
    assert bot.disables_sign_in


def test_an_identity_source_that_is_not_told_is_not_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules(worker(monkeypatch), "us-east-1").identity_source is None


def test_the_bot_takes_the_region_of_its_links_from_scim_where_no_other_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    having(monkeypatch)
    assert read(BotSettings).region == "us-east-1"
    having(monkeypatch, **SCIM)
    assert read(BotSettings).region == "eu-central-1"
    having(monkeypatch, AWS_DEFAULT_REGION="us-gov-west-1", **SCIM)
    assert read(BotSettings).region == "us-gov-west-1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REVOKE_TRAIL_TABLE", "cloudtrail_logs.organization_trail"),
        ("REVOKE_ATHENA_WORKGROUP", "security.on-call_1"),
        ("REVOKE_ATHENA_OUTPUT", "s3://my-athena-results/revoke/"),
        ("REVOKE_ATHENA_OUTPUT", "s3://my-athena-results"),
        ("REVOKE_EVENT_DATA_STORE", "EXAMPLE0-ee54-4813-92d5-999aeEXAMPLE".replace("EXAMPLE", "a1b2c3d")),
        (
            "REVOKE_EVENT_DATA_STORE",
            "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/a1b2c3d0-ee54-4813-92d5-999aea1b2c3d",
        ),
    ],
)
def test_where_the_look_back_reads(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert getattr(worker(monkeypatch, **{name: value}), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REVOKE_TRAIL_TABLE", "db.table; drop"),
        ("REVOKE_TRAIL_TABLE", 'db."table"'),
        ("REVOKE_TRAIL_TABLE", "catalog.db.table"),
        ("REVOKE_ATHENA_OUTPUT", "https://bucket/"),
        ("REVOKE_EVENT_DATA_STORE", "arn:aws:s3:::bucket"),
        ("REVOKE_EVENT_DATA_STORE", "a1b2c3d0-ee54-4813-92d5-999aea1b2c3d'"),
    ],
)
def test_what_could_change_the_query_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    assert wrong(monkeypatch, **{name: value}).startswith(f"  {name}: must ")


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://localhost:1", True),
        ("http://127.0.0.1:9999/api/", True),
        ("http://[::1]:80", True),
        ("unix:///run/redis.sock", True),
        ("redis://:secret@localhost:6379/0", True),
        ("http://localhost.evil.example", False),
        ("http://localhost@evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("redis://evil.example/localhost", False),
        ("", False),
    ],
)
def test_what_stays_on_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) == here


def test_a_redis_elsewhere_needs_a_signing_key_and_one_here_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for here in ("redis://localhost:6379", "unix:///run/redis.sock", "rediss://127.0.0.1:6380"):
        assert worker(monkeypatch, REDIS_URL=here).revoke_signing_key is None
    assert "REVOKE_SIGNING_KEY" in wrong(monkeypatch, REDIS_URL="rediss://redis.example:6380")
    assert worker(monkeypatch, REDIS_URL="rediss://redis.example:6380", REVOKE_SIGNING_KEY="k" * 16)


def test_without_an_app_token_requests_must_be_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    said = wrong(monkeypatch, BotSettings, SLACK_APP_TOKEN="")
    assert said == "  SLACK_SIGNING_SECRET: is required without SLACK_APP_TOKEN (Socket Mode)"
    having(monkeypatch, SLACK_APP_TOKEN="", SLACK_SIGNING_SECRET="8f742231b10e8888abcd99yyyzzz85a5")
    assert not read(BotSettings).socket_mode


def test_an_empty_setting_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = dict.fromkeys(TABLE - set(GOOD), "")
    assert worker(monkeypatch, **empty) == worker(monkeypatch)


def test_responders_of_commas_alone_would_let_nobody_deny(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "REVOKE_RESPONDERS: must name somebody" in wrong(monkeypatch, REVOKE_RESPONDERS=" , ")


def test_the_env_file_is_read_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lines = [f"{name}={value}" for name, value in GOOD.items()]
    (tmp_path / ".env").write_text(
        "\n".join([*lines, "REVOKE_HOLD=24h", "REVOKE_CLEAN_UP=ask", "REDIS_URL="])
    )
    monkeypatch.setenv("REVOKE_CLEAN_UP", "never")

    settings = read(WorkerSettings)

    assert settings.timing.hold == timedelta(hours=24)
    assert settings.revoke_clean_up == "never"
    assert settings.redis_url is None


def test_an_env_file_that_is_no_text_is_a_wrong_setting_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"SLACK_BOT_TOKEN=\xff\xfe" + CANARY.encode())
    with pytest.raises(WrongSettings, match=r"\.env: must be text in UTF-8") as caught:
        read(WorkerSettings)
    assert CANARY not in str(caught.value)


def test_every_setting_of_the_contract_is_read_and_no_other() -> None:
    known = {name.upper() for kind in (WorkerSettings, BotSettings) for name in kind.model_fields}
    assert known == TABLE
