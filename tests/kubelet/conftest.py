"""The process kubelet on its own cluster: Pods are real processes, and the controllers believe in them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from sandbox.cluster import tools
from sandbox.cluster.kubelet import Image, Kubelet
from tests.controllers import cluster, kube
from tests.programs import first_build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

__all__ = ["cluster", "kube"]  # for pytest, which finds fixtures by their names here


@pytest.fixture(scope="package")
def programs(request: pytest.FixtureRequest) -> None:
    """Get what is needed."""
    with first_build(request):
        tools.binaries("etcd", "kube-apiserver", "kube-controller-manager")


@pytest.fixture(scope="package")
def kubelet(cluster: ControlPlane) -> Iterator[Kubelet]:
    """Give the node, whose only image runs Python."""
    with Kubelet(cluster, {"python:3": Image((sys.executable, "-c"))}, backoff_seconds=0.2) as running:
        yield running


@pytest.fixture
def namespace(kube: Kube, kubelet: Kubelet) -> Iterator[str]:
    """Give a namespace that may have Pods; the namespace controller and the kubelet remove them."""
    name = f"test-{uuid4().hex[:10]}"
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    kube.wait_for("serviceaccounts", "default", name, bool)
    kube.wait_for("configmaps", "kube-root-ca.crt", name, bool)
    yield name
    kube.delete("namespaces", name)
