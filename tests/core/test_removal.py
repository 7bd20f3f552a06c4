"""What becomes of a server whose object is deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import RECONCILE_REQUESTED_AT
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginDeletion, Hold, Look, RemoveFinalizer, Settled
from onecloud_operator.core.cloud_writes import Delete, Disown, SyncStatus, Unlock
from onecloud_operator.core.disk_records import REMOVING
from onecloud_operator.core.disk_writes import DetachDisk
from onecloud_operator.core.facts import Looked, LookedAtDisk, Memory
from onecloud_operator.core.memory import accepted
from onecloud_operator.core.observed import DiskState, Owner, Reading
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Creation, Records, attempt_id
from onecloud_operator.core.refusals import refused
from onecloud_operator.core.values import Place, Problem, text_of_time
from tests.core.fixtures import (
    BEGUN,
    DATA,
    GONE,
    ID,
    MADE,
    NOW,
    OTHER_UID,
    OWNER,
    PLACE,
    ROOT,
    UID,
    WALL,
    bound,
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
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed

EVER = tuple(attempt_id(UID, number) for number in range(1, 9))
ASKED = text_of_time(WALL - timedelta(seconds=5))
LONG_AGO = text_of_time(WALL - timedelta(seconds=300))
OPEN = server(locked=False)
RECYCLED = server(recycled=True)
UNOWNED = details(owner=None, owner_known=False)  # as it is recalled from the status


def leaving(
    found: Observed = OPEN, *, policy: str | None = None, requested: str | None = None, **changes: Any
) -> Facts:
    """An object of *policy* with a deletionTimestamp, and *found* as its server."""
    going = resource(
        deleting=True, spec=spec(deletionPolicy=policy), records=records(deletion_requested_at=requested)
    )
    return replace(facts(found), resource=going, **changes)


def hold_reason(step: Step) -> str:
    assert isinstance(step, Hold)
    return step.reason


def test_a_removal_unlocks_then_records_then_deletes() -> None:
    assert plan(leaving(server(locked=True))) == Unlock(ID)
    assert plan(leaving()) == BeginDeletion()
    begun = leaving(requested=ASKED, memory=Memory(begun_deletion=True))
    assert plan(begun) == Delete(ID, for_good=False)


def test_a_server_that_somebody_locks_again_is_kept_until_it_is_asked_for_again() -> None:
    locked = leaving(server(locked=True))
    done = accepted(locked, Unlock(ID), Done(NOW - 10, NOW - 10))
    again = replace(locked, memory=done)
    assert hold_reason(plan(again)) == "DeletionProtected"
    old = replace(again, now=NOW + 300.0)  # no disk is detached of a server that is kept
    assert hold_reason(plan(replace(old, reading=reading(server(locked=True))))) == "DeletionProtected"
    annotations = {RECONCILE_REQUESTED_AT: "now"}
    asked_anew = replace(again, resource=replace(again.resource, annotations=annotations))
    assert plan(asked_anew) == Unlock(ID)


def test_the_policy_delete_goes_past_the_bin_and_ends_with_the_404_only() -> None:
    begun = leaving(policy="Delete", requested=ASKED, memory=Memory(begun_deletion=True))
    assert plan(begun) == Delete(ID, for_good=True)
    in_bin = leaving(server(recycled=True, locked=False), policy="Delete", requested=LONG_AGO)
    assert plan(in_bin) == Delete(ID, for_good=True)
    assert plan(leaving(policy="Delete", requested=ASKED, reading=GONE)) == RemoveFinalizer("Deleted")


def test_a_recycled_server_is_never_deleted_again_without_override() -> None:
    assert plan(leaving(RECYCLED)) == RemoveFinalizer("Recycled")


def test_the_status_alone_does_not_prove_that_a_server_is_recycled() -> None:
    """A reading may be rebuilt from the status, which others may edit."""
    assert plan(leaving(replace(RECYCLED, details=UNOWNED))) == Look(ID)


@pytest.mark.parametrize("status", ["ready", "deploying", "sync_status", "start_delete", "deleting"])
def test_statuses_on_the_way_prove_nothing(status: str) -> None:
    sent = Memory(begun_deletion=True, deleted_at=NOW - 3, moved_at=NOW - 1)
    assert (
        hold_reason(plan(leaving(server(status, locked=False), requested=ASKED, memory=sent))) == "Removing"
    )


@pytest.mark.parametrize("reason", ["PrepaidNotExpired", "HostOffline", "Forbidden"])
def test_why_a_delete_was_refused_is_said_until_it_is_sent_again(reason: Reason) -> None:
    """The server is not being removed, whatever is on record."""
    begun = leaving(requested=text_of_time(WALL), memory=Memory(begun_deletion=True))
    delete, problem = Delete(ID, for_good=False), Problem(reason, "no")
    after = refused(begun, delete, problem, ended_at=NOW, wait_seconds=60.0)
    for seconds in (0.0, 1.0, 59.0):
        assert hold_reason(plan(replace(begun, memory=after, now=NOW + seconds))) == reason
    later = replace(begun, memory=after, now=NOW + 60.0)
    assert plan(later) == Look(ID)  # a disk may have been attached by now
    assert plan(replace(later, reading=reading(OPEN, asked_at=NOW + 59.0))) == delete


def test_a_delete_is_repeated_after_a_minute_without_a_stir_or_a_failure() -> None:
    sent = Memory(begun_deletion=True, deleted_at=NOW - 300, moved_at=NOW - 200)
    assert plan(leaving(requested=LONG_AGO, memory=sent)) == Delete(ID, for_good=False)
    stirring = replace(sent, moved_at=NOW - 10)
    assert hold_reason(plan(leaving(requested=LONG_AGO, memory=stirring))) == "Removing"
    failed = server("delete_fail", locked=False)
    looked = replace(stirring, looked_at=NOW - 2, looked_version=7)
    assert plan(leaving(failed, requested=ASKED, memory=looked)) == Delete(ID, for_good=False)


def test_after_a_restart_a_recorded_delete_may_be_at_work_and_is_not_repeated_at_once() -> None:
    restarted = leaving(requested=ASKED, memory=Memory(born_at=NOW - 1))
    assert hold_reason(plan(restarted)) == "Removing"


def test_retain_takes_the_owner_tags_off_and_nothing_else() -> None:
    assert plan(leaving(server(details=UNOWNED), policy="Retain")) == Look(ID)
    assert plan(leaving(policy="Retain")) == Disown(ID)
    free = server(details=details(owner=None))
    assert plan(leaving(free, policy="Retain")) == RemoveFinalizer("Retained")


def test_a_kept_server_is_let_go_only_by_a_look_that_is_newer_than_the_last_write_to_it() -> None:
    """A list that lacks the row says that nothing has changed; it may not know of the tags just set."""
    free = server(details=details(owner=None))
    claimed = Memory(born_at=0.0, wrote_at=NOW - 5, looked_at=NOW - 9)
    assert plan(leaving(free, policy="Retain", memory=claimed)) == Look(ID)
    seen = replace(claimed, looked_at=NOW - 2)
    assert plan(leaving(free, policy="Retain", memory=seen)) == RemoveFinalizer("Retained")


def test_an_adopted_server_is_kept_by_default() -> None:
    adopted = leaving()
    kept = replace(adopted.resource, records=records(creation=None, adopted_at=ASKED))
    assert plan(replace(adopted, resource=kept)) == Disown(ID)


@pytest.mark.parametrize("owner", [None, Owner("cluster0", "shop", "web-2", OTHER_UID)])
def test_an_adopted_server_without_our_tag_is_never_deleted(owner: Owner | None) -> None:
    found = server(details=details(owner=owner), locked=False)
    adopted = leaving(found, policy="Delete", requested=LONG_AGO)
    wanted = spec(deletionPolicy="Delete", adoption={"policy": "Adopt", "id": ID})
    theirs = replace(adopted.resource, spec=wanted, records=records(creation=None, adopted_at=ASKED))
    assert hold_reason(plan(replace(adopted, resource=theirs))) == "OwnedByAnother"


def adopted(found: Observed | None, asked: str | None, **changes: Any) -> Facts:
    """An object that is let go and whose status says that it adopted *found*, if the spec asks for it so."""
    free = replace(found, details=details(owner=None)) if found is not None else None
    case = leaving(free or OPEN, **changes)
    case = case if free else replace(case, reading=GONE)
    wanted = spec(adoption={"policy": asked, "name": "pet"} if asked else None)
    theirs = records(id=OTHER_UID, creation=None, adopted_at=ASKED, mirror={"id": OTHER_UID})
    return replace(case, resource=replace(case.resource, spec=wanted, records=theirs))


PET = server(id=OTHER_UID, name="pet", locked=False)


@pytest.mark.parametrize("found", [PET, None], ids=["there", "gone"])
def test_an_adoption_that_only_the_status_tells_of_lets_no_server_of_the_objects_own_go(
    found: Observed | None,
) -> None:
    """Whoever may write the status can put it in the place of the record of the creation."""
    assert isinstance(plan(adopted(found, "Adopt")), RemoveFinalizer), "the spec says the same"
    assert plan(adopted(found, None)) == Look(EVER[0])
    looks = dict.fromkeys(EVER, Looked(NOW - 1, None))
    assert isinstance(plan(adopted(found, None, memory=Memory(looks=looks))), RemoveFinalizer)
    looks[ID] = Looked(NOW - 1, 7)
    hold = plan(adopted(found, None, memory=Memory(looks=looks)))
    assert hold_reason(hold) == "OwnedByAnother"
    assert f"The cloud has server {ID}" in str(hold)


def test_a_forged_record_never_leads_to_a_deletion() -> None:
    forged = Creation(1, "fd86411b-4bca-47a2-84f9-82f0170dce4c", "victim", MADE.started_at, MADE.completed_at)
    found = server(id=forged.id, locked=False)
    aimed = leaving(found, policy="Delete")
    aimed = replace(aimed, resource=replace(aimed.resource, records=records(creation=forged, id=forged.id)))
    assert hold_reason(plan(aimed)) == "OwnedByAnother"


def test_protection_holds_and_detaching_by_force_does_not_ask() -> None:
    protected = leaving()
    shielded = replace(protected.resource, spec=spec(deletionProtection=True))
    assert hold_reason(plan(replace(protected, resource=shielded))) == "DeletionProtected"
    forced = replace(shielded, annotations={"onecloud.io/force-detach": "true"})
    assert plan(
        replace(protected, resource=forced, trouble=Problem(Reason.SECRET_NOT_FOUND, ""))
    ) == RemoveFinalizer("Detached")


@pytest.mark.parametrize("reason", ["SecretNotFound", "Forbidden", "EndpointUnreachable"])
def test_a_removal_without_a_word_from_the_cloud_is_held(reason: Reason) -> None:
    assert hold_reason(plan(leaving(trouble=Problem(reason, ""), place=None, reading=GONE))) == reason


def test_a_404_from_another_place_lets_nothing_go() -> None:
    elsewhere = Place(PLACE.auth_url, "another-region", PLACE.project_id)
    assert hold_reason(plan(leaving(reading=GONE, place=elsewhere))) == "CredentialsMismatch"


def test_an_object_whose_server_was_never_asked_for_goes_at_once() -> None:
    never = leaving(reading=Reading())
    never = replace(never, resource=replace(never.resource, records=Records()))
    assert plan(never) == Look(ID)
    looks = dict.fromkeys(EVER, Looked(NOW - 1, None))
    assert plan(replace(never, memory=Memory(looks=looks))) == RemoveFinalizer("NeverMade")


def test_a_record_taken_out_of_the_status_does_not_let_the_server_go() -> None:
    looks = {**dict.fromkeys(EVER, Looked(NOW - 1, None)), attempt_id(UID, 3): Looked(NOW - 1, 7)}
    lost = leaving(reading=Reading(), memory=Memory(looks=looks))
    lost = replace(lost, resource=replace(lost.resource, records=Records()))
    assert hold_reason(plan(lost)) == "OwnedByAnother"


def test_a_spec_that_cannot_be_read_holds_the_removal() -> None:
    """It may say Retain, or that the server is protected."""
    unread = leaving()
    unread = replace(unread, resource=replace(unread.resource, spec=None, flaw="The spec is not valid."))
    assert hold_reason(plan(unread)) == "InvalidSpec"


def test_a_404_without_a_record_of_the_place_proves_nothing() -> None:
    lost = leaving(reading=GONE)
    lost = replace(lost, resource=replace(lost.resource, records=records(place=None)))
    assert hold_reason(plan(lost)) == "CredentialsMismatch"


def test_a_server_that_another_living_object_has_tagged_is_not_deleted() -> None:
    tagged = server(locked=False, details=details(owner=Owner("cluster0", "shop", "other", OTHER_UID)))
    assert hold_reason(plan(leaving(tagged, rivals=frozenset({OTHER_UID})))) == "OwnedByAnother"


def test_a_time_of_deletion_in_the_future_does_not_hold_for_ever() -> None:
    ahead = leaving(requested="2099-01-01T00:00:00Z", memory=Memory(born_at=0.0))
    assert plan(ahead) == Delete(ID, for_good=False)


def test_a_post_that_may_still_be_under_way_holds_the_object() -> None:
    """A POST that timed out can insert its row a minute later: the object must not be gone by then."""
    unseen = leaving(reading=GONE, memory=Memory(posted_at=NOW - 20))
    unseen = replace(unseen, resource=replace(unseen.resource, records=records(creation=BEGUN, mirror={})))
    assert hold_reason(plan(unseen)) == "WaitingForCloud"
    later = replace(unseen, now=NOW + 200)
    assert plan(later) == Look(ID)
    proven = replace(later, reading=replace(GONE, asked_at=NOW + 199))
    assert plan(proven) == RemoveFinalizer("NeverMade")


def test_after_a_restart_the_process_age_stands_in_for_the_unknown_post() -> None:
    unseen = leaving(reading=GONE, memory=Memory(born_at=NOW - 20))
    unseen = replace(unseen, resource=replace(unseen.resource, records=records(creation=BEGUN, mirror={})))
    assert hold_reason(plan(unseen)) == "WaitingForCloud"
    settled = replace(unseen, now=NOW + 165)
    assert plan(settled) == Look(ID)
    proven = replace(settled, reading=replace(GONE, asked_at=NOW + 164))
    assert plan(proven) == RemoveFinalizer("NeverMade")


def test_objects_are_not_let_go_while_a_share_of_the_fleet_vanished() -> None:
    assert hold_reason(plan(leaving(reading=GONE, too_many_gone=True))) == "TooManyGone"
    asked_for = leaving(reading=GONE, too_many_gone=True, requested=ASKED)
    assert plan(asked_for) == RemoveFinalizer("Deleted")


def test_where_the_bin_is_off_each_removal_is_confirmed() -> None:
    assert hold_reason(plan(leaving(bin_off=True))) == "RecycleBinOff"
    confirmed = leaving(bin_off=True)
    named = replace(confirmed.resource, annotations={"onecloud.io/confirm-delete": ID})
    assert plan(replace(confirmed, resource=named)) == BeginDeletion()


def test_an_observed_server_is_let_go_untouched() -> None:
    observing = spec(managementPolicy="Observe", adoption={"id": ID}, deletionPolicy="Delete")
    going = leaving()
    assert plan(replace(going, resource=replace(going.resource, spec=observing))) == RemoveFinalizer(
        "Observed"
    )


def test_without_our_finalizer_there_is_nothing_to_do() -> None:
    going = leaving()
    assert plan(replace(going, resource=replace(going.resource, finalizers=()))) == Settled()


def test_a_server_that_a_list_does_not_show_any_more_is_asked_for_by_its_id() -> None:
    """The last reading still stands beside the question; without the look the removal would never end."""
    asked = leaving(requested=ASKED, reading=reading(OPEN, missing=True))
    assert plan(asked) == Look(ID)


@pytest.mark.parametrize(
    ("status", "still_for", "step"),
    [
        pytest.param("detach_disk", 1.0, Hold, id="one-on-its-way-is-waited-for"),
        pytest.param("detach_disk", 4000.0, SyncStatus, id="of-one-that-hangs-the-cloud-sees-to-the-state"),
        pytest.param("detach_disk_fail", 1.0, SyncStatus, id="so-it-does-after-a-failure"),
        pytest.param("running", 1.0, DetachDisk, id="from-one-at-rest-it-is-taken"),
    ],
)
def test_a_disk_that_is_to_go_otherwise_than_its_server_is_taken_off_once_that_rests(
    status: str, still_for: float, step: type[Step]
) -> None:
    """It had been called suspended whatever it was, and the object stayed for ever."""
    apart = DiskState(auto_delete=False, status="ready", server_ids=(ID,), owner=OWNER)
    recorded = replace(bound(), stage=REMOVING)
    going = resource(deleting=True, spec=spec(deletionPolicy="Delete"), records=records(disks=(recorded,)))
    case = replace(
        facts(server(status, locked=False, details=details(disks=(ROOT, DATA)))),
        resource=going,
        memory=Memory(
            disks={"disk-1": LookedAtDisk(NOW - 1.0, apart)},
            moved_at=NOW - still_for,
            looked_at=NOW,
            looked_version=7,
        ),
    )
    assert isinstance(plan(case), step)
