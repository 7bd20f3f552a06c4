"""What is found out before the work begins."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.cluster import kubeconfig
from sandbox.cluster.control_plane import free_port
from sandbox.stage import Operator

ROOT = Path(__file__).parent.parent


def test_without_a_cluster_that_is_what_is_said(tmp_path: Path) -> None:
    environment = {"KUBECONFIG": str(tmp_path / "none"), "PYTHONPATH": str(ROOT / "operator")}
    ended = subprocess.run(
        [sys.executable, "-m", "onecloud_operator", "run"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60.0,
        check=False,
    )
    assert ended.returncode == 2
    assert "onecloud-operator: no cluster" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_api_server_that_does_not_answer_is_named_and_tried_again(tmp_path: Path) -> None:
    config, url = nowhere(tmp_path)
    with Operator(config) as operator:
        deadline = time.monotonic() + 60.0
        while operator.text().count(f"the API server at {url} does not answer") < 2:
            assert time.monotonic() < deadline, operator.text()
            time.sleep(0.05)
        assert operator.process is not None
        assert operator.process.exit_code is None
        assert operator.process.stop() == 0
    assert "Traceback" not in operator.text()


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(
    ("knob", "value"),
    [("allowed_endpoints", "https://cloud.example.com/v3"), ("denied_networks", "10.0.0.0/64")],
)
def test_a_wrong_network_is_named_at_the_start_and_not_when_one_leads(
    tmp_path: Path, knob: str, value: str, alone: bool
) -> None:
    """A rollout would be called a success, and the leader that worked be gone."""
    config, _ = nowhere(tmp_path)
    with Operator(config, waiting=True, lease_namespace="onecloud-system") as operator:
        operator.knobs |= {knob: value, "leader_election": not alone}
        operator.start()
        assert operator.process is not None
        assert operator.process.wait(60.0) == 2
        assert f"ONECLOUD_OPERATOR_{knob.upper()}: '{value}' is no" in operator.text()


def nowhere(directory: Path) -> tuple[Path, str]:
    """Return a kubeconfig that leads to nobody, and the URL."""
    url = f"https://127.0.0.1:{free_port()}"
    authority, config = directory / "ca.crt", directory / "kubeconfig"
    authority.write_bytes(b"")
    kubeconfig.write(config, url=url, authority=authority, user="nobody", token="x")
    return config, url
