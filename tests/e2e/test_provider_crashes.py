"""The operator is killed before and after each write for a provider, and started again."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sandbox.cluster.kube import KubeError
from tests.e2e.conftest import QUICK
from tests.e2e.test_crashes import MODULE, NOWHERE, crossings, is_write, kubernetes_writes
from tests.e2e.test_providers import KIND
from tests.e2e.user import LONG, condition
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from tests.e2e.warm import Cloud


def ready(found: dict[str, Any] | None) -> bool:
    return found is not None and condition(found.get("status") or {}, "Ready").get("status") == "True"


def gone(found: dict[str, Any] | None) -> bool:
    return found is None


@pytest.mark.parametrize(
    ("deletes", "over"), [pytest.param(False, ready, id="made"), pytest.param(True, gone, id="deleted")]
)
def test_a_crash_at_any_write_for_a_provider_is_a_repeat(  # noqa: PLR0913, PLR0917 - fixtures
    control_plane: ControlPlane,
    kube: Kube,
    served: None,
    namespace: str,
    cloud: Cloud,
    tmp_path: Path,
    deletes: bool,
    over: Callable[[dict[str, Any] | None], bool],
) -> None:
    kube.apply(cloud.secret(namespace))
    operator = Operator(
        control_plane.kubeconfig_of("operator"), **{**QUICK, "provider_secret_namespaces": namespace}
    )

    def wait(name: str, is_so: Callable[[dict[str, Any] | None], bool]) -> None:
        if is_so is gone:
            kube.wait_gone(KIND, name, None, timeout_seconds=LONG)
        else:
            kube.wait_for(KIND, name, None, is_so, timeout_seconds=LONG)

    def play(name: str, point: str) -> list[str]:
        record = tmp_path / f"{name}.crossed"
        secret = {"namespace": namespace, "name": "onecloud"}
        if deletes:
            operator.start()
        kube.create(
            {
                "apiVersion": "onecloud.io/v1alpha1",
                "kind": "OneCloudProvider",
                "metadata": {"name": name},
                "spec": {"secretRef": secret},
            }
        )
        if deletes:
            wait(name, ready)
            operator.kill()
            kube.delete(KIND, name, None)
        operator.start(MODULE, point, str(record))
        if point == NOWHERE:
            wait(name, over)
        else:
            assert operator.process is not None
            assert operator.process.wait(LONG) == -signal.SIGKILL
            operator.start(MODULE, NOWHERE, str(record))
            wait(name, over)
        operator.kill()
        return crossings(record)

    with operator:
        operator.kill()
        plain = play(f"plain-{uuid4().hex[:8]}", NOWHERE)
        points = [point for point in plain if is_write(point) and point.startswith("kubernetes")]
        assert {point.split(" ")[1] for point in points} == (
            {"set_finalizers"} if deletes else {"set_finalizers", "write_status"}
        )
        for number, point in enumerate(points):
            name = f"crash-{number}-{uuid4().hex[:8]}"
            crossed = play(name, point)
            again = kubernetes_writes([one for one in crossed if one != point])
            assert again <= kubernetes_writes(plain) + kubernetes_writes(points), point
            if deletes:
                continue
            found = kube.get(KIND, name, None)
            assert found is not None
            assert found["metadata"]["finalizers"] == ["onecloud.io/provider"]
        operator.start()
        for each in kube.list(KIND):
            try:
                kube.delete(KIND, each["metadata"]["name"], None)
            except KubeError:
                continue
            kube.wait_gone(KIND, each["metadata"]["name"], None, timeout_seconds=LONG)
