"""``make demo`` as its user meets it: a process in a pipe or on a terminal, what it shows and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml

from sandbox.cluster.kube import KubeError
from sandbox.demo import sights
from sandbox.demo.scene import NAMESPACE, OWNER, Scene
from sandbox.demo.shell import Shell
from sandbox.stage import ROOT, Cloud, Operator
from tests.programs import needs
from tests.sandbox.terminal import (
    COLUMNS,
    END_SECONDS,
    Terminal,
    alive,
    descendants,
    plain,
    scratches,
    terminated,
)
from tests.sandbox.terminal import on_a_terminal as terminal_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from sandbox.demo.sights import Sight

COMMAND = [sys.executable, "-W", "error", "-m", "sandbox.demo"]
# The standard library leaves a TLS socket to the collector when its handshake is interrupted.
INTERRUPTED = [*COMMAND[:3], "-W", "ignore:unclosed <ssl.SSLSocket:ResourceWarning", *COMMAND[3:]]
QUICK = ["--pace", "0.05"]
STEPS = 20
ESCAPE = "\033["


def environment(**more: str) -> dict[str, str]:
    ours = {"CONTEXT", "SECRET", "SERVER_IMAGE", "NETWORK", "YES", "NO_COLOR"}
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "TERM": "xterm", **more}


def piped(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end; see that all that it says fits a terminal."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(**variables),
        timeout=END_SECONDS,
        check=False,
    )
    assert not [line for line in (done.stdout + done.stderr).splitlines() if len(line) > COLUMNS]
    return done


@contextmanager
def on_a_terminal(*arguments: str, **variables: str) -> Iterator[Terminal]:
    with terminal_of([*INTERRUPTED, *arguments], environment(**variables)) as terminal:
        yield terminal


def test_without_a_terminal_it_shows_every_step_and_ends_well() -> None:
    done = piped(*QUICK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [int(number) for number in re.findall(rf"^(\d+)/{STEPS}  \w", done.stdout, re.MULTILINE)] == [
        *range(1, STEPS + 1)
    ]
    for command in ("apply --server-side -k crds/", "patch ocs web-1", "delete ocs web-2", "-n shop get ocs"):
        assert re.search(rf"^    \$ kubectl .*{command}", done.stdout, re.MULTILINE)
    for seen in (
        "✓ web-1 is Running with cpu 4",
        "✓ the cloud has one server of web-1: shop.web-1, running, 4 CPU",
        "✓ its status shows 1 dataDisks, 2 networks: 1 dataDisks, 2 networks",
        "is that of shop.web-3",
        "✓ web-1 is Running with keypair ops-2",
        "✓ web-1 is Running with image debian-12",
        "✓ its server is in the cloud's recycle bin: shop.web-2",
        "✓ the cloud has one server of web-2: shop.web-2, running",
        "✓ exactly one server was made for each object: POST /servers was called 8 times, for 8 objects",
    ):
        assert seen in " ".join(done.stdout.split())
    assert ESCAPE not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_a_step_that_is_not_seen_ends_it_with_what_was_expected_and_what_was_seen() -> None:
    done = piped(*QUICK, "--no-room", "--limit", "20")  # for a start on a busy machine, too
    assert done.returncode == 1
    last = " ".join(done.stdout[done.stdout.index("✗") :].split())
    assert re.search(r"expected +web-1 is Running with cpu 2, memory 4Gi, within 20 s", last)
    assert re.search(r"seen .*NoCapacity", last, re.DOTALL)
    assert re.search(r"operator's log: .*NoCapacity", re.sub(r"\| ", "", last))
    assert last.rstrip().endswith("The demo failed: what should have happened did not.")
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give a cloud with a server of web-1, and a cluster that says so."""
    with Cloud() as cloud:
        shell = Shell(tmp_path / "kubectl", None, tmp_path)
        ident = cloud.call("add_server", name="shop.web-1", tags={f"{OWNER}name": "web-1"}, vcpu_count=2)
        objects = {"web-1": {"metadata": {"name": "web-1"}, "status": {"id": ident}}}
        yield Scene(shell, Operator(tmp_path), "", cloud, objects)


