"""The process kubelet: Pods are real processes, and Kubernetes' own controllers believe in them."""

import faulthandler
import os
import shlex
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from sandbox.cluster import tools
from sandbox.cluster.control_plane import ControlPlane
from sandbox.cluster.kube import Kube, Object
from sandbox.cluster.kubelet import Image, Kubelet
from sandbox.cluster.process import Process
from sandbox.stage import ROOT

LONG = 30.0
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
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


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[ControlPlane]:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # a first build takes minutes and says so
        faulthandler.cancel_dump_traceback_later()  # and is no test that hangs
        tools.binaries("etcd", "kube-apiserver", "kube-controller-manager")
    with ControlPlane(controllers=True) as running:
        yield running


@pytest.fixture(scope="module")
def kubelet(cluster: ControlPlane) -> Iterator[Kubelet]:
    with Kubelet(cluster, {"python:3": Image((sys.executable, "-c"))}, backoff_seconds=0.2) as running:
        yield running


@pytest.fixture(scope="module")
def kube(cluster: ControlPlane) -> Iterator[Kube]:
    with cluster.client() as client:
        yield client


@pytest.fixture
def namespace(kube: Kube, kubelet: Kubelet) -> Iterator[str]:
    """Give a namespace that may have Pods; the namespace controller and the kubelet remove them."""
    name = f"test-{uuid4().hex[:10]}"
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    kube.wait_for("serviceaccounts", "default", name, bool)
    kube.wait_for("configmaps", "kube-root-ca.crt", name, bool)
    yield name
    kube.delete("namespaces", name)


def spec(code: str, **container: Any) -> dict[str, Any]:
    """Return the spec of a Pod that runs Python *code*."""
    policy = {"restartPolicy": container.pop("policy")} if "policy" in container else {}
    volumes = [{"name": "own", "emptyDir": {}}]
    one = {
        "name": "main",
        "image": "python:3",
        "args": [code],
        "volumeMounts": [{"name": "own", "mountPath": "/tmp"}],  # noqa: S108 - the container's
        **container,
    }
    return {"containers": [one], "volumes": volumes, "terminationGracePeriodSeconds": 5, **policy}


def pod(name: str, pod_spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "x"}},
        "spec": pod_spec,
    }


def main_of(found: Object) -> dict[str, Any]:
    """Return the status of the first container."""
    statuses = found["status"].get("containerStatuses") or [{}]
    first: dict[str, Any] = statuses[0]
    return first


def is_ready(found: Object) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in found["status"].get("conditions", []))


def phase(wanted: str) -> Callable[[Object], bool]:
    return lambda found: found["status"]["phase"] == wanted


def ask(port: int, path: str = "/") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
        text: str = reply.read().decode()
        return text


def test_a_pod_runs_to_its_end_and_its_log_is_kept(kube: Kube, kubelet: Kubelet, namespace: str) -> None:
    kube.create(pod("one", spec("print('hello')", policy="Never")), namespace=namespace)
    found = kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    assert main_of(found)["state"]["terminated"]["exitCode"] == 0
    assert found["spec"]["nodeName"] == "sandbox"
    assert "hello" in kubelet.logs(namespace, "one")


