"""Somebody who can write to Redis, keeps copies of what was there before, and does not have the key of the logs."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from redis import Redis

OPEN, ENDED, DUE, UNTOLD, CARDS, MARKS = (
    f"revoke:{name}" for name in ("open", "ended", "due", "untold", "cards", "marks")
)
INDEXES = (OPEN, ENDED, DUE, UNTOLD, CARDS, MARKS)
FOR_EVER = 10**15

Entry = dict[bytes, bytes]


def log_of(revocation_id: str) -> str:
    return f"revoke:log:{revocation_id}"


@dataclass
class RedisWriter:
    """Every method is one thing that such a person can do."""

    redis: Redis
    kept: dict[str, list[Entry]] = field(default_factory=dict)
    """The longest copy of each log that was ever seen."""

    def ids(self) -> list[str]:
        """Oldest first: the ids themselves are random, and one seed must make one run."""
        keys: list[bytes] = self.redis.keys("revoke:log:*")  # type: ignore[assignment]
        found = {key.decode().removeprefix("revoke:log:") for key in keys}
        return [*self.kept, *sorted(found - self.kept.keys(), key=self._begun)]

    def _begun(self, revocation_id: str) -> bytes:
        if self.redis.type(log_of(revocation_id)) != b"stream":
            return b""
        first: list[tuple[bytes, Entry]] = self.redis.xrange(log_of(revocation_id), count=1)  # type: ignore[assignment]
        return first[0][0] if first else b""

    def entries(self, revocation_id: str) -> list[Entry]:
        if self.redis.type(log_of(revocation_id)) != b"stream":
            return []
        return [fields for _, fields in self.redis.xrange(log_of(revocation_id))]  # type: ignore[union-attr]

    def watch(self) -> None:
        """Keep a copy of every log that is longer than the copy there is."""
        for revocation_id in self.ids():
            now = self.entries(revocation_id)
            if len(now) > len(self.kept.get(revocation_id, [])):
                self.kept[revocation_id] = now

    def put(self, revocation_id: str, entries: list[Entry]) -> None:
        """Make a log of exactly these entries, and have it looked at."""
        self.redis.delete(log_of(revocation_id))
        for entry in entries:
            self.redis.xadd(log_of(revocation_id), entry)
        self.redis.sadd(OPEN, revocation_id)
        self.redis.zadd(DUE, {revocation_id: 0})

    def cut(self, revocation_id: str, length: int) -> None:
        """Back to an entry that is properly signed."""
        self.put(revocation_id, (self.kept.get(revocation_id) or self.entries(revocation_id))[:length])

    def delete(self, revocation_id: str) -> None:
        self.redis.delete(log_of(revocation_id))
        self.hide(revocation_id)

    def hide(self, revocation_id: str) -> None:
        """The log stays, and nothing points to it."""
        self.redis.srem(OPEN, revocation_id)
        for index in (DUE, UNTOLD):
            self.redis.zrem(index, revocation_id)

    def copy(self, source: str, into: str) -> None:
        self.put(into, self.kept.get(source) or self.entries(source))

    def append(self, source: str, into: str, length: int) -> None:
        """The last entry of one log, or an old one of the same, at the end of another."""
        entries = (self.kept.get(source) or self.entries(source))[:length]
        if entries and self.redis.type(log_of(into)) in (b"stream", b"none"):
            self.redis.xadd(log_of(into), entries[-1])

    def flip(self, revocation_id: str, entry: int, key: bytes, bit: int) -> None:
        """One bit of one entry."""
        entries = self.entries(revocation_id)
        changed = bytearray(entries[entry][key])
        changed[bit // 8 % len(changed)] ^= 1 << bit % 8
        entries[entry] = {**entries[entry], key: bytes(changed)}
        self.put(revocation_id, entries)

    def flip_somewhere(self, revocation_id: str, dice: random.Random) -> None:
        entries = self.entries(revocation_id)
        if entries:
            entry = dice.randrange(len(entries))
            self.flip(revocation_id, entry, dice.choice(sorted(entries[entry])), dice.getrandbits(20))

    def append_garbage(self, revocation_id: str) -> None:
        if self.redis.type(log_of(revocation_id)) in (b"stream", b"none"):
            self.redis.xadd(log_of(revocation_id), {"e": "{}", "m": "0" * 64})

    def trim(self, revocation_id: str, left: int) -> None:
        if self.redis.type(log_of(revocation_id)) == b"stream":
            self.redis.xtrim(log_of(revocation_id), maxlen=left)

    def garbage(self, dice: random.Random) -> None:
        name = dice.choice(["", "R-ZZZZZZ", "\x00", "R-1' OR 1", "x" * 10_000])
        index = dice.choice([OPEN, ENDED, DUE, UNTOLD])
        if index == OPEN and self.redis.type(OPEN) in (b"set", b"none"):
            self.redis.sadd(OPEN, name)
        elif index != OPEN and self.redis.type(index) in (b"zset", b"none"):
            self.redis.zadd(index, {name: dice.choice([0, 1e18])})

    def wrong_type(self, key: str) -> None:
        self.redis.delete(key)
        self.redis.set(key, "x")

    def forge_mark(self, name: str, value: object) -> None:
        if self.redis.type(MARKS) in (b"hash", b"none"):
            self.redis.hset(MARKS, name, str(value))

    def silence(self, revocation_id: str) -> None:
        """What has no end, or a very late one, is not ours."""
        for key in (
            "revoke:slack-pause",
            f"revoke:postponed:{revocation_id}",
            f"revoke:paced:{revocation_id}",
            f"revoke:seen:reach-{revocation_id}",
        ):
            self.redis.set(key, 1)

    def lock(self, name: str) -> None:
        self.redis.set(f"revoke:lock:{name}", "mine")


MARKED = ("policy_written", "policy_read", "policy_refused", "reconciled", "slack_away")


def attacks(writer: RedisWriter, dice: random.Random) -> list[tuple[str, Callable[[], None]]]:
    """One of each kind, aimed at random."""
    ids = writer.ids() or ["R-AAAAAA"]
    one, other = dice.choice(ids), dice.choice(ids)
    longest = len(writer.kept.get(one, [])) or 1
    length, now = dice.randint(0, longest), int(writer.redis.time()[0]) * 1000  # type: ignore[index]
    return [
        ("cut", lambda: writer.cut(one, length)),
        ("cut by one", lambda: writer.cut(one, max(0, len(writer.entries(one)) - 1))),
        ("put the whole copy back", lambda: writer.cut(one, longest)),
        ("delete", lambda: writer.delete(one)),
        ("hide", lambda: writer.hide(one)),
        ("copy", lambda: writer.copy(one, other)),
        ("copy to a new id", lambda: writer.copy(one, f"R-{dice.randint(100000, 999999)}")),
        ("append", lambda: writer.append(one, other, length)),
        ("garbage entry", lambda: writer.append_garbage(one)),
        ("trim", lambda: writer.trim(one, dice.randint(0, 3))),
        ("flip", lambda: writer.flip_somewhere(one, dice)),
        ("wrong type", lambda: writer.wrong_type(dice.choice([*INDEXES, log_of(one)]))),
        ("garbage in an index", lambda: writer.garbage(dice)),
        (
            "mark",
            lambda: writer.forge_mark(dice.choice(MARKED), dice.choice([0, now, now + FOR_EVER, "x", -1])),
        ),
        ("silence", lambda: writer.silence(one)),
        ("lock", lambda: writer.lock(dice.choice(["policy", f"card-{one}", f"restore-{one}"]))),
        ("delete an index", lambda: writer.redis.delete(dice.choice(INDEXES)) and None),
        ("delete everything", lambda: writer.redis.flushall() and None),
    ]
