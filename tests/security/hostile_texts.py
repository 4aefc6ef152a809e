"""Texts as an attacker would choose them for a name, a reason or an error: of Slack's own tokens, and of what is not seen."""

import random
import string
from collections.abc import Iterator, Sequence

from tests.security.slack_model import says_something

TOKENS = (
    *(
        "<!channel>",
        "<!here>",
        "<!everyone>",
        "<!here|here>",
        "<!subteam^S0ONCALL01>",
        "<!subteam^S1|@oncall>",
    ),
    *(
        "<@U0ALICE001>",
        "<@U0BOB00001|bob>",
        "<@W0OTHER0001>",
        "<#C0SECINC01>",
        "<#C1|general>",
        "<@U0BOB00001",
    ),
    *(
        "<https://evil.example|AWS Console>",
        "<https://evil.example>",
        "<mailto:a@evil.example|Alice>",
        "<tel:+1>",
    ),
    *("<!date^1700000000^{date_num}^https://evil.example|soon>", "<!date^0^{ago}|x>", "<slack://open|x>"),
    *(
        "&lt;!here&gt;",
        "&amp;lt;!here&amp;gt;",
        "&#60;!here&#62;",
        "&LT;",
        "&lt",
        "<",
        ">",
        "&",
        "|",
        "\\<!here\\>",
    ),
    *("@channel", "@here", "@everyone", "#general", "@U0ALICE001", "U0ALICE001", "S0ONCALL01", "C0SECINC01"),
    *("https://evil.example/approve", "http://1.1.1.1", "www.evil.example", "evil.example", "a@evil.example"),
    *("mailto:a@evil.example", "+49 151 23456789", "ftp://evil.example", "[ok](https://evil.example)"),
)
FORMATS = (
    *(
        "*bold*",
        "_it_",
        "~gone~",
        "`code`",
        "```pre```",
        "*",
        "_",
        "~",
        "`",
        "```",
        "**",
        "*_~`x`~_*",
        "a_b",
        "_a_b_",
    ),
    *(
        "＊bold＊",
        "＿it＿",
        "｀code｀",
        "＞ quoted",
        "> quoted",
        ">>> quoted",
        "&gt; quoted",
        "• item",
        "1. item",
        "# big",
    ),
    *(
        "\u200b*\u200bbold\u200b*\u200b",
        "\u2060*bold\u2060*",
        "\u00ad_it_\u00ad",
        ":*:bold:*:",
        "(*b*)",
        "\u00a0*b*\u00a0",
    ),
)
EMOJI = (
    *(
        ":rotating_light:",
        ":white_check_mark:",
        "::skin-tone-2:",
        ":+1:",
        ":100:",
        ":smile",
        "smile:",
        ":チェックマーク_緑:",
    ),
    *(":10:", "12:00:03", ":a:b:c:", "✅", "🚨", "👩‍💻", "🏳️‍🌈", "❤️", "1️⃣", "🇺🇸"),
)
UNSEEN = (
    *(
        "\u202e",
        "\u202d",
        "\u202a",
        "\u202b",
        "\u202c",
        "\u2066",
        "\u2067",
        "\u2068",
        "\u2069",
        "\u200e",
        "\u200f",
    ),
    *(
        "\u061c",
        "\u200b",
        "\u200c",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\u00ad",
        "\u034f",
        "\u180e",
        "\u2800",
        "\u3164",
    ),
    *(
        "\u115f",
        "\u17b4",
        "\ufe0f",
        "\U000e0100",
        "\U000e0041",
        "\ufff9",
        "\ufffe",
        "\ue000",
        "\ud800",
        "\udfff",
    ),
    *(
        "\x00",
        "\x07",
        "\x08",
        "\x1b[31m",
        "\x1b]0;title\x07",
        "\x1b[2J",
        "\x1b[1A",
        "\x7f",
        "\x85",
        "\x9b31m",
        "\x90",
    ),
)
LAYOUT = (
    *(
        "\n",
        "\r\n",
        "\r",
        "\n\n\n",
        "\u2028",
        "\u2029",
        "\v",
        "\f",
        "\t",
        "\t" * 40,
        " " * 300,
        "\u3000" * 80,
    ),
    *("\u2003" * 60, "a" + "\u0301" * 60, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́O", "\u0e47" * 40, "﷽" * 20, "─" * 80),
)
LONG = (
    "<" * 10_000,
    "&" * 9_000,
    "<!channel>" * 1_000,
    "x" * 10_000,
    "`" * 5_000,
    "\u202e" * 4_000,
    "🚨" * 6_000,
    "_" * 800,
)
WORDS = (
    *(
        "",
        " ",
        "alice",
        "Zoë O'Brien",
        "李小龍",
        "שלום",
        "مرحبا 123",
        "svc_deploy",
        "Denied",
        "NOT DENIED",
        "R-7K2M9Q",
    ),
    *(
        "the bot",
        "nobody",
        "none",
        "sign_in",
        "assignments: ",
        "{who}",
        "%s",
        "{0}",
        "${jndi:x}",
        "null",
        "\\u003c",
    ),
)
ALL = (*TOKENS, *FORMATS, *EMOJI, *UNSEEN, *LAYOUT, *WORDS)


def hostile(r: random.Random) -> str:
    """One text; some are a single token, some long, most a few of them among letters."""
    kind = r.random()
    if kind < 0.05:
        return r.choice(LONG)
    if kind < 0.25:
        return r.choice(ALL)
    glue = r.choice(("", " ", " ", "\n", "a", ": ", "|", "; "))
    return glue.join(r.choice(ALL) if r.random() < 0.8 else _letters(r) for _ in range(r.randrange(1, 9)))


def _letters(r: random.Random) -> str:
    return "".join(r.choice(string.printable + "äß日<>&*_~`:@#") for _ in range(r.randrange(1, 12)))


def twins(texts: Sequence[str]) -> Iterator[str]:
    """A harmless text for each: the same one for the same, and an empty one where nothing of it is seen."""
    names: dict[str, str] = {}
    for text in texts:
        name = names.setdefault(text, f"harmless{len(names)}")
        yield name if says_something(text) else ""
