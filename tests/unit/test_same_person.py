"""Two votes of one person are one vote, and the target has none."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from workers.domain.actor import Actor
from workers.domain.revocation import DirectoryUser, Revocation, State, TargetRef
from workers.domain.same_person import is_target, same_person

ARN = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/mallory"


def terminal(id_: str) -> Actor:
    return Actor(kind="terminal", id=id_, name="somebody at a terminal")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (f"{ARN} ann", f"{ARN} ben", True),
        (f"{ARN} ann", "arn:aws:iam::111122223333:user/x ann", True),
        (f"{ARN} ann", "ann", True),
        (f"{ARN} ann", "arn:aws:iam::111122223333:user/x ben", False),
    ],
)
def test_at_terminals_the_same_caller_or_the_same_os_user_is_one_person(
    one: str, other: str, same: bool
) -> None:
    assert same_person(terminal(one), terminal(other)) is same


def test_in_slack_a_new_name_makes_no_new_person() -> None:
    alice = Actor(kind="slack", id="U1", name="Alice")
    assert same_person(alice, replace(alice, name="U1"))
    assert not same_person(alice, replace(alice, id="U2"))


def test_the_target_is_known_by_slack_id_and_by_the_name_of_their_aws_session() -> None:
    revocation = Revocation(
        id="R-222222",
        state=State.DENIED,
        target=TargetRef(kind="slack", value="U9", slack_id="U9"),
        requested_by=Actor(kind="slack", id="U1"),
        requested_at=datetime(2026, 11, 24, tzinfo=UTC),
        channel="C1",
        user=DirectoryUser(user_id="9067642ac7-0000aaaa-0000-4000-8000-000000000000", user_name="Mallory"),
    )
    assert is_target(Actor(kind="slack", id="U9"), revocation)
    assert is_target(terminal(f"{ARN} root"), revocation)
    assert not is_target(terminal("arn:aws:iam::111122223333:user/mallory root"), revocation)
    assert not is_target(terminal("mallory"), replace(revocation, user=None))
