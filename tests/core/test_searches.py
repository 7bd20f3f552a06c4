"""What a look in the cloud found or did not find counts for its moment, and what was read is kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.actions import (
    BeginAdoption,
    Find,
    Hold,
    Look,
    Settled,
)
from onecloud_operator.core.cloud_writes import Create, GrowDisk, Start
from onecloud_operator.core.facts import Facts, Memory
from onecloud_operator.core.memory import accepted
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.ownership import target_id
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records
from onecloud_operator.core.report.report import report
from tests.core.fixtures import (
    BEGUN,
    ID,
    NOW,
    OTHER_UID,
    details,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.recalled import GROWN

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step

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
