"""The steps of the README with Argo CD, run as they stand there; and the way back, as in docs/argocd.md."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from sandbox.cluster.argo import GIT, NAMESPACE
from sandbox.stage import ROOT
from tests.argocd.installed import RELEASE, SYSTEM
from tests.argocd.shop import LONG, SERVERS, is_ready, well
from tests.install.pages import README, shell, step

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.cluster.argo import Argo
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from sandbox.stage import Cloud
    from tests.argocd.installed import Installed
    from tests.install.pages import Shell

TEAM, SHOP = "onecloud-servers", "shop"


@pytest.fixture
def nothing(operator: Installed, kube: Kube) -> Iterator[Installed]:
    """Give a cluster without an operator, whose chart is in git nevertheless."""
    operator.remove()
    yield operator
    operator.install()
    kube.delete("namespaces", SHOP)


@pytest.fixture
def run(argo: Argo, cluster: ControlPlane, cloud: Cloud, tmp_path: Path) -> Shell:
    """Give the reader's shell."""
    return shell(tmp_path, cluster, cloud)


def test_the_readme_alone_is_enough(
    nothing: Installed, run: Shell, kube: Kube, cloud: Cloud, tmp_path: Path
) -> None:
    """Only the addresses are other ones: of this checkout's chart, and of a repository on this machine."""
    team = tmp_path / "servers.git"
    for command in (("init", "--quiet", "--bare", "--initial-branch=main", team), ("clone", team, "servers")):
        subprocess.run([GIT, *command], cwd=tmp_path, check=True, capture_output=True)
    run(step(README, "Your first server", "create namespace"))
    steps = step(README, "Install", "kubectl -n argocd patch configmap")
    for name, url in {"OPERATOR": nothing.repository.url, "SERVERS": f"file://{team}"}.items():
        (line,) = (line for line in steps.splitlines() if line.startswith(f"{name}="))
        steps = steps.replace(line, f"{name}={url}")
    run(steps)
    kube.wait_for("applications", RELEASE, NAMESPACE, well, 2 * LONG)
    kube.wait_for("applications", TEAM, NAMESPACE, well, 2 * LONG)
    assert is_ready(kube.get(SERVERS, "web-1", SHOP))

    run(step(ROOT / "docs" / "argocd.md", "4. Deletion, and its order", f"application {TEAM}"))
    assert kube.list(SERVERS, SHOP) == []
    assert kube.get("deployments", RELEASE, SYSTEM) is None
    ours = [server for server in cloud.servers() if server["name"].startswith(f"{SHOP}.")]
    assert ours
    assert all(server["pending_deleted"] for server in ours)
