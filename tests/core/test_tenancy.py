"""What a namespace may do by a sign-in that it shares: nothing with what may be another's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.provider import NamespaceSelector
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginCreation,
    BeginDeletion,
    Find,
    Hold,
    Look,
    RecordDisk,
    RemoveFinalizer,
)
from onecloud_operator.core.cloud_writes import Claim, CloudWrite, Disown
from onecloud_operator.core.disk_records import BOUND, KEPT, RECYCLE, REMOVING, DiskRecord
from onecloud_operator.core.disk_writes import RecycleDisk
from onecloud_operator.core.facts import LookedAtDisk, Memory
from onecloud_operator.core.observed import DiskState, Owner, Reading
from onecloud_operator.core.plan.leaving_disks import leaving_step
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records
from onecloud_operator.core.report.report import report
from onecloud_operator.core.restore_record import Restore
from onecloud_operator.core.step_text import DETACH
from onecloud_operator.core.tenancy import hidden, limited, no_leave, not_found, takes_a_place
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    ADOPTED,
    ID,
    MADE,
    NOW,
    OTHER_UID,
    PLACE,
    RIVALS,
    details,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.providers import NAMING, SHARED, provider, sharing

if TYPE_CHECKING:
    from onecloud_operator.api.provider import Allowance
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

UNBOUND: dict[str, Any] = {"records": Records(), "finalizers": ()}
ADOPT: dict[str, Any] = {"adoption": {"policy": "Adopt", "id": ID}}
OBSERVE: dict[str, Any] = {"managementPolicy": "Observe", "adoption": {"id": ID}}
ANOTHERS = Owner("cluster0", "bank", "vault", OTHER_UID)


def held(step: Step) -> Hold:
    assert isinstance(step, Hold), step
    return step


# -- which namespace -------------------------------------------------------------------------------------
def test_a_namespace_that_is_named_may() -> None:
    assert no_leave(resource(), SHARED, None) is None


def test_no_other_namespace_may_and_the_message_says_who_can_change_it() -> None:
    problem = no_leave(resource(namespace="bank"), SHARED, None)
    assert problem is not None
    assert problem.reason is Reason.NOT_ALLOWED
    assert "administrator" in problem.message


def test_labels_let_a_namespace_in_only_where_they_count() -> None:
    by = provider(
        allowed_names=frozenset(),
        allowed_selector=NamespaceSelector.model_validate({"matchLabels": {"team": "web"}}),
    )
    assert no_leave(resource(), by, {"team": "web"}) is None
    assert no_leave(resource(), by, {"team": "db"}) is not None
    assert no_leave(resource(), by, None) is not None


def without_leave(**changes: Any) -> Facts:
    by = provider(allowed_names=frozenset())
    case = sharing(by=by, **changes)
    problem = no_leave(case.resource, by, None)
    return case if problem is None else replace(case, trouble=problem, place=None, reading=Reading())


def test_objects_of_a_namespace_that_lost_its_leave_hold() -> None:
    step = held(plan(without_leave()))
    assert step.reason is Reason.NOT_ALLOWED
    assert "nothing is deleted" in step.message


def test_so_does_their_deletion_which_names_the_way_out() -> None:
    step = held(plan(without_leave(own={"deleting": True})))
    assert step.reason is Reason.NOT_ALLOWED
    assert DETACH in step.message


def test_force_detach_leads_out_of_it() -> None:
    own = {"deleting": True, "annotations": {"onecloud.io/force-detach": "true"}}
    assert plan(without_leave(own=own)) == RemoveFinalizer("Detached")


def test_a_removal_under_retain_goes_through_and_takes_the_owner_tags_along() -> None:
    case = without_leave(policies={"deletionPolicy": "Retain"}, own={"deleting": True})
    assert plan(case) == Disown(ID)
    untagged = replace(case, reading=reading(server(details=details(owner=None))))
    assert plan(untagged) == RemoveFinalizer("Retained")


def test_without_leave_what_never_had_a_server_is_let_go_at_once() -> None:
    assert not isinstance(plan(without_leave(own={"deleting": True, **UNBOUND})), CloudWrite | Look | Hold)


def test_a_provider_that_is_not_there_holds_and_a_removal_names_the_way_out() -> None:
    trouble = not_found("lab")
    case = replace(sharing(), provider=None, trouble=trouble, place=None, reading=Reading())
    assert held(plan(case)).reason is Reason.PROVIDER_NOT_FOUND
    leaving = replace(case, resource=replace(case.resource, deleting=True))
    assert DETACH in held(plan(leaving)).message


# -- what may be another's -------------------------------------------------------------------------------
ASKED: dict[Allowance, dict[str, Any]] = {
    "Adopt": {"policies": ADOPT, "own": UNBOUND},
    "Observe": {"policies": OBSERVE, "own": UNBOUND},
    "Restore": {
        "policies": {"adoption": {"policy": "Adopt", "id": ID, "restore": True}},
        "own": UNBOUND,
        "by": provider(allow=frozenset({"Adopt"})),
    },
    "DiskID": {"server_spec": {"dataDisks": [{"name": "data", "diskID": "disk-9"}]}},
    "EIP": {"server_spec": {"eip": {"id": "eip-9"}}},
}


@pytest.mark.parametrize("word", ASKED)
def test_it_is_refused_unless_the_provider_allows_it(word: Allowance) -> None:
    case = sharing(**ASKED[word])
    step = held(plan(case))
    assert step.reason is Reason.NOT_ALLOWED
    assert f"({word})" in step.message
    assert case.provider is not None
    allowing = replace(case, provider=replace(case.provider, allow=case.provider.allow | {word}))
    after = plan(allowing)
    assert not isinstance(after, Hold) or after.reason is not Reason.NOT_ALLOWED


def test_an_eip_by_name_is_refused_as_well() -> None:
    assert held(plan(sharing({"eip": {"name": "front"}}))).reason is Reason.NOT_ALLOWED


def test_so_is_adopting_by_the_name_of_the_server() -> None:
    policy = {"adoption": {"policy": "AdoptOrCreate"}}
    case = sharing({"name": "vault"}, policies=policy, own=UNBOUND)
    assert held(plan(case)).reason is Reason.NOT_ALLOWED


def test_one_of_its_own_is_nobody_elses() -> None:
    case = sharing({"eip": {"bandwidth": 10}, "dataDisks": [{"name": "data", "size": "10Gi"}]})
    assert not isinstance(plan(case), Hold)


def test_nothing_is_refused_where_the_credentials_are_the_objects_own() -> None:
    case = sharing(**ASKED["EIP"])
    own = spec({"eip": {"id": "eip-9"}})
    alone = replace(case, provider=None, resource=replace(case.resource, spec=own))
    step = plan(alone)
    assert not isinstance(step, Hold) or step.reason is not Reason.NOT_ALLOWED


def test_a_server_adopted_while_that_was_allowed_is_looked_after_still() -> None:
    case = sharing(policies=ADOPT, own={"records": ADOPTED})
    assert not hidden(case, server())
    assert not isinstance(plan(case), Hold)


def test_no_owner_tags_are_set_where_adopting_is_not_allowed() -> None:
    """A status that somebody edited must not make another's server this object's."""
    loose = server(details=details(owner=None))
    case = sharing(policies=ADOPT, own={"records": ADOPTED}, reading=reading(loose))
    assert hidden(case, loose)
    assert not isinstance(plan(case), Claim)
    assert held(plan(replace(case, reading=Reading(), hidden=True))).reason is Reason.NOT_ALLOWED


def test_a_restore_that_only_the_status_tells_of_is_not_carried_out() -> None:
    policy = {"adoption": {"policy": "Adopt", "id": ID, "restore": True}}
    known = records(creation=None, adopted_at="2026-11-23T11:00:00Z", restore=Restore("2026-11-23T11:00:00Z"))
    found = reading(server("ready", recycled=True))
    case = sharing(policies=policy, own={"records": known}, reading=found)
    assert not isinstance(plan(case), CloudWrite)


# -- what a status claims --------------------------------------------------------------------------------
def forged(owner: Owner | None, **changes: Any) -> Facts:
    """Return facts of an object whose status says that it has adopted what is another's."""
    return sharing(
        own={"records": ADOPTED, **changes},
        reading=reading(server(details=details(owner=owner))),
        rivals=RIVALS,
    )


