"""Everything the pretend workspace remembers, in memory, behind one lock."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tests.sandbox.slack.faults import Faults, RateLimits
from tests.sandbox.slack.manifest import Manifest
from tests.sandbox.slack.people import Channel, Group, Person

Json = dict[str, Any]

TRIGGER_SECONDS = 3.0
RESPONSE_SECONDS = 1800.0
RESPONSE_USES = 5


class CannotAct(LookupError):
    """A person tried what nobody could do in Slack: no such button, not in the channel, not signed in."""


@dataclass(frozen=True)
class Edit:
    """What a message said before it was changed, and when it was changed."""

    text: str
    blocks: list[Json]
    at: float


@dataclass(frozen=True)
class Message:
    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json]
    thread_ts: str | None = None
    reply_broadcast: bool = False
    metadata: Json | None = None
    edits: tuple[Edit, ...] = ()
    at: float = 0.0
    bot_id: str | None = None
    mrkdwn: bool = True
    reactions: tuple[str, ...] = ()
    files: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Ephemeral:
    """What one person alone sees, until the page is reloaded."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[Json]
    thread_ts: str | None = None
    at: float = 0.0


@dataclass(frozen=True)
class Call:
    """One request to the Web API. `fault` names what was done to it instead of, or after, answering."""

    method: str
    args: Json
    at: float
    response: Json | None
    status: int | None = 200
    fault: str | None = None


@dataclass
class Trigger:
    user: str
    at: float
    used: bool = False
    expired: bool = False


@dataclass
class Upload:
    """A file on its way: announced, then uploaded, then shared; what is not shared is nobody's."""

    id: str
    name: str
    length: int
    token: str
    text: str | None = None
    done: bool = False


@dataclass
class ResponseUrl:
    """Where an app may answer one command or click: five times within thirty minutes."""

    channel: str
    user: str
    at: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


