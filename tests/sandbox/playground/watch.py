"""Tells the page when something changed in the pretend AWS, which tells nobody by itself."""

import json
from contextlib import suppress
from threading import Event, Thread
from typing import Any

from tests.sandbox.aws.pretend import PretendAws
from tests.sandbox.slack.workspace import SlackWorkspace

EVERY = 0.25
CALLS = 120


class Watch:
    """Looks while somebody has the page open."""

    def __init__(self, aws: PretendAws, slack: SlackWorkspace) -> None:
        self._aws, self._slack = aws, slack
        self._stop = Event()
        self._last = ""
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def state(self) -> dict[str, Any]:
        """The pretend AWS as it is now; of each call what the page shows."""
        state = self._aws.state(journal=CALLS)
        return state | {"journal": [_shown(call) for call in state["journal"]]}

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            if self._slack.state.watchers:
                with suppress(OSError, RuntimeError):
                    self._look()

    def _look(self) -> None:
        seen = json.dumps(self.state(), sort_keys=True)
        if seen != self._last:
            self._last = seen
            self._slack.state.changed("aws")


def _shown(call: dict[str, Any]) -> dict[str, Any]:
    kept = ("service", "operation", "at", "status", "code", "request_id")
    return {name: call[name] for name in kept} | {"about": _about(call["params"])}


def _about(params: dict[str, Any]) -> str:
    """The one thing that a call is about, as far as its parameters name one."""
    for name in ("PrincipalId", "UserId", "MemberId", "AccountId", "TargetId", "PolicyId", "ChildId"):
        value = params.get(name)
        if isinstance(value, dict):
            value = next(iter(value.values()), None)
        if isinstance(value, str):
            return value
    return ""
