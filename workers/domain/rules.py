"""What the settings decide, without their secrets."""

from dataclasses import dataclass

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
