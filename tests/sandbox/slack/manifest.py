"""What the app may do in the workspace: scopes, commands, shortcuts and events of an app manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

MANIFEST = Path(__file__).resolve().parents[3] / "manifest.yml"
USUAL_SCOPES = (
    "commands",
    "chat:write",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "channels:read",
    "groups:read",
    "im:write",
    "files:write",
)


@dataclass(frozen=True)
class Manifest:
    """`None` for commands, shortcuts or events means: whatever is tried is known."""

    scopes: tuple[str, ...] = USUAL_SCOPES
    commands: Mapping[str, bool] | None = None  # name -> should_escape
    shortcuts: frozenset[str] | None = None
    events: frozenset[str] | None = None
    direct_messages: bool = True
    home: bool = True
    shown: Mapping[str, tuple[Mapping[str, str], ...]] = field(default_factory=dict)
    """What people are shown to choose from: of `commands` and `shortcuts`, the words of the manifest."""

    @classmethod
    def read(cls, path: Path = MANIFEST) -> Manifest:
        """The manifest at the root of the repository, or one that knows everything when there is none."""
        if not path.exists():
            return cls()
        document = yaml.safe_load(path.read_text())
        features = document.get("features") or {}
        return cls(
            scopes=tuple(((document.get("oauth_config") or {}).get("scopes") or {}).get("bot") or ()),
            commands={
                c["command"]: bool(c.get("should_escape")) for c in features.get("slash_commands") or ()
            },
            shortcuts=frozenset(s["callback_id"] for s in features.get("shortcuts") or ()),
            events=frozenset(_events(document.get("settings") or {})),
            direct_messages=bool((features.get("app_home") or {}).get("messages_tab_enabled", True)),
            home=bool((features.get("app_home") or {}).get("home_tab_enabled", False)),
            shown={
                "commands": _words(features.get("slash_commands"), "command", "usage_hint", "description"),
                "shortcuts": _words(features.get("shortcuts"), "callback_id", "name", "type", "description"),
            },
        )

    def knows_command(self, command: str) -> bool:
        return self.commands is None or command in self.commands

    def escapes(self, command: str) -> bool:
        return self.commands is None or self.commands.get(command, False)

    def knows_shortcut(self, callback_id: str) -> bool:
        return self.shortcuts is None or callback_id in self.shortcuts

    def subscribes(self, event: str) -> bool:
        return self.events is None or event in self.events


def _events(settings: Mapping[str, Any]) -> list[str]:
    return (settings.get("event_subscriptions") or {}).get("bot_events") or []


def _words(entries: Any, *names: str) -> tuple[Mapping[str, str], ...]:
    return tuple({name: str(entry.get(name) or "") for name in names} for entry in entries or ())
