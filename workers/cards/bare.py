"""What a mrkdwn text says, for places that know no mrkdwn: a terminal, an alarm, an error beside a form's field. Pure."""

import re

from workers.cards.text import LOOKALIKES, visible

_MARKS = (
    (re.compile(r"<!date\^[^|>]*\|([^>]*)>"), r"\1"),
    (re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>"), r"@\1"),
    (re.compile(r"<!subteam\^([A-Z0-9]+)[^>]*>"), r"group \1"),
    (re.compile(r"<#([A-Z0-9]+)(?:\|[^>]*)?>"), r"channel \1"),
)
_AS_TYPED = str.maketrans({shown: meant for meant, shown in LOOKALIKES.items()})


def bare(mrkdwn: str) -> str:
    """Slack's marks as words; what was escaped as it was; nothing that a terminal would obey."""
    for mark, word in _MARKS:
        mrkdwn = mark.sub(word, mrkdwn)
    typed = visible(mrkdwn, lines=True).translate(_AS_TYPED)
    return typed.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
