"""Wires the parts that work on OneCloudProviders, where the cluster is watched and the kind is there."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from onecloud_operator.api.identity import PROVIDER, SERVER
from onecloud_operator.api.provider_crd import DEFINITION
from onecloud_operator.controller.provider_actuator import ProviderActuator
from onecloud_operator.controller.provider_object import provider_kind
from onecloud_operator.controller.reconciler import Reconciler
from onecloud_operator.election.kubernetes_lease import own_namespace
from onecloud_operator.engine import loggers
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.queue import Queue
from onecloud_operator.engine.tasks import TaskFault
from onecloud_operator.kube.calls import KubeError, KubeNotFound
from onecloud_operator.kube.handlers import WatchedKind
from onecloud_operator.kube.installed_crd import InstalledCRD
from onecloud_operator.kube.resync import Resync
from onecloud_operator.kube.store import Key, Store
from onecloud_operator.telemetry.provider_samples import ProviderSamples

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from typing import Any

    from onecloud_operator.controller.awaited_secrets import AwaitedSecrets
    from onecloud_operator.controller.sessions import Sessions
    from onecloud_operator.core.provider_facts import ProviderObject
    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.engine.tasks import Supervisor
    from onecloud_operator.feed import Feeds
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.process import Process
    from onecloud_operator.settings import Settings

logger = logging.getLogger(loggers.PROCESS)

Kinds = tuple[tuple[WatchedKind, ...], dict[str, Resync]]

WORKERS = 16  # each may wait for a cloud that hangs
FIRST_LOOKS = 3  # at a definition that was made together with the operator
FIRST_SECONDS = 1.0
AGAIN_SECONDS = 10.0  # between two looks for a definition that is to come


def provider_store(settings: Settings, clock: Clock) -> Store[ProviderObject] | None:
    """Return where providers are kept; None where only some namespaces are watched."""
    if settings.namespaces:
        return None
    own = own_namespace()
    namespaces = frozenset({*settings.provider_secret_namespaces, *((own,) if own is not None else ())})
    handover_seconds = settings.handover_seconds if settings.selector else 0.0
    return Store(provider_kind(namespaces), clock.monotonic, handover_seconds=handover_seconds)


@dataclass(slots=True)
class ProviderWork:
    """The parts. *served*: the kind is there, so that its objects are watched."""

    objects: Store[ProviderObject]
    queue: Queue[Key]
    reconciler: Reconciler[Any, Any, Any, Any, Any]
    resync: Resync
    installed_crd: InstalledCRD
    clock: Clock
    served: bool = False

    @property
    def samples(self) -> ProviderSamples:
        """What is measured of the providers."""
        return ProviderSamples(self.objects)

    @property
    def watched(self) -> WatchedKind:
        """How its watch is heard."""
        return WatchedKind(self.objects, self.queue, self.reconciler.forget)

    async def look(self) -> bool:
        """
        Return whether the definition is served and keeps all that is recorded.

        The operator goes on without: it was there before providers were.
        """
        for number in range(FIRST_LOOKS):
            if number:
                await self.clock.sleep(FIRST_SECONDS)
            try:
                await self.installed_crd.look()
            except KubeNotFound:
                continue
            except KubeError as error:
                logger.warning("the CRD of OneCloudProvider cannot be used", extra={"error": str(error)})
            if self.installed_crd.status is not None:
                self.served = True
                return True
        logger.warning(
            "OneCloudProvider is not known to the API server, so there are none: install its CRD "
            "(kubectl apply --server-side -k crds/)"
        )
        return False

    def start(self, supervisor: Supervisor) -> tuple[Queue[Key], ...]:
        """Begin to work on the providers, or to wait for their definition; return the queues."""
        if not self.served:
            supervisor.start("CRD of providers", self._await_definition())
            return ()
        supervisor.start("queue of providers", self.queue.run(self.reconciler))
        supervisor.start("resync of providers", self.resync.run())
        supervisor.start("installed CRD of providers", self.installed_crd.run(self.clock))
        return (self.queue,)

    async def _await_definition(self) -> None:
        """Wait for the definition. Raises TaskFault then: what is watched is settled at the start."""
        while self.installed_crd.status is None:
            await self.clock.sleep(AGAIN_SECONDS)
            try:
                await self.installed_crd.look()
            except KubeError as error:
                logger.debug("failed to read the installed CRD", extra={"error": str(error)})
        logger.warning("OneCloudProvider is known to the API server now: the operator starts anew for it")
        raise TaskFault("the CRD of OneCloudProvider was installed")


def provider_work(  # noqa: PLR0913 - its dependencies
    process: Process,
    objects: Store[ProviderObject] | None,
    *,
    servers: Store[Any],
    cluster: KubeClient,
    sessions: Sessions,
    awaited: AwaitedSecrets,
    feeds: Feeds[Key],
    tell: Callable[[Key], None],
    wall: Callable[[], datetime],
    beginning: Callable[[str], Iterable[Key]] = lambda _provider: (),
) -> ProviderWork | None:
    """
    Return the parts, None where no providers are kept.

    *tell* is called with each server whose provider came, went or changed.
    """
    if objects is None:
        return None
    settings, clock = process.settings, process.clock
    queue: Queue[Key] = Queue(
        clock=clock, backoff=Backoff(1.0, 300.0, random.random), workers=WORKERS, per_group=WORKERS
    )
    installed_crd = InstalledCRD(cluster, DEFINITION)
    actuator = ProviderActuator(
        objects=objects,
        servers=servers,
        cluster=cluster,
        sessions=sessions,
        awaited=awaited,
        feeds=feeds,
        tell=tell,
        clock=clock,
        wall=wall,
        beginning=beginning,
    )
    reconciler = Reconciler(
        actuator=actuator,
        objects=objects,
        cluster=cluster,
        installed_crd=installed_crd,
        monotonic=clock.monotonic,
        wall=wall,
        random=random.random,
        resync_seconds=settings.resync_seconds,
        on_step=process.metrics.stepped,
    )

    def completed() -> None:
        """Tell those that name a provider that is not there: they wait for all to be known."""
        for key in servers.by_provider.every():
            tell(key)

    resync = Resync(
        cluster=cluster,
        objects=objects,
        queue=queue,
        namespaces=(),
        selector=settings.selector,
        clock=clock,
        gone=reconciler.forget,
        completed=completed,
    )
    servers.by_provider.released = lambda name: _look_again(objects, queue, name)
    return ProviderWork(objects, queue, reconciler, resync, installed_crd, clock)


async def kinds(servers: WatchedKind, resync: Resync, work: ProviderWork | None) -> Kinds:
    """Return what is watched, and what is told of the lists of it."""
    told = {SERVER.plural: resync}
    if work is None or not await work.look():
        return (servers,), told
    return (servers, work.watched), {**told, PROVIDER.plural: work.resync}


def _look_again(objects: Store[ProviderObject], queue: Queue[Key], name: str) -> None:
    """Have a provider looked at of which no object has a server any more: it may be waiting to go."""
    key = objects.named(name)
    found = objects.get(key) if key is not None else None
    if key is not None and found is not None and found.deleting:
        queue.add(key, Lane.CLOUD)
