"""What a proven absence is worth: the moment at which it was asked for, and this one server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import FORCE_DETACH
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginAdoption, BeginCreation, Hold, Look, RemoveFinalizer
from onecloud_operator.core.cloud_writes import Create
from onecloud_operator.core.facts import Looked, Memory
from onecloud_operator.core.memory import accepted
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import FailedAttempt, Records, attempt_id
from onecloud_operator.core.retry_state import Refusal
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    ID,
    MADE,
    NOW,
    PLACE,
    RECREATE,
    UID,
    facts,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

LONG_AGO = Reading(asked_at=NOW - 3600.0, gone=True)
JUST_NOW = Reading(asked_at=NOW - 1.0, gone=True)
FIRST, SECOND, THIRD = (attempt_id(UID, number) for number in (1, 2, 3))
TAKEN = Refusal(
    Problem(Reason.NAME_CONFLICT, "", duplicate_name=True),
    "1//False",
    until=NOW + 500,
    count=1,
    since=NOW - 10,
)


def reason_of(step: Step) -> str:
    assert isinstance(step, Hold), step
    return step.reason


def absent(**of_the_resource: Any) -> Facts:
    """An object whose server was a proven 404 an hour ago."""
    return facts(resource=resource(**of_the_resource), reading=LONG_AGO)


FAILED = replace(BEGUN, failure=FailedAttempt("2026-11-23T11:59:30Z", Reason.CREATION_FAILED, "no luck"))


@pytest.mark.parametrize(
    ("case", "step"),
    [
        pytest.param(absent(spec=RECREATE), BeginCreation, id="it-is-made-again"),
        pytest.param(
            absent(spec=RECREATE, records=records(creation=BEGUN)),
            BeginCreation,
            id="it-vanished-while-it-was-made",
        ),
        pytest.param(
            absent(records=records(creation=FAILED)), BeginCreation, id="a-failed-attempt-is-cleaned-away"
        ),
        pytest.param(absent(deleting=True), RemoveFinalizer, id="the-object-is-let-go"),
        pytest.param(
            absent(deleting=True, records=records(deletion_requested_at="2026-11-23T11:59:30Z")),
            RemoveFinalizer,
            id="our-own-delete-is-done",
        ),
        pytest.param(
            absent(deleting=True, records=records(creation=BEGUN, mirror={})),
            RemoveFinalizer,
            id="it-was-never-made",
        ),
    ],
)
def test_an_old_404_is_asked_for_again_before_anything_follows_from_it(
    case: Facts, step: type[BeginCreation | RemoveFinalizer]
) -> None:
    """The database of the cloud may have been put right since: the server may be there again."""
    assert plan(case) == Look(ID)
    assert isinstance(plan(replace(case, reading=JUST_NOW)), step)


def test_an_adoption_instead_of_a_creation_asks_again_for_what_was_never_made() -> None:
    wanted = resource(
        spec=spec(adoption={"policy": "Adopt", "name": "pet"}), records=records(creation=BEGUN, mirror={})
    )
    pet = server(name="pet", id="s-1")
    found = Memory(found_at=NOW, found_intent="1//False")
    case = facts(resource=wanted, reading=LONG_AGO, candidates=(pet,), memory=found)
    assert plan(case) == Look(ID)
    assert isinstance(plan(replace(case, reading=JUST_NOW)), BeginAdoption)


def test_what_is_only_reported_is_not_asked_for_again() -> None:
    """10,000 objects whose servers are gone cost no calls."""
    assert reason_of(plan(absent())) == "ExternallyDeleted"
    assert reason_of(plan(replace(absent(spec=RECREATE), too_many_gone=True))) == "TooManyGone"


def test_detaching_by_force_asks_for_nothing() -> None:
    forced = absent(deleting=True, annotations={"onecloud.io/force-detach": "true"})
    assert plan(forced) == RemoveFinalizer("Detached")


# -- what was there before ---------------------------------------------------------------------------------
def third(**looks: Looked) -> Facts:
    """The third attempt of an object, whose name is taken."""
    begun = replace(BEGUN, attempt=3, id=THIRD)
    memory = Memory(
        posted_at=NOW - 10,
        refusals={"Create": TAKEN},
        looks={attempt_id(UID, int(name[-1])): looked for name, looked in looks.items()},
    )
    made = resource(records=Records(id=THIRD, place=resource().records.place, creation=begun))
    return facts(resource=made, memory=memory, reading=JUST_NOW)


def test_a_name_that_is_taken_is_looked_for_among_the_former_servers_of_the_object() -> None:
    assert plan(third()) == Look(SECOND)
    before_the_post = Looked(NOW - 11, None)
    assert plan(third(of_2=before_the_post)) == Look(SECOND)
    gone = Looked(NOW - 5, None)
    assert plan(third(of_2=gone)) == Look(FIRST)
    assert reason_of(plan(third(of_2=gone, of_1=gone))) == "NameConflict"


def test_a_former_server_that_came_back_is_named_and_no_second_one_is_made() -> None:
    back = third(of_2=Looked(NOW - 5, None), of_1=Looked(NOW - 5, 7))
    step = plan(back)
    assert isinstance(step, Hold)
    assert step.reason == "NameConflict"
    assert FIRST in step.message
    due = replace(back, now=NOW + 500)
    assert plan(due) == Look(SECOND)
    gone = dict.fromkeys((FIRST, SECOND), Looked(NOW + 499, None))
    assert isinstance(plan(replace(due, memory=replace(due.memory, looks=gone))), Create)


def test_a_former_server_may_be_adopted_once_no_post_can_make_another_one() -> None:
    """The last POST went unanswered: until it has settled it may still make the server of this attempt."""
    back = third(of_1=Looked(NOW - 5, 7), of_2=Looked(NOW - 5, None))
    lost = {
        "Create": replace(TAKEN, problem=Problem(Reason.ENDPOINT_UNREACHABLE, "", ambiguous=True), until=NOW)
    }
    back = replace(back, memory=replace(back.memory, refusals=lost))
    step = plan(back)
    assert isinstance(step, Hold)
    assert (step.reason, step.requeue_after) == ("NameConflict", 170.0)
    looks = {FIRST: Looked(NOW + 165, 7), SECOND: Looked(NOW + 165, None)}
    later = replace(back, now=NOW + 170, memory=replace(back.memory, looks=looks))
    assert plan(later) == Look(THIRD)
    proven = replace(later, reading=replace(JUST_NOW, asked_at=NOW + 170))
    assert reason_of(plan(proven)) == "NameConflict"
    wanted = replace(back.resource, spec=spec(adoption={"policy": "Adopt", "id": FIRST}))
    found = replace(later.memory, found_at=NOW + 170, found_intent="1//False")
    assert isinstance(
        plan(replace(proven, resource=wanted, candidates=(server(),), memory=found)), BeginAdoption
    )


def test_no_post_of_a_later_attempt_is_sent_late_without_a_look_at_the_former_server() -> None:
    """Between the 404 that led to the attempt and its POST there may be hours: a full quota, a restart."""
    full = Refusal(Problem(Reason.QUOTA_EXCEEDED, ""), "1//False", until=NOW + 500, count=1, since=NOW - 10)
    sent = third()
    refused = replace(sent, memory=Memory(begun_attempt=3, refusals={"Create": full}))
    assert reason_of(plan(refused)) == "QuotaExceeded"
    assert plan(replace(refused, now=NOW + 500)) == Look(SECOND)
    restarted = replace(sent, memory=Memory(born_at=NOW - 5))
    assert plan(restarted) == Look(SECOND)
    at_once = replace(sent, memory=Memory(begun_attempt=3, begun_at=NOW - 1), reading=Reading())
    assert isinstance(plan(at_once), Create)
    assert plan(replace(at_once, now=NOW + 3600)) == Look(SECOND)


def test_a_former_server_that_came_back_may_be_adopted() -> None:
    back = third(of_2=Looked(NOW - 5, None), of_1=Looked(NOW - 5, 7))
    wanted = replace(back.resource, spec=spec(adoption={"policy": "Adopt", "id": FIRST}))
    found = replace(back.memory, found_at=NOW, found_intent="1//False")
    step = plan(replace(back, resource=wanted, candidates=(server(),), memory=found))
    assert isinstance(step, BeginAdoption)
    assert step.server_id == FIRST


def test_an_object_is_not_let_go_while_a_former_server_of_it_is_there_again() -> None:
    going = third(of_2=Looked(NOW + 290, None), of_1=Looked(NOW + 290, 7))
    going = replace(going, resource=replace(going.resource, deleting=True))
    going = replace(going, reading=replace(JUST_NOW, asked_at=NOW + 299), now=NOW + 300)
    assert reason_of(plan(going)) == "OwnedByAnother"
    gone = {SECOND: Looked(NOW + 290, None), FIRST: Looked(NOW + 290, None)}
    assert plan(replace(going, memory=replace(going.memory, looks=gone))) == RemoveFinalizer("NeverMade")
    unasked = replace(going, memory=replace(going.memory, looks={}))
    assert plan(unasked) == Look(SECOND)


# -- no record ---------------------------------------------------------------------------------------------
def unrecorded(memory: Memory, **of_the_records: Any) -> Facts:
    going = resource(deleting=True, records=Records(**of_the_records))
    return facts(resource=going, memory=memory, reading=Reading())


def looked_through(case: Facts, *, seconds: float = 0.0) -> tuple[list[str], Step]:
    """Look as often as is asked for, each time so long, and find nothing; return where, and what follows."""
    asked: list[str] = []
    while isinstance(step := plan(case), Look):
        assert len(asked) < 200
        asked.append(step.server_id)
        done = Done(case.now, case.now + seconds, gone=True)
        case = replace(case, memory=accepted(case, step, done), now=done.ended_at)
        if step.server_id == case.resource.records.bound_id:
            case = replace(case, reading=Reading(asked_at=done.began_at, gone=True))
    return asked, step


@pytest.mark.parametrize("seconds", [0.0, 9.0, 100.0])
def test_looks_at_many_former_servers_come_to_an_end_however_slow_the_cloud_is(seconds: float) -> None:
    tenth = replace(BEGUN, attempt=10, id=attempt_id(UID, 10))
    sent = facts(
        resource=resource(records=records(id=tenth.id, creation=tenth, mirror={})),
        memory=Memory(born_at=NOW - 900),
        reading=JUST_NOW,
    )
    asked, step = looked_through(sent, seconds=seconds)
    assert (set(asked), step) == ({attempt_id(UID, number) for number in range(2, 10)}, Create(tenth))
    going = replace(sent, resource=replace(sent.resource, deleting=True))
    asked, step = looked_through(going, seconds=seconds)
    assert step == RemoveFinalizer("NeverMade")
    named = unrecorded(Memory(born_at=NOW - 5), mirror={"id": attempt_id(UID, 90)})
    asked, step = looked_through(named, seconds=seconds)
    assert (len(asked), step) == (90, RemoveFinalizer("NeverMade"))


def test_without_a_record_nothing_is_concluded_from_another_place_than_the_recorded_one() -> None:
    """A part of a status may be lost: looks that find nothing elsewhere would let a living server go."""
    pinned = unrecorded(Memory(born_at=NOW - 900), place=PLACE._replace(region="another"))
    step = plan(pinned)
    assert isinstance(step, Hold)
    assert step.reason == "CredentialsMismatch"
    assert FORCE_DETACH in step.message


def test_a_round_of_looks_that_was_broken_off_starts_from_the_beginning() -> None:
    begun = Memory(born_at=NOW - 900, looks={FIRST: Looked(NOW - 700, None), SECOND: Looked(NOW - 600, None)})
    assert plan(unrecorded(begun)) == Look(FIRST)


def test_without_a_record_every_id_is_looked_at_that_the_object_may_have_made() -> None:
    asked, step = looked_through(unrecorded(Memory(born_at=NOW - 5)))
    assert asked == [attempt_id(UID, number) for number in range(1, 9)]
    assert step == RemoveFinalizer("NeverMade")
    begun = unrecorded(Memory(born_at=NOW - 5, begun_attempt=10))
    assert len(looked_through(begun)[0]) == 10
    named = unrecorded(Memory(born_at=NOW - 5), mirror={"id": attempt_id(UID, 12)})
    assert len(looked_through(named)[0]) == 12


def test_without_a_record_no_look_counts_but_one_of_just_now_at_this_very_id() -> None:
    another = Memory(looked_at=NOW - 1)  # of what was recorded then
    assert plan(unrecorded(another)) == Look(FIRST)
    old = Memory(looks={attempt_id(UID, number): Looked(NOW - 900, None) for number in range(1, 9)})
    assert plan(unrecorded(old)) == Look(FIRST)


def test_without_a_record_a_post_that_may_be_under_way_is_waited_for() -> None:
    sent = unrecorded(Memory(posted_at=NOW - 30))
    step = plan(sent)
    assert isinstance(step, Hold)
    assert (step.reason, step.requeue_after) == ("WaitingForCloud", 150.0)
    assert isinstance(plan(replace(sent, now=NOW + 151)), Look)


def test_without_a_record_a_living_server_holds_the_object() -> None:
    looks = {attempt_id(UID, number): Looked(NOW - 1, None) for number in range(1, 9)}
    living = unrecorded(Memory(looks={**looks, SECOND: Looked(NOW - 1, 7)}))
    assert reason_of(plan(living)) == "OwnedByAnother"
    assert SECOND in str(plan(living))


def test_a_look_at_another_id_says_nothing_of_the_recorded_one() -> None:
    done = accepted(facts(), Look(SECOND), Done(NOW, NOW, gone=True))
    assert (done.looked_at, done.looks) == (None, {SECOND: Looked(NOW, None)})
    assert MADE.id == ID
