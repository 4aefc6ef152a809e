"""The bot's front door in this process: the real Bolt app behind the real pages, a real Redis, a pretend Slack.

Requests are built and signed as Slack builds and signs them, also those that nobody could make in Slack.
"""

import json
import logging
import re
import secrets
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

from redis import Redis
from slack_bolt import App, BoltContext, BoltRequest, BoltResponse
from slack_sdk import WebClient

from bot.app import build_app
from bot.deps import Deps
from bot.directory import KnownPeople
from bot.guard import OURSELVES, Guard
from bot.prompt import Prompt
from bot.serving import Pages
from tests.sandbox.slack import payloads
from tests.sandbox.slack.api_views import put_on_top
from tests.sandbox.slack.carriers import _encode, signature
from tests.sandbox.slack.form import form_state
from tests.sandbox.slack.people import Person
from tests.sandbox.slack.seed import ALICE, BOB, CAROL, MALLORY, SEC_INC, seed_demo
from tests.sandbox.slack.state import Json, Message
from tests.sandbox.slack.workspace import SlackWorkspace
from workers.adapters.audit_log import AuditLog
from workers.adapters.directory_copy import RedisDirectoryCopy
from workers.adapters.job_queue import JobQueue
from workers.adapters.redis_connection import hasty
from workers.adapters.redis_server import RedisServer
from workers.adapters.redis_store import RedisHandoffs, RedisLookups, RedisStore
from workers.adapters.slack_channel import SlackChannel
from workers.adapters.slack_people import SlackDirectory
from workers.cards import card as cards
from workers.cards.text import section
from workers.domain.actor import Actor
from workers.domain.directory_search import Known
from workers.domain.due import next_due
from workers.domain.handoff import Handoff
from workers.domain.revocation import DirectoryUser, Revocation, TargetRef
from workers.domain.rules import Rules
from workers.domain.timing import Timing
from workers.ports import Change, ChangeOf, SlackPeople
from workers.ports import Message as CardMessage
from workers.service import intake

RULES = Rules(
    incident_channel=SEC_INC,
    timing=Timing(),
    responders=(ALICE, BOB),
    approvers=(ALICE, BOB, CAROL),
    disables_sign_in=True,
    drill_user="tess",
)

PATH = "/slack/events"

AS_OF = re.compile(r"<!date[^>]*>|\"block_id\": \"[^\"]*\"")


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


