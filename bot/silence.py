"""Are the workers there? Without them nobody is looked up or denied, and a person must hear of it."""

from datetime import timedelta

from bot.deps import Deps
from workers.domain.errors import once_recorded

SILENT_AFTER = timedelta(seconds=30)
"""The reconciler leaves its mark about once a second."""


AT_A_TERMINAL = (
    "If it must be now: `python -m workers revoke USER_NAME --reason ...` at a terminal, or the Deny policy in the AWS "
    "console."
)


def silence(deps: Deps) -> str | None:
    """What to tell somebody who waits for the workers; None where they answered lately. Raises StoreAway."""
    silent = _silent_since(deps)
    if silent is None:
        return None
    return f"BUT: the workers {silent} It is recorded, and done once they run. {AT_A_TERMINAL}"


def silence_now(deps: Deps) -> str:
    """The same for whoever only looks; empty where the workers answered lately. Raises StoreAway."""
    silent = _silent_since(deps)
    return f"The workers {silent} {AT_A_TERMINAL}" if silent else ""


def _silent_since(deps: Deps) -> str | None:
    """The sentence's end, after "the workers"."""
    last = deps.store.marked("reconciled")
    if last is not None and deps.store.now() - last < SILENT_AFTER:
        return None
    since = f"since {last:%H:%M:%S} UTC" if last else "yet"
    return f"have not answered {since}, so nobody is looked up or denied now."


def silence_after(deps: Deps) -> str | None:
    """The same once something was recorded. Raises StoreUnsure."""
    with once_recorded():
        return silence(deps)
