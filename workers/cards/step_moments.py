"""What is said in the thread, or to one person, about the follow-ups. Pure."""

from workers.cards import checklist, phrase, residuals
from workers.cards.step_words import title, todo
from workers.cards.text import (
    Block,
    Part,
    actions,
    bullets,
    button,
    code,
    inert,
    local,
    mention,
    plain,
    utc,
)
from workers.domain.actor import SYSTEM, Actor
from workers.domain.revocation import Note, Revocation
from workers.domain.rules import Rules
from workers.domain.step import Kind, Step, StepState

PART = 2800
"""Characters of a long text in one block; Slack takes 3000."""

MOST_LINES = 60


def sentence(revocation: Revocation, note: Note, rules: Rules) -> str:
    """The note in a sentence; a kind of a newer version by its own word; mrkdwn."""
    who, detail, step = phrase.person(revocation), inert(note.detail, 900), inert(title(note.detail), 60)
    match note.kind:
        case "came_back":
            return _came_back(who, note.detail)
        case "step_failed":
            return _failed(who, note.detail)
        case "follow_ups_started":
            by = "by themselves" if note.detail == SYSTEM.name else f"by {detail}"
            return f"Follow-ups started {by}: the access of {who} is being removed."
        case "follow_ups_wait":
            return f"Wait: {detail} stopped the follow-ups of {who}. Start now on the card goes on."
        case "attested":
            return _attested(revocation, note, who)
        case "assigned":
            return _assigned(revocation, note, rules, who)
        case "assigned_to":
            return f"{step} of {who}: assigned to {_assignee(revocation, note)}."
        case "step_done":
            return f"{step} of {who}: {_done(revocation, note)}."
        case "last_assignments":
            return (
                f"Last of its permission set, each in its account: {detail}. The role goes with it, and comes back under "
                "another name."
            )
        case _:
            return _said(note, who, detail)


def _said(note: Note, who: str, detail: str) -> str:
    """What is introduced by a sentence, and one that this version does not know."""
    told = {
        "snapshot": f"What {who} has was written down before anything was removed. {detail}",
        "sessions_again": f"Needs you: the portal sessions of {who} must be ended again. {detail}",
        "residuals": f"Not reached by denying {who}:",
        "look_back": f"To see what {who} did since the session began, run this:",
        "looked_back": f"What {who} did since the session began:",
    }
    return told.get(note.kind, f"{inert(note.kind, 40)}: {who}. {detail}")


def blocks(revocation: Revocation, note: Note, rules: Rules) -> list[Block]:
    """What stands below the sentence."""
    match note.kind:
        case "residuals":
            return [bullets(*([line] for line in residuals.SENTENCES))]
        case "look_back":
            return [code(part) for part in _parts(note.detail)]
        case "looked_back":
            lines = [line for line in note.detail.splitlines() if plain(line).strip()]
            return [bullets(*([line] for line in lines[:MOST_LINES]))] if lines else []
        case "assigned":
            return _to_attest(revocation, note, rules)
        case "step_done":
            step = _step(revocation, note.detail)
            left = step.residual[: checklist.MOST_LINES] if step and not revocation.channel_shared else ()
            return [bullets(*([line] for line in left))] if left else []
        case "step_failed":
            return _to_retry(revocation, note)
        case "sessions_again":
            return _to_attest(revocation, Note(kind=note.kind, at=note.at, detail=Kind.SESSIONS.value), rules)
        case _:
            return []


def _came_back(who: str, kind: str) -> str:
    if kind == Kind.SIGN_IN:
        return (
            f"Sign-in came back: AWS says that {who} can sign in again. Somebody or something enabled it. Disable it again, "
            "end the sessions again, and find out who did it. They stay denied."
        )
    return (
        f"Access came back while denied: {inert(title(kind), 60).lower()} of {who}. Find out who or what gives it. They "
        "stay denied; the card says what becomes of it."
    )


def _failed(who: str, detail: str) -> str:
    kind, _, why = detail.partition(": ")
    return f"Needs you: {inert(title(kind), 60)} of {who} failed. {inert(why, 900)}"


def _to_retry(revocation: Revocation, note: Note) -> list[Block]:
    step = _step(revocation, note.detail.partition(": ")[0])
    if step is None or step.state is not StepState.FAILED or not revocation.on_the_list:
        return []
    return [actions(button("Retry", "step_retry", revocation.id), block_id=checklist.block_id(step.kind))]


def _attested(revocation: Revocation, note: Note, who: str) -> str:
    step = _step(revocation, note.detail)
    if step is None or step.attested is None:
        return f"{inert(title(note.detail), 60)} of {who}: attested, and open again since."
    said = step.attested
    by = "".join(_mrkdwn(part) for part in checklist.done_by(revocation, step))
    where = f" {inert(said.link, 500)}" if said.link else ""
    end = " AWS has not said so yet; it is read again by itself." if not step.settled else ""
    done = f"done {local(said.done_at)}" if said.done_at != said.at else "done just then"
    return (
        f"{title(note.detail)} of {who}: {mention(said.by)} attests that it is done{by}, {done}.{where}{end}"
    )


def _mrkdwn(part: Part) -> str:
    if isinstance(part, Actor):
        return mention(part)
    return inert(part, 200) if isinstance(part, str) else utc(part)


def _assigned(revocation: Revocation, note: Note, rules: Rules, who: str) -> str:
    step = _step(revocation, note.detail)
    due = f" It is due {local(step.due_at)}." if step and step.due_at else ""
    what = f" {todo(revocation, step, rules)}" if step else ""
    whose = "a drill" if revocation.drill else "a security incident"
    return (
        f"A step of {whose} is yours: {inert(title(note.detail), 60)} of {who}.{what}{due} "
        "Press Done here once it is done."
    )


def _assignee(revocation: Revocation, note: Note) -> str:
    step = _step(revocation, note.detail)
    return mention(step.assignee) if step else "nobody"


def _to_attest(revocation: Revocation, note: Note, rules: Rules) -> list[Block]:
    step = _step(revocation, note.detail)
    if step is None:
        return []
    open_ = not step.settled and not revocation.ended
    row = checklist.step_buttons(revocation, step, rules, assign=False) if open_ else []
    return [actions(*row, block_id=checklist.block_id(step.kind))] if row else []


def _done(revocation: Revocation, note: Note) -> str:
    """As the record has it when it is told: it may have come back meanwhile."""
    step = _step(revocation, note.detail)
    if step is None or not step.settled:
        return "was done, and is open again since"
    return checklist.how_settled(step)


def _step(revocation: Revocation, kind: str) -> Step | None:
    return next((step for step in revocation.steps if step.kind.value == kind), None)


def _parts(text: str) -> list[str]:
    """The text in blocks, cut where a line ends."""
    parts: list[str] = []
    rest = "\n".join(plain(line, PART, indented=True) for line in text.splitlines())
    while rest and len(parts) < 12:
        cut = rest.rfind("\n", 1, PART) if len(rest) > PART else len(rest)
        cut = cut if cut > 0 else PART
        parts.append(rest[:cut].strip("\n") or " ")
        rest = rest[cut:]
    return parts or [plain(text) or "(no text)"]
