"""The process kubelet at a shell."""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

from sandbox.cluster.process import Process
from sandbox.stage import ROOT
from tests.kubelet.pods import LONG


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
