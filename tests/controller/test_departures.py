"""How many objects are deleted at once, counted as they come and go, and again after a restart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onecloud_operator.api.annotations import FORCE_DETACH
from onecloud_operator.controller.departures import SETTLE_SECONDS, Departures
from onecloud_operator.controller.server_object import SERVERS, resource_of
from onecloud_operator.core.mass_deletion import Deletions
from onecloud_operator.core.records import attempt_id
from onecloud_operator.core.resource import FINALIZER
from onecloud_operator.core.values import text_of_time
from onecloud_operator.kube.bounded_json import SHARED
from onecloud_operator.kube.store import Key, Store, key_of, version_of
from tests.core.fixtures import SERVER, WALL
from tests.engine.simulated import SimulatedClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onecloud_operator.core.resource import Resource

CLOUD = {"authURL": "https://cloud.example/v3", "region": "region0", "projectID": "project0"}
TOO_MANY, FEW = True, False


def server(
    number: int,
    namespace: str = "shop",
    *,
    deleted: float | None = None,
    project: str = "project0",
    spec: dict[str, Any] | None = None,
    **changes: Any,
) -> dict[str, Any]:
    """Return an object with a server; *deleted*: when, in minutes."""
    uid = f"00000000-0000-4000-8000-{number:012d}"
    metadata: dict[str, Any] = {"namespace": namespace, "name": f"web-{number}", "uid": uid}
    metadata |= {"resourceVersion": "1", "finalizers": [FINALIZER]} | changes.pop("metadata", {})
    if deleted is not None:
        metadata["deletionTimestamp"] = text_of_time(WALL + timedelta(minutes=deleted))
    made = {"attempt": 1, "id": attempt_id(uid, 1), "name": "n", "startedAt": "2026-11-23T11:00:00Z"}
    status = {"cloud": {**CLOUD, "projectID": project}, "creation": made, **changes.pop("status", {})}
    wanted = {"credentialsRef": {"name": "onecloud"}, "server": SERVER, **(spec or {})}
    return {"metadata": metadata, "spec": wanted, "status": status, **changes}


@pytest.fixture
def departures(clock: SimulatedClock) -> Departures:
    return Departures(clock.monotonic, floor=2)


def hear(departures: Departures, bodies: Iterable[dict[str, Any]]) -> list[Key]:
    keys = []
    for body in bodies:
        departures.follow(key_of(body), body)
        keys.append(key_of(body))
    return keys


def too_many(departures: Departures, key: Key) -> bool:
    found = departures.of(key)
    assert found.limited
    assert found.counted
    return found.too_many


def deleted(*numbers: int, **how: Any) -> list[dict[str, Any]]:
    return [server(number, **{"deleted": 0.0, **how}) for number in numbers]


def test_as_many_as_the_floor_may_go_and_one_more_is_too_many(departures: Departures) -> None:
    keys = hear(departures, deleted(1, 2))
    assert [too_many(departures, key) for key in keys] == [FEW, FEW]
    keys = hear(departures, deleted(1, 2, 3))
    assert [too_many(departures, key) for key in keys] == [TOO_MANY] * 3


def test_of_a_large_project_a_part_may_go(departures: Departures) -> None:
    hear(departures, [server(number) for number in range(20)])
    keys = hear(departures, deleted(*range(4)))
    assert too_many(departures, keys[0]) is FEW
    (one_more,) = hear(departures, deleted(4))
    assert [too_many(departures, key) for key in (keys[0], one_more)] == [TOO_MANY, TOO_MANY]


def test_what_is_gone_counts_for_ten_more_minutes(departures: Departures) -> None:
    keys = hear(departures, deleted(1, 2))
    for key in keys:
        departures.follow(key, None)
    (later,) = hear(departures, deleted(3, deleted=9.0))
    assert too_many(departures, later) is TOO_MANY


async def test_what_is_long_gone_does_not(departures: Departures, clock: SimulatedClock) -> None:
    for key in hear(departures, deleted(1, 2)):
        departures.follow(key, None)
    (last,) = hear(departures, deleted(3))
    assert too_many(departures, last) is TOO_MANY
    await clock.advance(600.0)
    assert too_many(departures, last) is FEW  # the one that is left is held by its status, not by the count


def test_an_object_that_lost_its_finalizer_counts_until_it_is_long_gone(departures: Departures) -> None:
    """Else a deletion that is carried out quickly would leave no trace."""
    keys = hear(departures, deleted(1, 2))
    for body in deleted(1, 2, metadata={"finalizers": []}):
        departures.follow(key_of(body), body)
    for key in keys:
        departures.follow(key, None)
    (last,) = hear(departures, deleted(3))
    assert too_many(departures, last) is TOO_MANY


def test_deletions_far_apart_are_not_counted_together(departures: Departures) -> None:
    keys = hear(departures, [server(1, deleted=0.0), server(2, deleted=0.0), server(3, deleted=11.0)])
    assert [too_many(departures, key) for key in keys] == [FEW] * 3


def test_deletions_of_an_hour_ago_that_are_still_to_be_done_count_as_they_did_then(
    departures: Departures,
) -> None:
    """The operator may have been off meanwhile, or their Secret gone: nothing was removed, nothing may be."""
    keys = hear(departures, deleted(1, 2, 3, deleted=-60.0))
    assert [too_many(departures, key) for key in keys] == [TOO_MANY] * 3


def test_a_process_that_starts_counts_the_same(clock: SimulatedClock) -> None:
    before, after = (Departures(clock.monotonic, floor=2) for _ in range(2))
    bodies = [*deleted(1, 2, 3), *deleted(4, namespace="lab")]
    keys = hear(before, bodies)
    hear(after, reversed(bodies))
    assert [before.of(key).too_many for key in keys] == [TOO_MANY] * 3 + [FEW]
    assert [before.of(key) for key in keys] == [after.of(key) for key in keys]


def test_until_every_object_was_heard_of_the_number_is_not_known(clock: SimulatedClock) -> None:
    departures = Departures(clock.monotonic, complete=lambda: False)
    (key,) = hear(departures, deleted(1))
    assert departures.of(key) == Deletions(counted=False)


def test_a_setting_lets_any_number_go(clock: SimulatedClock) -> None:
    departures = Departures(clock.monotonic, floor=2, share=1.0)
    keys = hear(departures, deleted(*range(9)))
    assert departures.of(keys[0]) == Deletions(limited=False)


@pytest.mark.parametrize(
    "kept",
    [
        pytest.param({"spec": {"deletionPolicy": "Retain"}}, id="retained"),
        pytest.param({"spec": {"managementPolicy": "Observe", "adoption": {"id": "s"}}}, id="observed"),
        pytest.param({"spec": {"deletionProtection": True}}, id="protected"),
        pytest.param({"status": {"deletionPolicy": "Retain"}}, id="retained-by-its-provider"),
        pytest.param({"metadata": {"annotations": {FORCE_DETACH: "true"}}}, id="detached"),
        pytest.param(
            {"status": {"creation": None, "adoptedAt": "2026-11-23T11:00:00Z", "id": "s"}}, id="adopted"
        ),
        pytest.param({"status": {"creation": None}}, id="without-a-server"),
        pytest.param({"project": "another"}, id="in-another-project"),
        pytest.param({SHARED: ["cloud"]}, id="whose-project-another-wrote-into-its-status"),
    ],
)
def test_what_takes_nothing_away_is_not_counted(departures: Departures, kept: dict[str, Any]) -> None:
    hear(departures, deleted(*range(10, 20), namespace="lab", **kept))
    keys = hear(departures, deleted(1, 2))
    assert [too_many(departures, key) for key in keys] == [FEW, FEW]


def test_a_policy_that_is_edited_after_the_deletion_counts_from_then_on(departures: Departures) -> None:
    """With the time of the deletion, not of the edit: many that were protected may have waited for long."""
    hear(departures, deleted(1, 2, 3, spec={"deletionProtection": True}))
    keys = hear(departures, deleted(1, 2, 3))
    assert too_many(departures, keys[0]) is TOO_MANY
    hear(departures, deleted(3, spec={"deletionPolicy": "Retain"}))
    assert too_many(departures, keys[0]) is FEW


def test_only_the_namespaces_that_ask_for_more_than_their_share_are_held(departures: Departures) -> None:
    few = hear(departures, deleted(1, namespace="lab"))
    many = hear(departures, deleted(2, 3, 4, namespace="shop"))
    assert [too_many(departures, key) for key in (*few, *many)] == [FEW] + [TOO_MANY] * 3


async def test_a_deletion_settles_once_others_can_have_been_heard_of(
    departures: Departures, clock: SimulatedClock
) -> None:
    hear(departures, [server(number) for number in range(10, 13)])
    (key,) = hear(departures, deleted(1))
    assert departures.of(key) == Deletions(settles_in=SETTLE_SECONDS)
    await clock.advance(SETTLE_SECONDS - 1.0)
    hear(departures, deleted(1))  # of a later version
    assert departures.of(key) == Deletions(settles_in=1.0)
    await clock.advance(1.0)
    assert departures.of(key) == Deletions()


def test_where_there_are_too_few_servers_for_too_many_deletions_nothing_waits(departures: Departures) -> None:
    (key, _) = hear(departures, deleted(1, 2))
    assert departures.of(key) == Deletions()


def test_another_project_does_not_care(departures: Departures) -> None:
    many = hear(departures, deleted(1, 2, 3))
    (other,) = hear(departures, deleted(4, project="another"))
    assert [too_many(departures, key) for key in (*many, other)] == [TOO_MANY] * 3 + [FEW]


def test_the_store_tells_of_each_version_and_of_the_end(clock: SimulatedClock) -> None:
    objects: Store[Resource] = Store(SERVERS, clock.monotonic)
    departures = Departures(clock.monotonic, floor=2)
    objects.follow = departures.follow
    keys = [key for body in deleted(1, 2, 3) if (key := objects.heard(body, listed=True))]
    assert too_many(departures, keys[2]) is TOO_MANY
    objects.drop(keys[0])
    assert too_many(departures, keys[2]) is TOO_MANY
    objects.answered(
        server(2, deleted=0.0, spec={"deletionPolicy": "Retain"}, metadata={"resourceVersion": "2"}), 9.0
    )
    assert too_many(departures, keys[2]) is FEW


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 7),
        st.sampled_from(["shop", "lab", "dev"]),
        st.sampled_from(["here", "retained", "deleted", "gone"]),
        st.integers(0, 15),
    ),
    max_size=40,
)


@given(EVENTS)
def test_whatever_comes_and_goes_the_count_is_that_of_what_is_there(
    events: list[tuple[int, str, str, int]],
) -> None:
    clock = SimulatedClock()
    departures = Departures(clock.monotonic, floor=2)
    there: dict[Key, dict[str, Any]] = {}
    for number, namespace, how, minute in events:
        body = server(number, namespace)
        if how == "retained":
            body = server(number, namespace, deleted=minute, spec={"deletionPolicy": "Retain"})
        elif how == "deleted":
            body = server(number, namespace, deleted=minute)
        key = key_of(body)
        if how == "gone":
            # First it was let go without its server: one that took it along counts on.
            departures.follow(key, server(number, namespace, deleted=0, spec={"deletionPolicy": "Retain"}))
            departures.follow(key, None)
            there.pop(key, None)
        else:
            departures.follow(key, body)
            there[key] = body
    anew = Departures(clock.monotonic, floor=2)
    hear(anew, there.values())
    assert [too_many(departures, key) for key in there] == [too_many(anew, key) for key in there]
    for key in there:
        departures.follow(key, server(0, spec={"deletionPolicy": "Retain"}))
        departures.follow(key, None)
    assert not departures._projects  # noqa: SLF001 - that nothing is kept is the point
    assert not departures._known  # noqa: SLF001


def test_an_object_that_goes_is_parsed_once_for_the_count_and_for_its_pass(clock: SimulatedClock) -> None:
    parsed = []

    def parse(body: Mapping[str, Any]) -> Resource:
        parsed.append(version_of(body))
        return resource_of(body)

    objects = Store(replace(SERVERS, parse=parse), clock.monotonic)
    objects.follow = Departures(clock.monotonic, floor=2, parsed=objects.get).follow
    (body,) = deleted(1)
    key = objects.heard(body, listed=False)
    assert key is not None
    found = objects.get(key)
    assert found is not None
    assert found.deleting
    assert parsed == ["1"]
