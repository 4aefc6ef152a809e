"""App Home: published when somebody opens it, and when they press Refresh. Its other buttons are those of the cards."""

from typing import Any

from slack_bolt import Ack, App, BoltContext

from bot.deps import Deps
from bot.home import Homes
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
