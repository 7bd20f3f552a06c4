"""What kubectl says of Pods whose containers are processes of this machine."""

from __future__ import annotations

import re
import shlex
import ssl
import subprocess
from typing import TYPE_CHECKING

import httpx
import pytest

from sandbox.cluster import tools
from tests.kubelet.pods import LONG, phase, pod, spec

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from sandbox.cluster.kubelet import Kubelet

NAMESPACE_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"
SERVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer
import os
server = HTTPServer(("127.0.0.1", int(os.environ["PORT"])), BaseHTTPRequestHandler)
print("serving", flush=True)
server.serve_forever()
"""


def test_kubectl_shows_the_log_of_a_pod(cluster: ControlPlane, kube: Kube, namespace: str) -> None:
    kube.create(pod("one", spec("print('hello')", policy="Never")), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    command = [str(tools.kubectl()), f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"]
    done = subprocess.run([*command, "logs", "one"], capture_output=True, text=True, check=True)
    assert done.stdout == "hello\n"


@pytest.fixture
def listening(kube: Kube, kubelet: Kubelet, namespace: str) -> str:
    """Give the name of a Pod that listens on its port 8080, which is named http."""
    port = {"ports": [{"containerPort": 8080, "name": "http"}]}
    kube.create(pod("one", spec(SERVER, **port)), namespace=namespace)
    kube.wait_for("pods", "one", namespace, lambda _: "serving" in kubelet.logs(namespace), LONG)
    return "one"


@pytest.mark.parametrize(
    "command", [["exec", "one", "--", "true"], ["attach", "one"], ["cp", "one:/x", "x"]], ids=lambda it: it[0]
)
def test_it_says_why_it_cannot_enter_a_container_and_what_can(
    cluster: ControlPlane, namespace: str, listening: str, command: list[str], tmp_path: Path
) -> None:
    said = refused(cluster, namespace, command, tmp_path)
    assert "processes of this machine" in said
    (instead,) = re.findall("`(nsenter .*)`", said)
    entered = [*shlex.split(instead), "cat", NAMESPACE_FILE]
    done = subprocess.run(entered, capture_output=True, text=True, check=True)
    assert done.stdout == namespace


def test_it_says_where_a_port_is_that_it_cannot_forward(
    cluster: ControlPlane, kubelet: Kubelet, namespace: str, listening: str, tmp_path: Path
) -> None:
    said = refused(cluster, namespace, ["port-forward", listening, "18080:8080"], tmp_path)
    (address,) = re.findall(r"its port 8080 is (127\.0\.0\.1:\d+)", said)
    assert httpx.get(f"http://{address}", trust_env=False).status_code == httpx.codes.NOT_IMPLEMENTED
    trusted = ssl.create_default_context(cafile=cluster.authority)
    where = f"{kubelet.url}/port/{namespace}/{listening}/http"
    assert httpx.get(where, verify=trusted, trust_env=False).text == address


def refused(cluster: ControlPlane, namespace: str, command: list[str], directory: Path) -> str:
    """Return what kubectl says about a command that fails."""
    done = subprocess.run(
        [tools.kubectl(), f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}", *command],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert done.returncode != 0, done.stdout
    return done.stderr
