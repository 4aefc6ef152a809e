"""Who did something."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who did something: a Slack person (`U...`), somebody at a terminal, or the product itself."""

    kind: Literal["slack", "terminal", "system"]
    id: str
    name: str = ""
    email: str = field(default="", compare=False)
    """As Slack had it then: by it, too, somebody is known as the target. Empty where Slack did not tell."""


SYSTEM = Actor(kind="system", id="revoke-bot", name="the bot")
