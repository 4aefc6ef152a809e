"""Everything a person asks for. Store and queue only: no AWS, no Slack; quick enough to come before the ack.

Each use case checks again who may ask, changes the record by compare-and-set, and raises Refused in words where
it does not. All may run twice: the second run finds it done and says by whom.
"""

from workers.service.intake.acts import as_they_stand, look_again, undone
from workers.service.intake.asking import REASON_LIMIT, Asked, Request, ask, find, in_earnest, joinable
from workers.service.intake.authority import Authority, not_barred, not_denied
from workers.service.intake.deciding import cancel, confirm, expire, retry
from workers.service.intake.denying_again import deny_again
from workers.service.intake.drilling import drill, last_drill
from workers.service.intake.giving_back import ask_false_alarm, ask_restore
from workers.service.intake.handing_over import (
    MOST_ASKED,
    begin_handoff,
    can_be_asked,
    may_hand_over,
    offer,
    one_offer_each,
)
from workers.service.intake.holding import hold
from workers.service.intake.looking_up import look_up
from workers.service.intake.owning import own
from workers.service.intake.ratifying import escalate, ratify
from workers.service.intake.releasing import approve, ask_release, break_glass, nudge, refuse
from workers.service.intake.reporting import ask_report
from workers.service.intake.stepping import (
    Statement,
    assign,
    attest,
    attestable,
    disable_anyway,
    may_attest,
    retry_step,
    start_follow_ups,
    undo_attest,
    wait_follow_ups,
)
from workers.service.intake.taking_over import accept, decline, may_decline, may_remark, offers_to, remark
from workers.service.intake.two_people import NameNeeded, another_must, counted, needs_second

__all__ = [
    "MOST_ASKED",
    "REASON_LIMIT",
    "Asked",
    "Authority",
    "NameNeeded",
    "Request",
    "Statement",
    "accept",
    "another_must",
    "approve",
    "as_they_stand",
    "ask",
    "ask_false_alarm",
    "ask_release",
    "ask_report",
    "ask_restore",
    "assign",
    "attest",
    "attestable",
    "begin_handoff",
    "break_glass",
    "can_be_asked",
    "cancel",
    "confirm",
    "counted",
    "decline",
    "deny_again",
    "disable_anyway",
    "drill",
    "escalate",
    "expire",
    "find",
    "hold",
    "in_earnest",
    "joinable",
    "last_drill",
    "look_again",
    "look_up",
    "may_attest",
    "may_decline",
    "may_hand_over",
    "may_remark",
    "needs_second",
    "not_barred",
    "not_denied",
    "nudge",
    "offer",
    "offers_to",
    "one_offer_each",
    "own",
    "ratify",
    "refuse",
    "remark",
    "retry",
    "retry_step",
    "start_follow_ups",
    "undo_attest",
    "undone",
    "wait_follow_ups",
]
