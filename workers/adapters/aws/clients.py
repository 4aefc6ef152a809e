"""The boto3 clients, built once, with the waits and retries that each use allows."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import Any

import boto3
from botocore.config import Config

from workers.settings import WrongSettings, is_loopback

DEFAULT_REGION = "us-east-1"

_WAITS: dict[str, Any] = {"connect_timeout": 2, "read_timeout": 5, "tcp_keepalive": True}

ONCE = Config(retries={"total_max_attempts": 1, "mode": "standard"}, **_WAITS)
"""For the Deny policy: a call is sent once and ends before the lock that guards it does.

The SDK's own retries would send a document again after a time-out, over somebody else's newer one.
"""

CHANGES = ONCE.merge(Config(max_pool_connections=20))
"""For changes of access: sent once, because whoever asks keeps the pace, and learns what became of a lost answer."""

AGAIN = Config(retries={"total_max_attempts": 3, "mode": "standard"}, **_WAITS)
"""For reads that may be repeated."""


@dataclass(frozen=True)
class AwsClients:
    """One client per AWS service and use, built at first use and then kept; safe to share between threads."""

    session: Any
    region: str
    alarm_region: str
    event_region: str
    _building: RLock = field(default_factory=RLock, repr=False, compare=False)

    @cached_property
    def organizations_once(self) -> Any:
        return self._client("organizations", ONCE)

    @cached_property
    def organizations(self) -> Any:
        return self._client("organizations", AGAIN)

    @cached_property
    def identity_store(self) -> Any:
        return self._client("identitystore", AGAIN)

    @cached_property
    def sso_admin(self) -> Any:
        return self._client("sso-admin", AGAIN)

    @cached_property
    def account_access(self) -> Any:
        return self._client("account-access", AGAIN)

    @cached_property
    def identity_store_once(self) -> Any:
        return self._client("identitystore", CHANGES)

    @cached_property
    def sso_admin_once(self) -> Any:
        return self._client("sso-admin", CHANGES)

    @cached_property
    def account_access_once(self) -> Any:
        return self._client("account-access", CHANGES)

    @cached_property
    def sns(self) -> Any:
        return self._client("sns", AGAIN, self.alarm_region)

    @cached_property
    def cloudtrail(self) -> Any:
        """In the Region of the event data store. Sent once: StartQuery has no token against a second start."""
        return self._client("cloudtrail", ONCE, self.event_region)

    @cached_property
    def athena(self) -> Any:
        return self._client("athena", AGAIN)

    @cached_property
    def sts(self) -> Any:
        return self._client("sts", AGAIN)

    def endpoints(self) -> tuple[str, ...]:
        """The endpoint of every client; builds those that are not built yet, so the next call is warm."""
        return tuple(client.meta.endpoint_url for client in self._all())

    def _all(self) -> tuple[Any, ...]:
        organizations = (self.organizations_once, self.organizations)
        identity_center = (self.identity_store, self.sso_admin, self.account_access)
        changes = (self.identity_store_once, self.sso_admin_once, self.account_access_once)
        return (*organizations, *identity_center, *changes, self.sns, self.sts, self.cloudtrail, self.athena)

    def _client(self, service: str, config: Config, region: str | None = None) -> Any:
        with self._building:  # a boto3 session must not build two clients at a time
            return self.session.client(service, region_name=region or self.region, config=config)


def aws_clients(*, alarm_topic: str | None = None, event_data_store: str | None = None) -> AwsClients:
    """Clients for the Region, endpoint and credentials that boto3 finds; connects to nothing yet.

    An SNS topic is published to in its own Region, and an event data store is asked in its own.
    """
    session = boto3.session.Session()
    region = session.region_name or os.environ.get("AWS_REGION") or DEFAULT_REGION
    return AwsClients(
        session, region, _region_of(alarm_topic) or region, _region_of(event_data_store) or region
    )


def _region_of(arn: str | None) -> str | None:
    """The Region in an ARN; None where there is no ARN (an event data store may be named by its id)."""
    parts = (arn or "").split(":")
    return parts[3] if len(parts) > 3 else None


def check_loopback(clients: AwsClients) -> None:
    """Raise WrongSettings unless every client stays on this machine."""
    away = sorted({url for url in clients.endpoints() if not is_loopback(url)})
    if away:
        raise WrongSettings(
            "  REVOKE_TIME_SCALE: is only for a pretend AWS on this machine, but these endpoints are not: "
            + ", ".join(away)
        )
