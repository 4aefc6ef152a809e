"""Settings, read once from the environment and `.env`; all wrong ones are named at once, none is printed."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
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
    match = re.fullmatch(r"(\d+)([smhd])", value.strip()) if isinstance(value, str) else None
    if isinstance(value, str) and match is None:
        raise ValueError("must be a number and s, m, h or d, for example 12h")
    return timedelta(seconds=int(match[1]) * _UNITS[match[2]]) if match else value


def _listed(value: Any) -> Any:
    return tuple(p.strip() for p in value.split(",") if p.strip()) if isinstance(value, str) else value


def _slack_ids(value: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(r"[UWS][A-Z0-9]{2,}", item) for item in value):
        raise ValueError("must be Slack user ids (U...) or user group ids (S...), comma separated")
    return value


def _slack_url(value: str) -> str:
    if not value.startswith("https://") and not is_loopback(value):
        raise ValueError("must be https, or plain http to loopback")
    return value if value.endswith("/") else value + "/"


S = TypeVar("S", bound="CommonSettings")
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
SlackIds = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), AfterValidator(_slack_ids)]


class CommonSettings(BaseSettings):
    """What the bot and the workers both read."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True, case_sensitive=False
    )

    slack_bot_token: SecretStr
    slack_api_url: Annotated[str, AfterValidator(_slack_url)] = "https://slack.com/api/"
    redis_url: SecretStr | None = None
    revoke_incident_channel: Annotated[str, Field(pattern=r"^[CG][A-Z0-9]{2,}$")]
    revoke_responders: SlackIds
    revoke_approvers: SlackIds = ()
    revoke_data_dir: Path = Path("var")
    revoke_signing_key: SecretStr | None = None
    revoke_hold: Duration = LONGEST_ROLE_SESSION
    revoke_time_scale: Annotated[float, Field(ge=1)] = 1.0

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

    @model_validator(mode="after")
    def _cross_checks(self) -> "CommonSettings":
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> list[str]:
        problems = []
        if self.revoke_hold < LONGEST_ROLE_SESSION:
            problems.append("REVOKE_HOLD: must be 12h or more")
        if (
            self.redis_url
            and not self.revoke_signing_key
            and not is_loopback(self.redis_url.get_secret_value())
        ):
            problems.append("REVOKE_SIGNING_KEY: is required when REDIS_URL is not on this machine")
        if self.revoke_signing_key and len(self.revoke_signing_key.get_secret_value()) < 16:
            problems.append("REVOKE_SIGNING_KEY: must have 16 characters or more")
        if self.revoke_time_scale > 1 and not is_loopback(self.slack_api_url):
            problems.append("REVOKE_TIME_SCALE: is only for a pretend Slack and AWS on this machine")
        return problems


class WorkerSettings(CommonSettings):
    """What the privileged side reads beside that."""

    revoke_deny_policies: Listed
    revoke_identity_store_id: str | None = None
    revoke_sso_instance_arn: str | None = None
    revoke_clean_up: Literal["when_proven", "ask", "never"] = "when_proven"
    revoke_clean_up_hours: Annotated[str | None, Field(pattern=r"^\d{1,2}-\d{1,2}$")] = None
    revoke_policy_size: Annotated[int, Field(ge=200, le=10240)] = 5120
    revoke_alarm_topic: Annotated[str | None, Field(pattern=r"^arn:aws[a-z-]*:sns:[^:]+:[^:]+:.+$")] = None
    revoke_break_glass: Listed = ()
    aws_endpoint_url: str | None = None
    revoke_follow_up_delay: Duration = timedelta(minutes=10)

    @property
    def policy_id(self) -> str:
        return self.revoke_deny_policies[0]

    @property
    def follow_up_delay(self) -> timedelta:
        return self.revoke_follow_up_delay

    def _problems(self) -> list[str]:
        problems = super()._problems()
        if len(self.revoke_deny_policies) != 1:
            problems.append("REVOKE_DENY_POLICIES: must be one policy id; several are not supported yet")
        elif not re.fullmatch(r"p-[0-9a-zA-Z_]{8,128}", self.revoke_deny_policies[0]):
            problems.append("REVOKE_DENY_POLICIES: must look like p-examplepolicyid111")
        if self.revoke_time_scale > 1 and not is_loopback(self.aws_endpoint_url or ""):
            problems.append("REVOKE_TIME_SCALE: needs AWS_ENDPOINT_URL on this machine too")
        return problems


def read(kind: type[S], **given: Any) -> S:
    """The settings of `kind`; raises WrongSettings naming all that are wrong, without their values."""
    try:
        return kind(**given)
    except ValidationError as error:
        raise WrongSettings(describe(error)) from None


def describe(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        name = "_".join(str(part) for part in problem["loc"]).upper()
        message = (
            "is required" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, ")
        )
        lines.extend([f"{name}: {message}"] if name else message.split("; "))
    return "\n".join(f"  {line}" for line in sorted(set(lines)))
