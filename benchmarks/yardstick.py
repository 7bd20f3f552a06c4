"""
What this machine needs for two fixed pieces of work: ``python -m benchmarks.yardstick KUBECONFIG``.

R is the CPU that ``json.loads`` needs for one object of the lists that a restart reads. W is the CPU of a
bare client that makes the Kubernetes requests of a server's creation, as the fixed recipe below has them, on
objects like the operator's with full status. These are in a group of their own, where the operator does not
look. It runs in a process of its own, whose CPU is that work and nothing else. What it prints is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import ssl
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import uvloop
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PAGE: Final = 500  # objects
ROUNDS: Final = 5  # of R, whose best counts
ROUND_SECONDS: Final = 0.1  # of CPU at least; fewer would be told by a coarse clock
SAMPLES: Final = 3  # of either, whose middle counts
WARM: Final = 20  # objects that are written first, beside the count
PATCHES: Final = 4  # an object, and as many watch events
EVENTS: Final = 2  # an object
AT_A_TIME: Final = 4
PATIENCE_SECONDS: Final = 300.0
MERGE: Final = "application/merge-patch+json"

SERVERS: Final = "/apis/onecloud.io/v1alpha1/onecloudservers"
GROUP: Final = "yardstick.onecloud.io"
KIND: Final = "OneCloudServer"
NAMESPACE: Final = "yardstick"
YARDSTICKS: Final = f"/apis/{GROUP}/v1alpha1/namespaces/{NAMESPACE}/onecloudservers"
NOTES: Final = f"/api/v1/namespaces/{NAMESPACE}/events"
# An object with its full status.
BODY: Final = json.loads(Path(__file__).with_suffix(".json").read_text())


class Client:
    """The API server as a bare client sees it."""

    def __init__(self, kubeconfig: Path) -> None:
        found = yaml.safe_load(kubeconfig.read_text())
        cluster = found["clusters"][0]["cluster"]
        trust = ssl.create_default_context(
            cadata=base64.b64decode(cluster["certificate-authority-data"]).decode()
        )
        self._base = cluster["server"]
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=trust),
            headers={"Authorization": f"Bearer {found['users'][0]['user']['token']}"},
            timeout=aiohttp.ClientTimeout(total=PATIENCE_SECONDS),
        )

    async def close(self) -> None:
        await self._session.close()

    async def read(self, path: str) -> bytes:
        async with self._session.get(self._base + path) as reply:
            reply.raise_for_status()
            return await reply.read()

    async def write(self, method: str, path: str, body: object, kind: str = "application/json") -> Any:
        headers = {"Content-Type": kind}
        async with self._session.request(
            method, self._base + path, data=json.dumps(body).encode(), headers=headers
        ) as reply:
            reply.raise_for_status()
            return json.loads(await reply.read())

    async def watch(self, path: str, version: str, heard: Callable[[Any], None]) -> None:
        """Tell *heard* of every change after *version*, until it is cancelled."""
        query = f"{path}?watch=true&resourceVersion={version}"
        async with self._session.get(self._base + query, timeout=aiohttp.ClientTimeout()) as reply:
            rest = b""
            async for chunk in reply.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    heard(json.loads(line))


async def pages(client: Client, path: str = SERVERS) -> list[bytes]:
    """Return the pages of a list, as they came."""
    found = []
    token = ""
    while True:
        raw = await client.read(f"{path}?limit={PAGE}" + (f"&continue={token}" if token else ""))
        found.append(raw)
        token = json.loads(raw)["metadata"].get("continue") or ""
        if not token:
            return found


def decoded(raws: Sequence[bytes], objects: int) -> float:
    """Return R in milliseconds: the best of some rounds, with no garbage collected meanwhile."""
    best = float("inf")
    gc.collect()
    gc.disable()
    try:
        for _ in range(ROUNDS):
            began, times = time.process_time(), 0
            while (spent := time.process_time() - began) < ROUND_SECONDS or not times:
                for raw in raws:
                    json.loads(raw)
                times += 1
            best = min(best, spent / times)
    finally:
        gc.enable()
    return 1000.0 * best / objects


async def written(client: Client, names: Sequence[str], mark: str) -> float:
    """Return W in milliseconds: what the recipe costs for an object of *names*."""
    version = json.loads(await client.read(f"{YARDSTICKS}?limit=1"))["metadata"]["resourceVersion"]
    left = PATCHES * len(names)
    all_heard = asyncio.Event()

    def heard(_event: Any) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            all_heard.set()

    watching = asyncio.ensure_future(client.watch(YARDSTICKS, version, heard))
    slots = asyncio.Semaphore(AT_A_TIME)

    async def one(name: str) -> None:
        async with slots:
            for number in range(PATCHES):
                change = {"metadata": {"annotations": {"mark": f"{mark}-{number}"}}}
                await client.write("PATCH", f"{YARDSTICKS}/{name}", change, MERGE)
            for _ in range(EVENTS):
                await client.write("POST", NOTES, _event_about(name))

    try:
        began = time.process_time()
        await asyncio.gather(*map(one, names))
        await asyncio.wait_for(all_heard.wait(), PATIENCE_SECONDS)
        return 1000.0 * (time.process_time() - began) / len(names)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


async def measure(kubeconfig: Path, objects: int, samples: int) -> dict[str, Any]:
    """Return samples of R, unless there is no object yet, and of W with so many *objects*."""
    client = Client(kubeconfig)
    try:
        raws = await pages(client)
        count = sum(len(json.loads(raw)["items"]) for raw in raws)
        found: dict[str, Any] = {"objects": count}
        if count:
            found["bytes"] = round(sum(map(len, raws)) / count)
            found["r_ms"] = [decoded(raws, count) for _ in range(samples)]
        raws.clear()
        names = await _prepared(client, objects)
        await written(client, names[:WARM], "warm")
        mark = f"{time.time():.3f}"
        found["w_ms"] = [await written(client, names, f"{mark}-{number}") for number in range(samples)]
    finally:
        await client.close()
    return found


async def _prepared(client: Client, objects: int) -> list[str]:
    """Return the names of so many yardsticks; the first time they are made."""
    raws = await pages(client, YARDSTICKS)
    present = {one["metadata"]["name"] for raw in raws for one in json.loads(raw)["items"]}
    names = [f"yardstick-{number:04d}" for number in range(objects)]
    for name in names:
        if name not in present:
            head = {"apiVersion": f"{GROUP}/v1alpha1", "kind": KIND, "metadata": {"name": name}}
            await client.write("POST", YARDSTICKS, {**head, "spec": BODY["spec"]})
            await client.write("PATCH", f"{YARDSTICKS}/{name}/status", {"status": BODY["status"]}, MERGE)
    return names


def _event_about(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{name}.", "namespace": NAMESPACE},
        "involvedObject": {
            "apiVersion": f"{GROUP}/v1alpha1",
            "kind": KIND,
            "namespace": NAMESPACE,
            "name": name,
        },
        "type": "Normal",
        "reason": "Measured",
        "message": "x" * 60,
        "source": {"component": "yardstick"},
        "count": 1,
    }


def main() -> None:
    """Parse the command line, measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.yardstick")
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("--objects", type=int, default=200, help="that W is measured with")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    arguments = parser.parse_args()
    found = uvloop.run(measure(arguments.kubeconfig, arguments.objects, arguments.samples))
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
