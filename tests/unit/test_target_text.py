"""One target as written in Slack or at a terminal."""

import pytest

from workers.domain.target_text import unmistakable, user_name

USER_ID = "9067642ac7-0000aaaa-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("mallory@example.com", "email", "mallory@example.com"),
        ("<mailto:mallory@example.com|mallory@example.com>", "email", "mallory@example.com"),
        (USER_ID, "user_id", USER_ID),
        (f"arn:aws:identitystore:::user/{USER_ID}", "user_id", USER_ID),
        ("arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_0123/mallory", "user_name", "mallory"),
        ("user:status", "user_name", "status"),
    ],
)
def test_what_can_be_nothing_else_is_a_target_anywhere(text: str, kind: str, value: str) -> None:
    found = unmistakable(text)
    assert found is not None
    assert (found.kind, found.value) == (kind, value)


@pytest.mark.parametrize("text", ["mallory", "user:", "key", "@mallory", "arn:aws:iam::111122223333:user/x"])
def test_what_may_be_a_word_of_a_reason_is_not(text: str) -> None:
    assert unmistakable(text) is None


def test_a_bare_user_name_has_no_blanks_and_no_slashes() -> None:
    assert user_name("m.allory+x@corp") is not None
    assert user_name("two words") is None
    assert user_name("a/b") is None
