"""Wires the parts and owns their lives."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import signal
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import kopf
from kubernetes.aio.client import ApiClient

from onecloud_operator import __version__, handlers
from onecloud_operator.api.served import schema_of_status
from onecloud_operator.census import Census
from onecloud_operator.clouds import Clouds
from onecloud_operator.cluster import Cluster, ClusterError, NotFound
from onecloud_operator.core.facts import Config
from onecloud_operator.credentials import Secrets
from onecloud_operator.engine.clock import SystemClock
from onecloud_operator.engine.limits import Backoff
from onecloud_operator.engine.queue import Queue
from onecloud_operator.engine.tasks import Supervisor
from onecloud_operator.feed import FeedOptions, Feeds
from onecloud_operator.objects import Key, Objects
from onecloud_operator.onecloud import AddressPolicy, Endpoints
from onecloud_operator.reconcile import Reconciler
from onecloud_operator.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from onecloud_operator.settings import Settings

logger = logging.getLogger(__name__)

CRD_SECONDS = 5.0
HEARTBEAT_SECONDS = 5.0
STOP_SECONDS = 10.0
DEAD_SECONDS = 60.0  # a loop that did not turn for so long will not turn again


async def run(settings: Settings, *, ready: asyncio.Event | None = None) -> None:
    """Run the operator until a signal stops it, or a bug in a shared part brings it down."""
    configuration = await handlers.configuration()
    cluster = Cluster(ApiClient(configuration))
    endpoints = Endpoints(policy=address_policy(settings, configuration.host))
    try:
        schema = await _served(cluster)
        config = await _config(settings, cluster)
        await _run(
            settings=settings,
            config=config,
            cluster=cluster,
            endpoints=endpoints,
            schema=schema,
            ready=ready,
        )
    finally:
        await endpoints.close()
        await cluster.close()


async def _run(  # noqa: PLR0913 - the parts that outlive it
    *,
    settings: Settings,
    config: Config,
    cluster: Cluster,
    endpoints: Endpoints,
    schema: Mapping[str, Any] | None,
    ready: asyncio.Event | None,
) -> None:
    clock = SystemClock()
    objects = Objects(clock.monotonic)
    secrets = Secrets(cluster.secret, clock.monotonic, settings.secret_seconds)
    clouds = Clouds(secrets, endpoints, clock.monotonic)
    queue: Queue[Key] = Queue(
        clock=clock,
        backoff=Backoff(1.0, 300.0, random.random),
        workers=settings.workers,
        per_group=settings.workers_per_endpoint,
        group_of=lambda key: objects.secret_of(key) or key,
    )
    feeds: Feeds[Key] = Feeds(
        notify=queue.add,
        clock=clock,
        options=feed_options(settings),
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
    )
    census = Census(
        cluster=cluster,
        objects=objects,
        queue=queue,
        namespaces=settings.namespaces,
        clock=clock,
        gone=reconciler.forget,
    )
    heartbeat = Heartbeat()
    logger.info(
        "starting",
        extra={
            "version": __version__,
            "namespaces": ",".join(settings.namespaces) or "all",
            "cluster": config.cluster,
        },
    )
    supervisor = Supervisor(clock)
    supervisor.start("queue", queue.run(reconciler))
    supervisor.start("census", census.run())
    supervisor.start("heartbeat", heartbeat.run())
    stopped, asked = asyncio.Event(), asyncio.Event()
    tasks = await kopf.spawn_tasks(
        registry=handlers.registry(objects, queue, gone=reconciler.forget, heartbeat=heartbeat.check),
        settings=handlers.settings(),
        standalone=True,
        clusterwide=not settings.namespaces,
        namespaces=settings.namespaces,
        liveness_endpoint=_liveness(settings),
        stop_flag=stopped,
        ready_flag=ready,
    )
    # Ours replace kopf's: at its end it waits for, and then cancels, every task that it finds in the loop.
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    watch = asyncio.create_task(kopf.run_tasks(tasks, ignored=asyncio.all_tasks()), name="kopf")
    try:
        await _first(watch, asked.wait(), supervisor.fault())
        logger.info("stopping")
    finally:
        await supervisor.close()
        await feeds.close()
        await clouds.close()
        stopped.set()
        await asyncio.wait([watch], timeout=STOP_SECONDS)


async def _first(*ends: Awaitable[object]) -> None:
    """Wait for the first of *ends*; raise what it raises."""
    waiting = [asyncio.ensure_future(end) for end in ends]
    try:
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting[1:]:  # the first is the watch, which is stopped in its own way
            task.cancel()
    for task in done:
        task.result()


async def _served(cluster: Cluster) -> Mapping[str, Any] | None:
    """Wait for the CRD to be served; return the schema of its status."""
    while True:
        try:
            document = await cluster.served_schema()
        except NotFound:
            logger.warning(
                "the OneCloudServer resource is not known to the API server: install the CRD "
                "(kubectl apply -f crds/); trying again",
            )
        except ClusterError as error:
            logger.warning("the API server cannot be asked; trying again", extra={"error": str(error)})
        else:
            return schema_of_status(document)
        await asyncio.sleep(CRD_SECONDS)


async def _config(settings: Settings, cluster: Cluster) -> Config:
    cluster_id = settings.cluster_id
    while not cluster_id:
        try:
            cluster_id = await cluster.cluster_id()
        except ClusterError as error:
            logger.warning(
                "the UID of the namespace kube-system, this cluster's name in owner tags, cannot be read; "
                "grant get on it or set ONECLOUD_OPERATOR_CLUSTER_ID; trying again",
                extra={"error": str(error)},
            )
            await asyncio.sleep(CRD_SECONDS)
    return Config(
        cluster=cluster_id,
        name_prefix=settings.name_prefix,
        hung_seconds=settings.hung_seconds,
        post_settle_seconds=settings.post_settle_seconds,
        burnt_seconds=settings.burnt_seconds,
        delete_again_seconds=settings.delete_again_seconds,
        retry_create_first_seconds=settings.retry_create_first_seconds,
        retry_create_most_seconds=settings.retry_create_most_seconds,
        expiring_days=settings.expiring_days,
    )


def address_policy(settings: Settings, api_server: str) -> AddressPolicy:
    """
    Return where credentials may lead: never to this cluster's own API, the rest as set.

    Raises SettingsError for a network that is none.
    """
    own = urlsplit(api_server).hostname or ""
    deny = [_network("DENIED_NETWORKS", text) for text in settings.denied_networks]
    try:
        address = ipaddress.ip_address(own)
    except ValueError:
        pass  # a name; what it resolves to is for denied_networks
    else:
        if not address.is_loopback:
            deny.append(ipaddress.ip_network(address))
    hosts, networks = [], []
    for text in settings.allowed_endpoints:
        if "/" in text or text.replace(".", "").isdigit():
            networks.append(_network("ALLOWED_ENDPOINTS", text))
        else:
            hosts.append(text)
    return AddressPolicy(
        allow_loopback=settings.allow_loopback,
        deny=tuple(deny),
        only_hosts=tuple(hosts),
        only_networks=tuple(networks),
    )


def _network(name: str, text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        msg = f"{PREFIX}{name}: {text!r} is no network"
        raise SettingsError(msg) from None


def feed_options(settings: Settings) -> FeedOptions:
    """Return how often the cloud is asked."""
    return FeedOptions(
        moving_poll_seconds=settings.poll_moving_seconds,
        idle_poll_seconds=settings.poll_idle_seconds,
        events_seconds=settings.events_seconds,
        sweep_seconds=settings.sweep_seconds,
        sweep_without_events_seconds=settings.sweep_seconds / 2.0,
        refresh_seconds=settings.details_seconds,
        confirm_seconds=settings.confirm_seconds,
        hung_seconds=settings.hung_seconds,
        retry_first_seconds=settings.retry_first_seconds,
        retry_most_seconds=settings.retry_most_seconds,
        refused_first_seconds=settings.refused_first_seconds,
        refused_most_seconds=settings.refused_most_seconds,
    )


async def check(settings: Settings) -> int:
    """Say on standard output whether everything that the operator needs is there; return the exit code."""
    configuration = await handlers.configuration()
    cluster = Cluster(ApiClient(configuration))
    failures = 0
    try:
        for what, call in (
            ("the CRD is served", cluster.served_schema()),
            ("objects can be listed", _list(cluster, settings.namespaces)),
        ):
            try:
                await call
            except ClusterError as error:
                failures += 1
                sys.stdout.write(f"FAILED {what}: {error}\n")
            else:
                sys.stdout.write(f"ok     {what}\n")
    finally:
        await cluster.close()
    return 1 if failures else 0


async def _list(cluster: Cluster, namespaces: tuple[str, ...]) -> None:
    for namespace in namespaces or (None,):
        async for _ in cluster.list_metadata(namespace):
            break


def _liveness(settings: Settings) -> str | None:
    if settings.listen_port == 0:
        return None
    return f"http://{settings.listen_address}:{settings.listen_port}/healthz"


class Heartbeat:
    """Shows that the event loop turns; a cloud that is silent does not matter here."""

    def __init__(self) -> None:
        self._beat_at = time.monotonic()

    async def run(self) -> None:
        """Beat for ever."""
        while True:
            self._beat_at = time.monotonic()
            await asyncio.sleep(HEARTBEAT_SECONDS)

    def check(self) -> dict[str, Any]:
        """Return the age of the last beat. Raises TimeoutError if it is too old."""
        age = time.monotonic() - self._beat_at
        if age > DEAD_SECONDS:
            msg = "the event loop has stood still"
            raise TimeoutError(msg)
        return {"heartbeat_age_seconds": round(age, 1)}
