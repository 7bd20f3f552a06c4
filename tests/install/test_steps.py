"""The steps of the documentation, run as they stand there, in a shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from onecloud_operator import __version__
from sandbox.cluster import tools
from sandbox.docs.install import NAMESPACE
from sandbox.stage import ROOT
from tests.chart.helm import Command
from tests.e2e.play import said
from tests.install.pages import README, journey, shell, steps, uninstall
from tests.install.site import KIND, LONG, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.install.pages import Shell
    from tests.install.site import Site

PAGE = ROOT / "docs" / "installing.md"
YOUR_CHART = ROOT / "docs" / "your-chart.md"
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
    install, server, upgrade, rollback, remove = steps(PAGE, "With Helm")
    assert "Phase:          Succeeded" in shell(install)
    assert "condition met" in shell(server)
    made = site.kube.get(CRD, "web-1", "shop")
    assert made is not None
    for commands in (upgrade, rollback):
        shell(commands)
        assert site.kube.get(CRD, "web-1", "shop") is not None
    assert "web-1" in shell(remove)
    assert site.pods() == []
    (kept,) = site.cloud.servers()
    assert kept["id"] == made["status"]["id"]
    assert not kept["pending_deleted"]


def test_the_steps_with_kubectl(site: Site, shell: Shell, shop: None, system_again: None) -> None:
    install, remove = steps(PAGE, "With kubectl")
    assert "successfully rolled out" in shell(install)
    _, server, *_ = steps(PAGE, "With Helm")
    assert "condition met" in shell(server)
    assert "web-1" in shell(remove)
    (kept,) = site.cloud.servers()
    assert not kept["pending_deleted"]
    assert site.kube.get("CustomResourceDefinition", CRD) is not None


def test_everything_is_removed_while_the_servers_stay(site: Site, shell: Shell, shop: None) -> None:
    install, server, *_ = steps(PAGE, "With Helm")
    shell(install)
    shell(server)
    retain, remove = steps(PAGE, "Removing everything")
    assert "web-1 patched" in shell(retain)
    said = shell(remove)
    assert '"web-1" deleted' in said
    assert site.kube.get("CustomResourceDefinition", CRD) is None
    (kept,) = site.cloud.servers()
    assert not kept["pending_deleted"]


def test_the_notes_of_a_release_lead_to_a_server(site: Site, shell: Shell, shop: None) -> None:
    install, *_ = steps(PAGE, "With Helm")
    notes = shell(install).partition("2. Credentials")[2].partition("TEST SUITE")[0].splitlines()
    commands = [line for line in notes if line.startswith("     ")]
    assert commands[-1].endswith(" get ocs -w"), "which never ends"
    told = shell("\n".join([*commands[:-1], commands[-1].removesuffix(" -w")]))
    assert "secret/onecloud created" in told
    assert "web-1" in told
    site.wait_ready("web-1", "shop")


@pytest.mark.usefixtures("shop", "system_again")
@pytest.mark.parametrize("way", ["Helm", "kubectl"])
def test_the_readme_alone_is_enough(site: Site, shell: Shell, way: str) -> None:
    """Only the image is not built and pushed: the node knows it by the name that the README gives it."""
    told = shell(journey(way))
    assert "Phase:          Succeeded" in told or "successfully rolled out" in told
    site.wait_ready("web-1", "shop")
    shell(uninstall(way))
    site.until(lambda: not site.pods(), "no operator runs")
    (kept,) = site.cloud.servers()
    assert not kept["pending_deleted"]
    assert "web-1" in shell("kubectl get ocs --all-namespaces")


def test_the_version_that_the_pages_name_is_this_one() -> None:
    pages = [README, *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.yaml")]
    named = {
        (page.name, version)
        for page in pages
        for version in re.findall(
            r"(?:IMAGE:|onecloud-operator:|tags/v|targetRevision: v)(\d[\w.]*\w)", page.read_text()
        )
    }
    assert {version for _, version in named} == {__version__}
    assert {page for page, _ in named} >= {"README.md", "installing.md", "operator.yaml"}


def test_a_chart_with_servers_keeps_those_that_the_page_says_it_keeps(site: Site, tmp_path: Path) -> None:
    """Helm 3 returns while they are being made, Helm 4's waiting has its own tests."""
    site.install()
    (kept,) = re.findall(r"^```yaml\n(.*?)^```$", YOUR_CHART.read_text(), re.MULTILINE | re.DOTALL)
    database = yaml.safe_load(kept)
    chart = site.chart(database, site.server("web-1"), site.server("web-2", deletionPolicy="Retain"))
    helm3 = Command(tools.helm(3), tmp_path, site.cluster.kubeconfig)
    site.cloud.call("hang_at", statuses=["deploying"])
    helm3("install", "shop", chart, f"--namespace={site.namespace}", "--wait", TIMEOUT)
    assert said(site.get("web-1").get("status") or {}, "Ready").get("status") != "True"
    site.cloud.call("hang_at", statuses=[])
    site.cloud.call("release")
    before = {name: site.wait_ready(name) for name in ("db-1", "web-1", "web-2")}
    site.helm("uninstall", "shop", f"--namespace={site.namespace}")
    for name in ("web-1", "web-2"):
        site.kube.wait_gone(KIND, name, site.namespace, LONG)
    assert site.get("db-1") == before["db-1"]
    recycled = {server["id"]: server["pending_deleted"] for server in site.cloud.servers()}
    expected = {"db-1": False, "web-1": True, "web-2": False}
    assert {name: recycled[found["status"]["id"]] for name, found in before.items()} == expected
