"""What is known of the objects when watch, lists and the answers to our own writes come in any order."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.objects import ECHO_SECONDS, Key, Objects
from tests.engine.simulated import SimulatedClock

KEY = Key("shop", "web", "uid-1")


def body(version: int, *, uid: str = "uid-1", **more: Any) -> dict[str, Any]:
    metadata = {"namespace": "shop", "name": "web", "uid": uid, "resourceVersion": str(version)}
    return {"metadata": metadata, **more}


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def objects(clock: SimulatedClock) -> Objects:
    return Objects(clock.monotonic)


def version(objects: Objects) -> str:
    found = objects.get(KEY)
    assert found is not None
    return found.version


def test_a_late_echo_of_an_older_version_is_no_news(objects: Objects, clock: SimulatedClock) -> None:
    objects.heard(body(1), listed=True)
    objects.answered(body(3), clock.monotonic())
    assert objects.heard(body(2), listed=False) is None
    assert objects.heard(body(3), listed=False) is None
    assert version(objects) == "3"


async def test_an_edit_that_the_watch_tells_before_our_own_write_is_answered_is_kept(
    objects: Objects, clock: SimulatedClock
) -> None:
    """It is told only once: the answer to our write, which is older, must not take its place."""
    objects.heard(body(1), listed=True)
    asked_at = clock.monotonic()
    await clock.advance(0.01)
    assert objects.heard(body(3), listed=False) == KEY
    objects.answered(body(2), asked_at)
    assert version(objects) == "3"


async def test_versions_that_went_back_are_believed_when_they_come_out_of_a_list(
    objects: Objects, clock: SimulatedClock
) -> None:
    """After a restore of the cluster's database they really are lower."""
    objects.heard(body(1), listed=True)
    objects.answered(body(900), clock.monotonic())
    assert objects.heard(body(5), listed=True) == KEY
    assert version(objects) == "5"


async def test_an_answer_that_was_asked_for_after_all_that_was_heard_is_believed(
    objects: Objects, clock: SimulatedClock
) -> None:
    objects.heard(body(900), listed=False)
    await clock.advance(1.0)
    objects.answered(body(5), clock.monotonic())
    assert version(objects) == "5"


async def test_a_watch_that_is_a_minute_behind_is_believed_again(
    objects: Objects, clock: SimulatedClock
) -> None:
    objects.heard(body(1), listed=True)
    objects.answered(body(900), clock.monotonic())
    await clock.advance(ECHO_SECONDS + 1.0)
    assert objects.heard(body(5), listed=False) == KEY


def test_a_namesake_is_another_object(objects: Objects) -> None:
    objects.heard(body(1), listed=True)
    other = objects.heard(body(2, uid="uid-2"), listed=False)
    assert other == Key("shop", "web", "uid-2")
    objects.drop(KEY)
    assert objects.get(KEY) is None
    assert objects.lives("uid-2", "shop")


def test_while_not_all_objects_are_known_any_owner_may_live(objects: Objects) -> None:
    assert objects.lives("never-heard-of", "shop")
    objects.complete = True
    assert not objects.lives("never-heard-of", "shop")


def test_a_spec_that_cannot_be_read_is_a_flaw_without_its_values(objects: Objects) -> None:
    spec = {"credentialsRef": {"name": "onecloud"}, "server": {"cpu": "Sesam-0ffne-dich"}}
    objects.heard(body(1, spec=spec), listed=True)
    found = objects.get(KEY)
    assert found is not None
    assert found.spec is None
    assert found.flaw is not None
    assert "server.cpu" in found.flaw
    assert "Sesam" not in found.flaw


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        {"creation": "x", "cloud": 7, "conditions": {"a": 1}},
        {"creation": {"attempt": "1"}, "conditions": [None, "x", {"type": "Synced", "reason": 7}]},
        {"managedTags": "x", "server": [], "deletion": []},
    ],
)
def test_a_status_that_somebody_edited_reads_as_no_record(objects: Objects, status: Any) -> None:
    objects.heard(body(1, status=status), listed=True)
    found = objects.get(KEY)
    assert found is not None
    assert found.records.creation is None
    assert found.records.place is None
