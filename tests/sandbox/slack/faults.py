"""Switches that make Slack misbehave, and its real rate limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

KINDS = ("ratelimited", "http_500", "drop_before", "drop_after", "slow")


@dataclass
class Fault:
    """One misbehaviour of one Web API method, or of `*`; `times` None lasts until cleared."""

    method: str
    kind: str
    times: int | None = 1
    retry_after: int = 1
    seconds: float = 1.0


class Faults:
    def __init__(self) -> None:
        self._switched_on: list[Fault] = []
        self.outage = False

    def add(self, fault: Fault) -> None:
        if fault.kind not in KINDS and not fault.kind.startswith("error:"):
            raise ValueError(f"no such fault: {fault.kind}; there are {', '.join(KINDS)} and error:<code>")
        self._switched_on.append(fault)

    def clear(self) -> None:
        self._switched_on.clear()

    def take(self, method: str) -> Fault | None:
        """The fault that this call meets; used up when its times are over."""
        for fault in self._switched_on:
            if fault.method in ("*", method):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._switched_on.remove(fault)


LIMITS = {  # method: (burst, a second); the tiers' figures a minute
    "chat.postMessage": (5, 1.0),
    "chat.update": (50, 50 / 60),
    "chat.delete": (50, 50 / 60),
    "chat.postEphemeral": (100, 100 / 60),
    "users.info": (100, 100 / 60),
    "users.list": (20, 20 / 60),
    "usergroups.list": (20, 20 / 60),
    "usergroups.users.list": (20, 20 / 60),
}


@dataclass
class RateLimits:
    """Token buckets, off unless switched on: chat.postMessage a channel, the others a workspace."""

    on: bool = False
    _left: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def wait(self, method: str, channel: str, now: float) -> int:
        """Seconds to stay away, 0 when the call may pass."""
        if not self.on or method not in LIMITS:
            return 0
        burst, rate = LIMITS[method]
        key = (method, channel if method == "chat.postMessage" else "")
        left, since = self._left.get(key, (float(burst), now))
        left = min(float(burst), left + (now - since) * rate)
        self._left[key] = (left - 1 if left >= 1 else left, now)
        return 0 if left >= 1 else max(1, math.ceil((1 - left) / rate))
