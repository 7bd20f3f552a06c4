"""A namespace for one test. Without kube-controller-manager nobody removes one, so it is done here."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from .kube import Kube, KubeError

OURS = "onecloudservers.onecloud.io"


@contextmanager
def temporary(kube: Kube, name: str) -> Iterator[str]:
    """Give a new namespace; at the end remove it, and all objects of ours in it."""
    kube.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    try:
        yield name
    finally:
        _empty(kube, name)
        kube.delete("namespaces", name)
        _finalize(kube, name)


def _empty(kube: Kube, namespace: str) -> None:
    """Remove the objects that an operator of a later test would otherwise see."""
    try:
        kube.resource(OURS)
    except LookupError:  # no test has installed the CRD yet
        return
    for found in kube.list(OURS, namespace):
        name = found["metadata"]["name"]
        kube.delete(OURS, name, namespace)
        try:
            kube.patch(OURS, name, namespace, {"metadata": {"finalizers": None}})
        except KubeError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise


def _finalize(kube: Kube, name: str) -> None:
    """Do the namespace controller's last step; harmless where there is one that did it."""
    found = kube.get("namespaces", name)
    if found is None:
        return
    found["spec"]["finalizers"] = []
    try:
        kube.request("PUT", f"/api/v1/namespaces/{name}/finalize", body=found)
    except KubeError as error:
        if error.status not in {httpx.codes.NOT_FOUND, httpx.codes.CONFLICT}:
            raise
