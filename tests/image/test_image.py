"""The built image: what is in it, and the operator started out of it."""

from __future__ import annotations

import json
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from onecloud_operator import __version__
from sandbox.cluster.control_plane import free_port
from sandbox.stage import CRDS, ROOT, grant
from tests.image.build import DIGEST, STANDIN, USER, call
from tools.docs.chart import CHART

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.image.build import Buildah, Container

LONG = 30.0


def test_it_says_what_it_is_and_who_it_runs_as(buildah: Buildah) -> None:
    config = buildah.config()
    assert config["User"] == f"{USER}:{USER}", "a number, so that Kubernetes can see that it is not root"
    assert config["Entrypoint"] == ["onecloud-operator"], "no shell, so that signals arrive"
    assert config["Cmd"] == ["run"]
    prefix = "org.opencontainers.image."
    labels = {name.removeprefix(prefix): text for name, text in config["Labels"].items() if prefix in name}
    head = call("git", "log", "-1", "--format=%H %cI").split()
    assert labels == {
        "title": "onecloud-operator",
        "description": yaml.safe_load((CHART / "Chart.yaml").read_text())["description"],
        "licenses": "Apache-2.0",
        "version": __version__,
        "revision": head[0],
        "created": head[1],
        "base.name": STANDIN,
        "base.digest": DIGEST,
    }


def test_several_platforms_make_one_name_for_their_images(buildah: Buildah, tmp_path: Path) -> None:
    """Made twice, since a build adds to a list; of a file that runs nothing, for want of an emulator."""
    name, file = "localhost/onecloud-operator:several", tmp_path / "Dockerfile"
    file.write_text("FROM scratch\nCOPY requirements/runtime.txt /\n")
    try:
        for _ in range(2):
            output = buildah.make(name, f"--file {file}", "PLATFORM=linux/amd64,linux/arm64")
        listed = json.loads(buildah("manifest", "inspect", name))["manifests"]
    finally:
        buildah("manifest", "rm", name)
    assert sorted(each["platform"]["architecture"] for each in listed) == ["amd64", "arm64"]
    assert output.splitlines()[-1] == f"push it with: buildah manifest push --all {name} docker://{name}"


def test_nothing_can_be_installed_or_written_in_it(container: Container) -> None:
    assert container.run("python", "-m", "pip", "--version").returncode != 0
    assert container.run("python", "-m", "ensurepip").returncode != 0
    found = container.run("sh", "-c", "PATH=${PATH%%:/sbin*}; cd / && ls opt/*/bin usr/local/bin")
    assert not {"pip", "pip3", "uv"} & set(found.stdout.split())
    written = container.run("python", "-c", "open('/opt/onecloud-operator/x', 'w')")
    assert "Permission denied" in written.stderr or "Read-only" in written.stderr
    assert "Read-only" in container.run("python", "-c", "open('/tmp/x', 'w')").stderr
    assert container.run("id", "-u").stdout.strip() == USER


def test_it_holds_the_package_and_no_test_of_it(container: Container) -> None:
    assert container.run("onecloud-operator", "--version").stdout.strip() == __version__
    for plugin in (("kubectl-onecloud",), ("onecloud-operator", "kubectl-onecloud")):
        assert container.run(*plugin, "--version").stdout.strip() == __version__
    found = container.run("python", "-c", "import sandbox")
    assert "No module named 'sandbox'" in found.stderr
    listed = container.run(
        "python", "-c", "import onecloud_operator as o, os; print(os.listdir(o.__path__[0]))"
    )
    assert "__pycache__" in listed.stdout, "compiled, because nothing can be at its start"


def test_time_zones_are_those_of_the_locked_package_and_not_of_the_base(container: Container) -> None:
    code = (
        "import importlib.metadata as m, zoneinfo; from onecloud_operator.core.windows import zone_of; "
        "print(zoneinfo.TZPATH, zone_of('Asia/Shanghai'), m.version('tzdata'))"
    )
    locked = next(
        line for line in (ROOT / "requirements/runtime.txt").read_text().splitlines() if "tzdata" in line
    )
    version = locked.partition("==")[2].partition(" ")[0]
    assert container.run("python", "-c", code).stdout.strip() == f"() Asia/Shanghai {version}"


@pytest.mark.parametrize("module", ["onecloud_operator", "kopf", "pydantic"])
def test_what_is_compiled_is_known_by_no_time(container: Container, module: str) -> None:
    """So two builds of the same sources are alike. PEP 552: 1 stands for a hash that nobody checks."""
    code = f"import {module} as m; print(open(m.__spec__.cached, 'rb').read(8)[4:])"
    assert container.run("python", "-c", code).stdout.strip() == repr((1).to_bytes(4, "little"))


@pytest.mark.parametrize("user", [USER, "1000680000"], ids=["its-own-user", "a-user-that-the-cluster-chose"])
def test_the_operator_runs_read_only_and_ends_when_it_is_asked_to(
    container: Container, control_plane: ControlPlane, kube: Kube, tmp_path: Path, user: str
) -> None:
    container = replace(container, user=user)
    control_plane.install_crds(CRDS)
    grant(kube)
    where = urlsplit(control_plane.url)
    pod = {"KUBERNETES_SERVICE_HOST": str(where.hostname), "KUBERNETES_SERVICE_PORT": str(where.port)}
    checked = container.run("onecloud-operator", "check", **pod)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    port = free_port()
    process = container.start(
        tmp_path / "operator.log",
        ONECLOUD_OPERATOR_LISTEN_PORT=str(port),
        ONECLOUD_OPERATOR_LISTEN_ADDRESS="127.0.0.1",
        **pod,
    )
    try:
        deadline = time.monotonic() + LONG
        while not ready(port):
            assert process.exit_code is None, process.tail()
            assert time.monotonic() < deadline, process.tail()
            time.sleep(0.05)
        process.signal(signal.SIGTERM)
        assert process.wait(LONG) == 0, process.tail()
    finally:
        process.kill()


def ready(port: int) -> bool:
    """Say whether the operator does."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).is_success
    except httpx.TransportError:
        return False