@pytest.mark.parametrize(
    ("sight", "what", "arguments"),
    [
        pytest.param(
            sights.in_cloud("web-1", status="running", vcpu_count=4), "change", {"vcpu_count": 4}, id="change"
        ),
        pytest.param(
            sights.tagged("web-1", "team", "shop"), "set_tags", {"tags": {"user:team": "shop"}}, id="tag"
        ),
        pytest.param(sights.recycled("web-1"), "recycle", {}, id="deletion"),
    ],
)
def test_a_change_is_only_seen_when_the_cloud_itself_has_it(
    scene: Scene, sight: Sight, what: str, arguments: dict[str, object]
) -> None:
    assert scene.cloud is not None
    assert not sight.look(scene).so
    scene.cloud.call(what, ident=scene.objects["web-1"]["status"]["id"], **arguments)
    assert sight.look(scene).so


def test_a_second_server_of_an_object_is_seen(scene: Scene) -> None:
    assert scene.cloud is not None
    sight = sights.in_cloud("web-1", status="running")
    assert sight.look(scene).so
    scene.cloud.call("add_server", name="shop.web-1", tags={f"{OWNER}name": "web-1"})
    assert sight.look(scene).text == "2 servers that carry its tags"
    assert not sight.look(scene).so


def test_on_a_terminal_it_stays_up_with_its_kubeconfig_until_ctrl_c() -> None:
    with on_a_terminal(*QUICK) as terminal:
        terminal.read_until("cloud power")
        terminal.read_until("}'")
        assert ESCAPE in terminal.shown
        needs("curl")
        (line,) = re.findall(r"\. /dev/\S+/environment|\. /tmp/\S+/environment", plain(terminal.shown))
        (trick,) = re.findall(r"cloud power '.*'", plain(terminal.shown))
        output = shell(line, trick, "kubectl get ocs -A --no-headers", "metrics", "echo $KUBECONFIG")
        assert output.startswith('{"result":')
        assert "web-1" in output
        assert "\nonecloud_operator_leader 1.0\n" in output
        kubeconfig = output.splitlines()[-1]
        assert not terminal.too_wide()
        children = descendants(terminal.process.pid)
        assert len(children) >= 4  # etcd, kube-apiserver, the cloud, the operator
        assert terminal.interrupt() == 0
        assert "Everything is stopped." in terminal.shown
        assert "Traceback" not in terminal.shown
        assert not [child for child in children if alive(child)]
        assert not Path(kubeconfig).exists()


def shell(*lines: str) -> str:
    """Return what a shell prints that runs these lines."""
    command = ["/bin/sh", "-euc", "\n".join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=END_SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("end", "number", "moment"),
    [
        pytest.param(Terminal.close, signal.SIGHUP, "starting the cloud", id="its-terminal-closes"),
        pytest.param(terminated, signal.SIGTERM, "starting the API server", id="it-gets-sigterm"),
    ],
)
def test_nothing_is_left_behind_when(end: Callable[[Terminal], int], number: int, moment: str) -> None:
    with on_a_terminal() as terminal:
        terminal.read_until(moment)
        children, directories = descendants(terminal.process.pid), scratches(terminal.process.pid)
        assert directories
        assert end(terminal) == 128 + number
        assert not [each for each in directories if each.exists()]
        assert not [child for child in children if alive(child)]


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("starting the API server", id="while-the-api-server-starts"),
        pytest.param("get ocs -w", id="while-a-server-is-made"),
    ],
)
def test_ctrl_c_ends_it_at_any_moment(moment: str) -> None:
    with on_a_terminal(NO_COLOR="1") as terminal:
        terminal.read_until(moment)
        children = descendants(terminal.process.pid)
        assert terminal.interrupt() == 128 + signal.SIGINT
        assert "Interrupted; everything is stopped." in terminal.shown
        assert "Traceback" not in terminal.shown
        assert ESCAPE not in terminal.shown
        assert not [child for child in children if alive(child)]


