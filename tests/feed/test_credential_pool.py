"""Whose credentials a feed works with, and who is shown what they see: on a simulated clock."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.core.observed import Reading
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.feed import Feed, FeedOptions, Feeds
from onecloud_operator.feed.credential_pool import MAX_ATTEMPTS, RETRY_BUDGET_SECONDS, CredentialPool
from onecloud_operator.onecloud.errors import (
    Call,
    ConnectFailed,
    Forbidden,
    GatewayTimeout,
    NotFound,
    OneCloudError,
    ProtocolError,
    RateLimited,
    ServerError,
    Timeout,
    TlsFailed,
    Unauthorized,
    WrongPassword,
)
from tests.engine.simulated import SimulatedClock
from tests.feed.cloud import SimulatedCloud
from tests.feed.world import HOUR, PLACE, feeds_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from onecloud_operator.onecloud.models import ServerPage, ServerQuery

CALL = Call("GET", "/servers")
FORBIDDEN = Forbidden(CALL, 403, "ForbiddenError", "no")
FAILURES: list[OneCloudError] = [
    FORBIDDEN,
    Unauthorized(CALL, 401, "UnauthorizedError", "revoked"),
    WrongPassword("no"),
    ConnectFailed("nobody there"),
    TlsFailed("not trusted"),
    Timeout("no answer"),
    ProtocolError("a login page"),
    NotFound(CALL, 404, "", ""),
    RateLimited(CALL, 429, "", ""),
    ServerError(CALL, 500, "", ""),
    GatewayTimeout(CALL, 504, "", ""),
]


class Eyes(SimulatedCloud):
    """One user's view of the servers of *cloud*, which may fail with *error*, or hang."""

    def __init__(self, cloud: SimulatedCloud, clock: SimulatedClock, route: str = "public") -> None:
        super().__init__(clock, cloud.site, interface=route)
        self.error: OneCloudError | None = None
        self.hanging = False
        self.fail = lambda _kind, _query: self.error

    async def list_servers(self, query: ServerQuery | None = None) -> ServerPage:
        page = await super().list_servers(query)
        if self.hanging:
            await asyncio.Event().wait()
        return page


