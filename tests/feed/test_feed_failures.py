"""What of a cloud, of its credentials and of ours may fail, and who is notified."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.values import Place
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.onecloud.errors import Call, ConnectFailed, Forbidden, ServerError
from sandbox.cloud.defaults import OTHER_PROJECT
from tests.feed.cloud import PROJECT, SimulatedCloud, kind_of
from tests.feed.world import HOUR, PLACE, World

if TYPE_CHECKING:
    from onecloud_operator.onecloud.models import ServerPage, ServerQuery


async def test_a_dead_endpoint_shows_after_more_than_two_tries_and_recovers_by_itself(world: World) -> None:
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(60)
    dead_at, count = world.clock.now, len(world.notified)
    world.cloud.fail = lambda kind, _query: ConnectFailed("nobody there") if kind != "events" else None
    await world.clock.advance(16)
    assert feed.health.problem is None
    assert feed.health.fresh_at is not None
    await world.clock.advance(10)
    problem = feed.health.problem
    assert problem is not None
    assert problem.reason == "EndpointUnreachable"
    assert world.notified[count:] == [("a", Lane.RESYNC)]
    assert feed.reading("a").server is not None, "what was known stays known"
    await world.clock.advance(1800)
    assert set(world.cloud.kinds(dead_at)) <= {"delta", "events"}
    last = world.cloud.times("delta")[-2:]
    assert last[1] - last[0] == pytest.approx(60.0)
    count = len(world.notified)
    world.cloud.fail = lambda _kind, _query: None
    await world.clock.advance(70)
    assert feed.health.problem is None
    assert world.notified[count:] == [("a", Lane.RESYNC)]
    assert feed.trouble("a") is None


async def test_a_change_of_health_is_told_once_to_each_of_thousands(world: World) -> None:
    for number in range(3_000):
        world.cloud.add(f"s{number:04d}")
    world.watch_all()
    await world.clock.advance(60)
    count = len(world.notified)
    world.cloud.fail = lambda _kind, _query: ConnectFailed("nobody there")
    await world.clock.advance(600)
    assert sorted(world.notified[count:]) == [(one, Lane.RESYNC) for one in world.cloud.ids]


async def test_a_refused_member_is_set_aside_when_the_next_ones_credentials_work(world: World) -> None:
    world.cloud.add("a")
    world.cloud.add("b")
    refused = world.cloud.another_client()
    feed = world.join("a", refused)
    feed.watch("a", "a")
    world.join("b").watch("b", "b")
    await world.clock.advance(30)
    assert feed.trouble("a") is None
    refused.fail = lambda _kind, _query: Forbidden(Call("GET", "/servers"), 403, "ForbiddenError", "no")
    count = len(world.notified)
    await world.clock.advance(10)
    assert world.notified_since(count) == {"a"}
    trouble = feed.trouble("a")
    assert trouble is not None
    assert trouble.reason == "Forbidden"
    assert feed.trouble("b") is None
    assert feed.health.problem is None
    asked = len(refused.calls)
    await world.clock.advance(HOUR)
    assert 10 <= len(refused.calls) - asked - refused.kinds()["events"] <= 20, "tried again, and slowly"
    refused.fail = lambda _kind, _query: None
    await world.clock.advance(400)
    assert feed.trouble("a") is None


async def test_when_all_are_refused_nobody_is_set_aside_but_the_feed_is_out_of_touch(world: World) -> None:
    """More likely the identity service is down."""
    world.cloud.add("a")
    others = [world.cloud.another_client() for _ in range(3)]
    for number, other in enumerate([world.cloud, *others]):
        world.join(f"k{number}", other).watch(f"k{number}", "a")
    feed = world.join("k0")
    await world.clock.advance(30)
    for other in [world.cloud, *others]:
        other.fail = lambda _kind, _query: Forbidden(Call("GET", "/servers"), 403, "ForbiddenError", "no")
    await world.clock.advance(60)
    assert feed.health.problem is not None
    for other in [world.cloud, *others]:
        other.fail = lambda _kind, _query: None
    await world.clock.advance(120)
    assert [feed.trouble(f"k{number}") for number in range(4)] == [None] * 4


async def test_the_last_member_stops_the_feed(world: World) -> None:
    world.cloud.add("a")
    world.join("x").watch("x", "a")
    world.join("y").watch("y", "a")
    await world.clock.advance(30)
    world.feeds.leave("x")
    before = world.clock.now
    await world.clock.advance(30)
    assert world.cloud.kinds(before)["delta"] > 0
    world.feeds.leave("y")
    await world.clock.advance(1)
    before = world.clock.now
    await world.clock.advance(1000)
    assert not world.cloud.kinds(before)
    assert not list(world.feeds)


async def test_an_object_is_in_one_feed_at_a_time(world: World) -> None:
    world.cloud.add("a")
    first = world.join("x")
    first.watch("x", "a")
    world.join("y")
    other = world.feeds.join("x", Place("https://other.example/v3", "", PROJECT), world.cloud)
    assert other is not first
    assert first.owned == 0
    assert first.pool == 1


async def test_a_fault_of_ours_in_one_feed_shows_on_its_objects_and_is_tried_again(world: World) -> None:
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(30)

    def broken(_kind: str, _query: object) -> None:
        raise KeyError("s3cret")

    count = len(world.notified)
    world.cloud.fail = broken
    await world.clock.advance(12)
    problem = feed.health.problem
    assert problem is not None
    assert "KeyError" in problem.message
    assert "s3cret" not in problem.message
    assert world.notified_since(count) == {"a"}
    world.cloud.fail = lambda _kind, _query: None
    await world.clock.advance(120)
    assert feed.health.problem is None
    assert world.feeds.restarts > 0


async def test_a_feed_that_is_started_again_starts_clean(world: World) -> None:
    """What led to the fault may be among what was read, and no later answer would ever take it away."""
    world.cloud.add("a")
    feed = world.watch_all()
    await world.clock.advance(30)
    assert feed.reading("a").server is not None
    faults = 0

    def breaks_once(_kind: str, _query: object) -> None:
        nonlocal faults
        faults += 1
        if faults == 1:
            raise KeyError

    world.cloud.fail = breaks_once
    await world.clock.advance(5)
    assert feed.reading("a").server is None
    assert feed.trouble("a") is not None
    count = len(world.notified)
    await world.clock.advance(60)
    assert feed.reading("a").server is not None
    assert feed.trouble("a") is None
    assert world.notified_since(count) == {"a"}
    assert world.feeds.restarts == 1
    assert world.cloud.kinds(since=world.clock.now - 60)["newest"] == 1, "the window was placed again"


async def test_a_row_that_the_cloud_cannot_show_is_a_question_for_its_owner_and_harms_nobody_else(
    world: World,
) -> None:
    for number in range(20):
        world.cloud.add(f"s{number:02d}")

    def poisoned(kind: str, query: Any) -> ServerError | None:
        hit = kind == "details" and "s13" in query.ids
        return ServerError(Call("GET", "/servers"), 500, "InternalServerError", "x") if hit else None

    world.cloud.fail = poisoned
    feed = world.watch_all()
    await world.clock.advance(300)
    readings = {one: feed.reading(one) for one in world.cloud.ids}
    assert {one for one, found in readings.items() if not found.server or not found.server.detailed} == {
        "s13"
    }
    assert "s13" in world.notified_since(0)
    assert {lane for _, lane in world.notified} == {Lane.CLOUD}, "nobody heard of a feed out of touch"


async def test_rows_of_another_project_are_nobodys_business(world: World) -> None:
    """An administrator's credentials may list the whole cloud."""
    world.cloud.add("mine")
    world.cloud.add("theirs", tenant_id=OTHER_PROJECT)
    administrator = world.cloud.another_client("sysadmin", scope="system")
    assert {row["id"] for row in (await administrator.list_servers()).rows} == {"mine", "theirs"}
    feed = world.join("x", administrator)
    feed.watch("x", "theirs")
    world.join("y", administrator).watch("y", "mine")
    for _ in range(20):
        world.cloud.change("theirs", name="other")
        await world.clock.advance(3)
    assert feed.reading("mine").server is not None
    assert feed.reading("theirs").server is None


