"""What people do in Slack: type, click, fill in forms. Nobody can do here what nobody could do there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.sandbox.slack import payloads
from tests.sandbox.slack.answers import Ack, Act, not_sent, say
from tests.sandbox.slack.blocks import interactive
from tests.sandbox.slack.delivery import Delivery
from tests.sandbox.slack.form import EMPTY, OPTION_KINDS, form_state, missing, option_of
from tests.sandbox.slack.people import Channel, Person
from tests.sandbox.slack.state import CannotAct, Edit, Ephemeral, Json, Message, State
from tests.sandbox.slack.typed import escaped

Values = Mapping[str, Mapping[str, Any]]
NOT_VALID = (
    "{} is not a valid command. In Slack, all messages that start with the “/” character "
    "are interpreted as commands."
)
IN_THREAD = "{} is not supported in threads. Sorry!"
LEAST_QUERY = 3


class Acts:
    def __init__(self, state: State, delivery: Delivery) -> None:
        self._state = state
        self._delivery = delivery

    async def command(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Ack:
        person, place = self._present(user, channel)
        command, _, rest = text.partition(" ")
        if not command.startswith("/"):
            raise CannotAct(f"a command begins with a slash: {text}")
        if thread_ts:
            return not_sent(IN_THREAD.format(command))
        if person.team_id != self._state.team_id or not self._state.manifest.knows_command(command):
            return not_sent(NOT_VALID.format(command))
        words = escaped(self._state, rest) if self._state.manifest.escapes(command) else rest
        payload = payloads.slash_command(self._state, person, place, command, words.strip())
        return await self._delivery.deliver(Act("slash_commands", payload, user, channel, typed=text))

    async def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        *,
        value: Any = None,
        team_id: str | None = None,
        values: Values | None = None,
        block_id: str | None = None,
    ) -> Ack:
        """`block_id`: in which row, where several hold the same action."""
        seen = self._seen(user, channel, ts)
        return await self._click_message(
            user,
            channel,
            seen,
            action_id,
            value=value,
            team_id=team_id,
            values=values,
            block_id=block_id,
        )

    async def click_stale(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        message_snapshot: Message | Edit,
        *,
        value: Any = None,
        team_id: str | None = None,
        values: Values | None = None,
    ) -> Ack:
        """A click in a tab that still shows an earlier state of the message."""
        seen = message_snapshot
        if isinstance(seen, Edit):
            now = self._seen(user, channel, ts)
            seen = replace(now, text=seen.text, blocks=seen.blocks)  # type: ignore[assignment]
        return await self._click_message(
            user, channel, seen, action_id, value=value, team_id=team_id, values=values
        )

    async def _click_message(
        self,
        user: str,
        channel: str,
        seen: Any,
        action_id: str,
        *,
        value: Any,
        team_id: str | None,
        values: Values | None,
        block_id: str | None = None,
    ) -> Ack:
        person, place = self._present(user, channel)
        person = replace(person, team_id=team_id) if team_id else person
        action = self._pressed(seen.blocks, action_id, value, block_id)
        filled = form_state(seen.blocks, values or {})
        payload = payloads.clicked_message(self._state, person, place, seen, action=action, values=filled)
        return await self._delivery.deliver(Act("interactive", payload, user, channel))

    async def click_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        value: Any = None,
        values: Values | None = None,
        block_id: str | None = None,
    ) -> Ack:
        """A button or menu in an open modal, or in the home tab; `block_id`: in which row."""
        person = self._signed_in(user)
        home = self._state.homes.get(user)
        view = home if home and home["id"] == view_id else self._top(user, view_id)
        action = self._pressed(view["blocks"], action_id, value, block_id)
        filled = form_state(view["blocks"], values or {})
        payload = payloads.clicked_view(self._state, person, view, action, filled)
        return await self._delivery.deliver(Act("interactive", payload, user, view=view))

    async def submit(self, user: str, view_id: str, values: Values | None = None) -> Ack:
        person, view = self._signed_in(user), self._top(user, view_id)
        if not view["submit"]:
            raise CannotAct("this form has no button to send it")
        filled = form_state(view["blocks"], values or {})
        lacking = missing(view, filled)
        if lacking:
            refusal = not_sent("\n".join(lacking.values()), "incomplete")
            return replace(refusal, body={"errors": lacking})
        view["state"] = {"values": filled}
        payload = payloads.view_submission(self._state, person, view, filled)
        return await self._delivery.deliver(Act("interactive", payload, user, view=view))

    async def close(self, user: str, view_id: str, clear: bool = False) -> Ack | None:
        """Closes the form on top, or all of them; the app hears of it only when it asked to."""
        person, view = self._signed_in(user), self._top(user, view_id)
        gone = list(self._state.views[user]) if clear or view["clear_on_close"] else [view]
        self._state.views[user] = [other for other in self._state.views[user] if other not in gone]
        self._state.changed("view", user=user)
        ack: Ack | None = None
        for closed in [v for v in gone if v["notify_on_close"]]:
            payload = payloads.view_closed(self._state, person, closed, clear)
            ack = await self._delivery.deliver(Act("interactive", payload, user, view=closed))
        return ack

    async def suggest(self, user: str, view_id: str, block_id: str, action_id: str, text: str) -> Ack:
        person, view = self._signed_in(user), self._top(user, view_id)
        element = self._element(view["blocks"], action_id, block_id)
        if element["type"] not in ("external_select", "multi_external_select"):
            raise CannotAct(f"{action_id} does not ask the app for options")
        if len(text) < element.get("min_query_length", LEAST_QUERY):
            return Ack(ok=True, body={"options": []})
        payload = payloads.suggestion(
            self._state, person, view, block_id=block_id, action_id=action_id, text=text
        )
        return await self._delivery.deliver(Act("interactive", payload, user, view=view))

    async def shortcut(self, user: str, callback_id: str) -> Ack:
        person = self._signed_in(user)
        self._known_shortcut(callback_id)
        return await self._delivery.deliver(
            Act("interactive", payloads.shortcut(self._state, person, callback_id), user)
        )

    async def message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Ack:
        person, place = self._present(user, channel)
        self._known_shortcut(callback_id)
        message = self._state.find(channel, ts)
        if message is None:
            raise CannotAct(f"there is no message {ts} in {channel}")
        payload = payloads.message_shortcut(self._state, person, place, message, callback_id)
        return await self._delivery.deliver(Act("interactive", payload, user, channel))

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """An ordinary message; apps hear of it only where they are mentioned."""
        self._present(user, channel)
        return say(self._state, user, channel, self._linked(text), thread_ts)

    async def mention(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Ack:
        """A message that mentions the bot, before the text when the text does not."""
        _, place = self._present(user, channel)
        me = f"<@{self._state.bot_user_id}>"
        linked = self._linked(text)
        linked = linked if me in linked else f"{me} {linked}"
        message = say(self._state, user, channel, linked, thread_ts)
        if self._state.bot_user_id not in place.members:
            return not_sent("The app is not in this channel.", "not_in_channel")
        return await self.event(payloads.app_mention(self._state, message), place)

    async def open_home(self, user: str, tab: str = "home") -> Ack:
        """Slack tells of the messages tab by the same event."""
        person = self._signed_in(user)
        return await self.event(payloads.app_home_opened(self._state, person, tab))

    async def event(self, what: Json, channel: Channel | None = None) -> Ack:
        """Any event, if the app subscribes to it."""
        if not self._state.manifest.subscribes(what["type"]):
            return not_sent(f"The app does not subscribe to {what['type']}.", "not_subscribed")
        return await self._delivery.deliver(Act("events_api", payloads.event(self._state, what, channel)))

    def announce(self, what: Json) -> None:
        """An event that follows from a change; only to apps whose manifest names it."""
        subscribed = self._state.manifest.events
        if subscribed is not None and what["type"] in subscribed:
            self._delivery.announce(Act("events_api", payloads.event(self._state, what)))

    def _linked(self, text: str) -> str:
        """In messages a mention carries the id alone."""
        linked = escaped(self._state, text)
        for person in self._state.people.values():
            linked = linked.replace(f"<@{person.id}|{person.name}>", f"<@{person.id}>")
        return linked

    def _signed_in(self, user: str) -> Person:
        person = self._state.person(user)
        if person.deleted:
            raise CannotAct(f"{person.name} is deactivated and cannot sign in")
        return person

    def _present(self, user: str, channel: str) -> tuple[Person, Channel]:
        person, place = self._signed_in(user), self._state.channel(channel)
        if user not in place.members:
            raise CannotAct(f"{person.name} is not in {place.name}")
        if place.is_archived:
            raise CannotAct(f"{place.name} is archived")
        return person, place

    def _seen(self, user: str, channel: str, ts: str) -> Message | Ephemeral:
        message = self._state.find(channel, ts)
        hidden = next((e for e in self._state.ephemerals if (e.ts, e.user) == (ts, user)), None)
        if message is None and hidden is None:
            raise CannotAct(f"{user} sees no message {ts} in {channel}")
        return message or hidden  # type: ignore[return-value]

    def _top(self, user: str, view_id: str) -> Json:
        stack = self._state.views.get(user) or []
        if not stack or stack[-1]["id"] != view_id:
            raise CannotAct(f"{user} has no form {view_id} in front; open are {[v['id'] for v in stack]}")
        return stack[-1]

    def _known_shortcut(self, callback_id: str) -> None:
        if not self._state.manifest.knows_shortcut(callback_id):
            raise CannotAct(f"there is no shortcut {callback_id}")

    def _element(self, blocks: list[Json], action_id: str, block_id: str) -> Json:
        for block in blocks:
            for element in interactive(block):
                if (element["action_id"], block["block_id"]) == (action_id, block_id):
                    return element
        raise CannotAct(f"there is no {action_id} in {block_id}")

    def _pressed(self, blocks: list[Json], action_id: str, value: Any, in_block: str | None = None) -> Json:
        """The `actions` entry for a button, menu or option that stands in these blocks now."""
        there = [(block["block_id"], element) for block in blocks for element in interactive(block)]
        for block_id, element in there:
            here = in_block in (None, block_id)
            if here and element["action_id"] == action_id and _offers(element, value):
                head = {"type": element["type"], "action_id": action_id, "block_id": block_id}
                return {**head, **_effect(element, value), "action_ts": self._state.next_ts()}
        raise CannotAct(f"there is no {_wanted(action_id, value)}; there are {sorted(_names(there))}")


def _wanted(action_id: str, value: Any) -> str:
    return action_id if value is None else f"{action_id} with value {value!r}"


def _names(there: list[tuple[str, Json]]) -> set[str]:
    names = set()
    for _, element in there:
        names |= {f"{element['action_id']}={o['value']}" for o in element.get("options") or []}
        names |= set() if element.get("options") else {element["action_id"]}
    return names


def _offers(element: Json, value: Any) -> bool:
    if element["type"] == "button":
        return value is None or element.get("value") == value
    if element["type"] == "overflow":
        return any(option["value"] == value for option in element["options"])
    return element["type"] in EMPTY


def _effect(element: Json, value: Any) -> Json:
    if element["type"] == "button":
        shown = ("text", "value", "style", "url", "confirm")
        return {name: element[name] for name in shown if element.get(name) is not None}
    if element["type"] == "overflow":
        return {"selected_option": option_of(element, value)}
    key = EMPTY[element["type"]][0]
    if element["type"] not in OPTION_KINDS:
        return {key: value}
    chosen = [option_of(element, v) for v in value] if isinstance(value, list) else option_of(element, value)
    return {key: chosen}
