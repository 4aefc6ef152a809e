"""Who is asking, from where, and was it seen before? Bolt middleware, once for every entry."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from slack_bolt import BoltContext, BoltRequest, BoltResponse

from bot import origin, seen
from bot.bucket import TOO_MUCH, Bucket
from bot.deps import Deps
from bot.prompt import Prompt, Question, Questions
from workers.domain.actor import Actor
from workers.ports import OurApp, SlackPerson
from workers.service.intake import Authority
from workers.service.intake.authority import UNSURE

logger = logging.getLogger(__name__)

REMEMBER = timedelta(minutes=15)
"""Longer than the five minutes for which a signature stays valid."""

OURSELVES: Question = ("ourselves",)


@dataclass(frozen=True)
class Guard:
    """The middleware. Lets a request through with `context["authority"]`, or answers it and stops it there.

    What Slack has not said yet (which app we are, who somebody is) turns nobody away who is named by their own id:
    a doubt must not bar a first denial. A user group gives rights only while Slack names its members.
    """

    deps: Deps
    prompt: Prompt = field(default_factory=Prompt)
    bucket: Bucket = field(default_factory=Bucket)

    def __call__(
        self, context: BoltContext, body: dict[str, Any], req: BoltRequest, next: Callable[[], BoltResponse]
    ) -> BoltResponse | None:
        if origin.by_a_machine(body):
            return BoltResponse(status=200, body="")
        user_id = context.user_id or ""
        if self.deps.rules.caps is not None and not self.bucket.takes(user_id):
            return self._too_much(context, body, user_id)
        ours: OurApp | None = self.prompt.known(OURSELVES)
        if why := origin.misdirected(body, context, ours):
            return refuse(context, body, why)
        asks_only = seen.asks_only(req, body)
        if not asks_only and not self.deps.store.first_sight(seen.key(req, body), REMEMBER):
            logger.info("request_seen_before")
            return BoltResponse(status=200, body="")
        person, authority = self._who(user_id)
        if why := origin.not_of_here(body, context, ours, person):
            return refuse(context, body, why)
        if authority.unsure and not (authority.responder or authority.approver):
            return refuse(context, body, UNSURE)
        context["authority"] = authority
        context["workspace"] = origin.workspace(body, ours)
        return next()

    def refresh(self) -> None:
        """Ask anew who is in the groups, and until it is known which app we are: nobody at 3 a.m. waits for it."""
        ours: OurApp | None = self.prompt.known(OURSELVES)
        asked: Questions = {} if ours and ours.app_id else {OURSELVES: self.deps.people.ourselves}
        self.prompt.refresh({**self._groups(), **asked})

    def _too_much(self, context: BoltContext, body: dict[str, Any], user_id: str) -> BoltResponse:
        logger.warning("too_many_requests", extra={"user": user_id})
        if not answered_at_once(body) and not self.bucket.may_tell(user_id):
            return BoltResponse(status=200, body="")
        return refuse(context, body, TOO_MUCH)

    def _groups(self) -> Questions:
        listed = {*self.deps.responders, *self.deps.approvers}
        groups = sorted(item for item in listed if item.startswith("S"))
        return {("group", group): partial(self.deps.people.group, group) for group in groups}

    def _who(self, user_id: str) -> tuple[SlackPerson | None, Authority]:
        """By id, which needs no Slack; by user group, which does."""
        groups, them = self._groups(), ("person", user_id)
        asked: Questions = {them: partial(self.deps.people.person, user_id)} if user_id else {}
        answers = self.prompt.answers({**groups, **asked})
        mine = {user_id, *(group[1] for group in groups if user_id in answers.get(group, ()))}
        person = (answers[them] or _nobody(user_id)) if them in answers else None
        return person, Authority(
            actor=_actor(user_id, person),
            responder=bool(mine & set(self.deps.responders)),
            approver=bool(mine & set(self.deps.approvers)),
            unsure=not groups.keys() <= answers.keys(),
        )


def _nobody(user_id: str) -> SlackPerson:
    """Somebody of whom Slack says that it knows nobody of this id."""
    return SlackPerson(id=user_id, name=user_id, email=None, is_stranger=True)


def _actor(user_id: str, person: SlackPerson | None) -> Actor:
    if person is None:
        return Actor(kind="slack", id=user_id, name=user_id)
    return Actor(kind="slack", id=user_id, name=person.name, email=(person.email or "").lower())


def answered_at_once(body: dict[str, Any]) -> bool:
    """Whether the answer to the request itself can say something; to a click it cannot."""
    return "command" in body or body.get("type") == "view_submission"


def refuse(context: BoltContext, body: dict[str, Any], sentence: str) -> BoltResponse:
    """Answer in words: a command by its own answer, a form beside its first field, anybody else by a whisper."""
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
