"""A large part of a fleet does not go because somebody deleted it at once: it is asked for first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.annotations import ALLOW_MASS_DELETION, FORCE_DETACH
from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import BeginDeletion, Hold, RemoveFinalizer
from onecloud_operator.core.cloud_writes import CloudWrite, Delete, Disown
from onecloud_operator.core.conditions import standing
from onecloud_operator.core.facts import Memory
from onecloud_operator.core.mass_deletion import Deletions
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.plan.mass_deletion import noted
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.provider import Provider
from onecloud_operator.core.report.report import report
from onecloud_operator.core.surroundings import Surroundings
from onecloud_operator.core.values import Problem, text_of_time
from tests.core.fixtures import ADOPTED, GONE, ID, NOW, WALL, facts, records, resource, server, spec

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Facts

ASKED = text_of_time(WALL - timedelta(minutes=3))
BEFORE, SINCE, AHEAD = (text_of_time(WALL + timedelta(minutes=minutes)) for minutes in (-4, -1, 30))
TOO_MANY = Deletions(too_many=True)


def leaving(agreed: str | None = None, **changes: Any) -> Facts:
    """Return the facts of an object that is one of too many that are deleted."""
    of_facts = {name: changes.pop(name) for name in ("reading", "deletions", "memory") if name in changes}
    changed = resource(**{"deleting": True, "deleted_at": ASKED, **changes})
    base = facts(server(locked=False), resource=changed, deletions=TOO_MANY)
    return replace(base, surroundings=Surroundings(agreed_deletion=agreed), **of_facts)


def held(case: Facts) -> str:
    step = plan(case)
    assert isinstance(step, Hold), step
    assert step.reason == Reason.TOO_MANY_DELETIONS
    return step.message


def test_one_of_few_goes() -> None:
    assert plan(leaving(deletions=Deletions())) == BeginDeletion()


def test_one_of_too_many_is_held_and_told_how_to_go_on() -> None:
    message = held(leaving())
    assert f"kubectl annotate namespace shop --overwrite {ALLOW_MASS_DELETION}=" in message
    assert FORCE_DETACH in message
    assert "Retain" in message


def test_the_hold_is_the_reason_why_it_is_still_there() -> None:
    case = leaving()
    status = report(case, plan(case)).status
    assert status is not None
    deleting, stalled = (standing(status, kind) for kind in ("Deleting", "Stalled"))
    assert deleting is not None
    assert stalled is not None
    assert deleting["reason"] == stalled["reason"] == "TooManyDeletions"


def test_what_was_held_stays_held_when_few_are_left_and_after_a_restart() -> None:
    before = records(deleting_reason=Reason.TOO_MANY_DELETIONS)
    held(leaving(records=before, deletions=Deletions()))
    held(leaving(records=before, deletions=Deletions(counted=False)))


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"surroundings": Surroundings(frozen_by="the annotation x")},
        {"trouble": Problem(Reason.ENDPOINT_UNREACHABLE, "no answer")},
    ],
    ids=["frozen", "cloud-away"],
)
def test_it_stays_held_though_the_status_says_something_else_meanwhile(meanwhile: dict[str, Any]) -> None:
    """Of those that were held some are kept then, so that the rest are few."""
    before = noted(leaving())
    between = replace(before, **meanwhile)
    step = plan(between)
    assert isinstance(step, Hold)
    assert step.reason != Reason.TOO_MANY_DELETIONS

    after = noted(leaving(memory=noted(between).memory, deletions=Deletions()))
    held(after)
    assert plan(noted(leaving(SINCE, memory=after.memory, deletions=Deletions()))) == BeginDeletion()


def test_one_that_is_kept_and_asked_away_later_is_not_held_for_what_was() -> None:
    held_before = noted(leaving()).memory
    kept = noted(leaving(memory=held_before, deletions=Deletions(), spec=spec(deletionProtection=True)))
    assert plan(noted(leaving(memory=kept.memory, deletions=Deletions()))) == BeginDeletion()


def test_a_deletion_waits_a_moment_for_others_and_says_what_it_will_say_then() -> None:
    """So a status is not written for the wait."""
    step = plan(leaving(deletions=Deletions(settles_in=2.0)))
    assert step == Hold(Reason.REMOVING, "The server is being removed.", 2.0)


def test_until_all_are_counted_nothing_is_removed() -> None:
    step = plan(leaving(deletions=Deletions(counted=False)))
    assert isinstance(step, Hold)
    assert step.reason == Reason.WAITING_FOR_CLOUD


@pytest.mark.parametrize(
    ("agreed", "why"),
    [
        pytest.param(BEFORE, "not after this deletion", id="of-an-earlier-time"),
        pytest.param(ASKED, "not after this deletion", id="of-the-same-second"),
        pytest.param(AHEAD, "still to come", id="of-a-time-to-come"),
        pytest.param("true", "no time", id="that-is-no-time"),
        pytest.param("", "", id="that-is-empty"),
    ],
)
def test_an_agreement_counts_for_no_other_occasion(agreed: str, why: str) -> None:
    assert why in held(leaving(agreed))


def test_an_agreement_of_a_time_after_the_deletion_lets_it_go() -> None:
    assert plan(leaving(SINCE)) == BeginDeletion()
    assert plan(leaving(SINCE, records=records(deleting_reason=Reason.TOO_MANY_DELETIONS))) == BeginDeletion()


def test_one_on_the_provider_lets_it_go_too() -> None:
    provider = Provider("shared", "uid", 1, ("onecloud-system", "cloud"))
    assert "the OneCloudProvider shared" in held(replace(leaving(), provider=provider))
    old, new = (
        replace(leaving(), provider=replace(provider, agreed_deletion=text)) for text in (BEFORE, SINCE)
    )
    assert "not after this deletion" in held(old)
    assert plan(new) == BeginDeletion()


def test_the_clock_of_who_agrees_may_be_ahead_a_little() -> None:
    assert plan(leaving(text_of_time(WALL + timedelta(seconds=50)))) == BeginDeletion()


def test_a_setting_lets_go_what_was_held() -> None:
    before = records(deleting_reason=Reason.TOO_MANY_DELETIONS)
    assert plan(leaving(records=before, deletions=Deletions(limited=False))) == BeginDeletion()


def test_a_deletion_that_has_begun_is_brought_to_its_end() -> None:
    asked = records(deletion_requested_at=text_of_time(WALL - timedelta(minutes=2)))
    assert plan(leaving(records=asked)) == Delete(ID, for_good=False)


@pytest.mark.parametrize(
    ("kept", "step"),
    [
        pytest.param({"spec": spec(deletionPolicy="Retain")}, Disown(ID), id="retained"),
        pytest.param({"records": ADOPTED}, Disown(ID), id="adopted"),
        pytest.param(
            {"spec": spec(managementPolicy="Observe", adoption={"id": ID})},
            RemoveFinalizer("Observed"),
            id="observed",
        ),
        pytest.param(
            {"annotations": {FORCE_DETACH: "true"}}, RemoveFinalizer("Detached"), id="let-go-by-force"
        ),
        pytest.param({"reading": GONE}, RemoveFinalizer("Deleted"), id="whose-server-is-gone"),
    ],
)
def test_an_object_whose_server_stays_is_let_go(kept: dict[str, Any], step: object) -> None:
    assert plan(leaving(**kept)) == step


@pytest.mark.parametrize(
    "spec_of",
    [
        pytest.param({}, id="recycled"),
        pytest.param({"deletionPolicy": "Delete"}, id="deleted"),
    ],
)
@pytest.mark.parametrize("locked", [False, True])
def test_nothing_that_leads_to_a_removal_is_done_before(spec_of: dict[str, Any], locked: bool) -> None:
    """So the server is whole if the answer is to keep it: locked as it was, with its disks and its EIP."""
    found = server(locked=locked)
    case = leaving(spec=spec(**spec_of), reading=Reading(found, NOW - 5, NOW - 1))
    held(replace(case, memory=Memory(born_at=0.0)))
    assert not isinstance(plan(case), CloudWrite)
