"""Who is asking, from where, and was it seen before? Bolt middleware, once for every entry."""

import hashlib
import json
import logging
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from slack_bolt import BoltContext, BoltRequest, BoltResponse

from bot.deps import Deps
from bot.prompt import Prompt
from workers.domain.actor import Actor
from workers.ports import SlackPerson
from workers.service.intake import Authority

logger = logging.getLogger(__name__)

REMEMBER = timedelta(minutes=15)
"""Longer than the five minutes for which a signature stays valid."""


UNSURE = (
    "Slack did not say in time who is a responder, so nothing was done. Try again in a few seconds. If it must be "
    "now: `python -m workers revoke USER_NAME --reason ...` at a terminal."
)


@dataclass(frozen=True)
class Guard:
    """The middleware. Lets a request through with `context["authority"]`, or answers it and stops it there."""

    deps: Deps
    prompt: Prompt = field(default_factory=Prompt)

    def __call__(
        self, context: BoltContext, body: dict[str, Any], req: BoltRequest, next: Callable[[], BoltResponse]
    ) -> BoltResponse | None:
        if not self.deps.store.first_sight(_key(req, body), REMEMBER):
            logger.info("request_seen_before")
            return BoltResponse(status=200, body="")
        user_id = context.user_id or ""
        if _stranger(body):
            return refuse(context, body, "You are not of this workspace, so you have no say here.")
        person, authority, sure = self._who(user_id)
        if person is not None and (person.is_guest or person.is_stranger or person.is_bot or person.deleted):
            return refuse(context, body, "Only full members of this workspace may use this.")
        if not (authority.responder or authority.approver or sure):
            return refuse(context, body, UNSURE)
        context["authority"] = authority
        return next()

    def refresh(self) -> None:
        """Read the groups anew, so that nobody at 3 a.m. waits for Slack to say who is a responder."""
        self.prompt.refresh(self._groups())

    def _groups(self) -> dict[Hashable, Callable[[], Any]]:
        listed = {*self.deps.responders, *self.deps.approvers}
        groups = sorted(item for item in listed if item.startswith("S"))
        return {("group", group): partial(self.deps.people.group, group) for group in groups}

    def _who(self, user_id: str) -> tuple[SlackPerson | None, Authority, bool]:
        """By id, which needs no Slack; by user group, which does. Last: whether Slack named every group."""
        groups = self._groups()
        ask_person = partial(self.deps.people.person, user_id)
        answers = self.prompt.answers({**groups, ("person", user_id): ask_person})
        mine = {user_id, *(str(key[1]) for key in groups if user_id in answers.get(key, ()))}  # type: ignore[index]
        person: SlackPerson | None = answers.get(("person", user_id))
        authority = Authority(
            actor=Actor(kind="slack", id=user_id, name=person.name if person else user_id),
            responder=bool(mine & set(self.deps.responders)),
            approver=bool(mine & set(self.deps.approvers)),
        )
        return person, authority, groups.keys() <= answers.keys()


def _key(req: BoltRequest, body: dict[str, Any]) -> str:
    """What makes this request itself: its signature, or in Socket Mode its whole payload."""
    signature = req.headers.get("x-slack-signature", [""])[0]
    text = signature + req.raw_body if signature else json.dumps(body, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _stranger(body: dict[str, Any]) -> bool:
    """Slack Connect lets people of other workspaces press our buttons; their own team tells."""
    user, team = body.get("user"), body.get("team")
    if not isinstance(user, dict) or not isinstance(team, dict):
        return False
    theirs = user.get("team_id")
    return theirs is not None and theirs not in (team.get("id"), team.get("enterprise_id"))


def refuse(context: BoltContext, body: dict[str, Any], sentence: str) -> BoltResponse:
    """Answer in words: a command by its own answer, a form beside its first field, a click by its response_url."""
    if "command" in body:
        return BoltResponse(status=200, body=sentence)
    if body.get("type") == "view_submission":
        return BoltResponse(status=200, body=_beside_a_field(body, sentence), headers={"content-type": _JSON})
    context["whisper"](sentence)
    return BoltResponse(status=200, body="")


_JSON = "application/json;charset=utf-8"


def _beside_a_field(body: dict[str, Any], sentence: str) -> str:
    """The form stays open with all that was typed. Slack takes errors for input blocks only; ours all have one."""
    blocks = (body.get("view") or {}).get("blocks") or []
    fields = [block["block_id"] for block in blocks if block.get("type") == "input"]
    return json.dumps({"response_action": "errors", "errors": {fields[0]: sentence}}) if fields else ""
