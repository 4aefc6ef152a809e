"""The pretend Slack workspace, driven by the real slack_sdk and the real slack_bolt, over both carriers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient, WebhookClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from tests.sandbox.slack import CannotAct, SlackWorkspace
from tests.sandbox.slack.blocks import check_message, check_view
from tests.sandbox.slack.manifest import USUAL_SCOPES, Manifest
from tests.sandbox.slack.seed import (
    ALICE,
    BOB,
    CAROL,
    DAN,
    EVE,
    EXT,
    GENERAL,
    MALLORY,
    SEC_INC,
    SEC_ONCALL,
    SHARED,
    seed_demo,
)

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
SCOPES = (*USUAL_SCOPES, "channels:history", "groups:history", "pins:write", "reactions:write")


def button(action_id: str, value: str, words: str = "Press") -> Json:
    text = {"type": "plain_text", "text": words}
    return {"type": "button", "text": text, "action_id": action_id, "value": value}


def option(value: str, words: str = "Choose") -> Json:
    return {"text": {"type": "plain_text", "text": words}, "value": value}


CARD: list[Json] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*Mallory*"}},
    {
        "type": "actions",
        "elements": [
            button("confirm", "R-1"),
            {"type": "overflow", "action_id": "more", "options": [option("R-1 hold"), option("R-1 release")]},
        ],
    },
]
FORM: Json = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Deny"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text", "max_length": 20},
        },
        {
            "type": "input",
            "block_id": "who",
            "optional": True,
            "label": {"type": "plain_text", "text": "Who"},
            "element": {"type": "external_select", "action_id": "person", "min_query_length": 2},
        },
    ],
}


@pytest.fixture
def workspace() -> Iterator[SlackWorkspace]:
    with SlackWorkspace(manifest=Manifest(scopes=SCOPES)) as running:
        seed_demo(running)
        yield running


@pytest.fixture
def client(workspace: SlackWorkspace) -> WebClient:
    return WebClient(token=workspace.bot_token, base_url=workspace.api_url)


@pytest.fixture
def app(workspace: SlackWorkspace, client: WebClient) -> App:
    return App(client=client, signing_secret=workspace.signing_secret)


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Requests are not worth a line."""


@contextmanager
def over_http(workspace: SlackWorkspace, app: App) -> Iterator[None]:
    server = make_server("127.0.0.1", 0, SlackRequestHandler(app), ThreadingServer, Quiet)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    workspace.events_url = f"http://127.0.0.1:{server.server_port}/slack/events"
    try:
        yield
    finally:
        workspace.events_url = None
        server.shutdown()
        server.server_close()


@contextmanager
def over_socket(workspace: SlackWorkspace, app: App) -> Iterator[SocketModeHandler]:
    handler = SocketModeHandler(app, workspace.app_token, ping_interval=0.25)
    before = workspace.connections
    handler.connect()
    try:
        workspace.wait_for(lambda: workspace.connections > before)
        yield handler
    finally:
        handler.client.auto_reconnect_enabled = False
        workspace.cut_sockets()
        threading.Thread(target=handler.close).start()  # takes the client a second; nobody has to wait


@pytest.fixture(params=[over_http, over_socket], ids=["http", "socket"])
def connected(request: pytest.FixtureRequest, workspace: SlackWorkspace, app: App) -> Iterator[App]:
    with request.param(workspace, app):
        yield app


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


# the round trips, over both carriers


def test_a_command_reaches_the_app_as_slack_escapes_it(workspace: SlackWorkspace, connected: App) -> None:
    received: list[Json] = []

    @connected.command("/revoke")
    def revoke(ack: Any, command: Json) -> None:
        received.append(command)
        ack("working on it")

    ack = workspace.command(ALICE, SEC_INC, "/revoke @mallory a&b <x> @sec-oncall #general m@ex.org @nobody.")

    assert ack.ok
    assert ack.text == "working on it"
    assert [whisper.text for whisper in workspace.ephemerals(ALICE)] == ["working on it"]
    assert received[0]["text"] == (
        f"<@{MALLORY}|mallory> a&amp;b &lt;x&gt; <!subteam^{SEC_ONCALL}|@sec-oncall>"
        f" <#{GENERAL}|general> <mailto:m@ex.org|m@ex.org> @nobody."
    )
    assert received[0]["channel_name"] == "privategroup"


