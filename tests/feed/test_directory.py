"""Names are asked for once for all objects of a project, and "not known" is never "missing"."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.core.references import Kind, Missing, Reference, Resolved, UnderWay, Unknown
from onecloud_operator.feed.directory import (
    FOUND_SECONDS,
    MAX_NAMES,
    MISSING_SECONDS,
    REFUSED_SECONDS,
    STALE_SECONDS,
    UNKNOWN_SECONDS,
    Directory,
)
from onecloud_operator.onecloud import Collection, NamedRows
from onecloud_operator.onecloud.errors import Call, Forbidden, Timeout
from sandbox.cloud.inventory import Network
from tests.engine.simulated import SimulatedClock
from tests.feed.cloud import SimulatedCloud

if TYPE_CHECKING:
    from collections.abc import Iterable

VNET = Reference(Kind.NETWORK, "vnet-1")
OTHER = Reference(Kind.NETWORK, "vnet-2")
OPS = Reference(Kind.KEYPAIR, "ops")


class Place:
    """One project's directory over the simulator."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.cloud = SimulatedCloud(self.clock)
        inventory = self.cloud.site.simulator.inventory
        inventory.networks = {"n1": Network("n1", "vnet-1", "10.90.0.10", "10.90.0.250")}
        self.notified: list[str] = []
        self.names: Directory[str] = Directory(self.clock.monotonic, self._tell)

    def _tell(self, keys: Iterable[str]) -> None:
        self.notified += keys

    def known(self, *wanted: Reference, key: str = "a") -> dict[Reference, object]:
        return dict(self.names.answers(key, wanted or (VNET,), self.cloud))

    async def ask(self, reference: Reference = VNET) -> None:
        await self.names.look_up(reference, self.cloud)

    @property
    def questions(self) -> list[str]:
        return [kind for _, kind, _ in self.cloud.calls]

    def fail(self) -> None:
        self.cloud.fail = lambda _kind, _query: Timeout("no answer in time")


async def test_one_question_serves_all_objects_for_its_time() -> None:
    here = Place()
    assert here.known() == {}
    await here.ask()
    for key in ("a", "b", "c"):
        assert here.known(key=key) == {VNET: Resolved("n1")}
    assert here.questions == ["networks vnet-1"]
    here.clock.now += FOUND_SECONDS
    assert here.known() == {}


async def test_what_is_missing_is_asked_for_again_sooner() -> None:
    here = Place()
    await here.ask(OTHER)
    assert here.known(OTHER) == {OTHER: Missing()}
    here.clock.now += MISSING_SECONDS
    assert here.known(OTHER) == {}


async def test_a_failure_is_not_known_for_all_names_of_its_kind_and_never_missing() -> None:
    here = Place()
    here.fail()
    await here.ask()
    assert here.known(VNET, OTHER, OPS) == {
        VNET: Unknown("no answer in time"),
        OTHER: Unknown("no answer in time"),
    }
    here.clock.now += UNKNOWN_SECONDS
    assert here.known(VNET, OTHER) == {}


async def test_what_is_refused_is_not_asked_for_soon() -> None:
    here = Place()
    call = Call("GET", "/networks")
    here.cloud.fail = lambda _kind, _query: Forbidden(call, 403, "ForbiddenError", "no right")
    await here.ask()
    here.clock.now += UNKNOWN_SECONDS
    assert here.known() == {VNET: Unknown("no right")}
    here.clock.now += REFUSED_SECONDS
    assert here.known() == {}


async def test_an_answer_outlives_the_failures_of_an_hour() -> None:
    here = Place()
    await here.ask()
    here.fail()
    here.clock.now += FOUND_SECONDS
    await here.ask()
    assert here.known() == {VNET: Resolved("n1")}
    here.clock.now += STALE_SECONDS - FOUND_SECONDS
    await here.ask()
    assert here.known() == {VNET: Unknown("no answer in time")}


async def test_key_pairs_are_a_user_s_own() -> None:
    here, other = Place(), SimulatedCloud(SimulatedClock())
    key = next(iter(here.cloud.site.simulator.inventory.keypairs.values()))
    await here.ask(OPS)
    assert here.known(OPS) == {OPS: Resolved(key.id)}
    assert here.names.answers("b", [OPS], other) == {}


async def test_who_waits_for_another_s_question_is_told_and_asks_nothing() -> None:
    here = Place()
    asked, answer = asyncio.Event(), asyncio.Event()

    class Slow(SimulatedCloud):
        async def list_named(self, collection: Collection, name: str) -> NamedRows:
            asked.set()
            await answer.wait()
            return await super().list_named(collection, name)

    here.cloud = Slow(here.clock, here.cloud.site)
    question = asyncio.create_task(here.ask())
    await asked.wait()
    for key in ("b", "c"):
        assert here.known(key=key) == {VNET: UnderWay()}
    for key in ("d", "e"):
        assert here.known(OTHER, key=key) == {OTHER: UnderWay()}
    await here.ask()  # asks nothing beside it
    answer.set()
    await question
    assert here.questions == ["networks vnet-1"]
    assert here.notified == ["b", "c", "d"]  # of those for another name the first asks next


async def test_a_question_that_is_given_up_leaves_nobody_waiting() -> None:
    here = Place()
    asked = asyncio.Event()

    class Hanging(SimulatedCloud):
        async def list_named(self, collection: Collection, name: str) -> NamedRows:  # noqa: ARG002
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

    here.cloud = Hanging(here.clock)
    question = asyncio.create_task(here.ask())
    await asked.wait()
    assert here.known(key="b") == {VNET: UnderWay()}
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    assert here.notified == ["b"]
    assert here.known(key="b") == {}


async def test_the_memory_is_bounded() -> None:
    here = Place()
    for number in range(MAX_NAMES + 10):
        await here.ask(Reference(Kind.NETWORK, f"net-{number}"))
    assert len(here.names) == MAX_NAMES
    assert here.known(Reference(Kind.NETWORK, "net-0")) == {}
    assert here.known(Reference(Kind.NETWORK, f"net-{MAX_NAMES}")) != {}
