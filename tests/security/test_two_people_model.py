"""Any order of acts by five people, who are targets too: no target and nobody denied changes a record, nobody comes off alone."""

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.sandbox.scripted import Scripted, scripted
from workers.domain.actor import Actor
from workers.domain.errors import Refused
from workers.domain.revocation import DirectoryUser, Revocation, State, TargetRef
from workers.domain.step import Kind
from workers.service import containment, identification, intake, standing_down
from workers.service import restore as restore_
from workers.service.intake import Authority, Request, Statement

PEOPLE = ("UANN", "UBEN", "UCAT", "UDOT", "UEVE")
OPEN = {State.CONFIRMED, State.DENIED, State.RELEASING, State.WATCHED}
"""Written out here, so that a mistake over there shows."""

_USER_IDS = {who: f"a1b2c3d4-aaaa-bbbb-cccc-{n:012}" for n, who in enumerate(PEOPLE)}

person = st.sampled_from(PEOPLE)
at_terminal = st.booleans()
pick = st.integers(0, 50)
step = st.sampled_from([Kind.SESSIONS, Kind.CREDENTIALS, Kind.DEVICE])


def figures() -> Iterator[str]:
    yield model(200, 40)


def model(runs: int, steps: int) -> str:
    """So many sequences of so many random acts."""
    acts = [0, 0, 0]

    class Counted(TwoPeople):
        def teardown(self) -> None:
            super().teardown()
            for n, count in enumerate((self.tried, self.barred, self.let_go)):
                acts[n] += count

    limits = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    run_state_machine_as_test(Counted, settings=limits)
    tried, barred, let_go = acts
    assert barred, "nobody who may not tried anything"
    return (
        f"{tried} random acts by {len(PEOPLE)} people who are targets too: {barred} by somebody with no say, 0 changed a "
        f"record; {let_go} releases carried out, each by two who had a say then, or at a terminal"
    )


