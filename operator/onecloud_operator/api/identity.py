"""The kinds of objects that the operator looks after, as the API server names them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

GROUP: Final = "onecloud.io"


@dataclass(frozen=True, slots=True)
class Identity:
    """One kind. *finalizer*: what we hold its objects with; *namespaced*: they live in namespaces."""

    kind: str
    plural: str
    finalizer: str
    group: str = GROUP
    version: str = "v1alpha1"
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """Return group and version, as an object has them."""
        return f"{self.group}/{self.version}"


@dataclass(frozen=True, slots=True)
class Definition:
    """
    What is expected of the installed CRD of a kind.

    *status*: the schema of ``status``, as we publish it. *records*: those of its fields without which nothing
    is done.
    """

    identity: Identity
    status: Callable[[], Mapping[str, Any]]
    records: frozenset[str]


SERVER: Final = Identity("OneCloudServer", "onecloudservers", f"{GROUP}/server")
PROVIDER: Final = Identity("OneCloudProvider", "onecloudproviders", f"{GROUP}/provider", namespaced=False)
KINDS: Final = (SERVER, PROVIDER)
