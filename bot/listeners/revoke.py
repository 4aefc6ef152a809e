"""`/revoke`: what is typed becomes one use case, and its outcome one private answer; wherever it was typed."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot import replies
from bot.command_text import About, Drill, HandOff, Help, ListOpen, Revoke, Whom, Wrong, parse
from bot.deps import Deps
from bot.listeners.forms import false_alarm_form, restore_form
from bot.listeners.handoff import hand_over
from bot.listeners.searching import search_form
from bot.modals import View
from bot.prompt import Prompt
from bot.rooms import Rooms
from bot.silence import silence, silence_after
from workers.cards.searching import search_button
from workers.cards.text import Block, button
from workers.domain.errors import REFUSALS, Refused
from workers.domain.revocation import Revocation
from workers.domain.same_person import is_target
from workers.service import intake
from workers.service.intake import Authority, Request

COMMAND = "/revoke"


def register(app: App, deps: Deps) -> None:
    rooms, people = Rooms(deps), Prompt()

    def revoke(ack: Ack, command: dict[str, Any], context: BoltContext) -> None:
        said = answer(deps, rooms, people, context["authority"], _typed(command))
        if isinstance(said, Form):
            ack()
            context["open_form"](said.view, said.otherwise)
        else:
            ack(**said)

    app.command(COMMAND)(revoke)


class NobodyFound(Refused):
    """The directory may know better who is meant."""


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What somebody typed, after the command or after the bot's name; and where."""

    text: str
    channel: str
    workspace: str = ""
    """Its domain, for links; empty where it is not known."""
    thread_of: str | None = None
    """The revocation in whose thread it was typed."""


def _typed(command: Mapping[str, Any]) -> Typed:
    text, channel, workspace = (
        str(command.get(name) or "") for name in ("text", "channel_id", "team_domain")
    )
    return Typed(text=text, channel=channel, workspace=workspace)


@dataclass(frozen=True)
class Form:
    """An answer that is a form; and what to say where Slack does not open it."""

    view: View
    otherwise: str
    opened_by: Block
    """The button that opens it too, for where nothing was pressed, nor typed as a command."""
    to_press: str
    """What to say beside that button."""


def answer(deps: Deps, rooms: Rooms, people: Prompt, who: Authority, typed: Typed) -> replies.Reply | Form:
    """Carry out what was typed; what only the person who typed it sees. May run twice."""
    parsed = parse(typed.text)
    try:
        match parsed:
            case Wrong(sentence, nobody):
                return replies.not_found(sentence) if nobody else replies.say(sentence)
            case Whom(sentence):
                return Form(search_form(deps, who, typed.channel), sentence, search_button(), sentence)
            case Help():
                return replies.help_()
            case ListOpen():
                open_ones = _visible(deps, who, deps.store.open())
                at, unreadable = deps.store.now(), deps.store.unreadable()
                return replies.listed(
                    open_ones,
                    unreadable,
                    deps.rules,
                    at,
                    typed.workspace,
                    who.actor.id,
                    hands_over=who.responder,
                    offers=intake.offers_to(deps.handoffs, who),
                )
            case About():
                return _about(deps, who, parsed, typed.workspace)
            case HandOff(incoming, note):
                return hand_over(deps, people, who, incoming, note, typed.thread_of)
            case Drill(reason):
                return _drill(deps, rooms, who, reason, typed.channel)
            case Revoke():
                return _revoke(deps, rooms, who, parsed, typed.channel)
    except NobodyFound as nobody:
        return replies.not_found(str(nobody))
    except REFUSALS as refusal:
        return replies.say(str(refusal))


def _revoke(deps: Deps, rooms: Rooms, who: Authority, wanted: Revoke, typed_in: str) -> replies.Reply:
    targets = frozenset(target.slack_id for target in wanted.targets if target.slack_id)
    channel = rooms.for_card(typed_in, targets)
    asked = intake.ask(
        deps.store, who, Request(targets=wanted.targets, reason=wanted.reason, channel=channel)
    )
    return replies.asked(asked, wanted.reason, deps.rules, silence(deps))


