"""Who and where: people, channels and user groups, and how the Web API shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    real_name: str
    email: str | None
    team_id: str
    deleted: bool = False
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False

    def as_api(self, with_email: bool) -> Json:
        return {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.deleted,
            "real_name": self.real_name,
            "profile": self._profile(with_email),
            "is_bot": self.is_bot,
            "is_app_user": False,
            "updated": 1_700_000_000,
            **self._standing(),
        }

    def _profile(self, with_email: bool) -> Json:
        profile: Json = {
            "real_name": self.real_name,
            "display_name": self.name,
            "real_name_normalized": self.real_name,
            "display_name_normalized": self.name,
            "team": self.team_id,
        }
        if self.email and with_email and not self.is_stranger:
            profile["email"] = self.email
        return profile

    def _standing(self) -> Json:
        """Slack leaves these out for a deactivated person, and says `is_stranger` of strangers alone."""
        stranger = {"is_stranger": True} if self.is_stranger else {}
        if self.deleted:
            return stranger
        return {
            "tz": "Etc/UTC",
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.is_restricted or self.is_ultra_restricted,
            "is_ultra_restricted": self.is_ultra_restricted,
            **stranger,
        }


@dataclass
class Channel:
    id: str
    name: str
    members: list[str]
    is_private: bool = True
    is_ext_shared: bool = False
    is_archived: bool = False
    is_im: bool = False
    pins: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The prefix of the scopes that read it."""
        if self.is_im:
            return "im"
        return "groups" if self.is_private else "channels"

    @property
    def name_in_payload(self) -> str:
        """A private channel's name is not given away in what is sent to apps."""
        if self.is_im:
            return "directmessage"
        return "privategroup" if self.is_private else self.name

    def as_api(self, bot_user_id: str, team_id: str) -> Json:
        if self.is_im:
            other = next((m for m in self.members if m != bot_user_id), "")
            return {
                "id": self.id,
                "is_im": True,
                "user": other,
                "is_archived": self.is_archived,
                "created": 1_700_000_000,
            }
        return {
            "id": self.id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.is_private,
            "is_group": False,
            "is_im": False,
            "is_mpim": False,
            "is_private": self.is_private,
            "is_archived": self.is_archived,
            "is_general": self.name == "general",
            "is_shared": self.is_ext_shared,
            "is_ext_shared": self.is_ext_shared,
            "is_org_shared": False,
            "is_member": bot_user_id in self.members,
            "context_team_id": team_id,
            "created": 1_700_000_000,
            "creator": self.members[0] if self.members else "",
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }


@dataclass
class Group:
    id: str
    handle: str
    members: list[str]

    def as_api(self, team_id: str, include_users: bool, include_count: bool) -> Json:
        group: Json = {
            "id": self.id,
            "team_id": team_id,
            "is_usergroup": True,
            "name": self.handle,
            "handle": self.handle,
            "description": "",
            "is_external": False,
            "date_create": 1_700_000_000,
            "date_update": 1_700_000_000,
            "date_delete": 0,
            "auto_type": None,
            "prefs": {"channels": [], "groups": []},
        }
        group |= {"users": list(self.members)} if include_users else {}
        return group | ({"user_count": len(self.members)} if include_count else {})
