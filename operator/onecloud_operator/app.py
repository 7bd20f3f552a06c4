"""The life of a process: probes and metrics, what the work needs, the lease, then the work."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import AsyncExitStack, nullcontext
from typing import TYPE_CHECKING

from kubernetes.aio.client import ApiClient

from onecloud_operator import __version__
from onecloud_operator.api.crd import DEFINITION
from onecloud_operator.election.election import Fence
from onecloud_operator.election.leadership import ElectionThread
from onecloud_operator.engine import descriptors
from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.engine.safe_traceback import text_of_fault
from onecloud_operator.engine.turns import counted
from onecloud_operator.kube import connection
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.kube.cluster_addresses import ClusterAddresses
from onecloud_operator.kube.installed_crd import InstalledCRD
from onecloud_operator.kube.write_fence import guarded
from onecloud_operator.onecloud import Endpoints
from onecloud_operator.options import address_policy, config_of
from onecloud_operator.preflight import check_selector, cluster_id
from onecloud_operator.process import Process, first, on_signals
from onecloud_operator.settings import PREFIX, SettingsError
from onecloud_operator.telemetry.collectors import telling
from onecloud_operator.telemetry.health import Heartbeat, Page, Server
from onecloud_operator.telemetry.metrics import CONTENT_TYPE, Metrics
from onecloud_operator.wiring import work

if TYPE_CHECKING:
    from onecloud_operator.core.facts import Config
    from onecloud_operator.election.election import Election
    from onecloud_operator.settings import Settings

logger = logging.getLogger(__name__)

STOP_SECONDS = 10.0  # for kopf to end its tasks, after the workers have drained


async def run(settings: Settings) -> None:
    """Run the operator until a signal stops it, or a bug in a shared part brings it down."""
    asked = asyncio.Event()
    on_signals(asked)
    async with AsyncExitStack() as stack:
        metrics = Metrics(__version__)
        configuration = await connection.configuration()
        policy = address_policy(settings, configuration.host)
        heartbeat = _beating(metrics, stack)
        candidate = (
            ElectionThread(settings, heartbeat.check, metrics.called) if settings.leader_election else None
        )
        election = await candidate.start() if candidate else None
        if candidate is not None:
            stack.push_async_callback(candidate.close)
        fence = election.fence if election else Fence.opened()
        process = Process(settings, configuration, policy, fence, election, metrics)
        session = {**(configuration.client_session_kwargs or {}), "request_class": guarded(fence.check)}
        process.configuration.client_session_kwargs = session
        metrics.look = process.standing
        process.health.alive["event loop"] = heartbeat.check
        await _serve(process, stack)
        led = asyncio.ensure_future(_lead(process, candidate, asked))
        try:
            await first(led, asked.wait())
        finally:
            if not led.done():
                logger.info("stopping")
                process.health.role = "stopping"
                led.cancel()
                await asyncio.wait([led])
                if not led.cancelled():
                    led.result()


def _beating(metrics: Metrics, stack: AsyncExitStack) -> Heartbeat:
    """Have the loop's heart beat from now on: the probes and the lease hang on it."""
    heartbeat = Heartbeat(SystemClock().monotonic, metrics.lagged)
    beating = asyncio.create_task(heartbeat.run(), name="heartbeat")
    stack.callback(beating.cancel)
    return heartbeat


async def _serve(process: Process, stack: AsyncExitStack) -> None:
    """Answer probes and scrapes from now on."""
    settings, health, metrics = process.settings, process.health, process.metrics
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
        where = f"{settings.listen_address or '*'}:{settings.listen_port}"
        msg = f"{PREFIX}LISTEN_PORT: cannot listen on {where}: {os.strerror(error.errno or 0)}"
        raise SettingsError(msg) from error


async def _lead(process: Process, candidate: ElectionThread | None, asked: asyncio.Event) -> None:
    """Work, if need be once the lease is held; release it as soon as nothing more is written."""
    try:
        await _under_lease(process, candidate, asked)
    finally:
        if (watching := process.watching) is not None:
            await asyncio.wait([watching], timeout=STOP_SECONDS)
            if watching.done() and not watching.cancelled() and (late := watching.exception()) is not None:
                # At its end kopf waits for whatever else runs, and fails with that.
                logger.debug("kopf failed at its end", extra={"fault": text_of_fault(late)})


async def _under_lease(process: Process, candidate: ElectionThread | None, asked: asyncio.Event) -> None:
    process.health.ready["objects"] = lambda: "not yet asked for"
    if process.election is not None:
        await _prepare(process, process.election)
    async with candidate.leading() if candidate else nullcontext():
        process.health.role = "leading" if process.election else "alone"
        process.health.ready = {"objects": lambda: "not yet asked for"}
        async with AsyncExitStack() as stack:
            cluster = KubeClient(ApiClient(process.configuration), process.metrics.called)
            stack.push_async_callback(cluster.close)
            surroundings = ClusterAddresses(cluster, process.settings, process.configuration.host)
            await surroundings.look()
            endpoints = Endpoints(
                policy=surroundings.around(process.policy),
                on_exchange=telling(process.metrics),
                before_write=process.fence.check,
                connections=descriptors.raised(),
                counted=counted,
            )
            stack.push_async_callback(endpoints.close)
            installed_crd = InstalledCRD(cluster, DEFINITION)
            config = await _look_round(process, cluster, installed_crd)
            await work(process, asked, cluster, endpoints, surroundings, installed_crd, config)


async def _prepare(process: Process, election: Election) -> None:
    """
    Find out whether we could work, before we stand by and are called ready.

    A rollout ends the old leader when the new processes are ready: none may be that could not take over.
    """
    cluster = KubeClient(ApiClient(process.configuration), process.metrics.called)
    try:
        await _look_round(process, cluster, InstalledCRD(cluster, DEFINITION))
    finally:
        await cluster.close()
    process.health.role = "standing by"
    process.health.ready = {"lease": election.check}


async def _look_round(process: Process, cluster: KubeClient, installed_crd: InstalledCRD) -> Config:
    """Wait for all that the work needs to be there. Raises SettingsError."""
    await installed_crd.wait(process.health.ready)
    await check_selector(process.settings, cluster)
    return config_of(process.settings, await cluster_id(process.settings, cluster))