def test_kubectl_shows_the_log_of_a_pod(cluster: ControlPlane, kube: Kube, namespace: str) -> None:
    kube.create(pod("one", spec("print('hello')", policy="Never")), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    command = [str(tools.kubectl()), f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"]
    done = subprocess.run([*command, "logs", "one"], capture_output=True, text=True, check=True)
    assert done.stdout == "hello\n"


def test_a_pod_that_fails_and_may_not_be_restarted_has_failed(kube: Kube, namespace: str) -> None:
    kube.create(pod("one", spec("raise SystemExit(7)", policy="Never")), namespace=namespace)
    found = kube.wait_for("pods", "one", namespace, phase("Failed"), LONG)
    assert main_of(found)["state"]["terminated"]["exitCode"] == 7


def test_a_crash_is_followed_by_restarts_after_growing_waits(kube: Kube, namespace: str) -> None:
    kube.create(pod("one", spec("raise SystemExit(7)")), namespace=namespace)
    found = kube.wait_for(
        "pods", "one", namespace, lambda found: main_of(found).get("restartCount", 0) >= 3, LONG
    )
    assert main_of(found)["lastState"]["terminated"]["exitCode"] == 7
    assert not is_ready(found)


def test_the_pod_is_told_what_its_spec_promises(kube: Kube, kubelet: Kubelet, namespace: str) -> None:
    kube.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "secret"}},
        namespace=namespace,
    )
    kube.create(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "c"},
            "data": {"k": "config", "FROM": "map"},
        },
        namespace=namespace,
    )
    env = [
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
        {"name": "CONFIG", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}},
        {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "x", "optional": True}}},
        {"name": "BOTH", "value": "$(NAME)-$(LABEL)-$$(NAME)-$(UNKNOWN)"},
    ]
    names = "NAME LABEL NODE SECRET CONFIG FROM NONE BOTH"
    code = f"import os; print([os.environ.get(name) for name in '{names}'.split()])"
    wanted = spec(code, policy="Never", env=env, envFrom=[{"configMapRef": {"name": "c"}}])
    kube.create(pod("one", wanted), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    expected = ["one", "x", "sandbox", "secret", "config", "map", None, "one-x-$(NAME)-$(UNKNOWN)"]
    assert str(expected) in kubelet.logs(namespace, "one")


def test_a_service_leaves_its_variables_in_the_pods_of_its_namespace(
    kube: Kube, kubelet: Kubelet, namespace: str
) -> None:
    """They are why a program must bear unknown variables, or its chart turn them off."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "my-db"},
        "spec": {"ports": [{"port": 5432}]},
    }
    kube.create(service, namespace=namespace)
    code = "import os; print('port', os.environ.get('MY_DB_SERVICE_PORT'))"
    kube.create(pod("linked", spec(code, policy="Never")), namespace=namespace)
    alone = spec(code, policy="Never") | {"enableServiceLinks": False}
    kube.create(pod("alone", alone), namespace=namespace)
    for name, said in (("linked", "port 5432"), ("alone", "port None")):
        kube.wait_for("pods", name, namespace, phase("Succeeded"), LONG)
        assert said in kubelet.logs(namespace, name)


def test_a_container_waits_for_the_secret_that_it_names(kube: Kube, namespace: str) -> None:
    env = [{"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "later", "key": "k"}}}]
    kube.create(pod("one", spec("", policy="Never", env=env)), namespace=namespace)
    found = kube.wait_for(
        "pods",
        "one",
        namespace,
        lambda found: "message" in main_of(found).get("state", {}).get("waiting", {}),
        LONG,
    )
    assert main_of(found)["state"]["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": "secrets 'later' not found",
    }
    kube.create(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "later"}, "stringData": {"k": "v"}},
        namespace=namespace,
    )
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)


@pytest.mark.parametrize("image", ["nobody/knows:1", "python:4", "python", "python:3-slim", "a/python:3"])
def test_an_unknown_image_is_not_pulled_from_anywhere(kube: Kube, namespace: str, image: str) -> None:
    """What only begins alike is another image."""
    kube.create(pod("one", spec("", image=image)), namespace=namespace)
    kube.wait_for(
        "pods",
        "one",
        namespace,
        lambda found: main_of(found).get("state", {}).get("waiting", {}).get("reason") == "ErrImagePull",
        LONG,
    )


def test_a_pod_speaks_to_the_api_server_as_its_service_account(
    kube: Kube, kubelet: Kubelet, namespace: str
) -> None:
    """What every client library reads is where it reads it, and the machine's own /var/run is left alone."""
    code = f"""
import json, os, pathlib, ssl, urllib.request
here = pathlib.Path("{ACCOUNT}")
api = f"https://{{os.environ['KUBERNETES_SERVICE_HOST']}}:{{os.environ['KUBERNETES_SERVICE_PORT']}}"
review = {{"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}}
request = urllib.request.Request(
    api + "/apis/authentication.k8s.io/v1/selfsubjectreviews", json.dumps(review).encode(),
    {{"Authorization": "Bearer " + (here / "token").read_text(), "Content-Type": "application/json"}},
)
context = ssl.create_default_context(cafile=str(here / "ca.crt"))
print(json.load(urllib.request.urlopen(request, context=context))["status"]["userInfo"])
print("namespace", (here / "namespace").read_text())
"""
    kube.create(pod("one", spec(code, policy="Never")), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    assert f"system:serviceaccount:{namespace}:default" in kubelet.logs(namespace)
    assert f"namespace {namespace}\n" in kubelet.logs(namespace)
    assert "'authentication.kubernetes.io/pod-name': ['one']" in kubelet.logs(namespace)
    assert not Path(ACCOUNT, "token").exists()


def test_a_pod_without_a_token_gets_none(kube: Kube, kubelet: Kubelet, namespace: str) -> None:
    code = f"import os; print('token', os.path.exists('{ACCOUNT}/token'))"
    wanted = spec(code, policy="Never") | {"automountServiceAccountToken": False}
    kube.create(pod("one", wanted), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    assert "token False" in kubelet.logs(namespace)


def test_init_containers_run_first_and_one_after_the_other(
    kube: Kube, kubelet: Kubelet, namespace: str
) -> None:
    code = """
import os, pathlib
turns = pathlib.Path(os.environ["TMPDIR"], "turns")
print("turn", len(turns.read_text()) if turns.exists() else 0)
turns.open("a").write("x")
"""
    wanted = spec(code, policy="Never")
    first = [{**wanted["containers"][0], "name": name} for name in ("first", "second")]
    kube.create(pod("one", {**wanted, "initContainers": first}), namespace=namespace)
    kube.wait_for("pods", "one", namespace, phase("Succeeded"), LONG)
    logs = kubelet.logs(namespace)
    assert all(f"{name}.log\nturn {turn}" in logs for turn, name in enumerate(("first", "second", "main")))


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


def test_a_playground_gives_a_shell_all_that_an_installation_takes(tmp_path: Path) -> None:
    """The node is ready, the programs are there, the cloud lets one in."""
    log = tmp_path / "log"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "operator")}
    process = Process([sys.executable, "-m", "sandbox.cluster.kubelet"], log=log, env=environment)
    try:
        deadline = time.monotonic() + 4 * LONG
        while "Ctrl-C" not in log.read_text() or "rcadmin" not in log.read_text():
            assert process.exit_code is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        lines = [line for line in log.read_text().splitlines() if line.startswith(("export", "cp"))]
        asked = [
            *lines,
            "echo image: $IMAGE",
            "kubectl get nodes",
            "helm version --short",
            "kubectl get ns",
            "cat rcadmin",
        ]
        shell = ["bash", "-euc", "\n".join(asked)]
        done = subprocess.run(shell, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "sandbox   Ready" in done.stdout
        assert "v4." in done.stdout
        assert "image: onecloud-operator\n" in done.stdout, "a name that the node knows"
        assert "export OS_AUTH_URL=http://127.0.0.1:" in done.stdout
        copy = shlex.split(lines[-1])
        process.signal(signal.SIGINT)
        assert process.wait(LONG) == 0, log.read_text()
        assert not Path(copy[1]).exists(), "the credentials go with the cloud"
    finally:
        process.kill()
