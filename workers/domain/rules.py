"""What the settings decide, without their secrets."""

from dataclasses import dataclass
from typing import Literal

from workers.domain.caps import Caps
from workers.domain.step import ACCESS, Kind
from workers.domain.timing import Timing


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The settings that decide, without the secrets."""

    incident_channel: str
    timing: Timing
    responders: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    clean_up: str = "when_proven"
    clean_up_hours: tuple[int, int] | None = None
    """From and to, hours of the day in UTC; None: at any hour."""
    policy_size: int = 5120
    break_glass: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    """User ids or user names: contained by one person who types the name, and then ratified by a second."""
    on_call_group: str | None = None
    """The Slack user group of who is on call; its changes begin handoffs. None: they are begun by hand."""
    drill_user: str | None = None
    """The user name or user id of the test user whom a drill denies. None: there are no drills."""
    caps: Caps | None = None
    """Above these a second person confirms; None: no caps."""
    identity_source: Literal["directory", "external", "active_directory"] | None = None
    follow_ups: frozenset[Kind] = frozenset({*ACCESS, Kind.SIGN_IN})
    """Which of the automated ones run by themselves."""
    disables_sign_in: bool = False
    """Whether the settings name a way to disable sign-in (SCIM)."""
    region: str = "us-east-1"
    """The Region of IAM Identity Center, for links to its console."""
