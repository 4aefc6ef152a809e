"""What the page asks the pretend workspace: what one person sees, and the files of the page itself."""

from collections.abc import Iterator
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.sandbox.slack import CannotAct, SlackWorkspace
from tests.sandbox.slack.answers import whisper
from tests.sandbox.slack.seed import ALICE, BOB, EVE, EXT, GENERAL, MALLORY, SEC_INC, SHARED, seed_demo
from tests.sandbox.slack.seen import seen


@pytest.fixture
def slack() -> Iterator[SlackWorkspace]:
    with SlackWorkspace() as made:
        seed_demo(made)
        yield made


def channels(slack: SlackWorkspace, user: str) -> list[str]:
    return [channel["id"] for channel in seen(slack.state, user)["channels"]]


def test_everybody_sees_their_own_channels_and_members_the_public_ones(slack: SlackWorkspace) -> None:
    assert channels(slack, ALICE) == [SEC_INC, GENERAL, SHARED]
    assert channels(slack, MALLORY) == [GENERAL]
    assert channels(slack, EVE) == channels(slack, EXT) == [SHARED]


def test_a_private_channel_is_hidden_with_all_that_is_said_there(slack: SlackWorkspace) -> None:
    slack.say(ALICE, SEC_INC, "for us alone")
    assert "for us alone" in str(seen(slack.state, BOB))
    assert "for us alone" not in str(seen(slack.state, MALLORY))


def test_what_is_for_one_person_is_shown_to_nobody_else(slack: SlackWorkspace) -> None:
    whisper(slack.state, SEC_INC, ALICE, "psst", blocks=[])
    assert [one["text"] for one in seen(slack.state, ALICE)["ephemerals"]] == ["psst"]
    assert seen(slack.state, BOB)["ephemerals"] == []


def test_an_edited_message_shows_its_latest_words_and_that_it_was_edited(slack: SlackWorkspace) -> None:
    said = slack.say(ALICE, SEC_INC, "before")
    slack.state.edit(said, text="after")
    shown: dict[str, Any] = seen(slack.state, BOB)["messages"][SEC_INC][0]
    assert (shown["text"], shown["edited"]) == ("after", 1)
    assert "before" not in str(shown)


def test_the_commands_come_with_the_words_of_the_manifest(slack: SlackWorkspace) -> None:
    (command,) = seen(slack.state, ALICE)["app"]["commands"]
    assert command["command"] == "/revoke"
    assert command["description"]
    assert command["usage_hint"].startswith("@user")


def test_nobody_sees_through_the_eyes_of_somebody_who_is_not_there(slack: SlackWorkspace) -> None:
    with pytest.raises(CannotAct):
        seen(slack.state, "U0NOBODY01")


def fetched(url: str) -> tuple[int, Message]:
    try:
        with urlopen(url, timeout=5) as answer:
            return answer.status, answer.headers
    except HTTPError as refused:
        return refused.code, refused.headers


@pytest.mark.parametrize("path", ["", "page/chat.js", "page/aws.js", "page/blocks.js", "page/style.css"])
def test_no_file_of_the_page_is_served_without_the_rules_that_keep_others_out(
    slack: SlackWorkspace, path: str
) -> None:
    status, headers = fetched(f"{slack.base_url}/{path}")
    assert status == 200
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["none.js", "..%2Fserver.py", "%2e%2e%2fserver.py"])
def test_no_other_file_is_served(slack: SlackWorkspace, name: str) -> None:
    assert fetched(f"{slack.base_url}/page/{name}")[0] == 404
