"""Deployments, Jobs and probes, and what an end or a restart leaves behind."""

import sys
import urllib.error
import urllib.request
from typing import Any

import pytest

from sandbox.cluster.control_plane import ControlPlane
from sandbox.cluster.kube import Kube, Object
from sandbox.cluster.kubelet import Image, Kubelet
from tests.kubelet.pods import LONG, is_ready, main_of, phase, pod, spec

FOREVER = "import signal; signal.pause()"
# Serves on $PORT; the file `well` in its own directory decides what it answers.
SERVER = """
import http.server, os, pathlib, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/break":
            pathlib.Path(os.environ["TMPDIR"], "broken").touch()
        self.send_response(500 if pathlib.Path(os.environ["TMPDIR"], "broken").exists() else 200)
        self.end_headers()
        self.wfile.write(os.environ.get("VERSION", "").encode())
    def log_message(self, *_): pass
print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def ask(port: int, path: str = "/") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
        text: str = reply.read().decode()
        return text


def deployment(replicas: int, version: str, **container: Any) -> dict[str, Any]:
    """Return a Deployment of SERVER."""
    probe = {"httpGet": {"path": "/", "port": "web"}, "periodSeconds": 1, "failureThreshold": 1}
    wanted = spec(
        SERVER,
        ports=[{"name": "web", "containerPort": 8080}],
        env=[{"name": "VERSION", "value": version}],
        **{"readinessProbe": probe, **container},
    )
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": wanted},
        },
    }


def rolled_out(found: Object) -> bool:
    status, wanted = found.get("status", {}), found["spec"]["replicas"]
    return bool(
        status.get("observedGeneration") == found["metadata"]["generation"]
        and status.get("updatedReplicas") == status.get("readyReplicas") == status.get("replicas") == wanted
    )


def test_a_deployment_rolls_out_with_a_port_for_each_replica(
    kube: Kube, kubelet: Kubelet, namespace: str
) -> None:
    for version in ("1", "2"):
        kube.apply(deployment(2, version), namespace=namespace, force=True)
        kube.wait_for("deployments", "web", namespace, rolled_out, LONG)
        pods = [
            found for found in kube.list("pods", namespace) if "deletionTimestamp" not in found["metadata"]
        ]
        ports = {kubelet.port(namespace, found["metadata"]["name"], "web") for found in pods}
        assert len(ports) == 2
        assert {ask(port) for port in ports} == {version}


def test_a_version_that_never_gets_ready_leaves_the_old_one_in_place(kube: Kube, namespace: str) -> None:
    kube.apply(deployment(1, "1"), namespace=namespace)
    kube.wait_for("deployments", "web", namespace, rolled_out, LONG)
    never = {"exec": {"command": [sys.executable, "-c", "raise SystemExit(1)"]}, "periodSeconds": 1}
    kube.apply(deployment(1, "2", readinessProbe=never), namespace=namespace, force=True)
    found = kube.wait_for(
        "deployments", "web", namespace, lambda found: found["status"].get("replicas") == 2, LONG
    )
    assert found["status"]["readyReplicas"] == 1
    assert found["status"]["updatedReplicas"] == 1


def test_a_failing_liveness_probe_restarts_the_container(
    kube: Kube, kubelet: Kubelet, namespace: str
) -> None:
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1, "failureThreshold": 1}
    ports = [{"name": "web", "containerPort": 8080}]
    starts = probe | {"failureThreshold": 9}
    wanted = spec(SERVER, ports=ports, startupProbe=starts, livenessProbe=probe)
    kube.create(pod("one", wanted), namespace=namespace)
    kube.wait_for("pods", "one", namespace, is_ready, LONG)
    with pytest.raises(urllib.error.HTTPError):
        ask(kubelet.port(namespace, "one", 8080), "/break")
    found = kube.wait_for(
        "pods", "one", namespace, lambda found: main_of(found).get("restartCount", 0) >= 1, LONG
    )
    assert main_of(found)["lastState"]["terminated"]["exitCode"] == 128 + 15
    assert "the liveness probe of main failed" in kubelet.logs(namespace)


def test_a_startup_probe_holds_the_others_back(kube: Kube, namespace: str) -> None:
    fails = {"exec": {"command": [sys.executable, "-c", "raise SystemExit(1)"]}, "periodSeconds": 1}
    wanted = spec(
        FOREVER, startupProbe=fails | {"failureThreshold": 60}, livenessProbe=fails | {"failureThreshold": 1}
    )
    kube.create(pod("one", wanted), namespace=namespace)
    found = kube.wait_for("pods", "one", namespace, phase("Running"), LONG)
    assert not main_of(found)["started"]
    assert not is_ready(found)


def test_a_job_is_tried_until_it_succeeds(kube: Kube, kubelet: Kubelet, namespace: str) -> None:
    code = """
import os, pathlib
tried = pathlib.Path(os.environ["TMPDIR"], "tried")
if not tried.exists():
    tried.touch()
    raise SystemExit(1)
"""
    template = {"spec": spec(code, policy="OnFailure")}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "job"},
        "spec": {"template": template},
    }
    kube.create(job, namespace=namespace)
    kube.wait_for("jobs", "job", namespace, lambda found: found.get("status", {}).get("succeeded") == 1, LONG)


@pytest.mark.parametrize(
    ("on_term", "says"),
    [
        pytest.param("lambda *_: (print('bye', flush=True), exit(0))", "bye", id="who-listens-ends-in-order"),
        pytest.param("signal.SIG_IGN", "", id="who-does-not-is-killed-after-the-grace-period"),
    ],
)
def test_a_deletion_asks_first(kube: Kube, kubelet: Kubelet, namespace: str, on_term: str, says: str) -> None:
    code = f"""
import signal
signal.signal(signal.SIGTERM, {on_term})
print("up", flush=True)
while True:
    signal.pause()
"""
    kube.create(pod("one", spec(code) | {"terminationGracePeriodSeconds": 1}), namespace=namespace)
    kube.wait_for("pods", "one", namespace, lambda _: "up" in kubelet.logs(namespace), LONG)
    process = kubelet.process(namespace, "one")
    kube.delete("pods", "one", namespace)
    kube.wait_gone("pods", "one", namespace, LONG)
    assert process.exit_code == (0 if says else -9)
    assert says in kubelet.logs(namespace)


def test_the_end_of_the_kubelet_is_the_end_of_its_processes(
    cluster: ControlPlane, kube: Kube, namespace: str
) -> None:
    with Kubelet(cluster, {"python:3": Image((sys.executable, "-c"))}, name="second") as second:
        kube.create(pod("one", spec(FOREVER) | {"nodeName": "second"}), namespace=namespace)
        kube.wait_for("pods", "one", namespace, is_ready, LONG)
        process = second.process(namespace, "one")
    assert process.exit_code == -9
    kube.delete("nodes", "second")


def test_a_restart_of_the_api_server_leaves_what_runs_alone(
    cluster: ControlPlane, kube: Kube, kubelet: Kubelet, namespace: str
) -> None:
    kube.create(pod("one", spec(FOREVER)), namespace=namespace)
    kube.wait_for("pods", "one", namespace, is_ready, LONG)
    process = kubelet.process(namespace, "one")
    cluster.restart_apiserver()
    kube.create(pod("two", spec("", policy="Never")), namespace=namespace)
    kube.wait_for("pods", "two", namespace, phase("Succeeded"), LONG)
    assert process.exit_code is None
    assert kubelet.fault is None
