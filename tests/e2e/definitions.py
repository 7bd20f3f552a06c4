"""Other versions of the CRD, as before and after an upgrade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.cluster.kube import KubeError
from tests.e2e.user import SERVER

if TYPE_CHECKING:
    from tests.e2e.user import User


def serve(user: User, definition: dict[str, Any], **server: object) -> None:
    """Have a definition served that takes these fields of a server."""
    user.kube.apply(definition, force=True)
    probe = {
        "apiVersion": "onecloud.io/v1alpha1",
        "kind": "OneCloudServer",
        "metadata": {"name": "probe", "namespace": user.namespace},
        "spec": {"credentialsRef": {"name": "onecloud"}, "server": {**SERVER, **server}},
    }

    def taken() -> bool:
        try:
            return bool(user.kube.apply(probe, dry_run=True))
        except KubeError:
            return False

    user.until(taken, "the definition is served")
