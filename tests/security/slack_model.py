"""What comes alive of a message: a small model of how Slack reads mrkdwn, plain_text and rich text.

It knows nothing of how the product escapes. Where Slack's own reading is not documented it takes the worse one.
Sources: Slack developer documentation, "Formatting message text", "Text object", "Rich text block"; that an
invisible character beside a sign makes it format, and that wide signs format too, are jsx-slack's findings.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

Live = tuple[str, ...]
"""One thing that is more than text, by what it does."""

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")
_TOKEN = re.compile(r"<[^<>]*>")
_SIGNS = "*_~`\uff0a\uff3f\uff40"
_WORD = re.compile(r"[A-Za-z0-9]")
_EMOJI = re.compile(r":(?!\d\d:)[\w+'-]+:")
_QUOTE = re.compile(r"^\s*(?:&gt;|>|\uff1e)", re.MULTILINE)
_BY_ITSELF = re.compile(
    r"\b(?:https?|ftp)://|\bwww\.|\bmailto:|[\w.+-]+@[\w-]+\.\w|\b[\w-]+\.(?:example|com|org|net|io)\b"
    r"|(?<!\w)@\w|(?<!\w)#\w"
)
_WIDE = re.compile(r"\S\s{8,}")
_ESCAPED = re.compile(r"&(?:amp|lt|gt);")


def says_something(text: str) -> bool:
    """Whether a reader sees anything of it."""
    blank = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
    return any(
        not c.isspace()
        and c not in blank
        and unicodedata.category(c) not in (*_UNSEEN, "Zl", "Zp")
        and not "\ufe00" <= c <= "\ufe0f"
        and not "\U000e0100" <= c <= "\U000e01ef"
        for c in text
    )


def of_mrkdwn(text: str, *, verbatim: bool) -> Iterator[Live]:
    for token in _TOKEN.findall(text):
        yield "token", token
    rest = _TOKEN.sub("\u2003", text)
    for sign in "<>":
        yield from (("half a token", sign) for _ in range(rest.count(sign)))
    yield from (("half an escape",) for _ in range(_ESCAPED.sub("", rest).count("&")))
    yield from (("quote",) for _ in _QUOTE.findall(rest))
    yield from (("emoji", emoji) for emoji in _EMOJI.findall(rest))
    yield from _formatting(rest)
    if not verbatim:
        yield from (("by itself", found) for found in _BY_ITSELF.findall(rest))
    yield from of_layout(rest.replace("\u2060", ""))


def _formatting(text: str) -> Iterator[Live]:
    """Every sign at the edge of a word: with a second one it formats what is between."""
    for index, sign in enumerate(text):
        before, after = text[index - 1 : index] if index else "", text[index + 1 : index + 2]
        if sign in _SIGNS and not (_WORD.match(before) and _WORD.match(after)):
            yield "format", sign


def of_layout(text: str) -> Iterator[Live]:
    """Lines, and what is not seen or is drawn over its neighbours."""
    marks = 0
    for c in text:
        category = unicodedata.category(c)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if c == "\n" or (category in (*_UNSEEN, "Zl", "Zp") and c != "\u2060"):
            yield "unseen", repr(c)
        if marks > 4:
            yield ("marks",)
    yield from (("a gap",) for _ in _WIDE.findall(text))


def of_plain(node: Mapping[str, Any]) -> Iterator[Live]:
    text = node["text"]
    if node.get("emoji", True):
        yield from (("emoji", emoji) for emoji in _EMOJI.findall(text))
    yield from of_layout(text)


def of_blocks(node: Any) -> Iterator[Live]:
    """All of it, in blocks, a view or any part of them."""
    if isinstance(node, list | tuple):
        for part in node:
            yield from of_blocks(part)
    if not isinstance(node, Mapping):
        return
    match node.get("type"):
        case "mrkdwn":
            yield from of_mrkdwn(node["text"], verbatim=bool(node.get("verbatim")))
        case "plain_text":
            yield from of_plain(node)
        case "rich_text_preformatted":
            yield from _of_code(node["elements"])
        case "text":
            yield from of_layout(node["text"])
            yield from (("style", str(style)) for style in [node.get("style")] if style)
        case "user" | "usergroup" | "channel" | "broadcast" | "link" | "emoji" | "date" | "color":
            yield "element", repr(sorted(node.items()))
        case kind:
            yield from _of_others(kind, node)


def _of_code(elements: list[Mapping[str, Any]]) -> Iterator[Live]:
    """Lines are shown as lines there; all else is as everywhere."""
    for element in elements:
        yield from of_layout(element["text"].replace("\n", " ").replace("    ", " "))


def _of_others(kind: object, node: Mapping[str, Any]) -> Iterator[Live]:
    for name in ("url", "action_id", "value", "image_url", "callback_id"):
        if kind is not None and name in node:
            yield name, str(node[name])
    for name, part in node.items():
        if name != "private_metadata":
            yield from of_blocks(part)


def of_message(text: str, blocks: Any, *, parsed: bool) -> Counter[Live]:
    """`parsed`: Slack looks for addresses and names in the text by itself, as where no `parse` forbids it.

    The text of a message with blocks is what notifications and screen readers say.
    """
    found = Counter(of_blocks(blocks))
    found.update(of_mrkdwn(text, verbatim=bool(blocks) or not parsed))
    return found
