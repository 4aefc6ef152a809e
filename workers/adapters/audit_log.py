"""The entries of a record's log: signed, and chained to the entry before. Bytes in, values out; no Redis.

An entry's text is canonical JSON (sorted keys, no blanks). Its mac covers the text, and the text names the mac
of the entry before, so a changed, dropped, inserted or moved entry shows. What looks like a secret is masked before it
is signed: an entry goes to Redis and to the second sink as it is.
"""

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError

from workers.domain.actor import Actor
from workers.domain.errors import UnreadableRecord
from workers.domain.revocation import VERSION
from workers.domain.secret_text import without_secrets
from workers.ports import Record

R = TypeVar("R", bound=Record)
_ACTOR = TypeAdapter(Actor)
_HALF_PAIR = re.compile("[\ud800-\udfff]")
"""Half a surrogate pair: JSON from outside can carry one, UTF-8 cannot, and a name must not stop a record."""


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@dataclass(frozen=True)
class Signed:
    """One entry as it is stored."""

    text: str
    mac: str


GENESIS = Signed("", "")


@dataclass(frozen=True)
class AuditLog:
    """Writes and reads entries under one key."""

    key: bytes = field(repr=False)

    def entry(
        self, before: Signed, record: Record, event: str, actor: Actor, detail: Any, at: datetime
    ) -> Signed:
        """The entry that follows `before`, holding the record that it leads to."""
        text = json.dumps(
            {
                "v": VERSION,
                "id": record.id,
                "seq": record.seq,
                "at": at.isoformat(),
                "event": event,
                "actor": _ACTOR.dump_python(actor, mode="json"),
                "detail": detail,
                "record": _adapter(type(record)).dump_python(record, mode="json", exclude={"mac"}),
                "prev": before.mac,
                "journal": True,
            },
            sort_keys=True,
            separators=(",", ":"),
            ensure_ascii=False,
        )
        text = without_secrets(_HALF_PAIR.sub("\ufffd", text))
        return Signed(text, self.mac(text))

    def record(self, signed: Signed, record_id: str, kind: type[R]) -> R:
        """The record in `signed`; raises UnreadableRecord where it is not ours, not this one's, or newer."""
        entry = self._opened(signed, record_id)
        try:
            read: Any = _adapter(kind).validate_python(entry["record"])
        except (KeyError, ValidationError) as error:
            raise UnreadableRecord(f"{record_id}: its record cannot be read by this version.") from error
        return cast(R, replace(read, mac=signed.mac))

    def verified(self, entries: Iterable[Signed], record_id: str) -> list[dict[str, Any]]:
        """All entries, oldest first; raises UnreadableRecord naming the first that does not follow."""
        before, opened = GENESIS, []
        for seq, signed in enumerate(entries, start=1):
            entry = self._opened(signed, record_id)
            if entry.get("seq") != seq or entry.get("prev") != before.mac:
                raise UnreadableRecord(f"{record_id}: entry {seq} does not follow the one before it.")
            opened.append(entry)
            before = signed
        return opened

    def leads_on(self, entries: Sequence[Signed], record_id: str) -> bool:
        """Whether each of `entries`, oldest first, is ours and follows the one before it; the first has none here."""
        try:
            opened = [self._opened(signed, record_id) for signed in entries]
        except UnreadableRecord:
            return False
        links = zip(entries, opened, opened[1:], strict=False)
        return all((n["prev"], n["seq"]) == (signed.mac, was["seq"] + 1) for signed, was, n in links)

    def _opened(self, signed: Signed, record_id: str) -> dict[str, Any]:
        if not self.is_ours(signed.text, signed.mac):
            raise UnreadableRecord(f"{record_id}: the signature of its record is not ours.")
        entry: dict[str, Any] = json.loads(signed.text)
        if entry.get("id") != record_id:
            raise UnreadableRecord(f"{record_id}: its record belongs to another record.")
        if entry.get("v") not in (VERSION, VERSION - 1, VERSION + 1):
            raise UnreadableRecord(f"{record_id}: its record has version {entry.get('v')}, unknown here.")
        return entry

    def is_ours(self, text: str, mac: str) -> bool:
        """Whether `mac` is our signature on `text`."""
        return hmac.compare_digest(self.mac(text).encode(), mac.encode(errors="replace"))

    def mac(self, text: str) -> str:
        """Our signature on `text`."""
        return hmac.new(self.key, text.encode(errors="replace"), hashlib.sha256).hexdigest()
