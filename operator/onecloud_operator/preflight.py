"""What must be there before the work begins: the CRD, a name for the cluster, the rights."""

from __future__ import annotations

import asyncio
import logging
import sys
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from kubernetes.aio.client import ApiClient

from onecloud_operator import connection, rights
from onecloud_operator.api.crd import schema
from onecloud_operator.api.served import schema_of_status
from onecloud_operator.cluster import Cluster, ClusterError, NotFound
from onecloud_operator.engine.lease import StoreError
from onecloud_operator.leadership import election_of, lease_namespace
from onecloud_operator.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from onecloud_operator.probes import Health
    from onecloud_operator.settings import Settings

logger = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 5.0
# Without these in the status an object would make a second server, or be worked on without an end.
RECORDS: Final = frozenset(
    {"id", "cloud", "creation", "adoptedAt", "deletion", "heldBack", "conditions", "observedGeneration"}
)
REFUSED: Final = 400


async def served(cluster: Cluster, health: Health) -> Mapping[str, Any] | None:
    """Wait for a CRD that keeps our records to be served; return the schema of its status."""
    while True:
        try:
            document = await cluster.served_schema()
        except NotFound:
            health.ready["objects"] = lambda: "the CRD is not installed"
            logger.warning(
                "the OneCloudServer resource is not known to the API server: install the CRD "
                "(kubectl apply --server-side -k crds/); trying again",
            )
        except ClusterError as error:
            logger.warning("the API server cannot be asked; trying again", extra={"error": str(error)})
        else:
            status = schema_of_status(document)
            if not (lost := records_lost(status)):
                return status
            health.ready["objects"] = lambda: "the installed CRD is too old"
            logger.warning(
                "the installed CRD cannot keep what must be remembered of servers, so nothing is done: "
                "update it (kubectl apply --server-side -k crds/)",
                extra={"fields": ",".join(sorted(lost))},
            )
        await asyncio.sleep(AGAIN_SECONDS)


def fields_lacking(ours: Mapping[str, Any], theirs: Mapping[str, Any], path: str = "status") -> set[str]:
    """Return the paths of fields that our schema has and theirs, which is served, has not; outermost only."""
    if theirs.get("x-kubernetes-preserve-unknown-fields"):
        return set()
    if "items" in ours and "items" in theirs:
        return fields_lacking(ours["items"], theirs["items"], f"{path}[]")
    known = theirs.get("properties", {})
    lacking: set[str] = set()
    for name, inner in ours.get("properties", {}).items():
        if name in known:
            lacking |= fields_lacking(inner, known[name], f"{path}.{name}")
        else:
            lacking.add(f"{path}.{name}")
    return lacking


def _lacking(served_status: Mapping[str, Any] | None) -> set[str]:
    return fields_lacking(_ours(), served_status) if served_status is not None else set()


@cache  # to make it of the models takes a while, and a start asks twice
def _ours() -> Mapping[str, Any]:
    status: Mapping[str, Any] = schema()["properties"]["status"]
    return status


def records_lost(served_status: Mapping[str, Any] | None) -> set[str]:
    """Return the paths of the records that the served schema would not keep."""
    return {path for path in _lacking(served_status) if path.split(".")[1].removesuffix("[]") in RECORDS}


def compare(served_status: Mapping[str, Any] | None) -> set[str]:
    """Say which fields of the status the installed CRD does not know, and return them."""
    lacking = _lacking(served_status)
    if lacking:
        logger.warning(
            "the installed CRD is older than the operator, so some fields of the status are not shown: "
            "update it (kubectl apply --server-side -k crds/)",
            extra={"fields": ",".join(sorted(lacking))},
        )
    return lacking


async def cluster_id(settings: Settings, cluster: Cluster) -> str:
    if settings.cluster_id:
        return settings.cluster_id
    while True:
        try:
            return await cluster.cluster_id()
        except ClusterError as error:
            logger.warning(
                "the UID of the namespace kube-system, this cluster's name in owner tags, cannot be read; "
                "grant get on it or set ONECLOUD_OPERATOR_CLUSTER_ID; trying again",
                extra={"error": str(error)},
            )
            await asyncio.sleep(AGAIN_SECONDS)


async def check_selector(settings: Settings, cluster: Cluster) -> None:
    """Raise SettingsError if the API server does not understand the selector."""
    if not settings.selector:
        return
    try:
        await _list(cluster, settings)
    except ClusterError as error:
        if error.status == REFUSED:
            msg = f"{PREFIX}SELECTOR is no label selector: {error}"
            raise SettingsError(msg) from error


async def check(settings: Settings) -> int:
    """Say on standard output whether everything that the operator needs is there; return the exit code."""
    cluster = Cluster(ApiClient(await connection.configuration()))
    failures = 0
    calls: list[tuple[str, Awaitable[object]]] = [
        ("the CRD is served", _crd(cluster)),
        ("objects can be listed", _list(cluster, settings)),
        # Where all namespaces are worked in, what is granted in any one is granted in every one.
        *((f"the rights in {name}", _rights(cluster, name)) for name in settings.namespaces or ("default",)),
    ]
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
            except (ClusterError, StoreError) as error:
                failures += 1
                sys.stdout.write(f"FAILED {what}: {error}\n")
            else:
                sys.stdout.write(f"ok     {what}\n")
    finally:
        await cluster.close()
    return 1 if failures else 0


async def _crd(cluster: Cluster) -> None:
    try:
        document = await cluster.served_schema()
    except NotFound as error:
        msg = f"it is not installed (kubectl apply --server-side -k crds/): {error}"
        raise ClusterError(msg, error.status) from error
    if lost := records_lost(schema_of_status(document)):
        msg = f"it is too old (kubectl apply --server-side -k crds/): it lacks {', '.join(sorted(lost))}"
        raise ClusterError(msg)


async def _rights(cluster: Cluster, namespace: str) -> None:
    """Raise ClusterError if one is lacking."""
    _grants(rights.lacking(await cluster.rules(namespace)))


async def _election(cluster: Cluster, namespace: str, settings: Settings) -> None:
    """Raise ClusterError if the Lease could not be made or renewed."""
    _grants(rights.lacking(await cluster.rules(namespace), rights.ELECTION, name=settings.lease_name))


def _grants(missing: list[rights.Right]) -> None:
    if missing:
        raise ClusterError(f"no rule grants {', '.join(map(str, missing))}")


async def _list(cluster: Cluster, settings: Settings) -> None:
    for namespace in settings.namespaces or (None,):
        async for _ in cluster.list_metadata(namespace, settings.selector):
            break
