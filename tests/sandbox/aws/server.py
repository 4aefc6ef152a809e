"""The pretend AWS as an HTTP server on this machine."""

import logging
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from tests.sandbox.aws.gateway import Gateway
from tests.sandbox.aws.world import World


class QuietHandler(MotoRequestHandler):
    def log_request(self, code: Any = "-", size: Any = "-") -> None:
        """The journal has it."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without the server's own Date header: the gateway sends the pretend clock's."""
        self.send_response_only(code, message)


def build_server(port: int) -> Any:
    """A threaded server on loopback; `port` 0 takes a free one. Serve with `serve_forever()`."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    return make_server("127.0.0.1", port, Gateway(World()), threaded=True, request_handler=QuietHandler)
