"""``make playground`` and ``make cluster`` as their user meets them: on a terminal, and how they end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from sandbox.stage import ROOT
from tests.programs import needs
from tests.sandbox.terminal import (
    END_SECONDS,
    Terminal,
    alive,
    children,
    descendants,
    on_a_terminal,
    scratches,
    terminated,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PLAYGROUND = [sys.executable, "-m", "sandbox.cluster.kubelet"]
CLUSTER = [sys.executable, "-m", "sandbox.cluster", "up"]
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "TERM": "xterm"}
INSTALL = """
helm upgrade --install onecloud-operator helm/onecloud-operator --namespace onecloud-system \\
  --create-namespace --wait --set image.repository="$IMAGE" >&2
kubectl -n onecloud-system wait --for=jsonpath={.spec.holderIdentity} lease/onecloud-operator >&2
"""


@pytest.fixture(scope="module")
def playground() -> Iterator[Terminal]:
    """Give one that is up."""
    with on_a_terminal(PLAYGROUND, ENVIRONMENT) as terminal:
        terminal.read_until("  metrics\r\n")
        yield terminal
        directories = scratches(terminal.process.pid)
        assert terminal.interrupt() == 0, terminal.shown
        assert not [each for each in directories if each.exists()]


@pytest.fixture
def line(playground: Terminal) -> str:
    """Give the one line that the playground wants to be typed into a shell."""
    (found,) = re.findall(r"^  (\. /\S+)\r$", playground.shown, re.MULTILINE)
    return str(found)


def shell(line: str, commands: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run *commands* in a shell that has begun with *line*, in the strictest of shells."""
    return subprocess.run(
        ["/bin/sh", "-euc", f"{line}\ncd {ROOT}\n{commands}"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )


def test_all_that_it_says_fits_a_terminal(playground: Terminal) -> None:
    assert not playground.too_wide()


def test_one_line_gives_a_shell_all_that_an_installation_takes(line: str, tmp_path: Path) -> None:
    """The node is ready, the programs are there, the cloud lets one in."""
    done = shell(line, "kubectl get nodes; helm version --short; echo image: $IMAGE", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "sandbox   Ready" in done.stdout
    assert "v4." in done.stdout
    assert "image: onecloud-operator\n" in done.stdout, "a name that the node knows"
    assert "export OS_AUTH_URL=http://127.0.0.1:" in (tmp_path / "rcadmin").read_text()


def test_kubectl_has_its_plugin(line: str, tmp_path: Path) -> None:
    done = shell(line, "kubectl onecloud -h; kubectl_complete-onecloud w", tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Usage: kubectl onecloud ")
    assert "\nwhy" in done.stdout


def test_credentials_of_the_readers_own_are_not_written_over(line: str, tmp_path: Path) -> None:
    (tmp_path / "rcadmin").write_text("mine")
    done = shell(line, "true", tmp_path)
    assert (tmp_path / "rcadmin").read_text() == "mine"
    assert "rcadmin is there already; the simulated cloud's is /" in done.stderr


def test_what_it_says_of_breaking_things_breaks_them(playground: Terminal, line: str, tmp_path: Path) -> None:
    needs("curl")
    commands = re.findall(r"^  (cloud .*?) +# ", playground.shown, re.MULTILINE)
    assert len(commands) == 5
    made = """cloud add_server '{"name": "shop.web-1"}'"""
    done = shell(line, "\n".join([made, *commands]), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "error" not in done.stdout
    assert done.stdout.count('"result":') == 6


def test_the_metrics_of_an_installed_operator_can_be_read(line: str, tmp_path: Path) -> None:
    needs("curl")
    done = shell(line, f"{INSTALL}\nmetrics", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\nonecloud_operator_leader 1.0\n" in done.stdout


def test_what_it_says_of_importing_takes_the_secret_of_the_pages(
    playground: Terminal, line: str, tmp_path: Path
) -> None:
    needs("curl")
    (made,) = re.findall(r"^  (for i in .*)\r$", playground.shown, re.MULTILINE)
    secret = (
        f"env -i sh -ac '. {tmp_path}/rcadmin; env' | grep ^OS_ | "
        "kubectl create secret generic onecloud --from-env-file=/dev/stdin"
    )
    done = shell(line, f"{INSTALL}\n{made}\n{secret}\nkubectl onecloud import -o json", tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(set(re.findall(r'"name": "(old-\d+)"', done.stdout))) == 50


@pytest.mark.parametrize(
    ("end", "code"),
    [
        pytest.param(Terminal.close, 128 + signal.SIGHUP, id="its-terminal-closes"),
        pytest.param(terminated, 128 + signal.SIGTERM, id="it-gets-sigterm"),
    ],
)
def test_nothing_of_a_cluster_is_left_behind_when(end: Callable[[Terminal], int], code: int) -> None:
    with on_a_terminal(CLUSTER, ENVIRONMENT) as terminal:
        terminal.read_until("KUBECONFIG=")
        below, directories = descendants(terminal.process.pid), scratches(terminal.process.pid)
        assert below
        assert directories
        assert end(terminal) == code, terminal.shown
        assert not [each for each in directories if each.exists()]
        assert not [each for each in below if alive(each)]
        assert "Traceback" not in terminal.shown


@pytest.mark.parametrize("closed", [True, False], ids=["its-terminal-closes", "make-gets-sigterm"])
def test_nothing_of_a_playground_is_left_behind_when(closed: bool) -> None:
    """A shell has the terminal, as a window's does; neither it nor make waits for what they started."""
    make = f"{needs('make')['make']} --assume-old=.venv/.complete playground"
    with on_a_terminal(["/bin/sh", "-c", f"{make}; exit 1"], ENVIRONMENT) as terminal:
        terminal.read_until("  metrics\r\n")
        below = descendants(terminal.process.pid)
        directories = {directory for each in below for directory in scratches(each)}
        assert directories
        if closed:
            terminal.close()
        else:
            (of_make,) = children(terminal.process.pid)
            os.kill(of_make, signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        while left := [each for each in below if alive(each)]:
            assert time.monotonic() < deadline, left
            time.sleep(0.05)
        assert not [each for each in directories if each.exists()]


def test_it_may_be_ended_while_it_begins() -> None:
    """The directories that are made until then are those of the control plane, which is being started."""
    with on_a_terminal(PLAYGROUND, ENVIRONMENT) as terminal:
        while not (directories := scratches(terminal.process.pid)):
            assert terminal.process.poll() is None
        children = descendants(terminal.process.pid)
        assert terminal.close() == 128 + signal.SIGHUP
        assert not [each for each in directories if each.exists()]
        assert not [child for child in children if alive(child)]
