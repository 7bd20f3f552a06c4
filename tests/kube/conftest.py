"""The client at the API server, and one object of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.kube.client import KubeClient
from tests.api.manifests import SPEC, manifest
from tests.client import cluster_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube


@pytest.fixture
async def cluster(control_plane: ControlPlane) -> AsyncIterator[KubeClient]:
    async with cluster_of(control_plane) as made:
        yield made


@pytest.fixture
def web(kube: Kube, namespace: str) -> dict[str, Any]:
    return kube.create(manifest(namespace, SPEC))
