"""A cluster with a node of processes, Helm, and a simulated cloud: the operator is installed as users do."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sandbox.cluster import tools
from sandbox.cluster.control_plane import ControlPlane
from sandbox.cluster.kubelet import Kubelet
from sandbox.cluster.kubelet.images import OPERATOR, PUSHED
from tests.chart.helm import Command
from tests.controllers import cluster, kube
from tests.e2e.clouds import cloud
from tests.e2e.warm import Cloud
from tests.install.site import Site
from tests.programs import first_build
from tools.docs.install import NAMESPACE

if TYPE_CHECKING:
    from sandbox.cluster.kube import Kube

__all__ = ["cloud", "cluster", "kube"]  # for pytest, which finds fixtures by their names here


@pytest.fixture(scope="package")
def programs(request: pytest.FixtureRequest) -> None:
    """Get what is needed."""
    with first_build(request):
        tools.binaries("etcd", "kube-apiserver", "kube-controller-manager")
        tools.helm()


@pytest.fixture(scope="package")
def kubelet(cluster: ControlPlane) -> Iterator[Kubelet]:
    """Give the node, which has the operator's image as the documentation has it pushed, and no other."""
    with Kubelet(cluster, {PUSHED: OPERATOR}, backoff_seconds=0.5) as running:
        yield running


@pytest.fixture(scope="package")
def system(kube: Kube) -> None:
    """Make the namespace of the release; no Pod that asks for a privilege is let in."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    kube.create(namespace)


@pytest.fixture
def helm(cluster: ControlPlane, system: None, tmp_path: Path) -> Command:
    return Command(tools.helm(), tmp_path, cluster.kubeconfig)


@pytest.fixture
def site(cluster: ControlPlane, kube: Kube, kubelet: Kubelet, cloud: Cloud, helm: Command) -> Iterator[Site]:
    """Give a namespace with credentials; at the end no release, object or server of the test is left."""
    made = Site(
        cluster=cluster,
        kube=kube,
        kubelet=kubelet,
        cloud=cloud,
        helm=helm,
        namespace=f"shop-{uuid4().hex[:8]}",
    )
    made.open(made.namespace)
    try:
        yield made
    finally:
        made.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the Pods said beside a failed test."""
    report = yield
    site: Any = getattr(item, "funcargs", {}).get("site")
    if report.failed and report.when == "call" and site is not None:
        report.sections.append(("Pods", site.kubelet.logs(NAMESPACE)[-12000:]))
    return report
