"""Every call to AWS that the code can make, read from its text.

An operation is named in the code as an attribute of a client (`clients.sns.publish`), as a string (paginators, and
calls by name), or by a string that is put together (`describe_account_assignment_{noun}_status`).
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import boto3

ADAPTERS = Path(__file__).parents[2] / "workers/adapters/aws"

Scope = ast.Module | ast.ClassDef | ast.FunctionDef


@dataclass(frozen=True)
class Asked:
    """`right` as IAM names it, where the code asks for it."""

    right: str
    module: str
    line: int


class Unclear(Exception):
    """A name that may be an operation of two services, or a client that is not known."""


def asked() -> list[Asked]:
    """Raises Unclear where the service of a call cannot be told from the text."""
    return [one for path in sorted(ADAPTERS.glob("*.py")) for one in _in_file(path)]


def _in_file(path: Path) -> Iterator[Asked]:
    tree = ast.parse(path.read_text())
    for node, scopes in _walk(tree, (tree,)):
        for service, operation in _operations(node, scopes, path):
            yield Asked(_right(service, operation), path.name, getattr(node, "lineno", 0))


def _walk(node: ast.AST, scopes: tuple[Scope, ...]) -> Iterator[tuple[ast.AST, tuple[Scope, ...]]]:
    """Every node, with what encloses it, outermost first."""
    for child in ast.iter_child_nodes(node):
        yield child, scopes
        inside = (*scopes, child) if isinstance(child, ast.ClassDef | ast.FunctionDef) else scopes
        yield from _walk(child, inside)


def _operations(node: ast.AST, scopes: tuple[Scope, ...], path: Path) -> Iterator[tuple[str, str]]:
    pattern = _named_by(node)
    if pattern is None or not _is_one(pattern):
        return
    direct = _client(node.value) if isinstance(node, ast.Attribute) else None
    services = [direct] if direct else _services(node, pattern, scopes)
    if len(services) > 1:
        where = f"{path.name}:{getattr(node, 'lineno', 0)}"
        raise Unclear(f"{where}: {pattern} is an operation of {' and '.join(services)}")
    for service in services:
        yield from ((service, method) for method in _methods(service) if re.fullmatch(pattern, method))


def _named_by(node: ast.AST) -> str | None:
    """A pattern of the operations that the node may name."""
    match node:
        case ast.Attribute(attr=name):
            return re.escape(name)
        case ast.Constant(value=str(text)) if re.fullmatch(r"[a-z]+(_[a-z]+)+", text):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            texts = [re.escape(p.value) if isinstance(p, ast.Constant) else "[a-z_]+" for p in parts]
            return "".join(texts) if re.fullmatch(r"[a-z]+_.*", "".join(texts)) else None
    return None


def _services(node: ast.AST, pattern: str, scopes: tuple[Scope, ...]) -> list[str]:
    """Whose operation it is: of the clients that the call itself, or else the nearest scope, speaks of."""
    for scope in (*_calls_around(node, scopes[-1]), *reversed(scopes)):
        spoken_of = {name for part in ast.walk(scope) if (name := _client(part))}
        having = sorted(s for s in spoken_of if any(re.fullmatch(pattern, m) for m in _methods(s)))
        if having:
            return having
    return []


def _calls_around(node: ast.AST, scope: ast.AST) -> list[ast.AST]:
    return [
        call
        for call in ast.walk(scope)
        if isinstance(call, ast.Call) and any(arg is node for arg in call.args)
    ]


def _client(node: ast.AST) -> str | None:
    """The service of the client that an expression (`self.clients.sso_admin`) stands for."""
    return _clients().get(node.attr) if isinstance(node, ast.Attribute) else None


@lru_cache(maxsize=1)
def _clients() -> dict[str, str]:
    """The service of each client in AwsClients, by its name there."""
    found = {}
    for node in ast.walk(ast.parse((ADAPTERS / "clients.py").read_text())):
        if isinstance(node, ast.FunctionDef):
            for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
                match call:
                    case ast.Call(func=ast.Attribute(attr="_client"), args=[ast.Constant(value=service), *_]):
                        found[node.name] = str(service)
    return found


@lru_cache(maxsize=16)
def _model(service: str) -> Any:
    return boto3.session.Session()._session.get_service_model(service)


@lru_cache(maxsize=16)
def _methods(service: str) -> dict[str, str]:
    """API operations by the names of boto3's methods."""
    from botocore import xform_name

    return {xform_name(name): name for name in _model(service).operation_names}


@lru_cache(maxsize=4096)
def _is_one(pattern: str) -> bool:
    """Whether it names an operation of any service."""
    return any(re.fullmatch(pattern, method) for method in _all_methods())


@lru_cache(maxsize=1)
def _all_methods() -> frozenset[str]:
    return frozenset(method for service in _clients().values() for method in _methods(service))


def _right(service: str, method: str) -> str:
    """These services name their actions as their operations, after the name that they sign with."""
    return f"{_model(service).signing_name}:{_methods(service)[method]}"
