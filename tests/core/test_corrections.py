"""Which steps are told as the correction of a drift, and how."""

from __future__ import annotations

from dataclasses import replace

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.cloud_writes import SetTags, Start, Update
from onecloud_operator.core.conclude import conclude
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.outcome import Done, Failed
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.values import Problem
from tests.core.fixtures import ID, NOW, details, facts, reading, server, spec
from tests.core.statuses import SETTLED, after, status_after

DONE = Done(NOW, NOW + 1)
WANTED = spec({"tags": {"team": "shop"}, "description": "Orders"})
AGREED = server(plain={"description": "Orders"}, details=details(tags={"team": "shop"}))
DRIFTED = server(plain={"description": "changed"}, details=details(tags={"team": "thieves"}))
BEFORE = after(facts(AGREED), SETTLED, spec=WANTED)
SETTLED_SO = status_after(BEFORE, plan(BEFORE))


def test_a_drift_that_is_corrected_is_told_with_each_field_from_what_to_what() -> None:
    case = replace(after(facts(DRIFTED), SETTLED_SO, spec=WANTED))
    step = plan(case)
    assert isinstance(step, Update | SetTags)
    event = conclude(case, step, DONE).event
    assert event is not None
    assert (event.kind, event.reason) == ("Normal", "DriftCorrected")
    assert event.message == (
        "The server differs from the spec; correcting description from changed to Orders, "
        "tags.team from thieves to shop."
    )


def test_a_server_that_somebody_stopped_is_told_to_be_started() -> None:
    off = replace(AGREED, status="ready", phase=server("ready").phase)
    case = replace(after(facts(), SETTLED_SO, spec=WANTED), reading=reading(off))
    step = plan(case)
    assert isinstance(step, Start)
    event = conclude(case, step, DONE).event
    assert event is not None
    assert "powerState from Stopped to Running" in event.message


def test_one_is_told_though_the_cloud_was_seen_at_work_on_the_way_to_it() -> None:
    """A server that somebody stops shows ``stopping`` first."""
    settled = conclude(BEFORE, plan(BEFORE), DONE)
    moving = replace(AGREED, status="stopping", phase=server("stopping").phase)
    case = replace(
        after(facts(moving), SETTLED_SO, spec=WANTED), reading=reading(moving), memory=settled.memory
    )
    seen = conclude(case, plan(case), DONE)
    assert seen.status is not None
    synced = standing(seen.status, "Synced")
    assert synced is not None
    assert (synced["status"], synced["reason"]) == ("False", "Updating")
    off = replace(AGREED, status="ready", phase=server("ready").phase)
    case = replace(after(case, dict(seen.status)), reading=reading(off), memory=seen.memory)
    step = plan(case)
    assert isinstance(step, Start)
    first = conclude(case, step, DONE)
    assert first.event is not None
    assert "powerState from Stopped to Running" in first.event.message
    assert first.log is not None
    assert (first.log.level, first.log.message) == ("INFO", first.event.message)
    assert first.log.fields["reason"] == "DriftCorrected"
    assert conclude(replace(case, memory=first.memory), step, DONE).event is None, "once"


@pytest.mark.parametrize("kind", ["an-edit", "a-second-step", "a-refusal"])
def test_what_corrects_no_drift_is_not_told_as_such(kind: str) -> None:
    case = after(facts(DRIFTED), SETTLED_SO, spec=WANTED)
    outcome: Done | Failed = DONE
    step = plan(case)
    if kind == "an-edit":
        case = replace(case, resource=replace(case.resource, generation=2))
    elif kind == "a-second-step":
        case = after(case, status_after(case, step))
    else:
        outcome = Failed(Problem(Reason.FORBIDDEN, "no right"), NOW + 1)
    assert conclude(case, step, outcome).event is None


def test_long_values_and_many_fields_are_cut() -> None:
    tags = {f"k{index}": "x" * 60 for index in range(14)}
    wanted = spec({"tags": tags})
    agreed = after(facts(server(details=details(tags=tags))), SETTLED, spec=wanted)
    case = after(facts(server(details=details(tags={}))), status_after(agreed, plan(agreed)), spec=wanted)
    step = plan(case)
    event = conclude(case, step, DONE).event
    assert event is not None
    assert "and 6 more fields" in event.message
    assert len(event.message) < 1024
    assert ID not in event.message