@dataclass
class Door:
    """`passed` counts what got to a listener, by whom; the guard and what is before it never let a wrong one there."""

    slack: SlackWorkspace
    server: RedisServer
    redis: Redis
    store: RedisStore
    handoffs: RedisHandoffs
    people: SlackPeople
    rules: Rules
    gate: Guard
    app: App
    pages: Pages
    now: list[float]
    """What the guard takes for the time, in seconds; only what it keeps of Slack's answers goes by it."""
    passed: list[str] = field(default_factory=list)

    # requests, as Slack makes them

    def command(self, user: str, text: str, channel: str = SEC_INC) -> Json:
        person = self.person(user)
        made = payloads.slash_command(
            self.slack.state, person, self.slack.state.channel(channel), "/revoke", text
        )
        return {**made, "team_id": person.team_id}

    def click(self, user: str, message: Message, action: Json) -> Json:
        place = self.slack.state.channel(message.channel)
        return payloads.clicked_message(
            self.slack.state, self.person(user), place, message, action=action, values={}
        )

    def mention(self, user: str, text: str, channel: str = SEC_INC, thread_ts: str | None = None) -> Json:
        """As an event; `text` without the bot's name is put behind it."""
        me = f"<@{self.slack.bot_user_id}>"
        words = text if me in text else f"{me} {text}"
        said = Message(self.slack.state.next_ts(), channel, user, words, [], thread_ts)
        place = self.slack.state.channels.get(channel)
        return payloads.event(self.slack.state, payloads.app_mention(self.slack.state, said), place)

    def opened(self, user: str) -> Json:
        """App Home, as an event."""
        return payloads.event(self.slack.state, payloads.app_home_opened(self.slack.state, self.person(user)))

    def home_click(self, user: str, action: Json) -> Json:
        """A button of App Home, whether it stands there or not."""
        view = self.slack.home(user) or {"id": "V0HOME0001", "type": "home", "blocks": [], "hash": ""}
        return payloads.clicked_view(self.slack.state, self.person(user), view, action, {})

    def home(self, user: str) -> str:
        """What is written on somebody's App Home; empty where nothing was published."""
        return json.dumps(self.slack.home(user) or "", ensure_ascii=False)

    def button(self, action_id: str, value: str, row: str = "") -> Json:
        head = {"type": "button", "action_id": action_id, "block_id": row or "b1", "value": value}
        return {
            **head,
            "text": {"type": "plain_text", "text": "Press"},
            "action_ts": self.slack.state.next_ts(),
        }

    def submission(self, user: str, view: Json, values: Mapping[str, Mapping[str, Any]]) -> Json:
        state = form_state(view["blocks"], values)
        return payloads.view_submission(self.slack.state, self.person(user), view, state)

    def shown(self, user: str, view: Json) -> Json:
        """The form in front of somebody, whoever opened it."""
        return put_on_top(self.slack.state, user, view, fresh=True)

    def person(self, user: str) -> Person:
        return self.slack.state.people[user]

    # the two ways in

    def signed(self, payload: Json, kind: str | None = None, *, at: float | None = None) -> Json:
        """The WSGI request that Slack would make."""
        body, content_type = _encode(kind or kind_of(payload), payload)
        timestamp = str(int(time.time() if at is None else at))
        return environ(body, timestamp, signature(self.slack.signing_secret, timestamp, body), content_type)

    def http(self, payload: Json) -> Answer:
        return self.request(self.signed(payload))

    def request(self, made: Json) -> Answer:
        """One run of the WSGI app; raises what it raises."""
        begun: list[str] = []
        made = {**made, "wsgi.input": BytesIO(made["wsgi.input"].getvalue())}
        body = b"".join(self.pages(made, lambda status, headers: begun.append(status)))
        return Answer(int(begun[0].split()[0]), body.decode())

    def socket(self, payload: Json) -> Answer:
        """The same payload in a Socket Mode envelope."""
        answer = self.app.dispatch(BoltRequest(mode="socket_mode", body=json.loads(json.dumps(payload))))
        return Answer(answer.status, str(answer.body or ""))

    # records and cards

    def open(self, record: Revocation, *, rules: Rules | None = None) -> tuple[Revocation, Message]:
        """This record under a fresh id, with its card in the channel."""
        channel = SlackChannel.connected(self.slack.bot_token, self.slack.api_url)
        made = self.store.create(lambda fresh, now: set_up(replace(record, id=fresh, seq=0, card_ts=None)))
        ts = channel.post(made.channel, cards.render(made, rules or self.rules))
        self.store.change(made.id, lambda current, now: set_up(replace(current, card_ts=ts)))
        return self.store.get(made.id), self.slack.message(made.channel, ts)

    def offer(self, record: Revocation, asked: Sequence[str]) -> tuple[Handoff, Message]:
        """This record offered by its owner to whoever is asked, with the message in whose thread it is answered."""
        made = intake.begin_handoff(
            self.handoffs, [record], by=record.owner or _SET_UP, incoming=asked, channel=record.channel
        )
        channel = SlackChannel.connected(self.slack.bot_token, self.slack.api_url)
        ts = channel.post(made.channel, CardMessage(made.id, (section(f"{made.id} is offered."),)))

        def posted(current: Handoff, now: datetime) -> ChangeOf[Handoff]:
            return ChangeOf(record=replace(current, root_ts=ts), event="set_up", actor=_SET_UP)

        self.handoffs.change(made.id, posted)
        return self.handoffs.get(made.id), self.slack.message(made.channel, ts)

    # what was done

    def done(self) -> Json:
        """All that Redis and Slack hold, but for what was seen; once what is said after the ack was said."""
        found, before = self._held(), None
        while found != before:
            time.sleep(0.3)
            found, before = self._held(), found
        return found

    def _held(self) -> Json:
        keys = [key for key in self.redis.keys("*") if not key.startswith(b"revoke:seen:")]
        kept = {key.decode(): self.redis.dump(key) for key in sorted(keys)}
        whispers = [(e.user, e.text) for e in self.slack.state.ephemerals]
        views = {user: [view["id"] for view in stack] for user, stack in self.slack.state.views.items()}
        messages = {ts: m.text for by_ts in self.slack.state.messages.values() for ts, m in by_ts.items()}
        # A page says as of when it is, and is published anew whenever somebody looks.
        homes = {
            user: AS_OF.sub("", json.dumps(view["blocks"])) for user, view in self.slack.state.homes.items()
        }
        return {"redis": kept, "whispers": whispers, "views": views, "homes": homes, "messages": messages}

    def told(self, user: str) -> list[str]:
        """What this person alone was told so far."""
        return [ephemeral.text for ephemeral in self.slack.ephemerals(user)]

    def learn(self) -> None:
        """Let the guard learn which app it is, as the running bot does in its first second."""
        self.gate.refresh()
        self.slack.wait_for(lambda: self.gate.prompt.known(OURSELVES), 5)


