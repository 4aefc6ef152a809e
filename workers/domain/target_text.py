"""One target as somebody writes it, in Slack or at a terminal. Pure."""

import re

from workers.domain.revocation import TargetRef
from workers.domain.user_id import bare_user_id

_MAIL = re.compile(r"<mailto:([^|>\s]+)(?:\|[^>]*)?>|([^\s<>@]+@[^\s<>@]+\.[^\s<>@]+)")
_SESSION = re.compile(r"arn:aws[a-z-]*:sts::\d{12}:assumed-role/[^/\s]+/([\w+=,.@-]{2,64})")
_NAME = re.compile(r"[\w.+=,@-]{1,128}")
_MARKED = "user:"


def unmistakable(text: str) -> TargetRef | None:
    """An e-mail, a session ARN, a user ID or `user:NAME`; None for what may be something else."""
    if (name := session_name(text)) is not None:
        return TargetRef(kind="user_name", value=name)
    if (user_id := bare_user_id(text)) is not None:
        return TargetRef(kind="user_id", value=user_id)
    if text.lower().startswith(_MARKED) and len(text) > len(_MARKED):
        return TargetRef(kind="user_name", value=text[len(_MARKED) :])
    if (match := _MAIL.fullmatch(text)) is not None:
        return TargetRef(kind="email", value=match[1] or match[2])
    return None


def user_name(text: str) -> TargetRef | None:
    """A bare user name; None where `text` cannot be one."""
    return TargetRef(kind="user_name", value=text) if _NAME.fullmatch(text) else None


def session_name(text: str) -> str | None:
    """The session's name in the ARN of an assumed role: of Identity Center's roles, that is the user name."""
    match = _SESSION.fullmatch(text)
    return match[1] if match else None
