"""`SlackWorkspace`: the pretend workspace as tests and demos hold it in their hands."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import web

from tests.sandbox.slack.acts import Acts, Values
from tests.sandbox.slack.answers import Ack, Act, not_sent
from tests.sandbox.slack.carriers import SignedHttp, Sockets
from tests.sandbox.slack.delivery import Delivery
from tests.sandbox.slack.faults import Fault
from tests.sandbox.slack.manifest import Manifest
from tests.sandbox.slack.people import Channel, Group, Json, Person
from tests.sandbox.slack.server import LoopThread, serve
from tests.sandbox.slack.state import Call, CannotAct, Edit, Ephemeral, Message, State

T = TypeVar("T")


class SlackWorkspace:
    """A workspace with one app in it, served on loopback. Every method may be called from any thread.

    People act as in Slack: what nobody could do raises `CannotAct` (a LookupError), what Slack itself refuses
    or reports comes back as an `Ack` with `error`.
    """

    def __init__(
        self,
        *,
        bot_token: str = "xoxb-sandbox",
        app_token: str = "xapp-sandbox",
        signing_secret: str = "sandbox-signing-secret",
        scopes: Iterable[str] | None = None,
        port: int = 0,
        manifest: Manifest | None = None,
    ) -> None:
        known = manifest or Manifest.read()
        known = known if scopes is None else replace(known, scopes=tuple(scopes))
        self.state = State(bot_token, app_token, signing_secret, known)
        self.sockets = Sockets(self.state)
        self._http = SignedHttp(self.state)
        self.delivery = Delivery(self.state, self.sockets, self._http)
        self.acts = Acts(self.state, self.delivery)
        self._port = port
        self.more_routes: list[web.RouteDef] = []
        """Doors of others beside the workspace's own, on the same address; add them before `start`."""
        self._loop = LoopThread()
        self._runner: web.AppRunner | None = None

    # the server

    def start(self) -> SlackWorkspace:
        self._loop.start()
        self._runner, self._port = self._loop.run(serve(self, self._port))
        self.state.base_url = f"http://127.0.0.1:{self._port}"
        return self

    def stop(self) -> None:
        if self._runner is None:
            return
        self.state.changed("stopping")
        self._loop.run(self._close(self._runner))
        self._loop.stop()
        self._runner = None

    async def _close(self, runner: web.AppRunner) -> None:
        self.delivery.stop()
        await self.sockets.cut()
        await self._http.close()
        await runner.cleanup()

    def __enter__(self) -> SlackWorkspace:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def api_url(self) -> str:
        return f"{self.state.base_url}/api/"

    @property
    def base_url(self) -> str:
        return self.state.base_url

    @property
    def team_id(self) -> str:
        return self.state.team_id

    @property
    def bot_user_id(self) -> str:
        return self.state.bot_user_id

    @property
    def bot_token(self) -> str:
        return self.state.bot_token

    @property
    def app_token(self) -> str:
        return self.state.app_token

    @property
    def signing_secret(self) -> str:
        return self.state.signing_secret

    @property
    def events_url(self) -> str | None:
        """Where the app takes requests; None means Socket Mode."""
        return self.delivery.events_url

    @events_url.setter
    def events_url(self, url: str | None) -> None:
        self.delivery.events_url = url

    @property
    def ack_seconds(self) -> float:
        """How long Slack waits for an app, 3 in truth."""
        return self.delivery.ack_seconds

    @ack_seconds.setter
    def ack_seconds(self, seconds: float) -> None:
        self.delivery.ack_seconds = seconds

    @property
    def clock_skew(self) -> float:
        """Seconds by which the time stamp on signed requests is off."""
        return self._http.clock_skew

    @clock_skew.setter
    def clock_skew(self, seconds: float) -> None:
        self._http.clock_skew = seconds

    @property
    def connections(self) -> int:
        return len(self.sockets.open)

    # who and where

    def add_person(
        self,
        id: str,
        name: str,
        *,
        real_name: str | None = None,
        email: str | None = None,
        deleted: bool = False,
        is_bot: bool = False,
        is_restricted: bool = False,
        is_ultra_restricted: bool = False,
        is_stranger: bool = False,
        team_id: str | None = None,
    ) -> Person:
        person = Person(
            id,
            name,
            real_name or name.title(),
            email,
            team_id or self.team_id,
            deleted,
            is_bot,
            is_restricted,
            is_ultra_restricted,
            is_stranger,
        )
        with self.state.lock:
            self.state.people[id] = person
        self.state.changed("person", user=id)
        return person

    def change_person(self, id: str, **changes: Any) -> Person:
        """New names, another e-mail, a guest made a member: whatever an admin can change."""
        with self.state.lock:
            self.state.people[id] = replace(self.state.person(id), **changes)
        self.state.changed("person", user=id)
        return self.state.people[id]

    def deactivate(self, id: str) -> None:
        """Signs a person out for good: no more acts, no more memberships, found by id alone."""
        self.change_person(id, deleted=True)
        with self.state.lock:
            for group in self.state.groups.values():
                group.members = [user for user in group.members if user != id]
            for channel in self.state.channels.values():
                channel.members = [u for u in channel.members if u != id or channel.is_im]

    def add_channel(
        self,
        id: str,
        name: str,
        *,
        members: Sequence[str],
        is_private: bool = True,
        is_ext_shared: bool = False,
        is_archived: bool = False,
        bot_in: bool = True,
    ) -> Channel:
        everyone = [*members, *([self.bot_user_id] if bot_in else [])]
        channel = Channel(id, name, everyone, is_private, is_ext_shared, is_archived)
        with self.state.lock:
            self.state.channels[id] = channel
        self.state.changed("channel", channel=id)
        return channel

    def join(self, channel: str, user: str) -> None:
        members = self.state.channel(channel).members
        if user not in members:
            members.append(user)
        self.state.changed("channel", channel=channel)

    def leave(self, channel: str, user: str) -> None:
        place = self.state.channel(channel)
        place.members = [member for member in place.members if member != user]
        self.state.changed("channel", channel=channel)

    def archive(self, channel: str, archived: bool = True) -> None:
        self.state.channel(channel).is_archived = archived
        self.state.changed("channel", channel=channel)

    def add_group(self, id: str, handle: str, members: Sequence[str]) -> Group:
        with self.state.lock:
            self.state.groups[id] = Group(id, handle, list(members))
        self.state.changed("group", group=id)
        return self.state.groups[id]

    def set_group(self, id: str, members: Sequence[str]) -> None:
        """Changes who is in a user group; an app whose manifest names the events is told."""
        group = self.state.groups[id]
        before, group.members = group.members, list(members)
        self.state.changed("group", group=id)
        self._loop.run(self._announce_group(group, before))

    async def _announce_group(self, group: Group, before: list[str]) -> None:
        added = [user for user in group.members if user not in before]
        removed = [user for user in before if user not in group.members]
        common = {"subteam_id": group.id, "team_id": self.team_id, "event_ts": self.state.next_ts()}
        counts = {"added_users_count": len(added), "removed_users_count": len(removed)}
        changed = {"added_users": added, "removed_users": removed, **counts}
        self.acts.announce({"type": "subteam_members_changed", **common, **changed})
        shown = group.as_api(self.team_id, include_users=True, include_count=True)
        self.acts.announce({"type": "subteam_updated", "subteam": shown, "event_ts": self.state.next_ts()})

    # what people do

    def command(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Ack:
        return self._loop.run(self.acts.command(user, channel, text, thread_ts))

    def click(
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
        return self._loop.run(
            self.acts.click(
                user,
                channel,
                ts,
                action_id,
                value=value,
                team_id=team_id,
                values=values,
                block_id=block_id,
            )
        )

    def click_stale(
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
        return self._loop.run(
            self.acts.click_stale(
                user, channel, ts, action_id, message_snapshot, value=value, team_id=team_id, values=values
            )
        )

    def click_view(
        self,
        user: str,
        view_id: str,
        action_id: str,
        *,
        value: Any = None,
        values: Values | None = None,
        block_id: str | None = None,
    ) -> Ack:
        return self._loop.run(
            self.acts.click_view(user, view_id, action_id, value=value, values=values, block_id=block_id)
        )

    def submit(self, user: str, view_id: str, values: Values | None = None) -> Ack:
        return self._loop.run(self.acts.submit(user, view_id, values))

    def leave_forms(self) -> None:
        """Everybody reloads Slack: their forms are gone, and the app hears nothing of it."""
        self.state.views.clear()

    def close(self, user: str, view_id: str, clear: bool = False) -> Ack | None:
        return self._loop.run(self.acts.close(user, view_id, clear))

    def suggest(self, user: str, view_id: str, block_id: str, action_id: str, text: str) -> Ack:
        return self._loop.run(self.acts.suggest(user, view_id, block_id, action_id, text))

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        return self._loop.run(self.acts.say(user, channel, text, thread_ts))

    def mention(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Ack:
        return self._loop.run(self.acts.mention(user, channel, text, thread_ts))

    def open_home(self, user: str, tab: str = "home") -> Ack:
        return self._loop.run(self.acts.open_home(user, tab))

    def shortcut(self, user: str, callback_id: str) -> Ack:
        return self._loop.run(self.acts.shortcut(user, callback_id))

    def message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Ack:
        return self._loop.run(self.acts.message_shortcut(user, channel, ts, callback_id))

    def event(self, what: Json) -> Ack:
        return self._loop.run(self.acts.event(what))

    def replay(self, ack: Ack) -> Ack:
        """The same bytes again: same signature and time stamp, or same envelope."""
        if ack.act is None or ack.request is None:
            raise CannotAct("nothing was sent that could be sent again")
        if self.state.faults.outage:
            return not_sent("Slack is not reachable.", "outage")
        return self._loop.run(self.delivery.send(ack.act, ack.request))

    def retry_event(self, ack: Ack, attempt: int = 1, reason: str = "http_timeout") -> Ack:
        """The event again as Slack repeats one that it believes lost."""
        act: Act | None = ack.act
        if act is None or act.kind != "events_api":
            raise CannotAct("only events are repeated by Slack")
        return self._loop.run(self.delivery.redeliver_event(act, attempt, reason))

    def verify_events_url(self) -> bool:
        """Slack's challenge when a request URL is saved."""
        challenge = self.state.next_ts()
        payload = {"token": "", "challenge": challenge, "type": "url_verification"}
        ack = self._loop.run(self.delivery.deliver(Act("events_api", payload)))
        answer = ack.body.get("challenge") if isinstance(ack.body, dict) else ack.body
        return ack.ok and answer == challenge

    # what can be seen

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """All messages of a channel in order, thread replies among them; or one thread with its root."""
        with self.state.lock:
            listed = self.state.listed(channel)
        return [m for m in listed if thread_ts is None or thread_ts in (m.ts, m.thread_ts)]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """The replies to a message, without the message itself."""
        return [m for m in self.messages(channel, ts) if m.ts != ts]

    def message(self, channel: str, ts: str) -> Message:
        found = self.state.find(channel, ts)
        if found is None:
            raise LookupError(f"there is no message {ts} in {channel}")
        return found

    def direct_messages(self, user: str) -> list[Message]:
        """What stands in the conversation between the bot and one person."""
        return self.messages("D" + user[1:])

    def ephemerals(self, user: str) -> list[Ephemeral]:
        with self.state.lock:
            return [e for e in self.state.ephemerals if e.user == user]

    def pins(self, channel: str) -> list[str]:
        return list(self.state.channel(channel).pins)

    def view(self, user: str) -> Json | None:
        """The form in front of a person."""
        stack = self.state.views.get(user)
        return stack[-1] if stack else None

    def views(self, user: str) -> list[Json]:
        return list(self.state.views.get(user, []))

    def home(self, user: str) -> Json | None:
        return self.state.homes.get(user)

    def calls(self, method: str | None = None) -> list[Call]:
        with self.state.lock:
            return [call for call in self.state.calls if method in (None, call.method)]

    def wait_for(self, predicate: Callable[[], T], timeout: float = 10) -> T:
        """The first true answer of the predicate; TimeoutError when there was none in time."""
        end = time.monotonic() + timeout
        while not (answer := predicate()):
            if time.monotonic() > end:
                raise TimeoutError(f"not within {timeout} seconds")
            time.sleep(0.01)
        return answer

    # what can go wrong

    def fault(
        self,
        method: str,
        kind: str,
        *,
        times: int | None = 1,
        retry_after: int = 1,
        seconds: float = 1.0,
    ) -> None:
        """Kinds: ratelimited, http_500, drop_before, drop_after, slow (stored at once), error:<code>."""
        with self.state.lock:
            self.state.faults.add(Fault(method, kind, times, retry_after, seconds))

    def clear_faults(self) -> None:
        with self.state.lock:
            self.state.faults.clear()

    def outage(self) -> None:
        """Slack is down: every call gets 503, the sockets close, nobody can type or click."""
        self.state.faults.outage = True
        self._loop.run(self.sockets.cut())
        self.state.changed("outage", on=True)

    def back(self) -> None:
        self.state.faults.outage = False
        self.state.changed("outage", on=False)

    def rate_limits(self, on: bool = True) -> None:
        self.state.rate_limits.on = on

    def disconnect_sockets(self, reason: str = "refresh_requested", grace: float = 0.5) -> None:
        """What Slack does every few hours; `warning` keeps the old connection in use for `grace` seconds."""
        self._loop.run(self.sockets.disconnect(reason, grace))

    def cut_sockets(self) -> None:
        """Every Socket Mode connection closes without a word before."""
        self._loop.run(self.sockets.cut())

    def duplicate_next(self, times: int = 1) -> None:
        """The next acts reach the app twice, at the same moment, byte for byte."""
        self.delivery.duplicate_next = times

    def expire_triggers(self) -> None:
        with self.state.lock:
            for trigger in self.state.triggers.values():
                trigger.expired = True
