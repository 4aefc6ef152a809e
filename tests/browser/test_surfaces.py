"""What the page draws of Slack beyond the bot's own cards: forms, suggestions, home, shortcuts; by a small app of its own."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from tests.sandbox.slack import SlackWorkspace
from tests.sandbox.slack.manifest import Manifest
from tests.sandbox.slack.seed import ALICE, SEC_INC, seed_demo

MANIFEST = Manifest(
    scopes=("chat:write", "commands"),
    commands={},
    shortcuts=frozenset({"new_note", "note_this"}),
    events=frozenset({"app_home_opened"}),
    shown={
        "shortcuts": (
            {"callback_id": "new_note", "name": "New note", "type": "global"},
            {"callback_id": "note_this", "name": "Note this", "type": "message"},
        )
    },
)


def words(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def asked(block_id: str, label: str, element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "block_id": block_id, "label": words(label), "element": element, **more}


def note() -> dict[str, Any]:
    person = {"type": "external_select", "action_id": "person", "min_query_length": 2}
    tags = {
        "type": "checkboxes",
        "action_id": "tags",
        "options": [{"text": words(one), "value": one} for one in ("red", "blue")],
    }
    return {
        "type": "modal",
        "callback_id": "note",
        "title": words("A note"),
        "submit": words("Save"),
        "blocks": [
            asked("text", "Text", {"type": "plain_text_input", "action_id": "text"}),
            asked("person", "About", person),
            asked("tags", "Tags", tags, optional=True),
        ],
    }


def told(title: str, text: str) -> dict[str, Any]:
    return {"type": "modal", "title": words(title), "blocks": [{"type": "section", "text": words(text)}]}


def small_app(workspace: SlackWorkspace) -> App:
    app = App(client=WebClient(workspace.bot_token, base_url=workspace.api_url), process_before_response=True)

    @app.shortcut("new_note")
    def _(ack: Any, client: WebClient, body: Any) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=note())

    @app.options("person")
    def _(ack: Any, payload: Any) -> None:
        known = [one for one in ("Ada Able", "Adam Ant") if one.startswith(payload["value"])]
        ack(options=[{"text": words(one), "value": one} for one in known])

    @app.view("note")
    def _(ack: Any, view: Any) -> None:
        values = view["state"]["values"]
        text = values["text"]["text"]["value"]
        if text == "short":
            ack(response_action="errors", errors={"text": "Say more than that."})
        elif text == "more":
            ack(response_action="push", view=told("On top", "One more thing"))
        else:
            chosen = [one["value"] for one in values["tags"]["tags"]["selected_options"]]
            about = values["person"]["person"]["selected_option"]["value"]
            ack(response_action="update", view=told("Saved", f"{text} / {about} / {', '.join(chosen)}"))

    @app.shortcut("note_this")
    def _(ack: Any, client: WebClient, body: Any) -> None:
        ack()
        said = body["message"]["text"]
        client.chat_postEphemeral(
            channel=body["channel"]["id"], user=body["user"]["id"], text=f"Noted: {said}"
        )

    @app.event("app_home_opened")
    def _(client: WebClient, event: Any) -> None:
        blocks = [{"type": "header", "text": words("Welcome home")}]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    return app


@pytest.fixture
def workspace() -> Iterator[SlackWorkspace]:
    with SlackWorkspace(manifest=MANIFEST) as made:
        seed_demo(made)
        handler = SocketModeHandler(small_app(made), made.app_token)
        handler.connect()
        made.wait_for(lambda: made.connections)
        yield made
        handler.close()


@pytest.fixture
def page(browser: Browser, workspace: SlackWorkspace) -> Iterator[Page]:
    made = browser.new_page()
    made.goto(f"{workspace.base_url}/?as={ALICE}&in={SEC_INC}")
    expect(made.locator("#team-name")).to_have_text("Sandbox")
    yield made
    made.close()


@pytest.fixture
def form(page: Page) -> Any:
    page.get_by_label("Shortcuts", exact=True).click()
    page.get_by_role("menuitem", name="New note").click()
    shown = page.locator("dialog#form[open]")
    expect(shown).to_be_visible()
    return shown


def chooses_ada(form: Any) -> None:
    form.get_by_label("About").press_sequentially("Ad")
    expect(form.get_by_role("option")).to_have_text(["Ada Able", "Adam Ant"])
    form.get_by_label("About").press("ArrowDown")
    form.get_by_label("About").press("Enter")
    expect(form.get_by_label("About")).to_have_value("Ada Able")


def test_a_workspace_without_aws_shows_slack_alone(page: Page) -> None:
    expect(page.locator("#aws")).to_be_hidden()
    expect(page.locator("#clock")).to_be_hidden()


def test_a_form_sends_what_was_filled_in_and_becomes_what_the_app_answers(form: Any) -> None:
    form.get_by_label("Text").fill("by hand")
    chooses_ada(form)
    form.get_by_label("blue").check()
    form.get_by_role("button", name="Save").click()
    expect(form).to_contain_text("by hand / Ada Able / blue")
    expect(form.locator("h2")).to_have_text("Saved")


def test_what_the_app_refuses_is_said_beside_the_field_and_nothing_typed_is_lost(form: Any) -> None:
    form.get_by_label("Text").fill("short")
    chooses_ada(form)
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".wrong:visible")).to_have_text("Say more than that.")
    expect(form.get_by_label("Text")).to_be_focused()
    expect(form.get_by_label("About")).to_have_value("Ada Able")


def test_a_form_that_is_pushed_lies_on_top_and_escape_goes_back(page: Page, form: Any) -> None:
    form.get_by_label("Text").fill("more")
    chooses_ada(form)
    form.get_by_role("button", name="Save").click()
    expect(form.locator("h2")).to_have_text("On top")
    page.keyboard.press("Escape")
    expect(form.locator("h2")).to_have_text("A note")
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)


def test_the_apps_home_is_drawn_when_it_is_opened(page: Page) -> None:
    page.locator("#apps button").click()
    expect(page.locator("#messages h3")).to_have_text("Welcome home")


def test_a_shortcut_of_a_message_reaches_the_app_with_the_message(
    page: Page, workspace: SlackWorkspace
) -> None:
    said = workspace.say(ALICE, SEC_INC, "the lights are on")
    message = page.locator(f"#messages [data-ts='{said.ts}']")
    message.hover()
    message.get_by_label("Shortcuts for this message").click()
    page.get_by_role("menuitem", name="Note this").click()
    expect(page.locator("#messages .whisper")).to_contain_text("Noted: the lights are on")
