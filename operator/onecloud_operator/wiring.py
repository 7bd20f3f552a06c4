"""Wires the parts that work on objects, from the watch to the reconciler."""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import kopf

from onecloud_operator import __version__
from onecloud_operator.api.identity import PROVIDER, SERVER
from onecloud_operator.controller.awaited_secrets import AwaitedSecrets
from onecloud_operator.controller.departures import Departures
from onecloud_operator.controller.password_secrets import PasswordSecrets
from onecloud_operator.controller.providers import Providers
from onecloud_operator.controller.reconciler import Reconciler
from onecloud_operator.controller.rotated_secrets import RotatedSecrets
from onecloud_operator.controller.server_actuator import ServerActuator
from onecloud_operator.controller.server_object import SERVERS
from onecloud_operator.controller.sessions import Sessions
from onecloud_operator.controller.tenants import Tenants
from onecloud_operator.engine import loggers
from onecloud_operator.engine.backoff import Backoff
from onecloud_operator.engine.lanes import Lane
from onecloud_operator.engine.loop_shares import LoopShares
from onecloud_operator.engine.queue import Queue
from onecloud_operator.engine.tasks import Supervisor, TaskFault
from onecloud_operator.feed import Feeds
from onecloud_operator.kube import handlers
from onecloud_operator.kube.namespaces import Namespaces
from onecloud_operator.kube.resync import Resync
from onecloud_operator.kube.secrets import Secrets
from onecloud_operator.kube.store import Key, Store
from onecloud_operator.kube.watch import Watch
from onecloud_operator.kube.write_fence import guarded
from onecloud_operator.options import feed_options, sees
from onecloud_operator.process import stop_on_signals, wait_first
from onecloud_operator.provider_wiring import kinds, provider_store, provider_work
from onecloud_operator.telemetry.collectors import WorkSamples
from onecloud_operator.telemetry.health_checks import alive, ready

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from onecloud_operator.core.config import Config
    from onecloud_operator.core.resource import Resource
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.kube.cluster_addresses import ClusterAddresses
    from onecloud_operator.kube.installed_crd import InstalledCRD
    from onecloud_operator.onecloud import Endpoints
    from onecloud_operator.process import Process
    from onecloud_operator.provider_wiring import ProviderWork
    from onecloud_operator.telemetry.metrics import Metrics

logger = logging.getLogger(loggers.PROCESS)

ROTATION_ROUNDS = 5  # a Secret that a password follows is read every few minutes


