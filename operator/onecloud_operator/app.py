"""Wires the parts and owns their lives: probes and metrics, the lease, then the work."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
from contextlib import AsyncExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import kopf
from kubernetes.aio.client import ApiClient

from onecloud_operator import __version__, connection, handlers
from onecloud_operator.census import Census
from onecloud_operator.clouds import Clouds
from onecloud_operator.cluster import PLURAL, Cluster
from onecloud_operator.credentials import Secrets
from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.engine.fault import text_of_fault
from onecloud_operator.engine.groups import Lane
from onecloud_operator.engine.lease import Election, Fence
from onecloud_operator.engine.limits import Backoff
from onecloud_operator.engine.queue import Queue
from onecloud_operator.engine.tasks import Supervisor, TaskFault
from onecloud_operator.feed import Feeds
from onecloud_operator.guard import guarded
from onecloud_operator.leadership import election_of, leading
from onecloud_operator.measures import Standing, Working, telling
from onecloud_operator.metrics import CONTENT_TYPE, Metrics
from onecloud_operator.objects import Key, Objects
from onecloud_operator.onecloud import Endpoints
from onecloud_operator.options import address_policy, config_of, feed_options, sees
from onecloud_operator.preflight import check_selector, cluster_id, compare, served
from onecloud_operator.probes import Health, Heartbeat, Page, Server
from onecloud_operator.reconcile import Reconciler
from onecloud_operator.settings import PREFIX, SettingsError
from onecloud_operator.watch import Watch
from onecloud_operator.watchdogs import alive, ready

if TYPE_CHECKING:
    from collections.abc import Awaitable, Hashable, Mapping

    from kubernetes.aio.client import Configuration

    from onecloud_operator.core.facts import Config
    from onecloud_operator.settings import Settings

logger = logging.getLogger(__name__)

STOP_SECONDS = 10.0  # for kopf to end its tasks, after the workers have drained


@dataclass(slots=True)
class Shell:
    """What every process has, leading or not."""

    settings: Settings
    configuration: Configuration
    fence: Fence
    election: Election | None
    metrics: Metrics
    health: Health = field(default_factory=Health)
    clock: SystemClock = field(default_factory=SystemClock)
    watching: asyncio.Task[None] | None = None

    @property
    def standing(self) -> Standing:
        """Return what is measured of a process that does not work."""
        return Standing(self.fence, self.election)


async def run(settings: Settings) -> None:
    """Run the operator until a signal stops it, or a bug in a shared part brings it down."""
    asked = asyncio.Event()
    _on_signals(asked)
    async with AsyncExitStack() as stack:
        metrics = Metrics(__version__)
        configuration = await connection.configuration()
        election: Election | None = None
        if settings.leader_election:
            apart = Cluster(ApiClient(configuration), metrics.called)
            stack.push_async_callback(apart.close)
            election = election_of(settings, apart)
        fence = election.fence if election else Fence.opened()
        shell = Shell(settings, await connection.configuration(), fence, election, metrics)
        session = {**(configuration.client_session_kwargs or {}), "request_class": guarded(fence.check)}
        shell.configuration.client_session_kwargs = session
        metrics.look = shell.standing
        await _serve(shell, stack)
        work = asyncio.ensure_future(_lead(shell, asked))
        try:
            await _first(work, asked.wait())
        finally:
            if not work.done():
                logger.info("stopping")
                shell.health.role = "stopping"
                work.cancel()
                await asyncio.wait([work])
                if not work.cancelled():
                    work.result()


def _on_signals(asked: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)


async def _serve(shell: Shell, stack: AsyncExitStack) -> None:
    """Answer probes and scrapes from now on."""
    settings, health, metrics = shell.settings, shell.health, shell.metrics
    heartbeat = Heartbeat(shell.clock.monotonic, metrics.lagged)
    beating = asyncio.create_task(heartbeat.run(), name="heartbeat")
    stack.callback(beating.cancel)
    health.alive["event loop"] = heartbeat.check
    if settings.listen_port == 0:
        return
    pages = {
        "/healthz": health.healthz,
        "/readyz": health.readyz,
        "/metrics": lambda: Page(metrics.render(), content_type=CONTENT_TYPE),
    }
    try:
        await stack.enter_async_context(
            Server(pages).listening(settings.listen_address, settings.listen_port)
        )
    except OSError as error:
        where = f"{settings.listen_address}:{settings.listen_port}"
        msg = f"{PREFIX}LISTEN_PORT: cannot listen on {where}: {os.strerror(error.errno or 0)}"
        raise SettingsError(msg) from error


async def _lead(shell: Shell, asked: asyncio.Event) -> None:
    """Work, if need be once the lease is held; release it as soon as nothing more is written."""
    try:
        await _under_lease(shell, asked)
    finally:
        if (watching := shell.watching) is not None:
            await asyncio.wait([watching], timeout=STOP_SECONDS)
            if watching.done() and not watching.cancelled() and (late := watching.exception()) is not None:
                # At its end kopf waits for whatever else runs, and fails with that.
                logger.debug("kopf failed at its end", extra={"fault": text_of_fault(late)})


async def _under_lease(shell: Shell, asked: asyncio.Event) -> None:
    if shell.election is not None:
        shell.health.role = "standing by"
    async with leading(shell.election) if shell.election else nullcontext():
        shell.health.role = "leading" if shell.election else "alone"
        shell.health.ready["objects"] = lambda: "not yet asked for"
        async with AsyncExitStack() as stack:
            cluster = Cluster(ApiClient(shell.configuration), shell.metrics.called)
            stack.push_async_callback(cluster.close)
            endpoints = Endpoints(
                policy=address_policy(shell.settings, shell.configuration.host),
                on_exchange=telling(shell.metrics),
                before_write=shell.fence.check,
            )
            stack.push_async_callback(endpoints.close)
            schema = await served(cluster, shell.health)
            await check_selector(shell.settings, cluster)
            config = config_of(shell.settings, await cluster_id(shell.settings, cluster))
            await _work(shell, asked, cluster=cluster, endpoints=endpoints, config=config, schema=schema)


async def _work(  # noqa: PLR0913 - the parts that outlive it
    shell: Shell,
    asked: asyncio.Event,
    *,
    cluster: Cluster,
    endpoints: Endpoints,
    config: Config,
    schema: Mapping[str, Any] | None,
) -> None:
    settings, clock, metrics = shell.settings, shell.clock, shell.metrics
    objects = Objects(
        clock.monotonic,
        sees=partial(sees, settings),
        handover_seconds=settings.handover_seconds if settings.selector else 0.0,
    )
    secrets = Secrets(cluster.secret, clock.monotonic, settings.secret_seconds)
    clouds = Clouds(secrets, endpoints, clock.monotonic)
    queue: Queue[Key] = Queue(
        clock=clock,
        backoff=Backoff(1.0, 300.0, random.random),
        workers=settings.workers,
        per_group=settings.workers_per_endpoint,
        group_of=partial(_tenant_of, objects, clouds),
        on_pass=partial(_count_pass, metrics),
    )
    feeds: Feeds[Key] = Feeds(
        notify=queue.add,
        clock=clock,
        options=feed_options(settings),
        on_turn=lambda job, seconds, rows, failed: metrics.fed(job, seconds, rows, failed=failed),
    )
    reconciler = Reconciler(
        objects=objects,
        cluster=cluster,
        clouds=clouds,
        feeds=feeds,
        config=config,
        monotonic=clock.monotonic,
        wall=lambda: datetime.now(UTC),
        random=random.random,
        resync_seconds=settings.resync_seconds,
        secret_seconds=settings.secret_seconds,
        schema=schema,
        on_step=metrics.stepped,
    )
    census = Census(
        cluster=cluster,
        objects=objects,
        queue=queue,
        namespaces=settings.namespaces,
        selector=settings.selector,
        clock=clock,
        gone=reconciler.forget,
    )
    watch = Watch(
        PLURAL, monotonic=clock.monotonic, on_relist=census.hurry, request_class=guarded(shell.fence.check)
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
    supervisor.start("queue", queue.run(reconciler))
    supervisor.start("census", census.run())
    supervisor.start("sessions", clouds.tidy(objects.names, clock))
    stopped = asyncio.Event()
    tasks = await kopf.spawn_tasks(
        registry=handlers.registry(objects, queue, gone=reconciler.forget, watch=watch),
        settings=handlers.settings(settings.selector),
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        stop_flag=stopped,
    )
    # Ours replace kopf's: at its end it waits for, and then cancels, every task that it finds in the loop.
    _on_signals(asked)
    shell.watching = watching = asyncio.create_task(
        kopf.run_tasks(tasks, ignored=asyncio.all_tasks()), name="kopf"
    )
    metrics.look = Working(
        shell.standing, queue, feeds, objects, endpoints, watch, clock.monotonic, len(compare(schema))
    )
    ended = watching.done
    shell.health.alive.update(alive(supervisor, cluster, watch, feeds, queue, watch_ended=ended))
    shell.health.ready.update(ready(objects, watch))
    try:
        await _first(watching, supervisor.fault())
        raise TaskFault("kopf: ended, though it must not")
    finally:
        shell.health.alive.clear()  # what ends now ends because it is asked to
        metrics.look = shell.standing
        await supervisor.close()
        await feeds.close()
        await clouds.close()
        stopped.set()


def _tenant_of(objects: Objects, clouds: Clouds, key: Key) -> Hashable:
    """Return whose share of the workers an object takes: its cloud's, so that none slows another."""
    secret = objects.secret_of(key)
    return (secret and clouds.endpoint_of(secret)) or secret or key


def _count_pass(metrics: Metrics, lane: Lane, waited: float, seconds: float, failed: bool) -> None:  # noqa: FBT001 - a callback
    metrics.passed(lane.name.lower(), waited, seconds, failed=failed)


async def _first(*ends: Awaitable[object]) -> None:
    """Wait for the first of *ends*; raise what it raises."""
    waiting = [asyncio.ensure_future(end) for end in ends]
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting[1:]:  # the first is stopped in its own way
            task.cancel()
    for task in done:
        task.result()
