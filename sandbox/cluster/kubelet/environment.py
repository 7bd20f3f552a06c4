"""The environment of a container: what its image brings, what every Pod is told, what this Pod says."""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.cluster.kube import Kube, Object

REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][\w.-]*)\)")
ADDRESS = "127.0.0.1"


class NotConfiguredError(Exception):
    """A container names something that is not there; the kubelet tries again."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where values of one Pod come from."""

    kube: Kube
    pod: Object

    @property
    def namespace(self) -> str:
        """The Pod's namespace."""
        found: str = self.pod["metadata"]["namespace"]
        return found

    def field(self, path: str) -> str:
        """Return what the downward API has under *path*."""
        if match := re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path):
            return str(self.pod["metadata"].get(match[1], {}).get(match[2], ""))
        if path in {"status.podIP", "status.hostIP", "status.podIPs"}:
            return ADDRESS  # before the status says so
        found: Any = self.pod
        for part in path.split("."):
            found = found.get(part, {})
        if not isinstance(found, str):
            raise NotConfiguredError(f"this kubelet knows no field {path}")
        return found

    def data(self, kind: str, reference: Mapping[str, Any]) -> dict[str, str] | None:
        """Return a Secret's or ConfigMap's texts; None if it is optional and not there."""
        found = self.kube.get(kind, reference["name"], self.namespace)
        if found is None:
            if reference.get("optional"):
                return None
            raise NotConfiguredError(f"{kind} {reference['name']!r} not found")
        texts: dict[str, str] = found.get("data") or {}
        if kind == "configmaps":
            return texts
        return {key: base64.b64decode(text).decode() for key, text in texts.items()}

    def value(self, kind: str, reference: Mapping[str, Any]) -> str | None:
        """Return the text under one key; None if it is optional and not there."""
        texts = self.data(kind, reference) or {}
        if reference["key"] not in texts and not reference.get("optional"):
            raise NotConfiguredError(f"{kind} {reference['name']!r} has no key {reference['key']!r}")
        return texts.get(reference["key"])


def environment(sources: Sources, container: Mapping[str, Any], base: Mapping[str, str]) -> dict[str, str]:
    """Return all variables of *container*; *base*: the image's, the node's. Raises NotConfiguredError."""
    made = {**base}
    if sources.pod["spec"].get("enableServiceLinks", True):
        made |= dict(_service_links(sources))
    for source in container.get("envFrom", []):
        prefix = source.get("prefix", "")
        for kind, word in (("configmaps", "configMapRef"), ("secrets", "secretRef")):
            if word in source:
                made |= {prefix + key: text for key, text in (sources.data(kind, source[word]) or {}).items()}
    for entry in container.get("env", []):
        if (text := _text(sources, entry)) is not None:
            made[entry["name"]] = expand(text, made)
    return made


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace $(NAME); an unknown name stays as it is, and $$ is a dollar."""
    return REFERENCE.sub(
        lambda match: "$" if match[0] == "$$" else variables.get(match[1], match[0]),
        text,
    )


def _text(sources: Sources, entry: Mapping[str, Any]) -> str | None:
    match entry.get("valueFrom"):
        case None:
            return str(entry.get("value", ""))
        case {"fieldRef": {"fieldPath": str(path)}}:
            return sources.field(path)
        case {"secretKeyRef": reference}:
            return sources.value("secrets", reference)
        case {"configMapKeyRef": reference}:
            return sources.value("configmaps", reference)
        case other:
            raise NotConfiguredError(f"this kubelet knows no {', '.join(other)}")


def _service_links(sources: Sources) -> Iterator[tuple[str, str]]:
    """Give what docker links once gave, as kubelets still do: a program must live with such variables."""
    for service in sources.kube.list("services", sources.namespace):
        address = service["spec"].get("clusterIP", "None")
        if address == "None":
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        port = service["spec"]["ports"][0]["port"]
        yield f"{name}_SERVICE_HOST", address
        yield f"{name}_SERVICE_PORT", str(port)
        yield f"{name}_PORT", f"tcp://{address}:{port}"
