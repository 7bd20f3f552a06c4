"""Whatever the facts, the status is one that the API server and kstatus understand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.api.reasons import Reason
from onecloud_operator.api.status import Status
from onecloud_operator.core.actions import (
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    MarkFailedCreation,
    Record,
)
from onecloud_operator.core.cloud_writes import Create, Resize, Update
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    ID,
    PLACE,
)
from tests.core.statuses import PROBLEMS, after, cases, condition, status_after

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts

STEPS = st.sampled_from(
    [
        None,  # the one that follows from the facts
        None,
        None,
        BeginCreation(replace(BEGUN, attempt=2), PLACE),
        BeginAdoption(ID, PLACE),
        BeginDeletion(),
        MarkFailedCreation("z" * 5000, Reason.NO_CAPACITY),
        Create(BEGUN),
        Update(ID, (("description", "x"),)),
        Resize(ID, cpu=4),
    ]
)


@given(cases(), STEPS, PROBLEMS)
@settings(deadline=None)
def test_whatever_happens_the_status_is_one_that_the_api_server_takes(
    case: Facts, step: Step | None, problem: Problem | None
) -> None:
    """A status that it refused would never be written, and the object would stand still for ever."""
    status = status_after(case, step or plan(case), problem)
    Status.model_validate({key: value for key, value in status.items() if value is not None})


@given(cases(), STEPS, PROBLEMS)
@settings(deadline=None)
def test_reported_again_over_its_own_status_there_is_nothing_to_write(
    case: Facts, step: Step | None, problem: Problem | None
) -> None:
    step = step or plan(case)
    problem = None if isinstance(step, Record) else problem  # Kubernetes takes a record, or nothing is shown
    first = status_after(case, step, problem)
    assert report(after(case, first), step, problem).status is None


@given(cases(), STEPS, PROBLEMS)
@settings(deadline=None)
def test_ready_is_true_only_for_a_generation_that_was_realised(
    case: Facts, step: Step | None, problem: Problem | None
) -> None:
    """Helm and kubectl wait believe it: a resize that was refused, or not yet made, must not look done."""
    old = condition(dict(case.resource.status), "Ready") if case.resource.status else {}
    status = status_after(case, step or plan(case), problem)
    ready = condition(status, "Ready")
    said_of_it = ready["observedGeneration"] == case.resource.generation
    new_to_it = said_of_it and ready["observedGeneration"] != old.get("observedGeneration")
    turned = said_of_it and old.get("status") != "True"
    if ready["status"] == "True" and ready["reason"] != "Observed" and (new_to_it or turned):
        assert condition(status, "Synced")["status"] == "True"


@given(cases(), STEPS, PROBLEMS)
@settings(deadline=None)
def test_what_kstatus_reads_is_one_thing(case: Facts, step: Step | None, problem: Problem | None) -> None:
    status = status_after(case, step or plan(case), problem)
    reconciling, stalled = condition(status, "Reconciling"), condition(status, "Stalled")
    assert not (reconciling and stalled)
    assert not (condition(status, "Synced")["status"] == "True" and stalled)


@given(cases(), PROBLEMS)
@settings(deadline=None)
def test_every_pass_says_which_generation_it_looked_at(case: Facts, problem: Problem | None) -> None:
    shown = report(case, plan(case), problem).status
    if shown is not None:
        assert shown["observedGeneration"] == case.resource.generation
