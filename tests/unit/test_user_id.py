"""What may be written into the Deny policy as a user ID."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.make import ALICE_ID, BOB_ID
from workers.domain.user_id import bare_user_id, is_user_id


@pytest.mark.parametrize("text", [ALICE_ID, BOB_ID, BOB_ID.upper()])
def test_both_lengths_and_both_letter_cases_are_ids(text: str) -> None:
    assert is_user_id(text)
    assert bare_user_id(f" arn:aws-us-gov:identitystore:::user/{text}\n") == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        f" {ALICE_ID}",
        f"{ALICE_ID}\n",
        f"{ALICE_ID}*",
        ALICE_ID.replace("-", "_"),
        ALICE_ID.replace("9067", "906Z"),
        ALICE_ID.upper().replace("906768F5E0", "906768F5E0A"),
        "٩٠٦٧٦٨f5e0-11111111-2222-3333-4444-555555555555",
        "906768F5E0-11111111-2222-3333-4444-555555555555",
        "*",
        "Add user ID here",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert not is_user_id(text)


def test_an_arn_in_the_middle_is_not_cut_out() -> None:
    torn = BOB_ID[:20] + "arn:aws:identitystore:::user/" + BOB_ID[20:]
    assert bare_user_id(torn) is None


@given(st.text(max_size=60))
def test_what_comes_out_is_always_an_id(text: str) -> None:
    for given_text in (text, f"arn:aws:identitystore:::user/{text}"):
        bare = bare_user_id(given_text)
        assert bare is None or is_user_id(bare)
