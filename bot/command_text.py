"""`/revoke ...` as typed, to one command or one sentence that says what to type instead. Pure."""

import difflib
import re
import unicodedata
from dataclasses import dataclass

from workers.domain import target_text
from workers.domain.handoff import NOTE_LIMIT
from workers.domain.revocation import TargetRef
from workers.service.intake import REASON_LIMIT

WORDS = (
    *("help", "status", "list", "hold", "release", "restore", "false-alarm"),
    *("own", "handoff", "report", "drill"),
)

_WITH_REASON = ("release", "restore", "false-alarm")

HELP = """*Deny a user everywhere:* `/revoke @alice key leaked`
A target is a mention, an e-mail, a user name, an Identity Center user ID, or the session ARN of an alert;
several targets make several revocations. Nobody is denied before somebody presses *Deny now* on the card.
`/revoke` alone opens a form that searches the directory.
`/revoke status @alice` · how it stands, and what was before
`/revoke list` · who is denied now, what is open, and what to do next
`/revoke hold @alice` · keep them denied 12 hours more
`/revoke release @alice [reason]` · ask to take them off the list; a second person approves
`/revoke false-alarm @alice [reason]` · ask to give back what was taken and take them off the list; a second person approves
`/revoke restore @alice [reason]` · ask to give back what was taken, and no more; a second person approves
`/revoke handoff [@next] [note]` · offer what you own, or all that is open, to the next person on call
`/revoke own @alice` · become the owner yourself, at once
`/revoke report @alice` · the timeline, for the record
`/revoke drill` · the whole way on the test user, to prove that it works
In a thread, where no slash command works, mention the bot: `@session-revoker status`, or any word of this list
A user name that looks like a word of this list: `/revoke user:status`"""

_REVOCATION = re.compile(r"R-[A-Z0-9]{6}")
_MENTION = re.compile(r"<@([UW][A-Z0-9]{2,})(?:\|[^>]*)?>")
_GROUP = re.compile(r"<!subteam\^")
_EVERYONE = re.compile(r"<!")
_CHANNEL = re.compile(r"<#")
_MAIL_LINK = re.compile(r"<mailto:([^|>\s]+)(?:\|[^>]*)?>|^mailto:")
_MAIL = re.compile(r"[^\s<>@,;:\"`()\[\]\\|]{1,64}@[^\s<>@,;:\"`()\[\]\\|]{1,189}")


@dataclass(frozen=True)
class Revoke:
    targets: tuple[TargetRef, ...]
    reason: str


@dataclass(frozen=True)
class About:
    """One of the words that are about one target, or about a revocation by its id."""

    word: str
    target: TargetRef | None = None
    revocation_id: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class HandOff:
    """Pass open revocations on; `incoming`: the Slack ids of who is asked, nobody for any responder."""

    incoming: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Drill:
    """The whole way on the test user of the settings."""

    reason: str = ""


@dataclass(frozen=True)
class ListOpen:
    pass


@dataclass(frozen=True)
class Help:
    pass


@dataclass(frozen=True)
class Whom:
    """Nothing was typed: a form asks whom and why."""

    sentence: str
    """What to type instead, where no form can be opened."""


@dataclass(frozen=True)
class Wrong:
    """The text cannot be carried out; the sentence says what to type, and keeps what was typed."""

    sentence: str
    nobody: bool = False
    """Nobody was named in a way that is understood, so the directory is offered to be searched."""


Command = Revoke | About | HandOff | Drill | ListOpen | Help | Whom | Wrong


def parse(text: str) -> Command:
    """The command in `text`, as Slack sent it with escaping on."""
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t\r" for c in text):
        return Wrong(_again("There are control characters in it. Nothing was recorded.", text))
    tokens = text.split()
    if not tokens:
        return Whom("Whom? Type `/revoke @alice key leaked`, or `/revoke help`.")
    word = _clean(tokens[0]).lower()
    if word == "help":
        return Help()
    if word == "list":
        return ListOpen()
    if word == "handoff":
        return _handoff(text)
    if word == "drill":
        return _drill(text)
    if word in WORDS:
        return _about(word, tokens[1:])
    return _revoke(tokens, text)


def _about(word: str, tokens: list[str]) -> Command:
    if not tokens:
        return ListOpen() if word == "status" else Wrong(f"Whom? Type `/revoke {word} @alice`.")
    reason = _unescaped(" ".join(tokens[1:]))
    if len(reason) > REASON_LIMIT:
        return Wrong(_too_long(reason, " ".join([word, *tokens])))
    if word not in _WITH_REASON and tokens[1:] and isinstance(_target(tokens[1], first=False), TargetRef):
        return Wrong(f"One at a time: type `/revoke {word} {_clean(tokens[0])}`, then the next.")
    if _REVOCATION.fullmatch(tokens[0].upper()):
        return About(word, revocation_id=tokens[0].upper(), reason=reason)
    target = _target(tokens[0], first=True)
    if isinstance(target, Wrong):
        return target
    if target is None:
        return Wrong(f"{_shown(tokens[0])} is no target. Type `/revoke {word} @alice`.", nobody=True)
    return About(word, target=target, reason=reason)


