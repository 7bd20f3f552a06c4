"""What one pass leaves for the next: what was sent, what was refused, how long to wait."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.core.actions import (
    AddFinalizer,
    BeginCreation,
    BeginDeletion,
    Find,
    Look,
    MarkFailedCreation,
    ReadHistory,
    Settled,
)
from onecloud_operator.core.cloud_writes import Claim, Create, Delete, SyncStatus, Update
from onecloud_operator.core.facts import History, Memory
from onecloud_operator.core.memory import accepted, note_changes
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.outcome import Done
from onecloud_operator.core.retry_state import ACCEPTANCE_LIFE_SECONDS, ACCEPTANCES_KEPT
from tests.core.fixtures import BEGUN, ID, NOW, PLACE, facts, reading, resource, server
from tests.core.memories import REFUSED, START, remembering

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step

DONE = Done(began_at=NOW, ended_at=NOW + 1)


# -- what a reading leaves -------------------------------------------------------------------------------
def test_a_server_that_moves_is_timed_from_its_first_step_and_each_step_counts() -> None:
    first = note_changes(Memory(), reading(server("deploying", version=8)), 100.0)
    same = note_changes(first, reading(server("deploying", version=8)), 110.0)
    later = note_changes(same, reading(server("starting", version=9)), 120.0)
    assert (first.moving_since, first.moved_at) == (100.0, 100.0)
    assert same == first
    assert (later.moving_since, later.moved_at, later.moved_version) == (100.0, 120.0, 9)


def test_a_step_that_was_not_looked_at_at_once_counts_from_when_it_was_read() -> None:
    first = note_changes(Memory(), reading(server("deploying", version=8)), 100.0)
    seen = replace(reading(server("starting", version=11)), first_seen_at=130.0)
    assert note_changes(first, seen, 700.0).moved_at == 130.0


@pytest.mark.parametrize(
    ("status", "count"),
    [
        pytest.param("running", 0, id="at-rest-all-is-forgiven"),
        pytest.param("ready", 0, id="stopped-is-at-rest-too"),
        pytest.param("start_fail", 3, id="a-failure-is-no-rest"),
        pytest.param("unknown", 3, id="nor-is-a-lost-host"),
    ],
)
def test_looks_of_the_cloud_are_counted_until_the_server_rests(status: str, count: int) -> None:
    before = Memory(moving_since=1.0, sync_count=3, synced_at=50.0)
    after = note_changes(before, reading(server(status)), 100.0)
    assert (after.moving_since, after.sync_count) == (None, count)
    assert after.synced_at == (50.0 if count else None)


def test_nothing_read_is_nothing_learned() -> None:
    before = Memory(moving_since=1.0, sync_count=3)
    assert note_changes(before, Reading(), 100.0) is before
    assert note_changes(before, Reading(gone=True), 100.0) is before


# -- what an accepted step leaves ------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("step", "done", "left"),
    [
        pytest.param(Create(BEGUN), DONE, {"posted_at": NOW + 1, "wrote_at": NOW + 1}, id="a-POST"),
        pytest.param(
            Delete(ID, for_good=True), DONE, {"deleted_at": NOW + 1, "wrote_at": NOW + 1}, id="a-DELETE"
        ),
        pytest.param(START, DONE, {"wrote_at": NOW + 1}, id="a-write"),
        pytest.param(Claim(ID), DONE, {"wrote_at": NOW + 1}, id="owner-tags"),
        pytest.param(
            SyncStatus(ID), DONE, {"synced_at": NOW + 1, "sync_count": 1, "wrote_at": NOW + 1}, id="a-sync"
        ),
        pytest.param(
            Look(ID),
            replace(DONE, version=7),
            {"looked_at": NOW, "looked_version": 7},
            id="a-look-that-found",
        ),
        pytest.param(
            Look(ID), replace(DONE, gone=True), {"looked_at": NOW, "looked_version": None}, id="a-look"
        ),
        pytest.param(
            Find(name="web"), DONE, {"found_at": NOW, "found_intent": facts().intent}, id="a-search"
        ),
        pytest.param(
            ReadHistory(ID),
            replace(DONE, history=History(started=True, failure=None)),
            {"history": History(started=True, failure=None), "history_asked_at": NOW},
            id="a-history",
        ),
        pytest.param(BeginDeletion(), DONE, {"begun_deletion": True, "deleted_at": None}, id="a-deletion"),
        pytest.param(
            MarkFailedCreation("no room"),
            DONE,
            {"failed_at": NOW + 1, "failed_intent": facts().intent},
            id="a-failure",
        ),
        pytest.param(AddFinalizer(), DONE, {"wrote_at": None}, id="a-finalizer-is-no-write-to-the-cloud"),
        pytest.param(Settled(), DONE, {"wrote_at": None}, id="nothing-to-do"),
    ],
)
def test_what_an_accepted_step_leaves(step: Step, done: Done, left: dict[str, object]) -> None:
    """A write counts from its end, a look from its beginning: each way it is the safe one."""
    memory = accepted(remembering(), step, done)
    assert {name: getattr(memory, name) for name in left} == left


def test_success_ends_the_wait_of_its_kind_and_of_no_other() -> None:
    case = remembering(refusals={"Start": REFUSED, "Resize": REFUSED})
    assert set(accepted(case, START, DONE).refusals) == {"Resize"}


def test_a_new_attempt_begins_with_nothing_remembered_of_the_last() -> None:
    """Else a look that found the old server gone would count for the new one."""
    case = remembering(
        looked_at=5.0, burnt_at=6.0, posted_at=7.0, refusals={"Create": REFUSED}, deleted_at=8.0
    )
    memory = accepted(case, BeginCreation(replace(BEGUN, attempt=2), PLACE), DONE)
    assert memory == Memory(born_at=1.0, begun_attempt=2, begun_at=DONE.ended_at)


def test_a_corrected_name_of_the_same_attempt_forgets_no_post_that_is_under_way() -> None:
    known = resource(records=replace(resource().records, creation=BEGUN))
    case = replace(remembering(posted_at=7.0, burnt_at=6.0), resource=known)
    memory = accepted(case, BeginCreation(replace(BEGUN, name="other"), PLACE), DONE)
    assert (memory.posted_at, memory.burnt_at) == (7.0, 6.0)


def test_a_step_that_is_accepted_again_and_again_is_counted_for_one_intent() -> None:
    case = remembering()
    for count in (1, 2, 3):
        memory = accepted(case, START, replace(DONE, ended_at=NOW + count))
        assert memory.acceptances[START].count == count
        case = replace(case, memory=memory)
    edited = replace(case, resource=resource(generation=2))
    assert accepted(edited, START, DONE).acceptances[START].count == 1
    much_later = replace(DONE, ended_at=NOW + 4 + ACCEPTANCE_LIFE_SECONDS)
    assert accepted(case, START, much_later).acceptances[START].count == 1


def test_only_the_newest_attempts_are_kept() -> None:
    """A process runs for months, and a spec may be edited a thousand times."""
    case = remembering()
    steps = [Update(ID, (("description", str(number)),)) for number in range(ACCEPTANCES_KEPT + 5)]
    for number, step in enumerate(steps):
        case = replace(case, memory=accepted(case, step, replace(DONE, ended_at=NOW + number)))
    assert list(case.memory.acceptances) == steps[5:]
