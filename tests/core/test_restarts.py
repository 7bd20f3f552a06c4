"""What a process that has just begun may do to a server of which it knows the status's word only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    BeginDeletion,
    BeginRestart,
    Hold,
    Look,
    MarkFailedCreation,
    RemoveFinalizer,
    Settled,
)
from onecloud_operator.core.cloud_writes import (
    Delete,
    Disown,
    Resize,
    SetTags,
    Start,
    Stop,
    SyncStatus,
    Unlock,
    Update,
)
from onecloud_operator.core.facts import Asked, History, Memory
from onecloud_operator.core.observed import Owner
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import FailedAttempt
from onecloud_operator.translate import recall
from tests.core.fixtures import (
    BEGUN,
    ID,
    NOW,
    OTHER_UID,
    RIVALS,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

THEIRS = Owner("cluster1", "shop", "other", OTHER_UID)


def recalled(found: Observed) -> Observed:
    """Return what the status remembers of *found*: all but the owner tags."""
    assert found.details is not None
    return replace(found, details=replace(found.details, owner=None, owner_known=False))


def owned(found: Observed, owner: Owner | None) -> Observed:
    """Return *found* with the tags of *owner*."""
    assert found.details is not None
    return replace(found, details=replace(found.details, owner=owner))


def going(policy: str, **changes: Any) -> dict[str, Any]:
    return {"resource": resource(spec=spec(deletionPolicy=policy), deleting=True), **changes}


OFF, OPEN = server("ready"), server(locked=False)
HUNG = {"memory": Memory(moved_at=NOW - 700, moving_since=NOW - 700)}
SENT = records(deletion_requested_at="2026-11-23T11:00:00Z")
WRITES = [
    pytest.param(server(), {"resource": resource(spec=spec({"description": "x"}))}, Update, id="update"),
    pytest.param(server(), {"resource": resource(spec=spec({"tags": {"a": "b"}}))}, SetTags, id="tags"),
    pytest.param(server(), {"resource": resource(spec=spec({"powerState": "Stopped"}))}, Stop, id="stop"),
    pytest.param(OFF, {}, Start, id="start"),
    pytest.param(OFF, {"resource": resource(spec=spec({"cpu": 4}))}, Resize, id="resize"),
    pytest.param(
        server(),
        {"resource": resource(spec=spec({"rootDisk": {"size": "80Gi"}}, disruption={"allow": "Restart"}))},
        BeginRestart,
        id="begin-of-a-restart",
    ),
    pytest.param(server("stop_fail"), {}, SyncStatus, id="sync-of-a-failure"),
    pytest.param(server("stopping"), HUNG, SyncStatus, id="sync-of-one-that-hangs"),
    pytest.param(server(), going("RecycleBin"), Unlock, id="unlock"),
    pytest.param(OPEN, going("RecycleBin"), BeginDeletion, id="begin-of-a-deletion"),
    pytest.param(
        OPEN,
        {"resource": resource(spec=spec(deletionPolicy="Delete"), deleting=True, records=SENT)},
        Delete,
        id="delete",
    ),
    pytest.param(server(), going("Retain"), Disown, id="tags-off"),
    pytest.param(server(recycled=True), going("RecycleBin"), RemoveFinalizer, id="recycled"),
]


@pytest.mark.parametrize(("found", "changes", "step"), WRITES)
def test_nothing_is_sent_to_a_recalled_server_before_its_owner_tags_were_read(
    found: Observed, changes: dict[str, Any], step: type[Step]
) -> None:
    assert plan(facts(recalled(found), **changes)) == Look(ID)
    assert isinstance(plan(facts(found, **changes)), step)


@pytest.mark.parametrize(("found", "changes", "step"), WRITES)
def test_nothing_is_sent_to_a_server_of_which_only_the_row_was_read(
    found: Observed, changes: dict[str, Any], step: type[Step]
) -> None:
    assert not isinstance(plan(facts(replace(found, details=None), **changes)), step)


@pytest.mark.parametrize(("found", "changes", "step"), WRITES)
def test_nothing_is_sent_to_a_server_that_turns_out_to_carry_anothers_tags(
    found: Observed, changes: dict[str, Any], step: type[Step]
) -> None:
    found = owned(found, THEIRS)
    held = plan(facts(found, rivals=RIVALS, **changes))
    assert isinstance(held, Hold)
    assert held.reason == "OwnedByAnother"
    assert not isinstance(held, step)


def test_a_settled_server_is_not_read_for_its_owner() -> None:
    """A restart over 10,000 settled objects is one sweep, and no GET for each."""
    assert plan(facts(recalled(server()))) == Settled()


def test_it_is_read_again_after_a_look_of_another_life() -> None:
    """After wrong credentials the object joins again, and its server is recalled a second time."""
    looked = Memory(looked_at=NOW - 500, looked_version=7)
    assert plan(facts(recalled(server()), **going("Retain", memory=looked))) == Look(ID)


def test_whose_a_recalled_server_is_is_unknown() -> None:
    mirror = {"id": ID, "status": "running", "lifecycle": {"updateVersion": 7}}
    found = recall(mirror)
    assert found is not None
    assert (found.owner, found.owner_known, found.detailed) == (None, False, True)


# -- what others have begun --------------------------------------------------------------------------------
def departing(found: Observed, moved_for: float, **of_the_resource: Any) -> Facts:
    """A server that somebody else began to delete, and that last changed so many seconds ago."""
    memory = Memory(moved_at=NOW - moved_for, moved_version=7, moving_since=NOW - moved_for)
    memory = replace(memory, looked_at=NOW - 1, looked_version=7)
    return facts(found, resource=resource(**of_the_resource), memory=memory)


@pytest.mark.parametrize("status", ["start_delete", "deleting"])
def test_a_deletion_by_others_that_hangs_is_looked_at_by_the_cloud(status: str) -> None:
    assert isinstance(plan(departing(server(status), 500.0)), Hold)
    assert plan(departing(server(status), 601.0)) == SyncStatus(ID)


@pytest.mark.parametrize("status", ["start_delete", "deleting"])
@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
def test_a_removal_goes_on_after_a_deletion_by_others_that_hangs(status: str, policy: str) -> None:
    intent = {"spec": spec(deletionPolicy=policy), "deleting": True}
    assert isinstance(plan(departing(server(status), 500.0, **intent)), Hold)
    assert plan(departing(server(status), 601.0, **intent)) == Unlock(ID)
    assert plan(departing(server(status, locked=False), 601.0, **intent)) == BeginDeletion()


# -- what is known to have run -----------------------------------------------------------------------------
NEVER_RAN = ["sched_fail", "net_fail", "dev_fail", "create_fail"]
MARK = FailedAttempt("2026-11-23T11:59:30Z", Reason.CREATION_FAILED, "no luck")
RAN = Memory(history=History(started=True, failure=None), history_asked_at=NOW, moved_at=NOW - 1)


@pytest.mark.parametrize("status", [*NEVER_RAN, "disk_fail", "deploy_fail", "security_group_fail"])
def test_what_is_known_to_have_run_is_not_taken_for_a_failed_creation(status: str) -> None:
    begun = resource(records=records(creation=BEGUN))
    case = facts(resource=begun, memory=RAN, reading=reading(server(status, locked=False)))
    assert plan(case) == SyncStatus(ID)
    unread = replace(RAN, history=None, asked={f"{status} 7": Asked(6, NOW - 1)})
    assert isinstance(plan(replace(case, memory=unread)), MarkFailedCreation) == (status in NEVER_RAN)


@pytest.mark.parametrize("status", NEVER_RAN)
def test_what_turns_out_to_have_run_is_not_cleaned_away(status: str) -> None:
    failed = replace(BEGUN, failure=MARK)
    found = reading(server(status, locked=False))
    looked = replace(RAN, looked_at=NOW - 1, looked_version=7)
    case = facts(resource=resource(records=records(creation=failed)), memory=looked, reading=found)
    left = plan(case)
    assert isinstance(left, Hold)
    assert left.reason == "OperationFailed"
    unheard = replace(looked, history=History(started=False, failure=None))
    assert plan(replace(case, memory=unheard)) == Delete(ID, for_good=True, cleaning=True)
