"""Settings, read once from the environment and `.env`; all wrong ones are named at once, none is printed."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from workers.domain.caps import Cap, Caps
from workers.domain.rules import Rules
from workers.domain.step import ACCESS, Kind
from workers.domain.timing import LONGEST_ROLE_SESSION, Timing

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

AUTOMATED = (*ACCESS, Kind.SIGN_IN)
"""The follow-ups that can run by themselves."""

DEFAULT_CAPS = Caps(
    per_person=Cap(most=5, within=timedelta(minutes=10)), overall=Cap(most=20, within=timedelta(hours=1))
)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = timedelta(days=3650)
_ID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


class WrongSettings(Exception):
    """The settings cannot be used; the text names every wrong one and never its value."""


def is_loopback(url: str) -> bool:
    """Whether `url` stays on this machine (a unix socket does)."""
    parts = urlsplit(url)
    return parts.scheme == "unix" or (parts.hostname or "") in LOOPBACK


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = re.fullmatch(r"(\d{1,7})([smhd])", value.strip(), re.ASCII)
    if match is None:
        raise ValueError("must be a number and s, m, h or d, for example 12h")
    found = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if found > _LONGEST:
        raise ValueError("must be 3650d or less")
    return found


def _long_hold(value: timedelta) -> timedelta:
    if value < LONGEST_ROLE_SESSION:
        raise ValueError("must be 12h or more: a role session can last that long")
    return value


def _listed(value: Any) -> Any:
    return tuple(p.strip() for p in value.split(",") if p.strip()) if isinstance(value, str) else value


def _slack_ids(value: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(r"[UWS][A-Z0-9]{2,}", item) for item in value):
        raise ValueError("must be Slack user ids (U...) or user group ids (S...), comma separated")
    return value


def _somebody(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("must name somebody, or nobody could deny anyone")
    return value


def _slack_url(value: str) -> str:
    scheme = urlsplit(value).scheme
    if scheme != "https" and not (scheme == "http" and is_loopback(value)):
        raise ValueError("must be https, or plain http to loopback")
    return value if value.endswith("/") else value + "/"


def _rate_limits(value: Any) -> Any:
    """`5/10m,20/1h`: per person, overall. `off`: None."""
    if not isinstance(value, str):
        return value
    if value.strip() == "off":
        return None
    match = re.fullmatch(
        r"([1-9]\d{0,4})/(\d{1,7}[smhd]),\s*([1-9]\d{0,4})/(\d{1,7}[smhd])", value.strip(), re.ASCII
    )
    if match is None:
        raise ValueError("must be two limits, per person and overall, for example 5/10m,20/1h; or off")
    person, overall = (_cap(match[n], match[n + 1]) for n in (1, 3))
    return Caps(per_person=person, overall=overall)


def _cap(most: str, within: str) -> Cap:
    span = _duration(within)
    if not timedelta(0) < span <= timedelta(days=7):
        raise ValueError("must be limits within 1s to 7d each")
    return Cap(most=int(most), within=span)


def _follow_ups(value: Any) -> Any:
    """The kinds that are named; `none` alone stands for no kind."""
    if not isinstance(value, str):
        return value
    named = _listed(value)
    if named == ("none",):
        return ()
    if not named or not set(named) <= set(AUTOMATED):
        raise ValueError(f"must be of {', '.join(AUTOMATED)}, comma separated; or none")
    return tuple(Kind(name) for name in dict.fromkeys(named))


def _scim_url(value: str | None) -> str | None:
    if value is None:
        return None
    shaped = re.fullmatch(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?/[\w-]+/scim/v2/*", value, re.ASCII)
    if not shaped or not (value.startswith("https:") or is_loopback(value)):
        raise ValueError(
            "must look like https://scim.us-east-1.amazonaws.com/TENANT/scim/v2; plain http only to loopback"
        )
    return value.rstrip("/")


def _scim_token(value: SecretStr | None) -> SecretStr | None:
    if value is not None and not re.fullmatch(r"[!-~]{16,}", value.get_secret_value()):
        raise ValueError("must be the whole access token as the console shows it, in one line")
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    if urlsplit(value.get_secret_value()).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return value


def _long_key(value: SecretStr | None) -> SecretStr | None:
    if value is not None and len(value.get_secret_value()) < 16:
        raise ValueError("must have 16 characters or more")
    return value


def _one_policy(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(value) != 1:
        raise ValueError("must be one policy id; several are not supported yet")
    if not re.fullmatch(r"p-[0-9a-zA-Z_]{8,128}", value[0]):
        raise ValueError("must look like p-examplepolicyid111")
    return value


def _hours_of_day(value: str | None) -> str | None:
    match = re.fullmatch(r"(\d{1,2})-(\d{1,2})", value or "0-24", re.ASCII)
    if match is None or max(int(match[1]), int(match[2])) > 24 or int(match[1]) == int(match[2]):
        raise ValueError("must be two different hours of the day in UTC, for example 8-17")
    return value


def _shaped(pattern: str, sentence: str) -> AfterValidator:
    """The value fits `pattern` wholly, or `sentence` says what it must be."""

    def shaped(value: str | None) -> str | None:
        if value is not None and not re.fullmatch(pattern, value):
            raise ValueError(sentence)
        return value

    return AfterValidator(shaped)


S = TypeVar("S", bound="RecordSettings")
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
SlackIds = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_slack_ids)]


class RecordSettings(BaseSettings):
    """Where the records are, and the key that signs them: whoever only reads them needs no more."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        case_sensitive=False,
        validate_default=True,  # several settings are wrong only beside another: each is then named itself
    )

    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = None
    revoke_data_dir: Path = Path("var")
    revoke_signing_key: Annotated[SecretStr | None, AfterValidator(_long_key)] = None

    @field_validator("revoke_signing_key")
    @classmethod
    def _signing_key_beyond_this_machine(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        redis_url: SecretStr | None = info.data.get("redis_url")
        if value is None and redis_url is not None and not is_loopback(redis_url.get_secret_value()):
            raise ValueError("is required when REDIS_URL is not on this machine")
        return value


class CommonSettings(RecordSettings):
    """What the bot and the workers both read."""

    slack_bot_token: SecretStr
    slack_api_url: Annotated[str, AfterValidator(_slack_url)] = "https://slack.com/api/"
    revoke_incident_channel: Annotated[
        str, _shaped(r"[CG][A-Z0-9]{2,}", "must be a channel id, for example C0123ABCD (not its name)")
    ]
    revoke_responders: Annotated[SlackIds, AfterValidator(_somebody)]
    revoke_approvers: SlackIds = ()
    revoke_hold: Annotated[Duration, AfterValidator(_long_hold)] = LONGEST_ROLE_SESSION
    revoke_time_scale: Annotated[float, Field(ge=1, le=100_000)] = 1.0
    revoke_rate_limits: Annotated[Caps | None, NoDecode, BeforeValidator(_rate_limits)] = DEFAULT_CAPS
    """Above these a second person confirms. None: `off`."""
    revoke_identity_source: Literal["directory", "external", "active_directory"] | None = None
    revoke_follow_ups: Annotated[tuple[Kind, ...], NoDecode, BeforeValidator(_follow_ups)] = AUTOMATED
    revoke_follow_up_delay: Duration = timedelta(minutes=10)
    revoke_scim_url: Annotated[str | None, AfterValidator(_scim_url)] = None
    """Read by the bot too, which must know that a way to disable sign-in is set. Its token is the workers' alone."""
    revoke_on_call_group: Annotated[
        str | None, _shaped(r"S[A-Z0-9]{2,}", "must be a Slack user group id, for example S0123ABCD")
    ] = None
    revoke_drill_user: str | None = None
    aws_default_region: Annotated[
        str | None, _shaped(r"[a-z]{2,}(-[a-z]+)+-\d+", "must be a Region, for example us-east-1")
    ] = None
    """boto3's own, and read by it; the bot needs it for links alone."""

    @property
    def approvers(self) -> tuple[str, ...]:
        return self.revoke_approvers or self.revoke_responders

    @property
    def disables_sign_in(self) -> bool:
        """Whether the workers have a way to disable sign-in."""
        return self.revoke_scim_url is not None

    @property
    def region(self) -> str:
        """The Region of IAM Identity Center, for links to its console."""
        scim = re.fullmatch(
            r"scim\.([a-z0-9-]+)\.amazonaws\..+", urlsplit(self.revoke_scim_url or "").hostname or ""
        )
        return self.aws_default_region or (scim[1] if scim else "us-east-1")

    @property
    def rules(self) -> Rules:
        """What the bot and the workers both go by; the workers know more."""
        return Rules(
            incident_channel=self.revoke_incident_channel,
            timing=self.timing,
            responders=self.revoke_responders,
            approvers=self.approvers,
            identity_source=self.revoke_identity_source,
            follow_ups=frozenset(self.revoke_follow_ups),
            disables_sign_in=self.disables_sign_in,
            region=self.region,
            caps=self.revoke_rate_limits,
            on_call_group=self.revoke_on_call_group,
            drill_user=self.revoke_drill_user,
        )

    @property
    def timing(self) -> Timing:
        return Timing(hold=self.revoke_hold, follow_up_delay=self.revoke_follow_up_delay).scaled(
            self.revoke_time_scale
        )

    @field_validator("revoke_time_scale")
    @classmethod
    def _scale_only_a_pretend_slack(cls, value: float, info: ValidationInfo) -> float:
        if value > 1 and not is_loopback(info.data.get("slack_api_url", "http://localhost")):
            raise ValueError("is only for a pretend Slack and AWS on this machine")
        return value

    @field_validator("revoke_scim_url")
    @classmethod
    def _scale_only_a_pretend_scim(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("revoke_time_scale", 1) > 1 and not is_loopback(value):
            raise ValueError("must be on this machine where REVOKE_TIME_SCALE is above 1")
        return value


class WorkerSettings(CommonSettings):
    """What the privileged side reads beside that."""

    revoke_deny_policies: Annotated[Listed, AfterValidator(_one_policy)]
    revoke_identity_store_id: str | None = None
    revoke_sso_instance_arn: str | None = None
    revoke_clean_up: Literal["when_proven", "ask", "never"] = "when_proven"
    revoke_clean_up_hours: Annotated[str | None, AfterValidator(_hours_of_day)] = None
    revoke_policy_size: Annotated[int, Field(ge=200, le=10240)] = 5120
    revoke_alarm_topic: Annotated[
        str | None, _shaped(r"arn:aws[a-z-]*:sns:[^:]+:[^:]+:.+", "must be the ARN of an SNS topic")
    ] = None
    revoke_break_glass: Listed = ()
    revoke_protected: Listed = ()
    revoke_scim_token: Annotated[SecretStr | None, AfterValidator(_scim_token)] = None
    revoke_trail_table: Annotated[
        str | None, _shaped(r"[A-Za-z0-9_-]{1,128}\.[A-Za-z0-9_-]{1,128}", "must look like database.table")
    ] = None
    revoke_athena_workgroup: Annotated[
        str, _shaped(r"[A-Za-z0-9._-]{1,128}", "must be the name of an Athena workgroup")
    ] = "primary"
    revoke_athena_output: Annotated[
        str | None,
        _shaped(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[!-~]*)?", "must look like s3://bucket/prefix/"),
    ] = None
    revoke_event_data_store: Annotated[
        str | None,
        _shaped(
            rf"(arn:aws[a-z-]*:cloudtrail:[a-z0-9-]+:\d{{12}}:eventdatastore/)?{_ID}",
            "must be the ARN or the id of an event data store of CloudTrail Lake",
        ),
    ] = None
    aws_endpoint_url: str | None = None

    @property
    def policy_id(self) -> str:
        return self.revoke_deny_policies[0]

    @field_validator("revoke_scim_token")
    @classmethod
    def _scim_url_and_token_together(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if "revoke_scim_url" not in info.data:
            return value  # it is wrong itself, and named
        if value is None and info.data["revoke_scim_url"] is not None:
            raise ValueError("is required beside REVOKE_SCIM_URL")
        if value is not None and info.data["revoke_scim_url"] is None:
            raise ValueError("is of no use without REVOKE_SCIM_URL, which is required beside it")
        return value

    @field_validator("aws_endpoint_url")
    @classmethod
    def _scale_only_a_pretend_aws(cls, value: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("revoke_time_scale", 1) > 1 and not is_loopback(value or ""):
            raise ValueError("must be on this machine where REVOKE_TIME_SCALE is above 1")
        return value


def read(kind: type[S], **given: Any) -> S:
    """The settings of `kind`; raises WrongSettings naming all that are wrong, without their values."""
    try:
        return kind(**given)
    except ValidationError as error:
        raise WrongSettings(describe(error)) from None
    except UnicodeDecodeError:
        raise WrongSettings("  .env: must be text in UTF-8") from None


def describe(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = str(problem["loc"][0]).upper()
        message = (
            "is required" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
        )
        lines.append(f"{name}: {message}")
    return "\n".join(f"  {line}" for line in sorted(set(lines)))
