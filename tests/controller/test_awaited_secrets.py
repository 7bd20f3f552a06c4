"""A corrected Secret is found within seconds, at a rate that is one for the process."""

from __future__ import annotations

import asyncio
import base64
from collections import Counter
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from onecloud_operator.controller.awaited_secrets import EACH_SECONDS, READS_PER_SECOND, AwaitedSecrets
from onecloud_operator.kube.calls import KubeError, KubeForbidden, KubeNotFound
from onecloud_operator.kube.secrets import Part, Secrets
from onecloud_operator.kube.store import Key
from tests.engine.simulated import SimulatedClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WEB, DB, OTHER = Key("shop", "web", "u-1"), Key("shop", "db", "u-2"), Key("bank", "till", "u-3")
SECRET = Part("shop", "onecloud")
LOGIN = Part("shop", "login", "password", 64)


class Scene:
    """The Secrets that there are, who reads them, and who is told."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.values: dict[tuple[str, str], dict[str, str] | KubeError] = {}
        self.reads: list[tuple[float, str, str]] = []
        self.told: list[Key] = []
        self.secrets = Secrets(self._read, self.clock.monotonic, 60.0)
        self.awaited = AwaitedSecrets(self.secrets, self.told.append, self.clock)

    async def _read(self, namespace: str, name: str) -> dict[str, Any]:
        self.reads.append((self.clock.now, namespace, name))
        found = self.values.get((namespace, name), KubeNotFound("no Secret", 404))
        if isinstance(found, KubeError):
            raise found
        return {"data": {key: base64.b64encode(value.encode()).decode() for key, value in found.items()}}

    async def seen(self, part: Part) -> None:
        """Read *part* as a pass does that fails for it."""
        try:
            if part.key:
                await self.secrets.value(part.namespace, part.name, part.key, part.max_bytes)
            else:
                await self.secrets.data(part.namespace, part.name)
        except KubeError:
            pass


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    reading = asyncio.create_task(made.awaited.run())
    try:
        yield made
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def test_nothing_is_read_while_nothing_waits() -> None:
    async with scene() as s:
        await s.clock.advance(600.0)
        assert s.reads == []


async def test_a_secret_that_is_made_is_found_within_seconds() -> None:
    async with scene() as s:
        await s.seen(SECRET)
        s.awaited.credentials(WEB, SECRET)
        await s.clock.advance(60.0)
        assert s.told == []
        s.values["shop", "onecloud"] = {"OS_AUTH_URL": "https://cloud.example"}
        await s.clock.advance(EACH_SECONDS + 1.0)
        assert s.told == [WEB]
        assert s.awaited.changed(WEB)
        assert not s.awaited.changed(WEB), "once"


async def test_a_corrected_value_is_found_and_remembered_for_the_pass_that_follows() -> None:
    async with scene() as s:
        s.values["shop", "login"] = {"password": ""}
        await s.seen(LOGIN)
        s.awaited.values(WEB, [LOGIN])
        s.values["shop", "login"] = {"password": "Sesam-0ffne-dich"}
        await s.clock.advance(EACH_SECONDS + 1.0)
        assert s.told == [WEB]
        reads = len(s.reads)
        found = await s.secrets.value("shop", "login", "password", 64)
        assert found is not None
        assert found.get_secret_value() == "Sesam-0ffne-dich"
        assert len(s.reads) == reads


async def test_what_is_said_of_another_key_of_the_secret_tells_nobody() -> None:
    async with scene() as s:
        s.values["shop", "login"] = {"password": ""}
        await s.seen(LOGIN)
        s.awaited.values(WEB, [LOGIN])
        s.values["shop", "login"] = {"password": "", "note": "changed"}
        await s.clock.advance(60.0)
        assert s.told == []


async def test_a_right_that_is_given_is_found() -> None:
    async with scene() as s:
        s.values["shop", "onecloud"] = KubeForbidden("no", 403)
        await s.seen(SECRET)
        s.awaited.credentials(WEB, SECRET)
        s.values["shop", "onecloud"] = {"OS_AUTH_URL": "https://cloud.example"}
        await s.clock.advance(EACH_SECONDS + 1.0)
        assert s.told == [WEB]


async def test_an_api_server_that_does_not_answer_tells_nobody_and_is_asked_again() -> None:
    async with scene() as s:
        await s.seen(SECRET)
        s.awaited.credentials(WEB, SECRET)
        s.values["shop", "onecloud"] = KubeError("no answer")
        await s.clock.advance(60.0)
        assert s.told == []
        s.values["shop", "onecloud"] = {"OS_AUTH_URL": "https://cloud.example"}
        await s.clock.advance(EACH_SECONDS + 1.0)
        assert s.told == [WEB]


async def test_all_who_wait_for_one_secret_are_told_of_one_read() -> None:
    async with scene() as s:
        await s.seen(SECRET)
        keys = [Key("shop", f"web-{number}", f"u-{number}") for number in range(1000)]
        for key in keys:
            s.awaited.credentials(key, SECRET)
        s.reads.clear()
        s.values["shop", "onecloud"] = {"OS_AUTH_URL": "https://cloud.example"}
        await s.clock.advance(EACH_SECONDS + 1.0)
        assert s.told == keys
        assert len(s.reads) == 1


async def test_the_reads_have_one_rate_and_namespaces_take_turns() -> None:
    async with scene() as s:
        for number in range(1000):
            s.awaited.credentials(Key("shop", f"web-{number}", f"u-{number}"), Part("shop", f"s-{number}"))
        s.awaited.credentials(OTHER, Part("bank", "onecloud"))
        await s.clock.advance(100.0)
        assert len(s.reads) <= 100.0 * READS_PER_SECOND + 1
        by_second = Counter(int(at) for at, _, _ in s.reads)
        assert max(by_second.values()) <= READS_PER_SECOND + 1
        of_bank = [at for at, namespace, _ in s.reads if namespace == "bank"]
        waits = [after - before for before, after in pairwise(of_bank)]
        assert max(waits) <= EACH_SECONDS + 1.0, "a thousand Secrets of another namespace delay it by nothing"


async def test_who_waits_no_longer_is_not_told_and_costs_no_read() -> None:
    async with scene() as s:
        await s.seen(SECRET)
        s.awaited.credentials(WEB, SECRET)
        s.awaited.credentials(DB, SECRET)
        s.awaited.values(DB, [LOGIN])
        s.awaited.credentials(WEB, None)
        s.awaited.values(DB)
        s.values["shop", "onecloud"] = {"OS_AUTH_URL": "https://cloud.example"}
        await s.clock.advance(EACH_SECONDS + 1.0)
        assert s.told == [DB]
        s.awaited.forget(DB)
        assert len(s.awaited) == 0
        assert not s.awaited.changed(DB)
        s.reads.clear()
        await s.clock.advance(60.0)
        assert s.reads == []


async def test_who_waits_for_another_secret_leaves_the_one_before() -> None:
    async with scene() as s:
        s.awaited.credentials(WEB, SECRET)
        s.awaited.credentials(WEB, Part("shop", "another"))
        assert len(s.awaited) == 1
        await s.clock.advance(EACH_SECONDS + 1.0)
        assert {name for _, _, name in s.reads} == {"another"}


async def test_a_secret_that_is_both_is_let_go_when_neither_is_waited_for() -> None:
    async with scene() as s:
        s.awaited.credentials(WEB, LOGIN)
        s.awaited.values(WEB, [LOGIN])
        s.awaited.credentials(WEB, None)
        assert len(s.awaited) == 1
        s.awaited.values(WEB)
        assert len(s.awaited) == 0


def test_a_digest_tells_values_apart_and_shows_none() -> None:
    clock = SimulatedClock()

    async def read(_namespace: str, _name: str) -> dict[str, Any]:
        raise KubeNotFound("no Secret", 404)

    secrets = Secrets(read, clock.monotonic, 60.0)
    assert secrets.digest(SECRET) is None
    missing = asyncio.run(secrets.look_again(SECRET))
    assert secrets.digest(SECRET) == missing
    assert len(missing) == 16
