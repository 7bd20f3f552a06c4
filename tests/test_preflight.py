"""What is found out before the work begins."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from onecloud_operator.api.crd import schema
from onecloud_operator.preflight import compare, fields_lacking
from sandbox.cluster import kubeconfig
from sandbox.cluster.control_plane import free_port
from sandbox.stage import Operator

ROOT = Path(__file__).parent.parent
OURS = schema()["properties"]["status"]


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("ours", "theirs", "lacking"),
    [
        pytest.param(thing(a=TEXT), thing(a=TEXT), set(), id="the-same"),
        pytest.param(thing(a=TEXT), thing(a=TEXT, b=TEXT), set(), id="a-newer-one-lacks-nothing"),
        pytest.param(thing(a=TEXT, b=TEXT), thing(a=TEXT), {"status.b"}, id="an-older-one"),
        pytest.param(thing(a=thing(b=TEXT)), thing(a=thing()), {"status.a.b"}, id="deep-down"),
        pytest.param(thing(a=thing(b=TEXT)), thing(), {"status.a"}, id="the-outermost-only"),
        pytest.param(
            thing(a={"type": "array", "items": thing(b=TEXT, c=TEXT)}),
            thing(a={"type": "array", "items": thing(b=TEXT)}),
            {"status.a[].c"},
            id="in-lists",
        ),
        pytest.param(
            thing(a=TEXT),
            {"x-kubernetes-preserve-unknown-fields": True},
            set(),
            id="one-that-keeps-everything",
        ),
    ],
)
def test_what_an_installed_crd_does_not_know(ours: Any, theirs: Any, lacking: set[str]) -> None:
    assert fields_lacking(ours, theirs) == lacking


def test_fields_of_an_old_crd_are_named_once(caplog: pytest.LogCaptureFixture) -> None:
    older = {**OURS, "properties": {k: v for k, v in OURS["properties"].items() if k != "state"}}
    assert compare(older) == {"status.state"}
    assert [record.fields for record in caplog.records] == ["status.state"]  # type: ignore[attr-defined]
    assert compare(OURS) == set()
    assert compare(None) == set(), "without a schema nothing is known"


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
    url = f"https://127.0.0.1:{free_port()}"
    authority, config = tmp_path / "ca.crt", tmp_path / "kubeconfig"
    authority.write_bytes(b"")
    kubeconfig.write(config, url=url, authority=authority, user="nobody", token="x")
    with Operator(config) as operator:
        deadline = time.monotonic() + 60.0
        while operator.text().count(f"the API server at {url} does not answer") < 2:
            assert time.monotonic() < deadline, operator.text()
            time.sleep(0.05)
        assert operator.process is not None
        assert operator.process.exit_code is None
        assert operator.process.stop() == 0
    assert "Traceback" not in operator.text()
