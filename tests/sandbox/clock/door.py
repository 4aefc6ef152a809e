"""The door in front of Redis: a port on loopback, and for each client a connection of its own behind it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from tests.sandbox.clock.conversation import Conversation

_MOST = 1 << 16


class Door:
    """Stands between clients on a loopback port and the server on a unix socket."""

    def __init__(self, socket: str) -> None:
        self.shift = 0
        self._socket = socket
        self._open: set[asyncio.Task[None]] = set()

    async def listen(self, port: int) -> int:
        """Returns the port; 0 takes any free one."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        talk = Conversation(lambda: self.shift)
        with suppress(OSError, asyncio.CancelledError):
            redis, to_redis = await asyncio.open_unix_connection(self._socket)
            ways = (_pass(client, to_redis, talk.to_redis), _pass(redis, to_client, talk.to_client))
            tasks = [asyncio.create_task(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            to_redis.close()
        to_client.close()


async def _pass(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, change: Callable[[bytes], bytes]
) -> None:
    with suppress(OSError):
        while data := await source.read(_MOST):
            target.write(change(data))
            await target.drain()
