"""What is kept of an object that goes while it is worked on, nothing, and of a pass that fails."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.reasons import Reason
from onecloud_operator.controller.awaited_secrets import AwaitedSecrets
from onecloud_operator.controller.departures import Departures
from onecloud_operator.controller.password_secrets import PasswordSecrets
from onecloud_operator.controller.reconciler import Reconciler
from onecloud_operator.controller.rotated_secrets import RotatedSecrets
from onecloud_operator.controller.server_actuator import ServerActuator
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.controller.sessions import Opened
from onecloud_operator.controller.tenants import Tenants
from onecloud_operator.core.config import Config
from onecloud_operator.core.facts import Facts, Memory
from onecloud_operator.core.resource import Resource
from onecloud_operator.core.retry_state import Refusal
from onecloud_operator.core.surroundings import Surroundings
from onecloud_operator.core.values import Place, Problem
from onecloud_operator.feed import FeedOptions, Feeds
from onecloud_operator.kube.calls import KubeConflict, KubeError, KubeNotFound
from onecloud_operator.kube.namespaces import Namespaces
from onecloud_operator.kube.secrets import Part, Secrets
from onecloud_operator.kube.store import Key, Store
from tests.core.providers import SHARED
from tests.engine.simulated import SimulatedClock

if TYPE_CHECKING:
    from collections.abc import Callable

BODY: dict[str, Any] = {
    "metadata": {
        "namespace": "shop",
        "name": "web",
        "uid": "11111111-1111-4111-8111-111111111111",
        "resourceVersion": "1",
        "generation": 1,
    },
    "spec": {
        "credentialsRef": {"name": "s"},
        "server": {"cpu": 1, "memory": "1Gi", "image": "i", "networks": [{"network": "n"}]},
    },
}


class Clouds:
    """Secrets that are not there."""

    def endpoint_of(self, _secret: object) -> str:
        return "e"

    async def open(self, *_: object, **__: object) -> Problem:
        return Problem(Reason.SECRET_NOT_FOUND, "There is none.")


class Cluster:
    """An API server that fails while the watch tells that the object is gone."""

    def __init__(self, error: KubeError) -> None:
        self.error = error
        self.reconciler: Reconciler[Any, Any, Any, Any, Any] | None = None

    async def write_status(self, reference: Any, _status: object) -> None:
        await asyncio.sleep(0)
        assert self.reconciler is not None
        key = Key(reference.namespace, reference.name, reference.uid)
        self.reconciler.objects.drop(key)
        self.reconciler.forget(key)
        raise self.error

    async def read(self, *_: object) -> None:
        raise KubeNotFound("gone", 404)


async def _nothing(_namespace: str, _name: str) -> Any:
    raise KubeNotFound("no Secret", 404)


class Definition:
    status = None


@pytest.mark.parametrize("error", [KubeConflict("x", 409), KubeError("no answer"), KubeError("x", 422)])
async def test_nothing_is_kept_of_an_object_that_goes_while_its_status_is_written(
    error: KubeError,
) -> None:
    clock = SimulatedClock()
    objects, cluster = Store(SERVERS, clock.monotonic), Cluster(error)
    fakes: dict[str, Any] = {"cluster": cluster, "sessions": Clouds()}
    definition: Any = Definition()
    times: dict[str, Any] = {"monotonic": clock.monotonic, "wall": lambda: datetime.now(UTC)}
    secrets = Secrets(_nothing, clock.monotonic, 60.0)
    awaited = AwaitedSecrets(secrets, lambda _key: None, clock)
    rotated = RotatedSecrets(secrets, lambda _key: None, clock, awaited.pace, each_seconds=300.0)
    actuator = ServerActuator(
        objects=objects,
        tenants=Tenants(objects),
        awaited=awaited,
        passwords=PasswordSecrets(objects, fakes["sessions"], awaited, rotated),
        feeds=Feeds(notify=lambda *_: None, clock=clock, options=FeedOptions()),
        namespaces=namespaces(clock),
        departures=Departures(clock.monotonic),
        config=Config(cluster="c"),
        **times,
        **fakes,
    )
    reconciler = cluster.reconciler = Reconciler(
        actuator=actuator,
        objects=objects,
        cluster=fakes["cluster"],
        installed_crd=definition,
        random=lambda: 0.5,
        resync_seconds=1800.0,
        **times,
    )
    key = objects.heard(BODY, listed=False)
    assert key is not None
    assert await reconciler(key) is None
    assert not reconciler._known  # noqa: SLF001 - that nothing is kept is the point
    assert not reconciler._backoff._failures  # noqa: SLF001
    assert not actuator._observer._watching  # noqa: SLF001
    assert len(awaited) == len(rotated) == 0


class Flaky:
    """Sessions behind an API server that does not answer at first."""

    def __init__(self) -> None:
        self.failures = [KubeError("no answer")]

    async def open(self, *_: object, **__: object) -> Problem:
        if self.failures:
            raise self.failures.pop()
        return Problem(Reason.SECRET_NOT_FOUND, "There is none.")


def namespaces(clock: SimulatedClock) -> Namespaces:
    """Return the namespaces before anything was heard of them."""
    cluster: Any = None
    return Namespaces(
        cluster, (), objects_in=lambda _: (), tell=lambda _: None, clock=clock, random=lambda: 0.5
    )


def _actuator(sessions: Any, body: dict[str, Any]) -> tuple[ServerActuator, Key, Resource]:
    """Return an actuator with *sessions*, and the object of *body* that it knows."""
    clock, fakes = SimulatedClock(), {"cluster": None, "sessions": sessions}
    objects = Store(SERVERS, clock.monotonic)
    arguments: dict[str, Any] = {"objects": objects, "monotonic": clock.monotonic, **fakes}
    secrets = Secrets(_nothing, clock.monotonic, 60.0)
    awaited = AwaitedSecrets(secrets, lambda _key: None, clock)
    rotated = RotatedSecrets(secrets, lambda _key: None, clock, awaited.pace, each_seconds=300.0)
    actuator = ServerActuator(
        tenants=Tenants(objects),
        awaited=awaited,
        passwords=PasswordSecrets(objects, sessions, awaited, rotated),
        feeds=Feeds(notify=lambda *_: None, clock=clock, options=FeedOptions()),
        namespaces=namespaces(clock),
        departures=Departures(clock.monotonic),
        config=Config(cluster="c"),
        wall=lambda: datetime.now(UTC),
        **arguments,
    )
    key = objects.heard(body, listed=False)
    assert key is not None
    found = objects.get(key)
    assert found is not None
    return actuator, key, found


async def test_that_a_secret_has_changed_is_not_forgotten_by_a_pass_that_fails() -> None:
    """Else the refusal that the change may cure would hold for minutes."""
    actuator, key, found = _actuator(Flaky(), BODY)
    refusal = Refusal(Problem(Reason.FORBIDDEN, "no"), intent="1//False", until=300.0, count=1, since=0.0)
    memory = Memory(born_at=0.0, refusals={"Create": refusal})
    actuator.awaited.note_change(key)
    with pytest.raises(KubeError):
        await actuator.observe(key, found, memory)
    assert not (await actuator.observe(key, found, memory)).memory.refusals


class Slow:
    """Sessions that take a while to open, in which something happens."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] = lambda: None

    def endpoint_of(self, secret: tuple[str, str]) -> None:
        """Return where a Secret leads to: it was not read."""

    async def open(self, *_: object, **__: object) -> Opened:
        self.meanwhile()
        cloud: Any = None
        return Opened(cloud, Place("https://cloud.example.com/v3", "r", "p"))


