"""`@bot ...`: the same words as after `/revoke`, for threads, where no slash command works, and for whoever types in a hurry.

Only what stands after the bot's name counts. The answer is for the person alone, in the thread that they wrote in.
"""

import re
from collections.abc import Mapping
from itertools import chain
from typing import Any

from slack_bolt import App, BoltContext

from bot.command_text import WORDS, Revoke, Whom, Wrong, parse
from bot.deps import Deps
from bot.listeners.revoke import Form, Typed, answer
from bot.prompt import Prompt
from bot.rooms import Rooms
from workers.cards.text import actions, section
from workers.domain.revocation import Revocation

EDITED = "A message that was edited is not acted on. Write a new one."

TALK = (
    "You wrote about the bot, so nothing was recorded. To deny somebody: mention the bot first, and name them: "
    "`/revoke @alice key leaked` does the same."
)

_ABOUT_ONE = frozenset(WORDS) - {"help", "list", "handoff", "drill"}
"""Alone in the thread of a revocation, these are about that one."""

_IN_FRONT = re.compile(r"\s*/?revoke(?=\s|$)", re.IGNORECASE)


def register(app: App, deps: Deps) -> None:
    rooms, people = Rooms(deps), Prompt()

    def mentioned(event: dict[str, Any], body: dict[str, Any], context: BoltContext) -> None:
        if event.get("edited"):
            context["whisper"](EDITED)
            return
        before, text = said_to(_ourselves(body), str(event.get("text") or ""))
        if before and (_quotes(before) or _only_talk(text)):
            context["whisper"](TALK)
            return
        typed = _typed(deps, event, _without_command(text), context["workspace"])
        _say(context, answer(deps, rooms, people, context["authority"], typed))

    app.event("app_mention")(mentioned)


def said_to(ourselves: str, text: str) -> tuple[str, str]:
    """What stands before the bot's name, and what after it; `ourselves`: its Slack id, empty where it is not known."""
    one = rf"<@{re.escape(ourselves) or '[UW][A-Z0-9]+'}(?:\|[^>]*)?>[:,]?"
    name = re.search(rf"{one}(?:\s*{one})*" if ourselves else one, text)
    return (text[: name.start()].strip(), text[name.end() :].strip()) if name else ("", text.strip())


def _ourselves(body: Mapping[str, Any]) -> str:
    """Source: Slack's page "Events API", `authorizations`: for a bot, the user that it is."""
    ours = (one for one in body.get("authorizations") or () if isinstance(one, Mapping) and one.get("is_bot"))
    return next((str(one.get("user_id")) for one in ours), "")


def _without_command(text: str) -> str:
    """Whoever types in a hurry types the command's own name too."""
    return _IN_FRONT.sub("", text, count=1).strip()


def _quotes(before: str) -> bool:
    """Whether the bot's name stands in a line that somebody quotes: what it says was somebody else's wish."""
    return before.rpartition("\n")[2].startswith("&gt;")


def _only_talk(text: str) -> bool:
    """Whether a sentence with the bot's name in its middle asks for nothing: it names nobody but by a bare word."""
    if _IN_FRONT.match(text):
        return False
    match parse(text):
        case Wrong() | Whom():
            return True
        case Revoke(targets):
            return targets[0].kind == "user_name"
        case _:
            return False


def _typed(deps: Deps, event: Mapping[str, Any], text: str, workspace: str) -> Typed:
    channel = str(event.get("channel") or "")
    word = text.split(None, 1)[0].lower() if text else ""
    here = _of_thread(deps, channel, event.get("thread_ts")) if word in (*_ABOUT_ONE, "handoff") else None
    alone = here is not None and text.lower() in _ABOUT_ONE
    return Typed(
        text=f"{text} {here.id}" if here is not None and alone else text,
        channel=channel,
        workspace=workspace,
        thread_of=here.id if here is not None else None,
    )


def _of_thread(deps: Deps, channel: str, thread_ts: str | None) -> Revocation | None:
    """The revocation on whose card this thread hangs."""
    if thread_ts is None:
        return None
    known = chain(deps.store.open(), deps.store.ended(200))
    return next((one for one in known if (one.channel, one.card_ts) == (channel, thread_ts)), None)


def _say(context: BoltContext, said: dict[str, Any] | Form) -> None:
    """A form needs a press: whoever is to fill it in gets the button that opens it."""
    if isinstance(said, Form):
        context["whisper"](said.to_press, blocks=[section(said.to_press), actions(said.opened_by)])
    else:
        context["whisper"](said["text"], blocks=said["blocks"])
