"""The bot's process: Slack's front door. Joins the store, the log and the queue; holds no AWS credentials."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from slack_sdk import WebClient

from bot import credentials
from bot.app import THREADS, build_app
from bot.deps import Deps
from bot.directory import KnownPeople
from bot.guard import Guard
from bot.serving import Pages, serve_http, serve_socket
from bot.settings import BotSettings
from workers import logs
from workers.adapters.audit_log import AuditLog
from workers.adapters.audit_sink import StdoutSink
from workers.adapters.directory_copy import RedisDirectoryCopy
from workers.adapters.job_queue import JobQueue
from workers.adapters.redis_connection import hasty, warm
from workers.adapters.redis_server import RedisServer
from workers.adapters.redis_store import RedisHandoffs, RedisLookups, RedisStore
from workers.adapters.signing_key import signing_key
from workers.adapters.slack_people import SlackDirectory
from workers.domain.due import next_due
from workers.domain.errors import StoreAway
from workers.pace import every
from workers.settings import WrongSettings, read

logger = logging.getLogger(__name__)

DIRECTORY_EVERY = 15.0
"""So often it is asked whether the copy of the directory changed; it is made every 15 minutes."""

GROUPS_EVERY = 45.0
"""Before an answer of Slack about a user group is too old to be used unasked."""


def main() -> None:
    """Serve Slack until SIGTERM or SIGINT; ends with 2 where settings are wrong or AWS credentials are in reach."""
    try:
        settings = read(BotSettings)
    except WrongSettings as wrong:
        print(f"These settings are wrong:\n{wrong}", file=sys.stderr)
        sys.exit(2)
    if found := credentials.found_here():
        print(credentials.sentence(found), file=sys.stderr)
        sys.exit(2)
    logs.log_to_stdout(_secrets(settings))
    for name in ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET"):
        os.environ.pop(name, None)  # Bolt would take them for an OAuth set-up and ignore the token
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run(settings, stop)


def run(settings: BotSettings, stop: threading.Event) -> None:
    """Serve Slack until `stop` is set."""
    server = RedisServer(settings.revoke_data_dir) if settings.redis_url is None else None
    if server is not None:
        server.ensure()
    people = KnownPeople(RedisDirectoryCopy(hasty(_redis_url(settings, server))))
    deps = replace(build_deps(settings, server), directory=people)
    client = WebClient(
        settings.slack_bot_token.get_secret_value(), base_url=settings.slack_api_url, timeout=5
    )
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else None
    gate = Guard(deps)
    app = build_app(client, secret, deps, gate)
    tick = partial(_tick, server, every(GROUPS_EVERY, gate.refresh), every(DIRECTORY_EVERY, people.refresh))
    if settings.slack_app_token is not None:
        serve_socket(app, settings.slack_app_token.get_secret_value(), stop, tick)
    else:
        assert secret is not None  # the settings require it without an app token
        serve_http(Pages(app, partial(_ready, deps), secret), settings.port, stop, tick)
    logger.info("stopped")
    if server is not None:
        server.stop()


def build_deps(settings: BotSettings, server: RedisServer | None) -> Deps:
    redis = hasty(_redis_url(settings, server))
    queue = JobQueue(redis)
    _warm(redis, queue)
    log, sink, timing = AuditLog(signing_key(settings)), StdoutSink(), settings.timing
    return Deps(
        store=RedisStore(redis, log, queue, partial(next_due, timing=timing), sink),
        handoffs=RedisHandoffs(redis, log, queue, sink),
        lookups=RedisLookups(redis, log, queue, sink),
        people=SlackDirectory.connected(
            settings.slack_bot_token.get_secret_value(), settings.slack_api_url, timeout=1
        ),
        rules=settings.rules,
        responders=settings.revoke_responders,
        approvers=settings.approvers,
    )


def _redis_url(settings: BotSettings, server: RedisServer | None) -> str:
    return settings.redis_url.get_secret_value() if settings.redis_url else server.url if server else ""


def _warm(redis: Redis, queue: JobQueue) -> None:
    try:
        warm(redis, THREADS)
        queue.warm()
    except RedisError:
        logger.warning("redis_away_at_start")


def _tick(server: RedisServer | None, *refresh: Callable[[], None]) -> None:
    """What is done about once a second, whatever Slack sends."""
    _keep(server)
    for one in refresh:
        one()


def _keep(server: RedisServer | None) -> None:
    """Where the workers ran the embedded server and are gone, take it over.

    From the main thread alone: the system ends the server with the thread that started it.
    """
    try:
        if server is not None:
            server.ensure()
    except (RuntimeError, OSError):
        logger.exception("redis_server_failed")


def _ready(deps: Deps) -> dict[str, Any]:
    try:
        deps.store.now()
        reconciled = deps.store.marked("reconciled")
    except StoreAway:
        return {"ok": False, "redis": False}
    return {"ok": True, "redis": True, "reconciled": reconciled.isoformat() if reconciled else None}


def _secrets(settings: BotSettings) -> list[str]:
    kept = (
        settings.slack_bot_token,
        settings.slack_app_token,
        settings.slack_signing_secret,
        settings.revoke_signing_key,
        settings.redis_url,
    )
    return [secret.get_secret_value() for secret in kept if secret is not None]
