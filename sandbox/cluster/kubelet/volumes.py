"""A Pod's volumes as directories: the ServiceAccount's token above all."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .environment import NotConfiguredError, Sources

TEMPORARY = "/tmp"  # noqa: S108 - the path in the container, which never becomes one of the machine


class Volumes:
    """The directories of one Pod, made when they are first asked for."""

    def __init__(self, sources: Sources, directory: Path) -> None:
        self._sources = sources
        self._directory = directory
        self._kept = {volume["name"]: volume for volume in sources.pod["spec"].get("volumes", [])}

    def mounts(self, container: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return (directory, where the container sees it). Raises NotConfiguredError."""
        return [
            (str(self._made(mount["name"])), mount["mountPath"])
            for mount in container.get("volumeMounts", [])
            if mount["mountPath"] != TEMPORARY
        ]

    def environment(self, container: Mapping[str, Any]) -> dict[str, str]:
        """Return how the container is told of a volume at /tmp. The machine's stays: we may live there."""
        for mount in container.get("volumeMounts", []):
            if mount["mountPath"] == TEMPORARY:
                return {"TMPDIR": str(self._made(mount["name"]))}
        return {}

    def _made(self, name: str) -> Path:
        directory = self._directory / name
        if not directory.exists():
            files = dict(self._files(self._kept[name]))  # all of them, or no directory
            directory.mkdir(parents=True)
            for path, text in files.items():
                (directory / path).parent.mkdir(parents=True, exist_ok=True)
                (directory / path).write_text(text)
        return directory

    def _files(self, volume: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        match volume:
            case {"emptyDir": _}:
                pass
            case {"configMap": source}:
                yield from self._keys("configmaps", source)
            case {"secret": source}:
                yield from self._keys("secrets", {**source, "name": source["secretName"]})
            case {"downwardAPI": source}:
                yield from self._fields(source)
            case {"projected": {"sources": sources}}:
                for source in sources:
                    yield from self._projected(source)
            case _:
                raise NotConfiguredError(f"this kubelet cannot provide the volume {volume['name']!r}")

    def _projected(self, source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        match source:
            case {"serviceAccountToken": wanted}:
                yield wanted["path"], self._token(wanted)
            case {"configMap": wanted}:
                yield from self._keys("configmaps", wanted)
            case {"secret": wanted}:
                yield from self._keys("secrets", wanted)
            case {"downwardAPI": wanted}:
                yield from self._fields(wanted)
            case _:
                raise NotConfiguredError(f"this kubelet cannot project {', '.join(source)}")

    def _keys(self, kind: str, source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        texts = self._sources.data(kind, source) or {}
        if "items" not in source:
            yield from texts.items()
            return
        for item in source["items"]:
            text = self._sources.value(kind, {**source, "key": item["key"]})
            if text is not None:
                yield item["path"], text

    def _fields(self, source: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for item in source.get("items", []):
            yield item["path"], self._sources.field(item["fieldRef"]["fieldPath"])

    def _token(self, wanted: Mapping[str, Any]) -> str:
        """Ask for a token that is bound to the Pod. It is not renewed: no test lives for an hour."""
        pod = self._sources.pod
        bound = {"apiVersion": "v1", "kind": "Pod"}
        bound |= {key: pod["metadata"][key] for key in ("name", "uid")}
        spec = {"expirationSeconds": wanted.get("expirationSeconds", 3600), "boundObjectRef": bound}
        if "audience" in wanted:
            spec["audiences"] = [wanted["audience"]]
        account = pod["spec"].get("serviceAccountName", "default")
        answer = self._sources.kube.request(
            "POST",
            f"/api/v1/namespaces/{self._sources.namespace}/serviceaccounts/{account}/token",
            body={"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec},
        )
        token: str = answer["status"]["token"]
        return token
