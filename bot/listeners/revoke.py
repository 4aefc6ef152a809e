"""`/revoke`: what is typed becomes one use case, and its outcome one private answer."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot import replies
from bot.command_text import About, Drill, HandOff, Help, ListOpen, Revoke, Whom, Wrong, parse
from bot.deps import Deps
from bot.listeners.forms import false_alarm_form, restore_form
from bot.listeners.searching import search_form
from bot.modals import View
from bot.rooms import Rooms
from bot.silence import silence, silence_after
from workers.domain.errors import REFUSALS, Refused
from workers.domain.revocation import Revocation
from workers.domain.same_person import is_target
from workers.service import intake
from workers.service.intake import Authority, Request

COMMAND = "/revoke"


def register(app: App, deps: Deps) -> None:
    rooms = Rooms(deps)

    def revoke(ack: Ack, command: dict[str, Any], context: BoltContext) -> None:
        answer = _answer(deps, rooms, context["authority"], command)
        if isinstance(answer, Form):
            ack()
            context["open_form"](answer.view, answer.otherwise)
        else:
            ack(**answer)

    app.command(COMMAND)(revoke)


class NobodyFound(Refused):
    """The directory may know better who is meant."""


@dataclass(frozen=True)
class Form:
    """An answer that is a form; and what to say where Slack does not open it."""

    view: View
    otherwise: str


def _answer(deps: Deps, rooms: Rooms, who: Authority, command: dict[str, Any]) -> replies.Reply | Form:
    parsed = parse(str(command.get("text") or ""))
    try:
        match parsed:
            case Wrong(sentence, nobody):
                return replies.not_found(sentence) if nobody else replies.say(sentence)
            case Whom(sentence):
                return Form(search_form(deps, who, str(command.get("channel_id"))), sentence)
            case Help():
                return replies.help_()
            case ListOpen():
                open_ones = _visible(deps, who, deps.store.open())
                at, unreadable = deps.store.now(), deps.store.unreadable()
                return replies.listed(
                    open_ones, unreadable, deps.rules, at, _workspace(command), who.actor.id
                )
            case About():
                return _about(deps, who, parsed, _workspace(command))
            case HandOff():
                return replies.say("Not there yet.")
            case Drill(reason):
                return _drill(deps, rooms, who, reason, str(command.get("channel_id")))
            case Revoke():
                return _revoke(deps, rooms, who, parsed, str(command.get("channel_id")))
    except NobodyFound as nobody:
        return replies.not_found(str(nobody))
    except REFUSALS as refusal:
        return replies.say(str(refusal))


def _workspace(command: dict[str, Any]) -> str:
    return str(command.get("team_domain") or "")


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
    revocation = _found(deps, who, about)
    me = who.actor.id
    match about.word:
        case "hold":
            held = intake.hold(deps.store, who, revocation.id, deps.rules.timing)
            return replies.changed(replies.held(held, deps.rules), held, workspace, me)
        case "release":
            asked = intake.ask_release(deps.store, who, revocation.id, about.reason)
            said = f"{revocation.id}: the release waits for a second person; the card names who can."
            return replies.changed(said, asked, workspace, me)
        case "false-alarm":
            form = false_alarm_form(deps, who, revocation, about.reason)
            return Form(form, _press("False alarm", revocation))
        case "report":
            return replies.report_asked(
                intake.ask_report(deps.store, who, revocation.id), silence_after(deps)
            )
        case "restore":
            return Form(restore_form(deps, who, revocation, about.reason), _press("Restore", revocation))
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


def _press(label: str, revocation: Revocation) -> str:
    return (
        f"Slack did not open the form, so nothing was recorded. Press {label} on the card of {revocation.id} in "
        f"<#{revocation.channel}>."
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
