"""The query for what a user did: SQL for Athena over a trail's table, and for CloudTrail Lake. Pure.

Sources: Amazon Athena user guide, "Create a table for CloudTrail logs in Athena using manual partitioning" and "...
using partition projection"; AWS CloudTrail user guide, "CloudTrail Lake SQL constraints" and "Supported SQL schemas
for event data stores". Both speak Trino's SQL, where a quote inside a literal is written twice, and nothing else is
special.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

MATTERS = (
    # Ways back in that stay when the sessions are over.
    "CreateAccessKey",
    "CreateUser",
    "CreateLoginProfile",
    "CreateRole",
    "UpdateAssumeRolePolicy",
    "UpdateLoginProfile",
    "UpdateAccessKey",
    "CreateServiceSpecificCredential",
    "UploadSSHPublicKey",
    "UploadSigningCertificate",
    "CreateSAMLProvider",
    "UpdateSAMLProvider",
    "CreateOpenIDConnectProvider",
    "CreateTrustAnchor",
    "AttachUserPolicy",
    "AttachRolePolicy",
    "AttachGroupPolicy",
    "PutUserPolicy",
    "PutRolePolicy",
    "PutGroupPolicy",
    "AddUserToGroup",
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "DeleteRolePermissionsBoundary",
    "DeleteUserPermissionsBoundary",
    "DeactivateMFADevice",
    "CreateAccountAssignment",
    "CreatePermissionSet",
    "PutInlinePolicyToPermissionSet",
    "AttachManagedPolicyToPermissionSet",
    "CreateGroupMembership",
    "CreateEntitlement",
    # Things that run on by themselves, or answer to others.
    "CreateFunction20150331",
    "UpdateFunctionCode20150331v2",
    "AddPermission20150331v2",
    "CreateFunctionUrlConfig",
    "RunInstances",
    "CreateKeyPair",
    "ImportKeyPair",
    "PutBucketPolicy",
    "PutKeyPolicy",
    "CreateGrant",
    # Blinding whoever looks.
    "StopLogging",
    "DeleteTrail",
    "UpdateTrail",
    "PutEventSelectors",
    "DeleteDetector",
    # Taking along, and moving on.
    "GetSecretValue",
    "StartSession",
    "GetFederationToken",
    "GetSessionToken",
    "AssumeRoot",
    "AssumeRole",
)
"""The calls that are named one by one, the worst first."""

SHARED_NAMES = frozenset({"CreateUser", "StartSession", "CreateGrant"})
"""Names of calls that several services have."""

SUBJECTS = (
    "userName",
    "roleName",
    "groupName",
    "roleArn",
    "functionName",
    "keyName",
    "bucketName",
    "secretId",
    "policyArn",
    "principalId",
    "target",
    "name",
)
"""The request parameters that say to what it was done."""

PORTAL_TYPES = ("IdentityCenterUser", "Unknown", "SAMLUser")
"""Whose `userName` is the Identity Center user's; of an IAM user it is somebody else's.

Source: IAM Identity Center user guide, "CloudTrail use cases for IAM Identity Center" (accept both of the first two).
"""

PLACEHOLDER = "database.table"

WIDTH = 100

_KEYS = ("credentials", "accessKey")
"""Where an answer holds the key it gave out: of a session, or of an IAM user."""


class Window(Protocol):
    @property
    def user_id(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def since(self) -> datetime: ...
    @property
    def until(self) -> datetime: ...


@dataclass(frozen=True, kw_only=True)
class Table:
    """A trail's table in Athena, as `database.table`, and what is known of its shape."""

    name: str = PLACEHOLDER
    partition: str = ""
    """`timestamp` (yyyy/MM/dd) or `day` (year, month, day): then only the window's days are read."""
    has_on_behalf_of: bool = True
    """Older tables lack the column that holds the user ID."""


@dataclass(frozen=True)
class _Parts:
    """What the statement is made of, in one of the two dialects."""

    rows: Callable[[str], str]
    """The FROM and WHERE of the window's events that meet a condition; empty: all of them."""
    mine: str
    """Whether the event is of the user's own sessions."""
    used: str
    """The access key id that the call was made with."""
    made: str
    """The access key id that the call gave out."""
    subject: str


def athena_query(who: Window, table: Table) -> str:
    """One statement; the window stands once, at its top."""
    identifier = ".".join(_identifier(part) for part in table.name.split("."))
    window = _between("eventtime", who, "%Y-%m-%dT%H:%M:%SZ")
    keys = _first(f"json_extract_scalar(responseelements, '$.{n}.accessKeyId')" for n in _KEYS)
    subjects = [f"json_extract_scalar(requestparameters, '$.{name}')" for name in SUBJECTS]
    seen = (
        "WITH seen AS (\n"
        f"  SELECT *, useridentity.accesskeyid AS key_used,\n"
        f"    {keys} AS key_made,\n"
        f"    ({_mine(who, table.has_on_behalf_of)}) AS mine\n"
        f"  FROM {identifier}\n"
        f"  WHERE {window}{_partition(who, table)}\n"
        ")\n"
    )
    parts = _Parts(
        rows=lambda condition: f"FROM seen WHERE {condition}" if condition else "FROM seen",
        mine="mine",
        used="key_used",
        made="key_made",
        subject=_subject([*subjects, "json_extract_scalar(responseelements, '$.accessKey.userName')"]),
    )
    return seen + _statement(parts)


