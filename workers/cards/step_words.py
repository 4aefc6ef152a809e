"""What each follow-up is called, what a person has to do for it, and where. Pure.

Console paths: "Revoke active user permissions", "End active sessions for your workforce users" and "Disable user
access in IAM Identity Center" (IAM Identity Center user guide). No page documents an address of one user's tab, so
the links lead to the console of the Region, and the path is given in words.
"""

from workers.cards.text import inert
from workers.domain.revocation import Revocation
from workers.domain.rules import Rules
from workers.domain.step import Kind, Step

TITLES = {
    Kind.ASSIGNMENTS: "Account assignments",
    Kind.MEMBERSHIPS: "Group memberships",
    Kind.APPLICATIONS: "Application assignments",
    Kind.ENTITLEMENTS: "Account-access entitlements",
    Kind.SIGN_IN: "Sign-in",
    Kind.SESSIONS: "Portal and background sessions",
    Kind.CREDENTIALS: "Credentials",
    Kind.SLACK: "Slack",
    Kind.DEVICE: "Device",
}

ITEMS = {
    Kind.ASSIGNMENTS: ("account assignment", "account assignments"),
    Kind.MEMBERSHIPS: ("group membership", "group memberships"),
    Kind.APPLICATIONS: ("application assignment", "application assignments"),
    Kind.ENTITLEMENTS: ("account-access entitlement", "account-access entitlements"),
    Kind.SIGN_IN: ("sign-in", "sign-ins"),
}


def title(kind: str) -> str:
    """The step's name for people; a kind of a newer version by its own word."""
    try:
        return TITLES[Kind(kind)]
    except ValueError:
        return kind


def counted(kind: Kind, count: int) -> str:
    one, many = ITEMS.get(kind, (f"{kind} item", f"{kind} items"))
    return f"{count} {one if count == 1 else many}"


def todo(revocation: Revocation, step: Step, rules: Rules) -> str:
    """What a person does for this step, and where, in short sentences; mrkdwn."""
    name = inert(revocation.user.user_name if revocation.user else revocation.who, 80)
    match step.kind:
        case Kind.SESSIONS:
            return (
                f"End them all: IAM Identity Center console, Users, {name}, Active sessions. Load more until no more "
                f"come, select them all, and end them. {_sessions_order(rules)}"
            )
        case Kind.SIGN_IN:
            return _sign_in(name, rules)
        case Kind.CREDENTIALS:
            return _credentials(name, rules)
        case Kind.SLACK:
            return "Sign them out of Slack everywhere, and deactivate the account: Slack, Tools & settings, Manage members."
        case Kind.DEVICE:
            return "Isolate their device (EDR or MDM), and keep it for the forensics: do not wipe it yet."
        case _:
            return ""


def _sessions_order(rules: Rules) -> str:
    if rules.identity_source == "directory" or rules.identity_source is None:
        return "Do this before sign-in is disabled: afterwards they cannot be ended there."
    return "Portal sessions go on after sign-in was disabled at the provider."


def _sign_in(name: str, rules: Rules) -> str:
    match rules.identity_source:
        case "directory":
            return (
                "After the sessions. IAM Identity Center console, Users, "
                f"{name}, General information, Disable user access."
            )
        case "external":
            return (
                "Disable the user at your identity provider (Okta, Entra ID, ...), and end their sessions there. "
                "It counts once AWS says that sign-in is disabled."
            )
        case "active_directory":
            return (
                "Disable the account in Active Directory. It counts once the sync has told AWS that sign-in is "
                "disabled."
            )
        case _:
            return (
                "Disable the user where they sign in: at your identity provider or in Active Directory. If the "
                "directory is IAM Identity Center's own: end the sessions first, then Users, "
                f"{name}, Disable user access."
            )


def _credentials(name: str, rules: Rules) -> str:
    if rules.identity_source == "directory":
        return (
            f"Reset the password, and remove every MFA device: IAM Identity Center console, Users, {name}, "
            "Reset password; then the tab MFA devices."
        )
    return "At your identity provider: reset the password, remove MFA devices and recovery ways, end all sessions."


def place(kind: Kind, rules: Rules) -> str | None:
    """The page where the step is done; None where it is not in AWS, or unknown."""
    in_console = kind is Kind.SESSIONS or (
        kind in (Kind.SIGN_IN, Kind.CREDENTIALS) and rules.identity_source == "directory"
    )
    if not in_console:
        return None
    return f"https://{rules.region}.{_console(rules.region)}/singlesignon/home?region={rules.region}#!/"


def _console(region: str) -> str:
    """The console's domain. Source: AWS General Reference, the partitions' console addresses."""
    if region.startswith("us-gov-"):
        return "console.amazonaws-us-gov.com"
    return "console.amazonaws.cn" if region.startswith("cn-") else "console.aws.amazon.com"
