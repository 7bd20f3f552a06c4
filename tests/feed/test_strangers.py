"""A cloud or a user that means harm to the others who watch the same project: over real sockets."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from onecloud_operator.core.values import Place
from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.feed import Feed, Feeds
from onecloud_operator.onecloud import Cloud, Endpoints, Password
from onecloud_operator.onecloud.errors import SignInError
from tests.feed.live import QUICK, until
from tests.onecloud.origin import (
    SERVER_ID,
    Answer,
    Asked,
    Clock,
    Region,
    credentials,
    endpoints,
    error,
    serving,
    token_body,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

NOW = "2026-11-29T00:00:00Z"
ROW: dict[str, Any] = {
    "id": SERVER_ID,
    "name": "v",
    "status": "running",
    "update_version": 3,
    "updated_at": NOW,
    "tenant_id": "p-1",
    "metadata": {},
}


class Strange(Region):
    """A small cloud with the servers that *rows* returns."""

    def __init__(self, rows: Callable[[Asked], list[dict[str, Any]]] = lambda _asked: [ROW]) -> None:
        super().__init__()
        self.rows = rows
        self.asked: list[Asked] = []
        self.routes["GET"] = self._response

    async def _response(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if asked.path == "/events":
            return Answer(body={"events": []})
        rows = self.rows(asked)
        if asked.path == "/servers":
            return Answer(body={"servers": rows, "total": len(rows)})
        return Answer(body={"server": rows[0]})


class Scene:
    """Feeds on a strange cloud."""

    def __init__(self, url: str, ours: Endpoints) -> None:
        self.url = url
        self.ours = ours
        self.notified: list[str] = []
        self.feeds: Feeds[str] = Feeds(
            notify=lambda key, _lane: self.notified.append(key), clock=SystemClock(), options=QUICK
        )

    def cloud(self, user: str = "labuser", **changes: Any) -> Cloud:
        """Return one user's credentials at work."""
        method = Password(SecretStr("x" * 10), user_name=user)
        return Cloud(credentials(self.url, method=method, **changes), self.ours)

    async def join(self, key: str, cloud: Cloud) -> Feed[str]:
        """Let an object in that watches the server."""
        session = await cloud.session()
        place = Place(session.auth_url, session.region, session.project_id)
        feed = self.feeds.join(key, place, cloud)
        feed.watch(key, SERVER_ID)
        return feed


@asynccontextmanager
async def scene(region: Region, clock: Clock | None = None) -> AsyncIterator[Scene]:
    """Serve a cloud, and watch it."""
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints(clock=clock)
        made = Scene(place.url, ours)
        try:
            yield made
        finally:
            await made.feeds.close()
            await ours.close()


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
async def test_a_time_outside_of_the_calendar_is_its_row_s_fault_and_leaves_nothing_behind(time: str) -> None:
    shown = {"updated_at": time}
    region = Strange(lambda _asked: [ROW | shown])
    async with scene(region) as watched:
        feed = await watched.join("k", watched.cloud())
        await until(lambda: sum("updated_at.ge" in asked.target for asked in region.asked) >= 5)
        assert watched.feeds.restarts == 0
        assert feed.trouble("k") is None
        shown["updated_at"] = NOW
        await until(lambda: feed.reading(SERVER_ID).server is not None)
        assert watched.feeds.restarts == 0


async def test_a_list_without_end_of_endless_ids_is_read_no_further() -> None:
    def rows(asked: Asked) -> list[dict[str, Any]]:
        if "limit=1024" not in asked.target:
            return [ROW]
        return [ROW | {"id": f"{n:09}" + "\U0001f600" * 1000} for n in range(200)]

    region = Strange(rows)
    async with scene(region) as watched:
        feed = await watched.join("k", watched.cloud())
        await until(lambda: any("limit=1024" in asked.target for asked in region.asked))
        await until(lambda: feed.reading(SERVER_ID).server is not None)
        assert not any("id.gt" in asked.target for asked in region.asked)
        assert feed.trouble("k") is None
        assert watched.feeds.restarts == 0


class Users(Strange):
    """A strange cloud whose tokens are called by their users, with an endpoint where nobody listens."""

    def __init__(self) -> None:
        super().__init__()
        self.disabled: set[str] = set()

    async def respond(self, asked: Asked) -> Answer:
        if not asked.path.endswith("/auth/tokens"):
            if asked.token in self.disabled:
                return error(401, "UnauthorizedError", "revoked")
            return await self._response(asked)
        user = asked.json["auth"]["identity"]["password"]["user"]["name"]
        if user in self.disabled:
            return error(423, "UserDisabled")
        body = token_body(self.url)
        (compute,) = body["token"]["catalog"]
        compute["endpoints"].append(
            {"interface": "internal", "region_id": "Beijing", "url": "http://127.0.0.1:9"}
        )
        return Answer(body=body, headers={"X-Subject-Token": user})

    def asked_by(self, user: str) -> int:
        return sum(asked.token == user for asked in self.asked)


@pytest.mark.parametrize("first", ["victim", "careless"])
async def test_a_members_endpoint_that_cannot_be_reached_blinds_nobody_else(first: str) -> None:
    """Whoever joins first decides for nobody."""
    async with scene(Users()) as watched:
        clouds = {"victim": watched.cloud(), "careless": watched.cloud("other", interface="internal")}
        for key in sorted(clouds, key=lambda key: key != first):
            feed = await watched.join(key, clouds[key])
        await until(lambda: feed.shown("victim", SERVER_ID).server is not None)
        await until(lambda: feed.trouble("careless") is not None)
        trouble = feed.trouble("careless")
        assert trouble is not None
        assert trouble.reason == "EndpointUnreachable"
        assert feed.trouble("victim") is None
        assert feed.health.problem is None
        assert feed.shown("careless", SERVER_ID).server is None


async def test_who_was_disabled_sees_nothing_through_a_colleagues_eyes() -> None:
    region, clock = Users(), Clock()
    async with scene(region, clock) as watched:
        alice, mallory = watched.cloud("alice"), watched.cloud("mallory")
        feed = await watched.join("alice/web", alice)
        await watched.join("mallory/old", mallory)
        await until(lambda: feed.shown("mallory/old", SERVER_ID).server is not None)
        region.disabled.add("mallory")
        spy = watched.cloud("mallory")  # another Secret of the same user, whose session is still there
        await watched.join("mallory/spy", spy)
        await until(lambda: feed.trouble("mallory/spy") is not None)
        assert feed.shown("mallory/spy", SERVER_ID).server is None
        assert feed.shown("alice/web", SERVER_ID).server is not None
        with pytest.raises(SignInError):
            await mallory.session()
        clock.now += 23.9 * 3600
        await alice.session()
        assert feed.trouble("alice/web") is None
