"""The follow-ups on the card: what the bot does, what people must do, what is settled. Pure.

Each step says how it stands in a word. What AWS or a named person has not said is never shown as done.
"""

from collections.abc import Iterator

from workers.cards.step_words import ITEMS, TITLES, counted, place, todo
from workers.cards.text import (
    Block,
    Part,
    actions,
    bullets,
    button,
    inert,
    link,
    local,
    mention,
    plain_section,
    section,
)
from workers.domain import clearance, follow_ups, overdue
from workers.domain.actor import SYSTEM, Actor
from workers.domain.follow_ups import Scope
from workers.domain.revocation import Revocation, State
from workers.domain.rules import Rules
from workers.domain.step import ACCESS, Kind, Step, StepState

MOST_LINES = 8
"""So many lines of one list are shown; the log has all."""


def blocks(revocation: Revocation, rules: Rules) -> list[Block]:
    """All of it, for somebody on the list."""
    return [
        *pace(revocation, rules),
        *_by_the_bot(revocation, rules),
        *by_hand(revocation, rules),
        *settled(revocation),
        *remarks(revocation),
    ]


def block_id(kind: Kind) -> str:
    """What a row of buttons carries to say which step it is about."""
    return f"step.{kind.value}"


def pace(revocation: Revocation, rules: Rules) -> list[Block]:
    """When the bot's part starts or who stopped it, in one sentence, with the buttons that change it."""
    buttons = [*_pace_buttons(revocation, rules), *restore_button(revocation)]
    row = [actions(*buttons, block_id="follow_ups")] if buttons else []
    return [section(_pace(revocation, rules)), *row]


def _pace(revocation: Revocation, rules: Rules) -> str:
    if follow_ups.suspended(revocation):
        return "Follow-ups stand still: giving back is asked for, or under way."
    if revocation.follow_ups_wait is not None:
        return (
            f"Follow-ups wait: {mention(revocation.follow_ups_wait)} stopped them. Press Start now to go on."
        )
    if revocation.follow_ups_started_at is not None:
        return _started(revocation, rules)
    if not revocation.steps:
        return "Follow-ups: none planned. Start now plans them and removes the access."
    if revocation.follow_ups_at is None:
        return "Follow-ups: REVOKE_FOLLOW_UPS leaves their start to you. Start now removes all access."
    return f"Follow-ups start at {local(revocation.follow_ups_at)}. Start now, or Wait.{_at_once(revocation, rules)}"


def _started(revocation: Revocation, rules: Rules) -> str:
    by = revocation.follow_ups_started_by
    who = "by themselves" if by is None or by == SYSTEM else f"by {mention(by)}"
    assert revocation.follow_ups_started_at is not None
    return f"Follow-ups: {_how_far(revocation, rules)}. Started {who} at {local(revocation.follow_ups_started_at)}."


def _how_far(revocation: Revocation, rules: Rules) -> str:
    left = [s for s in revocation.steps if follow_ups.automated(s.kind, rules) and not s.settled]
    if not left and revocation.steps:
        return "the bot's part is done"
    failed = left and all(s.state is StepState.FAILED for s in left)
    return "what is left failed, and needs you" if failed else "running"


def _at_once(revocation: Revocation, rules: Rules) -> str:
    gaps = any(follow_ups.scope(revocation, step, rules) is Scope.GAPS for step in revocation.steps)
    if not gaps or revocation.channel_shared:
        return ""
    return " What opens accounts that the Deny policy does not reach goes at once."


def _pace_buttons(revocation: Revocation, rules: Rules) -> Iterator[Block]:
    if follow_ups.suspended(revocation):
        return
    begun, waits = revocation.follow_ups_started_at is not None, revocation.follow_ups_wait is not None
    if waits or not begun:
        label = "Start now" if revocation.state is State.DENIED or waits else "Remove access anyway"
        yield button(label, "follow_ups_start", revocation.id, style="primary")
    bots = [s for s in revocation.steps if follow_ups.automated(s.kind, rules) and not s.settled]
    if not waits and any(not follow_ups.left_to_people(revocation, step) for step in bots):
        yield button("Wait", "follow_ups_wait", revocation.id)


def restore_button(revocation: Revocation) -> Iterator[Block]:
    """Nothing where nothing was taken, or where something waits already."""
    free = revocation.release is None and not revocation.giving_back
    if taken(revocation) and free and revocation.state is not State.CONFIRMED:
        yield button("Restore", "revocation_restore", revocation.id)


def taken(revocation: Revocation) -> tuple[tuple[Kind, int], ...]:
    """What was taken so far, as far as AWS has said; by kind."""
    return tuple((s.kind, s.gone) for s in revocation.steps if s.gone and s.kind in (*ACCESS, Kind.SIGN_IN))


