"""python -m tests.sandbox.aws: serve until stopped. Prints one JSON line, {"url": ...}, when it is ready."""

import argparse
import gc
import json
import os
import signal
import sys
from threading import Thread


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", action="store_true", help="start with the usual organization")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input ends")
    given = parser.parse_args()
    # Set before moto is imported: its accounts and its own calls must not look for real credentials.
    os.environ.update(
        AWS_ACCESS_KEY_ID="pretend", AWS_SECRET_ACCESS_KEY="pretend", AWS_EC2_METADATA_DISABLED="true"
    )
    gc.disable()  # what is imported is no garbage; half of the start would go into looking for it
    from tests.sandbox.aws.server import build_server

    gc.freeze()
    gc.enable()
    server = build_server(given.port)
    if given.seed:
        server.app.control.seed()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    if given.with_parent:
        Thread(target=_end_with_input, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}), flush=True)
    server.serve_forever()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
