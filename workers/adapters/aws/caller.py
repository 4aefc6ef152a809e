"""Who AWS says is calling."""

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import translated


def caller_arn(clients: AwsClients) -> str:
    """The caller's ARN, for the record of what is done at a terminal. Raises AwsRefused or AwsUnsettled.

    Source: AWS STS API reference, GetCallerIdentity.
    """
    with translated("ask AWS who is calling", "sts"):
        return str(clients.sts.get_caller_identity()["Arn"])