def _drill(deps: Deps, rooms: Rooms, who: Authority, reason: str, typed_in: str) -> replies.Reply:
    channel = rooms.for_card(typed_in, frozenset())
    asked = intake.drill(deps.store, who, deps.rules.drill_user, reason, channel=channel)
    return replies.asked([asked], reason, deps.rules, silence(deps))


def _about(deps: Deps, who: Authority, about: About, workspace: str) -> replies.Reply | Form:
    try:
        revocation = _found(deps, who, about)
    except NobodyFound:
        if about.word != "status" or about.target is None:
            raise
        return replies.looked_up(intake.look_up(deps.store, deps.lookups, who, about.target))
    me = who.actor.id
    match about.word:
        case "hold":
            held = intake.hold(deps.store, who, revocation.id, deps.rules.timing)
            return replies.changed(replies.held(held, deps.rules), held, workspace, me)
        case "own":
            owned = intake.own(deps.store, who, revocation.id)
            return replies.changed(replies.owned(owned, revocation.owner), owned, workspace, me)
        case "release":
            asked = intake.ask_release(deps.store, who, revocation.id, about.reason)
            said = f"{revocation.id}: the release waits for a second person; the card names who can."
            return replies.changed(said, asked, workspace, me)
        case "false-alarm":
            form = false_alarm_form(deps, who, revocation, about.reason)
            return _form(form, button("False alarm", "revocation_false_alarm", revocation.id), revocation)
        case "report":
            return replies.report_asked(
                intake.ask_report(deps.store, who, revocation.id), silence_after(deps)
            )
        case "restore":
            form = restore_form(deps, who, revocation, about.reason)
            return _form(form, button("Restore", "revocation_restore", revocation.id), revocation)
        case _:
            return replies.status(revocation, _before(deps, revocation), deps.rules, workspace, me)


MOST_BEFORE = 5


def _before(deps: Deps, revocation: Revocation) -> list[Revocation]:
    """What ended of the same person, the newest first."""
    same = (r for r in deps.store.ended(200) if r.id != revocation.id and _same_person(r, revocation))
    return list(islice(same, MOST_BEFORE))


def _same_person(one: Revocation, other: Revocation) -> bool:
    if one.user is not None and other.user is not None:
        return one.user.user_id == other.user.user_id
    slack_id = one.target.slack_id
    return one.target == other.target or (slack_id is not None and slack_id == other.target.slack_id)


def _form(view: View, opened_by: Block, revocation: Revocation) -> Form:
    label = opened_by["text"]["text"]
    card = f"on the card of {revocation.id} in <#{revocation.channel}>"
    return Form(
        view,
        f"Slack did not open the form, so nothing was recorded. Press {label} {card}.",
        opened_by,
        f"{label} takes a form, which asks for the reason: press {label} here, or {card}. Nothing was recorded yet.",
    )


def _found(deps: Deps, who: Authority, about: About) -> Revocation:
    _visible(deps, who, [])
    found = _named(deps, about)
    if found is None:
        raise NobodyFound("There is no revocation of this person. `/revoke list` shows who is denied now.")
    intake.not_barred(deps.store, who, found)
    return found


def _named(deps: Deps, about: About) -> Revocation | None:
    if about.revocation_id is not None:
        return deps.store.get(about.revocation_id)
    assert about.target is not None
    return intake.find(deps.store, about.target)


def _visible(deps: Deps, who: Authority, revocations: list[Revocation]) -> list[Revocation]:
    intake.not_denied(deps.store, who)
    if not (who.responder or who.approver):
        raise Refused("Only responders and approvers can see this.")
    return [revocation for revocation in revocations if not is_target(who.actor, revocation)]
