"""Joins the ports to the real world, once per process."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from redis import Redis

from workers.adapters.audit_log import AuditLog
from workers.adapters.audit_sink import StdoutSink
from workers.adapters.aws.access import access
from workers.adapters.aws.applications import ApplicationsOpenToAll
from workers.adapters.aws.assignments import AwsAssignments
from workers.adapters.aws.athena import Athena
from workers.adapters.aws.clients import AwsClients, aws_clients, check_loopback
from workers.adapters.aws.cloudtrail_lake import CloudTrailLake
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.identity_store import IdentityStoreDirectory
from workers.adapters.aws.last_of_set import LastAssignments
from workers.adapters.aws.organizations import OrganizationsDenyPolicy, OrganizationsTree
from workers.adapters.aws.pacing import Pace, keep_pace
from workers.adapters.aws.sns import SnsAlarm
from workers.adapters.directory_copy import RedisDirectoryCopy
from workers.adapters.job_queue import JobQueue
from workers.adapters.redis_connection import hasty, patient
from workers.adapters.redis_server import RedisServer
from workers.adapters.redis_store import RedisHandoffs, RedisLookups, RedisStore
from workers.adapters.scim import Scim
from workers.adapters.signing_key import signing_key
from workers.adapters.slack_channel import SlackChannel
from workers.adapters.slack_people import SlackDirectory
from workers.adapters.witness import FileWitness
from workers.domain.due import next_due
from workers.domain.rules import Rules
from workers.ports import AuditSink, EventHistory
from workers.service.world import World
from workers.settings import RecordSettings, WorkerSettings


def embedded_server(settings: RecordSettings) -> RedisServer | None:
    """The server to run beside us where REDIS_URL names none."""
    return RedisServer(settings.revoke_data_dir) if settings.redis_url is None else None


def redis_url(settings: RecordSettings) -> str:
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    return RedisServer(settings.revoke_data_dir).url


def build_clients(settings: WorkerSettings) -> AwsClients:
    """The AWS clients, built and not yet used. Raises WrongSettings where scaled time would meet a real AWS."""
    clients = aws_clients(
        alarm_topic=settings.revoke_alarm_topic, event_data_store=settings.revoke_event_data_store
    )
    clients.endpoints()
    if settings.revoke_time_scale > 1:
        check_loopback(clients)
    return clients


def rules(settings: WorkerSettings, region: str) -> Rules:
    """`region`: of IAM Identity Center, as the AWS clients found it."""
    return replace(
        settings.rules,
        clean_up=settings.revoke_clean_up,
        clean_up_hours=_hours(settings.revoke_clean_up_hours),
        policy_size=settings.revoke_policy_size,
        break_glass=settings.revoke_break_glass,
        protected=settings.revoke_protected,
        region=region,
    )


Connect = Callable[[str], Redis]


def build_store(
    settings: WorkerSettings, connect: Connect = patient, sink: AuditSink | None = None
) -> RedisStore:
    """`sink`: the second place for each entry of the log; the standard output where none is given."""
    redis = connect(redis_url(settings))
    due = partial(next_due, timing=settings.timing)
    return RedisStore(redis, AuditLog(signing_key(settings)), JobQueue(redis), due, sink or StdoutSink())


def build_handoffs(
    settings: WorkerSettings, connect: Connect = patient, sink: AuditSink | None = None
) -> RedisHandoffs:
    """As `build_store`, for the handoffs."""
    redis = connect(redis_url(settings))
    return RedisHandoffs(redis, AuditLog(signing_key(settings)), JobQueue(redis), sink or StdoutSink())


def build_lookups(
    settings: WorkerSettings, connect: Connect = patient, sink: AuditSink | None = None
) -> RedisLookups:
    """As `build_store`, for the lookups."""
    redis = connect(redis_url(settings))
    return RedisLookups(redis, AuditLog(signing_key(settings)), JobQueue(redis), sink or StdoutSink())


def build_center(settings: WorkerSettings, clients: AwsClients) -> IdentityCenter:
    return IdentityCenter(clients, settings.revoke_identity_store_id, settings.revoke_sso_instance_arn)


def build_world(
    settings: WorkerSettings, clients: AwsClients, connect: Connect = patient, sink: AuditSink | None = None
) -> World:
    """Everything the use cases need; connects to nothing yet."""
    center = build_center(settings, clients)
    pace = Pace(hasty(redis_url(settings)))
    keep_pace(clients, pace)
    token, url = settings.slack_bot_token.get_secret_value(), settings.slack_api_url
    return World(
        rules=rules(settings, clients.region),
        store=build_store(settings, connect, sink),
        handoffs=build_handoffs(settings, connect, sink),
        lookups=build_lookups(settings, connect, sink),
        policy=OrganizationsDenyPolicy(clients, settings.policy_id),
        organization=OrganizationsTree(clients),
        directory=IdentityStoreDirectory(clients, center),
        assignments=AwsAssignments(clients, center),
        people=SlackDirectory.connected(token, url),
        channel=SlackChannel.connected(token, url),
        alarm=SnsAlarm(clients, settings.revoke_alarm_topic),
        access=access(clients, center, pace),
        witness=FileWitness(settings.revoke_data_dir),
        last_of_set=LastAssignments(clients, center, pace),
        open_applications=ApplicationsOpenToAll(clients, center),
        histories=build_histories(settings, clients),
        provider=build_scim(settings),
        directory_copy=RedisDirectoryCopy(connect(redis_url(settings))),
    )


def build_scim(settings: WorkerSettings) -> Scim | None:
    """Where sign-in is disabled; None where the settings name none, so that a person does it."""
    url, token = settings.revoke_scim_url, settings.revoke_scim_token
    return Scim(url, token.get_secret_value()) if url is not None and token is not None else None


def build_histories(settings: WorkerSettings, clients: AwsClients) -> tuple[EventHistory, ...]:
    """Where it can be read what a user did; none where the settings name none."""
    table, store = settings.revoke_trail_table, settings.revoke_event_data_store
    output = settings.revoke_athena_output
    athena = [Athena(clients, table, settings.revoke_athena_workgroup, output)] if table else []
    return (*athena, *([CloudTrailLake(clients, store)] if store else []))


def _hours(given: str | None) -> tuple[int, int] | None:
    if given is None:
        return None
    start, _, end = given.partition("-")
    return int(start), int(end)
