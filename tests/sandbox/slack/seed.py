"""The people and channels of the demo."""

from __future__ import annotations

from tests.sandbox.slack.workspace import SlackWorkspace

ALICE, BOB, CAROL = "U0ALICE001", "U0BOB00001", "U0CAROL001"
MALLORY, DAN, EVE, EXT = "U0MALLORY1", "U0DAN00001", "U0EVE00001", "U0EXT00001"
SEC_INC, GENERAL, SHARED = "C0SECINC01", "C0GENERAL1", "C0SHARED01"
SEC_ONCALL = "S0SECONC01"
STRANGERS = "T9"


def seed_demo(workspace: SlackWorkspace) -> None:
    """Two responders, an approver, the target, and three who may not: deactivated, guest, stranger."""
    _people(workspace)
    workspace.add_channel(SEC_INC, "sec-inc", members=[ALICE, BOB, CAROL])
    workspace.add_channel(GENERAL, "general", members=[ALICE, BOB, CAROL, MALLORY], is_private=False)
    workspace.add_channel(SHARED, "shared-ext", members=[ALICE, BOB, EVE, EXT], is_ext_shared=True)
    workspace.add_group(SEC_ONCALL, "sec-oncall", [ALICE, BOB])


def _people(workspace: SlackWorkspace) -> None:
    for user, name, full in (
        (ALICE, "alice", "Alice Responder"),
        (BOB, "bob", "Bob Oncall"),
        (CAROL, "carol", "Carol Approver"),
        (MALLORY, "mallory", "Mallory Target"),
    ):
        workspace.add_person(user, name, real_name=full, email=f"{name}@example.com")
    workspace.add_person(DAN, "dan", real_name="Dan Gone", email="dan@example.com", deleted=True)
    workspace.add_person(EVE, "eve", real_name="Eve Guest", email="eve@example.com", is_restricted=True)
    workspace.add_person(EXT, "ext", real_name="Ext Stranger", is_stranger=True, team_id=STRANGERS)