def refusing_slim_rows(kind: str, _query: object) -> ConnectFailed | None:
    return ConnectFailed("no", Call("GET", "/servers", "x", False)) if kind == "rows" else None


async def test_a_job_that_failed_and_has_nothing_left_to_do_does_not_freeze_the_project(world: World) -> None:
    """Only the list of departing servers fails; when they have left it is not asked for any more."""
    world.cloud.add("a")
    world.cloud.add("b")
    feed = world.watch_all()
    await world.clock.advance(30)
    world.cloud.fail = refusing_slim_rows
    world.cloud.change("b", status="start_delete")
    await world.clock.advance(60)
    assert feed.trouble("a") is not None
    world.cloud.change("b", status="ready", pending_deleted=True)
    await world.clock.advance(20)
    assert feed.trouble("a") is None
    assert feed.trouble("b") is None


@pytest.mark.parametrize("kind", ["delta", "sweep"])
async def test_a_list_without_an_end_is_given_up(world: World, kind: str) -> None:
    """A tenant's endpoint may answer what it likes: it can cost its own objects only."""
    world.cloud.add("a")
    world.watch_all()
    await world.clock.advance(60)
    endless = Endless(world.cloud, kind)
    world.feeds.join("a", PLACE, endless).watch("a", "a")
    await world.clock.advance(2 * HOUR)
    assert 1000 < endless.pages < 100_000


class Endless(SimulatedCloud):
    """A cloud whose lists of one kind go on for ever."""

    def __init__(self, cloud: SimulatedCloud, kind: str) -> None:
        super().__init__(cloud.site.clock, cloud.site)
        self.kind = kind
        self.pages = 0
        self.page: ServerPage | None = None

    async def list_servers(self, query: ServerQuery | None = None) -> ServerPage:
        if query is None or kind_of(query) != self.kind:
            return await super().list_servers(query)
        self.pages += 1
        self.page = self.page or await super().list_servers(query)
        row = self.row("a") | {"id": f"b{self.pages:09d}"}
        return replace(self.page, rows=(row,), total=10**9, asked_at=self.site.clock.now)
