"""A cluster with a namespace controller, the whole operator for all of it, and a simulated cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.cluster import tools
from sandbox.stage import CRDS, grant
from tests.controllers import cluster, kube
from tests.e2e.clouds import cloud
from tests.e2e.conftest import QUICK
from tests.e2e.user import User
from tests.e2e.warm import Operator
from tests.install.pages import Shell, shell
from tests.programs import first_build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.e2e.warm import Cloud

__all__ = ["cloud", "cluster", "kube"]  # for pytest, which finds fixtures by their names here

SHOP = "shop"  # as the page has it


@pytest.fixture(scope="package")
def programs(request: pytest.FixtureRequest) -> None:
    """Get what is needed."""
    with first_build(request):
        tools.binaries("etcd", "kube-apiserver", "kube-controller-manager")
        tools.kubectl()


@pytest.fixture(scope="package")
def served(cluster: ControlPlane, kube: Kube) -> None:
    """Have the CRDs served, and the rights granted."""
    cluster.install_crds(CRDS)
    grant(kube)


@pytest.fixture
def user(cluster: ControlPlane, kube: Kube, served: None, cloud: Cloud) -> Iterator[User]:
    """Give the namespace of the page, and an operator that sees every namespace."""
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SHOP}})
    kube.apply(cloud.secret(SHOP))
    with Operator(cluster.kubeconfig_of("operator"), **QUICK) as operator:
        yield User(kube, SHOP, cloud, operator)
    if kube.get("namespaces", SHOP) is not None:
        for found in kube.list("onecloudservers", SHOP):
            kube.patch("onecloudservers", found["metadata"]["name"], SHOP, {"metadata": {"finalizers": None}})
        kube.delete("namespaces", SHOP)
        kube.wait_gone("namespaces", SHOP, None, timeout_seconds=60.0)


@pytest.fixture
def reader(cluster: ControlPlane, cloud: Cloud, tmp_path: Path) -> Shell:
    """Give the reader's shell."""
    return shell(tmp_path, cluster, cloud)
