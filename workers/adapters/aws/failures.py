"""AWS's errors in the product's own: unsettled (read and try again) or refused (a person must act)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from workers.domain.errors import AwsRefused, AwsUnsettled, PolicyRefused

BUSY = frozenset(
    {
        "ConcurrentModificationException",
        "ConcurrentModification",
        "PolicyChangesInProgressException",
        "FinalizingOrganizationException",
        "ConflictException",
        "PriorRequestNotComplete",
        "TransactionInProgressException",
    }
)
THROTTLED = frozenset(
    {
        "TooManyRequestsException",
        "TooManyRequests",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "SlowDown",
    }
)
BROKEN = frozenset(
    {
        "ServiceException",
        "InternalFailure",
        "InternalError",
        "InternalErrorException",
        "InternalServerError",
        "InternalServerException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "RequestTimeout",
        "RequestTimeoutException",
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
"""Credentials that renew themselves are new at the next try, so this is not yet a refusal."""

DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccessDeniedForDependencyException",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)
ON_OUR_POLICY = frozenset({"organizations:DescribePolicy", "organizations:UpdatePolicy"})
"""A role that names another policy is refused as if it lacked the right."""

MANAGEMENT_ONLY = frozenset({"sso:ListAccountAssignmentsForPrincipal"})
"""Source: IAM Identity Center API reference, ListAccountAssignmentsForPrincipal."""

UNKNOWN_CALLER = frozenset(
    {
        "UnrecognizedClientException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestTimeTooSkewed",
        "OptInRequired",
    }
)
UNUSABLE = (
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.UnknownCredentialError,
    boto.ProfileNotFound,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.NoRegionError,
    boto.InvalidRegionError,
    boto.SSOError,
    boto.TokenRetrievalError,
)

Failure = AwsUnsettled | AwsRefused | PolicyRefused


@contextmanager
def translated(tried: str, service: str, *, for_policy: bool = False) -> Iterator[None]:
    """Turn botocore's errors into AwsUnsettled, or PolicyRefused (`for_policy`) or AwsRefused.

    `tried` completes "could not ..."; `service` is the IAM prefix, to name the missing right.
    Source: AWS Organizations, Identity Store and IAM Identity Center API references, "Errors".
    """
    try:
        yield
    except boto.ClientError as error:
        raise _answered(error, tried, service, for_policy) from error
    except UNUSABLE as error:
        raise _refused("settings", _no_credentials(tried, type(error).__name__), for_policy) from error
    except boto.ParamValidationError as error:
        raise _refused("ParamValidation", f"Could not {tried}: {plain(str(error))}.", for_policy) from error
    except (boto.BotoCoreError, ResponseParserError) as error:
        name = type(error).__name__
        raise AwsUnsettled(
            name, f"AWS gave no answer to the attempt to {tried} ({name}). It is tried again."
        ) from error


def code_of(error: boto.ClientError) -> str:
    """AWS's error code, fit for a sentence."""
    return plain(str(error.response.get("Error", {}).get("Code", "Unknown")), limit=80)


def status_of(error: boto.ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def plain(text: str, limit: int = 300) -> str:
    """AWS's words without control or direction characters, without key ids, and not too many."""
    shown = "".join(c if c.isprintable() else " " for c in text[: limit * 4])
    hidden = re.sub(r"\b(AKIA|ASIA)[A-Z0-9]{12,}", "a key id", " ".join(shown.split()))
    return hidden if len(hidden) <= limit else hidden[: limit - 3] + "..."


def _answered(error: boto.ClientError, tried: str, service: str, for_policy: bool) -> Failure:
    code = code_of(error)
    if _unsettled(code, status_of(error)):
        return AwsUnsettled(
            code, f"AWS could not {tried} just now ({_why_not_now(code)}). It is tried again."
        )
    if code in UNKNOWN_CALLER:
        return _refused("settings", _no_credentials(tried, code), for_policy)
    if code in DENIED or status_of(error) == 403:
        return _refused("rights" if for_policy else code, _rights(error, tried, service), for_policy)
    return _policy_answer(error, code, tried) if for_policy else AwsRefused(code, _words(error, code, tried))


def _unsettled(code: str, status: int) -> bool:
    return code in BUSY | THROTTLED | BROKEN | EXPIRED or status == 429 or status >= 500


def _why_not_now(code: str) -> str:
    if code in EXPIRED:
        return f"{code}: if this stays, give the worker new AWS credentials"
    if code in THROTTLED:
        return f"{code}: too many calls"
    return f"{code}: another change is being made" if code in BUSY else code


def _policy_answer(error: boto.ClientError, code: str, tried: str) -> PolicyRefused:
    """What a person has to do about each refusal of a call on a policy."""
    reason = _reason(error)
    if code == "PolicyNotFoundException":
        return PolicyRefused(
            "missing", f"Could not {tried}: it does not exist. Run `python -m workers prepare`."
        )
    if code == "ConstraintViolationException" and "POLICY_CONTENT_LIMIT" in reason:
        return PolicyRefused(
            "full", f"Could not {tried}: it would be longer than AWS allows. Release somebody first."
        )
    if code == "InvalidInputException" and "IMMUTABLE_POLICY" in reason:
        return PolicyRefused(
            "shape", f"Could not {tried}: it belongs to AWS. Name your own in REVOKE_DENY_POLICIES."
        )
    if code == "MalformedPolicyDocumentException":
        return PolicyRefused(
            code, f"Could not {tried}: AWS does not take its text. Restore the AWS page's statement."
        )
    return PolicyRefused(code, _words(error, code, tried))


def _reason(error: boto.ClientError) -> str:
    return f"{error.response.get('Reason', '')} {error.response.get('Error', {}).get('Message', '')}"


def _rights(error: boto.ClientError, tried: str, service: str) -> str:
    right = f"{service}:{error.operation_name}"
    key = " and kms:Decrypt on its key" if "KMS" in str(error.response.get("Reason", "")) else ""
    where = " AWS allows this call from the management account alone." if right in MANAGEMENT_ONLY else ""
    which = " on the policy that REVOKE_DENY_POLICIES names" if right in ON_OUR_POLICY else ""
    return f"The worker may not {tried}. Give its AWS role the right {right}{which}{key}, then retry.{where}"


def _no_credentials(tried: str, code: str) -> str:
    return (
        f"Could not {tried}: AWS does not know the worker ({code}). Check its credentials, Region and clock."
    )


def _words(error: boto.ClientError, code: str, tried: str) -> str:
    said = plain(str(error.response.get("Error", {}).get("Message", "")))
    return f"AWS refused to {tried} ({code}{': ' if said else ''}{said})."


def _refused(code: str, sentence: str, for_policy: bool) -> AwsRefused | PolicyRefused:
    return PolicyRefused(code, sentence) if for_policy else AwsRefused(code, sentence)
