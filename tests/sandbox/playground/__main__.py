"""`make demo`: a page with a small Slack on the left and AWS on the right; in between everything is real."""

import argparse
import os
import shutil
import signal
import socket
import sys
import threading
import webbrowser
from contextlib import suppress

from tests.sandbox.playground.playground import Playground

PORT = 8421
"""Where the page is, so that it is found again; any free port where somebody else has this one."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.playground", description=__doc__)
    parser.add_argument("--port", type=int, default=None, help=f"default: {PORT}, or a free one")
    parser.add_argument("--no-open", action="store_true", help="only print the page's address")
    wanted = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _ended(stop))
    print("Starting a pretend Slack, a pretend AWS, and the real bot, workers and Redis ...", flush=True)
    with Playground.fresh(port=PORT if wanted.port is None and _free(PORT) else wanted.port or 0) as made:
        print(f"\n    {made.url}\n\nOpen this address. Ctrl-C ends everything.", flush=True)
        if not wanted.no_open and _has_a_screen():
            with suppress(webbrowser.Error):
                webbrowser.open(made.url)
        stop.wait()
        print("Stopping ...", flush=True)
    shutil.rmtree(made.installation.directory, ignore_errors=True)


def _ended(stop: threading.Event) -> None:
    """The first signal ends everything in order, the second at once."""
    if stop.is_set():
        raise KeyboardInterrupt
    stop.set()


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _has_a_screen() -> bool:
    """A browser in the terminal would take it away from Ctrl-C."""
    if sys.platform == "linux":
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True


if __name__ == "__main__":
    main()
