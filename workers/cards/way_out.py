"""How a person does by hand what the bot could not: the console's page, and the exact command."""

from workers.domain.deny_document import PLACEHOLDER


def console(policy_id: str) -> str:
    """The Deny policy in the AWS Organizations console."""
    return f"https://console.aws.amazon.com/organizations/v2/home/policies/service-control-policy/{policy_id}"


def command(policy_id: str, user_id: str) -> str:
    """A shell command that adds the ID beside the placeholder, whether that stands alone or in a list."""
    alone = rf's/:[[:space:]]*"{PLACEHOLDER}"/:["{user_id}","{PLACEHOLDER}"]/'
    listed = f's/"{PLACEHOLDER}"/"{user_id}","{PLACEHOLDER}"/'
    read = f"aws organizations describe-policy --policy-id {policy_id} --query Policy.Content --output text"
    edit = f"sed -e '{alone}' -e t -e '{listed}'"
    return f'aws organizations update-policy --policy-id {policy_id} --content "$({read} | {edit})"'
