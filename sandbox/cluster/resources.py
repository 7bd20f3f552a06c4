"""What an API server serves, by all the names that kubectl knows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Resource:
    """One served resource and the path of its collection."""

    group_version: str
    plural: str
    namespaced: bool

    def path(
        self, namespace: str | None = None, name: str | None = None, subresource: str | None = None
    ) -> str:
        """Return the path of a collection or an object; without a namespace, of all of them."""
        root = (
            f"/api/{self.group_version}" if "/" not in self.group_version else f"/apis/{self.group_version}"
        )
        parts = [root]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", namespace]
        parts += [part for part in (self.plural, name, subresource) if part is not None]
        return "/".join(parts)


def discovered(request: Callable[[str, str], Any]) -> Iterator[tuple[str, Resource]]:
    """Yield every name of every served resource; the core group comes last, so that its names win."""
    groups = request("GET", "/apis")["groups"]
    served = [version["groupVersion"] for group in groups for version in group["versions"][::-1]]
    for group_version in [*served, "v1"]:
        group = group_version.partition("/")[0] if "/" in group_version else ""
        root = "/apis" if group else "/api"
        for entry in request("GET", f"{root}/{group_version}")["resources"]:
            if "/" in entry["name"]:
                continue
            resource = Resource(group_version, entry["name"], entry["namespaced"])
            yield f"{group_version}/{entry['kind']}".lower(), resource
            for name in (
                entry["name"],
                entry["kind"],
                entry["singularName"],
                *entry.get("shortNames", []),
            ):
                yield name.lower(), resource
                yield f"{name}.{group}".lower(), resource
