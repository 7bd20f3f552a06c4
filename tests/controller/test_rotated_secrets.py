"""The Secrets that passwords follow are read every few minutes, at a rate that is one for the process."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from onecloud_operator.controller.awaited_secrets import EACH_SECONDS as AWAITED_SECONDS
from onecloud_operator.controller.awaited_secrets import READS_PER_SECOND, AwaitedSecrets
from onecloud_operator.controller.rotated_secrets import RotatedSecrets, Version
from onecloud_operator.kube.calls import KubeError, KubeNotFound
from onecloud_operator.kube.secrets import Part, Secrets
from onecloud_operator.kube.store import Key
from tests.engine.simulated import SimulatedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WEB, DB = Key("shop", "web", "u-1"), Key("shop", "db", "u-2")
LOGIN = Part("shop", "login", "password", 64)
EACH_SECONDS = 300.0


class Scene:
    """The Secrets that there are, by their versions, who reads them, and who is told."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.versions: dict[tuple[str, str], str | KubeError] = {}
        self.reads: list[tuple[float, str, str]] = []
        self.told: list[Key] = []
        secrets = Secrets(self._read, self.clock.monotonic, 60.0)
        self.awaited = AwaitedSecrets(secrets, self.told.append, self.clock)
        self.rotated = RotatedSecrets(
            secrets, self.told.append, self.clock, self.awaited.pace, each_seconds=EACH_SECONDS
        )

    async def _read(self, namespace: str, name: str) -> dict[str, Any]:
        self.reads.append((self.clock.now, namespace, name))
        found = self.versions.get((namespace, name), KubeNotFound("no Secret", 404))
        if isinstance(found, KubeError):
            raise found
        return {
            "metadata": {"uid": f"uid-{name}", "resourceVersion": found},
            "data": {"password": "c2VjcmV0"},
        }


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    reading = [asyncio.create_task(each.run()) for each in (made.rotated, made.awaited)]
    try:
        yield made
    finally:
        for each in reading:
            each.cancel()
        await asyncio.wait(reading)


async def test_nothing_is_read_while_nothing_is_followed() -> None:
    async with scene() as s:
        s.rotated.follow(WEB, LOGIN)
        s.rotated.follow(WEB, None)
        await s.clock.advance(600.0)
        assert s.reads == []
        assert len(s.rotated) == 0


async def test_a_secret_is_read_at_once_and_then_every_few_minutes_and_told_when_it_has_changed() -> None:
    async with scene() as s:
        s.versions["shop", "login"] = "7"
        s.rotated.follow(WEB, LOGIN)
        s.rotated.follow(DB, LOGIN)
        assert s.rotated.seen(WEB) is None
        await s.clock.advance(1.0)
        assert s.rotated.seen(WEB) == Version("uid-login", "7")
        assert s.told == [WEB, DB]
        s.told.clear()
        await s.clock.advance(2 * EACH_SECONDS)
        assert len(s.reads) == 3
        assert s.told == []
        s.versions["shop", "login"] = "8"
        await s.clock.advance(EACH_SECONDS + 1.0)
        assert s.told == [WEB, DB]
        assert s.rotated.seen(DB) == Version("uid-login", "8")


async def test_one_that_is_not_there_is_an_answer_and_one_without_an_answer_is_none() -> None:
    async with scene() as s:
        s.rotated.follow(WEB, LOGIN)
        await s.clock.advance(1.0)
        assert s.rotated.seen(WEB) == Version()
        s.versions["shop", "login"] = KubeError("no answer")
        await s.clock.advance(EACH_SECONDS + 1.0)
        assert s.rotated.seen(WEB) == Version()


async def test_the_secrets_of_one_namespace_do_not_delay_those_of_another() -> None:
    async with scene() as s:
        for number in range(200):
            s.rotated.follow(Key("shop", f"w-{number}", f"u{number}"), Part("shop", f"s{number}", "p", 64))
        s.rotated.follow(Key("bank", "till", "u-9"), Part("bank", "login", "p", 64))
        await s.clock.advance(1.0)
        assert ("bank", "login") in [(namespace, name) for _, namespace, name in s.reads]


async def test_all_of_them_together_have_one_rate() -> None:
    async with scene() as s:
        for number in range(100):
            part = Part(f"ns-{number % 7}", f"s{number}", "p", 64)
            s.rotated.follow(Key(part.namespace, "web", f"u{number}"), part)
        await s.clock.advance(60.0)
        times = [at for at, _, _ in s.reads]
        assert len(times) == 100
        assert all(later - earlier >= 0.999 / READS_PER_SECOND for earlier, later in pairwise(times))


async def test_the_rate_is_one_with_that_of_awaited_secrets_and_both_take_turns() -> None:
    async with scene() as s:
        for number in range(1000):
            key = Key("shop", f"w-{number}", f"u{number}")
            s.rotated.follow(key, Part("shop", f"rotated-{number}", "p", 64))
            s.awaited.credentials(key, Part("shop", f"awaited-{number}"))
        await s.clock.advance(AWAITED_SECONDS)
        s.reads.clear()
        await s.clock.advance(60.0)
        times = [at for at, _, _ in s.reads]
        assert len(times) == 60.0 * READS_PER_SECOND
        assert all(later - earlier >= 0.999 / READS_PER_SECOND for earlier, later in pairwise(times))
        kinds = [name.partition("-")[0] for _, _, name in s.reads]
        assert kinds.count("awaited") == kinds.count("rotated")


async def test_who_has_nothing_due_takes_no_turn_of_the_others() -> None:
    async with scene() as s:
        s.rotated.follow(WEB, LOGIN)
        for number in range(100):
            s.awaited.credentials(Key("shop", f"w-{number}", f"u{number}"), Part("shop", f"s-{number}"))
        await s.clock.advance(AWAITED_SECONDS + 1.0)
        s.reads.clear()
        await s.clock.advance(10.0)
        assert len(s.reads) == 10.0 * READS_PER_SECOND


async def test_one_that_is_followed_again_is_not_read_twice_as_often() -> None:
    async with scene() as s:
        for _ in range(5):
            s.rotated.follow(WEB, LOGIN)
            s.rotated.follow(WEB, None)
        s.rotated.follow(WEB, LOGIN)
        await s.clock.advance(1.0)
        assert len(s.reads) == 1
