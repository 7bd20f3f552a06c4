"""The defaults of a provider fill in what an object does not say, and never weaken what it has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.effective import MAX_TAGS, effective
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.policies import allows, deletion_policy
from onecloud_operator.core.records import Records
from onecloud_operator.core.report.report import report
from onecloud_operator.core.resource import Resource
from tests.core.fixtures import ADOPTED, BEGUN, facts, records, resource, spec
from tests.core.providers import NAMING, provider

if TYPE_CHECKING:
    from collections.abc import Mapping

ADOPT: dict[str, Any] = {"adoption": {"policy": "Adopt", "id": "s-1"}}


def held(
    defaults: Mapping[str, Any],
    server: Mapping[str, Any] | None = None,
    *,
    policies: Mapping[str, Any] | None = None,
    **own: Any,
) -> Resource:
    """Return the object as it holds under a provider with *defaults*; *own*: changes of the object."""
    wanted = spec(server, **{**NAMING, **(policies or {})})
    return effective(resource(spec=wanted, **own), provider(defaults))


def test_without_a_provider_the_object_is_as_it_is() -> None:
    alone = resource()
    assert effective(alone, None) is alone


def test_without_defaults_so_it_is() -> None:
    wanted = resource(spec=spec(**NAMING))
    assert effective(wanted, provider()) is wanted


# -- what becomes of the server --------------------------------------------------------------------------
@pytest.mark.parametrize("policy", ["RecycleBin", "Delete", "Retain"])
def test_a_new_object_has_the_deletion_policy_of_the_provider(policy: str) -> None:
    assert deletion_policy(held({"deletionPolicy": policy})) == policy


def test_what_the_object_says_wins() -> None:
    found = held({"deletionPolicy": "Delete"}, policies={"deletionPolicy": "RecycleBin"})
    assert deletion_policy(found) == "RecycleBin"


@pytest.mark.parametrize("stood", ["RecycleBin", "Retain"])
def test_a_change_to_delete_does_not_reach_an_object_that_exists(stood: str) -> None:
    assert deletion_policy(held({"deletionPolicy": "Delete"}, status={"deletionPolicy": stood})) == stood


def test_an_object_that_was_made_under_delete_stays_so_until_the_provider_changes() -> None:
    under = {"deletionPolicy": "Delete"}
    assert deletion_policy(held(under, status=under)) == "Delete"
    changed = held({"deletionPolicy": "RecycleBin"}, status={"deletionPolicy": "Delete"})
    assert deletion_policy(changed) == "RecycleBin"


def test_what_somebody_wrote_into_the_status_is_no_policy() -> None:
    found = held({"deletionPolicy": "Delete"}, status={"deletionPolicy": "Destroy"})
    assert deletion_policy(found) == "RecycleBin"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param({"records": ADOPTED}, id="adopted"),
        pytest.param({"records": Records(), "policies": ADOPT}, id="about-to-be"),
    ],
)
@pytest.mark.parametrize("policy", ["RecycleBin", "Delete"])
def test_adopted_servers_stay(case: dict[str, Any], policy: str) -> None:
    assert deletion_policy(held({"deletionPolicy": policy}, **case)) == "Retain"


@pytest.mark.parametrize(("own", "default", "wanted"), [
    (False, True, True), (True, False, True), (True, None, True), (False, False, False), (False, None, False),
])  # fmt: skip
def test_protection_is_on_where_either_says_so(own: bool, default: bool | None, wanted: bool) -> None:
    found = held({"deletionProtection": default}, policies={"deletionProtection": own})
    assert found.spec is not None
    assert found.spec.deletion_protection is wanted


def test_while_the_provider_is_unknown_what_held_holds_still() -> None:
    known = resource(spec=spec(**NAMING), status={"deletionPolicy": "Retain"})
    assert deletion_policy(effective(known, None)) == "Retain"


# -- changes ---------------------------------------------------------------------------------------------
def test_a_provider_may_allow_restarts() -> None:
    assert allows(held({"disruption": {"allow": "Restart"}}), "Restart")


def test_an_object_may_forbid_them() -> None:
    found = held({"disruption": {"allow": "Restart"}}, policies={"disruption": {"allow": "Never"}})
    assert not allows(found, "Restart")


def test_a_rebuild_loses_a_disk_so_only_the_object_allows_it() -> None:
    found = held({"disruption": {"allow": "Rebuild"}})
    assert allows(found, "Restart")
    assert not allows(found, "Rebuild")
    own = held({"disruption": {"allow": "Restart"}}, policies={"disruption": {"allow": "Rebuild"}})
    assert allows(own, "Rebuild")


# -- tags ------------------------------------------------------------------------------------------------
def test_tags_of_both_are_set_and_the_objects_win_whatever_their_case() -> None:
    found = held({"tags": {"team": "platform", "Env": "lab"}}, {"tags": {"env": "prod", "app": "web"}})
    assert found.server_spec is not None
    assert found.server_spec.tags == {"env": "prod", "app": "web", "team": "platform"}
    assert found.flaw is None


def test_the_tags_of_both_count_towards_the_most_that_a_server_can_have() -> None:
    own = {f"own-{number}": "x" for number in range(MAX_TAGS)}
    assert held({"tags": {"own-1": "y"}}, {"tags": own}).flaw is None
    found = held({"tags": {"team": "platform"}}, {"tags": own})
    assert found.flaw is not None
    assert "15" in found.flaw
    assert found.spec is not None  # so that a deleted object is let go


def test_an_object_that_only_observes_is_left_alone() -> None:
    policies = {"managementPolicy": "Observe", "adoption": {"id": "s-1"}}
    found = held({"tags": {"team": "platform"}}, policies=policies)
    assert found.server_spec is not None
    assert found.server_spec.tags is None


# -- placement -------------------------------------------------------------------------------------------
ZONES: dict[str, Any] = {"placement": {"zoneID": "z-1", "regionID": "r-1"}}


def zone(found: Resource) -> tuple[str | None, str | None]:
    assert found.server_spec is not None
    placement = found.server_spec.placement
    return (placement.region_id, placement.zone_id) if placement is not None else (None, None)


@pytest.mark.parametrize("known", [Records(), records(creation=BEGUN)], ids=["new", "begun"])
def test_a_new_server_is_put_where_the_provider_says_field_by_field(known: Records) -> None:
    assert zone(held(ZONES, records=known)) == ("r-1", "z-1")
    assert zone(held(ZONES, {"placement": {"zoneID": "z-9"}}, records=known)) == ("r-1", "z-9")


def test_another_default_says_nothing_of_a_server_that_is_made() -> None:
    made = {"effective": {"placement": {"zoneID": "z-1", "regionID": "r-1"}}}
    assert zone(held({"placement": {"zoneID": "z-2"}}, status=made)) == ("r-1", "z-1")
    assert zone(held({"placement": {"zoneID": "z-2"}})) == (None, None)
    assert zone(held({"placement": {"zoneID": "z-2"}}, records=ADOPTED)) == (None, None)


@pytest.mark.parametrize(
    "stood", [7, {"placement": 7}, {"placement": {"zoneID": 7}}, {"placement": {"x": "y"}}]
)
def test_what_somebody_wrote_into_the_status_is_no_placement(stood: object) -> None:
    assert zone(held(ZONES, status={"effective": stood})) == (None, None)


# -- in the status ---------------------------------------------------------------------------------------
DEFAULTS: dict[str, Any] = {
    "deletionPolicy": "Retain",
    "deletionProtection": True,
    "disruption": {"allow": "Restart"},
    "tags": {"team": "platform"},
    **ZONES,
}


def status_of(found: Resource, **changes: Any) -> Mapping[str, Any]:
    case = facts(resource=found, **changes)
    return report(case, plan(case)).status or found.status


def test_the_status_shows_what_holds() -> None:
    by = provider(DEFAULTS)
    new = resource(spec=spec({"tags": {"app": "web"}}, **NAMING), records=records(creation=BEGUN))
    status = status_of(effective(new, by), provider=by)
    assert status["deletionPolicy"] == "Retain"
    assert status["effective"] == {
        "deletionProtection": True,
        "disruption": "Restart",
        "tags": {"app": "web", "team": "platform"},
        "placement": {"zoneID": "z-1", "regionID": "r-1"},
    }


def test_where_a_server_was_put_stays_there_when_it_is_made_and_the_provider_changes() -> None:
    by = provider(DEFAULTS)
    begun = effective(resource(spec=spec(**NAMING), records=records(creation=BEGUN)), by)
    status = status_of(begun, provider=by)
    later = provider({**DEFAULTS, "placement": {"zoneID": "z-2"}})
    made = effective(resource(spec=spec(**NAMING), status=status), later)
    again = status_of(made, provider=later)
    assert again["effective"]["placement"] == {"zoneID": "z-1", "regionID": "r-1"}
    gone = replace(made, status=again)
    assert status_of(gone, provider=None)["effective"] == again["effective"]


def test_a_policy_that_is_not_known_yet_is_not_said() -> None:
    """Else the provider's Delete would find an object to which it does not apply."""
    unknown = resource(spec=spec(**NAMING), records=Records())
    status = status_of(effective(unknown, None), provider=None, trouble=None)
    assert "deletionPolicy" not in status


def test_there_is_nothing_of_it_with_credentials_of_its_own() -> None:
    assert "effective" not in status_of(resource(status={"effective": {"tags": {"a": "b"}}}))