@pytest.mark.parametrize("owner", [ANOTHERS, None], ids=["anothers", "nobodys"])
def test_a_server_that_only_the_status_claims_is_hidden(owner: Owner | None) -> None:
    case = forged(owner)
    assert case.server is not None
    assert hidden(case, case.server)


def test_a_server_is_hidden_until_its_tags_were_read() -> None:
    assert hidden(forged(None), server(details=None))


def test_what_the_object_made_is_its_own_and_never_hidden() -> None:
    assert not hidden(sharing(), server(details=None))


def test_a_creation_that_the_object_cannot_have_made_proves_nothing() -> None:
    false = records(id=OTHER_UID, creation=replace(MADE, id=OTHER_UID))
    assert hidden(sharing(own={"records": false}), server(details=details(owner=ANOTHERS)))


def test_what_is_hidden_is_not_touched_when_the_object_goes() -> None:
    case = replace(forged(ANOTHERS, deleting=True), reading=Reading(asked_at=1.0), hidden=True)
    assert not isinstance(plan(case), CloudWrite | BeginDeletion)
    status = report(case, plan(case)).status or {}
    assert "bank" not in str(status)


def test_a_message_never_names_an_object_of_another_namespace() -> None:
    case = sharing(
        policies=ADOPT,
        by=provider(allow=frozenset({"Adopt"})),
        own={"records": ADOPTED},
        reading=reading(server(details=details(owner=ANOTHERS))),
        rivals=RIVALS,
    )
    step = held(plan(case))
    assert step.reason is Reason.OWNED_BY_ANOTHER
    assert "another namespace" in step.message
    assert "bank" not in step.message
    assert "vault" not in step.message


