"""Slack's answers in our words: away (try again), or refused (a person must act)."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from workers.domain.errors import SlackAway, SlackRefused

_PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)


def web_client(token: str, url: str, *, timeout: int) -> WebClient:
    """A client that sends each call once: the SDK's own retry would post a message twice after a lost answer."""
    return WebClient(token=token, base_url=url, timeout=timeout, retry_handlers=[])


@contextmanager
def slack_answers() -> Iterator[None]:
    """Raises SlackAway or SlackRefused in place of the SDK's errors."""
    try:
        yield
    except SlackApiError as error:
        raise _translated(error) from error
    except (URLError, HTTPException, OSError, SlackClientError, ValueError, KeyError, TypeError) as error:
        raise SlackAway(f"Slack did not answer ({type(error).__name__}).") from error


def _translated(error: SlackApiError) -> SlackAway | SlackRefused:
    response = error.response
    code = response.get("error", "unknown") if hasattr(response, "get") else "unknown"
    status = getattr(response, "status_code", 200)
    if status == 429 or code in _PASSING or status >= 500:
        return SlackAway(f"Slack is not taking calls now ({code}).", retry_after=_retry_after(response))
    return SlackRefused(str(code)[:80])


def _retry_after(response: object) -> float | None:
    headers = getattr(response, "headers", {}) or {}
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), None)
    text = value[0] if isinstance(value, list) else value
    return float(text) if text and str(text).replace(".", "", 1).isdigit() else None
