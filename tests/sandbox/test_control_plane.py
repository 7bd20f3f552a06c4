"""The local control plane: a real API server that obeys us, and leaves nothing behind."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sandbox.cluster.control_plane import ControlPlane, ControlPlaneError, free_port
from sandbox.cluster.kube import Kube, KubeError

ROOT = Path(__file__).parents[2]
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "b"}}
READS_CONFIG = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}
RBAC = "rbac.authorization.k8s.io"
LONG_SECONDS = 60.0  # for a busy machine; an end takes one


def test_it_is_the_kubernetes_that_go_mod_names(kube: Kube) -> None:
    assert (
        f"k8s.io/kubernetes {kube.request('GET', '/version')['gitVersion']}"
        in (ROOT / "sandbox/cluster/go.mod").read_text()
    )


def test_the_operator_user_may_do_what_a_test_grants_and_nothing_else(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    kube.apply(CONFIG, namespace=namespace)
    with control_plane.client("operator") as operator:
        with pytest.raises(KubeError, match="403 Forbidden"):
            operator.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/one")
        grant(kube, namespace)
        path = f"/api/v1/namespaces/{namespace}/configmaps/one"
        until(lambda: allowed(operator, path), "the grant has reached the authorizer")
        assert operator.request("GET", path)["data"] == {"a": "b"}
        with pytest.raises(KubeError, match="403 Forbidden"):
            operator.request("GET", f"/api/v1/namespaces/{namespace}/pods/one")


def test_a_misspelt_field_is_refused_as_kubectl_does(kube: Kube, namespace: str) -> None:
    with pytest.raises(KubeError, match="dataa"):
        kube.apply(CONFIG | {"dataa": {}}, namespace=namespace)


def test_each_test_has_a_namespace_of_its_own(kube: Kube, namespace: str) -> None:
    assert kube.list("configmaps", namespace) == []
    kube.create(CONFIG, namespace=namespace)
    assert [found["metadata"]["name"] for found in kube.list("cm", namespace)] == ["one"]
    assert kube.delete("ConfigMap", "one", namespace)
    assert kube.get("ConfigMap", "one", namespace) is None
    assert not kube.delete("ConfigMap", "one", namespace)


def test_waiting_in_vain_tells_what_was_seen(kube: Kube, namespace: str) -> None:
    kube.create(CONFIG, namespace=namespace)
    with pytest.raises(TimeoutError, match=r'last seen: .*"name": "one"'):
        kube.wait_for("cm", "one", namespace, lambda found: "never" in found["data"], timeout_seconds=0.1)
    with pytest.raises(TimeoutError, match="still there"):
        kube.wait_gone("cm", "one", namespace, timeout_seconds=0.1)


def test_a_restart_keeps_address_data_and_rights(
    control_plane: ControlPlane, kube: Kube, namespace: str
) -> None:
    kube.create(CONFIG, namespace=namespace)
    control_plane.restart_apiserver()
    found = kube.get("cm", "one", namespace)
    assert found is not None
    assert found["data"] == {"a": "b"}


def test_a_paused_api_server_is_silent_until_it_is_resumed(control_plane: ControlPlane, kube: Kube) -> None:
    control_plane.pause()
    try:
        until(lambda: not kube.ready(), "the signal has stopped it")
    finally:
        control_plane.resume()
    until(kube.ready, "the API server answers again")


def test_a_port_that_is_taken_is_not_the_end() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter([taken.getsockname()[1], free_port()])
        with ControlPlane(pick_port=lambda: next(ports)) as second, second.client() as client:
            assert client.ready()


def test_a_program_that_fails_is_shown_with_the_end_of_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("etcd", "kube-apiserver"):
        (tmp_path / name).write_text("#!/bin/sh\necho the disk is full\nexit 3\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    with pytest.raises(ControlPlaneError, match="etcd ended with 3:\nthe disk is full"), ControlPlane():
        pass


def test_ctrl_c_ends_every_process_and_removes_the_data() -> None:
    with running() as (command, kubeconfig, children):
        command.send_signal(signal.SIGINT)
        assert command.wait(LONG_SECONDS) == 0
        assert not kubeconfig.parent.exists()
        assert not [child for child in children if alive(child)]


def test_a_killed_run_leaves_no_process() -> None:
    with running() as (command, _, children):
        command.kill()
        command.wait(LONG_SECONDS)
        until(lambda: not [child for child in children if alive(child)], "etcd and kube-apiserver are gone")


@contextmanager
def running() -> Iterator[tuple[subprocess.Popen[str], Path, list[int]]]:
    """Run the command that developers use; give it, its kubeconfig, and the ids of its two children."""
    command = subprocess.Popen(
        [sys.executable, "-m", "sandbox.cluster", "up"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with command:
        try:
            assert command.stdout is not None
            kubeconfig = Path(command.stdout.readline().strip().removeprefix("export KUBECONFIG="))
            children = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
            assert len(children) == 2
            yield command, kubeconfig, [int(child) for child in children]
        finally:
            command.kill()


def allowed(user: Kube, path: str) -> bool:
    try:
        user.request("GET", path)
    except KubeError:
        return False
    return True


def grant(kube: Kube, namespace: str) -> None:
    """Let the operator user read config maps."""
    kube.apply(
        {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": [READS_CONFIG]},
        namespace=namespace,
    )
    kube.apply(
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "r"},
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "r"},
            "subjects": [{"apiGroup": RBAC, "kind": "User", "name": "operator"}],
        },
        namespace=namespace,
    )


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def until(condition: Callable[[], bool], what: str, timeout_seconds: float = 10.0) -> None:
    """Poll a condition."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_seconds} s: {what}"
        time.sleep(0.05)
