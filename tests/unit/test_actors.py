"""Everybody whom a record names is found, wherever they stand."""

from dataclasses import replace

from tests.unit.make import BOB, CAROL, at, attested, denied, followed
from workers.domain.actor import Actor
from workers.domain.actors import actors_in
from workers.domain.revocation import Act, Diff, Ratification, Reason, ReleaseRequest, Restore, Vote
from workers.domain.step import Kind


def somebody(name: str) -> Actor:
    return Actor(kind="slack", id=f"U0{name.upper()}", name=name)


def test_an_actor_is_found_in_every_part_of_a_record() -> None:
    record = replace(
        followed(
            steps={
                Kind.SESSIONS: attested(by=somebody("attester")),
                Kind.DEVICE: {"assignee": somebody("assignee")},
            }
        ),
        requested_by=somebody("asker"),
        reasons=(Reason(by=somebody("reasoner"), text="", at=at()),),
        owner=somebody("owner"),
        confirmed_by=somebody("confirmer"),
        seconded_by=somebody("second"),
        cancelled_by=somebody("canceller"),
        vote=Vote(by=somebody("voter"), at=at(), because=""),
        ratification=Ratification(asked_at=at(), ratified_by=somebody("ratifier")),
        hold_by=somebody("holder"),
        clean_up_given_by=somebody("cleaner"),
        release=ReleaseRequest(asked_by=somebody("releaser"), asked_at=at(), reason=""),
        released_by=(somebody("one"), somebody("two")),
        follow_ups_started_by=somebody("starter"),
        follow_ups_wait=somebody("waiter"),
        restore=Restore(
            asked_by=somebody("restorer"),
            approved_by=somebody("approver"),
            approved_at=at(),
            diff=Diff(read_at=at(), entry=1),
            then_release=False,
        ),
        acts=(Act(revocation_id="R-222222", who="", did="confirmed", at=at(), undone_by=somebody("undoer")),),
    )
    found = {actor.name for actor in actors_in(record)}
    assert found == {
        *(
            "asker",
            "reasoner",
            "owner",
            "confirmer",
            "second",
            "canceller",
            "voter",
            "ratifier",
            "holder",
            "cleaner",
        ),
        *(
            "releaser",
            "one",
            "two",
            "starter",
            "waiter",
            "restorer",
            "approver",
            "undoer",
            "attester",
            "assignee",
        ),
    }


def test_whoever_is_named_more_than_once_is_found_more_than_once_and_nobody_else() -> None:
    assert {actor.id for actor in actors_in(denied())} == {BOB.id, CAROL.id}
