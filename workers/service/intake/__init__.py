"""Everything a person asks for. Store and queue only: no AWS, no Slack; quick enough to come before the ack.

Each use case checks again who may ask, changes the record by compare-and-set, and raises Refused in words where
it does not. All may run twice: the second run finds it done and says by whom.
"""

from workers.service.intake.asking import REASON_LIMIT, Asked, Request, ask, find, joinable
from workers.service.intake.authority import Authority, not_barred, not_denied
from workers.service.intake.deciding import cancel, confirm, expire, retry
from workers.service.intake.holding import hold
from workers.service.intake.releasing import approve_release, ask_release, break_glass, refuse_release

__all__ = [
    "REASON_LIMIT",
    "Asked",
    "Authority",
    "Request",
    "approve_release",
    "ask",
    "ask_release",
    "break_glass",
    "cancel",
    "confirm",
    "expire",
    "find",
    "hold",
    "joinable",
    "not_barred",
    "not_denied",
    "refuse_release",
    "retry",
]
