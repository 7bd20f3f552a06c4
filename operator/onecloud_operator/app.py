"""The lifecycle of a process: probes and metrics, preflight checks, the lease, then the work."""

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
from onecloud_operator.engine import descriptors, loggers
from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.engine.loop_shares import charge_to_caller
from onecloud_operator.engine.safe_traceback import text_of_fault
from onecloud_operator.kube import connection
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.kube.cluster_addresses import ClusterAddresses
from onecloud_operator.kube.installed_crd import InstalledCRD
from onecloud_operator.kube.write_fence import guarded
from onecloud_operator.onecloud import Endpoints
from onecloud_operator.options import address_policy, config_of
from onecloud_operator.preflight import check_selector, cluster_id
from onecloud_operator.process import Process, stop_on_signals, wait_first
from onecloud_operator.settings import PREFIX, SettingsError
from onecloud_operator.telemetry.collectors import exchange_counter
from onecloud_operator.telemetry.health import Heartbeat, Page, Server
from onecloud_operator.telemetry.metrics import CONTENT_TYPE, Metrics
from onecloud_operator.wiring import work

if TYPE_CHECKING:
    from onecloud_operator.core.config import Config
    from onecloud_operator.election.election import Election
    from onecloud_operator.settings import Settings

logger = logging.getLogger(loggers.PROCESS)

STOP_SECONDS = 10.0  # for kopf to end its tasks, after the workers have drained


async def run(settings: Settings) -> None:
    """Run the operator until a signal stops it, or a bug in a shared part ends it."""
    stop_requested = asyncio.Event()
    stop_on_signals(stop_requested)
    async with AsyncExitStack() as stack:
        metrics = Metrics(__version__)
        configuration = await connection.configuration()
        policy = address_policy(settings, configuration.host)
        heartbeat = _start_heartbeat(metrics, stack)
        election_thread = (
            ElectionThread(settings, heartbeat.check, metrics.called) if settings.leader_election else None
        )
        election = await election_thread.start() if election_thread else None
        if election_thread is not None:
            stack.push_async_callback(election_thread.close)
        fence = election.fence if election else Fence.opened()
        process = Process(settings, configuration, policy, fence, election, metrics)
        session = {**(configuration.client_session_kwargs or {}), "request_class": guarded(fence.check)}
        process.configuration.client_session_kwargs = session
        metrics.look = process.standby_samples
        process.health.alive["event loop"] = heartbeat.check
        await _serve(process, stack)
        leading_task = asyncio.ensure_future(_run_as_leader(process, election_thread, stop_requested))
        try:
            await wait_first(leading_task, stop_requested.wait())
        finally:
            if not leading_task.done():
                logger.info("stopping")
                process.health.role = "stopping"
                leading_task.cancel()
                await asyncio.wait([leading_task])
                if not leading_task.cancelled():
                    leading_task.result()


def _start_heartbeat(metrics: Metrics, stack: AsyncExitStack) -> Heartbeat:
    """Start the event loop's heartbeat, which the probes and the election check."""
    heartbeat = Heartbeat(SystemClock().monotonic, metrics.lagged)
    beating = asyncio.create_task(heartbeat.run(), name="heartbeat")
    stack.callback(beating.cancel)
    return heartbeat


async def _serve(process: Process, stack: AsyncExitStack) -> None:
    """Start the server for probes and metrics."""
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


async def _run_as_leader(
    process: Process, election_thread: ElectionThread | None, stop_requested: asyncio.Event
) -> None:
    """Work, with election once the lease is held; release it as soon as nothing writes any more."""
    try:
        await _work_under_lease(process, election_thread, stop_requested)
    finally:
        if (kopf_task := process.kopf_task) is not None:
            await asyncio.wait([kopf_task], timeout=STOP_SECONDS)
            if kopf_task.done() and not kopf_task.cancelled() and (late := kopf_task.exception()) is not None:
                # When it ends, kopf waits for all other tasks, and fails if one does.
                logger.debug("kopf failed while stopping", extra={"fault": text_of_fault(late)})


async def _work_under_lease(
    process: Process, election_thread: ElectionThread | None, stop_requested: asyncio.Event
) -> None:
    process.health.ready["objects"] = lambda: "not yet listed"
    if process.election is not None:
        await _prepare(process, process.election)
    async with election_thread.leading() if election_thread else nullcontext():
        process.health.role = "leading" if process.election else "alone"
        process.health.ready = {"objects": lambda: "not yet listed"}
        async with AsyncExitStack() as stack:
            cluster = KubeClient(ApiClient(process.configuration), process.metrics.called)
            stack.push_async_callback(cluster.close)
            cluster_addresses = ClusterAddresses(cluster, process.settings, process.configuration.host)
            await cluster_addresses.look()
            endpoints = Endpoints(
                policy=cluster_addresses.restrict(process.policy),
                on_exchange=exchange_counter(process.metrics),
                before_write=process.fence.check,
                connections=descriptors.raise_limit(),
                wrap_task=charge_to_caller,
            )
            stack.push_async_callback(endpoints.close)
            installed_crd = InstalledCRD(cluster, DEFINITION)
            config = await _wait_for_cluster(process, cluster, installed_crd)
            await work(process, stop_requested, cluster, endpoints, cluster_addresses, installed_crd, config)


async def _prepare(process: Process, election: Election) -> None:
    """
    Check that this process could work before it stands by and becomes ready.

    A rollout stops the old leader once the new processes are ready, so each must be able to take over.
    """
    cluster = KubeClient(ApiClient(process.configuration), process.metrics.called)
    try:
        await _wait_for_cluster(process, cluster, InstalledCRD(cluster, DEFINITION))
    finally:
        await cluster.close()
    process.health.role = "standing by"
    process.health.ready = {"lease": election.check}


async def _wait_for_cluster(process: Process, cluster: KubeClient, installed_crd: InstalledCRD) -> Config:
    """Wait until everything that the work needs is available. Raises SettingsError."""
    await installed_crd.wait(process.health.ready)
    await check_selector(process.settings, cluster)
    return config_of(process.settings, await cluster_id(process.settings, cluster))
