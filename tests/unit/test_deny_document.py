"""The Deny policy's text: what is ours, what is refused, and that nobody else's statement ever changes."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.domain.deny_document import CONDITION_KEY, EMPTY, PLACEHOLDER, parse, room
from workers.domain.errors import PolicyRefused

ALICE = "906768f5e0-11111111-2222-3333-4444-555555555555"
BOB = "a1b2c3d4-aaaa-bbbb-cccc-dddddddddddd"

HEX = st.text("0123456789abcdef", min_size=42, max_size=42)


@st.composite
def user_ids(draw: st.DrawFn) -> str:
    """Bare user IDs of both lengths, in both letter cases."""
    text = draw(HEX)
    uuid = f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:32]}"
    uuid = draw(st.sampled_from([uuid, uuid.upper()]))
    return draw(st.sampled_from([uuid, f"{text[32:42]}-{uuid}"]))


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
FOREIGN = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={"Sid": TEXTS, "Action": VALUES, "NotAction": VALUES, "Resource": VALUES, "Condition": VALUES},
).filter(lambda statement: CONDITION_KEY.lower() not in json.dumps(statement, ensure_ascii=False).lower())


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, Any], int, set[str]]:
    """A document with one statement of ours in any accepted form: itself, where ours is, and whom it denies."""
    denied = draw(st.lists(user_ids(), max_size=5))
    values = draw(st.permutations([*denied, *draw(st.sampled_from([[], [PLACEHOLDER]]))]))
    given_values: Any = values or [PLACEHOLDER]
    if len(given_values) == 1 and draw(st.booleans()):
        given_values = given_values[0]
    ours = ours_with(given_values)
    ours["Action"] = draw(st.sampled_from(["*", ["*"]]))
    ours["Resource"] = draw(st.sampled_from(["*", ["*"]]))
    if draw(st.booleans()):
        ours["Sid"] = draw(TEXTS)
    before, after = draw(st.lists(FOREIGN, max_size=3)), draw(st.lists(FOREIGN, max_size=3))
    beside = draw(
        st.sampled_from([{}, {"Version": "2012-10-17"}, {"Version": "2008-10-17", "Id": "somebody"}])
    )
    return {**beside, "Statement": [*before, ours, *after]}, len(before), set(denied)


def ours_with(values: Any, key: str = CONDITION_KEY) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": ["*"], "Resource": "*", "Condition": {"StringEquals": {key: values}}}


def policy(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def values_in(text: str, index: int = 0) -> list[str]:
    ((values),) = json.loads(text)["Statement"][index]["Condition"]["StringEquals"].values()
    return values


@given(documents(), st.sets(user_ids(), max_size=5))
def test_only_our_list_changes_and_everything_else_stays_value_for_value(made, wanted):
    document, index, _ = made
    rendered = json.loads(parse(json.dumps(document)).render(wanted))
    expected = copy.deepcopy(document)
    ((key, _),) = expected["Statement"][index]["Condition"]["StringEquals"].items()
    expected["Statement"][index]["Condition"]["StringEquals"][key] = [*sorted(wanted), PLACEHOLDER]
    assert rendered == expected
    assert [list(statement) for statement in rendered["Statement"]] == [
        list(s) for s in expected["Statement"]
    ]


@given(documents())
def test_reading_finds_exactly_the_denied(made):
    document, index, denied = made
    read = parse(json.dumps(document))
    assert (read.index, read.user_ids) == (index, denied)


@given(documents(), st.sets(user_ids(), max_size=5))
def test_what_was_rendered_reads_back_and_renders_to_itself(made, wanted):
    once = parse(json.dumps(made[0])).render(wanted)
    again = parse(once)
    assert again.user_ids == wanted
    assert again.has_placeholder
    assert again.render(again.user_ids) == once


@given(documents(), st.sets(user_ids(), max_size=5))
def test_a_rendered_text_is_minified_sorted_unique_and_can_be_sent(made, wanted):
    text = parse(json.dumps(made[0])).render([*wanted, *wanted])
    text.encode()
    values = values_in(text, made[1])
    assert values == [*sorted(wanted), PLACEHOLDER]
    assert len(text) <= len(json.dumps(json.loads(text), separators=(",", ":")))


@given(st.sets(user_ids(), max_size=8), user_ids())
def test_room_counts_what_fits(denied, another):
    text = parse(EMPTY).render(denied)
    longer = parse(text).render(denied | {another})
    assert len(longer) - len(text) <= 50
    assert room(text, len(text) + 50) == 1
    assert room(text, len(text) + 49) == 0
    assert room(text, 0) == 0


@settings(max_examples=300)
@given(st.text() | VALUES.map(json.dumps))
def test_any_other_text_is_refused_and_never_fails_otherwise(text):
    with pytest.raises(PolicyRefused):
        parse(text)


def test_the_empty_policy_is_the_aws_pages_statement_minified():
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": "*"}
    condition = {"StringEquals": {"identitystore:userId": [PLACEHOLDER]}}
    assert json.loads(EMPTY)["Statement"] == [{**statement, "Condition": condition}]
    assert " " not in EMPTY.replace(PLACEHOLDER, "")
    assert parse(EMPTY).render([]) == EMPTY


def test_the_placeholder_comes_back_where_somebody_took_it_out():
    read = parse(policy(ours_with([ALICE])))
    assert not read.has_placeholder
    assert values_in(read.render([ALICE])) == [ALICE, PLACEHOLDER]


@pytest.mark.parametrize("key", ["identitystore:UserId", "IdentityStore:userid", "IDENTITYSTORE:USERID"])
def test_the_key_is_known_in_any_letter_case_and_kept(key):
    text = parse(policy(ours_with([ALICE], key))).render([BOB])
    assert list(json.loads(text)["Statement"][0]["Condition"]["StringEquals"]) == [key]


def test_a_sid_is_kept_and_none_is_added():
    assert (
        json.loads(parse(policy({"Sid": "Mine", **ours_with([ALICE])})).render([]))["Statement"][0]["Sid"]
        == "Mine"
    )
    assert "Sid" not in parse(policy(ours_with([ALICE]))).render([])


def test_one_statement_that_is_no_list_is_read_too():
    text = json.dumps({"Version": "2012-10-17", "Statement": ours_with(ALICE)})
    assert parse(text).user_ids == {ALICE}


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param({**ours_with([ALICE]), "Effect": "Allow"}, id="allow"),
        pytest.param({**ours_with([ALICE]), "Effect": "deny"}, id="effect in other case"),
        pytest.param({**ours_with([ALICE]), "Action": "s3:*"}, id="some actions"),
        pytest.param({**ours_with([ALICE]), "Action": ["*", "*"]}, id="action twice"),
        pytest.param({**ours_with([ALICE]), "Resource": "arn:aws:s3:::x"}, id="some resources"),
        pytest.param({**ours_with([ALICE]), "NotAction": "iam:*"}, id="not action beside"),
        pytest.param({**ours_with([ALICE]), "Principal": "*"}, id="principal"),
        pytest.param({**ours_with([ALICE]), "Sid": {"nested": "sid"}}, id="sid that is no text"),
        pytest.param({**ours_with([]), "Condition": {"StringEquals": {CONDITION_KEY: []}}}, id="empty list"),
        pytest.param(ours_with(""), id="empty text"),
        pytest.param(ours_with([f" {ALICE}"]), id="leading blank"),
        pytest.param(ours_with([f"{ALICE}\n"]), id="trailing newline"),
        pytest.param(ours_with([f"arn:aws:identitystore:::user/{ALICE}"]), id="arn"),
        pytest.param(ours_with(["*"]), id="star"),
        pytest.param(ours_with(["${identitystore:UserId}"]), id="variable"),
        pytest.param(ours_with([ALICE, 5]), id="number in the list"),
        pytest.param(ours_with([[ALICE]]), id="nested list"),
        pytest.param(ours_with(None), id="null"),
        pytest.param(
            {**ours_with([ALICE]), "Condition": {"StringLike": {CONDITION_KEY: "*"}}}, id="string like"
        ),
        pytest.param(
            {**ours_with([ALICE]), "Condition": {"StringNotEquals": {CONDITION_KEY: ALICE}}}, id="not equals"
        ),
        pytest.param(
            {**ours_with([ALICE]), "Condition": {"StringEqualsIfExists": {CONDITION_KEY: ALICE}}},
            id="if exists",
        ),
        pytest.param(
            {**ours_with([ALICE]), "Condition": {"ForAllValues:StringEquals": {CONDITION_KEY: ALICE}}},
            id="for all",
        ),
        pytest.param(
            {**ours_with([ALICE]), "Condition": {"stringequals": {CONDITION_KEY: ALICE}}},
            id="operator in other case",
        ),
        pytest.param(
            {
                **ours_with([ALICE]),
                "Condition": {
                    "StringEquals": {CONDITION_KEY: ALICE},
                    "Bool": {"aws:SecureTransport": "true"},
                },
            },
            id="a second operator",
        ),
        pytest.param(
            {
                **ours_with([ALICE]),
                "Condition": {"StringEquals": {CONDITION_KEY: ALICE, "aws:PrincipalType": "User"}},
            },
            id="a second key",
        ),
        pytest.param(
            {
                **ours_with([ALICE]),
                "Condition": {"StringEquals": {CONDITION_KEY: ALICE, CONDITION_KEY.upper(): BOB}},
            },
            id="the key in two letter cases",
        ),
        pytest.param({k: v for k, v in ours_with([ALICE]).items() if k != "Resource"}, id="no resource"),
    ],
)
def test_a_statement_of_any_other_shape_is_refused_alone_and_beside_ours(statement):
    for text in (
        policy(statement),
        policy(ours_with([ALICE]), statement),
        policy(statement, ours_with([ALICE])),
    ):
        with pytest.raises(PolicyRefused, match="not written") as caught:
            parse(text)
        assert caught.value.code == "shape"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"Statement":[]}',
        '{"Statement":[[]]}',
        '{"Statement":null}',
        "{nope",
        EMPTY + "x",
        "\ufeff" + EMPTY,
        EMPTY.replace('"Version":"2012-10-17"', '"Version":"2012-10-17","Version":"2012-10-17"'),
        EMPTY.replace('"Effect":"Deny"', '"Effect":"Allow","Effect":"Deny"'),
        EMPTY.replace('"2012-10-17"', "NaN"),
        EMPTY.replace('"2012-10-17"', "-Infinity"),
        EMPTY.replace('"2012-10-17"', "1e999"),
        EMPTY.replace('"2012-10-17"', "1" * 5000),
    ],
)
def test_a_text_that_is_no_plain_policy_is_refused(text):
    with pytest.raises(PolicyRefused) as caught:
        parse(text)
    assert caught.value.code == "shape"
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("depth", [100, 400, 600, 100_000])
@pytest.mark.parametrize("place", ["Action", "Sid"])
def test_huge_nesting_is_refused_and_does_not_crash(depth, place):
    nested = "[" * depth + "]" * depth
    foreign = f'{{"Effect":"Deny","{place}":{nested}}}'
    ours = json.dumps({**ours_with([ALICE]), "Sid": "x"}).replace('"x"', nested if place == "Sid" else '"x"')
    with pytest.raises(PolicyRefused):
        parse(f'{{"Statement":[{foreign},{ours}]}}')


def test_two_of_ours_are_refused():
    with pytest.raises(PolicyRefused, match="2 statements"):
        parse(policy(ours_with([ALICE]), ours_with([BOB])))


@pytest.mark.parametrize(
    "foreign",
    [
        {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${IdentityStore:UserId}/*"},
        {
            "Effect": "Allow",
            "NotAction": "s3:*",
            "Resource": "*",
            "Condition": {"Null": {CONDITION_KEY: "true"}},
        },
    ],
)
def test_any_other_use_of_the_key_is_refused(foreign):
    with pytest.raises(PolicyRefused, match="statement 2 uses"):
        parse(policy(ours_with([ALICE]), foreign))


def test_the_key_outside_of_the_statements_is_refused():
    with pytest.raises(PolicyRefused):
        parse(json.dumps({"Id": {CONDITION_KEY: ALICE}, "Statement": [ours_with([ALICE])]}))


@pytest.mark.parametrize("name", ["größe", "日本", "😀", "\ud800", "\u2028", "\x00"])
def test_foreign_text_in_any_script_survives_and_can_be_sent(name):
    foreign = {"Sid": name, "Effect": "Deny", "Action": "ec2:*", "Resource": f"arn:aws:ec2:::{name}"}
    text = parse(policy(foreign, ours_with([ALICE]))).render([BOB])
    text.encode()
    assert json.loads(text)["Statement"][0] == foreign


@pytest.mark.parametrize("bad", ["", "nope", f" {ALICE}", f"{ALICE} ", "*", PLACEHOLDER, f"{ALICE}\u200b"])
def test_what_is_no_user_id_is_never_rendered(bad):
    with pytest.raises(PolicyRefused):
        parse(EMPTY).render([ALICE, bad])
