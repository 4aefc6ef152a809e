"""One call, read from its HTTP request."""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from werkzeug.wrappers import Request

REST = (
    ("POST", r"/applications-list", "ListApplications"),
    ("POST", r"/entitlements-list", "ListEntitlements"),
    ("POST", r"/entitlements", "CreateEntitlement"),
    ("POST", r"/applications", "CreateApplication"),
    ("GET", r"/entitlements/(?P<entitlementId>.+)", "GetEntitlement"),
    ("DELETE", r"/entitlements/(?P<entitlementId>.+)", "DeleteEntitlement"),
)
"""Source: botocore's model of account-access."""


@dataclass(frozen=True)
class Call:
    service: str
    operation: str
    region: str
    access_key: str
    params: dict[str, Any]
    protocol: str
    user_agent: str
    request_id: str
    environ: dict[str, Any]
    body: bytes


def read_call(environ: dict[str, Any], request_id: str) -> Call:
    request = Request(environ)
    body = request.get_data()
    access_key, service, region = _scope(request.headers.get("Authorization", ""))
    protocol, operation, params = _operation(request, service, body)
    agent = request.headers.get("User-Agent", "")
    return Call(service, operation, region, access_key, params, protocol, agent, request_id, environ, body)


def _scope(authorization: str) -> tuple[str, str, str]:
    """Access key id, service and Region of the signature's credential scope."""
    match = re.search(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request", authorization)
    return (match[1], match[3], match[2]) if match else ("", "unsigned", "us-east-1")


def _operation(request: Request, service: str, body: bytes) -> tuple[str, str, dict[str, Any]]:
    target = request.headers.get("X-Amz-Target")
    if target:
        return "json", target.rpartition(".")[2], json.loads(body or b"{}")
    if service == "account-access":
        return ("rest-json", *_rest(request, body))
    form = {key: values[0] for key, values in parse_qs(body.decode("utf-8", "replace")).items()}
    return "query", form.pop("Action", request.path), form


def _rest(request: Request, body: bytes) -> tuple[str, dict[str, Any]]:
    for method, pattern, operation in REST:
        match = re.fullmatch(pattern, request.path)
        if match and method == request.method:
            found = {name: unquote(value) for name, value in match.groupdict().items()}
            return operation, {**json.loads(body or b"{}"), **request.args.to_dict(), **found}
    return f"{request.method} {request.path}", {}