class TwoPeople(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        folder = self._open.enter_context(tempfile.TemporaryDirectory())
        self.aws: Scripted = self._open.enter_context(
            scripted(Path(folder), responders=PEOPLE, approvers=PEOPLE)
        )
        self.aws.aws.by_user_id = _user  # type: ignore[method-assign]
        self.ids: list[str] = []
        self.tried = self.barred = self.let_go = 0

    def teardown(self) -> None:
        self._open.close()

    # what they do

    @rule(who=person, whom=person, terminal=at_terminal)
    def ask(self, who: str, whom: str, terminal: bool) -> None:
        ref = TargetRef(kind="user_id", value=_USER_IDS[whom], slack_id=whom)
        request = Request(targets=(ref,), reason="key leaked", channel="C0SECINC01")
        made = self._try(who, terminal, None, lambda a, _: intake.ask(self.store, a, request))
        if made is not None:
            assert terminal or who != whom
            [one] = made
            identification.identify(self.aws.world, one.revocation.id)
            if one.revocation.id not in self.ids:
                self.ids.append(one.revocation.id)

    @rule(who=person, n=pick, terminal=at_terminal)
    def confirm(self, who: str, n: int, terminal: bool) -> None:
        self._try(who, terminal, n, lambda a, id_: intake.confirm(self.store, a, id_, None))

    @rule(who=person, n=pick, terminal=at_terminal)
    def ask_release(self, who: str, n: int, terminal: bool) -> None:
        self._try(who, terminal, n, lambda a, id_: intake.ask_release(self.store, a, id_, "clear"))

    @rule(who=person, n=pick, terminal=at_terminal)
    def ask_false_alarm(self, who: str, n: int, terminal: bool) -> None:
        self._try(who, terminal, n, lambda a, id_: intake.ask_false_alarm(self.store, a, id_, "oops"))

    @rule(who=person, n=pick, terminal=at_terminal)
    def approve(self, who: str, n: int, terminal: bool) -> None:
        self._try(who, terminal, n, lambda a, id_: intake.approve(self.store, a, id_))

    @rule(who=person, n=pick)
    def break_glass(self, who: str, n: int) -> None:
        self._try(who, True, n, lambda a, id_: intake.break_glass(self.store, a, id_, "now"))

    @rule(who=person, n=pick, terminal=at_terminal, again=st.randoms(use_true_random=False))
    def anything_else(self, who: str, n: int, terminal: bool, again: random.Random) -> None:
        others: list[Callable[[Authority, str], Any]] = [
            lambda a, id_: intake.refuse(self.store, a, id_),
            lambda a, id_: intake.hold(self.store, a, id_, self.aws.world.rules.timing),
            lambda a, id_: intake.cancel(self.store, a, id_),
            lambda a, id_: intake.nudge(self.store, a, id_, PEOPLE),
            lambda a, id_: intake.deny_again(self.store, a, id_, None),
            lambda a, id_: intake.start_follow_ups(self.store, a, id_),
            lambda a, id_: intake.wait_follow_ups(self.store, a, id_),
            lambda a, id_: intake.retry(self.store, a, id_),
        ]
        made = self._try(who, terminal, n, again.choice(others))
        if isinstance(made, Revocation) and made.id not in self.ids:
            self.ids.append(made.id)

    @rule(who=person, n=pick, kind=step, terminal=at_terminal)
    def attest(self, who: str, n: int, kind: Kind, terminal: bool) -> None:
        self._try(who, terminal, n, lambda a, id_: intake.attest(self.store, a, id_, kind, Statement()))

    @rule(who=person, n=pick, kind=step, terminal=at_terminal)
    def undo_attest(self, who: str, n: int, kind: Kind, terminal: bool) -> None:
        self._try(who, terminal, n, lambda a, id_: intake.undo_attest(self.store, a, id_, kind))

    # what the workers do

    @rule()
    def write_the_policy(self) -> None:
        self.store.unmark("policy_written")
        no_say = self._no_say()
        coming = {record.id: record for record in self.store.open() if record.state is State.RELEASING}
        containment.contain(self.aws.world)
        for id_, before in coming.items():
            if self.store.get(id_).state is State.RELEASED:
                self._was_let_go_by(before, no_say)

    @rule(n=pick)
    def stand_down(self, n: int) -> None:
        if self.ids:
            standing_down.stand_down(self.aws.world, self.ids[n % len(self.ids)])

    @rule(n=pick)
    def give_back(self, n: int) -> None:
        if self.ids:
            restore_.restore(self.aws.world, self.ids[n % len(self.ids)])

    # what must hold

    @invariant()
    def whoever_is_denied_and_written_stands_in_the_policy(self) -> None:
        for record in self.store.open():
            if record.state is State.DENIED and record.trouble is None and record.user is not None:
                assert record.user.user_id in self.aws.policy.denied, record.id

    @property
    def store(self) -> Any:
        return self.aws.world.store

    def _try(self, who: str, terminal: bool, n: int | None, do: Callable[[Authority, str], Any]) -> Any:
        """Their act on one of the records; None where it was refused. With no say it changes nothing."""
        if n is not None and not self.ids:
            return None
        id_ = self.ids[n % len(self.ids)] if n is not None else ""
        no_say = self._no_say()
        barred = who in no_say or (bool(id_) and self.store.get(id_).target.slack_id == who)
        before = self._stands()
        self.tried += 1
        self.barred += barred
        try:
            made = do(_actor(who, terminal), id_)
        except Refused:
            assert self._stands() == before, "a refusal changes nothing"
            return None
        assert not barred, f"{who} had no say and changed {id_}"
        return made

    def _stands(self) -> dict[str, int]:
        return {id_: self.store.get(id_).seq for id_ in self.ids} | {"open": len(self.store.open())}

    def _no_say(self) -> set[str]:
        records = [self.store.get(id_) for id_ in self.ids]
        return {str(r.target.slack_id) for r in records if r.state in OPEN}

    def _was_let_go_by(self, before: Revocation, no_say: set[str]) -> None:
        people = {_who_is(actor) for actor in before.released_by}
        alone = [actor.kind for actor in before.released_by] == ["terminal"]
        assert len(people) == 2 or alone, before.released_by
        assert not people & no_say, (people, no_say)
        assert before.target.slack_id not in people
        self.let_go += 1


def _user(user_id: str) -> DirectoryUser:
    name = next(who for who, one in _USER_IDS.items() if one == user_id).lower()
    return DirectoryUser(user_id=user_id, user_name=name, email=f"{name}@example.com", sign_in="ENABLED")


def _actor(who: str, terminal: bool) -> Authority:
    """The same person in Slack, and at a terminal by the session that has the name of their e-mail."""
    email = f"{who.lower()}@example.com"
    if terminal:
        arn = f"arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/{email}"
        actor = Actor(kind="terminal", id=f"{arn} {who.lower()}", name=who)
    else:
        actor = Actor(kind="slack", id=who, name=who, email=email)
    return Authority(actor=actor, responder=True, approver=True)


def _who_is(actor: Actor) -> str:
    return actor.id if actor.kind == "slack" else actor.id.split()[1].upper()


def test_no_order_of_acts_gives_anybody_without_a_say_a_say() -> None:
    assert "0 changed a record" in model(12, 30)
