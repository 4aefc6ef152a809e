"""Doctor's checks of the Slack app and of the people and channels that the settings name."""

from collections.abc import Iterator

from workers.adapters.slack_app import slack_app
from workers.cli.terminal import Terminal
from workers.domain.errors import SlackRefused
from workers.service import doctor
from workers.service.doctor import Check, Finding, fail, ok, warn

NEEDED = frozenset(
    {
        *("commands", "chat:write", "app_mentions:read"),
        *("users:read", "users:read.email", "channels:read", "groups:read"),
    }
)
FOR_REPORTS = frozenset({"files:write"})
FOR_GROUPS = frozenset({"usergroups:read"})
_NOT_VALID = frozenset({"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"})


def app(at: Terminal) -> Iterator[Finding]:
    """The token is valid, and what the app may do is what the code needs."""
    token, url = at.settings.slack_bot_token.get_secret_value(), at.settings.slack_api_url
    try:
        found = slack_app(token, url)
    except SlackRefused as refusal:
        if refusal.code not in _NOT_VALID:
            raise
        yield fail(f"Slack token: {refusal}", 'Copy SLACK_BOT_TOKEN anew from "OAuth & Permissions".')
        return
    yield ok(f"Slack token: valid for {found.name} in {found.team}")
    groups = any(slack_id.startswith("S") for slack_id in roles(at))
    missing = sorted((NEEDED | (FOR_GROUPS if groups else frozenset())) - found.scopes)
    if missing:
        yield fail(
            f"Slack scopes: {', '.join(missing)} missing.", "Add them to the app and install it again."
        )
    else:
        yield ok("Slack scopes: all that are needed")
    if FOR_REPORTS - found.scopes:
        yield warn(
            "Slack scopes: without files:write a report comes as text, cut where it is long.",
            "Add it to the app and install it again.",
        )


def people(at: Terminal) -> Iterator[tuple[str, Check]]:
    """A check for each id, so that one unknown person hides no other."""
    for slack_id, role in roles(at).items():
        yield (
            f"{role} {slack_id}",
            lambda slack_id=slack_id, role=role: doctor.person(at.world, role, slack_id),  # type: ignore[misc]
        )


def roles(at: Terminal) -> dict[str, str]:
    """Each person and user group of the settings, with what they may be."""
    found: dict[str, list[str]] = {}
    for role, ids in (("responder", at.world.rules.responders), ("approver", at.world.rules.approvers)):
        for slack_id in ids:
            found.setdefault(slack_id, []).append(role)
    return {slack_id: " and ".join(each) for slack_id, each in found.items()}
