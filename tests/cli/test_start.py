"""How the plugin starts, ends and completes words."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from onecloud_operator import __version__
from onecloud_operator.__main__ import main as operator
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.cluster.control_plane import ControlPlane
    from tests.cli.conftest import Desk, Said

PLUGIN = "import sys; from onecloud_operator.cli.__main__ import main; sys.exit(main())"
COMPLETE = "import sys; from onecloud_operator.cli.__main__ import complete; sys.exit(complete())"


def python(code: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KUBE", "PYTHON"))}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *arguments],
        env={**kept, "PYTHONPATH": str(ROOT / "operator"), "HOME": "/nonexistent", **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_loads_neither_a_client_of_kubernetes_nor_the_operator() -> None:
    code = PLUGIN.replace("sys.exit(main())", "main(); print(*sorted(sys.modules))")
    done = python(code, "--help")
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    heavy = {
        "kopf",
        "kubernetes",
        "aiohttp",
        "httpx",
        "asyncio",
        "rich.console",
        "onecloud_operator.api.spec",
    }
    assert loaded & heavy == set()


def test_a_command_does_without_kopf(desk: Desk, control_plane: ControlPlane) -> None:
    kubeconfig = control_plane.kubeconfig_of("admin")
    desk.apply()
    code = PLUGIN.replace("sys.exit(main())", "main(); print(*sorted(sys.modules))")
    done = python(code, "retry", "web-1", "-n", desk.namespace, KUBECONFIG=str(kubeconfig))
    assert done.stdout.startswith("web-1 is tried again\n"), done.stderr
    assert not {"kopf", "aiohttp"} & set(done.stdout.splitlines()[-1].split())


def test_without_its_libraries_it_says_how_to_get_them() -> None:
    code = f"import sys; sys.modules['typer'] = None; {PLUGIN}"
    done = python(code, "--help")
    assert done.returncode == 1
    assert done.stderr.endswith("pipx install 'onecloud-operator[cli]'\n")


def test_without_a_cluster_it_says_which_file_to_name(plugin: Callable[..., Said], tmp_path: Path) -> None:
    missing = tmp_path / "none"
    said = plugin("retry", "web-1", "--kubeconfig", str(missing))
    assert said.code == 1
    assert "no usable kubeconfig" in said.err
    assert "--kubeconfig or KUBECONFIG" in said.err


def test_an_api_server_that_does_not_answer_is_named(plugin: Callable[..., Said], tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(
        "{apiVersion: v1, kind: Config, current-context: c,"
        " contexts: [{name: c, context: {cluster: c, user: u}}],"
        " clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}],"
        " users: [{name: u, user: {token: s3cret}}]}"
    )
    said = plugin("retry", "web-1", "--kubeconfig", str(file))
    assert said.code == 1
    assert said.err.startswith("error: PATCH: the API server at http://127.0.0.1:9 does not answer:")
    assert "0x" not in said.err
    assert "s3cret" not in said.err
    assert "kubectl cluster-info" in said.err
    wrong = plugin("retry", "web-1", "--kubeconfig", str(file), "--context", "d")
    assert "context 'd'" in wrong.err


@pytest.mark.parametrize(
    "arguments", [("retry",), ("retry", "x", "--frob"), ("poem",), ("retry", "x", "-o", "y")]
)
def test_a_wrong_command_line_is_an_error_and_not_a_change(
    plugin: Callable[..., Said], arguments: tuple[str, ...]
) -> None:
    """2 is what ``plan`` says of changes."""
    said = plugin(*arguments)
    assert said.code == 1
    assert "Try 'kubectl onecloud" in said.err


def test_its_version_is_the_packages(plugin: Callable[..., Said]) -> None:
    assert plugin("--version").out == f"{__version__}\n"


def test_the_images_own_command_leads_to_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert operator(["kubectl-onecloud", "--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_whoever_reads_may_have_enough() -> None:
    code = f"import sys; sys.setrecursionlimit(999); {PLUGIN}"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "--help"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "operator"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(30) in {0, 1, 141}
    assert process.stderr.read() == b""
    process.stderr.close()


def test_kubectl_is_told_words_in_its_own_form() -> None:
    done = python(COMPLETE, "re")
    assert done.stdout.splitlines() == [
        "retry\tHave the operator try again at once",
        "resume\tLook after a paused object again",
        "restart\tRestart a server once",
        ":4",
    ], done.stderr


def test_names_of_objects_are_offered_and_nothing_where_there_is_no_cluster(
    desk: Desk, control_plane: ControlPlane
) -> None:
    kubeconfig = control_plane.kubeconfig_of("admin")
    desk.apply("web-1")
    desk.apply("db-1")
    words = ("retry", "-n", desk.namespace, "w")
    assert python(COMPLETE, *words, KUBECONFIG=str(kubeconfig)).stdout.splitlines() == ["web-1", ":4"]
    assert python(COMPLETE, *words).stdout.splitlines() == [":0"]


def test_names_of_secrets_and_providers_are_offered_where_one_signs_in(
    desk: Desk, control_plane: ControlPlane
) -> None:
    kubeconfig = control_plane.kubeconfig_of("admin")
    desk.kube.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "onecloud-lab", "namespace": desk.namespace},
            "stringData": {"OS_PASSWORD": "Sesam"},
        }
    )
    provider = f"shared-{desk.namespace}"
    desk.kube.apply(
        {
            "apiVersion": "onecloud.io/v1alpha1",
            "kind": "OneCloudProvider",
            "metadata": {"name": provider},
            "spec": {"secretRef": {"namespace": desk.namespace, "name": "onecloud-lab"}},
        }
    )
    for command in ("import", "orphans"):
        for option, name in (("--secret", "onecloud-lab"), ("--provider", provider)):
            words = (command, "-n", desk.namespace, option, name[:-2])
            said = python(COMPLETE, *words, KUBECONFIG=str(kubeconfig))
            assert said.stdout.splitlines() == [name, ":4"], said.stderr
    desk.kube.delete("onecloudproviders", provider, None)
