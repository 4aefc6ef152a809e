"""The Identity Center user ID: the one name of a person that AWS promises never changes."""

import re

_BARE = re.compile(r"([0-9a-f]{10}-)?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_ARN = re.compile(r"arn:aws[a-z-]*:identitystore:::user/")


def is_user_id(text: str) -> bool:
    """Whether `text` is exactly a bare user ID (36 characters, or 47 with the store's prefix).

    Source: the ResourceId shape of the Identity Store API reference. Blanks make it false:
    a Deny policy with `" <id>"` denies nobody.
    """
    return _BARE.fullmatch(text) is not None


def bare_user_id(text: str) -> str | None:
    """The bare user ID of an ID or of a user ARN; None for anything else."""
    text = text.strip()
    arn = _ARN.match(text)
    bare = text[arn.end() :] if arn else text
    return bare if is_user_id(bare) else None
