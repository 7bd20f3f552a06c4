"""The operator's client, for the API server of the tests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from kubernetes.aio import config as kubernetes_config
from kubernetes.aio.client import ApiClient, Configuration

from onecloud_operator.kube.client import KubeClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.cluster.control_plane import ControlPlane


@asynccontextmanager
async def cluster_of(control_plane: ControlPlane, user: str = "admin") -> AsyncIterator[KubeClient]:
    """Give the client, with the rights of *user*."""
    configuration = Configuration()
    await kubernetes_config.load_kube_config(  # type: ignore[no-untyped-call]  # generated
        str(control_plane.kubeconfig_of(user)), client_configuration=configuration
    )
    cluster = KubeClient(ApiClient(configuration))
    try:
        yield cluster
    finally:
        await cluster.close()
