"""The steps of the documentation, run as they stand there, in a shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from sandbox.docs.install import NAMESPACE
from sandbox.stage import ROOT
from tests.install.pages import README, shell, step, steps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.install.pages import Shell
    from tests.install.site import Site

PAGE = ROOT / "docs" / "installing.md"
CRD = "onecloudservers.onecloud.io"


@pytest.fixture(name="shell")
def a_shell(site: Site, tmp_path: Path) -> Shell:
    """Give the reader's shell."""
    return shell(tmp_path, site.cluster, site.cloud)


@pytest.fixture
def shop(site: Site) -> None:
    """Have the namespace that the steps make removed."""
    site.namespaces.append("shop")


@pytest.fixture
def system_again(site: Site) -> Iterator[None]:
    """Make the release's namespace again, as other tests expect it."""
    before = site.kube.get("namespaces", NAMESPACE)
    assert before is not None
    yield
    if site.kube.get("namespaces", NAMESPACE) is not None:
        return
    labels = {key: value for key, value in before["metadata"]["labels"].items() if "pod-security" in key}
    site.kube.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    )


def test_the_steps_with_helm(site: Site, shell: Shell, shop: None) -> None:
    install, server, upgrade, rollback, uninstall = steps(PAGE, "With Helm")
    assert "Phase:          Succeeded" in shell(install)
    assert "condition met" in shell(server)
    made = site.kube.get(CRD, "web-1", "shop")
    assert made is not None
    for commands in (upgrade, rollback):
        shell(commands)
        assert site.kube.get(CRD, "web-1", "shop") is not None
    assert "web-1" in shell(uninstall)
    assert site.pods() == []
    (kept,) = site.cloud.servers()
    assert kept["id"] == made["status"]["id"]
    assert not kept["pending_deleted"]


def test_the_steps_with_kubectl(site: Site, shell: Shell, shop: None, system_again: None) -> None:
    install, uninstall = steps(PAGE, "With kubectl")
    assert "successfully rolled out" in shell(install)
    _, server, *_ = steps(PAGE, "With Helm")
    assert "condition met" in shell(server)
    assert "web-1" in shell(uninstall)
    (kept,) = site.cloud.servers()
    assert not kept["pending_deleted"]
    assert site.kube.get("CustomResourceDefinition", CRD) is not None


def test_the_notes_of_a_release_lead_to_a_server(site: Site, shell: Shell, shop: None) -> None:
    install, *_ = steps(PAGE, "With Helm")
    notes = shell(install).partition("2. Credentials")[2].partition("TEST SUITE")[0].splitlines()
    commands = [line for line in notes if line.startswith("     ")]
    assert commands[-1].endswith(" get ocs -w"), "which never ends"
    said = shell("\n".join([*commands[:-1], commands[-1].removesuffix(" -w")]))
    assert "secret/onecloud created" in said
    assert "web-1" in said
    site.wait_ready("web-1", "shop")


@pytest.mark.usefixtures("shop", "system_again")
@pytest.mark.parametrize(
    ("program", "way"),
    [
        pytest.param("Helm", "helm install", id="helm"),
        pytest.param("kubectl", "kubectl apply --server-side -f", id="kubectl"),
    ],
)
def test_the_readme_alone_is_enough(site: Site, shell: Shell, program: str, way: str) -> None:
    """Only the image is not built and pushed: the node knows it by the name that the README gives it."""
    install = step(README, "Install", way)
    assert "Succeeded" in (said := shell(install)) or "successfully rolled out" in said
    credentials, server = steps(README, "Your first server")
    shell(credentials)
    shell(server.replace(" -w\n", "\n"))
    site.wait_ready("web-1", "shop")
    (uninstall,) = re.findall(rf"^\| {program} \| `(.*)` \|$", README.read_text(), re.MULTILINE)
    shell(uninstall)
    site.until(lambda: not site.pods(), "no operator runs")
    (kept,) = site.cloud.servers()
    assert not kept["pending_deleted"]
    assert "web-1" in shell("kubectl get ocs --all-namespaces")
