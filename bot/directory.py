"""The copy of the directory, in memory and ready to be searched."""

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime

from workers.domain.directory_search import Findable, Known, findable, search
from workers.domain.errors import StoreAway
from workers.ports import DirectoryCopy

logger = logging.getLogger(__name__)

MOST_FOUND = 100
"""Slack shows no more options."""


@dataclass
class KnownPeople:
    """See `workers.ports.DirectorySearch`. Safe to share between threads; searching asks nobody."""

    copy: DirectoryCopy
    _users: tuple[Findable, ...] = ()
    _digest: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refresh(self) -> None:
        """Load the copy where it changed. Where Redis is away, what was there before stays."""
        with self._lock:
            try:
                digest = self.copy.digest()
                if digest != self._digest:
                    self._users, self._digest = findable(self.copy.read()), digest
            except StoreAway as error:
                logger.warning("directory_copy_not_read", extra={"cause": str(error)})

    def find(self, query: str) -> list[Known]:
        return search(self._users, query, MOST_FOUND)

    def count(self) -> int:
        return len(self._users)

    def made_at(self) -> datetime | None:
        return self.copy.made_at() if self._users else None