@pytest.mark.parametrize("changes", [{"deleting": True}, {"frozen": True}, {"servers_limit": 0}])
async def test_nothing_is_decided_by_what_a_provider_was_before_a_secret_was_read(
    changes: dict[str, Any],
) -> None:
    """A deleted one may be let go as soon as nobody has begun a server of it."""
    spec = {"providerRef": {"name": SHARED.name}, "server": BODY["spec"]["server"]}
    actuator, key, found = _actuator(sessions := Slow(), {"metadata": BODY["metadata"], "spec": spec})
    assert found.flaw is None
    actuator.objects.complete = True
    providers = {SHARED.name: SHARED}
    known: Any = SimpleNamespace(complete=True, named=providers.get, names=lambda _secret: True)
    actuator.tenants.providers = known

    def change() -> None:
        providers[SHARED.name] = replace(SHARED, **changes)

    sessions.meanwhile = change
    with pytest.raises(KubeConflict, match="the provider of shop/"):
        await actuator.observe(key, found, Memory())


class Empty:
    """Secrets that lack what is asked for; *asked*: for which."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    async def value(self, *what: object) -> Problem:
        self.asked.append(what)
        return Problem(Reason.SECRET_NOT_FOUND, "There is none.")


LOGIN = {"secretKeyRef": {"name": "login", "key": "password"}}
DELETED = {"deletionTimestamp": "2026-11-23T12:00:00Z", "finalizers": ["onecloud.io/server"]}
OBSERVES = {"managementPolicy": "Observe", "adoption": {"id": "fd86411b-4bca-47a2-84f9-82f0170dce4c"}}


@pytest.mark.parametrize(
    ("metadata", "policies", "reads"),
    [({}, {}, 1), (DELETED, {}, 0), ({}, OBSERVES, 0)],
    ids=["makes", "is-deleted", "observes"],
)
async def test_the_secrets_of_a_new_server_are_read_and_awaited_only_for_who_may_make_one(
    metadata: dict[str, Any], policies: dict[str, Any], reads: int
) -> None:
    server = {**BODY["spec"]["server"], "passwordFrom": LOGIN}
    spec = {**BODY["spec"], "server": server, **policies}
    body = {"metadata": {**BODY["metadata"], **metadata}, "spec": spec}
    actuator, key, found = _actuator(sessions := Empty(), body)
    assert found.flaw is None
    if not reads:
        actuator.awaited.values(key, [Part("shop", "login", "password", 64)])  # from before the edit
    facts = Facts(found, 0.0, datetime.now(UTC), actuator.config, Memory())
    await actuator._lacking(key, facts)  # noqa: SLF001 - what it reads is the point
    assert len(sessions.asked) == reads
    assert len(actuator.awaited) == reads


class SlowValue(Slow):
    """Sessions whose Secrets take a while to read, in which something happens."""

    async def open(self, *_: object, **__: object) -> Opened:
        cloud: Any = None
        return Opened(cloud, Place("https://cloud.example.com/v3", "r", "p"))

    async def value(self, *_: object) -> str:
        self.meanwhile()
        return "x"


async def test_a_freeze_that_comes_while_a_secret_is_read_counts() -> None:
    """The API server may take its time for the Secret, and somebody freezes since all burns."""
    spec = {**BODY["spec"], "server": {**BODY["spec"]["server"], "userDataFrom": LOGIN}}
    actuator, key, found = _actuator(sessions := SlowValue(), {"metadata": BODY["metadata"], "spec": spec})
    around = [Surroundings()]
    names: Any = SimpleNamespace(of=lambda _namespace: around[-1])
    actuator.namespaces = names
    sessions.meanwhile = lambda: around.append(Surroundings(frozen_by="the annotation x"))
    observer: Any = SimpleNamespace(look=lambda _key, facts, _opened: (facts, None), leave=lambda _key: None)
    actuator._observer = observer  # noqa: SLF001 - what it is given is the point

    seen = await actuator.observe(key, found, Memory())
    assert len(around) > 1, "the Secret was read"
    assert seen.facts.surroundings.frozen_by == "the annotation x"