@contextmanager
def door(
    *,
    rules: Rules = RULES,
    people: Callable[[SlackPeople], SlackPeople] = lambda real: real,
    learnt: bool = True,
) -> Iterator[Door]:
    """`people`: what stands between the guard and Slack's directory. `learnt`: the guard knows which app it is."""
    folder = Path(tempfile.mkdtemp(prefix="revoke-"))
    server = RedisServer(folder)
    server.ensure()
    with SlackWorkspace() as slack:
        seed_demo(slack)
        made = _joined(slack, server, rules, people)
        if learnt:
            made.learn()
        try:
            yield made
        finally:
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)


def _joined(
    slack: SlackWorkspace, server: RedisServer, rules: Rules, people: Callable[[SlackPeople], SlackPeople]
) -> Door:
    redis = hasty(server.url)
    log = AuditLog(secrets.token_bytes(32))
    store = RedisStore(redis, log, JobQueue(redis), partial(next_due, timing=rules.timing))
    handoffs = RedisHandoffs(redis, log, JobQueue(redis))
    store.mark("reconciled")
    directory = people(SlackDirectory.connected(slack.bot_token, slack.api_url, timeout=1))
    now = [0.0]
    copy = RedisDirectoryCopy(redis)
    copy.keep([Known(str(uuid.uuid4()), "mallory", "Mallory Target", "mallory@example.com")], store.now())
    known = KnownPeople(copy)
    known.refresh()
    handoffs = RedisHandoffs(redis, log, JobQueue(redis))
    deps = Deps(
        store=store,
        handoffs=handoffs,
        lookups=RedisLookups(redis, log, JobQueue(redis)),
        people=directory,
        rules=rules,
        responders=rules.responders,
        approvers=rules.approvers,
        directory=known,
    )
    gate = Guard(deps, Prompt(clock=lambda: now[0] + time.monotonic()))
    client = WebClient(slack.bot_token, base_url=slack.api_url, timeout=5)
    app = build_app(client, slack.signing_secret, deps, gate)
    pages = Pages(app, lambda: {"ok": True}, slack.signing_secret)
    made = Door(slack, server, redis, store, handoffs, directory, rules, gate, app, pages, now)
    app.use(_counting(made))
    return made


def _counting(made: Door) -> Callable[..., BoltResponse]:
    """Behind the guard, before every listener."""

    def count(context: BoltContext, next: Callable[[], BoltResponse]) -> BoltResponse:
        made.passed.append(str(context.user_id))
        return next()

    return count


_SET_UP = Actor(kind="system", id="test", name="the test's set-up")


def set_up(record: Revocation) -> Change:
    return Change(record=record, event="set_up", actor=_SET_UP)


def kind_of(payload: Json) -> str:
    if "command" in payload:
        return "slash_commands"
    return "events_api" if payload.get("type") == "event_callback" else "interactive"


def environ(body: bytes, timestamp: str, signed: str, content_type: str = "application/json") -> Json:
    """The WSGI request; a server would have read it from the wire like this (PEP 3333)."""
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": PATH,
        "QUERY_STRING": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_X_SLACK_REQUEST_TIMESTAMP": timestamp,
        "HTTP_X_SLACK_SIGNATURE": signed,
        "wsgi.input": BytesIO(body),
    }


class Tracebacks(logging.Handler):
    """Keeps every log line that carries a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or "Traceback" in record.getMessage():
            self.found.append(self.format(record))


@contextmanager
def tracebacks() -> Iterator[list[str]]:
    """Every traceback that is logged meanwhile."""
    kept = Tracebacks()
    logging.getLogger().addHandler(kept)
    try:
        yield kept.found
    finally:
        logging.getLogger().removeHandler(kept)


def about_mallory(record: Revocation) -> Revocation:
    """The same record, whose target is Mallory, a user of her own each time."""
    user = DirectoryUser(
        user_id=str(uuid.uuid4()),
        user_name="mallory",
        display_name="Mallory Target",
        email="mallory@example.com",
    )
    target = TargetRef(kind="slack", value=MALLORY, slack_id=MALLORY)
    return replace(record, target=target, user=user, slack_name="Mallory Target")
