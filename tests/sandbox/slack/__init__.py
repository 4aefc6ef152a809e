"""A pretend Slack workspace: the Web API, signed HTTP, Socket Mode and people who type and click."""

from tests.sandbox.slack.answers import Ack
from tests.sandbox.slack.state import CannotAct, Message
from tests.sandbox.slack.workspace import SlackWorkspace

__all__ = ["Ack", "CannotAct", "Message", "SlackWorkspace"]
