"""Which user IDs must be in the policy, and what is odd about those that are."""

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.make import ALICE, ALICE_ID, BOB_ID, CAROL, T0, at, confirmed, denied, requested
from workers.domain.deny_document import EMPTY, DenyDocument, parse
from workers.domain.deny_plan import STALE_READS, DenyPlan, plan, user_id_of
from workers.domain.revocation import ENDED, ON_THE_LIST, DirectoryUser, Revocation, State

NOW = at(hours=20)
BOB = DirectoryUser(user_id=BOB_ID, user_name="bob")
STRANGER = "c0ffee00-0000-4000-8000-00000000cafe"


def policy(*user_ids: str) -> DenyDocument:
    return parse(parse(EMPTY).render(user_ids))


def planned(denying: tuple[str, ...], *open_ones: Revocation, ended: tuple[Revocation, ...] = ()) -> DenyPlan:
    return plan(policy(*denying), open_ones, ended, NOW)


def test_whoever_is_confirmed_or_denied_is_wanted_first_confirmed_first() -> None:
    later = denied(id="R-AAAAAA", user=BOB, confirmed_at=at(minutes=5))
    found = planned((), later, confirmed())
    assert [revocation.id for revocation in found.must] == ["R-7K2M9Q", "R-AAAAAA"]
    assert found.wanted == {ALICE_ID, BOB_ID}


def test_a_denied_user_who_is_not_in_the_policy_is_missing_and_a_confirmed_one_is_not_yet_in() -> None:
    assert [r.id for r in planned((), denied()).missing] == ["R-7K2M9Q"]
    assert planned((), confirmed()).missing == ()
    assert planned((ALICE_ID,), denied()).missing == ()


def test_an_id_without_a_record_is_an_orphan_and_is_never_taken_off() -> None:
    found = planned((ALICE_ID, STRANGER), denied())
    assert found.orphans == {STRANGER}
    assert found.off == frozenset()


def test_an_id_whose_record_only_waits_for_the_click_is_no_orphan() -> None:
    found = planned((ALICE_ID,), requested())
    assert (found.orphans, found.off, found.wanted) == (frozenset(), frozenset(), frozenset())


def test_a_watched_user_who_is_in_the_policy_again_is_an_orphan() -> None:
    watched = denied(state=State.WATCHED, off_at=at(hours=14))
    assert planned((ALICE_ID,), watched).orphans == {ALICE_ID}


def test_a_read_from_before_our_own_write_does_not_deny_again_whom_we_just_took_off() -> None:
    just = NOW - STALE_READS + timedelta(seconds=1)
    watched = denied(state=State.WATCHED, off_at=just)
    released = denied(id="R-BBBBBB", state=State.RELEASED, user=BOB, off_at=just)

    found = planned((ALICE_ID, BOB_ID), watched, ended=(released,))

    assert found.off == {ALICE_ID, BOB_ID}
    assert found.orphans == frozenset()


def test_thirty_seconds_later_the_same_read_is_news_and_the_id_is_kept() -> None:
    released = denied(state=State.RELEASED, off_at=NOW - STALE_READS)
    found = planned((ALICE_ID,), ended=(released,))
    assert (found.off, found.orphans) == (frozenset(), {ALICE_ID})


def test_a_user_with_two_records_stays_until_both_let_go() -> None:
    releasing = denied(state=State.RELEASING)
    second = denied(id="R-CCCCCC")

    assert planned((ALICE_ID,), releasing, second).off == frozenset()
    assert planned((ALICE_ID,), releasing, second).wanted == {ALICE_ID}
    assert planned((ALICE_ID,), releasing, requested(id="R-CCCCCC")).off == {ALICE_ID}
    assert planned((ALICE_ID,), releasing, confirmed(id="R-CCCCCC")).off == frozenset()


def test_a_record_without_a_user_asks_for_nothing() -> None:
    assert planned((), requested(user=None), confirmed(user=None)).wanted == frozenset()


IDS = st.sampled_from([ALICE_ID, BOB_ID, STRANGER])
RECORDS = st.builds(
    lambda state, user_id, off, when: replace(
        denied(state=state, user=replace(ALICE, user_id=user_id) if user_id else None),
        off_at=NOW - timedelta(seconds=off) if off is not None else None,
        confirmed_at=T0 + timedelta(seconds=when),
    ),
    st.sampled_from(State),
    st.none() | IDS,
    st.none() | st.integers(0, 60),
    st.integers(0, 9),
)


@given(st.lists(RECORDS, max_size=8), st.frozensets(IDS))
def test_no_history_takes_off_anybody_who_must_be_on(
    records: list[Revocation], in_policy: frozenset[str]
) -> None:
    open_ones = [r for r in records if r.state not in ENDED]
    ended = [r for r in records if r.state in ENDED]
    found = plan(policy(*in_policy), open_ones, ended, NOW)

    must = {user_id_of(r) for r in open_ones if r.user and r.state in ON_THE_LIST}
    let_go = {user_id_of(r) for r in records if r.user and (r.state is State.RELEASING or r.off_at)}

    assert found.wanted == must
    assert not found.off & found.wanted
    assert found.off <= let_go
    assert not found.orphans & (found.off | found.wanted)
    assert found.orphans <= in_policy
    assert {user_id_of(r) for r in found.missing} <= must - in_policy
    assert json.loads(policy(*found.wanted).render(found.wanted))


def test_whose_own_record_is_lost_comes_off_by_no_other_records_release() -> None:
    releasing = denied(state=State.RELEASING, released_by=(CAROL, CAROL))
    found = plan(policy(ALICE_ID), [releasing], [], NOW, kept=frozenset({ALICE_ID}))
    assert (found.off, found.orphans) == (frozenset(), {ALICE_ID})
    just_off = denied(state=State.RELEASED, off_at=NOW)
    found = plan(policy(ALICE_ID), [], [just_off], NOW, kept=frozenset({ALICE_ID}))
    assert (found.off, found.orphans) == (frozenset(), {ALICE_ID})


def test_whose_own_record_is_lost_and_is_wanted_by_another_is_no_orphan() -> None:
    found = plan(policy(ALICE_ID), [denied()], [], NOW, kept=frozenset({ALICE_ID}))
    assert (found.off, found.orphans, found.wanted) == (frozenset(), frozenset(), {ALICE_ID})
