"""The cloud's clock is an hour ahead, and is put right: at the intervals that an operator has by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.user import KIND, User, settled
from tests.e2e.warm import Cloud, Operator

if TYPE_CHECKING:
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

SOON_SECONDS = 15.0  # a creation takes one or two; the next full list is ten minutes away


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("date", [pytest.param(None, id="dated"), pytest.param("", id="undated")])
def test_a_new_server_is_ready_at_once_though_the_clock_was_set_back(
    control_plane: ControlPlane, kube: Kube, namespace: str, cloud: Cloud, date: str | None
) -> None:
    """Undated answers are no way out: the reply to the POST tells the time as well."""
    kube.apply(cloud.secret(namespace))
    kubeconfig = control_plane.kubeconfig_of("operator")
    with Operator(kubeconfig, namespaces=namespace, cluster_id="cluster0") as operator:
        user = User(kube, namespace, cloud, operator)
        cloud.call("settings", date=date)
        cloud.call("set_clock", ahead_seconds=3600)
        user.apply("web-1")
        user.wait_ready("web-1")
        cloud.call("set_clock", ahead_seconds=0)
        for name in ("web-2", "web-3"):
            user.apply(name)
            kube.wait_for(KIND, name, namespace, settled, timeout_seconds=SOON_SECONDS)
