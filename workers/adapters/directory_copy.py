"""The copy of the directory that the bot searches. Unsigned: whoever forges an entry makes it propose an ID, no more."""

import hashlib
import json
import logging
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from workers.domain.directory_search import MOST_USERS, Known
from workers.domain.errors import StoreAway
from workers.domain.user_id import is_user_id

logger = logging.getLogger(__name__)

KEY, FRESH = "revoke:directory", "revoke:directory-new"
CHUNK = 1000
"""Users in one field of the hash: small enough to be read within the bot's half a second."""

CHUNK_BYTES = 4_000_000
"""What a chunk may grow to when it is unpacked; what grows beyond is not ours."""


class RedisDirectoryCopy:
    """See `workers.ports.DirectoryCopy`. One hash: `at`, `of`, and numbered chunks of packed JSON."""

    def __init__(self, redis: Redis) -> None:
        self._redis: Any = redis

    def made_at(self) -> datetime | None:
        try:
            found = self._redis.hget(KEY, "at")
            return datetime.fromtimestamp(int(found), UTC) if found else None
        except (RedisError, ValueError, OverflowError, OSError) as error:
            logger.warning("directory_copy_unreadable", extra={"cause": type(error).__name__})
            return None

    def keep(self, users: Sequence[Known], at: datetime) -> None:
        """Raises StoreAway. The same users again cost one small write."""
        chunks = {str(n): chunk for n, chunk in enumerate(_packed(users))}
        of = hashlib.sha256(b"".join(chunks.values())).hexdigest()
        head: dict[str, Any] = {"at": int(at.timestamp()), "of": of}
        try:
            if self._redis.type(KEY) == b"hash" and self._redis.hget(KEY, "of") == of.encode():
                self._redis.hset(KEY, "at", head["at"])
                return
            with self._redis.pipeline() as pipe:
                pipe.delete(FRESH)
                pipe.hset(FRESH, mapping={**head, **chunks})
                pipe.rename(FRESH, KEY)
                pipe.execute()
        except RedisError as error:
            raise StoreAway("Redis, where the copy of the directory is, could not be reached.") from error

    def digest(self) -> str | None:
        """What the copy is of; None where there is none. Raises StoreAway."""
        try:
            found = self._redis.hget(KEY, "of")
        except RedisError as error:
            raise StoreAway("Redis, where the copy of the directory is, could not be reached.") from error
        return found.decode(errors="replace") if found else None

    def read(self) -> list[Known]:
        """Whatever is readable of it, at most `MOST_USERS`. Raises StoreAway."""
        users = list[Known]()
        try:
            for n in range(MOST_USERS // CHUNK):
                packed = self._redis.hget(KEY, str(n))
                if packed is None:
                    break
                users.extend(_unpacked(packed))
        except RedisError as error:
            raise StoreAway("Redis, where the copy of the directory is, could not be reached.") from error
        return users[:MOST_USERS]


def _packed(users: Sequence[Known]) -> Iterator[bytes]:
    for start in range(0, min(len(users), MOST_USERS), CHUNK):
        rows = [_row(user) for user in users[start : start + CHUNK]]
        yield zlib.compress(json.dumps(rows, ensure_ascii=False).encode(errors="replace"))


def _row(user: Known) -> list[str]:
    """Cut to what is ever shown."""
    return [user.user_id, user.user_name[:200], user.display_name[:200], user.email[:300]]


def _unpacked(packed: bytes) -> Iterator[Known]:
    """The entries that could be ours; what is not of the shape is left out."""
    try:
        rows = json.loads(zlib.decompressobj().decompress(packed, CHUNK_BYTES))
    except (zlib.error, ValueError, RecursionError):
        logger.warning("directory_copy_unreadable")
        return
    for row in rows[:CHUNK] if isinstance(rows, list) else []:
        shaped = isinstance(row, list) and len(row) == 4 and all(isinstance(one, str) for one in row)
        if shaped and is_user_id(row[0]):
            yield Known(row[0], row[1][:200], row[2][:200], row[3][:300])
