"""Which readings decide anything, and when nothing is decided at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginCreation, Hold, Look, Settled
from onecloud_operator.core.cloud_writes import (
    Start,
)
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import attempt_id
from onecloud_operator.core.values import Place, Problem
from tests.core.fixtures import (
    ID,
    NOW,
    PLACE,
    UID,
    details,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)
from tests.core.wanted import wanting


def test_a_404_without_a_record_of_the_place_makes_nothing_again() -> None:
    lost = replace(wanting(onExternalDeletion="Recreate"), records=records(place=None))
    held = plan(facts(resource=lost, reading=Reading(asked_at=NOW, gone=True)))
    assert isinstance(held, Hold)
    assert held.reason == "CredentialsMismatch"


def test_ready_is_believed_only_when_two_reads_agree() -> None:
    once = Reading(server("ready"), first_seen_at=NOW - 1, asked_at=NOW - 1)
    step = plan(facts(reading=once))
    assert isinstance(step, Hold)
    assert plan(facts(reading=replace(once, asked_at=NOW))) == Start(ID)


def test_running_is_believed_at_once() -> None:
    once = Reading(server(), first_seen_at=NOW - 1, asked_at=NOW - 1)
    assert plan(facts(reading=once)) == Settled()


def test_nothing_is_compared_with_details_of_an_older_row() -> None:
    stale = server(details=details(version=6), plain={"description": "old"})
    step = plan(facts(stale, resource=wanting({"description": "new"})))
    assert isinstance(step, Hold)


def test_a_reading_older_than_our_own_write_decides_nothing() -> None:
    step = plan(facts(resource=wanting({"description": "new"}), memory=Memory(wrote_at=NOW)))
    assert isinstance(step, Hold)
    assert step.reason == "Updating"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"resource": resource(annotations={"onecloud.io/paused": "true"})}, "Paused", id="paused"
        ),
        pytest.param({"resource": resource(spec=None, flaw="wrong")}, "InvalidSpec", id="unreadable-spec"),
        pytest.param(
            {"trouble": Problem(Reason.FORBIDDEN, "no")}, "Forbidden", id="the-cloud-cannot-be-asked"
        ),
        pytest.param(
            {"place": Place(PLACE.auth_url, PLACE.region, "another")},
            "CredentialsMismatch",
            id="another-project",
        ),
        pytest.param({"reading": reading(server("unknown"))}, "ServerUnknown", id="unknown"),
        pytest.param({"reading": reading(server(recycled=True))}, "InRecycleBin", id="recycled-by-others"),
        pytest.param({"reading": reading(server("starting"))}, "Updating", id="moving"),
        pytest.param(
            {"reading": Reading(asked_at=NOW, gone=True)}, "ExternallyDeleted", id="gone-and-reported"
        ),
        pytest.param({"reading": Reading()}, "NotYetObserved", id="not-read-yet"),
    ],
)
def test_nothing_is_sent(changes: dict[str, Any], reason: str) -> None:
    """Much is asked for: a restart, a resize and a new server if this one is gone from elsewhere."""
    step = plan(replace(facts(), **changes))
    assert isinstance(step, Hold)
    assert step.reason == reason


def test_absence_from_a_list_is_a_question_and_never_an_answer() -> None:
    assert plan(facts(reading=Reading(asked_at=NOW, missing=True))) == Look(ID)


def test_a_404_from_another_project_never_counts_as_gone() -> None:
    elsewhere = Place(PLACE.auth_url, PLACE.region, "another")
    step = plan(
        facts(
            resource=resource(spec=spec(onExternalDeletion="Recreate")),
            place=elsewhere,
            reading=Reading(asked_at=NOW, gone=True),
        ),
    )
    assert isinstance(step, Hold)
    assert step.reason == "CredentialsMismatch"


def test_a_server_deleted_by_others_is_made_again_only_when_asked() -> None:
    gone = Reading(asked_at=NOW, gone=True)
    again = resource(spec=spec(onExternalDeletion="Recreate"))
    step = plan(facts(resource=again, reading=gone))
    assert isinstance(step, BeginCreation)
    assert step.creation.attempt == 2
    assert step.creation.id == attempt_id(UID, 2)


def test_nothing_is_made_again_while_a_share_of_the_fleet_vanished() -> None:
    again = resource(spec=spec(onExternalDeletion="Recreate"))
    step = plan(facts(resource=again, reading=Reading(asked_at=NOW, gone=True), too_many_gone=True))
    assert isinstance(step, Hold)
    assert step.reason == "TooManyGone"
