"""The turns that a feed reports, for the metrics: every job under its own name, with what it cost."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from onecloud_operator.feed import FeedOptions, Feeds
from onecloud_operator.onecloud.errors import Call, ConnectFailed, Forbidden
from tests.engine.simulated import SimulatedClock
from tests.feed.cloud import SimulatedCloud
from tests.feed.world import PLACE, feeds_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onecloud_operator.onecloud.errors import OneCloudError
    from onecloud_operator.onecloud.models import ServerQuery

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
EVENTS_SECONDS = FeedOptions().events_seconds
CALL = Call("GET", "/events")


class Turn(NamedTuple):
    """What a feed reports of one."""

    job: str
    seconds: float
    rows: int
    failed: bool


class Watched:
    """A feed on the simulator, and the turns that it reported."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.cloud = SimulatedCloud(clock)
        self.turns: list[Turn] = []
        self.feeds: Feeds[str] = feeds_on(clock, on_run=lambda *turn: self.turns.append(Turn(*turn)))

    def watch(self, server_id: str, cloud: SimulatedCloud | None = None) -> None:
        """Let an object in that watches this server."""
        self.feeds.join(server_id, PLACE, cloud or self.cloud).watch(server_id, server_id)

    async def turns_of(self, job: str, seconds: float) -> list[Turn]:
        """Let *seconds* pass; return the job's turns of that time."""
        before = len(self.turns)
        await self.clock.advance(seconds)
        return [turn for turn in self.turns[before:] if turn.job == job]


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    made = Watched(SimulatedClock())
    made.cloud.add("a")
    made.cloud.log_event("a", "create")
    made.watch("a")
    yield made
    await made.feeds.close()


async def test_every_job_has_a_name_of_its_own_and_the_document_lists_them(watched: Watched) -> None:
    refused = SimulatedCloud(watched.clock)
    refused.fail = lambda _kind, _query: Forbidden(CALL, 403, "ForbiddenError", "no")
    watched.feeds.leave("a")
    watched.watch("b", refused)  # asked first, so it is set aside, and tried again later
    watched.watch("a")
    await watched.clock.advance(30)
    watched.cloud.change("a", status="start_delete")
    await watched.clock.advance(10)
    watched.cloud.erase("a")
    await watched.clock.advance(3600)
    _, _, table = DOCUMENT.read_text().partition("\n| `task` |")
    documented = re.findall(r"^\| `([a-z ]+)` \|", table.partition("\n\n")[0], re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert {turn.job for turn in watched.turns} == set(documented)


async def test_a_turn_of_the_events_is_told_with_its_lines_and_its_time(watched: Watched) -> None:
    await watched.clock.advance(3 * EVENTS_SECONDS)
    for _ in range(7):
        watched.cloud.log_event("a", "sync_conf")

    def slow(kind: str, _query: ServerQuery | None) -> OneCloudError | None:
        watched.clock.now += 0.25 if kind == "events" else 0.0
        return None

    watched.cloud.fail = slow
    (turn,) = await watched.turns_of("events", EVENTS_SECONDS)
    assert turn == Turn("events", 0.25, 1 + 7, failed=False)  # the newest known line is there again
    (turn,) = await watched.turns_of("events", EVENTS_SECONDS + 1.0)
    assert turn.rows == 1


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Forbidden(CALL, 403, "ForbiddenError", "no"), id="refused"),
        pytest.param(ConnectFailed("nobody is there"), id="not-answered"),
    ],
)
async def test_a_turn_of_the_events_that_fails_is_told_as_failed(
    watched: Watched, error: OneCloudError
) -> None:
    await watched.clock.advance(3 * EVENTS_SECONDS)
    watched.cloud.fail = lambda kind, _query: error if kind == "events" else None
    assert [turn.failed for turn in await watched.turns_of("events", EVENTS_SECONDS)] == [True]
    watched.cloud.fail = lambda _kind, _query: None
    assert [turn.failed for turn in await watched.turns_of("events", 320.0)][-1] is False


async def test_rows_are_counted_once_and_for_the_job_that_was_given_them(watched: Watched) -> None:
    for number in range(40):
        watched.cloud.add(f"s{number:02d}")
        watched.cloud.log_event(f"s{number:02d}", "create")
        watched.watch(f"s{number:02d}")
    await watched.clock.advance(1800)
    rows: dict[str, int] = defaultdict(int)
    for turn in watched.turns:
        rows[turn.job] += turn.rows
    assert sum(rows.values()) - rows["events"] == watched.cloud.rows_sent
    assert rows["events"] >= 40
    calls = Counter(turn.job for turn in watched.turns)
    assert calls["events"] == watched.cloud.kinds()["events"]
