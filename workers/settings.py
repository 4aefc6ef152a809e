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

from workers.domain.timing import LONGEST_ROLE_SESSION, Timing

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]])


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


S = TypeVar("S", bound="CommonSettings")
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
SlackIds = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_slack_ids)]


class CommonSettings(BaseSettings):
    """What the bot and the workers both read."""

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        case_sensitive=False,
        validate_default=True,  # several settings are wrong only beside another: each is then named itself
    )

    slack_bot_token: SecretStr
    slack_api_url: Annotated[str, AfterValidator(_slack_url)] = "https://slack.com/api/"
    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = None
    revoke_incident_channel: Annotated[
        str, _shaped(r"[CG][A-Z0-9]{2,}", "must be a channel id, for example C0123ABCD (not its name)")
    ]
    revoke_responders: Annotated[SlackIds, AfterValidator(_somebody)]
    revoke_approvers: SlackIds = ()
    revoke_data_dir: Path = Path("var")
    revoke_signing_key: Annotated[SecretStr | None, AfterValidator(_long_key)] = None
    revoke_hold: Annotated[Duration, AfterValidator(_long_hold)] = LONGEST_ROLE_SESSION
    revoke_time_scale: Annotated[float, Field(ge=1, le=100_000)] = 1.0

    @property
    def approvers(self) -> tuple[str, ...]:
        return self.revoke_approvers or self.revoke_responders

    @property
    def timing(self) -> Timing:
        return Timing(hold=self.revoke_hold, follow_up_delay=self.follow_up_delay).scaled(
            self.revoke_time_scale
        )

    @property
    def follow_up_delay(self) -> timedelta:
        return timedelta(minutes=10)

    @field_validator("revoke_signing_key")
    @classmethod
    def _signing_key_beyond_this_machine(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        redis_url: SecretStr | None = info.data.get("redis_url")
        if value is None and redis_url is not None and not is_loopback(redis_url.get_secret_value()):
            raise ValueError("is required when REDIS_URL is not on this machine")
        return value

    @field_validator("revoke_time_scale")
    @classmethod
    def _scale_only_a_pretend_slack(cls, value: float, info: ValidationInfo) -> float:
        if value > 1 and not is_loopback(info.data.get("slack_api_url", "http://localhost")):
            raise ValueError("is only for a pretend Slack and AWS on this machine")
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
    aws_endpoint_url: str | None = None
    revoke_follow_up_delay: Duration = timedelta(minutes=10)

    @property
    def policy_id(self) -> str:
        return self.revoke_deny_policies[0]

    @property
    def follow_up_delay(self) -> timedelta:
        return self.revoke_follow_up_delay

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