def lake_query(who: Window, store_id: str) -> str:
    """One statement without WITH, which CloudTrail Lake's syntax does not list. `store_id`: the ARN, or its last part."""
    store = re.sub(r"[^0-9A-Za-z-]", "", store_id.rpartition("/")[2])
    window = _between("eventTime", who, "%Y-%m-%d %H:%M:%S")
    subjects = [f"element_at(requestParameters, '{name}')" for name in SUBJECTS]
    owner = "json_extract_scalar(element_at(responseElements, 'accessKey'), '$.userName')"
    parts = _Parts(
        rows=lambda condition: f"FROM {store}\nWHERE {window}{f' AND ({condition})' if condition else ''}",
        mine=f"({_mine(who, True)})",
        used="userIdentity.accessKeyId",
        made=_first(
            f"json_extract_scalar(element_at(responseElements, '{n}'), '$.accessKeyId')" for n in _KEYS
        ),
        subject=_subject([*subjects, owner]),
    )
    return _statement(parts)


def ready(query: str, *sentences: str) -> str:
    """The query for a person to run: its notes above it, as comments."""
    lines = (line for sentence in (*sentences, *_NOTES) for line in _wrapped(sentence))
    return "\n".join((*(f"-- {line}" for line in lines), query))


def partition_advice(who: Window) -> tuple[str, ...]:
    """What to add to the window of a table that is partitioned in one of the two ways of AWS's pages."""
    ways = (Table(partition="timestamp"), Table(partition="day"))
    told = (f"A table partitioned by {way.partition}: add {_partition(who, way).strip()}" for way in ways)
    return (*told, "Otherwise all of its bucket is read and paid for.")


_NOTES = (
    "Window: change both times where they stand. Nobody knows when the session began: a role session lasts up to 12 "
    "hours, a portal session up to 90 days.",
    "`how` is `user` (their own sessions, by user ID or session name: check that no other person has such a session "
    "name), `key` (sessions and keys that those made, two steps deep), or `any`: what anybody did there, which shows "
    "where was looked.",
)


def literal(text: str) -> str:
    """`text` as an SQL literal that ends where it should, whatever is in it."""
    return "'" + text.replace("'", "''") + "'"


def _identifier(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _statement(parts: _Parts) -> str:
    mine, used, made = parts.mine, parts.used, parts.made
    first = f"\n  SELECT {made}\n  {parts.rows(f'{made} IS NOT NULL AND {mine}')}"
    second = f"\n  SELECT {made}\n  {parts.rows(f'{made} IS NOT NULL AND ({mine} OR {used} IN ({first}))')}"
    return (
        "SELECT recipientaccountid AS account, awsregion AS region, eventsource AS service, eventname AS event,\n"
        f"  coalesce(errorcode, '') AS error,\n"
        f"  {parts.subject} AS subject,\n"
        f"  CASE WHEN {mine} THEN 'user' ELSE 'key' END AS how,\n"
        f"  count(*) AS events, {_ends()}\n"
        f"{parts.rows(f'{mine} OR {used} IN ({second})')}\n"
        "GROUP BY 1, 2, 3, 4, 5, 6, 7\n"
        "UNION ALL\n"
        "SELECT recipientaccountid, awsregion, '', '', '', '', 'any',\n"
        f"  count(*), {_ends()}\n"
        f"{parts.rows('')}\n"
        "GROUP BY 1, 2"
    )


def _ends() -> str:
    return "cast(min(eventtime) AS varchar) AS first_at, cast(max(eventtime) AS varchar) AS last_at"


def _mine(who: Window, knows_user_id: bool) -> str:
    by_id = f"useridentity.principalid = {literal(who.user_id)}"
    if knows_user_id:
        by_id = f"useridentity.onbehalfof.userid = {literal(who.user_id)}\n    OR {by_id}"
    if not who.names:
        return by_id
    names = _listed(sorted({name.lower() for name in who.names}))
    session = f"lower(split_part(useridentity.principalid, ':', 2)) IN ({names})"
    portal = (
        f"useridentity.type IN ({_listed(PORTAL_TYPES)})\n      AND lower(useridentity.username) IN ({names})"
    )
    return f"{by_id}\n    OR {session}\n    OR ({portal})"


def _subject(subjects: Iterable[str]) -> str:
    return f"coalesce(CASE WHEN eventname IN (\n    {_listed(MATTERS)}\n  ) THEN {_first(subjects)} END, '')"


def _between(column: str, who: Window, form: str) -> str:
    since, until = (literal(f"{time:{form}}") for time in (who.since, who.until))
    return f"{column} >= {since} AND {column} < {until}"


def _partition(who: Window, table: Table) -> str:
    """The days of the window, and one more: an event may be delivered after midnight."""
    form = {"timestamp": "%Y/%m/%d", "day": "%Y%m%d"}.get(table.partition)
    if form is None:
        return ""
    days = [literal(f"{day:{form}}") for day in (who.since, who.until + timedelta(days=1))]
    column = '"timestamp"' if table.partition == "timestamp" else "concat(year, month, day)"
    return f"\n  AND {column} BETWEEN {days[0]} AND {days[1]}"


def _first(expressions: Iterable[str]) -> str:
    return f"coalesce({_joined(expressions)})"


def _listed(values: Iterable[str]) -> str:
    return _joined(literal(value) for value in values)


def _joined(parts: Iterable[str]) -> str:
    """With commas, a few on each line: breaks come between the parts alone, never inside one."""
    lines, line = list[str](), ""
    for part in parts:
        if line and len(line) + len(part) > WIDTH:
            lines.append(f"{line},")
            line = ""
        line = f"{line}, {part}" if line else part
    return "\n    ".join([*lines, line])


def _wrapped(sentence: str) -> list[str]:
    """Lines of a comment; a line break in the sentence would end the comment, so there is none."""
    lines, line = list[str](), ""
    for word in sentence.split():
        if line and len(line) + len(word) > WIDTH:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return [*lines, line]
