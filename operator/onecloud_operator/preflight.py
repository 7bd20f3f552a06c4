"""Checks before the work starts: the cluster's id, the selector, permissions; and the command `check`."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, Final

from kubernetes.aio.client import ApiClient

from onecloud_operator.api.crd import DEFINITION
from onecloud_operator.api.identity import SERVER
from onecloud_operator.election.election import StoreError
from onecloud_operator.election.leadership import election_of, lease_namespace
from onecloud_operator.engine import loggers
from onecloud_operator.kube import cluster_addresses, connection, rbac
from onecloud_operator.kube.calls import KubeError, KubeNotFound
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.kube.installed_crd import InstalledCRD
from onecloud_operator.options import address_policy
from onecloud_operator.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from onecloud_operator.settings import Settings

logger = logging.getLogger(loggers.KUBERNETES)

RETRY_SECONDS: Final = 5.0
REFUSED: Final = 400


async def cluster_id(settings: Settings, cluster: KubeClient) -> str:
    if settings.cluster_id:
        return settings.cluster_id
    while True:
        try:
            return await cluster.cluster_id()
        except KubeError as error:
            logger.warning(
                "failed to read the UID of the namespace kube-system, which identifies this cluster in owner "
                "tags, retrying; grant get on it or set ONECLOUD_OPERATOR_CLUSTER_ID",
                extra={"error": str(error)},
            )
            await asyncio.sleep(RETRY_SECONDS)


async def check_selector(settings: Settings, cluster: KubeClient) -> None:
    """Raise SettingsError if the API server rejects the selector."""
    if not settings.selector:
        return
    try:
        await _list(cluster, settings)
    except KubeError as error:
        if error.status == REFUSED:
            msg = f"{PREFIX}SELECTOR is not a label selector: {error}"
            raise SettingsError(msg) from error


async def check(settings: Settings) -> int:
    """
    Print whether everything that the operator needs is available; return the exit code.

    Raises SettingsError.
    """
    configuration = await connection.configuration()
    address_policy(settings, configuration.host)
    cluster = KubeClient(ApiClient(configuration))
    failures = 0
    calls: list[tuple[str, Awaitable[object]]] = [
        ("the CRD is served", _crd(cluster)),
        ("objects can be listed", _list(cluster, settings)),
        # If all namespaces are watched, permissions are the same in each.
        *((f"the rights in {name}", _rights(cluster, name)) for name in settings.namespaces or ("default",)),
    ]
    if settings.connection_secrets:
        calls += [
            (f"the rights to write Secrets in {name}", _connections(cluster, name))
            for name in settings.namespaces or ("default",)
        ]
    if not settings.namespaces:
        calls.append(("the rights to namespaces", _namespaces(cluster)))
        calls.append(("the rights to providers", _providers(cluster)))
    if not settings.cluster_id:
        calls.append(("the cluster's name can be read", cluster.cluster_id()))
    if settings.leader_election:
        calls.append(("the Lease can be read", election_of(settings, cluster).look()))
        namespace = lease_namespace(settings)
        calls.append((f"the rights to the Lease in {namespace}", _election(cluster, namespace, settings)))
    try:
        for what, call in calls:
            try:
                await call
            except (KubeError, StoreError) as error:
                failures += 1
                sys.stdout.write(f"FAILED {what}: {error}\n")
            else:
                sys.stdout.write(f"ok     {what}\n")
        known = await cluster_addresses.look(cluster, configuration.host, settings)
        for what in known.unknown:  # the operator works without it
            sys.stdout.write(f"UNKNOWN {what}; credentials may lead there\n")
        if not known.unknown:
            sys.stdout.write("ok     where credentials may not lead is known\n")
    finally:
        await cluster.close()
    return 1 if failures else 0


async def _crd(cluster: KubeClient) -> None:
    try:
        await InstalledCRD(cluster, DEFINITION).look()
    except KubeNotFound as error:
        msg = f"it is not installed (kubectl apply --server-side -k crds/): {error}"
        raise KubeError(msg, error.status) from error


async def _rights(cluster: KubeClient, namespace: str) -> None:
    """Raise KubeError if a permission is missing."""
    _require(rbac.lacking(await cluster.rules(namespace)))


async def _connections(cluster: KubeClient, namespace: str) -> None:
    """Raise KubeError if no Secret of a connection could be written."""
    _require(rbac.lacking(await cluster.rules(namespace), rbac.CONNECTIONS))


async def _namespaces(cluster: KubeClient) -> None:
    """Raise KubeError if a freeze on a namespace would not be heard of."""
    _require(rbac.lacking(await cluster.rules("default"), rbac.NAMESPACES, name=""))


async def _providers(cluster: KubeClient) -> None:
    """Raise KubeError if providers could not be followed."""
    _require(rbac.lacking(await cluster.rules("default"), rbac.PROVIDERS))


async def _election(cluster: KubeClient, namespace: str, settings: Settings) -> None:
    """Raise KubeError if the Lease could not be created or renewed."""
    _require(rbac.lacking(await cluster.rules(namespace), rbac.ELECTION, name=settings.lease_name))


def _require(missing: list[rbac.Right]) -> None:
    if missing:
        raise KubeError(f"no rule grants {', '.join(map(str, missing))}")


async def _list(cluster: KubeClient, settings: Settings) -> None:
    for namespace in settings.namespaces or (None,):
        async for _ in cluster.list_metadata(SERVER, namespace, settings.selector):
            break
