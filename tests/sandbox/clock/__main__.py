"""python -m tests.sandbox.clock --directory D: Redis, with a clock that can be moved, until standard input ends.

Prints one line of JSON, {"url": ..., "pids": ...}, when it answers. Each number on a line of standard input is
how many seconds the clock is to be ahead; it is printed again once it is.
"""

import argparse
import asyncio
import json
import os
import sys
from pathlib import Path
from urllib.parse import unquote

from redis import Redis

from tests.sandbox.clock.aging import age
from tests.sandbox.clock.door import Door
from workers.adapters.redis_server import RedisServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.sandbox.clock", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ahead", type=int, default=0, help="seconds")
    wanted = parser.parse_args()
    server = RedisServer(wanted.directory)
    server.ensure()
    try:
        asyncio.run(_serve(server, wanted.port, wanted.ahead))
    finally:
        server.stop()


async def _serve(server: RedisServer, port: int, ahead: int) -> None:
    door, redis = Door(unquote(server.url.removeprefix("unix://"))), Redis.from_url(server.url)
    door.shift = ahead
    listening = await door.listen(port)
    pids = [os.getpid(), int(redis.info("server")["process_id"])]
    print(json.dumps({"url": f"redis://127.0.0.1:{listening}/0", "pids": pids}), flush=True)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        age(redis, int(line) - door.shift)
        door.shift = int(line)
        print(door.shift, flush=True)


if __name__ == "__main__":
    main()
