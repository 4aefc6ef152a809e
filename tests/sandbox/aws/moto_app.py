"""Moto's own server application, asked in this process."""

import io
import json
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import run_wsgi_app

from tests.sandbox.aws.answers import Answer, Passed
from tests.sandbox.aws.call import Call

OWN = {"date", "content-length", "connection", "server", "x-amzn-requestid"}


class MotoApp:
    def __init__(self) -> None:
        self._app = DomainDispatcherApplication(create_backend_app)

    def ask(self, call: Call, params: dict[str, Any] | None = None) -> Answer:
        """Moto's answer to the call, or to it with other `params`; a refusal is raised as Passed."""
        body = call.body if params is None else json.dumps(params).encode()
        environ = {**call.environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        environ.pop("werkzeug.request", None)
        chunks, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        kept = tuple((name, value) for name, value in headers.items() if name.lower() not in OWN)
        answer = Answer(int(status.split()[0]), b"".join(chunks), kept)
        if answer.status >= 400:
            raise Passed(answer)
        return answer
