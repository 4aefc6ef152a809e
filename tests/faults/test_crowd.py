"""Many at once: somebody who waits for a button gets it before cards that are up already are brought up to date."""

from dataclasses import replace

import pytest

from tests.sandbox.scripted import ALICE, Scripted, unsettled, who
from workers.domain.errors import AwsUnsettled
from workers.domain.revocation import DirectoryUser, TargetRef
from workers.service import identification, intake
from workers.service.intake import Request


def asked(aws: Scripted, value: str) -> str:
    target = TargetRef(kind="user_id", value=value)
    wanted = Request(targets=(target,), reason="key leaked", channel="C0SECINC01")
    (one,) = intake.ask(aws.world.store, who("UCAROL"), wanted)
    return one.revocation.id


def to_be_shown(aws: Scripted) -> list[str]:
    """Whose cards wait, the next one first."""
    jobs = aws.world.store._redis.lrange("rq:queue:cards", 0, -1)  # type: ignore[attr-defined]
    return [job.decode().removeprefix("show-").rpartition("-")[0] for job in jobs]


NOBODY = "nobody-of-this-id"


class Directory:
    """Knows Alice, and one more where there is one; or tells nothing."""

    def __init__(self, found: DirectoryUser | None, error: AwsUnsettled | None = None) -> None:
        self.found, self.error = found, error

    def by_user_id(self, user_id: str) -> DirectoryUser | None:
        if self.error is not None:
            raise self.error
        return self.found


@pytest.mark.parametrize(
    "directory",
    [
        pytest.param(Directory(DirectoryUser(user_id=NOBODY, user_name="late")), id="found"),
        pytest.param(Directory(None), id="not found"),
        pytest.param(Directory(None, unsettled()), id="not told by AWS"),
    ],
)
def test_a_card_that_is_not_up_yet_goes_before_those_that_are(aws: Scripted, directory: Directory) -> None:
    first = asked(aws, ALICE)
    identification.identify(aws.world, first)
    for name in ("UDAVE", "UERIN"):
        intake.own(aws.world.store, who(name), first)
    late = asked(aws, NOBODY)
    identification.identify(replace(aws.world, directory=directory), late)  # type: ignore[arg-type]

    assert to_be_shown(aws)[0] == late
    assert to_be_shown(aws)[-1] == first