def test_a_click_carries_the_message_and_who_clicked(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    received: list[Json] = []

    @connected.action("confirm")
    def confirm(ack: Any, body: Json) -> None:
        received.append(body)
        ack()

    ts = client.chat_postMessage(channel=SEC_INC, text="card", blocks=CARD)["ts"]
    ack = workspace.click(ALICE, SEC_INC, ts, "confirm")

    assert ack.ok
    assert received[0]["user"] == {
        "id": ALICE,
        "username": "alice",
        "name": "alice",
        "team_id": workspace.team_id,
    }
    assert received[0]["container"]["message_ts"] == received[0]["message"]["ts"] == ts
    assert received[0]["actions"][0]["value"] == "R-1"


def test_an_overflow_option_is_found_by_its_value(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    chosen: list[str] = []

    @connected.action("more")
    def more(ack: Any, action: Json) -> None:
        chosen.append(action["selected_option"]["value"])
        ack()

    ts = client.chat_postMessage(channel=SEC_INC, text="card", blocks=CARD)["ts"]

    assert workspace.click(ALICE, SEC_INC, ts, "more", value="R-1 release").ok
    assert chosen == ["R-1 release"]


def test_a_form_opens_complains_and_closes(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    @connected.shortcut("revoke_global")
    def opens(ack: Any, body: Json) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @connected.view("form")
    def takes(ack: Any, view: Json) -> None:
        reason = view["state"]["values"]["reason"]["text"]["value"]
        if reason == "bad":
            ack(response_action="errors", errors={"reason": "not that one"})
        else:
            ack()

    assert workspace.shortcut(ALICE, "revoke_global").ok
    view = workspace.wait_for(lambda: workspace.view(ALICE))

    assert workspace.submit(ALICE, view["id"], {"reason": {"text": "bad"}}).text == "not that one"
    assert workspace.view(ALICE) is not None
    assert workspace.submit(ALICE, view["id"], {"reason": {"text": {"value": "leaked"}}}).ok
    assert workspace.view(ALICE) is None


def test_a_form_asks_the_app_for_options(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    @connected.command("/revoke")
    def opens(ack: Any, body: Json) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @connected.options("person")
    def people(ack: Any, payload: Json) -> None:
        ack(options=[option(payload["value"])])

    workspace.command(ALICE, SEC_INC, "/revoke")
    view = workspace.wait_for(lambda: workspace.view(ALICE))

    assert workspace.suggest(ALICE, view["id"], "who", "person", "m").body == {"options": []}
    assert workspace.suggest(ALICE, view["id"], "who", "person", "mal").body["options"][0]["value"] == "mal"


def test_a_form_is_updated_pushed_and_cleared_by_the_answer(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    @connected.command("/revoke")
    def opens(ack: Any, body: Json) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @connected.view("form")
    def takes(ack: Any, view: Json) -> None:
        what = view["state"]["values"]["reason"]["text"]["value"]
        ack(response_action=what, **({"view": FORM} if what != "clear" else {}))

    def submit(what: str) -> None:
        top = workspace.view(ALICE) or {}
        assert workspace.submit(ALICE, top["id"], {"reason": {"text": what}}).ok

    workspace.command(ALICE, SEC_INC, "/revoke")
    workspace.wait_for(lambda: workspace.view(ALICE))
    heights = []
    for what in ("update", "push", "clear"):
        submit(what)
        heights.append(len(workspace.views(ALICE)))

    assert heights == [1, 2, 0]


def test_mentions_and_the_home_tab_are_events(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    heard: list[Json] = []

    @connected.event("app_mention")
    def mentioned(event: Json) -> None:
        heard.append(event)

    @connected.event("app_home_opened")
    def opened(event: Json) -> None:
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": CARD})

    root = client.chat_postMessage(channel=SEC_INC, text="root")["ts"]

    assert workspace.mention(ALICE, SEC_INC, "status", root).ok
    assert workspace.open_home(ALICE).ok
    assert workspace.wait_for(lambda: workspace.home(ALICE))["type"] == "home"
    workspace.wait_for(lambda: heard)
    assert heard[0]["text"] == f"<@{workspace.bot_user_id}> status"
    assert heard[0]["thread_ts"] == root


def test_a_message_shortcut_carries_the_message(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    received: list[Json] = []

    @connected.shortcut("handoff_message")
    def hand_off(ack: Any, body: Json) -> None:
        received.append(body)
        ack()

    ts = client.chat_postMessage(channel=SEC_INC, text="card")["ts"]

    assert workspace.message_shortcut(ALICE, SEC_INC, ts, "handoff_message").ok
    assert received[0]["message"]["text"] == "card"


def test_an_answer_through_the_response_url_can_replace_the_message_five_times(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    urls: list[str] = []

    @connected.action("confirm")
    def confirm(ack: Any, body: Json) -> None:
        urls.append(body["response_url"])
        ack()

    ts = client.chat_postMessage(channel=SEC_INC, text="card", blocks=CARD)["ts"]
    workspace.click(ALICE, SEC_INC, ts, "confirm")
    hook = WebhookClient(urls[0])
    answers = [hook.send(text=f"number {n}", replace_original=True) for n in range(6)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 200, 404]
    assert "used_url" in answers[-1].body
    assert workspace.message(SEC_INC, ts).text == "number 4"


def test_a_response_url_whispers_unless_told_otherwise(workspace: SlackWorkspace, connected: App) -> None:
    @connected.command("/revoke")
    def revoke(ack: Any, respond: Any) -> None:
        ack()
        respond("to you")
        respond(text="to all", response_type="in_channel")

    workspace.command(ALICE, SEC_INC, "/revoke")
    workspace.wait_for(lambda: workspace.messages(SEC_INC))

    assert [whisper.text for whisper in workspace.ephemerals(ALICE)] == ["to you"]
    assert [message.text for message in workspace.messages(SEC_INC)] == ["to all"]


def test_a_button_in_the_home_tab_tells_which_view(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    received: list[Json] = []

    @connected.action("confirm")
    def confirm(ack: Any, body: Json) -> None:
        received.append(body)
        ack()

    client.views_publish(user_id=ALICE, view={"type": "home", "blocks": CARD})
    home = workspace.home(ALICE) or {}

    assert workspace.click_view(ALICE, home["id"], "confirm").ok
    assert received[0]["container"] == {"type": "view", "view_id": home["id"]}
    assert "response_url" not in received[0]


def test_of_two_buttons_of_one_action_the_row_tells_which(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    received: list[Json] = []

    @connected.action("confirm")
    def confirm(ack: Any, action: Json) -> None:
        received.append(action)
        ack()

    words = {"type": "plain_text", "text": "Press"}
    button = {"type": "button", "text": words, "action_id": "confirm", "value": "R-1"}
    rows = [{"type": "actions", "block_id": name, "elements": [button]} for name in ("one", "two")]
    client.views_publish(user_id=ALICE, view={"type": "home", "blocks": rows})
    home = workspace.home(ALICE) or {}

    assert workspace.click_view(ALICE, home["id"], "confirm", block_id="two").ok
    assert received[0]["block_id"] == "two"


def test_a_home_tab_is_refused_where_slack_refuses_it(workspace: SlackWorkspace, client: WebClient) -> None:
    divider = {"type": "divider"}

    def publish(count: int, **more: Any) -> Any:
        return client.views_publish(user_id=ALICE, view={"type": "home", "blocks": [divider] * count}, **more)

    first = publish(100)["view"]["hash"]
    assert refused(lambda: publish(101)) == "invalid_arguments"
    assert publish(1, hash=first).get("ok")
    assert refused(lambda: publish(2, hash=first)) == "hash_conflict"
    assert len((workspace.home(ALICE) or {})["blocks"]) == 1


def test_the_event_of_a_home_tab_tells_which_tab_and_what_it_showed(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    heard: list[Json] = []

    @connected.event("app_home_opened")
    def opened(event: Json) -> None:
        heard.append(event)

    assert workspace.open_home(ALICE).ok
    client.views_publish(user_id=ALICE, view={"type": "home", "blocks": CARD})
    assert workspace.open_home(ALICE).ok
    assert workspace.open_home(ALICE, "messages").ok
    workspace.wait_for(lambda: len(heard) == 3)
    assert [(event["tab"], "view" in event) for event in heard] == [
        ("home", False),
        ("home", True),
        ("messages", False),
    ]
    assert heard[1]["view"]["hash"] == (workspace.home(ALICE) or {})["hash"]


def test_a_mention_by_somebody_of_another_workspace_tells_theirs(
    workspace: SlackWorkspace, connected: App
) -> None:
    heard: list[Json] = []

    @connected.event("app_mention")
    def mentioned(event: Json, body: Json) -> None:
        heard.append({**event, "shared": body["is_ext_shared_channel"]})

    assert workspace.mention(EXT, SHARED, "list").ok
    workspace.wait_for(lambda: heard)
    assert (heard[0]["user_team"], heard[0]["shared"]) == ("T9", True)


def test_what_one_person_alone_sees_can_be_clicked_and_taken_back(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    received: list[Json] = []

    @connected.action("confirm")
    def confirm(ack: Any, body: Json, respond: Any) -> None:
        received.append(body)
        ack()
        respond(delete_original=True)

    ts = client.chat_postEphemeral(channel=SEC_INC, user=ALICE, text="card", blocks=CARD)["message_ts"]

    assert workspace.click(ALICE, SEC_INC, ts, "confirm").ok
    workspace.wait_for(lambda: not workspace.ephemerals(ALICE))
    assert received[0]["container"]["is_ephemeral"]
    assert "message" not in received[0]
    with pytest.raises(CannotAct):
        workspace.click(BOB, SEC_INC, ts, "confirm")


# what Slack tells people when an app does not answer as it must


def test_an_app_has_three_seconds(workspace: SlackWorkspace, connected: App) -> None:
    @connected.command("/revoke")
    def revoke(ack: Any) -> None:
        time.sleep(0.6)
        ack("too late")

    assert workspace.ack_seconds == 3.0
    workspace.ack_seconds = 0.3
    ack = workspace.command(ALICE, SEC_INC, "/revoke")

    assert ack.error == '/revoke failed with the error "operation_timeout"'
    assert workspace.ephemerals(ALICE) == []


def test_an_app_that_is_not_there_or_fails_is_dispatch_failed(workspace: SlackWorkspace, app: App) -> None:
    alone = workspace.command(ALICE, SEC_INC, "/revoke")
    with over_http(workspace, app):
        unhandled = workspace.command(ALICE, SEC_INC, "/revoke")
    workspace.events_url = "http://127.0.0.1:9/slack/events"
    unreachable = workspace.command(ALICE, SEC_INC, "/revoke")

    for ack in (alone, unhandled, unreachable):
        assert ack.error == '/revoke failed with the error "dispatch_failed"'
    assert unhandled.status == 404


def test_blocks_in_an_answer_are_checked_too(workspace: SlackWorkspace, connected: App) -> None:
    @connected.command("/revoke")
    def revoke(ack: Any) -> None:
        ack(text="card", blocks=[{"type": "nonsense"}])

    ack = workspace.command(ALICE, SEC_INC, "/revoke")

    assert ack.problem == "invalid_command_response"
    assert workspace.ephemerals(ALICE) == []


def test_text_in_the_answer_to_a_click_is_shown_to_nobody(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    @connected.action("confirm")
    def confirm(ack: Any) -> None:
        ack("you may not")

    ts = client.chat_postMessage(channel=SEC_INC, text="card", blocks=CARD)["ts"]

    assert workspace.click(ALICE, SEC_INC, ts, "confirm").text is None
    assert workspace.ephemerals(ALICE) == []


def test_a_command_in_a_thread_is_refused_by_slack(workspace: SlackWorkspace, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=SEC_INC, text="root")["ts"]

    assert (
        workspace.command(ALICE, SEC_INC, "/revoke", ts).error
        == "/revoke is not supported in threads. Sorry!"
    )


def test_a_stranger_has_no_commands_but_can_click(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    teams: list[str] = []

    @connected.action("confirm")
    def confirm(ack: Any, body: Json) -> None:
        teams.append(body["user"]["team_id"])
        ack()

    ts = client.chat_postMessage(channel=SHARED, text="card", blocks=CARD)["ts"]

    assert "not a valid command" in str(workspace.command(EXT, SHARED, "/revoke").error)
    assert workspace.click(EXT, SHARED, ts, "confirm").ok
    assert teams == ["T9"]


# nobody can do here what nobody could do there


def test_nobody_clicks_what_is_not_there(workspace: SlackWorkspace, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=SEC_INC, text="card", blocks=CARD)["ts"]

    with pytest.raises(LookupError, match="confirm"):
        workspace.click(ALICE, SEC_INC, ts, "release")
    with pytest.raises(LookupError, match="R-1 hold"):
        workspace.click(ALICE, SEC_INC, ts, "more", value="R-1 other")
    with pytest.raises(CannotAct, match="not in sec-inc"):
        workspace.click(MALLORY, SEC_INC, ts, "confirm")
    with pytest.raises(CannotAct, match="deactivated"):
        workspace.command(DAN, GENERAL, "/revoke")


def test_an_old_tab_still_clicks_what_it_shows(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    clicked: list[str] = []

    @connected.action("confirm")
    def confirm(ack: Any, action: Json) -> None:
        clicked.append(action["value"])
        ack()

    ts = client.chat_postMessage(channel=SEC_INC, text="card", blocks=CARD)["ts"]
    before = workspace.message(SEC_INC, ts)
    client.chat_update(channel=SEC_INC, ts=ts, text="done")

    with pytest.raises(LookupError):
        workspace.click(ALICE, SEC_INC, ts, "confirm")
    assert workspace.click_stale(ALICE, SEC_INC, ts, "confirm", before).ok
    assert workspace.click_stale(ALICE, SEC_INC, ts, "confirm", workspace.message(SEC_INC, ts).edits[0]).ok
    assert clicked == ["R-1", "R-1"]


def test_a_form_is_not_sent_with_a_required_field_empty(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    @connected.command("/revoke")
    def opens(ack: Any, body: Json) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    workspace.command(ALICE, SEC_INC, "/revoke")
    view = workspace.wait_for(lambda: workspace.view(ALICE))

    assert workspace.submit(ALICE, view["id"]).body == {"errors": {"reason": "This is a required field"}}
    assert workspace.submit(ALICE, view["id"], {"reason": {"text": "x" * 21}}).problem == "incomplete"
    with pytest.raises(CannotAct, match="reason"):
        workspace.submit(ALICE, view["id"], {"motive": {"text": "x"}})


# the Web API's refusals


def test_tokens_are_checked_and_told_apart(workspace: SlackWorkspace) -> None:
    def with_token(token: str) -> WebClient:
        return WebClient(token=token, base_url=workspace.api_url)

    assert refused(with_token("xoxb-other").auth_test) == "invalid_auth"
    assert refused(with_token(workspace.app_token).auth_test) == "not_allowed_token_type"
    bot = with_token(workspace.bot_token)
    assert (
        refused(lambda: bot.apps_connections_open(app_token=workspace.bot_token)) == "not_allowed_token_type"
    )
    with urllib.request.urlopen(workspace.api_url + "auth.test") as answer:
        assert json.load(answer)["error"] == "not_authed"
    assert refused(lambda: bot.api_call("chat.sing")) == "unknown_method"


def test_every_method_needs_its_scope(workspace: SlackWorkspace) -> None:
    with SlackWorkspace(manifest=Manifest(), scopes=["users:read", "channels:read"]) as poor:
        seed_demo(poor)
        client = WebClient(token=poor.bot_token, base_url=poor.api_url)

        assert refused(lambda: client.chat_postMessage(channel=SEC_INC, text="x")) == "missing_scope"
        assert refused(lambda: client.conversations_info(channel=SEC_INC)) == "missing_scope"
        assert refused(lambda: client.usergroups_users_list(usergroup=SEC_ONCALL)) == "missing_scope"
        assert "email" not in client.users_info(user=MALLORY)["user"]["profile"]
        assert client.conversations_info(channel=GENERAL)["channel"]["is_member"]


def test_messages_go_only_where_the_bot_may_write(workspace: SlackWorkspace, client: WebClient) -> None:
    workspace.add_channel("C0HIDDEN01", "hidden", members=[ALICE], bot_in=False)
    workspace.add_channel("C0PUBLIC01", "public", members=[ALICE], bot_in=False, is_private=False)
    workspace.add_channel("C0OLD00001", "old", members=[ALICE], is_archived=True)

    def post(channel: str) -> str:
        return refused(lambda: client.chat_postMessage(channel=channel, text="x"))

    assert post("C0HIDDEN01") == post("C0NOWHERE1") == "channel_not_found"
    assert post("C0PUBLIC01") == "not_in_channel"
    assert post("C0OLD00001") == "is_archived"
    assert client.chat_postMessage(channel=ALICE, text="to you")["channel"].startswith("D")
    assert workspace.direct_messages(ALICE)[0].text == "to you"


def test_an_update_with_text_alone_takes_the_blocks_away(
    workspace: SlackWorkspace, client: WebClient
) -> None:
    metadata = {"event_type": "card", "event_payload": {"id": "R-1"}}
    ts = client.chat_postMessage(channel=SEC_INC, text="card", blocks=CARD, metadata=metadata)["ts"]
    client.chat_update(channel=SEC_INC, ts=ts, text="done")
    message = workspace.message(SEC_INC, ts)

    assert (message.text, message.blocks, message.metadata) == ("done", [], metadata)
    assert message.edits[0].blocks[1]["elements"][0]["action_id"] == "confirm"


def test_updates_are_refused_as_slack_refuses_them(workspace: SlackWorkspace, client: WebClient) -> None:
    ts = client.chat_postMessage(channel=SEC_INC, text="card")["ts"]
    hers = workspace.say(ALICE, SEC_INC, "hello").ts

    def update(ts: str, **what: Any) -> str:
        return refused(lambda: client.chat_update(channel=SEC_INC, ts=ts, **what))

    assert update("1.000001", text="x") == "message_not_found"
    assert update(hers, text="x") == "cant_update_message"
    assert update(ts, text="x" * 4001) == "msg_too_long"
    with pytest.warns(UserWarning, match="text"):
        assert update(ts, text="") == "no_text"
    assert refused(lambda: client.chat_delete(channel=SEC_INC, ts=hers)) == "cant_delete_message"


def test_ephemerals_reach_only_members_and_cannot_be_changed(
    workspace: SlackWorkspace, client: WebClient
) -> None:
    def whisper(user: str) -> Any:
        return client.chat_postEphemeral(channel=SEC_INC, user=user, text="psst")

    ts = whisper(ALICE)["message_ts"]

    assert refused(lambda: whisper(MALLORY)) == "user_not_in_channel"
    assert workspace.ephemerals(ALICE)[0].ts == ts
    assert refused(lambda: client.chat_update(channel=SEC_INC, ts=ts, text="x")) == "message_not_found"


def test_bad_blocks_are_named_with_a_pointer(client: WebClient) -> None:
    bad = [{"type": "actions", "elements": [button("a", "1", "x" * 76)]}]
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=SEC_INC, text="x", blocks=bad)

    assert caught.value.response["error"] == "invalid_blocks"
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"
    ]


def test_a_trigger_opens_one_form_within_three_seconds(
    workspace: SlackWorkspace, client: WebClient, connected: App
) -> None:
    triggers: list[str] = []

    @connected.command("/revoke")
    def revoke(ack: Any, command: Json) -> None:
        triggers.append(command["trigger_id"])
        ack()

    def open_form() -> Any:
        return client.views_open(trigger_id=triggers[-1], view=FORM)

    workspace.command(ALICE, SEC_INC, "/revoke")
    open_form()
    assert refused(open_form) == "exchanged_trigger_id"
    workspace.command(ALICE, SEC_INC, "/revoke")
    workspace.expire_triggers()
    assert refused(open_form) == "expired_trigger_id"
    assert refused(lambda: client.views_open(trigger_id="1.2.x", view=FORM)) == "invalid_trigger_id"
    assert (
        refused(lambda: client.views_open(trigger_id="1.2.x", view={**FORM, "submit": None}))
        == "invalid_arguments"
    )


def test_a_changed_form_has_a_new_hash(workspace: SlackWorkspace, client: WebClient, connected: App) -> None:
    @connected.command("/revoke")
    def opens(ack: Any, body: Json) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    workspace.command(ALICE, SEC_INC, "/revoke")
    view = dict(workspace.wait_for(lambda: workspace.view(ALICE)))
    client.views_update(view_id=view["id"], hash=view["hash"], view=FORM)

    def again() -> Any:
        return client.views_update(view_id=view["id"], hash=view["hash"], view=FORM)

    assert refused(again) == "hash_conflict"
    workspace.close(ALICE, view["id"])
    assert refused(again) == "not_found"


def test_people_are_found_by_id_even_when_they_are_gone(workspace: SlackWorkspace, client: WebClient) -> None:
    gone = client.users_info(user=DAN)["user"]

    assert gone["deleted"]
    assert gone["profile"]["email"] == "dan@example.com"
    assert refused(lambda: client.users_lookupByEmail(email="dan@example.com")) == "users_not_found"
    assert refused(lambda: client.users_info(user="U0NOBODY01")) == "user_not_found"
    assert client.users_info(user=EVE)["user"]["is_restricted"]
    assert client.users_info(user=EXT)["user"]["is_stranger"]
    assert "email" not in client.users_info(user=EXT)["user"]["profile"]


def test_lists_come_in_pages(workspace: SlackWorkspace, client: WebClient) -> None:
    pages = [page["members"] for page in client.conversations_members(channel=SEC_INC, limit=2)]

    assert pages == [[ALICE, BOB], [CAROL, workspace.bot_user_id]]
    assert len([p for page in client.users_list(limit=3) for p in page["members"]]) == 8
    assert client.usergroups_users_list(usergroup=SEC_ONCALL)["users"] == [ALICE, BOB]


def test_threads_pins_and_permalinks(workspace: SlackWorkspace, client: WebClient) -> None:
    root = client.chat_postMessage(channel=SEC_INC, text="root")["ts"]
    reply = client.chat_postMessage(channel=SEC_INC, text="reply", thread_ts=root, reply_broadcast=True)["ts"]
    client.pins_add(channel=SEC_INC, timestamp=root)

    assert workspace.thread(SEC_INC, root)[0].reply_broadcast
    assert [m["ts"] for m in client.conversations_replies(channel=SEC_INC, ts=root)["messages"]] == [
        root,
        reply,
    ]
    assert refused(lambda: client.conversations_replies(channel=SEC_INC, ts="1.000001")) == "thread_not_found"
    assert refused(lambda: client.pins_add(channel=SEC_INC, timestamp=root)) == "already_pinned"
    assert f"thread_ts={root}" in client.chat_getPermalink(channel=SEC_INC, message_ts=reply)["permalink"]


# what can go wrong


def test_a_connection_dropped_after_writing_leaves_one_message(
    workspace: SlackWorkspace,
) -> None:
    client = WebClient(token=workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])
    workspace.fault("chat.postMessage", "drop_after")
    with pytest.raises(OSError):  # noqa: PT011
        client.chat_postMessage(channel=SEC_INC, text="once")

    assert [message.text for message in workspace.messages(SEC_INC)] == ["once"]


def test_the_sdk_repeats_a_dropped_post_and_slack_keeps_both(
    workspace: SlackWorkspace, client: WebClient
) -> None:
    workspace.fault("chat.postMessage", "drop_after")
    client.chat_postMessage(channel=SEC_INC, text="twice")

    assert len(workspace.messages(SEC_INC)) == 2


def test_a_connection_dropped_before_writing_leaves_nothing(workspace: SlackWorkspace) -> None:
    client = WebClient(token=workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])
    workspace.fault("*", "drop_before")
    with pytest.raises(OSError):  # noqa: PT011
        client.chat_postMessage(channel=SEC_INC, text="never")

    assert workspace.messages(SEC_INC) == []


def test_too_many_requests_come_with_the_seconds_to_wait(
    workspace: SlackWorkspace, client: WebClient
) -> None:
    workspace.fault("chat.postMessage", "ratelimited", retry_after=7)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=SEC_INC, text="x")

    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "7"
    assert client.chat_postMessage(channel=SEC_INC, text="x")["ok"]


def test_the_sdk_waits_as_long_as_it_is_told(workspace: SlackWorkspace, client: WebClient) -> None:
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    workspace.fault("chat.postMessage", "ratelimited", retry_after=1)
    client.chat_postMessage(channel=SEC_INC, text="x")

    assert [call.status for call in workspace.calls("chat.postMessage")] == [429, 200]


def test_other_faults_are_what_they_say(workspace: SlackWorkspace, client: WebClient) -> None:
    workspace.fault("chat.postMessage", "error:fatal_error")
    assert refused(lambda: client.chat_postMessage(channel=SEC_INC, text="x")) == "fatal_error"
    workspace.fault("chat.postMessage", "http_500", times=None)
    for _ in range(2):
        with pytest.raises(SlackApiError):
            client.chat_postMessage(channel=SEC_INC, text="x")
    workspace.clear_faults()
    workspace.fault("chat.postMessage", "slow", seconds=0.2)
    began = time.monotonic()
    client.chat_postMessage(channel=SEC_INC, text="x")
    assert time.monotonic() - began >= 0.2


def test_real_rate_limits_bite_when_switched_on(workspace: SlackWorkspace, client: WebClient) -> None:
    workspace.rate_limits()
    for _ in range(5):
        client.chat_postMessage(channel=SEC_INC, text="x")

    assert refused(lambda: client.chat_postMessage(channel=SEC_INC, text="x")) == "ratelimited"
    assert client.chat_postMessage(channel=GENERAL, text="x")["ok"]


def test_an_app_comes_back_after_slack_refreshes_its_connection(workspace: SlackWorkspace, app: App) -> None:
    app.command("/revoke")(lambda ack: ack("here"))
    with over_socket(workspace, app):
        workspace.disconnect_sockets()
        workspace.wait_for(lambda: workspace.connections == 1)

        assert workspace.command(ALICE, SEC_INC, "/revoke").text == "here"


def test_an_app_comes_back_after_an_outage(workspace: SlackWorkspace, app: App, client: WebClient) -> None:
    app.command("/revoke")(lambda ack: ack("here"))
    with over_socket(workspace, app):
        workspace.outage()
        assert workspace.command(ALICE, SEC_INC, "/revoke").problem == "outage"
        with pytest.raises(SlackApiError):
            client.auth_test()
        workspace.back()
        workspace.wait_for(lambda: workspace.connections == 1)

        assert workspace.command(ALICE, SEC_INC, "/revoke").text == "here"


def test_two_connections_take_turns(workspace: SlackWorkspace, app: App) -> None:
    other = App(client=app.client, signing_secret=workspace.signing_secret)
    app.command("/revoke")(lambda ack: ack("one"))
    other.command("/revoke")(lambda ack: ack("two"))
    with over_socket(workspace, app), over_socket(workspace, other):
        texts = {workspace.command(ALICE, SEC_INC, "/revoke").text for _ in range(2)}

    assert texts == {"one", "two"}


def test_the_same_bytes_can_be_delivered_again(workspace: SlackWorkspace, connected: App) -> None:
    triggers: list[str] = []

    @connected.command("/revoke")
    def revoke(ack: Any, command: Json) -> None:
        triggers.append(command["trigger_id"])
        ack()

    ack = workspace.command(ALICE, SEC_INC, "/revoke")
    assert workspace.replay(ack).ok
    workspace.duplicate_next()
    twice = workspace.command(ALICE, SEC_INC, "/revoke")

    assert twice.ok
    assert twice.duplicates[0].ok
    assert triggers[0] == triggers[1] != triggers[2] == triggers[3]


def test_a_request_that_is_forged_or_old_is_refused_by_the_app(workspace: SlackWorkspace, app: App) -> None:
    app.command("/revoke")(lambda ack: ack())
    with over_http(workspace, app):
        workspace.clock_skew = -301
        assert workspace.command(ALICE, SEC_INC, "/revoke").status == 401
        workspace.clock_skew = 0
        workspace.state.signing_secret = "guessed"
        assert workspace.command(ALICE, SEC_INC, "/revoke").status == 401


def test_slack_repeats_an_event_that_was_not_taken(workspace: SlackWorkspace, app: App) -> None:
    numbers: list[Any] = []

    @app.event("app_mention")
    def mentioned(request: Any) -> None:
        numbers.append(request.headers.get("x-slack-retry-num"))

    @app.middleware
    def first_time_fails(request: Any, next: Callable[[], Any]) -> Any:
        return next() if "x-slack-retry-num" in request.headers else None

    with over_http(workspace, app):
        assert workspace.verify_events_url()
        assert not workspace.mention(ALICE, SEC_INC, "status").ok
        assert workspace.wait_for(lambda: numbers) == [["1"]]


def test_many_people_can_act_at_once(workspace: SlackWorkspace, connected: App) -> None:
    connected.command("/revoke")(lambda ack: ack("ok"))
    with ThreadPoolExecutor(10) as pool:
        acks = list(pool.map(lambda n: workspace.command(ALICE, SEC_INC, f"/revoke {n}"), range(30)))

    assert all(ack.ok for ack in acks)
    assert len(workspace.ephemerals(ALICE)) == 30


def test_a_manifest_says_what_the_app_may_do(tmp_path: Path) -> None:
    path = tmp_path / "manifest.yml"
    path.write_text(
        """
        features:
          app_home: {home_tab_enabled: false, messages_tab_enabled: false}
          slash_commands: [{command: /revoke, description: Deny, should_escape: false}]
          shortcuts: [{name: Hand off, type: message, callback_id: handoff_message, description: x}]
        oauth_config: {scopes: {bot: ["commands", "chat:write"]}}
        settings: {event_subscriptions: {bot_events: [subteam_members_changed]}}
        """
    )
    with SlackWorkspace(manifest=Manifest.read(path)) as workspace:
        seed_demo(workspace)
        client = WebClient(token=workspace.bot_token, base_url=workspace.api_url)
        app = App(client=client, signing_secret=workspace.signing_secret)
        texts: list[str] = []
        groups: list[Json] = []
        app.command("/revoke")(lambda ack, command: [ack(), texts.append(command["text"])])
        app.event("subteam_members_changed")(lambda event: [groups.append(event)])
        home = {"type": "home", "blocks": CARD}
        with over_http(workspace, app):
            assert "not a valid command" in str(workspace.command(ALICE, SEC_INC, "/deny").error)
            assert workspace.command(ALICE, SEC_INC, "/revoke @mallory").ok
            assert workspace.mention(ALICE, SEC_INC, "status").problem == "not_subscribed"
            workspace.set_group(SEC_ONCALL, [ALICE, CAROL])
            workspace.wait_for(lambda: groups)

        assert texts == ["@mallory"]
        assert (groups[0]["added_users"], groups[0]["removed_users"]) == ([CAROL], [BOB])
        assert refused(lambda: client.chat_postMessage(channel=ALICE, text="x")) == "messages_tab_disabled"
        assert refused(lambda: client.views_publish(user_id=ALICE, view=home)) == "not_enabled"
        with pytest.raises(CannotAct, match="no shortcut"):
            workspace.shortcut(ALICE, "revoke_global")


# over HTTP, for other processes


def test_the_workspace_can_be_driven_over_http(workspace: SlackWorkspace, connected: App) -> None:
    connected.command("/revoke")(lambda ack: ack("ok"))

    def post(action: str, **what: Any) -> Json:
        request = urllib.request.Request(
            f"{workspace.base_url}/_sim/{action}",
            json.dumps(what).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["result"]

    with urllib.request.urlopen(f"{workspace.base_url}/_sim/events") as changes:
        ack = post("command", user=ALICE, channel=SEC_INC, text="/revoke")
        lines = [changes.readline() for _ in range(3)]
    with urllib.request.urlopen(f"{workspace.base_url}/_sim/state") as answer:
        state = json.load(answer)

    assert ack["text"] == "ok"
    assert json.loads(lines[2].removeprefix(b"data: "))["kind"] == "ephemeral"
    assert state["ephemerals"][0]["user"] == ALICE
    assert workspace.signing_secret not in json.dumps(state)
    with pytest.raises(urllib.error.HTTPError, match="400"):
        post("click", user=ALICE, channel=SEC_INC, ts="1.000001", action_id="confirm")


def test_the_workspace_starts_from_the_command_line() -> None:
    command = [sys.executable, "-m", "tests.sandbox.slack", "--seed"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        told = json.loads(process.stdout.readline())
        client = WebClient(token=told["bot_token"], base_url=told["api_url"])
        assert client.auth_test()["team_id"] == told["team_id"]
        process.terminate()

    assert process.returncode == 0


# the block checker


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ({"type": "nonsense"}, "unsupported type: nonsense [json-pointer:/blocks/0/type]"),
        ({"type": "section"}, "must define either `text` or `fields` [json-pointer:/blocks/0]"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": ""}}, "must be more than 0 characters"),
        (
            {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}},
            "must be less than 3001 characters",
        ),
        (
            {"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]},
            "must be less than 2001 characters",
        ),
        (
            {"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11},
            "no more than 10 items allowed",
        ),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "unsupported type: mrkdwn"),
        (
            {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}},
            "must be less than 151 characters",
        ),
        ({"type": "actions", "elements": []}, "no fewer than 1 items allowed"),
        (
            {"type": "actions", "elements": [button("a", "1"), button("a", "2")]},
            "`action_id` a already exists [json-pointer:/blocks/0/elements/1/action_id]",
        ),
        ({"type": "actions", "elements": [button("a", "x" * 2001)]}, "must be less than 2001 characters"),
        (
            {"type": "actions", "elements": [{"type": "overflow", "options": [option("1")] * 6}]},
            "no more than 5 items allowed",
        ),
        (
            {"type": "actions", "elements": [{"type": "overflow", "options": [option("1", "x" * 76)]}]},
            "must be less than 76 characters",
        ),
        (
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11},
            "no more than 10 items allowed",
        ),
        (
            {
                "type": "plan",
                "title": "Steps",
                "tasks": [{"type": "task_card", "task_id": "1", "title": "x", "status": "completed"}],
            },
            "must be a valid enum value [json-pointer:/blocks/0/tasks/0/status]",
        ),
        ({"type": "alert", "text": {"type": "mrkdwn", "text": "x"}}, "unsupported type: alert"),
        ({"type": "divider", "colour": "red"}, "invalid additional property: colour"),
    ],
)
def test_the_checker_names_what_slack_would_refuse(block: Json, complaint: str) -> None:
    problems = check_message([block])

    assert len(problems) == 1
    assert complaint in problems[0]


def test_the_checker_takes_what_slack_takes() -> None:
    task = {"type": "task_card", "task_id": "1", "title": "Deny", "status": "pending"}

    assert check_message([*CARD, {"type": "plan", "title": "Steps", "tasks": [task]}]) == []
    assert check_view(FORM) == []


def test_the_checker_counts_blocks_and_knows_their_ids() -> None:
    divider = {"type": "divider"}
    twice = [{"type": "divider", "block_id": "a"}] * 2
    long_title = {**FORM, "title": {"type": "plain_text", "text": "x" * 25}}

    assert check_message([divider] * 51) == ["[ERROR] no more than 50 items allowed [json-pointer:/blocks]"]
    assert "`block_id` a already exists" in check_message(twice)[0]
    assert check_view({**FORM, "submit": None}) == [
        "[ERROR] missing required field: submit [json-pointer:/view]"
    ]
    assert "less than 25 characters" in check_view(long_title)[0]
    assert "less than 3001" in check_view({**FORM, "private_metadata": "x" * 3001})[0]


# ---------------------------------------------------------------- files


@contextmanager
def with_files(*, scopes: tuple[str, ...] = SCOPES) -> Iterator[tuple[SlackWorkspace, WebClient]]:
    slack = SlackWorkspace(scopes=scopes).start()
    try:
        seed_demo(slack)
        yield slack, WebClient(slack.state.bot_token, base_url=slack.api_url, retry_handlers=[])
    finally:
        slack.stop()


TWO_FILES = [
    {"filename": "a.md", "title": "a.md", "content": "# Tést"},
    {"filename": "b.json", "title": "b.json", "content": "{}"},
]


def test_two_files_come_into_a_thread_as_one_message() -> None:
    with with_files() as (slack, client):
        root = client.chat_postMessage(channel=SEC_INC, text="root")["ts"]
        client.files_upload_v2(channel=SEC_INC, thread_ts=root, file_uploads=TWO_FILES)

        [shared] = [m for m in slack.thread(SEC_INC, root) if m.files]
        assert [(f["name"], f["text"]) for f in shared.files] == [("a.md", "# Tést"), ("b.json", "{}")]
        assert shared.thread_ts == root


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(SlackApiError) as caught:
        call()
    return str(caught.value.response["error"])


def test_files_are_refused_as_slack_refuses_them() -> None:
    with with_files(scopes=tuple(s for s in SCOPES if s != "files:write")) as (_, client):
        assert refusal(lambda: client.files_getUploadURLExternal(filename="a", length=1)) == "missing_scope"
    with with_files() as (slack, client):
        assert (
            refusal(lambda: client.files_getUploadURLExternal(filename="", length=1)) == "invalid_arguments"
        )
        assert (
            refusal(lambda: client.files_getUploadURLExternal(filename="a", length=0)) == "invalid_arguments"
        )
        made = client.files_getUploadURLExternal(filename="a", length=1)

        def complete(file_id: str = made["file_id"], channel: str = SEC_INC, **more: str) -> str:
            files = [{"id": file_id, "title": "a"}]
            return refusal(
                lambda: client.files_completeUploadExternal(files=files, channel_id=channel, **more)  # type: ignore[arg-type]
            )

        assert complete("F0UNKNOWN1") == "file_not_found"
        assert complete() == "file_not_found", "announced, and never uploaded"
        with urllib.request.urlopen(urllib.request.Request(made["upload_url"], b"x")) as answer:
            assert answer.status == 200
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(urllib.request.Request(made["upload_url"], b"x"))
        assert complete(channel=ALICE) == "invalid_arguments", "a person is no channel here"
        assert complete(channel="C0NOWHERE1") == "channel_not_found"
        assert complete(thread_ts="1.1") == "invalid_thread_ts"
        slack.leave(SEC_INC, slack.state.bot_user_id)
        assert complete() in ("channel_not_found", "not_in_channel")
        slack.join(SEC_INC, slack.state.bot_user_id)
        client.files_completeUploadExternal(files=[{"id": made["file_id"], "title": "a"}], channel_id=SEC_INC)
        assert complete() == "file_not_found", "once"
        assert len([m for m in slack.messages(SEC_INC) if m.files]) == 1
