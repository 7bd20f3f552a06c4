"""The health check for Argo CD, run as Argo CD's own tests run those of its repository."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime, lua_type  # type: ignore[import-untyped]  # it has no annotations

from onecloud_operator.api.reasons import ALL_REASONS
from sandbox.stage import CRDS
from tests.argocd.shop import CUSTOMIZATION, FOR_ROOT, PATCH

if TYPE_CHECKING:
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

SCRIPT = (CUSTOMIZATION / "health.lua").read_text()
CASES: list[dict[str, Any]] = yaml.safe_load((CUSTOMIZATION / "health_test.yaml").read_text())["tests"]
DATA = sorted((CUSTOMIZATION / "testdata").iterdir())
# What Argo CD gives a script unless it is told otherwise (util/lua): no io, no os.
SAFE = {
    "ipairs",
    "pairs",
    "type",
    "tostring",
    "tonumber",
    "next",
    "error",
    "pcall",
    "select",
    "string",
    "table",
}


def health(found: dict[str, Any], script: str = SCRIPT) -> dict[str, Any]:
    """Return what the script says of an object."""
    lua = LuaRuntime(unpack_returned_tuples=True)
    names = list(lua.globals())
    for name in names:
        if name not in SAFE:
            lua.globals()[name] = None
    lua.globals()["obj"] = lua.table_from(found, recursive=True)
    found = lua.execute(script)
    assert lua_type(found) == "table"
    return dict(found)


@pytest.mark.parametrize("case", [pytest.param(case, id=case["inputPath"].split("/")[-1]) for case in CASES])
def test_the_health_of_an_object(case: dict[str, Any]) -> None:
    assert health(yaml.safe_load((CUSTOMIZATION / case["inputPath"]).read_text())) == case["healthStatus"]


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        pytest.param({}, "Progressing", id="a-new-one"),
        pytest.param(
            {"health": "Healthy", "sync": "OutOfSync"}, "Progressing", id="what-is-there-is-healthy"
        ),
        pytest.param(
            {"health": "Healthy", "sync": "Synced", "phase": "Running"}, "Progressing", id="at-work"
        ),
        pytest.param(
            {"health": "Healthy", "sync": "Synced", "phase": "Succeeded"}, "Healthy", id="all-is-well"
        ),
        pytest.param({"health": "Degraded", "sync": "OutOfSync", "phase": "Failed"}, "Degraded", id="unwell"),
        pytest.param(
            {"health": "Healthy", "sync": "OutOfSync", "policy": {}}, "Healthy", id="synced-by-hand-only"
        ),
        pytest.param(
            {"health": "Healthy", "sync": "OutOfSync", "policy": {"automated": {"enabled": False}}},
            "Healthy",
            id="switched-to-by-hand",
        ),
        pytest.param(
            {"health": "Healthy", "sync": "OutOfSync", "policy": {"automated": {}}},
            "Progressing",
            id="synced-without-pruning",
        ),
    ],
)
def test_the_health_of_an_application(application: dict[str, Any], expected: str) -> None:
    found = {
        "spec": {"syncPolicy": application.get("policy", {"automated": {"prune": True}})},
        "status": {
            "health": {"status": application.get("health")},
            "sync": {"status": application.get("sync")},
            "operationState": {"phase": application.get("phase")},
        },
    }
    (script,) = FOR_ROOT.values()
    assert health(found, script)["status"] == expected


def test_every_object_has_its_case_and_every_health_is_seen() -> None:
    assert sorted(case["inputPath"] for case in CASES) == [f"testdata/{path.name}" for path in DATA]
    assert {case["healthStatus"]["status"] for case in CASES} == {
        "Progressing",
        "Healthy",
        "Degraded",
        "Suspended",
    }


def test_the_reasons_are_the_operators() -> None:
    """An invented reason would test nothing."""
    objects = [yaml.safe_load(path.read_text()) for path in DATA]
    reasons = {
        each["reason"] for found in objects for each in (found.get("status") or {}).get("conditions", [])
    }
    assert reasons <= ALL_REASONS


@pytest.mark.parametrize(
    "reason", ["OperationFailed", "ServerUnknown", "WrongPowerState", "Creating", "Updating"]
)
def test_the_script_knows_the_reasons_by_their_names(reason: str) -> None:
    assert reason in ALL_REASONS
    assert reason in SCRIPT


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in DATA])
def test_the_objects_are_such_as_the_api_server_takes(cluster: ControlPlane, kube: Kube, path: Path) -> None:
    cluster.install_crds(CRDS)
    found = yaml.safe_load(path.read_text())
    for field in ("namespace", "generation", "deletionTimestamp"):
        found["metadata"].pop(field, None)
    kube.create(found, namespace="default", dry_run=True)


def test_the_patch_for_argocd_cm_has_this_script_and_changes_nothing_else() -> None:
    assert PATCH == {"resource.customizations.health.onecloud.io_OneCloudServer": SCRIPT}


def test_the_health_of_applications_is_a_patch_of_its_own() -> None:
    assert list(FOR_ROOT) == ["resource.customizations.health.argoproj.io_Application"]
