"""What a visitor may break, each with its way back."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from tests.sandbox.clock import MovedRedis
from tests.sandbox.installation import Installation
from workers.domain.deny_document import EMPTY

CONFLICT = {
    "code": "ConcurrentModificationException",
    "message": "The target of the operation is currently being modified by a different request.",
}
THROTTLED = {"code": "TooManyRequestsException", "message": "Rate exceeded"}
TIMES = 3


@dataclass(frozen=True)
class Switch:
    """`once`: pressed rather than switched; it ends by itself."""

    name: str
    label: str
    what: str
    watch: str
    is_on: Callable[[], bool]
    turn: Callable[[bool], None]
    once: bool = False

    def as_json(self) -> dict[str, Any]:
        shown = {name: getattr(self, name) for name in ("name", "label", "what", "watch", "once")}
        return shown | {"on": self.is_on()}


class Switches:
    """Safe to use from several threads; one thing is broken or mended at a time."""

    def __init__(self, installation: Installation, redis: MovedRedis) -> None:
        self._installation, self._redis = installation, redis
        self._aws, self._slack = installation.aws, installation.slack
        self._ordered: dict[str, dict[str, Any]] = {}
        self._lock = Lock()
        self.all = {switch.name: switch for switch in (*self._of_slack(), *self._of_aws(), *self._of_ours())}

    def turn(self, name: str, on: bool) -> None:
        """Raises KeyError where there is no such switch."""
        switch = self.all[name]
        with self._lock:
            if switch.once or switch.is_on() != on:
                switch.turn(on)
        self._slack.state.changed("demo")

    def as_json(self) -> list[dict[str, Any]]:
        return [switch.as_json() for switch in self.all.values()]

    def _of_slack(self) -> list[Switch]:
        return [
            Switch(
                "slack_down",
                "Slack is down",
                "Every call to Slack is answered with 503, and nobody can type or click.",
                "Whoever was confirmed before is denied all the same; the card catches up when Slack is back.",
                lambda: self._slack.state.faults.outage,
                lambda on: self._slack.outage() if on else self._slack.back(),
            )
        ]

    def _of_aws(self) -> list[Switch]:
        return [
            Switch(
                "aws_throttles",
                "AWS throttles",
                "Every call to AWS is refused with “Rate exceeded”.",
                "Nothing is called denied that is not. After 60 seconds the card says NOT DENIED and what to do.",
                lambda: self._armed("*"),
                lambda on: self._order("*", {**THROTTLED, "times": None} if on else None),
            ),
            Switch(
                "conflict",
                "Somebody else is writing",
                f"The next {TIMES} writes of a policy are refused: ConcurrentModificationException.",
                "The write is tried again until it is read back. Nobody else's change is overwritten.",
                lambda: self._armed("UpdatePolicy"),
                lambda on: self._order("UpdatePolicy", {**CONFLICT, "times": TIMES} if on else None),
            ),
            Switch(
                "by_hand",
                "Empty the deny list by hand",
                "Somebody takes every user ID out of the policy in AWS's console.",
                "Within 30 seconds they are back on the list, and the owner is told.",
                lambda: False,
                lambda on: self._aws.edit_policy(EMPTY),
                once=True,
            ),
            Switch(
                "broken",
                "Break the policy's shape by hand",
                "Somebody adds a condition to the Deny statement, so that it no longer denies for sure.",
                "The bot does not touch what it does not recognise: it says so and asks for a person.",
                lambda: EXTRA in self._aws.policy_text(),
                self._shape,
            ),
        ]

    def _of_ours(self) -> list[Switch]:
        return [
            Switch(
                "workers_killed",
                "Workers killed",
                "kill -9 of every worker: nobody talks to AWS until they are started again.",
                "A confirmed user is in the record; the deny is written as soon as a worker lives.",
                lambda: "workers" not in self._installation.processes,
                self._workers,
            ),
            Switch(
                "redis_killed",
                "Redis killed",
                "kill -9 of Redis: the bot cannot record anything, and says so.",
                "Nothing recorded is lost: each record is on disk before anybody is told of it.",
                lambda: not self._redis.running,
                lambda on: self._redis.kill() if on else self._restarted(),
            ),
        ]

    def _workers(self, killed: bool) -> None:
        if killed:
            self._installation.kill("workers")
        else:
            self._installation.start_workers()

    def _restarted(self) -> None:
        self._redis.start()

    def _armed(self, operation: str) -> bool:
        return any(fault["operation"] == operation for fault in self._aws.ask("faults"))

    def _order(self, operation: str, kind: dict[str, Any] | None) -> None:
        """AWS forgets all its faults at once, so those that stay are ordered again."""
        kept = [fault for fault in self._aws.ask("faults") if fault["operation"] != operation]
        self._aws.clear_faults()
        for fault in [*kept, *([{"operation": operation, **kind}] if kind else [])]:
            self._aws.ask("fault", **fault)

    def _shape(self, broken: bool) -> None:
        document = json.loads(self._aws.policy_text())
        for statement in document["Statement"]:
            conditions = statement.get("Condition", {})
            if any(key.lower() == "identitystore:userid" for key in conditions.get("StringEquals", {})):
                conditions.pop("Bool", None)
                conditions |= {"Bool": {EXTRA: "false"}} if broken else {}
        self._aws.edit_policy(json.dumps(document, separators=(",", ":")))


EXTRA = "aws:MultiFactorAuthPresent"
"""A condition that lets whoever used a second factor through."""
