"""What reading lists may take of the process: a share, however large they are and whoever sends them."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.values import Place
from onecloud_operator.feed import FeedOptions
from onecloud_operator.feed.throttle import CALL_SECONDS, DELAY_FACTOR, MAX_DELAY_SECONDS, Throttle
from tests.engine.simulated import SimulatedClock
from tests.feed.cloud import PROJECT, SimulatedCloud
from tests.feed.world import feeds_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from onecloud_operator.onecloud.models import EventPage, ServerPage, ServerQuery

COST_SECONDS = 0.2  # of the largest page that is taken
HERE, THERE = (Place(f"https://{name}.example/v3", "region0", PROJECT) for name in ("here", "there"))


class Row(dict[str, Any]):
    """A row that can be seen to be let go."""


class Heavy(SimulatedCloud):
    """A cloud whose every page costs much and says that there are more."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self.clock = clock
        self.spent = 0.0
        self.pages = 0
        self.listed: list[weakref.ref[Row]] = []

    def _cost(self) -> float:
        self.clock.now += COST_SECONDS  # nothing else runs meanwhile
        self.spent += COST_SECONDS
        self.pages += 1
        return COST_SECONDS

    async def list_servers(self, query: ServerQuery | None = None) -> ServerPage:
        page = await super().list_servers(query)
        row = Row(self.row("a"), id=f"b{self.pages:09d}")
        self.listed.append(weakref.ref(row))
        return replace(page, rows=(row,), total=10**9, cost_seconds=self._cost())

    async def events(  # noqa: PLR0913 - the client's signature
        self,
        *,
        marker: int | None = None,
        server_ids: Sequence[str] = (),
        actions: Sequence[str] = (),
        order: str = "ASC",
        limit: int = 1000,
        fields: Sequence[str] = (),
    ) -> EventPage:
        page = await super().events(
            marker=marker, server_ids=server_ids, actions=actions, order=order, limit=limit, fields=fields
        )
        return replace(page, next_marker=1, cost_seconds=self._cost())


def test_a_rest_is_as_long_as_the_page_took_several_times_over() -> None:
    now = [100.0]
    pace = Throttle(lambda: now[0])
    assert pace.delay(HERE) == 0.0
    pace.record(HERE, 0.0)
    assert pace.delay(HERE) == 0.0
    pace.record(HERE, 0.2)
    assert pace.delay(HERE) == pytest.approx(DELAY_FACTOR * (0.2 + CALL_SECONDS))
    assert pace.delay(THERE) == 0.0
    pace.record(THERE, 0.2)
    assert pace.delay(THERE) == pytest.approx(2 * DELAY_FACTOR * (0.2 + CALL_SECONDS)), (
        "two share what one has"
    )
    now[0] += 2.0
    pace.record(HERE, 0.2)
    assert pace.delay(HERE) == pytest.approx(DELAY_FACTOR * (0.2 + CALL_SECONDS))
    pace.record(HERE, 1000.0)
    assert pace.delay(HERE) == MAX_DELAY_SECONDS


def test_a_tenant_with_a_thousand_clouds_has_them_asked_seldom_and_those_of_others_as_ever() -> None:
    now = [100.0]
    pace = Throttle(lambda: now[0])
    pace.add(HERE, "honest")
    pace.add(THERE, "honest")
    pace.add(THERE, "stranger")
    many = [Place(f"https://c{number}.example/v3", "region0", PROJECT) for number in range(1000)]
    for place in many:
        pace.add(place, "stranger")
        pace.record(place, 0.001)
    assert pace.delay(many[-1]) == pytest.approx(1000 * DELAY_FACTOR * (0.001 + CALL_SECONDS))
    for number, place in enumerate((HERE, THERE), start=1):
        pace.record(place, 0.001)
        expected = 2 * number * DELAY_FACTOR * (0.001 + CALL_SECONDS)
        assert pace.delay(place) == pytest.approx(expected), "half of all, for its feeds"
    for place in many:
        pace.remove(place, "stranger")
    assert not any(pace.delay(place) for place in many)
    now[0] += MAX_DELAY_SECONDS
    pace.record(HERE, 0.001)
    assert pace.delay(HERE) == pytest.approx(DELAY_FACTOR * (0.001 + CALL_SECONDS))


@pytest.mark.parametrize("count", [1, 20])
async def test_clouds_that_send_as_much_as_they_can_take_a_part_of_one_core(count: int) -> None:
    clock = SimulatedClock()
    feeds = feeds_on(clock)
    clouds = []
    for number in range(count):
        cloud = Heavy(clock)
        cloud.add("a")
        cloud.log_event("a", "create")
        clouds.append(cloud)
        place = Place(f"https://c{number}.example/v3", "region0", PROJECT)
        feeds.join(f"k{number}", place, cloud).watch(f"k{number}", "a")
    began = clock.now
    await clock.advance(600.0)
    share = sum(cloud.spent for cloud in clouds) / (clock.now - began)
    gc.collect()
    kept = [one for cloud in clouds for one in cloud.listed if one() is not None]
    await feeds.close()
    assert 0.05 < share < 0.35
    assert not kept, "what was read is let go before the feed rests"
    assert min(cloud.pages for cloud in clouds) > 0, "each has its turn"


async def test_a_poll_that_finds_thousands_of_changes_leaves_them_to_the_sweep() -> None:
    clock = SimulatedClock()
    cloud = SimulatedCloud(clock)
    feeds = feeds_on(clock, options=FeedOptions(delta_rows=4, page_rows=8, events_seconds=0.0))
    names = [f"s{number:03d}" for number in range(50)]
    for name in names:
        cloud.add(name)
        feeds.join(name, HERE, cloud).watch(name, name)
    await clock.advance(1200.0)
    before = cloud.kinds()
    for name in names:
        cloud.change(name, name=f"{name} changed")
    await clock.advance(6.0)
    after = cloud.kinds()
    assert after["delta"] - before["delta"] == 8, "and no page more"
    assert after["sweep"] - before["sweep"] >= 50 // 8
    feed = feeds.join(names[0], HERE, cloud)
    shown = [server.name for name in names if (server := feed.reading(name).server) is not None]
    assert shown == [f"{name} changed" for name in names]
    await clock.advance(20.0)
    assert cloud.kinds()["delta"] - after["delta"] == 13, "the next poll is read to its end"
    await feeds.close()
