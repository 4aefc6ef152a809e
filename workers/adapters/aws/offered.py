"""Whether an endpoint offers an operation at all."""

from typing import Any

from botocore.exceptions import ClientError

from workers.adapters.aws.failures import code_of, status_of
from workers.settings import is_loopback


def not_offered(client: Any, operation: str, error: ClientError) -> bool:
    """Whether the endpoint does not know the operation: no error that the service itself would give."""
    modelled = client.meta.service_model.operation_model(operation).error_shapes
    unknown = code_of(error) not in {shape.name for shape in modelled}
    return unknown and (status_of(error) in (404, 501) or _is_stand_in(client, error))


def _is_stand_in(client: Any, error: ClientError) -> bool:
    """A server on this machine that fails without AWS's request id: moto, asked what it does not know."""
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    signed = any(name.startswith("x-amzn-requestid") for name in headers)
    return is_loopback(client.meta.endpoint_url) and not signed
