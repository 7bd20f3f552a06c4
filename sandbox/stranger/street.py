"""One operator that leads, and who lives under it: an honest tenant and a stranger, a namespace for each."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sandbox.cluster.namespaces import temporary
from sandbox.stage import CRDS, Cloud, Operator, grant
from sandbox.stranger.attacks import NEIGHBOURS
from sandbox.stranger.neighbour import Neighbour, Watched
from sandbox.stranger.onlooker import Onlooker, onlooker
from sandbox.stranger.tenant import Stranger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

PROVIDERS = "onecloudproviders"
START_SECONDS = 60.0
SECONDS_A_SERVER = 0.5  # much more than it takes


@dataclass
class Street:
    """
    The operator sees the whole cluster. *watched*: its process, since it last began to lead.

    *onlooker*: another client of the same watch.
    """

    kube: Kube
    operator: Operator
    honest: Neighbour
    stranger: Stranger
    watched: Watched
    onlooker: Onlooker

    def restart(self) -> None:
        """End the operator, start it again, and wait until it leads."""
        self.operator.stop()
        self.operator.start()
        self.watched = Watched.leading(self.kube, self.watched.namespace, self.operator, START_SECONDS)


@contextmanager
def street(control_plane: ControlPlane, kube: Kube, servers: int, **knobs: Any) -> Iterator[Street]:
    """Give it with so many servers of the honest tenant's, all Ready. *knobs*: settings of the operator."""
    control_plane.install_crds(CRDS)
    grant(kube)
    operator_kubeconfig = control_plane.kubeconfig_of("operator")
    with (
        temporary(kube, f"honest-{uuid4().hex[:10]}") as honest,
        temporary(kube, f"strange-{uuid4().hex[:10]}") as strange,
        Cloud() as cloud,
        _provider(kube, honest),
        Operator(
            operator_kubeconfig,
            leader_election=True,
            lease_namespace=honest,
            provider_secret_namespaces=honest,
            cluster_id="cluster0",
            **knobs,
        ) as operator,
        Stranger(kube, strange) as stranger,
        onlooker(control_plane.kubeconfig_of("admin"), honest) as looking_on,
    ):
        watched = Watched.leading(kube, honest, operator, START_SECONDS)
        neighbour = Neighbour(kube, honest, cloud, servers)
        neighbour.settle(START_SECONDS + servers * SECONDS_A_SERVER)
        yield Street(kube, operator, neighbour, stranger, watched, looking_on)


@contextmanager
def _provider(kube: Kube, honest: str) -> Iterator[None]:
    """Give a provider of the honest tenant's cloud, for no other namespace than that."""
    kube.apply(
        {
            "apiVersion": "onecloud.io/v1alpha1",
            "kind": "OneCloudProvider",
            "metadata": {"name": NEIGHBOURS},
            "spec": {
                "secretRef": {"namespace": honest, "name": "onecloud"},
                "allowedNamespaces": {"names": [honest]},
            },
        },
        force=True,
    )
    yield
    kube.delete(PROVIDERS, NEIGHBOURS)
    if kube.get(PROVIDERS, NEIGHBOURS, None) is not None:  # the operator is gone by now
        kube.patch(PROVIDERS, NEIGHBOURS, None, {"metadata": {"finalizers": None}})
