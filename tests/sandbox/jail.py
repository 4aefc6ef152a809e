"""A place without a shell: run a command where there is Python, the code, and one folder that can be written to.

    python jail.py '{"root": "...", "read": [...], "write": {...}, "command": [...]}'

`root` is an empty folder. Everything is read-only but the folders in `write` (place inside: folder outside) and /tmp; no
program but Python's is there; the command runs as a user without a name and without rights. As the image and
compose.yaml have it, without a container engine. Needs Linux and root. Exit code 77: this machine does not let it be made.
"""

import ctypes
import json
import os
import sys
from pathlib import Path

UID = 10001
READ_ONLY, NO_SUID, NO_DEVICES, NO_EXEC, REMOUNT, BIND = 1, 2, 4, 8, 32, 4096
RECURSIVE, PRIVATE = 16384, 1 << 18
OWN_MOUNTS = 0x00020000
NO_NEW_PRIVILEGES = 38
CANNOT = 77

libc = ctypes.CDLL(None, use_errno=True)


def main(given: dict) -> None:
    root = Path(given["root"])
    try:
        build(root, given)
        os.chroot(root)
    except (PermissionError, AttributeError) as error:
        print(f"The jail cannot be made here: {error}", file=sys.stderr)
        sys.exit(CANNOT)
    os.chdir(given.get("cwd", "/"))
    become_nobody()
    os.execv(given["command"][0], given["command"])


def build(root: Path, given: dict) -> None:
    """Nobody else sees these mounts, and they go with the process."""
    check(libc.unshare(OWN_MOUNTS))
    mount(None, "/", RECURSIVE | PRIVATE)
    mount("tmpfs", root, 0, kind="tmpfs")
    (root / "tmp").mkdir()  # first: what is shown may lie in it
    mount("tmpfs", root / "tmp", NO_SUID | NO_DEVICES | NO_EXEC, kind="tmpfs")
    os.chmod(root / "tmp", 0o1777)
    for place in map(Path, given["read"]):
        show(root, place)
    for device in ("null", "urandom"):
        show(root, Path("/dev") / device, writable=True)
    for inside, outside in given["write"].items():
        show(root, Path(inside), source=Path(outside), writable=True)
    mount(None, root, REMOUNT | READ_ONLY)


def show(root: Path, place: Path, source: Path | None = None, writable: bool = False) -> None:
    """The same thing at the same place inside; a link stays one."""
    source, inside = source or place, root / place.relative_to("/")
    if inside.exists() or inside.is_symlink():
        return
    inside.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        inside.symlink_to(os.readlink(source))
        return
    inside.mkdir() if source.is_dir() else inside.touch()
    mount(source, inside, BIND | RECURSIVE)
    if not writable:
        mount(None, inside, BIND | REMOUNT | READ_ONLY | NO_SUID)


def become_nobody() -> None:
    os.setgroups([])
    os.setgid(UID)
    os.setuid(UID)
    check(libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0))


def mount(source: Path | str | None, place: Path | str, flags: int, kind: str | None = None) -> None:
    names = [None if name is None else os.fsencode(name) for name in (source, place, kind)]
    check(libc.mount(*names, ctypes.c_ulong(flags), None))


def check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def python_and_code(root: Path) -> list[str]:
    """What a Python of an environment needs to be seen, beside the code in `root`."""
    links, link = [], Path(sys.executable)
    while link.is_symlink():
        link = Path(os.path.normpath(link.parent / os.readlink(link)))
        links.append(str(link))
    system = [
        str(place) for place in map(Path, ("/usr/lib", "/usr/lib64", "/lib", "/lib64")) if place.exists()
    ]
    base = [f"{sys.base_prefix}/lib", *links]
    return [*system, sys.prefix, str(Path(sys.prefix).resolve()), *base, f"{root}/bot", f"{root}/workers"]


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
