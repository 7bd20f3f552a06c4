"""The steps of the documentation, run as they stand there, in a shell."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from sandbox.cluster import tools
from sandbox.docs.install import NAMESPACE
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.install.site import Site

PAGE = ROOT / "docs" / "installing.md"
README = ROOT / "README.md"
CRD = "onecloudservers.onecloud.io"


def steps(heading: str, page: Path = PAGE) -> list[str]:
    """Return the commands of a section of a page, in order."""
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", page.read_text(), re.MULTILINE | re.DOTALL)
    found = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found, heading
    return found


@pytest.fixture
def shell(site: Site, tmp_path: Path) -> Callable[[str], str]:
    """Give a shell in a checkout, with the programs on its path and the platform's shell file in it."""
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    for name in ("helm", "examples", "crds", "install.yaml"):
        (checkout / name).symlink_to(ROOT / name)
    (checkout / "rcadmin").write_text(
        "".join(f"export {key}={value}\n" for key, value in site.cloud.secret_data.items())
    )
    path = [str(tools.helm().parent), str(tools.kubectl().parent), os.environ.get("PATH", os.defpath)]
    env = {
        "PATH": os.pathsep.join(path),
        "HOME": str(tmp_path),
        "KUBECONFIG": str(site.cluster.kubeconfig),
    }

    def run(commands: str) -> str:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],  # noqa: S607 - as the reader's
            cwd=checkout,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


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
    site.kube.wait_gone("namespaces", NAMESPACE, timeout_seconds=60)
    labels = {key: value for key, value in before["metadata"]["labels"].items() if "pod-security" in key}
    site.kube.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": labels}}
    )


def test_the_steps_with_helm(site: Site, shell: Callable[[str], str], shop: None) -> None:
    install, server, upgrade, rollback, uninstall = steps("With Helm")
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


def test_the_steps_with_kubectl(
    site: Site, shell: Callable[[str], str], shop: None, system_again: None
) -> None:
    install, uninstall = steps("With kubectl")
    assert "successfully rolled out" in shell(install)
    _, server, *_ = steps("With Helm")
    assert "condition met" in shell(server)
    assert "web-1" in shell(uninstall)
    (kept,) = site.cloud.servers()
    assert not kept["pending_deleted"]
    assert site.kube.get("CustomResourceDefinition", CRD) is not None


def test_the_notes_of_a_release_lead_to_a_server(site: Site, shell: Callable[[str], str], shop: None) -> None:
    install, *_ = steps("With Helm")
    notes = shell(install).partition("2. Credentials")[2].partition("TEST SUITE")[0].splitlines()
    commands = [line for line in notes if line.startswith("     ")]
    assert commands[-1].endswith(" get ocs -w"), "which never ends"
    said = shell("\n".join([*commands[:-1], commands[-1].removesuffix(" -w")]))
    assert "secret/onecloud created" in said
    assert "web-1" in said
    site.wait_ready("web-1", "shop")


@pytest.mark.parametrize("way", ["helm install", "kubectl apply --server-side -f"])
def test_the_readme_alone_is_enough(
    site: Site, shell: Callable[[str], str], shop: None, request: pytest.FixtureRequest, way: str
) -> None:
    """Only the image is not built and pushed: the node knows it by the name that the README gives it."""
    (install,) = (commands for commands in steps("Install", README) if way in commands)
    if way.startswith("kubectl"):
        request.getfixturevalue("system_again")
    assert "Succeeded" in (said := shell(install)) or "successfully rolled out" in said
    _, server, *_, uninstall_helm = steps("With Helm")
    assert "condition met" in shell(server)
    *_, uninstall_kubectl = steps("With kubectl")
    shell(uninstall_kubectl if way.startswith("kubectl") else uninstall_helm)
    (kept,) = site.cloud.servers()
    assert not kept["pending_deleted"]