def _by_the_bot(revocation: Revocation, rules: Rules) -> list[Block]:
    """What the bot does, in one list; what failed, or waits for a press, has its own row."""
    mine = [s for s in revocation.steps if s.state in (StepState.WAITING, StepState.RUNNING)]
    lists = [bullets(*(_line(revocation, step, rules) for step in mine))] if mine else []
    rows = [row for step in mine for row in _special(revocation, step, rules)]
    failed = [s for s in revocation.steps if s.state is StepState.FAILED]
    return [*lists, *rows, *(block for step in failed for block in _failed(revocation, step, rules))]


def _line(revocation: Revocation, step: Step, rules: Rules) -> list[Part]:
    detail = f" {step.detail}" if step.detail else ""
    return [f"{TITLES[step.kind]}: {_state(revocation, step, rules)}.{detail}"]


def _state(revocation: Revocation, step: Step, rules: Rules) -> str:
    """How a step of the bot stands, in a word and its figures."""
    gone = f", {step.gone} of {step.total} removed" if step.gone else ""
    match step.state:
        case StepState.RUNNING:
            return f"running, {step.gone} of {step.total}" if step.total else "running"
        case StepState.FAILED:
            return f"FAILED{gone}"
        case StepState.WAITING if follow_ups.left_to_people(revocation, step):
            return f"waiting for somebody to press Run now{gone}"
        case StepState.WAITING if _for_sessions(revocation, step, rules):
            return "waiting until the sessions are ended"
        case StepState.WAITING:
            return f"waiting{gone or _counted(revocation, step)}"
        case _:
            return step.state.value.replace("_", " ")


def _counted(revocation: Revocation, step: Step) -> str:
    snapshot = revocation.snapshot
    count = dict(snapshot.counts).get(step.kind) if snapshot else None
    return "" if count is None else f", {count} found"


def _for_sessions(revocation: Revocation, step: Step, rules: Rules) -> bool:
    sessions = revocation.step(Kind.SESSIONS)
    open_ = sessions is not None and not sessions.settled
    return step.kind is Kind.SIGN_IN and open_ and not step.anyway and follow_ups.automated(step.kind, rules)


def _special(revocation: Revocation, step: Step, rules: Rules) -> Iterator[Block]:
    if step.state is not StepState.WAITING or not revocation.on_the_list:
        return
    if follow_ups.left_to_people(revocation, step):
        late = " OVERDUE." if overdue.step_is_overdue(revocation, step) else ""
        yield section(f"{TITLES[step.kind]}: REVOKE_FOLLOW_UPS leaves the start to you.{late}")
        yield actions(
            button("Run now", "step_retry", revocation.id, style="primary"), block_id=block_id(step.kind)
        )
    elif _for_sessions(revocation, step, rules):
        yield section(
            "Sign-in waits for the sessions: once it is disabled, they cannot be ended in the console."
        )
        yield actions(
            button("Disable now anyway", "sign_in_disable_anyway", revocation.id),
            block_id=block_id(step.kind),
        )


def _failed(revocation: Revocation, step: Step, rules: Rules) -> Iterator[Block]:
    late = ", OVERDUE" if overdue.step_is_overdue(revocation, step) else ""
    yield plain_section(f"{TITLES[step.kind]}: {_state(revocation, step, rules)}{late}. {step.detail}")
    if revocation.on_the_list:
        yield actions(button("Retry", "step_retry", revocation.id), block_id=block_id(step.kind))


def by_hand(revocation: Revocation, rules: Rules) -> list[Block]:
    """What people must do, one after the other, each with its buttons while it is open."""
    open_ = [s for s in revocation.steps if s.state is StepState.OPEN]
    return [block for step in open_ for block in hand_step(revocation, step, rules)]


def hand_step(revocation: Revocation, step: Step, rules: Rules) -> list[Block]:
    late = overdue.step_is_overdue(revocation, step)
    due = f" · {'OVERDUE, was due' if late else 'due'} {local(step.due_at)}" if step.due_at else ""
    who = mention(step.assignee or revocation.owner)
    detail = f" {inert(step.detail, 600)}" if step.detail else ""
    more = _said(step) if step.attested else f"{detail} {todo(revocation, step, rules)}"
    row = step_buttons(revocation, step, rules)
    return [
        section(f"{TITLES[step.kind]}: open · {who}{due}.{more}"),
        *([actions(*row, block_id=block_id(step.kind))] if row else []),
    ]


def _said(step: Step) -> str:
    assert step.attested is not None
    by, at = mention(step.attested.by), local(step.attested.done_at)
    return f" {by} says that it is done, since {at}; AWS has not said so yet. It is read again by itself."


def step_buttons(revocation: Revocation, step: Step, rules: Rules, *, assign: bool = True) -> list[Block]:
    where = place(step.kind, rules)
    done = [button("Done", "step_attest", revocation.id)] if step.attested is None else []
    give = [button("Assign", "step_assign", revocation.id)] if assign and done else []
    return [
        *done,
        *give,
        *([link("Open IAM Identity Center", "open_identity_center", where)] if where else []),
    ]


