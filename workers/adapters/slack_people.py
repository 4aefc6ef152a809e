"""Who is who in Slack. Reads only.

Source: Slack API reference, users.info, conversations.*, usergroups.users.list, auth.test, bots.info.
"""

from typing import Any
from urllib.parse import urlsplit

from slack_sdk import WebClient

from workers.adapters.slack_calls import slack_answers, web_client
from workers.domain.errors import SlackRefused
from workers.ports import OurApp, SlackPerson, SlackRoom


class SlackDirectory:
    """See `workers.ports.SlackPeople`. Nothing is cached here."""

    def __init__(self, client: WebClient) -> None:
        self._client = client

    @classmethod
    def connected(cls, token: str, url: str, *, timeout: int = 5) -> "SlackDirectory":
        return cls(web_client(token, url, timeout=timeout))

    def person(self, slack_id: str) -> SlackPerson | None:
        try:
            with slack_answers():
                return _person(self._client.users_info(user=slack_id)["user"])
        except SlackRefused as refusal:
            if refusal.code in ("user_not_found", "user_not_visible"):
                return None
            raise

    def by_email(self, email: str) -> SlackPerson | None:
        """Slack finds only active accounts this way."""
        try:
            with slack_answers():
                return _person(self._client.users_lookupByEmail(email=email)["user"])
        except SlackRefused as refusal:
            if refusal.code == "users_not_found":
                return None
            raise

    def room(self, channel: str) -> SlackRoom:
        with slack_answers():
            info: dict[str, Any] = self._client.conversations_info(channel=channel)["channel"]
        shared = any(info.get(key) for key in ("is_ext_shared", "is_pending_ext_shared", "is_org_shared"))
        return SlackRoom(
            id=channel,
            name=str(info.get("name") or channel),
            is_private=bool(info.get("is_private")) and not info.get("is_im"),
            is_shared=shared,
            is_member=bool(info.get("is_member")),
            is_archived=bool(info.get("is_archived")),
        )

    def members(self, channel: str) -> frozenset[str]:
        found, cursor = set[str](), ""
        while True:
            with slack_answers():
                page = self._client.conversations_members(channel=channel, limit=1000, cursor=cursor)
            found.update(page["members"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return frozenset(found)

    def group(self, group_id: str) -> frozenset[str]:
        with slack_answers():
            return frozenset(self._client.usergroups_users_list(usergroup=group_id)["users"])

    def ourselves(self) -> OurApp:
        with slack_answers():
            told = self._client.auth_test()
            return OurApp(
                app_id=self._app_id(told.get("bot_id")),
                team_id=str(told["team_id"]),
                enterprise_id=told.get("enterprise_id") or None,
                org_wide=bool(told.get("is_enterprise_install")),
                workspace=_workspace(str(told.get("url") or "")),
            )

    def _app_id(self, bot_id: str | None) -> str | None:
        """Raises SlackAway; None where Slack will not tell."""
        try:
            with slack_answers():
                return str(self._client.bots_info(bot=bot_id)["bot"]["app_id"]) if bot_id else None
        except SlackRefused:
            return None


def _workspace(url: str) -> str:
    """Of `https://example.slack.com/`, or on Enterprise Grid `https://example.enterprise.slack.com/`."""
    host = urlsplit(url).hostname or ""
    return host.removesuffix(".slack.com") if host.endswith(".slack.com") else ""


def _person(user: dict[str, Any]) -> SlackPerson:
    profile = user.get("profile") or {}
    return SlackPerson(
        id=str(user["id"]),
        name=str(user.get("real_name") or profile.get("real_name") or user.get("name") or user["id"]),
        email=profile.get("email") or None,
        deleted=bool(user.get("deleted")),
        # Not `is_app_user`: that says that somebody has signed in to our own app.
        is_bot=bool(user.get("is_bot") or user.get("is_workflow_bot")) or user["id"] == "USLACKBOT",
        is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        is_stranger=bool(user.get("is_stranger")),
        team_id=user.get("team_id"),
        teams=frozenset((user.get("enterprise_user") or {}).get("teams") or ()),
    )
