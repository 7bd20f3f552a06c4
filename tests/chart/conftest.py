"""Both Helms; and a cluster of its own, because these tests install and remove what others rely on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import pytest

from sandbox.cluster import tools
from sandbox.cluster.control_plane import ControlPlane
from sandbox.cluster.kube import KubeError
from tests.chart.helm import VERSIONS, Command, Release
from tests.chart.servers import CRD, LONG, PROVIDERS_CRD
from tests.chart.waiting import until
from tests.controllers import cluster, kube
from tests.programs import first_build
from tools.docs.chart import CHART
from tools.docs.install import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.cluster.kube import Kube


__all__ = ["cluster", "kube"]  # for pytest, which finds fixtures by their names here

MONITORING = Path(__file__).with_name("monitoring.yaml")

OURS = (
    "validatingadmissionpolicybindings",
    "validatingadmissionpolicies",
    "clusterrolebindings",
    "clusterroles",
    "rolebindings",
    "roles",
)


@pytest.fixture(scope="package", autouse=True)
def programs(request: pytest.FixtureRequest) -> None:
    """Get what is needed; a first build takes minutes and says so."""
    with first_build(request):
        tools.binaries("etcd", "kube-apiserver", "kube-controller-manager")
        tools.kubectl()
        for version in VERSIONS:
            tools.helm(version)


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="package")
def helm(home: Path) -> Command:
    """Give Helm 4 without a cluster."""
    return Command(tools.helm(), home)


@pytest.fixture(scope="package")
def helm_3(home: Path) -> Command:
    """Give Helm 3 without a cluster."""
    return Command(tools.helm(3), home)


@pytest.fixture(scope="package", params=VERSIONS, ids=["helm-3", "helm-4"])
def any_helm(request: pytest.FixtureRequest, home: Path) -> Command:
    """Give each Helm, without a cluster."""
    version: Literal[3, 4] = request.param
    return Command(tools.helm(version), home)


@pytest.fixture(scope="package")
def kubectl(cluster: ControlPlane, home: Path) -> Command:
    return Command(tools.kubectl(), home, cluster.kubeconfig)


@pytest.fixture(scope="package")
def place(kube: Kube) -> None:
    """Make the namespaces that values name; no Pod with a privilege is let into the release's."""
    strict = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    for name, labels in {NAMESPACE: strict, "shop": {}, "bank": {}}.items():
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
        kube.wait_for("serviceaccounts", "default", name, bool, LONG)
    kube.install_crds(MONITORING)


@pytest.fixture
def space(kube: Kube) -> Iterator[str]:
    """Give a namespace for a release, for restricted Pods only, in a cluster without traces of others."""
    _clear(kube)
    name = f"system-{uuid4().hex[:8]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    kube.wait_for("serviceaccounts", "default", name, bool, LONG)
    yield name
    kube.delete("namespaces", name)
    _clear(kube)


@pytest.fixture
def release(cluster: ControlPlane, home: Path, space: str) -> Callable[..., Release]:
    """Give a way to name a release of a Helm in the namespace."""

    def make(version: Literal[3, 4] = 4, name: str = "onecloud-operator", chart: Path = CHART) -> Release:
        return Release(Command(tools.helm(version), home, cluster.kubeconfig), name, space, chart)

    return make


def _clear(kube: Kube) -> None:
    """Remove what releases leave or others need: the policy first, the definition with its objects last."""
    for kind in OURS:
        for found in kube.list(kind, labels="app.kubernetes.io/part-of=onecloud-operator"):
            kube.delete(kind, found["metadata"]["name"], found["metadata"].get("namespace"))
    for definition in (CRD, PROVIDERS_CRD):
        if kube.get("CustomResourceDefinition", definition) is not None:
            # The API server may not serve one yet that was made just now; it then takes minutes to clean up.
            until(lambda one=definition: listable(kube, one), f"{definition} is served", 3 * LONG)  # type: ignore[misc]
            kube.delete("CustomResourceDefinition", definition)
            kube.wait_gone("CustomResourceDefinition", definition, timeout_seconds=3 * LONG)


def listable(kube: Kube, definition: str) -> bool:
    """Say whether objects of a definition can be listed, or it is going already."""
    found = kube.get("CustomResourceDefinition", definition)
    if found is None or "deletionTimestamp" in found["metadata"]:
        return True
    try:
        kube.request("GET", f"/apis/onecloud.io/v1alpha1/{definition.partition('.')[0]}")
    except KubeError:
        return False
    return True