def given_disk(*, stage: str = BOUND, **changes: Any) -> Facts:
    """Return facts of an object that goes, whose status says that it was given a disk, which is loose."""
    record = DiskRecord("data", RECYCLE, stage, "disk-9", given=True)
    loose = LookedAtDisk(NOW, DiskState(status="ready"))
    return sharing(
        own={"deleting": True, "records": records(disks=(record,))},
        memory=Memory(born_at=0.0, disks={"disk-9": loose}),
        **changes,
    )


def test_a_disk_that_only_the_status_says_was_given_is_not_thrown_away() -> None:
    case = given_disk(stage=REMOVING)
    (leaving,) = case.resource.records.disks
    assert leaving_step(case, None, leaving) == RecordDisk(replace(leaving, stage=KEPT))
    allowed = given_disk(stage=REMOVING, by=provider(allow=frozenset({"DiskID"})))
    assert leaving_step(allowed, None, leaving) == RecycleDisk(ID, "disk-9")


# -- limits ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("limits", "places", "word"),
    [
        ({"servers_limit": 3}, (3, 0), "limits.servers "),
        ({"servers_limit": 3}, (2, 2), None),
        ({"servers_per_namespace_limit": 2}, (9, 2), "limits.serversPerNamespace "),
        ({"servers_per_namespace_limit": 2}, (9, 1), None),
        ({"servers_limit": 0}, (0, 0), "limits.servers "),
        ({}, (10_000, 10_000), None),
    ],
)
def test_no_server_is_begun_beyond_the_limits(
    limits: dict[str, Any], places: tuple[int, int], word: str | None
) -> None:
    case = sharing(by=provider(**limits), own=UNBOUND, places=places)
    step = plan(case)
    if word is None:
        assert step == AddFinalizer()
    else:
        assert held(step).reason is Reason.LIMIT_REACHED
        assert word in held(step).message


def test_a_finalizer_that_somebody_put_there_takes_no_place() -> None:
    case = sharing(by=provider(servers_limit=1), own={"records": Records()}, reading=Reading(), places=(1, 0))
    assert held(plan(case)).reason is Reason.LIMIT_REACHED
    assert isinstance(plan(replace(case, places=(0, 0))), BeginCreation)


def test_a_limit_that_is_lowered_leaves_the_servers_that_are_there() -> None:
    case = sharing({"cpu": 2}, by=provider(servers_limit=0), places=(9, 9))
    assert not isinstance(plan(case), Hold)


def test_a_server_that_was_deleted_outside_is_made_again_within_the_place_that_it_has() -> None:
    case = sharing(
        by=provider(servers_limit=1),
        policies={"onExternalDeletion": "Recreate"},
        reading=Reading(asked_at=9_999.0, gone=True),
        places=(5, 5),
    )
    assert not takes_a_place(case, BeginCreation(MADE, PLACE))
    step = plan(case)
    assert not isinstance(step, Hold) or step.reason is not Reason.LIMIT_REACHED


def test_no_server_is_begun_with_a_provider_that_is_being_deleted() -> None:
    case = sharing(by=provider(deleting=True), own=UNBOUND)
    assert held(plan(case)).reason is Reason.PROVIDER_NOT_FOUND
    assert not isinstance(plan(sharing(by=provider(deleting=True))), Hold)


def test_with_credentials_of_its_own_an_object_has_no_limit() -> None:
    alone = replace(sharing(own=UNBOUND), provider=None)
    assert limited(alone, AddFinalizer()) is None


def test_a_spec_that_names_both_or_neither_is_none() -> None:
    with pytest.raises(ValueError, match="either credentialsRef or providerRef"):
        spec(providerRef={"name": "lab"})
    with pytest.raises(ValueError, match="either credentialsRef or providerRef"):
        spec(credentialsRef=None)
    assert spec(**NAMING).provider_ref is not None


def test_without_the_word_nothing_is_even_searched() -> None:
    words: tuple[Allowance, ...] = ("Adopt", "Observe")
    for case in (ASKED[word] for word in words):
        assert not isinstance(plan(sharing(**case)), Find | Look)


def test_while_the_providers_are_not_read_yet_the_status_stands() -> None:
    """Else a restart would write twice to each object of a fleet."""
    known = Problem(Reason.NOT_YET_OBSERVED, "not read yet")
    step = held(plan(replace(sharing(), trouble=known, place=None, reading=Reading())))
    assert step.unread
