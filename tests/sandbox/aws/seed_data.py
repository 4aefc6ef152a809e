"""What a seeded pretend AWS consists of, by id."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Seed:
    """Names to ids. `policy_id` is None where the seed was asked for no policy."""

    organization_id: str
    root_id: str
    management_account: str
    units: dict[str, str]
    accounts: dict[str, str]
    policy_id: str | None
    instance_arn: str
    identity_store_id: str
    permission_sets: dict[str, str]
    users: dict[str, str]
    groups: dict[str, str]
    applications: dict[str, str]
    alarm_topic: str

    @classmethod
    def of(cls, value: dict[str, Any]) -> "Seed":
        return cls(**value)

    def __getattr__(self, name: str) -> str:
        """`seed.mallory` is Mallory's user ID."""
        try:
            return object.__getattribute__(self, "users")[name]
        except KeyError:
            raise AttributeError(name) from None
