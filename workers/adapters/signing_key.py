"""The key that signs the logs. It never goes into Redis."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from workers.settings import RecordSettings, WrongSettings

FILE = "signing_key"


def signing_key(settings: RecordSettings) -> bytes:
    """The key from the settings, else the one in the data directory, made there once.

    Safe against two processes starting at once: the file appears whole or not at all, and the first one wins.
    """
    if settings.revoke_signing_key is not None:
        return settings.revoke_signing_key.get_secret_value().encode()
    return _kept_key(settings.revoke_data_dir)


def known_key(settings: RecordSettings) -> bytes:
    """The same key, for whoever only checks signatures: none is made. Raises WrongSettings where there is none."""
    kept = settings.revoke_data_dir / FILE
    if settings.revoke_signing_key is None and not kept.exists():
        raise WrongSettings(
            f"  REVOKE_SIGNING_KEY: is required, or the file {FILE} of the workers in REVOKE_DATA_DIR"
        )
    return signing_key(settings)


def _kept_key(directory: Path) -> bytes:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = directory / FILE
    if not kept.exists():
        fresh = directory / f".signing_key.{os.getpid()}.{secrets.token_hex(4)}"
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(fresh, kept)
        fresh.unlink()
    key = kept.read_text().strip().encode()
    if len(key) < 16:
        raise WrongSettings(f"  REVOKE_SIGNING_KEY: is not set, and {kept} holds no key. Restore that file.")
    return key
