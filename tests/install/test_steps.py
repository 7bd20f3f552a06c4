"""The steps of the documentation, run as they stand there, in a shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from onecloud_operator import __version__
from sandbox.cluster import tools
from sandbox.stage import ROOT
from tests.chart.helm import Command
from tests.e2e.user import condition
from tests.install.pages import INSTALLING, README, blocks, inline, shell, steps
from tests.install.site import KIND, LONG, TIMEOUT
from tools.docs.install import NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.install.pages import Shell
    from tests.install.site import Site

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
    install, server, upgrade, rollback, remove = steps(INSTALLING, "With Helm")
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
    install, remove = steps(INSTALLING, "With kubectl")
    assert "successfully rolled out" in shell(install)
    _, server, *_ = steps(INSTALLING, "With Helm")
    assert "condition met" in shell(server)
    assert "web-1" in shell(remove)
    (kept,) = site.cloud.servers()
    assert not kept["pending_deleted"]
    assert site.kube.get("CustomResourceDefinition", CRD) is not None


def test_everything_is_removed_while_the_servers_stay(site: Site, shell: Shell, shop: None) -> None:
    install, server, *_ = steps(INSTALLING, "With Helm")
    shell(install)
    shell(server)
    retain, remove = steps(INSTALLING, "Removing everything")
    assert "web-1 patched" in shell(retain)
    output = shell(remove)
    assert '"web-1" deleted' in output
    assert site.kube.get("CustomResourceDefinition", CRD) is None
    (kept,) = site.cloud.servers()
    assert not kept["pending_deleted"]


def test_the_notes_of_a_release_lead_to_a_server(site: Site, shell: Shell, shop: None) -> None:
    install, *_ = steps(INSTALLING, "With Helm")
    notes = shell(install).partition("2. Store the credentials")[2].partition("TEST SUITE")[0].splitlines()
    commands = [line for line in notes if line.startswith("     ")]
    assert commands[-1].endswith(" get ocs -w"), "which never ends"
    output = shell("\n".join([*commands[:-1], commands[-1].removesuffix(" -w")]))
    assert "secret/onecloud created" in output
    assert "web-1" in output
    site.wait_ready("web-1", "shop")


def test_the_crd_alone_is_installed_as_the_page_says(shell: Shell) -> None:
    (crd,) = steps(INSTALLING, "Without an image")
    assert f"{CRD} serverside-applied" in shell(crd)
    assert crd.strip() in inline(INSTALLING)


def test_what_the_page_looks_up_can_be_looked_up(shell: Shell) -> None:
    """The API server of the tests listens on loopback, so it has no endpoints to show."""
    uid, endpoints = (command for command in inline(INSTALLING) if command.startswith("kubectl get"))
    assert re.fullmatch(r"[0-9a-f-]{36}", shell(uid))
    shell(endpoints)


def test_every_command_of_the_page_is_run_by_a_test() -> None:
    """Those of Argo CD in tests/argocd."""
    run = ("With Helm", "With kubectl", "With Argo CD", "Without an image", "Removing everything")
    known = [command for heading in run for command in steps(INSTALLING, heading)]
    assert [block.commands for block in blocks(INSTALLING)] == known


def test_the_version_that_the_pages_name_is_this_one() -> None:
    pages = [README, *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").rglob("*.yaml")]
    named = {
        (page.name, version)
        for page in pages
        for version in re.findall(
            r"(?:IMAGE:|onecloud-operator:|tags/v|targetRevision: v|ersion |checkout is )(\d+\.\d+\.\d+)",
            page.read_text(),
        )
    }
    assert {version for _, version in named} == {__version__}
    assert {page for page, _ in named} >= {"README.md", "compatibility.md", "installing.md", "operator.yaml"}


def test_a_chart_with_servers_keeps_those_that_the_page_says_it_keeps(site: Site, tmp_path: Path) -> None:
    """Helm 3 returns while they are being made, Helm 4's waiting has its own tests."""
    site.install()
    (kept,) = re.findall(r"^```yaml\n(.*?)^```$", YOUR_CHART.read_text(), re.MULTILINE | re.DOTALL)
    database = yaml.safe_load(kept)
    chart = site.chart(database, site.server("web-1"), site.server("web-2", deletionPolicy="Retain"))
    helm3 = Command(tools.helm(3), tmp_path, site.cluster.kubeconfig)
    site.cloud.call("hang_at", statuses=["deploying"])
    helm3("install", "shop", chart, f"--namespace={site.namespace}", "--wait", TIMEOUT)
    assert condition(site.get("web-1").get("status") or {}, "Ready").get("status") != "True"
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
