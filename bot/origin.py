"""Where a request comes from: our app, our workspace, and somebody who is a full member of it. Pure.

Source: Slack's pages "Interaction payloads" and "Slash commands" (api_app_id, team, user.team_id), and users.info.
"""

from collections.abc import Mapping
from typing import Any

from slack_bolt import BoltContext

from workers.ports import OurApp, SlackPerson

OTHER_APP = "This came by another Slack app than the one whose token the bot has, so nothing was done."
OTHER_WORKSPACE = "You are not of this workspace, so you have no say here."
NO_MEMBER = "Only full members of this workspace may use this."


def part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The part of a payload that has this name; empty where there is none, or something else than Slack sends."""
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def misdirected(body: Mapping[str, Any], context: BoltContext, ours: OurApp | None) -> str | None:
    """Why nobody at all is let in who comes this way, as a sentence; None: it is our app, in our workspace.

    `ours` is None where Slack has not told it yet: that alone turns nobody away.
    """
    if ours is None:
        return None
    if ours.app_id is not None and body.get("api_app_id") != ours.app_id:
        return OTHER_APP
    at_home = (
        context.enterprise_id == ours.enterprise_id if ours.org_wide else context.team_id == ours.team_id
    )
    return None if at_home else OTHER_WORKSPACE


def not_of_here(
    body: Mapping[str, Any], context: BoltContext, ours: OurApp | None, person: SlackPerson | None
) -> str | None:
    """Why this person is not let in, as a sentence; None: they may be, or Slack has not said who they are.

    Slack Connect lets people of other workspaces press our buttons; their own team tells.
    """
    homes = _homes(context, ours)
    here = person is not None and bool(person.teams & homes)
    named = {_own_team(body), person.team_id if person else None} - {None}
    if named - homes and not here:
        return OTHER_WORKSPACE
    if person and (person.is_guest or person.is_stranger or person.is_bot or person.deleted):
        return NO_MEMBER
    return None


def _homes(context: BoltContext, ours: OurApp | None) -> frozenset[str]:
    """On Enterprise Grid somebody's own team may be given as the organization's id."""
    known = {ours.team_id, ours.enterprise_id} if ours else {context.team_id, context.enterprise_id}
    known |= {context.team_id} if ours and ours.org_wide else set()
    return frozenset(team for team in known if team)


def _own_team(body: Mapping[str, Any]) -> str | None:
    team = part(body, "user").get("team_id") or part(body, "event").get("user_team")
    return str(team) if team else None


def by_a_machine(body: Mapping[str, Any]) -> bool:
    """Whether a message event is of a bot, or tells of a change: nobody asks for anything by it.

    Source: Slack's pages "message event" (subtypes, hidden) and "bot_message".
    """
    event = part(body, "event")
    changes = ("bot_message", "message_changed", "message_deleted")
    return bool(event.get("bot_id") or event.get("hidden") or event.get("subtype") in changes)


def workspace(body: Mapping[str, Any], ours: OurApp | None) -> str:
    """The domain of the workspace, for links; empty where nobody said."""
    told = body.get("team_domain") or part(body, "team").get("domain")
    return str(told or (ours.workspace if ours else ""))
