"""How much one person may ask in how short a time. In memory: it must cost nothing."""

from dataclasses import dataclass, field

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

MOST, SECONDS = 30, 10

TOO_MUCH = (
    f"You sent more than {MOST} requests in {SECONDS} seconds, so this one was not looked at. Wait {SECONDS} seconds, "
    "then do it again. If it must be now: `python -m workers revoke USER_NAME --reason ...` at a terminal."
)

_ASKED = RateLimitItemPerSecond(MOST, SECONDS, namespace="asked")
_TOLD = RateLimitItemPerSecond(1, SECONDS, namespace="told")


@dataclass(frozen=True)
class Bucket:
    """One for each person. Safe to share between threads."""

    _limiter: MovingWindowRateLimiter = field(
        default_factory=lambda: MovingWindowRateLimiter(MemoryStorage())
    )

    def takes(self, who: str) -> bool:
        """Whether one more request of this person is looked at; it counts from now on."""
        return self._limiter.hit(_ASKED, who)

    def may_tell(self, who: str) -> bool:
        """Whether to tell them so by a call to Slack; a flood of requests must not become a flood of calls."""
        return self._limiter.hit(_TOLD, who)
