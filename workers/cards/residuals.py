"""What the Deny policy and the follow-ups do not reach, said plainly. Pure.

Sources: "Use a Deny policy to revoke active user permissions" and "Understanding authentication sessions" (IAM
Identity Center user guide); "AWS STS condition keys for IAM Identity Center" (the user's ID is in the request
only where a role was taken up with IAM Identity Center's assertion).
"""

IN_SHORT = (
    "Not reached by the deny: roles taken up from theirs, keys and roles they left, open connections, apps' own "
    "sessions, logins by GetCallerIdentity. The thread says more."
)

SENTENCES = (
    "Chained roles: a role that they took up from another role does not carry their user ID. Such a session goes on "
    "for up to an hour, and can be renewed. Revoke the sessions of those roles; the look-back names them.",
    "What they left: access keys, users, roles, trust policies, functions and schedules that they made still work. "
    "Look for them and remove them.",
    "Open connections: a shell, SSH, database or Session Manager connection that is open stays open. Close it at the "
    "machine.",
    "Apps' own sessions: an application that they opened from the portal keeps its session for up to 30 minutes; a "
    "SAML application as long as it likes. End it in the application.",
    "Logins by GetCallerIdentity: AWS lets nobody deny that call. Tools that trust it, such as EKS and Vault, let them "
    "in until their credentials expire. Remove them there.",
)
