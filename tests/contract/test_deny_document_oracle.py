"""What we render denies exactly the denied, in the judgement of somebody else's evaluator."""

import json
import random
import uuid

import pytest

from tests.sandbox.scp_oracle import denies, judge
from workers.domain.deny_document import EMPTY, parse

pytest.importorskip("principalmapper", reason="the independent evaluator comes with the dev extra")


def some_ids(random_: random.Random, count: int) -> list[str]:
    plain = [str(uuid.UUID(int=random_.getrandbits(128), version=4)) for _ in range(count)]
    return [f"{random_.getrandbits(40):010x}-{text}" if random_.random() < 0.7 else text for text in plain]


def test_exactly_the_denied_are_denied_for_many_random_lists():
    random_ = random.Random(20_260_101)
    cases, expected = [], []
    for _ in range(60):
        denied, others = some_ids(random_, random_.randrange(0, 40)), some_ids(random_, 5)
        text = parse(EMPTY).render(denied)
        for user_id in random_.sample(denied, min(5, len(denied))):
            cases.append((text, user_id))
            expected.append(True)
        for user_id in (*others, None, "Add user ID", ""):
            cases.append((text, user_id))
            expected.append(False)
    assert judge(cases) == expected


def test_near_misses_of_a_denied_id_are_allowed():
    (user_id,) = some_ids(random.Random(7), 1)
    text = parse(EMPTY).render([user_id])
    misses = [f" {user_id}", f"{user_id} ", user_id[:-1], f"{user_id}0", user_id[11:], user_id.upper()]
    assert judge([(text, miss) for miss in misses if miss != user_id]) == [False] * len(misses)


@pytest.mark.parametrize("key", ["identitystore:userId", "IdentityStore:UserID", "identitystore:userid"])
def test_the_keys_letter_case_does_not_matter(key):
    denied, other = some_ids(random.Random(8), 2)
    text = parse(EMPTY).render([denied])
    assert judge([(text, denied), (text, other), (text, None)], key=key) == [True, False, False]


def test_the_empty_policy_denies_nobody():
    assert not denies(EMPTY, None)
    assert judge([(EMPTY, user_id) for user_id in some_ids(random.Random(9), 20)]) == [False] * 20


def test_beside_a_foreign_statement_still_exactly_the_denied_are_denied():
    document = json.loads(EMPTY)
    foreign = {
        "Sid": "Theirs",
        "Effect": "Deny",
        "Action": "organizations:LeaveOrganization",
        "Resource": "*",
    }
    document["Statement"].insert(0, foreign)
    denied, other = some_ids(random.Random(10), 2)
    text = parse(json.dumps(document)).render([denied])
    assert judge([(text, denied), (text, other), (text, None)]) == [True, False, False]


def test_the_evaluator_would_notice_a_policy_that_denies_everybody():
    """So that the tests above can fail: the shapes that our parser refuses do deny the wrong people."""
    (other,) = some_ids(random.Random(11), 1)
    wild = EMPTY.replace('"StringEquals"', '"StringLike"').replace("Add user ID here", "*")
    assert denies(wild, other)
    assert denies(EMPTY.replace('"StringEquals"', '"StringNotEquals"'), other)
