"""While something is frozen nothing is changed in the cloud, and what waits is said."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginCreation,
    BeginDeletion,
    BeginRestart,
    EndRestart,
    Hold,
    RemoveFinalizer,
    Settled,
)
from onecloud_operator.core.cloud_writes import Create, Delete, Disown, Resize, SetTags, Start, Unlock
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.provider import Provider
from onecloud_operator.core.records import Restart
from onecloud_operator.core.restart_request import UNDER_WAY, RestartRequest
from onecloud_operator.core.surroundings import UNKNOWN, Surroundings
from tests.core.fixtures import (
    BEGUN,
    NEW,
    NOW,
    RESTART,
    facts,
    nothing_yet,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts

BY_NAMESPACE = Surroundings(frozen_by="the annotation onecloud.io/freeze on the namespace shop")
BY_PROVIDER = Provider("shared", "u-shared", 1, ("onecloud-system", "cloud"), frozen=True)
FREEZE = {"onecloud.io/freeze": "true"}
STOPPED = server("ready")
WHY = Restart("2026-11-23T11:58:00Z", "cpu")


def frozen(found: Facts, by: str) -> Facts:
    """Return *found* with a freeze on its object, or on its namespace."""
    if by == "namespace":
        return replace(found, surroundings=BY_NAMESPACE)
    if by == "provider":
        return replace(found, provider=BY_PROVIDER)
    return replace(
        found, resource=replace(found.resource, annotations={**found.resource.annotations, **FREEZE})
    )


def resizing(**changes: Any) -> Facts:
    looked = Memory(born_at=0.0, looked_at=NOW - 1, looked_version=7)
    return facts(resource=resource(spec=spec({"cpu": 4}, **RESTART), **changes), memory=looked)


def stopped_for_cpu(**changes: Any) -> Facts:
    made = resource(spec=spec({"cpu": 4}, **RESTART), records=records(restart=WHY), **changes)
    return facts(STOPPED, resource=made)


def deleting(policy: str, *, locked: bool = True, **changes: Any) -> Facts:
    made = resource(spec=spec(deletionPolicy=policy), deleting=True, **changes)
    return facts(server(locked=locked), resource=made)


SCENES = {
    "a-creation": (nothing_yet(), AddFinalizer),
    "its-record": (
        replace(nothing_yet(), resource=replace(NEW, finalizers=resource().finalizers)),
        BeginCreation,
    ),
    "its-post": (
        facts(
            resource=resource(records=records(creation=BEGUN)),
            memory=Memory(born_at=0.0, begun_attempt=1, begun_at=NOW - 1),
            reading=Reading(),
        ),
        Create,
    ),
    "a-live-change": (facts(resource=resource(spec=spec({"tags": {"a": "b"}}))), SetTags),
    "a-stop": (resizing(), BeginRestart),
    "a-change-of-a-stopped-server": (stopped_for_cpu(), Resize),
    "a-start": (facts(STOPPED), Start),
    "an-unlock": (deleting("RecycleBin"), Unlock),
    "a-deletion": (deleting("RecycleBin", locked=False), BeginDeletion),
    "a-delete": (
        deleting("RecycleBin", locked=False, records=records(deletion_requested_at="2026-11-23T11:00:00Z")),
        Delete,
    ),
    "the-owner-tags": (deleting("Retain"), Disown),
}


@pytest.mark.parametrize("by", ["object", "namespace", "provider"])
@pytest.mark.parametrize("name", [name for name in SCENES if name != "a-creation"])
def test_what_changes_the_cloud_waits_and_is_named(name: str, by: str) -> None:
    found, kind = SCENES[name]
    assert isinstance(plan(found), kind), "it is due otherwise"
    step = plan(frozen(found, by))
    assert isinstance(step, Hold)
    assert step.reason == Reason.FROZEN
    assert step.message.startswith("Frozen by ")
    assert "the annotation onecloud.io/freeze" in step.message
    assert ("on the namespace shop" in step.message) is (by == "namespace")
    assert ("of the provider shared" in step.message) is (by == "provider")
    assert "This waits until then: the " in step.message
    assert ("force-detach" in step.message) is found.resource.deleting


def test_what_differs_is_named() -> None:
    step = plan(frozen(resizing(), "object"))
    assert isinstance(step, Hold)
    assert step.message == (
        "Frozen by the annotation onecloud.io/freeze; remove it to go on. This waits until then: the stop "
        "for a change of cpu; the server differs in cpu."
    )


def test_in_the_middle_of_a_stop_the_server_stays_off_and_it_is_said() -> None:
    changed = replace(STOPPED, cpu=4)
    step = plan(frozen(replace(stopped_for_cpu(), reading=reading(changed)), "namespace"))
    assert isinstance(step, Hold)
    assert "This waits until then: the start" in step.message
    assert "The server was stopped for a change of cpu, and stays off." in step.message


@pytest.mark.parametrize("by", ["object", "namespace", "provider"])
def test_what_is_only_written_into_kubernetes_is_not_held(by: str) -> None:
    asked = RestartRequest("x", UNDER_WAY, "2026-11-23T11:58:00Z")
    off = facts(STOPPED, resource=resource(records=records(restart=WHY, restart_request=asked)))
    assert isinstance(plan(frozen(off, by)), EndRestart)
    assert isinstance(plan(frozen(facts(), by)), Settled)
    assert isinstance(plan(frozen(nothing_yet(), by)), AddFinalizer)


@pytest.mark.parametrize("by", ["object", "namespace", "provider"])
def test_force_detach_lets_the_object_go(by: str) -> None:
    found = deleting("Delete", annotations={"onecloud.io/force-detach": "true"})
    assert plan(frozen(found, by)) == RemoveFinalizer("Detached")


@pytest.mark.parametrize("name", [name for name in SCENES if name != "a-creation"])
def test_nothing_is_begun_before_the_namespace_was_read(name: str) -> None:
    """Else a restart of the operator slips through a freeze."""
    step = plan(replace(SCENES[name][0], surroundings=UNKNOWN))
    assert isinstance(step, Hold)
    assert step.reason == Reason.NOT_YET_OBSERVED
    assert step.unread
    assert step.requeue_after == 1.0
    assert ("force-detach" in step.message) is SCENES[name][0].resource.deleting


def test_a_freeze_of_the_objects_own_needs_no_word_of_its_namespace() -> None:
    step = plan(replace(frozen(resizing(), "object"), surroundings=UNKNOWN))
    assert isinstance(step, Hold)
    assert step.reason == Reason.FROZEN


def test_paused_is_said_first() -> None:
    both = {**FREEZE, "onecloud.io/paused": "true"}
    step = plan(resizing(annotations=both))
    assert isinstance(step, Hold)
    assert step.reason == Reason.PAUSED