def test_a_context_needs_a_cloud_too_and_the_message_says_what() -> None:
    done = piped(CONTEXT="mine")
    assert done.returncode == 2
    for needed in ("SECRET=", "SERVER_IMAGE=", "NETWORK="):
        assert needed in done.stderr


def test_a_context_that_is_not_there_is_named_with_those_that_are(
    control_plane: ControlPlane, tmp_path: Path
) -> None:
    done = piped(CONTEXT="mine", **own(control_plane, tmp_path, {"OS_AUTH_URL": "https://one.example/v3"}))
    assert done.returncode == 2
    assert "no context mine; there are: sandbox" in " ".join(done.stderr.split())


def test_nothing_is_made_in_a_cluster_of_ones_own_without_consent(
    control_plane: ControlPlane, kube: Kube, tmp_path: Path
) -> None:
    secret = {"OS_AUTH_URL": "https://one.example/v3", "OS_PASSWORD": "Sesam-0ffne-dich"}
    done = piped(CONTEXT="sandbox", **own(control_plane, tmp_path, secret))
    assert done.returncode == 2
    assert "the namespace shop with the Secret onecloud" in " ".join(done.stdout.split())
    assert "say YES=1" in " ".join(done.stderr.split())
    assert "Sesam" not in done.stdout + done.stderr
    assert kube.get("namespaces", NAMESPACE) is None


def test_a_namespace_that_is_there_already_is_left_alone(
    control_plane: ControlPlane, kube: Kube, tmp_path: Path
) -> None:
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    try:
        secret = {"OS_AUTH_URL": "https://one.example/v3"}
        done = piped(CONTEXT="sandbox", YES="1", **own(control_plane, tmp_path, secret))
        assert done.returncode == 2
        assert "has a namespace shop already" in " ".join(done.stderr.split())
        found = kube.get("namespaces", NAMESPACE)
        assert found is not None
        assert "deletionTimestamp" not in found["metadata"]
    finally:
        finalize(kube, NAMESPACE)


def test_a_cluster_of_ones_own_is_used_after_consent_and_left_as_it_was(
    control_plane: ControlPlane, kube: Kube, tmp_path: Path
) -> None:
    with Cloud() as cloud:
        variables = own(control_plane, tmp_path, cloud.secret_data)
        try:
            done = piped(CONTEXT="sandbox", YES="1", **variables)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "✓ web-1 is Running with cpu 1" in done.stdout
            assert kube.list("ocs", NAMESPACE) == []
            assert {server["pending_deleted"] for server in cloud.servers()} == {True}
            assert len(cloud.servers()) == 3
            namespace = kube.get("namespaces", NAMESPACE)
            assert namespace is None or namespace["status"]["phase"] == "Terminating"
            assert cloud.secret_data["OS_PASSWORD"] not in done.stdout + done.stderr
        finally:
            finalize(kube, NAMESPACE)


def own(control_plane: ControlPlane, directory: Path, secret: dict[str, str]) -> dict[str, str]:
    """Return the variables of somebody who has a cluster, and a cloud that *secret* leads to."""
    file = directory / "secret.yaml"
    metadata = {"name": "mine", "namespace": "elsewhere"}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": secret}
    file.write_text(yaml.safe_dump(manifest))
    kubeconfig = str(control_plane.kubeconfig)
    return {"KUBECONFIG": kubeconfig, "SECRET": str(file), "SERVER_IMAGE": "debian-12", "NETWORK": "vnet0"}


def finalize(kube: Kube, name: str) -> None:
    """Do the namespace controller's work, which nobody does here."""
    kube.delete("namespaces", name)
    found = kube.get("namespaces", name)
    if found is None:
        return
    found["spec"]["finalizers"] = []
    try:
        kube.request("PUT", f"/api/v1/namespaces/{name}/finalize", body=found)
    except KubeError as error:
        if error.status != httpx.codes.NOT_FOUND:
            raise
