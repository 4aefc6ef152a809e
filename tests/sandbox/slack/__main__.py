"""`python -m tests.sandbox.slack --port N [--seed] [--events-url URL]`: the workspace until SIGTERM."""

from __future__ import annotations

import argparse
import json
import signal
import threading

from tests.sandbox.slack.seed import seed_demo
from tests.sandbox.slack.workspace import SlackWorkspace


def main() -> None:
    wanted = _arguments()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with SlackWorkspace(port=wanted.port) as workspace:
        workspace.events_url = wanted.events_url
        if wanted.seed:
            seed_demo(workspace)
        print(json.dumps(_introduction(workspace)), flush=True)
        stop.wait()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.slack", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", action="store_true", help="add the people and channels of the demo")
    parser.add_argument("--events-url", help="the app's request URL; without it, Socket Mode")
    return parser.parse_args()


def _introduction(workspace: SlackWorkspace) -> dict[str, str]:
    return {
        "api_url": workspace.api_url,
        "base_url": workspace.base_url,
        "bot_token": workspace.bot_token,
        "app_token": workspace.app_token,
        "signing_secret": workspace.signing_secret,
        "team_id": workspace.team_id,
        "bot_user_id": workspace.bot_user_id,
    }


if __name__ == "__main__":
    main()
