"""Doctor's checks of what the follow-ups and the look back need beside AWS's rights."""

from collections.abc import Iterator

from workers import bootstrap
from workers.cli.terminal import Terminal
from workers.service.doctor import Finding, ok


def scim(at: Terminal) -> Iterator[Finding]:
    """The token is accepted. Nobody is changed, so whether it may change somebody is not tried."""
    found = bootstrap.build_scim(at.settings)
    if found is None:
        yield ok("SCIM: not set, so a person disables sign-in")
        return
    found.try_token()
    yield ok("SCIM: answers, and the token is accepted (no user was changed)")


def look_back(at: Terminal) -> Iterator[Finding]:
    """Where the query for what a user did runs. Asked of nobody: a query costs."""
    settings = at.settings
    places = {
        "Athena table": settings.revoke_trail_table,
        "event data store": settings.revoke_event_data_store,
    }
    named = [f"{what} {where}" for what, where in places.items() if where]
    if named:
        yield ok(f"look back: {', '.join(named)} (not asked)")
    else:
        yield ok("look back: no trail is set, so the query is shown for a person to run")
