"""What every container of a node needs from the kubelet."""

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sandbox.cluster.kube import Kube

from .images import Image


@dataclass(frozen=True, slots=True)
class Host:
    """The node: where it calls, where it writes, what it knows of images, how patient it is."""

    kube: Kube
    api_host: str
    api_port: int
    directory: Path
    images: Mapping[str, Image]
    executor: Executor
    backoff_seconds: float


def stamp() -> str:
    """Return the time as Kubernetes writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
