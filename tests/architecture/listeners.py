"""What the bot listens for, learnt from its own `register` functions."""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, cast

from slack_bolt import App

from bot import listeners
from bot.deps import Deps


@dataclass
class Registered:
    """Takes Bolt's place while the listeners register, and keeps their names."""

    commands: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)
    shortcuts: set[str] = field(default_factory=set)
    views: set[str] = field(default_factory=set)
    options_: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)

    def command(self, name: str) -> Callable[[Any], Any]:
        return _noting(self.commands, name)

    def action(self, name: Any) -> Callable[[Any], Any]:
        return _noting(self.actions, name)

    block_action = action

    def shortcut(self, name: Any) -> Callable[[Any], Any]:
        return _noting(self.shortcuts, name)

    global_shortcut = message_shortcut = shortcut

    def view(self, name: Any) -> Callable[[Any], Any]:
        return _noting(self.views, name)

    view_submission = view_closed = view

    def options(self, name: Any) -> Callable[[Any], Any]:
        return _noting(self.options_, name)

    def event(self, name: Any) -> Callable[[Any], Any]:
        return _noting(self.events, name)


def _noting(kept: set[str], name: Any) -> Callable[[Any], Any]:
    text = (
        next((name[key] for key in ("action_id", "callback_id", "type") if key in name), "")
        if isinstance(name, dict)
        else name
    )
    assert isinstance(text, str), f"a listener is registered under {name!r}: give it one exact name"
    assert text, f"a listener is registered under {name!r}: give it one exact name"
    kept.add(text)
    return lambda listener: listener


def modules() -> list[str]:
    """The listener modules, by their dotted names."""
    return [f"bot.listeners.{module.name}" for module in pkgutil.iter_modules(listeners.__path__)]


def registered() -> Registered:
    """Everything that the listeners register."""
    seen = Registered()
    for name in modules():
        import_module(name).register(cast(App, seen), cast(Deps, None))
    return seen
