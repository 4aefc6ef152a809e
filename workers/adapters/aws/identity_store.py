"""The Directory port: people and groups of the identity store."""

import logging
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from botocore.exceptions import ClientError

from workers.adapters.aws.clients import AwsClients
from workers.adapters.aws.failures import BROKEN, code_of, translated
from workers.adapters.aws.identity_center import IdentityCenter
from workers.adapters.aws.paging import every
from workers.domain.errors import AwsRefused, AwsUnsettled
from workers.domain.revocation import DirectoryUser
from workers.domain.user_id import bare_user_id, is_user_id

PAGE = 100
TRIED = "look the person up in the identity store"

log = logging.getLogger(__name__)
Matches = Callable[[DirectoryUser], bool]


@dataclass(frozen=True)
class IdentityStoreDirectory:
    """Looked up live, nothing kept. After a hit, `twins_within` users are read to find a second match.

    Source: Identity Store API reference, GetUserId, DescribeUser, ListUsers, ListGroupMembershipsForMember.
    """

    clients: AwsClients
    center: IdentityCenter
    twins_within: int = PAGE

    def by_user_id(self, user_id: str) -> DirectoryUser | None:
        """The user with this ID or user ARN, the ID as AWS spells it; None where there is none."""
        bare = bare_user_id(user_id)
        if bare is None:
            return None
        answer = self._unless_gone("describe_user", UserId=bare)
        return None if answer is None else _user(answer)

    def by_email(self, email: str) -> list[DirectoryUser]:
        wanted = _folded(email)
        return self._by("emails.value", email.strip(), lambda user: _folded(user.email or "") == wanted)

    def by_user_name(self, user_name: str, *, as_typed: bool = False) -> list[DirectoryUser]:
        wanted = _folded(user_name)
        if as_typed:
            hit = self._looked_up("userName", user_name.strip())
            return [hit] if hit is not None else []
        return self._by("userName", user_name.strip(), lambda user: _folded(user.user_name) == wanted)

    def everybody(self) -> Iterator[DirectoryUser]:
        store = self.center.store_id
        with translated("read the users of the directory", "identitystore"):
            for found in every(
                self.clients.identity_store, "list_users", "Users", PAGE, IdentityStoreId=store
            ):
                if is_user_id(str(found.get("UserId"))):
                    yield _user(found)

    def group_ids(self, user_id: str) -> list[str]:
        """Ids of the groups the user is a direct member of (groups do not nest); none for a deleted user."""
        return sorted(self.memberships(user_id))

    def memberships(self, user_id: str) -> dict[str, str]:
        """Membership ids by group id; none for a deleted user."""
        with translated("read the person's groups", "identitystore"):
            try:
                return self._memberships(user_id)
            except ClientError as error:
                if not _no_such_user(error):
                    raise
        return {}

    def _memberships(self, user_id: str) -> dict[str, str]:
        found = every(
            self.clients.identity_store,
            "list_group_memberships_for_member",
            "GroupMemberships",
            PAGE,
            IdentityStoreId=self.center.store_id,
            MemberId={"UserId": user_id},
        )
        return {membership["GroupId"]: membership["MembershipId"] for membership in found}

    def _by(self, path: str, value: str, matches: Matches) -> list[DirectoryUser]:
        """AWS's own lookup as typed, then in lower case; all users where that does not find the one."""
        if not value:
            return []
        for spelling in dict.fromkeys((value, value.lower())):
            hit = self._looked_up(path, spelling)
            if hit is not None and matches(hit):
                return _unique([hit, *self._twins(matches)])
        return self._scanned(matches)

    def _looked_up(self, path: str, value: str) -> DirectoryUser | None:
        unique = {"UniqueAttribute": {"AttributePath": path, "AttributeValue": value}}
        try:
            answer = self._unless_gone("get_user_id", AlternateIdentifier=unique)
        except AwsUnsettled as error:
            if error.code not in BROKEN | {"500"}:
                raise
            log.warning("GetUserId failed inside AWS; all users are read instead", extra={"code": error.code})
            return None
        return None if answer is None else self.by_user_id(answer["UserId"])

    def _twins(self, matches: Matches) -> list[DirectoryUser]:
        """More matches among the first users. AWS keeps these attributes unique: this never stops a hit."""
        if not self.twins_within:
            return []
        try:
            return self._scanned(matches, self.twins_within)
        except (AwsRefused, AwsUnsettled) as error:
            log.warning("could not check for a second match", extra={"code": error.code})
            return []

    def _scanned(self, matches: Matches, limit: int | None = None) -> list[DirectoryUser]:
        store = self.center.store_id
        with translated(TRIED, "identitystore"):
            listed = every(self.clients.identity_store, "list_users", "Users", PAGE, IdentityStoreId=store)
            return [user for user in map(_user, islice(listed, limit)) if matches(user)]

    def _unless_gone(self, operation: str, **given: Any) -> dict[str, Any] | None:
        store = self.center.store_id
        with translated(TRIED, "identitystore"):
            try:
                answer: dict[str, Any] = getattr(self.clients.identity_store, operation)(
                    IdentityStoreId=store, **given
                )
            except ClientError as error:
                if not _no_such_user(error):
                    raise
                return None
        return answer


def _no_such_user(error: ClientError) -> bool:
    """A missing user; a missing identity store is a wrong setting and stays an error."""
    return code_of(error) == "ResourceNotFoundException" and error.response.get("ResourceType") == "USER"


def _user(answer: dict[str, Any]) -> DirectoryUser:
    user_id = answer["UserId"]
    if not is_user_id(user_id):
        raise AwsRefused(
            "user_id", "AWS named a user whose ID has an unknown form, so nothing was done with it."
        )
    return DirectoryUser(
        user_id=user_id,
        user_name=answer.get("UserName") or "",
        display_name=answer.get("DisplayName") or "",
        email=_primary(answer.get("Emails") or []),
        sign_in=_sign_in(answer.get("UserStatus")),
    )


def _sign_in(status: Any) -> Literal["ENABLED", "DISABLED"] | None:
    return status if status in ("ENABLED", "DISABLED") else None


def _primary(emails: list[dict[str, Any]]) -> str | None:
    ordered = sorted(emails, key=lambda email: not email.get("Primary"))
    return ordered[0].get("Value") if ordered else None


def _folded(text: str) -> str:
    """For comparing: `casefold` would make `ss` of a sharp s, which is another person's name."""
    return unicodedata.normalize("NFC", text).strip().lower()


def _unique(users: list[DirectoryUser]) -> list[DirectoryUser]:
    return list({user.user_id: user for user in users}.values())
