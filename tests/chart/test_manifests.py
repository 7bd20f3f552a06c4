"""Installed without Helm: install.yaml with kubectl, and the example's overlay with kustomize."""

from __future__ import annotations

import re
import shlex
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from onecloud_operator.settings import PREFIX, settings_from
from sandbox.stage import CRDS, ROOT
from tests.chart.helm import Refused, objects, one, rendered
from tests.chart.servers import CRD, established
from tools.docs.install import NAMESPACE, RELEASE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.cluster.kube import Kube
    from tests.chart.helm import Command

INSTALL = ROOT / "install.yaml"
OVERLAY = ROOT / "examples" / "kustomize"
LONG = 30.0


@pytest.fixture(scope="module")
def alone(kube: Kube, kubectl: Command) -> Iterator[None]:
    """Make room for what install.yaml names; remove all of it afterwards."""
    before = kube.get("namespaces", NAMESPACE)  # another test's
    kube.delete("namespaces", NAMESPACE)
    kube.wait_gone("namespaces", NAMESPACE, timeout_seconds=LONG)
    yield
    kubectl("delete", "-f", INSTALL, "--ignore-not-found", "--timeout=60s")
    if before is not None:
        labels = before["metadata"]["labels"]
        kube.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
        )
        kube.wait_for("serviceaccounts", "default", NAMESPACE, bool, LONG)


@pytest.fixture
def installed(alone: None, kubectl: Command) -> str:
    """Apply install.yaml over whatever the test before left of it; give what kubectl said."""
    return kubectl("apply", "--server-side", "--force-conflicts", "-f", INSTALL)


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """Give the example in a repository of one's own."""
    text = (OVERLAY / "kustomization.yaml").read_text()
    (tmp_path / "kustomization.yaml").write_text(text.replace("../../install.yaml", "install.yaml"))
    shutil.copy(INSTALL, tmp_path)
    return tmp_path


def test_kubectl_installs_it_and_a_second_time_changes_nothing(
    installed: str, kube: Kube, kubectl: Command
) -> None:
    assert len(installed.splitlines()) == len(documents(INSTALL.read_text()))
    wait_for_pods(kube)
    kube.wait_for("CustomResourceDefinition", CRD, None, established, LONG)
    before = {key(each): version(found(kube, each)) for each in documents(INSTALL.read_text())}
    kubectl("apply", "--server-side", "-f", INSTALL)
    assert kubectl("diff", "--server-side", "-f", INSTALL) == ""
    assert {key(each): version(found(kube, each)) for each in documents(INSTALL.read_text())} == before


def test_a_change_by_hand_is_seen_as_a_difference(installed: str, kube: Kube, kubectl: Command) -> None:
    """So that the test above can fail."""
    kube.patch("deployments", RELEASE, NAMESPACE, {"spec": {"replicas": 5}})
    with pytest.raises(Refused, match=r"replicas: 5"):
        kubectl("diff", "--server-side", "--force-conflicts", "-f", INSTALL)


def test_an_overlay_changes_what_it_names_and_nothing_else(overlay: Path, kubectl: Command) -> None:
    made, plain = kubectl("kustomize", overlay), INSTALL.read_text()
    assert {key(each) for each in objects(made)} == {key(each) for each in objects(plain)}
    deployment = one(made, "Deployment")
    (operator,) = deployment["spec"]["template"]["spec"]["containers"]
    assert deployment["spec"]["replicas"] == 3
    (before,) = one(plain, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert operator["image"] == f"registry.example.com/{before['image']}"
    env = {each["name"]: each["value"] for each in operator["env"] if "value" in each}
    settings = settings_from({name: text for name, text in env.items() if name.startswith(PREFIX)})
    assert (settings.log_format, settings.workers, settings.leader_election) == ("json", 32, True)
    assert operator["resources"]["limits"]["memory"] == "1Gi"
    assert operator["resources"]["requests"] == before["resources"]["requests"]
    for name in ("args", "livenessProbe", "readinessProbe", "securityContext", "ports"):
        assert operator[name] == before[name]
    definitions = [specs_of_definitions(text) for text in (made, plain)]
    assert len(definitions[0]) == 2
    assert definitions[0] == definitions[1], "kustomize takes the definitions as they are"


def test_the_overlay_is_applied_as_it_is_and_removed_without_the_definition(
    installed: str, kube: Kube, kubectl: Command, overlay: Path
) -> None:
    """By the commands of its first lines: from a checkout, and beside the file."""
    head = (OVERLAY / "kustomization.yaml").read_text().partition("apiVersion")[0]
    build, install = re.findall(r"#   kubectl (.*) \| kubectl (.*)$", head, re.MULTILINE)[0]
    kubectl(*install.split(), stdin=kubectl(*build.replace("examples", str(OVERLAY.parent)).split()))
    apply, delete = re.findall(r": +kubectl (.*)$", head, re.MULTILINE)
    kubectl(*apply.replace(" .", f" {overlay}").split())
    deployment = found(kube, one(INSTALL.read_text(), "Deployment"))
    assert deployment["spec"]["replicas"] == 3
    assert kubectl("diff", "--server-side", "-k", overlay) == ""
    kubectl(*shlex.split(delete.replace(" .", f" {overlay}")))
    for each in documents(INSTALL.read_text()):
        kind, namespace, name = key(each)
        kept = each["kind"] in {"CustomResourceDefinition", "Namespace"}  # objects' own, and their Secrets'
        assert (kube.get(kind, name, namespace or None) is not None) is kept, kind


def test_the_definition_alone_can_be_applied(kube: Kube, kubectl: Command) -> None:
    kubectl("apply", "--server-side", "--force-conflicts", "-k", CRDS)
    assert kubectl("diff", "--server-side", "-k", CRDS) == ""


def test_it_is_the_chart_with_its_defaults(helm: Command) -> None:
    """But for the namespace, which kubectl has to make, and the labels that speak of Helm."""
    chart = {key(each) for each in objects(rendered(helm, {}, "--no-hooks"))}
    assert {key(each) for each in documents(INSTALL.read_text())} == chart | {("Namespace", "", NAMESPACE)}
    assert "helm.sh" not in INSTALL.read_text().split("CustomResourceDefinition")[0]


def specs_of_definitions(text: str) -> dict[str, Any]:
    """Return what each definition in a text of manifests says, by its name."""
    found = [each for each in documents(text) if each["kind"] == "CustomResourceDefinition"]
    return {each["metadata"]["name"]: each["spec"] for each in found}


def documents(text: str) -> list[dict[str, Any]]:
    """Return the objects of a text of manifests, in its order."""
    return [document for document in yaml.safe_load_all(text) if document]


def key(manifest: dict[str, Any]) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def found(kube: Kube, manifest: dict[str, Any]) -> dict[str, Any]:
    kind, namespace, name = key(manifest)
    read = kube.get(kind, name, namespace or None)
    assert read is not None, f"{kind} {name}"
    return read


def version(read: dict[str, Any]) -> tuple[str, str]:
    """Return what a write changes; of a Deployment, whose status controllers write, only the spec."""
    metadata = read["metadata"]
    number = metadata["generation"] if read["kind"] == "Deployment" else metadata["resourceVersion"]
    return metadata["uid"], str(number)


def wait_for_pods(kube: Kube) -> None:
    """Wait until the Pods have been made: the namespace enforces the restricted profile."""
    deadline = time.monotonic() + LONG
    while len(kube.list("pods", NAMESPACE)) < 2:
        assert time.monotonic() < deadline, "no Pod is let in"
        time.sleep(0.05)
