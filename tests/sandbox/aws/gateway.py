"""The strict layer: every call passes rights, faults, rates and checks before it reaches our operations or moto's."""

import socket
import time
from collections.abc import Callable, Iterable
from threading import Timer
from typing import Any
from uuid import uuid4

from moto.organizations.exceptions import OrganizationsClientError
from werkzeug.http import http_date

from tests.sandbox.aws import (
    account_access,
    applications,
    identity_store,
    look_back,
    organizations,
    roles,
    sso_admin,
)
from tests.sandbox.aws.answers import Answer, Passed, Refusal, ok, refused
from tests.sandbox.aws.call import Call, read_call
from tests.sandbox.aws.control import Control
from tests.sandbox.aws.faults import Fault
from tests.sandbox.aws.moto_app import MotoApp
from tests.sandbox.aws.world import World

SERVICES = {
    "organizations": organizations.OPERATIONS,
    "identitystore": identity_store.OPERATIONS,
    "sso": {**sso_admin.OPERATIONS, **applications.OPERATIONS},
    "account-access": account_access.OPERATIONS,
    **look_back.SERVICES,
}
CHECKS: dict[str, Callable[[World, Call], None]] = {
    "identitystore": identity_store.check_store,
    "sso": sso_admin.check_instance,
    "account-access": account_access.check_offered,
}


class Gateway:
    """The WSGI application."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.moto = MotoApp()
        self.control = Control(world)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith("/_aws/"):
            answer = self.control.answer(environ)
            start_response(f"{answer.status} OK", list(answer.headers))
            return [answer.body]
        request_id = str(uuid4())
        answered = self._answered(read_call(environ, request_id))
        if answered is None:
            return _broken(environ, start_response)
        stamp = [("x-amzn-RequestId", request_id), ("Date", http_date(self.world.now()))]
        start_response(f"{answered.status} Status", [*answered.headers, *stamp])
        return [answered.body]

    def _answered(self, call: Call) -> Answer | None:
        """The answer; None where the connection is to break instead."""
        entry = self._noted(call)
        try:
            answer = self._with_rates(call)
        except Refusal as refusal:
            answer = refused(refusal, call.protocol, call.request_id)
        except OrganizationsClientError as error:
            refusal = Refusal(str(error.error_type), str(error.message))
            answer = refused(refusal, call.protocol, call.request_id)
        except Passed as passed:
            answer = passed.answer
        entry["status"] = answer.status if answer else 0
        entry["code"] = answer.code if answer else "dropped"
        return answer

    def _noted(self, call: Call) -> dict[str, Any]:
        entry = {
            "service": call.service,
            "operation": call.operation,
            "at": self.world.now().isoformat(),
            "user_agent": call.user_agent,
            "request_id": call.request_id,
            "params": call.params,
            "status": None,
            "code": None,
        }
        self.world.journal.append(entry)
        return entry

    def _with_rates(self, call: Call) -> Answer | None:
        roles.check(self.world, call)
        if self.world.dials.throttle:
            self.world.throttle.check(call)
        fault = self.world.faults.take(call.operation)
        if fault is not None:
            return self._faulty(call, fault)
        with self.world.alone(call):
            self.world.wait(call)
            return self.carry_out(call)

    def _faulty(self, call: Call, fault: Fault) -> Answer | None:
        self.world.wait(call)
        if fault.code is not None:
            raise Refusal(fault.code, fault.message, fault.status, fault.extra)
        if fault.late is not None:
            Timer(fault.late, self._quietly, [call]).start()
        elif fault.applied:
            self._quietly(call)
        time.sleep(fault.hang or 0)
        return None

    def _quietly(self, call: Call) -> None:
        try:
            self.carry_out(call)
        except (Refusal, Passed, OrganizationsClientError):
            return

    def carry_out(self, call: Call) -> Answer:
        """Do what the call asks, by our operation where there is one, by moto's otherwise."""
        sso_admin.settle(self.world)
        if call.service in CHECKS:
            CHECKS[call.service](self.world, call)
        operation = SERVICES.get(call.service, {}).get(call.operation)
        if operation is None:
            return self.moto.ask(call)
        with self.world.lock:
            result = operation(self.world, call, self.moto)
        return result if isinstance(result, Answer) else ok(result, call.protocol)


def _broken(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Break the connection: the caller sees no answer at all."""
    environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    start_response("500 Dropped", [])
    return [b""]
