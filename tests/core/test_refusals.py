"""What a refused step leaves in the memory, and how long it waits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    Find,
    Hold,
    Look,
    ReadHistory,
)
from onecloud_operator.core.cloud_writes import Create, Delete, Resize, Update
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.plan.retry import kind_of
from onecloud_operator.core.refusals import paced, refused, unpaced, wait_after
from onecloud_operator.core.retry_state import WAITING
from onecloud_operator.core.values import Problem
from onecloud_operator.core.waits import Waits
from tests.core.fixtures import BEGUN, ID, NOW, facts, resource
from tests.core.memories import NO, REFUSED, START, remembering

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step


@pytest.mark.parametrize(
    ("step", "problem", "left"),
    [
        pytest.param(
            Create(BEGUN), NO, {"posted_at": None, "wrote_at": None}, id="a-clear-no-to-a-POST-made-nothing"
        ),
        pytest.param(
            Create(BEGUN),
            replace(NO, ambiguous=True),
            {"posted_at": NOW, "wrote_at": NOW, "lost_at": NOW},
            id="a-POST-that-nobody-answered-may-have-made-it",
        ),
        pytest.param(
            Create(BEGUN), replace(NO, duplicate_id=True), {"posted_at": NOW}, id="a-used-id-may-be-ours"
        ),
        pytest.param(
            Create(BEGUN), replace(NO, duplicate_name=True), {"posted_at": NOW}, id="a-used-name-may-be-ours"
        ),
        pytest.param(
            Delete(ID, for_good=True),
            NO,
            {"deleted_at": None, "wrote_at": None},
            id="a-clear-no-to-a-DELETE-removes-nothing",
        ),
        pytest.param(
            Delete(ID, for_good=True),
            replace(NO, ambiguous=True),
            {"deleted_at": NOW, "wrote_at": NOW},
            id="a-DELETE-that-nobody-answered-may-have-begun",
        ),
        pytest.param(START, NO, {"wrote_at": NOW}, id="so-may-any-write"),
        pytest.param(Look(ID), NO, {"looked_at": None, "wrote_at": None}, id="a-look-changes-nothing"),
        pytest.param(Find(name="web"), NO, {"found_at": None, "wrote_at": None}, id="nor-does-a-search"),
        pytest.param(
            ReadHistory(ID), NO, {"history": None, "history_asked_at": NOW}, id="a-history-is-not-known"
        ),
    ],
)
def test_what_a_refused_step_leaves(step: Step, problem: Problem, left: dict[str, object]) -> None:
    memory = refused(remembering(), step, problem, ended_at=NOW, wait_seconds=30.0)
    assert {name: getattr(memory, name) for name in left} == left
    assert memory.refusals[kind_of(step)].until == NOW + 30.0


def test_an_id_is_used_up_from_the_first_of_two_refusals_that_say_so() -> None:
    """Each came when nothing was found under the id, so the time between the two is what proves it."""
    used = replace(NO, duplicate_id=True)
    first = refused(remembering(posted_at=5.0), Create(BEGUN), used, ended_at=NOW, wait_seconds=60.0)
    assert first.burnt_at is None
    again = replace(facts(), memory=first)
    second = refused(again, Create(BEGUN), used, ended_at=NOW + 60, wait_seconds=60.0)
    third = refused(
        replace(facts(), memory=second), Create(BEGUN), used, ended_at=NOW + 120, wait_seconds=60.0
    )
    assert (second.burnt_at, third.burnt_at) == (NOW, NOW)


def test_the_same_refusal_is_counted_from_its_first_time() -> None:
    first = refused(remembering(), START, NO, ended_at=NOW, wait_seconds=1.0)
    second = refused(replace(facts(), memory=first), START, NO, ended_at=NOW + 5, wait_seconds=2.0)
    refusal = second.refusals["Start"]
    assert (refusal.count, refusal.since, refusal.until) == (2, NOW, NOW + 7)


@pytest.mark.parametrize(
    ("problem", "generation"),
    [
        pytest.param(replace(NO, reason=Reason.QUOTA_EXCEEDED), 1, id="another-reason"),
        pytest.param(NO, 2, id="another-intent"),
    ],
)
def test_another_refusal_is_counted_from_the_beginning(problem: Problem, generation: int) -> None:
    first = refused(remembering(), START, NO, ended_at=NOW, wait_seconds=1.0)
    case = replace(facts(), memory=first, resource=resource(generation=generation))
    refusal = refused(case, START, problem, ended_at=NOW + 5, wait_seconds=2.0).refusals["Start"]
    assert (refusal.count, refusal.since) == (1, NOW + 5)


# -- how long to wait ------------------------------------------------------------------------------------
def waits(problem: Problem, *, first: float, most: float, times: int, step: Step = START) -> list[float]:
    """Return the waits after so many refusals in a row."""
    case, seconds = remembering(), []
    for _ in range(times):
        wait = wait_after(problem, case, step, Waits(first, most))
        seconds.append(wait)
        memory = refused(case, step, problem, ended_at=NOW, wait_seconds=wait)
        case = replace(case, memory=memory)
    return seconds


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        pytest.param(NO, [10.0, 20.0, 40.0, 80.0, 100.0, 100.0], id="doubled-up-to-the-longest"),
        pytest.param(
            replace(NO, ambiguous=True),
            [2.0, 4.0, 8.0, 16.0, 32.0, 64.0],
            id="soon-if-it-may-have-happened-all-the-same",
        ),
        pytest.param(
            replace(NO, again=True),
            [2.0, 4.0, 8.0, 16.0, 32.0, 60.0],
            id="soon-if-the-server-was-only-busy",
        ),
        pytest.param(replace(NO, duplicate_id=True), [60.0] * 6, id="the-time-between-two-proofs"),
    ],
)
def test_how_long_to_wait_after_refusals(problem: Problem, expected: list[float]) -> None:
    assert waits(problem, first=10.0, most=100.0, times=6) == expected


def test_a_new_intent_waits_as_after_the_first_refusal() -> None:
    case = replace(facts(), memory=refused(remembering(), START, NO, ended_at=NOW, wait_seconds=100.0))
    edited = replace(case, resource=resource(generation=2))
    assert wait_after(NO, case, START, Waits(10.0, 100.0)) == 20.0
    assert wait_after(NO, edited, START, Waits(10.0, 100.0)) == 10.0


@given(st.floats(0.01, 1e4), st.floats(1.0, 1e4), st.integers(1, 40))
def test_no_wait_is_longer_than_the_longest_and_none_is_shorter_than_the_one_before(
    first: float, factor: float, times: int
) -> None:
    seconds = waits(NO, first=first, most=first * factor, times=times)
    assert seconds == sorted(seconds)
    assert max(seconds) <= first * factor


def test_a_hold_is_paced_and_an_early_pass_leaves_its_time_as_it_is() -> None:
    case, hold = remembering(), Hold(Reason.SERVER_NOT_FOUND, "none")
    memory, first = paced(case, hold, Waits(10.0, 15.0))
    assert first.requeue_after == 10.0
    early = replace(case, memory=memory, now=NOW + 4)
    memory, same = paced(early, hold, Waits(10.0, 15.0))
    assert (same.requeue_after, memory) == (6.0, early.memory)
    late = replace(early, now=NOW + 11)
    memory, second = paced(late, hold, Waits(10.0, 15.0))
    assert second.requeue_after == 15.0
    assert memory.refusals[WAITING].count == 2


def test_a_hold_for_another_reason_or_intent_is_paced_from_the_beginning() -> None:
    case = remembering()
    memory, _ = paced(case, Hold(Reason.SERVER_NOT_FOUND, "none"), Waits(10.0, 60.0))
    later = replace(case, memory=memory)
    for changed, reason in (
        (later, Reason.AMBIGUOUS_NAME),
        (replace(later, resource=resource(generation=2)), Reason.SERVER_NOT_FOUND),
    ):
        assert paced(changed, Hold(reason, "x"), Waits(10.0, 60.0))[1].requeue_after == 10.0


def test_what_was_waited_for_is_forgotten_when_it_is_over() -> None:
    memory, _ = paced(
        remembering(refusals={"Start": REFUSED}), Hold(Reason.SERVER_NOT_FOUND, "x"), Waits(1.0, 1.0)
    )
    assert set(unpaced(memory).refusals) == {"Start"}
    assert unpaced(Memory()) == Memory()


def test_kinds_of_steps_do_not_hold_each_other_back() -> None:
    """A refused description must not hold back a name; a refused resize holds back every resize."""
    assert kind_of(Update(ID, (("name", "x"),))) != kind_of(Update(ID, (("description", "x"),)))
    assert kind_of(Resize(ID, cpu=2)) == kind_of(Resize(ID, cpu=4))
