"""Who did something."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who did something: a Slack person (`U...`), somebody at a terminal, or the product itself."""

    kind: Literal["slack", "terminal", "system"]
    id: str
    name: str = ""


SYSTEM = Actor(kind="system", id="revoke-bot", name="the bot")
