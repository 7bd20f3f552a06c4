"""What is decided for a server that was adopted, and for a status that only claims so."""

from __future__ import annotations

from dataclasses import replace

from onecloud_operator.core.actions import Hold, RemoveFinalizer, Settled
from onecloud_operator.core.cloud_writes import (
    Claim,
)
from onecloud_operator.core.observed import Owner, Reading
from onecloud_operator.core.plan.plan import plan
from tests.core.fixtures import (
    ADOPTED,
    ID,
    NOW,
    OTHER_UID,
    details,
    facts,
    records,
    resource,
    server,
    spec,
)
from tests.core.wanted import adopted, wanting


def test_a_status_that_claims_an_adoption_of_another_server_than_was_asked_for_gives_no_right() -> None:
    """Not even to set the owner tags, which would make the next pass believe that it is ours."""
    forged = replace(
        wanting({"name": "mine"}, adoption={"policy": "AdoptOrCreate"}, deletionPolicy="Delete"),
        records=records(id="victim", creation=None, adopted_at="2026-11-23T11:59:00Z"),
    )
    victim = server(id="victim", name="somebody-elses", details=details(owner=None))
    held = plan(facts(victim, resource=forged))
    assert isinstance(held, Hold)
    assert held.reason == "OwnedByAnother"


def test_what_nothing_can_change_is_reported_of_an_adopted_server_and_never_acted_on() -> None:
    step = plan(facts(resource=adopted({"hypervisor": "esxi"})))
    assert isinstance(step, Hold)
    assert step.reason == "ImmutableField"
    assert "take them out" in step.message


ADOPTING = spec(adoption={"policy": "Adopt", "id": ID})


def test_an_adopted_server_without_our_tag_is_claimed_before_anything_else() -> None:
    found = server("ready", details=details(owner=None))
    assert plan(facts(found, resource=resource(spec=ADOPTING, records=ADOPTED))) == Claim(ID)


def test_an_adopted_server_with_another_living_owner_is_left_alone() -> None:
    other = Owner("cluster0", "shop", "web-2", OTHER_UID)
    found = server("ready", details=details(owner=other))
    adopted = resource(spec=ADOPTING, records=ADOPTED)
    step = plan(facts(found, resource=adopted, rivals=frozenset({OTHER_UID})))
    assert isinstance(step, Hold)
    assert step.reason == "OwnedByAnother"
    assert plan(facts(found, resource=adopted)) == Claim(ID)


def test_a_status_that_claims_an_adoption_nobody_asked_for_gives_no_right() -> None:
    found = server("ready", details=details(owner=None))
    step = plan(facts(found, resource=resource(records=ADOPTED)))
    assert isinstance(step, Hold)
    assert step.reason == "OwnedByAnother"


def test_an_adopted_server_is_not_started_unless_its_power_state_is_declared() -> None:
    adopted = resource(spec=ADOPTING, records=ADOPTED)
    assert plan(facts(server("ready"), resource=adopted)) == Settled()


def test_a_server_that_vanished_as_it_was_adopted_keeps_no_deleted_object() -> None:
    """Nothing of it stands in the status, and no request that is under way can bring it back."""
    going = resource(deleting=True, spec=ADOPTING, records=replace(ADOPTED, mirror={}))
    gone = replace(facts(), resource=going, reading=Reading(asked_at=NOW - 1, gone=True))
    assert plan(gone) == RemoveFinalizer("Deleted")
