"""What is found out before the work begins."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from onecloud_operator.api.crd import schema
from onecloud_operator.api.served import GROUP, KIND, VERSION
from onecloud_operator.preflight import compare, fields_lacking, records_lost, served
from onecloud_operator.probes import Health
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


@pytest.mark.parametrize(
    ("lost", "records"),
    [
        pytest.param(("creation", "failedAt"), {"status.creation.failedAt"}, id="part-of-a-record"),
        pytest.param(("cloud",), {"status.cloud"}, id="a-record"),
        pytest.param(("ip",), set(), id="what-is-only-shown"),
    ],
)
async def test_an_old_crd_that_cannot_keep_the_records_is_not_worked_with(
    lost: tuple[str, ...], records: set[str]
) -> None:
    """A creation that cannot be recorded as failed would be looked at again and again, without a pause."""
    older = deepcopy(OURS)
    properties = older["properties"]
    for name in lost[:-1]:
        properties = properties[name]["properties"]
    del properties[lost[-1]]
    assert records_lost(older) == records
    health = Health()
    waiting = asyncio.create_task(served(Serving(older), health))  # type: ignore[arg-type]  # all that is asked
    done, _ = await asyncio.wait((waiting,), timeout=0.05)
    waiting.cancel()
    assert bool(done) is not bool(records)
    assert ("objects" in health.ready) is bool(records)


class Serving:
    """An API server that serves this schema of the status."""

    def __init__(self, status: dict[str, Any]) -> None:
        self._status = status

    async def served_schema(self) -> dict[str, Any]:
        kind = {"group": GROUP, "version": VERSION, "kind": KIND}
        found = {"x-kubernetes-group-version-kind": [kind], "properties": {"status": self._status}}
        return {"components": {"schemas": {"it": found}}}


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
