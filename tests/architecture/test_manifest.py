"""manifest.yml asks for what the code uses: no less, no more, and within Slack's limits."""

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk import WebClient

from tests.architecture.listeners import registered

ROOT = Path(__file__).parents[2]
MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text())

SCOPES_OF: dict[str, set[str]] = {
    "auth_test": set(),
    "bots_info": {"users:read"},
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_members": {"channels:read", "groups:read"},
    "files_upload_v2": {"files:write"},
    "usergroups_users_list": {"usergroups:read"},
    "users_info": {"users:read", "users:read.email"},
    "users_lookupByEmail": {"users:read.email"},
    "views_open": set(),
    "views_publish": set(),
}
"""What each Web API method needs. Source: the method's page in Slack's API reference, "Required scopes"; an e-mail
in users.info needs users:read.email (users.info, "Email addresses")."""

FAMILIES = re.compile(r"(apps|auth|bookmarks|bots|calls|canvases|chat|conversations|dnd|files|pins|reactions|reminders|"
                      r"team|usergroups|users|views)_\w+")  # fmt: skip


def called_methods() -> set[str]:
    """Every Web API method named in the source of bot and workers."""
    found = set()
    for path in [*(ROOT / "bot").rglob("*.py"), *(ROOT / "workers").rglob("*.py")]:
        names = {
            node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)
        }
        found |= {name for name in names if FAMILIES.fullmatch(name) and hasattr(WebClient, name)}
    return found


def commands() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = MANIFEST["features"].get("slash_commands", [])
    return listed


def shortcuts() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = MANIFEST["features"].get("shortcuts", [])
    return listed


def events() -> list[str]:
    listed: list[str] = MANIFEST["settings"].get("event_subscriptions", {}).get("bot_events", [])
    return listed


def scopes() -> list[str]:
    listed: list[str] = MANIFEST["oauth_config"]["scopes"]["bot"]
    return listed


def test_every_method_that_the_code_calls_is_in_the_table_of_scopes() -> None:
    assert called_methods() == set(SCOPES_OF)


def test_the_scopes_are_exactly_those_that_the_code_needs() -> None:
    needed = set[str]().union(*(SCOPES_OF[method] for method in called_methods()))
    if commands() or shortcuts():
        needed.add("commands")
    if "app_mention" in events():
        needed.add("app_mentions:read")
    assert set(scopes()) == needed
    assert len(scopes()) == len(set(scopes()))


def test_commands_of_the_manifest_are_those_that_have_a_listener() -> None:
    assert {command["command"] for command in commands()} == registered().commands


def test_shortcuts_of_the_manifest_are_those_that_have_a_listener() -> None:
    assert {shortcut["callback_id"] for shortcut in shortcuts()} == registered().shortcuts


def test_events_of_the_manifest_are_those_that_have_a_listener() -> None:
    assert set(events()) == registered().events


def test_a_mention_arrives_as_a_user_id() -> None:
    assert all(command["should_escape"] is True for command in commands())


def test_buttons_reach_the_bot_and_socket_mode_is_on() -> None:
    assert MANIFEST["settings"]["interactivity"]["is_enabled"] is True
    assert MANIFEST["settings"]["socket_mode_enabled"] is True


def test_no_address_is_named_because_socket_mode_needs_none() -> None:
    """With one in it, the manifest would send the requests of everybody who installs the app to that address."""
    assert "url" not in str(MANIFEST).replace("redirect_urls", "")


def test_one_person_can_be_told_alone() -> None:
    """A message to a user id opens the messages tab; without it chat.postMessage answers messages_tab_disabled."""
    assert MANIFEST["features"]["app_home"]["messages_tab_enabled"] is True


def test_the_home_tab_is_on_only_where_somebody_fills_it() -> None:
    assert MANIFEST["features"]["app_home"]["home_tab_enabled"] is ("app_home_opened" in registered().events)


def within(least: int, text: str, most: int) -> bool:
    return least <= len(text) <= most


@pytest.mark.parametrize("command", commands(), ids=lambda command: command["command"])
def test_commands_are_within_the_limits(command: dict[str, Any]) -> None:
    """Source: Slack's page "App manifest reference", features.slash_commands."""
    assert re.fullmatch(r"/[a-z0-9_-]+", command["command"])
    assert within(2, command["command"], 32)
    assert within(1, command["description"], 2000)
    assert within(0, command.get("usage_hint", ""), 1000)


@pytest.mark.parametrize("shortcut", shortcuts(), ids=lambda shortcut: shortcut["callback_id"])
def test_shortcuts_are_within_the_limits(shortcut: dict[str, Any]) -> None:
    """Source: Slack's page "App manifest reference", features.shortcuts."""
    assert shortcut["type"] in ("message", "global")
    assert within(1, shortcut["name"], 24)
    assert within(1, shortcut["callback_id"], 255)
    assert within(1, shortcut["description"], 150)


def test_counts_are_within_the_limits() -> None:
    """Source: Slack's page "App manifest reference": commands, shortcuts, scopes, bot events."""
    assert len(commands()) <= 50
    assert len(shortcuts()) <= 10
    assert len(scopes()) <= 255
    assert len(events()) <= 100


def test_names_are_within_the_limits() -> None:
    """Source: Slack's page "App manifest reference", display_information and features.bot_user."""
    shown = MANIFEST["display_information"]
    assert within(1, shown["name"], 35)
    assert within(0, shown.get("description", ""), 140)
    assert "long_description" not in shown or within(175, shown["long_description"], 4000)
    assert re.fullmatch(r"#[0-9a-fA-F]{6}", shown["background_color"])
    assert re.fullmatch(r"[a-z0-9_.-]{1,80}", MANIFEST["features"]["bot_user"]["display_name"])
