"""The IdentityProvider port by SCIM, the one documented way to disable a user of IAM Identity Center by a call.

It comes with automatic provisioning, and so with an external identity provider alone. Source: IAM Identity Center
SCIM developer guide, PatchUser and GetUser.
"""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from workers.cards.text import plain
from workers.domain.errors import ProviderRefused, ProviderUnsettled
from workers.domain.revocation import DirectoryUser
from workers.settings import is_loopback

WAITS = urllib3.Timeout(connect=2, read=5)
LONGEST_ANSWER = 1_000_000
NOBODY = "00000000-0000-0000-0000-000000000000"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

_BY_HAND = "A person must do it, in the identity provider."
_LATER = "It is tried again."


@dataclass(frozen=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: Any
    """What the JSON says; None where it is none."""


@dataclass(frozen=True)
class Scim:
    """`url` ends in `/scim/v2`. Each call is sent once; no redirect is followed, for it would carry the token away."""

    url: str
    token: str = field(repr=False)

    def set_active(self, user: DirectoryUser, active: bool) -> None:
        """Only an answer that names this user and this very state is a yes."""
        change = {"op": "replace", "path": "active", "value": str(active).lower()}
        answer = self._send("PATCH", user.user_id, {"schemas": [PATCH], "Operations": [change]})
        if answer.status != 200:
            self._raise(answer, user.user_id)
        if not isinstance(answer.body, dict) or answer.body.get("id") != user.user_id:
            raise ProviderUnsettled(f"SCIM's answer cannot be read. {_LATER}")
        if answer.body.get("active") is not active:
            state = "disabled" if active else "active"
            raise ProviderRefused(
                f"SCIM took the change, but says that the user is still {state}. {_BY_HAND}"
            )

    def try_token(self) -> None:
        """A read of nobody, which changes nothing. Raises as `set_active` does; nobody being unknown is fine."""
        answer = self._send("GET", NOBODY)
        if answer.status == 404 and answer.body is None:
            raise ProviderRefused(
                "What answers at REVOKE_SCIM_URL is not SCIM. Copy it anew from the console."
            )
        if answer.status not in (200, 404):
            self._raise(answer, NOBODY)

    def _send(self, method: str, user_id: str, body: Any = None) -> _Answer:
        try:
            response = self._pool.request(
                method,
                f"{self.url}/Users/{quote(user_id, safe='')}",
                body=None if body is None else json.dumps(body).encode(),
                headers=self._headers(),
                retries=False,
                redirect=False,
                preload_content=False,
            )
            return _read(response)
        except SSLError as error:
            raise _distrusted(error) from None
        except (HTTPError, OSError) as error:
            raise ProviderUnsettled(f"SCIM gave no answer ({type(error).__name__}). {_LATER}") from None

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/scim+json",
            "Accept": "application/scim+json, application/json",
            "User-Agent": "revoke-bot",  # AWS turns a PATCH without one away
        }

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        proxy = _proxy(self.url)
        return _through(proxy) if proxy else urllib3.PoolManager(timeout=WAITS)

    def _raise(self, answer: _Answer, user_id: str) -> NoReturn:
        status = answer.status
        if status in (408, 409, 425, 429) or status >= 500:
            raise ProviderUnsettled(f"SCIM could not do it just now ({_why_not_now(answer)}). {_LATER}")
        raise ProviderRefused(self._sentence(answer, user_id))

    def _sentence(self, answer: _Answer, user_id: str) -> str:
        match answer.status:
            case 401:
                return (
                    "The SCIM token is not accepted: make a new one in IAM Identity Center, Settings, Automatic "
                    "provisioning, and set REVOKE_SCIM_TOKEN; REVOKE_SCIM_URL must be of the same instance."
                )
            case 403:
                return (
                    "SCIM does not let the workers do this (403). Check in IAM Identity Center, Settings, that automatic "
                    "provisioning is on and that the workers' network may use SCIM."
                )
            case 404:
                return (
                    f"SCIM knows no user {user_id} (404). Look in IAM Identity Center, Users, whether they still exist, and "
                    "whether REVOKE_SCIM_URL is of the same instance."
                )
            case status if 300 <= status < 400:
                return f"SCIM sends elsewhere ({status}), which is not followed. Correct REVOKE_SCIM_URL."
        return f"SCIM refused ({answer.status}{self._detail(answer)}). {_BY_HAND}"

    def _detail(self, answer: _Answer) -> str:
        said = answer.body.get("detail") if isinstance(answer.body, dict) else None
        return f": {plain(said.replace(self.token, '[masked]'), 200)}" if isinstance(said, str) else ""


def _read(response: urllib3.BaseHTTPResponse) -> _Answer:
    try:
        text = response.read(LONGEST_ANSWER)
    finally:
        response.close()
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    return _Answer(response.status, response.headers, body)


def _why_not_now(answer: _Answer) -> str:
    wait = answer.headers.get("Retry-After", "")
    asked = f"; it asks for {wait} s of rest" if wait.isascii() and wait.isdigit() and len(wait) < 6 else ""
    reasons = {409: "another change is being made", 429: "too many requests"}
    return f"{answer.status}: {reasons.get(answer.status, 'trouble of its own')}{asked}"


def _distrusted(error: SSLError) -> ProviderUnsettled | ProviderRefused:
    if isinstance(error.__cause__ or error.args[0], ssl.SSLCertVerificationError):
        return ProviderRefused(
            "The certificate at REVOKE_SCIM_URL is not trusted, so the token was not sent. Correct the address, or find "
            "out who answers there."
        )
    return ProviderUnsettled(f"SCIM gave no answer ({type(error).__name__}). {_LATER}")


def _proxy(url: str) -> str | None:
    """The proxy that the environment names for `url`, as the AWS clients use it too."""
    parts = urlsplit(url)
    if is_loopback(url) or proxy_bypass(parts.netloc):
        return None
    return getproxies().get(parts.scheme)


def _through(proxy: str) -> urllib3.PoolManager:
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}" if parts.username else None
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return urllib3.ProxyManager(
        where, proxy_headers=urllib3.make_headers(proxy_basic_auth=login), timeout=WAITS
    )
