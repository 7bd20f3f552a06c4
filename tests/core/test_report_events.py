"""Which Events a pass emits, and what the status keeps for the next one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import (
    BeginAdoption,
    BeginCreation,
    BeginDeletion,
    Hold,
    Settled,
)
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.report.events import events_between, untold
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import Problem
from tests.core.fixtures import (
    BEGUN,
    ID,
    PLACE,
    WALL,
    facts,
    nothing_yet,
    resource,
    server,
    spec,
)
from tests.core.statuses import DOWN, PROBLEMS, SETTLED, after, cases, status_after

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts

DOWN_STATUS = status_after(
    replace(after(facts(), SETTLED), trouble=DOWN, place=None), Hold(DOWN.reason, DOWN.message)
)


BEGUN_STATUS = status_after(nothing_yet(), BeginCreation(BEGUN, PLACE))


LATER = WALL.replace(hour=13)
ADOPTING = status_after(replace(facts(), resource=resource(records=Records())), BeginAdoption(ID, PLACE))
ADOPTED = status_after(after(facts(), ADOPTING), Settled())
ADOPTED_AWAY = status_after(
    replace(after(facts(), ADOPTED), trouble=DOWN, place=None, wall=LATER), Hold(DOWN.reason, DOWN.message)
)


def turns(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [f"{turn.kind} {turn.reason}" for turn in events_between(old, new)]


@pytest.mark.parametrize(
    ("old", "new", "told_as"),
    [
        pytest.param({}, BEGUN_STATUS, ["Normal Creating"], id="an-attempt-begins"),
        pytest.param(BEGUN_STATUS, SETTLED, ["Normal Created"], id="it-is-made"),
        pytest.param(SETTLED, SETTLED, [], id="nothing-happens"),
        pytest.param(SETTLED, DOWN_STATUS, ["Warning EndpointUnreachable"], id="the-cloud-goes-away"),
        pytest.param(DOWN_STATUS, DOWN_STATUS, [], id="it-stays-away"),
        pytest.param(DOWN_STATUS, SETTLED, [], id="it-comes-back-and-the-server-was-well-all-the-time"),
        pytest.param(
            SETTLED,
            status_after(after(facts(), SETTLED, deleting=True), BeginDeletion()),
            ["Normal Removing"],
            id="it-is-being-deleted",
        ),
        pytest.param(
            SETTLED,
            status_after(after(facts(), SETTLED, deleting=True), Hold(Reason.DELETION_PROTECTED, "on")),
            ["Warning DeletionProtected"],
            id="its-deletion-waits",
        ),
        pytest.param(
            SETTLED,
            status_after(
                after(facts(), SETTLED, generation=2, spec=spec({"cpu": 4})), Hold(Reason.RESTART_NEEDED, "x")
            ),
            ["Warning RestartNeeded"],
            id="a-change-waits",
        ),
        pytest.param(
            SETTLED,
            status_after(after(facts(), SETTLED), Hold(Reason.FROZEN, "Asked for.")),
            ["Normal Frozen"],
            id="it-waits-as-the-user-wants-it",
        ),
        pytest.param(
            SETTLED,
            status_after(after(facts(), SETTLED), Hold(Reason.PLAN_PENDING, "Approve it.")),
            ["Warning PlanPending"],
            id="a-plan-waits-for-a-person",
        ),
        pytest.param(
            ADOPTING,
            ADOPTED,
            ["Normal Adopted", "Normal Available"],
            id="it-is-adopted",
        ),
        pytest.param(
            ADOPTING,
            status_after(after(facts(), ADOPTING), Hold(Reason.OWNED_BY_ANOTHER, "It is another's.")),
            ["Warning OwnedByAnother"],
            id="another-object-has-adopted-it",
        ),
        pytest.param(
            ADOPTED,
            status_after(
                replace(after(facts(), ADOPTED), trouble=DOWN, place=None), Hold(DOWN.reason, DOWN.message)
            ),
            ["Warning EndpointUnreachable"],
            id="an-adopted-one-in-an-outage",
        ),
        pytest.param(
            ADOPTED_AWAY,
            status_after(replace(after(facts(), ADOPTED_AWAY), wall=LATER), Settled()),
            [],
            id="it-was-adopted-long-ago",
        ),
    ],
)
def test_events_tell_turns_and_not_states(
    old: dict[str, Any], new: dict[str, Any], told_as: list[str]
) -> None:
    assert turns(old, new) == told_as


def test_an_adoption_is_not_told_when_it_is_only_recorded() -> None:
    """Two objects may record that they adopt one server."""
    assert turns({}, ADOPTING) == []


def test_an_adoption_is_told_once_it_holds_whatever_came_in_between() -> None:
    lost = replace(after(facts(), ADOPTING), trouble=DOWN, place=None, wall=LATER)
    away = status_after(lost, Hold(DOWN.reason, DOWN.message))
    unknown = status_after(
        replace(after(facts(server("unknown")), away), wall=LATER), Hold(Reason.SERVER_UNKNOWN, "Unknown.")
    )
    back = status_after(replace(after(facts(), unknown), wall=LATER), Settled())
    assert "Normal Adopted" in turns(unknown, back)
    assert turns(back, back) == []


def test_an_adoption_of_just_now_is_told_again_to_be_there_once() -> None:
    """Whether the process before has posted it, nobody knows; the API server does, by its name."""
    (first,) = (event for event in events_between(ADOPTING, ADOPTED) if event.reason == "Adopted")
    assert list(untold(ADOPTED, WALL)) == [first]
    assert first.once is not None
    assert list(untold(ADOPTED, LATER)) == []
    assert list(untold(ADOPTING, WALL)) == list(untold(SETTLED, WALL)) == []


def test_events_have_the_name_of_a_server_beside_its_id() -> None:
    gone = status_after(after(facts(), SETTLED, deleting=True), BeginDeletion())
    texts = [event.message for event in events_between(SETTLED, gone)]
    assert texts == [f"Removing server shop.web-1 ({ID})."]


@given(cases(), PROBLEMS)
@settings(deadline=None)
def test_a_status_that_stays_is_told_by_no_event(case: Facts, problem: Problem | None) -> None:
    status = status_after(case, plan(case), problem)
    assert turns(status, status) == []


def test_a_tag_of_a_creation_is_managed_before_the_server_was_read() -> None:
    """It may leave the spec before anything is read, and must leave the server then."""
    wanted = spec({"tags": {"team": "shop"}})
    making = replace(resource(), spec=wanted, records=Records(id=ID, place=PLACE, creation=BEGUN))
    found = replace(facts(), resource=making, reading=Reading())
    shown = report(found, plan(found)).status
    assert shown is not None
    assert shown["managedTags"] == ["team"]


def test_what_only_a_get_shows_outlives_a_restart() -> None:
    """Then a list brings the details, and without this each object would be written twice for nothing."""
    shown = {
        "id": ID,
        "name": "shop.web-1",
        "status": "running",
        "osName": "Linux",
        "security": {"rules": "any"},
    }
    asked = facts(server(mirror=shown))
    status = report(asked, plan(asked)).status
    assert status is not None
    listed = {key: value for key, value in shown.items() if key not in {"osName", "security"}}
    again = facts(
        server(mirror=listed),
        resource=replace(resource(), status=status, records=records_of(status)),
    )
    assert report(again, plan(again)).status is None
