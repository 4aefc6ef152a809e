"""How an entry of the audit log stands in a file: one line of JSON, in an export and in the second sink. Text in, values out."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from workers.domain import audit
from workers.domain.audit import Digest
from workers.domain.audit_entry import BadEntry, IsSigned, Line
from workers.domain.audit_trail import Scope

_SINK = re.compile(r'\{"audit":\{')
_EXPORT = '{"export":'
_ENTRY = '{"n":'


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first line of an export: what it holds, and what all logs led to when it was begun. Signed like an entry."""

    at: str
    scope: Scope
    digest: Digest


def header_text(header: Header) -> str:
    scope = header.scope
    return _canonical(
        {
            "at": header.at,
            "digest": str(header.digest),
            "id": scope.id,
            "since": scope.since,
            "what": "export",
        }
    )


def header_line(text: str, mac: str) -> str:
    return _canonical({"export": {"e": text, "m": mac}})


def export_line(line: Line) -> str:
    """Entries as they are, `n` being their place in the journal. No text: the journal names it, its log lacks it."""
    said: dict[str, Any] = {"n": line.n, "log": line.log}
    said |= {"seq": line.seq} if line.text is None else {}
    return _canonical({**said, "e": line.text, "m": line.mac})


def sink_line(line: Line) -> str:
    said: dict[str, Any] = {"n": line.n, "e": line.text, "m": line.mac}
    return _canonical({"audit": {**said, **({"unsure": True} if line.unsure else {})}})


def is_export(first: str) -> bool:
    """Whether this first line is one of an export, whole or with its beginning cut off."""
    return first.startswith((_EXPORT, _ENTRY))


def header(first: str, is_signed: IsSigned) -> Header:
    """Raises BadEntry where an export does not begin as ours do."""
    try:
        said = json.loads(first)["export"]
        text, mac = str(said["e"]), str(said["m"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise BadEntry(
            "format", 1, None, None, "an export begins with a line that says what it holds."
        ) from None
    if not is_signed(text, mac) or header_line(text, mac) != first:
        sentence = "the signature of the export's first line is not ours: it was changed, or signed with another key."
        raise BadEntry("signature", 1, None, None, sentence)
    fields = json.loads(text)
    digest = audit.stated(fields["digest"])
    assert digest is not None  # we signed it
    return Header(at=fields["at"], scope=Scope(id=fields["id"], since=fields["since"]), digest=digest)


def exported(texts: Iterable[str], first: int) -> Iterator[Line]:
    """The entries of an export, `first` being the number of the first line given. Raises BadEntry at any other line."""
    for number, text in enumerate(texts, start=first):
        line = _line(number, text)
        if line is None or export_line(line) != text:
            raise BadEntry("format", number, None, None, "this is no line as an export has them.")
        yield line


def _line(number: int, text: str) -> Line | None:
    try:
        said = json.loads(text)
        line = Line(
            number=number, text=said["e"], mac=said["m"], n=said["n"], log=said["log"], seq=said.get("seq")
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return line if _typed(line) else None


def sunk(texts: Iterable[str]) -> Iterator[Line]:
    """The entries among the lines of a process's output, whatever stands before them in a line; others are passed over."""
    for number, text in enumerate(texts, start=1):
        for found in _SINK.finditer(text):
            line = _sunk(number, text[found.start() :])
            if line is not None:
                yield line


def _sunk(number: int, text: str) -> Line | None:
    try:
        said = json.JSONDecoder().raw_decode(text)[0]["audit"]
        unsure = said.get("unsure") is True
        line = Line(number=number, text=said["e"], mac=said["m"], n=said.get("n"), unsure=unsure)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None  # a line that was cut off: what it held is missed later
    return line if _typed(line) and line.text is not None else None


def _typed(line: Line) -> bool:
    texts = all(text is None or isinstance(text, str) for text in (line.text, line.log))
    numbers = all(n is None or type(n) is int for n in (line.n, line.seq))
    return texts and numbers and isinstance(line.mac, str)


def _canonical(said: dict[str, Any]) -> str:
    """One way to write it, in characters that no terminal and no collector of logs changes."""
    return json.dumps(said, separators=(",", ":")).replace("\x7f", "\\u007f")
