"""What was found out by a process that is gone, or long ago, and is acted on no more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    BeginAdoption,
    BeginCreation,
    BeginRestart,
    Find,
    Hold,
    Look,
    Settled,
)
from onecloud_operator.core.cloud_writes import Create, GrowDisk, Resize, Start, Stop, Update
from onecloud_operator.core.facts import Facts, Memory
from onecloud_operator.core.memory import accepted, refused
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.ownership import target_id
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    ID,
    NOW,
    OTHER_UID,
    PLACE,
    details,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.resource import Resource

RESTART = {"allow": "Restart"}
RESIZED = resource(spec=spec({"cpu": 4}, disruption=RESTART))
GROWN = resource(spec=spec({"rootDisk": {"size": "80Gi"}}, disruption=RESTART))
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
    both = replace(grown.resource, spec=spec({"rootDisk": {"size": "80Gi"}, "cpu": 4}, disruption=RESTART))
    begun = plan(replace(grown, resource=both, memory=LOOKED))
    assert isinstance(begun, BeginRestart)
    assert begun.restart.why == "cpu, rootDisk.size", "all that needs a stop shares it"


def test_what_is_held_back_is_recorded_behind_another_reason_too() -> None:
    """Else each new process would stop the server once more while, say, a name is taken."""
    named = resource(spec=spec({"cpu": 4, "name": "taken"}, disruption=RESTART))
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
    both = spec({"cpu": 4, "description": "new"}, disruption=RESTART)
    spent = resized_in_vain()
    found = replace(spent, resource=replace(spent.resource, spec=both))
    assert isinstance(plan(found), Update)


# -- finds -----------------------------------------------------------------------------------------------
PET = server(id="s-1", name="pet", details=details(owner=None))


def searching(policy: dict[str, Any], *, found_ago: float, read: Reading | None = None) -> Facts:
    memory = Memory(born_at=NOW - 86400, found_at=NOW - found_ago, found_intent="1//False")
    wanted = resource(spec=spec(**policy), records=Records())
    return facts(resource=wanted, memory=memory, reading=read or reading(PET), candidates=(PET,))


def adopting(found_ago: float) -> Step:
    return plan(searching({"adoption": {"policy": "Adopt", "name": "pet"}}, found_ago=found_ago))


def test_what_was_found_just_now_is_adopted() -> None:
    assert isinstance(adopting(1.0), BeginAdoption)


@pytest.mark.parametrize(("found_ago", "kind"), [(1.0, Create), (6.0, Find)])
def test_beside_a_name_that_was_free_a_while_ago_nothing_is_made_unsearched(
    found_ago: float, kind: type
) -> None:
    searched = searching(
        {"server": {"name": "pet"}, "adoption": {"policy": "AdoptOrCreate"}}, found_ago=found_ago
    )
    begun = records(creation=replace(BEGUN, name="pet"), id=None, mirror={})
    step = plan(
        replace(
            searched,
            resource=replace(searched.resource, records=begun),
            candidates=(),
            reading=Reading(asked_at=NOW + 1, gone=True),
        )
    )
    assert isinstance(step, kind)


def test_what_was_found_long_ago_is_searched_again_before_it_is_adopted() -> None:
    """The object was paused meanwhile, and the server may have got another name."""
    assert isinstance(adopting(3600.0), Find)


def test_an_adopted_server_is_not_exchanged_for_one_that_is_observed() -> None:
    """Its id is all that is known of it: without it the object would take the other for its own."""
    other = server(id=OTHER_UID, name="legacy", mirror={"id": OTHER_UID})
    watching = spec(managementPolicy="Observe", adoption={"id": OTHER_UID})
    adopted = records(creation=None, adopted_at="2026-11-23T11:59:00Z")
    case = facts(other, resource=resource(spec=watching, records=adopted, finalizers=()))
    step = plan(case)
    assert isinstance(step, Hold)
    assert step.reason == "ImmutableField"
    status = report(case, step).status
    assert status is not None
    assert (status["id"], status["server"]["id"]) == (ID, ID)
    assert status["state"] != "Running", "that is the other's"


def test_a_server_that_was_seen_is_not_forgotten_for_one_that_is_observed() -> None:
    """Else its end would not be known for what it is, and another one would be made."""
    other = server(id=OTHER_UID, name="legacy", mirror={"id": OTHER_UID})
    watching = spec(managementPolicy="Observe", adoption={"id": OTHER_UID})
    begun = records(creation=BEGUN)
    step = plan(facts(other, resource=resource(spec=watching, records=begun, finalizers=())))
    assert isinstance(step, Hold)
    assert step.reason == "ImmutableField"


@pytest.mark.parametrize("adoption", [{"id": ID}, {"name": "shop.web-1"}])
def test_an_object_with_a_server_of_its_own_observes_that_one(adoption: dict[str, str]) -> None:
    watching = spec(managementPolicy="Observe", adoption=adoption)
    case = facts(resource=resource(spec=watching, finalizers=()))
    assert target_id(case.resource) == ID
    assert plan(case) == Settled()
    assert plan(replace(case, reading=Reading(asked_at=NOW, missing=True))) == Look(ID)
    gone = replace(case, reading=Reading(asked_at=NOW, gone=True))
    status = report(gone, plan(gone)).status
    assert status is not None
    assert status["state"] == "Missing"


def test_what_is_found_by_name_and_then_missing_is_looked_at_itself() -> None:
    watching = resource(
        spec=spec(managementPolicy="Observe", adoption={"name": "pet"}), records=Records(id=ID), finalizers=()
    )
    found = Memory(found_at=NOW - 5, found_intent="1//False")
    missing = facts(resource=watching, memory=found, candidates=(PET,), reading=Reading(missing=True))
    assert plan(missing) == Look(PET.id)


def test_a_change_that_is_held_back_does_not_put_off_one_that_is_tried_again() -> None:
    """The server is off, its disk does not grow, and Start had no effect yet: that comes again."""
    off = facts(server("ready"), resource=GROWN)
    for kind in (GrowDisk, Start, Start):
        step = plan(off)
        assert isinstance(step, kind)
        off = replace(off, memory=replace(accepted(off, step, Done(NOW, NOW)), wrote_at=None))
    held = plan(off)
    assert isinstance(held, Hold)
    assert (held.final, held.requeue_after) == (False, 60.0)
    assert [each.change for each in held.spent] == ["GrowDisk disk-0"]


def test_a_server_that_is_observed_is_not_shown_as_being_made() -> None:
    """The object's own creation came to nothing: its name was taken."""
    other = server(id=OTHER_UID, name="legacy", mirror={"id": OTHER_UID})
    watching = spec(managementPolicy="Observe", adoption={"id": OTHER_UID})
    begun = records(creation=BEGUN, mirror={})
    case = facts(other, resource=resource(spec=watching, records=begun, finalizers=()))
    status = report(case, plan(case)).status
    assert status is not None
    conditions = {each["type"]: (each["status"], each["reason"]) for each in status["conditions"]}
    assert (status["state"], conditions["Ready"]) == ("Running", ("True", "Observed"))


def test_who_observes_by_name_follows_the_name() -> None:
    other = server(id="s-1", name="other", details=details(owner=None))
    observing = {"managementPolicy": "Observe", "adoption": {"name": "pet"}}
    found = searching(observing, found_ago=10.0, read=reading(other))
    found = replace(found, resource=replace(found.resource, finalizers=()))
    assert isinstance(plan(found), Find), "it was read later than it was found, under another name"
    again = replace(found, memory=replace(found.memory, found_at=NOW))
    held = plan(again)
    assert isinstance(held, Hold), "but not without a pause, if the cloud contradicts itself"
    assert held.requeue_after is not None
    assert held.requeue_after >= 60.0