def _handoff(text: str) -> Command:
    incoming: list[str] = []
    _, *left = text.split(None, 1)
    rest = left[0] if left else ""
    while match := re.match(rf"[\s,;]*{_MENTION.pattern}[,;]?(?=\s|<@|$)", rest):
        incoming.append(match[1])
        rest = rest[match.end() :]
    rest = rest.strip()
    if rest.startswith("<!subteam^"):
        return Wrong(
            "A user group cannot accept: name its people one by one, or nobody; then any responder may accept."
        )
    if rest.startswith("@"):
        return Wrong(
            f"Slack does not know {_shown(rest.split()[0])} as a person. Pick the name from Slack's list while "
            "typing: `/revoke handoff @next what they should know`."
        )
    note = _unescaped(rest)
    if len(note) > NOTE_LIMIT:
        what = (
            f"The note has {len(note)} characters and {NOTE_LIMIT} fit. Nothing was recorded: cut it short."
        )
        return Wrong(_again(what, text))
    return HandOff(tuple(dict.fromkeys(incoming)), note)


def _drill(text: str) -> Command:
    _, *left = text.split(None, 1)
    reason = _unescaped(left[0].strip()) if left else ""
    return Drill(reason) if len(reason) <= REASON_LIMIT else Wrong(_too_long(reason, text))


def _revoke(tokens: list[str], text: str) -> Command:
    targets: list[TargetRef] = []
    for token in tokens:
        target = _target(token, first=not targets)
        if isinstance(target, Wrong):
            return target
        if target is None:
            break
        if target not in targets:
            targets.append(target)
    if not targets:
        return Wrong(
            f"{_shown(tokens[0])} is no target. Type `/revoke @alice key leaked`, or `/revoke help`.",
            nobody=True,
        )
    reason = _reason(tokens, text)
    if len(reason) > REASON_LIMIT:
        return Wrong(_too_long(reason, text))
    return Revoke(tuple(targets), reason)


def _reason(tokens: list[str], text: str) -> str:
    count = 0
    for token in tokens:
        if not isinstance(_target(token, first=count == 0), TargetRef):
            break
        count += 1
    parts = text.split(None, count)
    return _unescaped(parts[count].strip()) if len(parts) > count else ""


def _target(token: str, *, first: bool) -> TargetRef | Wrong | None:
    """A target, a refusal, or None where a reason begins. Only the first token may be a bare user name."""
    listed = _clean(token).rstrip(",;")
    if (match := _MENTION.fullmatch(listed)) is not None:
        return TargetRef(kind="slack", value=match[1], slack_id=match[1])
    if (refusal := _nobody(token)) is not None:
        return refusal if first or token.startswith(("@", "<!subteam^")) else None
    token = _as_meant(token)
    if (target := target_text.unmistakable(token)) is not None:
        return target if _possible(target) else None
    return _user_name(token) if first else None


def _as_meant(token: str) -> str:
    """Without what Slack, a paste or a list puts around a target: links, escapes, unseen characters, commas."""
    unlinked = _MAIL_LINK.sub(lambda match: match[1] or "", token)
    return _clean(_unescaped(unlinked)).rstrip(",;")


def _possible(target: TargetRef) -> bool:
    """Whether AWS could hold such a value at all: a UserName is 1 to 128 letters, marks, symbols, digits, signs."""
    if target.kind == "email":
        return _MAIL.fullmatch(target.value) is not None
    seen = all(unicodedata.category(c)[0] in "LMSNP" for c in target.value)
    return seen and len(target.value) <= 128


def _nobody(token: str) -> Wrong | None:
    if _GROUP.match(token):
        return Wrong(
            "A user group is no target: name its people one by one, `/revoke @alice @bob key leaked`."
        )
    if _EVERYONE.match(token) or _CHANNEL.match(token):
        return Wrong("That is no person. Name one: `/revoke @alice key leaked`.")
    if token.startswith("@"):
        name = _shown(token)
        return Wrong(
            f"Slack does not know {name} as a person, so it is not clear who is meant. Pick the name from Slack's "
            "list while typing, or give the e-mail or the user name: `/revoke alice@example.com key leaked`.",
            nobody=True,
        )
    return None


def _user_name(token: str) -> TargetRef | Wrong | None:
    if _REVOCATION.fullmatch(token.upper()):
        return Wrong(
            f"{token.upper()} is a revocation, not a person: type `/revoke status {token.upper()}`. "
            f"To deny a user of that name: `/revoke user:{token}`."
        )
    near = difflib.get_close_matches(token.lower(), WORDS, n=1, cutoff=0.75)
    if near and abs(len(near[0]) - len(token)) <= 1:
        shown = _shown(token)
        return Wrong(
            f"{shown} is no command. Did you mean `/revoke {near[0]}`? To deny a user of that name: `/revoke user:{token}`."
        )
    return target_text.user_name(token)


def _too_long(reason: str, text: str) -> str:
    return _again(
        f"The reason has {len(reason)} characters and {REASON_LIMIT} fit. Nothing was recorded: cut it short.",
        text,
    )


def _again(what: str, text: str) -> str:
    """What is wrong, and the whole text to copy: it took time to write, and there is none."""
    kept = _uncoded(_clean(text)).strip()
    return f"{what} Run it again with:\n```/revoke {kept}```"


def _unescaped(text: str) -> str:
    """Slack escapes these three, and only these, in what was typed."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _clean(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c in "\n\t")


def _shown(text: str, limit: int = 60) -> str:
    kept = _uncoded(_clean(text)[:limit])
    return f"`{kept}`"


def _uncoded(text: str) -> str:
    """Without the signs that end code; Slack takes the wide one for one too."""
    return text.replace("`", "'").replace("\uff40", "'")
