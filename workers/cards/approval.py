"""What waits for a second person, and what is given back: on the card, and in a direct message. Pure."""

from workers.cards.checklist import summed
from workers.cards.text import (
    Block,
    actions,
    are_you_sure,
    bullets,
    button,
    inert,
    local,
    mention,
    mentions,
    plain_section,
    section,
)
from workers.domain.revocation import Asked, Diff, ReleaseRequest, Restore, Revocation
from workers.domain.rules import Rules
from workers.domain.timing import APPROVE_WITHIN

WANTED: dict[Asked, str] = {
    "release": "to release {who}: off the Deny policy",
    "clean_up": "to release {who}: off the Deny policy, because it is proven safe",
    "restore": "to give back to {who} what was taken; this alone takes nobody off the Deny policy",
    "false_alarm": "to undo a false alarm: give back to {who} what was taken, and then off the Deny policy",
}

YES: dict[Asked, str] = {
    "release": "Approve release",
    "clean_up": "Approve release",
    "restore": "Approve restore",
    "false_alarm": "Approve both",
}

MOST_NAMED = 10


def kind(request: ReleaseRequest) -> Asked:
    """What is asked for; older records say only who asked."""
    return "clean_up" if request.asked_by.kind == "system" else request.what


def block_id(request: ReleaseRequest) -> str:
    """What the buttons carry to say which list they were shown with: another list needs another look."""
    return f"approval.{kind(request)}.{request.diff.entry if request.diff else 0}"


NAMES: dict[Asked, str] = {
    "release": "release",
    "clean_up": "release",
    "restore": "restore",
    "false_alarm": "false alarm",
}


def waits(request: ReleaseRequest) -> str:
    """That it waits, in one sentence; mrkdwn."""
    return f"A {NAMES[kind(request)]} asked for by {mention(request.asked_by)} waits for a second person."


def wanted(request: ReleaseRequest, who: str) -> str:
    """What is asked for, in a clause; `who` is mrkdwn."""
    return WANTED[kind(request)].format(who=who)


def can_approve(revocation: Revocation, rules: Rules) -> str:
    """Who may be the second person, mentioned: never who asked, never the target."""
    request = revocation.release
    barred = (request.asked_by.id if request else None, revocation.target.slack_id)
    return mentions(tuple(i for i in rules.approvers if i not in barred)) or "an approver"


def blocks(revocation: Revocation, rules: Rules, *, nudge: bool = True) -> list[Block]:
    """The request that waits, whole, with its buttons; nothing where none waits."""
    request = revocation.release
    if request is None:
        return []
    until = local(request.asked_at + APPROVE_WITHIN)
    asked = f"{mention(request.asked_by)} asked at {local(request.asked_at)} {wanted(request, inert(revocation.who, 100))}."
    return [
        section(
            f"{asked} It waits for a second person, until {until}: {can_approve(revocation, rules)}.{_nudged(request)}"
        ),
        plain_section(f"Reason: {request.reason or 'none given'}{_ticked(request)}"),
        *(_list(request) if request.gives_back else []),
        actions(*_buttons(revocation, request, nudge=nudge), block_id=block_id(request)),
    ]


def _nudged(request: ReleaseRequest) -> str:
    return f" They were nudged at {local(request.nudged_at)}." if request.nudged_at else ""


def _ticked(request: ReleaseRequest) -> str:
    return ". They say: false alarm, nothing was lost." if request.nothing_lost else ""


def _list(request: ReleaseRequest) -> list[Block]:
    if request.diff is None:
        why = f" Trouble: {request.trouble}" if request.trouble else ""
        return [
            plain_section(
                f"Still reading what would be given back; it can be approved once that is there.{why}"
            )
        ]
    return diff(request.diff)


def diff(what: Diff) -> list[Block]:
    """Exactly what would be given back, and what a person must undo."""
    lines = [f"To give back: {summed(what.missing)}."]
    if what.names:
        more = what.count - len(what.names[:MOST_NAMED])
        lines.append(f"{', '.join(what.names[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}.")
    if what.there:
        lines.append(f"{what.there} are there already and stay as they are.")
    return [bullets(*([line] for line in [*lines, *_undo(what)]))]


def _undo(what: Diff) -> list[str]:
    return [f"By hand: {sentence}" for sentence in what.by_hand[:MOST_NAMED]]


def _buttons(revocation: Revocation, request: ReleaseRequest, *, nudge: bool) -> list[Block]:
    asks = kind(request)
    ready = not request.gives_back or request.diff is not None
    yes = button(YES[asks], "approval_give", revocation.id, style="primary", confirm=_sure(revocation, asks))
    return [
        *([yes] if ready else []),
        button("Refuse", "approval_refuse", revocation.id),
        *([button("Nudge", "approval_nudge", revocation.id)] if nudge and ready else []),
    ]


def _sure(revocation: Revocation, asks: Asked) -> Block:
    if asks == "restore":
        return are_you_sure(
            "Give it back?", f"{revocation.who} gets the access on the list again, and no more.", "Approve"
        )
    if asks == "false_alarm":
        return are_you_sure(
            "Undo the false alarm?",
            f"{revocation.who} gets the access on the list again, and then comes off the Deny policy.",
            "Approve",
        )
    return are_you_sure(
        "Take them off the list?",
        f"{revocation.who} can use AWS again, with whatever access they have.",
        "Approve",
    )


def restoring(revocation: Revocation) -> list[Block]:
    """A restore that is under way, or how it ended."""
    restore = revocation.restore
    if restore is None:
        return []
    lines = [f"Not given back: {sentence}" for sentence in restore.failed[:MOST_NAMED]]
    more = len(restore.failed) - MOST_NAMED
    lines.extend([f"{more} more could not be given back; the log has all."] if more > 0 else [])
    lines.extend(_undo(restore.diff))
    told = section(f"{progress(restore)} {_by(restore)}")
    return [told, *([bullets(*([line] for line in lines))] if lines else [])]


def progress(restore: Restore) -> str:
    """How far it is, in one sentence."""
    much = f"{restore.given} of {restore.diff.count}"
    if restore.ended_at is None:
        then = " Then off the Deny policy." if restore.then_release else ""
        return f"Giving back: {much}.{then}"
    if not restore.failed:
        return f"Given back: {much}."
    return f"Given back: {much}; {len(restore.failed)} could not be given back."


def _by(restore: Restore) -> str:
    approved = f"approved by {mention(restore.approved_by)} at {local(restore.approved_at)}"
    return f"Asked for by {mention(restore.asked_by)}, {approved}."
