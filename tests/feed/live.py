"""A feed on the simulated cloud, over real sockets and with the real client."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.values import Place
from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.feed import Feed, FeedOptions, Feeds
from onecloud_operator.onecloud import Cloud, Project
from tests.onecloud.lab import Lab, as_user, lab

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from onecloud_operator.core.observed import Observed, Reading
    from onecloud_operator.engine.lanes import Lane
    from sandbox.cloud import Control

QUICK = FeedOptions(
    moving_poll_seconds=0.05,
    idle_poll_seconds=0.1,
    min_poll_seconds=0.02,
    overlap_seconds=5.0,
    confirm_seconds=0.05,
    events_seconds=0.1,
    events_retry_seconds=0.5,
    sweep_seconds=3600.0,
    sweep_without_events_seconds=3600.0,
    first_read_seconds=0.05,
    retry_first_seconds=0.05,
    retry_max_seconds=0.2,
    refused_first_seconds=0.3,
    refused_max_seconds=0.3,
)
PATIENCE_SECONDS = 10.0


@dataclass
class Live:
    """The parts of one test."""

    lab: Lab
    feeds: Feeds[str]
    notified: list[tuple[str, Lane]]
    clients: list[Cloud] = field(default_factory=list)

    @property
    def cloud(self) -> Control:
        """Return what is done to the cloud beside its API."""
        return self.lab.control

    def client(self, user: str = "labuser", project: str = "lab", *, insecure: bool = False) -> Cloud:
        """Return one user's credentials at work."""
        credentials = self.lab.credentials(as_user(user), Project(name=project, domain_name="Default"))
        made = Cloud(replace(credentials, insecure=insecure), self.lab.endpoints)
        self.clients.append(made)
        return made

    async def join(self, key: str, client: Cloud) -> Feed[str]:
        """Let an object in, after its credentials signed in."""
        session = await client.session()
        place = Place(session.auth_url, session.region, session.project_id)
        return self.feeds.join(key, place, client)

    async def watching(self, *server_ids: str, client: Cloud | None = None) -> Feed[str]:
        """Return a feed in which each server is watched by an object of its name, and was read."""
        client = client or self.client()
        feed = await self.join("first", client)
        for server_id in server_ids:
            feed = await self.join(server_id, client)
            feed.watch(server_id, server_id)
        await until(lambda: all(detailed(feed.reading(one)) for one in server_ids))
        return feed

    def counts(self) -> dict[str, int]:
        """Return the calls since the last reset, without those of the identity service."""
        return {name: count for name, count in self.cloud.counts.items() if "/v3" not in name}


def detailed(reading: Reading) -> bool:
    """Say whether a server was read with its details."""
    return reading.server is not None and reading.server.detailed


def server_of(feed: Feed[Any], server_id: str) -> Observed:
    """Return what was read of a server."""
    server = feed.reading(server_id).server
    assert server is not None, "it was not read"
    return server


async def until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until *condition* holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def live(options: FeedOptions = QUICK) -> AsyncIterator[Live]:
    """Run a cloud and a set of feeds."""
    notified: list[tuple[str, Lane]] = []
    async with lab() as here:
        feeds: Feeds[str] = Feeds(
            notify=lambda key, lane: notified.append((key, lane)), clock=SystemClock(), options=options
        )
        parts = Live(here, feeds, notified)
        try:
            yield parts
        finally:
            await feeds.close()
            for client in parts.clients:
                await client.close()