def settled(revocation: Revocation) -> list[Block]:
    """All that is done, attested or not in use, in one list."""
    ended = [step for step in revocation.steps if step.settled]
    return [bullets(*(_settled(revocation, step) for step in ended))] if ended else []


def _settled(revocation: Revocation, step: Step) -> list[Part]:
    title = TITLES[step.kind]
    match step.state:
        case StepState.ATTESTED if step.attested is not None:
            at = step.attested
            return [f"{title}: attested by ", at.by, *done_by(revocation, step), ", done ", at.done_at]
        case _:
            return [f"{title}: {how_settled(step)}", *([f". {step.detail}"] if step.detail else [])]


def how_settled(step: Step) -> str:
    """In a word, and by whose word."""
    if step.state is StepState.NOT_IN_USE:
        return "not in use"
    if step.state is StepState.ATTESTED:
        return "attested"
    if step.kind is Kind.SIGN_IN:
        return "disabled, as AWS says"
    much = f", {step.gone} removed" if step.gone and step.kind in ACCESS else ""
    return f"done{much}, read back"


def done_by(revocation: Revocation, step: Step) -> list[Part]:
    """Who did it, where that is somebody else than who says so."""
    attested = step.attested
    if attested is None or attested.done_by in ("", attested.by.name, attested.by.id):
        return []
    whom = attested.done_by if attested.by_hand else somebody(revocation, attested.done_by)
    return [", done by ", whom]


def somebody(revocation: Revocation, name: str) -> Part:
    """A Slack id as a mention, never the target's; anything else as the text that it is."""
    is_id = name[:1] in ("U", "W") and len(name) > 8 and name.isascii() and name.isalnum() and name.isupper()
    if is_id and name != revocation.target.slack_id:
        return Actor(kind="slack", id=name)
    return name


def remarks(revocation: Revocation) -> list[Block]:
    """What removing leaves, breaks, or was not looked at; nothing of it where the target reads along."""
    lines = [*_last(revocation), *_not_looked_up(revocation), *_residual(revocation)]
    if revocation.channel_shared or not lines:
        return []
    more = [f"And {len(lines) - MOST_LINES} more; the log has all."] if len(lines) > MOST_LINES else []
    return [bullets(*([line] for line in [*lines[:MOST_LINES], *more]))]


def _last(revocation: Revocation) -> Iterator[str]:
    direct = revocation.step(Kind.ASSIGNMENTS)
    snapshot = None if direct is None or direct.settled else revocation.snapshot
    for name in (snapshot.last if snapshot else ())[:3]:
        yield f"Last of its permission set: {name}. Its role goes with it, and comes back under another name."
    more = len(snapshot.last) - 3 if snapshot else 0
    if more > 0:
        yield f"{more} more are the last of their permission set."


def _not_looked_up(revocation: Revocation) -> Iterator[str]:
    snapshot = revocation.snapshot
    if snapshot is None:
        if revocation.steps and revocation.on_the_list and not taken(revocation):
            yield "What they have was not read yet; nothing is removed before that."
        return
    for what in snapshot.unread:
        yield f"Could not be read before removing: {what}"
    direct = revocation.step(Kind.ASSIGNMENTS)
    if not snapshot.last_known and direct is not None and dict(snapshot.counts).get(Kind.ASSIGNMENTS):
        yield "Not looked up for all: which assignments are the last of their permission set in the account."


def _residual(revocation: Revocation) -> Iterator[str]:
    for step in revocation.steps:
        yield from step.residual


def unattested(revocation: Revocation) -> str:
    """Which of ended sessions and reset credentials nobody attested, in words; empty where both are."""
    return " and ".join(TITLES[kind].lower() for kind in clearance.unattested(revocation))


def summed(counts: tuple[tuple[Kind, int], ...]) -> str:
    """Counts by kind, in words."""
    return ", ".join(counted(kind, count) for kind, count in counts if count and kind in ITEMS) or "nothing"


def in_short(revocation: Revocation) -> str:
    """The follow-ups in one sentence, for phones; empty where none are planned."""
    by_state = {state: [s for s in revocation.steps if s.state is state] for state in StepState}
    failed = ", ".join(TITLES[s.kind] for s in by_state[StepState.FAILED])
    running = ", ".join(_much(s) for s in by_state[StepState.RUNNING])
    late = [s for s in revocation.steps if overdue.step_is_overdue(revocation, s)]
    open_ = ", ".join(TITLES[s.kind] for s in by_state[StepState.OPEN] if s not in late)
    overdue_ = ", ".join(TITLES[s.kind] for s in late)
    told = {"OVERDUE": overdue_, "FAILED": failed, "running": running, "for people to do": open_}
    parts = "; ".join(f"{word}: {steps}" for word, steps in told.items() if steps)
    return f"Follow-ups {parts}." if parts else ""


def _much(step: Step) -> str:
    return f"{TITLES[step.kind]} {step.gone} of {step.total}" if step.total else TITLES[step.kind]