async def work(  # noqa: PLR0913, PLR0917 - parts that outlive it
    process: Process,
    stop_requested: asyncio.Event,
    cluster: KubeClient,
    endpoints: Endpoints,
    cluster_addresses: ClusterAddresses,
    installed_crd: InstalledCRD,
    config: Config,
) -> None:
    """Work on every object until *stop_requested*, or until a shared part fails. Raises TaskFault."""
    settings, clock, metrics = process.settings, process.clock, process.metrics
    objects = Store(
        SERVERS,
        clock.monotonic,
        sees=partial(sees, settings),
        handover_seconds=settings.handover_seconds if settings.selector else 0.0,
    )
    departures = _departures_of(objects, process)
    kept_providers = provider_store(settings, clock)
    loop_shares, secrets = LoopShares(), Secrets(cluster.secret, clock.monotonic, settings.secret_seconds)
    sessions = Sessions(secrets, endpoints, clock.monotonic)
    namespaces = _namespaces_of(objects, cluster, process, lambda key: queue.add(key, Lane.CLOUD))
    tenants = Tenants(
        objects,
        Providers(kept_providers) if kept_providers is not None else None,
        surroundings=namespaces.of if settings.provider_namespace_selectors else None,
    )
    queue: Queue[Key] = Queue(
        clock=clock,
        backoff=Backoff(1.0, 300.0, random.random),
        workers=settings.workers,
        per_group=settings.workers_per_endpoint,
        group_of=partial(_share_of, tenants, sessions),
        loop_shares=loop_shares,
        on_pass=partial(_count_pass, metrics),
    )
    feeds: Feeds[Key] = Feeds(
        notify=queue.add,
        clock=clock,
        options=feed_options(settings),
        tenant_of=lambda key: key.namespace,
        loop_shares=loop_shares,
        on_run=lambda job, seconds, rows, failed: metrics.fed(job, seconds, rows, failed=failed),
    )
    awaited = AwaitedSecrets(secrets, lambda key: _tell_of_secret(key, queue, providers), clock)
    rotated = RotatedSecrets(
        secrets,
        partial(queue.add, lane=Lane.USER),
        clock,
        awaited.pace,
        each_seconds=ROTATION_ROUNDS * settings.secret_seconds,
    )
    passwords = PasswordSecrets(objects, sessions, awaited, rotated)
    servers = ServerActuator(
        objects=objects,
        tenants=tenants,
        cluster=cluster,
        sessions=sessions,
        awaited=awaited,
        passwords=passwords,
        feeds=feeds,
        namespaces=namespaces,
        departures=departures,
        config=config,
        monotonic=clock.monotonic,
        wall=_wall,
    )
    reconciler = Reconciler(
        actuator=servers,
        objects=objects,
        cluster=cluster,
        monotonic=clock.monotonic,
        wall=_wall,
        random=random.random,
        resync_seconds=settings.resync_seconds,
        installed_crd=installed_crd,
        on_step=metrics.stepped,
    )
    resync = Resync(
        cluster=cluster,
        objects=objects,
        queue=queue,
        namespaces=settings.namespaces,
        selector=settings.selector,
        clock=clock,
        gone=reconciler.forget,
    )
    providers = provider_work(
        process,
        kept_providers,
        servers=objects,
        cluster=cluster,
        sessions=sessions,
        awaited=awaited,
        feeds=feeds,
        tell=partial(queue.add, lane=Lane.CLOUD),
        wall=_wall,
        beginning=tenants.beginning,
    )
    watched, listeners = await kinds(
        handlers.WatchedKind(objects, queue, reconciler.forget), resync, providers
    )
    watch = Watch(
        listeners,
        monotonic=clock.monotonic,
        request_class=guarded(process.fence.check),
    )
    logger.info(
        "starting",
        extra={
            "version": __version__,
            "namespaces": ",".join(settings.namespaces) or "all",
            "selector": settings.selector or None,
            "cluster": config.cluster,
        },
    )
    supervisor = Supervisor(clock)
    supervisor.start("namespaces", namespaces.run())
    await namespaces.first()
    supervisor.start("queue", queue.run(reconciler))
    supervisor.start("resync", resync.run())
    supervisor.start("installed CRD", installed_crd.run(clock))
    supervisor.start("surroundings", cluster_addresses.run(endpoints, process.policy, clock))
    supervisor.start("awaited Secrets", awaited.run())
    supervisor.start("rotated Secrets", rotated.run())
    supervisor.start("sessions", sessions.tidy(tenants.uses, clock))
    others = providers.start(supervisor) if providers is not None else ()
    stopped = asyncio.Event()
    tasks = await kopf.spawn_tasks(
        registry=handlers.registry(watch, *watched),
        settings=handlers.settings(SERVER, PROVIDER, selector=settings.selector),
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        stop_flag=stopped,
    )
    # These replace kopf's handlers: when it ends, it waits for and then cancels every task in the loop.
    stop_on_signals(stop_requested)
    process.kopf_task = kopf_task = asyncio.create_task(
        kopf.run_tasks(tasks, ignored=asyncio.all_tasks()), name="kopf"
    )
    metrics.look = WorkSamples(
        process.standby_samples,
        queue,
        feeds,
        objects,
        endpoints,
        watch,
        clock.monotonic,
        installed_crd,
        config.cluster,
        of_providers=providers.samples if providers is not None else lambda: iter(()),
    )
    process.health.alive.update(
        alive(supervisor, cluster, watch, feeds, queue, *others, watch_ended=kopf_task.done)
    )
    process.health.ready.update(ready(objects, watch))
    try:
        await wait_first(kopf_task, supervisor.fault())
        raise TaskFault("kopf: ended, though it must not")
    finally:
        process.health.alive.clear()  # what ends from now on was asked to
        metrics.look = process.standby_samples
        await supervisor.close()
        await feeds.close()
        await sessions.close()
        stopped.set()


def _wall() -> datetime:
    return datetime.now(UTC)


def _departures_of(objects: Store[Resource], process: Process) -> Departures:
    """Return what counts the objects that were asked away."""
    settings = process.settings
    made = Departures(
        process.clock.monotonic,
        settings.mass_deletion_floor,
        settings.mass_deletion_percent / 100.0,
        complete=lambda: objects.complete,
        parsed=objects.get,
    )
    objects.follow = made.follow
    return made


def _namespaces_of(
    objects: Store[Resource], cluster: KubeClient, process: Process, tell: Callable[[Key], None]
) -> Namespaces:
    """Return what follows the namespaces, and tells their objects."""
    return Namespaces(
        cluster,
        process.settings.namespaces,
        objects_in=objects.keys_in,
        tell=tell,
        clock=process.clock,
        random=random.random,
    )


def _share_of(tenants: Tenants, sessions: Sessions, key: Key) -> tuple[Hashable, Hashable]:
    """
    Return the tenant and the endpoint of an object.

    Tenants are namespaces, since users cannot create these freely. A user can name any number of endpoints,
    so those of a namespace share its workers.
    """
    secret = tenants.secret_of(key)
    return key.namespace, (secret and sessions.endpoint_of(secret)) or secret or key


def _tell_of_secret(key: Key, servers: Queue[Key], providers: ProviderWork | None) -> None:
    """Have an object looked at whose Secret has changed: a provider has no namespace, a server has one."""
    queue = servers if key.namespace or providers is None else providers.queue
    queue.add(key, Lane.USER)


def _count_pass(metrics: Metrics, lane: Lane, waited: float, seconds: float, failed: bool) -> None:  # noqa: FBT001 - a callback
    metrics.passed(lane.name.lower(), waited, seconds, failed=failed)
