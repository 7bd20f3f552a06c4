"""What was found out by a process that is gone, or long ago, and is acted on no more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    BeginCreation,
    BeginRestart,
    Hold,
    Settled,
)
from onecloud_operator.core.cloud_writes import GrowDisk, Resize, Start, Stop, Update
from onecloud_operator.core.facts import Facts, Memory
from onecloud_operator.core.memory import accepted
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import records_of
from onecloud_operator.core.refusals import refused
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    ID,
    NOW,
    PLACE,
    RESTART,
    facts,
    reading,
    resource,
    server,
    spec,
)
from tests.core.recalled import GROWN

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.resource import Resource

RESIZED = resource(spec=spec({"cpu": 4}, **RESTART))
REFUSAL = Problem(Reason.PROVIDER_ERROR, "The cloud says no.")


def reported(found: Facts) -> Facts:
    """Return the same facts over the status that is written of them."""
    status = report(found, plan(found)).status
    assert status is not None
    known = replace(found.resource, status=status, records=records_of(status))
    return replace(found, resource=known)


def restarted(found: Facts) -> Facts:
    """Return what another process sees, which remembers nothing."""
    return replace(found, memory=Memory(born_at=NOW))


LOOKED = Memory(looked_at=NOW - 1, looked_version=7)  # there is no hot-plug, as was seen just now


def stopped_for(intent: Resource) -> Facts:
    """Return a server that was stopped for a change of *intent*, on record."""
    found = facts(resource=intent, memory=LOOKED)
    begun = plan(found)
    assert isinstance(begun, BeginRestart)
    memory = accepted(found, begun, Done(NOW - 60, NOW - 60))
    intent = replace(intent, records=replace(intent.records, restart=begun.restart))
    found = replace(found, resource=intent, memory=memory)
    stop = plan(found)
    assert isinstance(stop, Stop)
    memory = accepted(found, stop, Done(NOW - 60, NOW - 60))
    return facts(server("ready"), resource=intent, memory=replace(memory, wrote_at=None))


def running_again(stopped: Facts) -> Facts:
    """Return the server of *stopped*, which was started again."""
    memory = accepted(stopped, Start(ID), Done(NOW - 40, NOW - 40))
    return replace(stopped, reading=reading(server()), memory=replace(memory, wrote_at=None))


def resized_in_vain() -> Facts:
    """A running server was stopped to be resized, which was accepted twice and changed nothing."""
    found = stopped_for(RESIZED)
    for _ in range(2):
        step = plan(found)
        assert isinstance(step, Resize)
        memory = accepted(found, step, Done(NOW - 50, NOW - 50))
        found = replace(found, memory=replace(memory, wrote_at=None))
    assert isinstance(plan(found), Start)
    return reported(running_again(found))


def grown_in_vain() -> Facts:
    """A running server was stopped so that its disk can grow, which was refused; it runs again."""
    stopped = stopped_for(GROWN)
    grow = plan(stopped)
    assert isinstance(grow, GrowDisk)
    memory = refused(stopped, grow, REFUSAL, ended_at=NOW - 50, wait_seconds=10)
    return reported(running_again(replace(stopped, memory=replace(memory, wrote_at=None))))


def unasking(step: Step) -> Hold:
    """Return a hold as it is once the events need not be asked for the cause (any more)."""
    assert isinstance(step, Hold)
    return replace(step, asks=None)


@pytest.mark.parametrize("spent", [resized_in_vain, grown_in_vain])
def test_a_new_process_does_not_stop_the_server_once_more_for_what_was_in_vain(spent: object) -> None:
    before = spent()  # type: ignore[operator]  # one of the two
    held = unasking(plan(before))
    after = restarted(before)
    assert plan(after) == held
    assert report(after, plan(after)).status is None, "and says the same, so that it writes nothing"


@pytest.mark.parametrize("spent", [resized_in_vain, grown_in_vain])
def test_what_was_in_vain_is_remembered_while_something_else_is_told(spent: object) -> None:
    """A cloud that cannot be reached, and a restart of the operator, do not have the server stopped again."""
    before = spent()  # type: ignore[operator]  # one of the two
    held = unasking(plan(before))
    unreachable = replace(
        restarted(before), trouble=Problem(Reason.ENDPOINT_UNREACHABLE, "no answer"), place=None
    )
    known = reported(unreachable)
    assert known.resource.records.synced_reason == "EndpointUnreachable"
    after = replace(restarted(before), resource=known.resource)
    assert plan(after) == held
    well = replace(after, resource=replace(known.resource, spec=spec()))
    assert plan(well) == Settled()
    assert "heldBack" not in reported(well).resource.status


ENTRY = {
    "change": "Resize",
    "reason": "OperationFailed",
    "message": "in vain",
    "since": "2026-11-23T12:00:00Z",
}


@pytest.mark.parametrize(
    "edit",
    [
        None,
        "no",
        ENTRY,
        [None, "no", 1],
        [ENTRY | {"reason": "NoSuchReason"}],
        [ENTRY | {"change": 1}],
        [ENTRY | {"message": None}],
    ],
)
def test_what_somebody_wrote_in_its_place_counts_as_nothing(edit: object) -> None:
    assert records_of({"heldBack": edit}).held_back == ()


def test_the_annotation_that_asked_for_another_try_may_be_taken_off_again() -> None:
    """It is no new intent, and nothing is written for it but once."""
    before = resized_in_vain()
    asked = replace(before.resource, annotations={"onecloud.io/reconcile-requested-at": "now"})
    handled = reported(replace(before, resource=asked, memory=Memory(born_at=NOW)))
    again = replace(handled, memory=before.memory)
    for _ in range(2):
        memory = accepted(again, Resize(before.resource.records.id or "", cpu=4), Done(NOW, NOW))
        again = replace(again, memory=replace(memory, wrote_at=None))
    spent = reported(replace(again, memory=again.memory))
    off = replace(spent, resource=replace(spent.resource, annotations={}))
    for later in (off, restarted(off)):
        step = plan(later)
        assert isinstance(step, Hold)
        assert report(replace(later, now=NOW + 5), step).status is None


def test_what_is_held_back_is_not_announced_to_be_tried_again() -> None:
    status = resized_in_vain().resource.status
    assert "nextRetryTime" not in status
    conditions = {each["type"]: each["status"] for each in status["conditions"]}
    assert (conditions["Synced"], conditions["Stalled"], "Reconciling" in conditions) == (
        "False",
        "True",
        False,
    )


def test_one_change_that_is_held_back_holds_back_no_other_in_a_new_process() -> None:
    grown = restarted(grown_in_vain())
    both = replace(grown.resource, spec=spec({"rootDisk": {"size": "80Gi"}, "cpu": 4}, **RESTART))
    begun = plan(replace(grown, resource=both, memory=LOOKED))
    assert isinstance(begun, BeginRestart)
    assert begun.restart.why == "cpu, rootDisk.size", "all that needs a stop shares it"


def test_what_is_held_back_is_recorded_behind_another_reason_too() -> None:
    """Else each new process would stop the server once more while, say, a name is taken."""
    named = resource(spec=spec({"cpu": 4, "name": "taken"}, **RESTART))
    taken = Problem(Reason.NAME_CONFLICT, "taken")
    found = stopped_for(RESIZED)
    intent = replace(named, records=found.resource.records)
    found = replace(found, resource=intent)
    memory = refused(found, plan(found), taken, ended_at=NOW, wait_seconds=600)
    found = replace(found, memory=replace(memory, wrote_at=None))
    for _ in range(2):
        step = plan(found)
        assert isinstance(step, Resize)
        found = replace(found, memory=replace(accepted(found, step, Done(NOW, NOW)), wrote_at=None))
    found = running_again(found)
    known = reported(found)
    assert known.resource.records.synced_reason == "NameConflict"
    assert [each.change for each in known.resource.records.held_back] == ["Resize"]


def test_a_new_server_has_nothing_held_back() -> None:
    before = resized_in_vain()
    begun = BeginCreation(replace(BEGUN, attempt=2), PLACE)
    status = report(before, begun).status
    assert status is not None
    assert "heldBack" not in status


@pytest.mark.parametrize("spent", [resized_in_vain, grown_in_vain])
def test_an_edited_spec_has_it_tried_again(spent: object) -> None:
    before = restarted(spent())  # type: ignore[operator]  # one of the two
    changed = replace(before.resource, generation=before.resource.generation + 1)
    asked = replace(before.resource, annotations={"onecloud.io/reconcile-requested-at": "now"})
    for again in (changed, asked):
        assert isinstance(plan(replace(before, resource=again, memory=LOOKED)), BeginRestart)


def test_a_refusal_of_any_length_leaves_room_for_what_follows_it() -> None:
    found = stopped_for(GROWN)
    long = replace(REFUSAL, message="no " * 1000)
    memory = refused(found, GrowDisk("", "disk-0", 1), long, ended_at=NOW - 50, wait_seconds=10)
    before = reported(running_again(replace(found, memory=replace(memory, wrote_at=None))))
    assert isinstance(plan(restarted(before)), Hold)


def test_what_is_spent_holds_back_no_other_change_in_the_same_process() -> None:
    both = spec({"cpu": 4, "description": "new"}, **RESTART)
    spent = resized_in_vain()
    found = replace(spent, resource=replace(spent.resource, spec=both))
    assert isinstance(plan(found), Update)