@dataclass
class State:
    bot_token: str
    app_token: str
    signing_secret: str
    manifest: Manifest
    team_id: str = "T0SANDBOX1"
    app_id: str = "A0SANDBOX1"
    bot_id: str = "B0SANDBOX1"
    bot_user_id: str = "U0REVOKE01"
    team_domain: str = "sandbox"
    base_url: str = ""
    clock: Callable[[], float] = time.time
    people: dict[str, Person] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    messages: dict[str, dict[str, Message]] = field(default_factory=dict)
    ephemerals: list[Ephemeral] = field(default_factory=list)
    views: dict[str, list[Json]] = field(default_factory=dict)
    homes: dict[str, Json] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    triggers: dict[str, Trigger] = field(default_factory=dict)
    response_urls: dict[str, ResponseUrl] = field(default_factory=dict)
    uploads: dict[str, Upload] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    rate_limits: RateLimits = field(default_factory=RateLimits)
    tickets: set[str] = field(default_factory=set)
    watchers: list[Callable[[Json], None]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    _last_ts: int = 0

    def __post_init__(self) -> None:
        self.people[self.bot_user_id] = Person(
            self.bot_user_id, "revoke", "Revoke", None, self.team_id, is_bot=True
        )

    def changed(self, kind: str, **what: Any) -> None:
        for tell in list(self.watchers):
            tell({"kind": kind, **what})

    def next_ts(self) -> str:
        """A message's time stamp: its id in the channel, so never given twice."""
        with self.lock:
            self._last_ts = max(self._last_ts + 100, int(self.clock() * 1_000_000))
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def person(self, user: str) -> Person:
        if user not in self.people:
            raise CannotAct(f"there is no person {user}; there are {', '.join(self.people)}")
        return self.people[user]

    def channel(self, channel: str) -> Channel:
        if channel not in self.channels:
            raise CannotAct(f"there is no channel {channel}; there are {', '.join(self.channels)}")
        return self.channels[channel]

    def direct_channel(self, user: str) -> Channel:
        """The conversation between the bot and one person, opened when first needed."""
        channel_id = "D" + user[1:]
        if channel_id not in self.channels:
            self.channels[channel_id] = Channel(
                channel_id, "directmessage", [self.bot_user_id, user], is_im=True
            )
        return self.channels[channel_id]

    def store(self, message: Message) -> Message:
        self.messages.setdefault(message.channel, {})[message.ts] = message
        self.changed("message", channel=message.channel, ts=message.ts, thread_ts=message.thread_ts)
        return message

    def edit(self, message: Message, **changes: Any) -> Message:
        earlier = Edit(message.text, message.blocks, self.clock())
        return self.store(replace(message, edits=(*message.edits, earlier), **changes))

    def remove(self, message: Message) -> None:
        self.messages[message.channel].pop(message.ts, None)
        self.changed("deleted", channel=message.channel, ts=message.ts)

    def find(self, channel: str, ts: str) -> Message | None:
        return self.messages.get(channel, {}).get(ts)

    def listed(self, channel: str) -> list[Message]:
        return sorted(self.messages.get(channel, {}).values(), key=lambda m: m.ts)

    def show(self, ephemeral: Ephemeral) -> Ephemeral:
        self.ephemerals.append(ephemeral)
        self.changed("ephemeral", channel=ephemeral.channel, user=ephemeral.user, ts=ephemeral.ts)
        return ephemeral

    def hide(self, ephemeral: Ephemeral) -> None:
        self.ephemerals.remove(ephemeral)
        self.changed("ephemeral_gone", channel=ephemeral.channel, user=ephemeral.user, ts=ephemeral.ts)

    def new_trigger(self, user: str) -> str:
        trigger_id = f"{secrets.randbelow(10**13)}.{secrets.randbelow(10**13)}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(user, self.clock())
        return trigger_id

    def new_response_url(self, channel: str, user: str, message: Message | Ephemeral | None = None) -> str:
        token = secrets.token_urlsafe(18)
        self.response_urls[token] = ResponseUrl(
            channel,
            user,
            self.clock(),
            message.ts if message else None,
            message.thread_ts if message else None,
        )
        return f"{self.base_url}/response/{token}"

    def message_as_api(self, message: Message, with_metadata: bool = False) -> Json:
        shown: Json = {
            "type": "message",
            "user": message.user,
            "text": message.text,
            "ts": message.ts,
            "team": self.people[message.user].team_id if message.user in self.people else self.team_id,
        }
        if message.bot_id:
            shown |= {"bot_id": message.bot_id, "app_id": self.app_id}
        if message.blocks:
            shown["blocks"] = message.blocks
        if message.files:
            shown["files"] = [{"id": f["id"], "name": f["name"], "size": f["size"]} for f in message.files]
        if message.edits:
            shown["edited"] = {"user": message.user, "ts": f"{message.edits[-1].at:.6f}"}
        if message.metadata and with_metadata:
            shown["metadata"] = message.metadata
        return shown | self._threading(message)

    def _threading(self, message: Message) -> Json:
        replies = [m for m in self.listed(message.channel) if m.thread_ts == message.ts != m.ts]
        if replies:
            return {
                "thread_ts": message.ts,
                "reply_count": len(replies),
                "latest_reply": replies[-1].ts,
                "reply_users": list(dict.fromkeys(m.user for m in replies)),
            }
        return {"thread_ts": message.thread_ts} if message.thread_ts else {}

    def dump(self) -> Json:
        """The whole workspace as JSON, without its secrets."""
        with self.lock:
            return {
                "team_id": self.team_id,
                "bot_user_id": self.bot_user_id,
                "commands": sorted(self.manifest.commands or ()),
                "shortcuts": sorted(self.manifest.shortcuts or ()),
                "people": [asdict(person) for person in self.people.values()],
                "channels": [asdict(channel) for channel in self.channels.values()],
                "groups": [asdict(group) for group in self.groups.values()],
                "messages": {channel: [asdict(m) for m in self.listed(channel)] for channel in self.messages},
                "ephemerals": [asdict(ephemeral) for ephemeral in self.ephemerals],
                "views": dict(self.views),
                "homes": dict(self.homes),
                "outage": self.faults.outage,
            }
