"""
The operator, killed at one crossing of a seam: ``python -m tests.e2e.crashing POINT RECORD run``.

The seams are the two rooms by which every call leaves: one for the cloud, one for Kubernetes. Each crossing
has a name of its own, such as ``cloud create_server unsent 1``, and is written to RECORD; at the one called
POINT the process kills itself. So the points are found by running, and a call that is added is found, too.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from onecloud_operator import __main__
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.onecloud.origin import Origin

if TYPE_CHECKING:
    from onecloud_operator.onecloud.protocol import Reply, Request

# What a pass asks for; polls, sweeps and the events' tail are the process's own, and come at any moment.
READS_OF_A_PASS = frozenset(
    {"get_server", "get_disk", "get_eip", "prove_token", "sign_in", "find", "history", "read", "secret"}
)
# A list of one name is a search of a pass, whatever is listed, and events of one server are its history.
ASKED_FOR_ONE = {("list_", "name"): "find", ("list_events", "obj_id"): "history"}


class Seam:
    """Counts crossings, and ends the process at one."""

    def __init__(self, point: str, record: Path) -> None:
        self._point = point
        self._record = record
        self._counts: Counter[str] = Counter()

    def cross(self, name: str) -> None:
        """Note one crossing."""
        self._counts[name] += 1
        crossing = f"{name} {self._counts[name]}"
        with self._record.open("a") as record:
            record.write(f"{crossing}\n")
        if crossing == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


def operation_of(request: Request) -> str:
    """Return what is asked for, told apart from the process's own lists."""
    names = {name for name, _ in request.query}
    found = (
        kind
        for (operation, name), kind in ASKED_FOR_ONE.items()
        if request.operation.startswith(operation) and name in names
    )
    return next(found, request.operation)


def instrument(seam: Seam) -> None:
    """Have every call of a pass cross *seam* before it leaves and when its answer is there."""
    exchange, call = Origin.exchange, KubeClient.call

    async def exchange_across(place: Origin, base_url: str, request: Request, *rest: Any) -> Reply:
        operation = operation_of(request)
        if not request.writes and operation not in READS_OF_A_PASS:
            return await exchange(place, base_url, request, *rest)
        seam.cross(f"cloud {operation} unsent")
        try:
            return await exchange(place, base_url, request, *rest)
        finally:
            seam.cross(f"cloud {operation} answered")

    async def call_across(cluster: KubeClient, operation: str, method: str, *rest: Any, **more: Any) -> Any:
        if method in {"GET", "HEAD"} and operation not in READS_OF_A_PASS:
            return await call(cluster, operation, method, *rest, **more)
        seam.cross(f"kubernetes {operation} unsent")
        try:
            return await call(cluster, operation, method, *rest, **more)
        finally:
            seam.cross(f"kubernetes {operation} answered")

    Origin.exchange = exchange_across  # type: ignore[method-assign, assignment]  # the experiment
    KubeClient.call = call_across  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    point, record, *command = sys.argv[1:]
    instrument(Seam(point, Path(record)))
    sys.exit(__main__.main(command))
