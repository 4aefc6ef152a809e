"""Checks an export of the audit log, line by line: stops at the first entry that is not as it was written. Pure."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workers.domain import audit
from workers.domain.audit import Digest
from workers.domain.audit_entry import BadEntry, Entry, IsSigned, Line, opened


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What an export holds: everything, one log alone, or what came since a time."""

    id: str | None = None
    since: str | None = None

    @property
    def whole(self) -> bool:
        return self.id is None and self.since is None


@dataclass
class Macs:
    """One log's signatures, shortened to 8 bytes each, by number: enough to tell two entries apart."""

    first: int
    kept: "array[int]" = field(default_factory=lambda: array("Q"))

    @property
    def last(self) -> int:
        return self.first + len(self.kept) - 1

    def at(self, seq: int) -> int | None:
        return self.kept[seq - self.first] if self.first <= seq <= self.last else None


def short(mac: str) -> int:
    return int(mac[:16], 16)


@dataclass
class Trail:
    """Takes the lines of an export in their order. Keeps each log's signatures and last entry, and nothing more."""

    is_signed: IsSigned
    scope: Scope = field(default_factory=Scope)
    posted: Mapping[int, Digest] = field(default_factory=dict)
    """Digests to compare with, by how many entries they cover."""
    entries: int = 0
    n: int = 0
    before_the_journal: int = 0
    """Entries of an older version, which kept no journal."""
    first_at: str = ""
    last_at: str = ""
    claimed: Digest | None = None
    """The last digest that an entry says was posted."""
    logs: dict[str, Macs] = field(default_factory=dict)
    _tails: dict[str, tuple[int, str]] = field(default_factory=dict)
    _heads: dict[str, str] = field(default_factory=dict)

    def take(self, line: Line) -> Entry:
        """Raises BadEntry where this line does not follow from the ones before it."""
        entry = opened(line, self.is_signed)
        self._follows_in_journal(line, entry)
        self._follows_in_log(line, entry)
        self._count(line, entry)
        self._as_posted(line)
        return entry

    def end(self, after: int) -> Digest | None:
        """`after`: the last line's number. Raises BadEntry where a digest covers entries that are not here."""
        for digest in sorted(self.posted.values(), key=lambda digest: digest.entries):
            if digest.entries > self.n:
                raise _cut_off(digest, self.n, after)
        return audit.digest(self.n, self._heads) if self.scope.whole else None

    def _follows_in_journal(self, line: Line, entry: Entry) -> None:
        if line.n is None:
            if entry.journaled:
                raise _bad(
                    "journal", line, entry, "it is not in the journal, and it was when it was written."
                )
            return
        if line.n <= self.n:
            known = self.logs.get(entry.id)
            again = known is not None and known.at(entry.seq) == short(entry.mac)
            why = "duplicate" if again else "order"
            raise _bad(why, line, entry, f"journal number {line.n} stands after {self.n}.")
        begins = self.scope.since is not None and self.n == 0
        if self.scope.id is None and not begins and line.n != self.n + 1:
            sentence = (
                f"journal number {line.n} follows {self.n}: what stood between is missing or was moved."
            )
            raise _bad("missing", line, entry, sentence)

    def _follows_in_log(self, line: Line, entry: Entry) -> None:
        if self.scope.id is not None and entry.id != self.scope.id:
            raise _bad("foreign", line, entry, f"this is an export of {self.scope.id} alone.")
        if entry.id not in self._tails:
            if self.scope.since is None and (entry.seq, entry.prev) != (1, ""):
                raise _bad("missing", line, entry, "the beginning of its log is missing.")
            return
        seq, mac = self._tails[entry.id]
        if entry.seq > seq + 1:
            raise _bad("missing", line, entry, f"it follows entry {seq}: what stood between is missing.")
        if entry.seq <= seq:
            again = self.logs[entry.id].at(entry.seq) == short(entry.mac)
            raise _bad("duplicate" if again else "order", line, entry, f"it stands after entry {seq}.")
        if entry.prev != mac:
            raise _bad("order", line, entry, f"it follows another entry {seq} than the one that stands here.")

    def _count(self, line: Line, entry: Entry) -> None:
        self._tails[entry.id] = (entry.seq, entry.mac)
        self.logs.setdefault(entry.id, Macs(entry.seq)).kept.append(short(entry.mac))
        self.entries += 1
        self.first_at, self.last_at = self.first_at or entry.at, entry.at
        if line.n is None:
            self.before_the_journal += 1
            return
        self.n = line.n
        self._heads[entry.id] = audit.head(entry.seq, entry.mac)
        self._claim(line, entry)

    def _claim(self, line: Line, entry: Entry) -> None:
        detail = entry.said.get("detail")
        claimed = audit.stated(detail.get("digest")) if isinstance(detail, dict) else None
        if claimed is None:
            return
        if claimed.entries >= self.n:
            raise _bad(
                "digest", line, entry, f"when it was written there were {claimed.entries} entries before it."
            )
        self.claimed = claimed

    def _as_posted(self, line: Line) -> None:
        posted = self.posted.get(self.n) if line.n is not None and self.scope.whole else None
        if posted is not None:
            _compare(posted, audit.digest(self.n, self._heads), line.number)


def check_digest(posted: Digest, lines: Iterable[Line]) -> None:
    """Whether the first entries of a whole export, already checked, lead to `posted`. Raises BadEntry."""
    heads = dict[str, str]()
    for line in lines:
        if line.n is None or line.text is None:
            continue
        entry = opened(line, lambda text, mac: True)
        heads[entry.id] = audit.head(entry.seq, entry.mac)
        if line.n == posted.entries:
            return _compare(posted, audit.digest(posted.entries, heads), line.number)
    return None


def _compare(posted: Digest, found: Digest, line: int) -> None:
    if posted.hex != found.hex:
        sentence = (
            f"the first {found.entries} entries lead to the digest {found}, and not to {posted}: entries were taken out "
            "before it, or that digest is of other logs."
        )
        raise BadEntry("digest", line, None, None, sentence)


def _cut_off(digest: Digest, n: int, after: int) -> BadEntry:
    missing = (
        f"entries {n + 1} to {digest.entries} are missing"
        if n + 1 < digest.entries
        else "the last is missing"
    )
    return BadEntry(
        "cut off", after + 1, None, None, f"the digest {digest} covers {digest.entries} entries: {missing}."
    )


def _bad(why: str, line: Line, entry: Entry, sentence: str) -> BadEntry:
    return BadEntry(why, line.number, entry.id, entry.seq, sentence, place=line.place)
