"""Argo CD, the operator and a simulated cloud around one API server; a repository for each test."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from sandbox.cluster import tools
from sandbox.cluster.argo import Argo
from sandbox.cluster.control_plane import ControlPlane
from sandbox.cluster.kubelet import Kubelet
from tests.argocd.installed import Installed
from tests.argocd.shop import PATCH, Shop
from tests.controllers import cluster, kube
from tests.e2e.warm import Cloud
from tests.install.pages import Shell, shell
from tests.programs import first_build

if TYPE_CHECKING:
    from sandbox.cluster.kube import Kube

__all__ = ["cluster", "kube"]  # for pytest, which finds fixtures by their names here


@pytest.fixture(scope="package")
def programs(request: pytest.FixtureRequest) -> None:
    """Get what is needed."""
    with first_build(request):
        tools.binaries("etcd", "kube-apiserver", "kube-controller-manager", "argocd")
        tools.kubectl()
        tools.helm()


@pytest.fixture(scope="package")
def argo(cluster: ControlPlane) -> Iterator[Argo]:
    """Give Argo CD with our health check, configured as the documentation says."""
    with Argo(cluster, path=(tools.helm().parent,)) as running:
        running.configure(**PATCH)
        yield running


@pytest.fixture(scope="package")
def cloud() -> Iterator[Cloud]:
    """Give one cloud for all tests; each has its own namespace, and so its own names in it."""
    with Cloud() as running:
        yield running


@pytest.fixture(scope="package")
def kubelet(cluster: ControlPlane) -> Iterator[Kubelet]:
    """Give the node, on which the operator's image is this checkout."""
    with Kubelet(cluster, backoff_seconds=0.5) as running:
        yield running


@pytest.fixture(scope="package")
def operator(argo: Argo, kube: Kube, kubelet: Kubelet, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Give the operator as Argo CD installs it."""
    made = Installed(kube, kubelet, tmp_path_factory.mktemp("operator"))
    made.install()
    return made


@pytest.fixture
def nothing(operator: Installed) -> Iterator[Installed]:
    """Give a cluster without an operator, whose chart is in git nevertheless."""
    operator.remove()
    yield operator
    operator.install()


@pytest.fixture
def run(argo: Argo, cluster: ControlPlane, cloud: Cloud, tmp_path: Path) -> Shell:
    """Give the reader's shell."""
    return shell(tmp_path, cluster, cloud)


@pytest.fixture
def shop(argo: Argo, kube: Kube, cloud: Cloud, operator: Installed, tmp_path: Path) -> Iterator[Shop]:
    """Give a repository with the example's servers, a namespace with credentials, and no Application yet."""
    namespace = f"shop-{uuid4().hex[:8]}"
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    kube.apply(cloud.secret(namespace))
    made = Shop(argo=argo, kube=kube, cloud=cloud, operator=operator, namespace=namespace, root=tmp_path)
    try:
        yield made
    finally:
        cloud.call("hang_at", statuses=[])
        cloud.call("release")
        made.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what Argo CD and the operator said beside a failed test."""
    report = yield
    found = getattr(item, "funcargs", {}).get("shop")
    if report.failed and report.when == "call" and found is not None:
        report.sections.append(("operator", found.operator.text()[-8000:]))
        report.sections.append(("Argo CD", found.argo.log()))
    return report