class World:
    """A project with one server ``s``, and the objects that watch it."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.cloud = SimulatedCloud(self.clock)
        self.cloud.add("s")
        self.notified: list[tuple[str, Lane]] = []
        self.feeds: Feeds[str] = feeds_on(self.clock, lambda key, lane: self.notified.append((key, lane)))
        self.feed: Feed[str]

    def eyes(self, route: str = "public") -> Eyes:
        return Eyes(self.cloud, self.clock, route)

    def join(self, key: str, eyes: SimulatedCloud) -> None:
        self.feed = self.feeds.join(key, PLACE, eyes)
        self.feed.watch(key, "s")

    def sees(self, key: str) -> bool:
        return self.feed.shown(key, "s").server is not None


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.feeds.close()


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_one_members_failure_of_whatever_kind_is_not_taken_for_the_clouds(
    world: World, error: OneCloudError
) -> None:
    careless, victim = world.eyes("internal"), world.eyes()
    careless.error = error
    world.join("careless", careless)
    world.join("victim", victim)
    await world.clock.advance(5)
    assert world.sees("victim")
    assert world.feed.trouble("victim") is None
    assert world.feed.health.problem is None
    assert world.feed.trouble("careless") is not None
    assert not world.sees("careless")
    count = len(world.notified)
    careless.error = None
    await world.clock.advance(400)
    assert world.feed.trouble("careless") is None
    assert world.sees("careless")
    assert ("careless", Lane.RESYNC) in world.notified[count:]


async def test_a_member_is_shown_nothing_before_its_own_token_has_proven_itself(world: World) -> None:
    world.join("old", world.eyes())
    await world.clock.advance(30)
    spy = world.eyes()
    spy.error = FORBIDDEN
    world.join("spy", spy)
    assert world.feed.shown("spy", "s") == Reading()
    assert not world.feed.may_see("spy")
    await world.clock.advance(HOUR)
    assert not world.sees("spy")
    assert world.feed.trouble("spy") is not None
    assert world.sees("old")


async def test_a_member_that_proves_itself_is_told_what_it_was_not_shown(world: World) -> None:
    world.join("old", world.eyes())
    await world.clock.advance(30)
    world.join("new", world.eyes())
    assert not world.sees("new")
    count = len(world.notified)
    await world.clock.settle()
    assert world.notified[count:] == [("new", Lane.CLOUD)]
    assert world.sees("new")


async def test_a_right_that_ended_is_noticed_within_ten_minutes(world: World) -> None:
    leaver = world.eyes()
    world.join("stays", world.eyes())
    world.join("leaves", leaver)
    await world.clock.advance(30)
    assert world.sees("leaves")
    leaver.error = Unauthorized(CALL, 401, "UnauthorizedError", "revoked")
    await world.clock.advance(610)
    trouble = world.feed.trouble("leaves")
    assert trouble is not None
    assert trouble.reason == "CredentialsRejected"
    assert not world.sees("leaves")
    assert world.sees("stays")


async def test_proofs_cost_six_calls_an_hour_for_each_set_of_credentials_beside_the_first(
    world: World,
) -> None:
    world.cloud.log_event("s", "create")
    first, others = world.eyes(), [world.eyes() for _ in range(5)]
    for number, eyes in enumerate([first, *others]):
        world.join(f"k{number}", eyes)
    await world.clock.advance(60)
    before = world.clock.now
    await world.clock.advance(HOUR)
    assert [eyes.kinds(before).total() for eyes in others] == [6] * 5
    assert first.kinds(before).total() <= 1200 - 30
    assert first.kinds(before)["probe"] == 0, "the lists prove it"


async def test_while_the_identity_service_is_down_no_proof_ends_anybody(world: World) -> None:
    eyes = [world.eyes() for _ in range(4)]
    for number, each in enumerate(eyes):
        world.join(f"k{number}", each)
    await world.clock.advance(30)
    for each in eyes:
        each.error = FORBIDDEN
    await world.clock.advance(2 * HOUR)
    assert world.feed.health.problem is not None
    assert [world.feed.trouble(f"k{n}") for n in range(4)] == [world.feed.health.problem] * 4
    for each in eyes:
        each.error = None
    await world.clock.advance(65)
    assert [world.feed.trouble(f"k{n}") for n in range(4)] == [None] * 4
    now = world.clock.now
    await world.clock.advance(35)
    assert all(each.kinds(now - 65)["delta"] or each.kinds(now - 65)["probe"] for each in eyes), "soon"
    assert all(world.sees(f"k{n}") for n in range(4))


async def test_a_failure_that_passes_ends_nobody_who_has_proven_its_token(world: World) -> None:
    other = world.eyes("internal")
    world.join("stays", world.eyes())
    world.join("other", other)
    await world.clock.advance(30)
    count = len(world.notified)
    other.error = ConnectFailed("nobody there")
    await world.clock.advance(640)
    assert world.feed.trouble("other") is None, "two failures at most"
    other.error = None
    await world.clock.advance(HOUR)
    assert "other" not in {key for key, _ in world.notified[count:]}


async def test_a_hanging_endpoint_keeps_no_member_with_another_waiting(world: World) -> None:
    hanging = [world.eyes("internal") for _ in range(50)]
    world.join("old", world.eyes())
    await world.clock.advance(30)
    for number, each in enumerate(hanging):
        each.hanging = True
        world.join(f"h{number}", each)
    world.join("new", world.eyes())
    await world.clock.settle()
    assert world.feed.may_see("new")
    assert sum(len(each.calls) for each in hanging) == 1, "one at a time"


# -- one question ------------------------------------------------------------------------------------------


def members_of(sources: Iterable[Eyes]) -> CredentialPool[str]:
    clock = asyncio.get_running_loop().time
    made: CredentialPool[str] = CredentialPool(
        lambda _keys: None,
        lambda _keys: None,
        clock,
        Backoff(30.0, 300.0, lambda: 0.5),
        options=FeedOptions(),
    )
    for number, source in enumerate(sources):
        made.join(f"k{number}", source)
    return made


async def asked(pool: CredentialPool[str]) -> tuple[list[Any], OneCloudError]:
    """Ask a question that nobody can answer; return who was asked, and what is raised."""
    seen: list[Any] = []

    async def question(source: Any) -> None:
        seen.append(source)
        raise source.error

    with pytest.raises(OneCloudError) as caught:
        await pool.ask(question)
    return seen, caught.value


async def test_of_a_cloud_that_is_down_not_each_of_a_thousand_members_is_asked() -> None:
    """The same way would take as long to fail again, so each is tried once."""
    world = World()
    sources = [world.eyes(("public", "internal", "admin")[number % 3]) for number in range(1000)]
    for source in sources:
        source.error = Timeout(f"no answer at {source.route[0]}")
    pool = members_of(sources)
    seen, error = await asked(pool)
    assert seen == sources[:3]
    assert error is sources[0].error
    assert all(pool.refusal(f"k{number}") is None for number in range(1000))
    seen, _ = await asked(pool)
    assert seen[0] is sources[3], "others are first the next time"


async def test_a_question_that_all_refuse_is_put_to_five() -> None:
    world = World()
    sources = [world.eyes() for _ in range(1000)]
    for source in sources:
        source.error = FORBIDDEN
    pool = members_of(sources)
    seen, _ = await asked(pool)
    assert seen == sources[:MAX_ATTEMPTS]
    seen, _ = await asked(pool)
    assert seen == sources[MAX_ATTEMPTS : 2 * MAX_ATTEMPTS]


async def test_all_further_tries_of_a_question_share_their_time() -> None:
    """The clock of the loop is moved on, so nothing is really waited for."""
    world, loop = World(), asyncio.get_running_loop()
    sources = [world.eyes(route) for route in ("public", "internal", "admin", "other")]
    pool = members_of(sources)
    began_at, skipped = loop.time(), 0.0
    real = loop.time
    loop.time = lambda: real() + skipped  # type: ignore[method-assign]
    seen: list[Any] = []

    async def question(source: Any) -> None:
        nonlocal skipped
        seen.append(source)
        if len(seen) == 1:
            skipped += 100.0
            raise Timeout("gave up by itself")
        skipped += RETRY_BUDGET_SECONDS
        await asyncio.Event().wait()

    try:
        with pytest.raises(Timeout, match="by itself"):
            await pool.ask(question)
        assert loop.time() - began_at < 100.0 + 4 * RETRY_BUDGET_SECONDS
        assert seen == sources
    finally:
        loop.time = real  # type: ignore[method-assign]
