"""App Home: published when somebody opens it, and when they press Refresh. Its other buttons are those of the cards."""

from collections.abc import Mapping
from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot.deps import Deps
from bot.home import Homes
from bot.origin import part
from workers.cards.home import REFRESH


def register(app: App, deps: Deps) -> None:
    homes = Homes(deps)

    def opened(event: dict[str, Any], body: dict[str, Any], context: BoltContext) -> None:
        if event.get("tab") == "home":  # the messages tab is opened by the same event
            homes.show(context, body)

    def refresh(ack: Ack, body: dict[str, Any], context: BoltContext) -> None:
        ack()
        homes.show(context, body)

    app.event("app_home_opened")(opened)
    app.action(REFRESH)(refresh)


def only_looks(body: Mapping[str, Any]) -> bool:
    """Whether somebody opened the page, or had it read anew: nothing could have been recorded by it."""
    pressed = (one.get("action_id") for one in body.get("actions") or () if isinstance(one, Mapping))
    return part(body, "event").get("type") == "app_home_opened" or REFRESH in pressed
