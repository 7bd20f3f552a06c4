"""
What a call of the cloud's client costs in CPU, beside the same call by httpx alone and by httpcore alone.

``python -m benchmarks.client`` is the place that is called: it answers everything with one server.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final, cast

import httpcore
import httpx
import uvloop

from benchmarks.waiting import BenchmarkError
from onecloud_operator.onecloud import AddressPolicy, Endpoints
from onecloud_operator.onecloud.protocol import get_server
from onecloud_operator.onecloud.tls import Tls
from onecloud_operator.onecloud.transport import HEADERS
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

ROUNDS: Final = 7
CALLS: Final = 500  # a round
BODY: Final = b'{"server":{"id":"s1","description":"%s"}}' % (b"x" * 3000)
ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Request-Id: 0a1b2c3d-4e5f\r\n"
    b"Date: Mon, 23 Nov 2026 07:28:28 GMT\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
)


def measure_client(rounds: int = ROUNDS, calls: int = CALLS) -> dict[str, Any]:
    """Return the CPU of a call in milliseconds, by each; they take turns, and the middle round counts."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.client"],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "operator"), str(ROOT)))},
    ) as place:
        try:
            port = int((place.stdout.readline() if place.stdout else b"") or 0)
            if not port:
                msg = "the place that is called did not start"
                raise BenchmarkError(msg)
            return uvloop.run(_measure(f"http://127.0.0.1:{port}", rounds, calls))
        finally:
            place.terminate()


async def _measure(url: str, rounds: int, calls: int) -> dict[str, Any]:
    request = get_server("s1")
    headers = {"X-Auth-Token": "t" * 180}
    ours = Endpoints(AddressPolicy(allow_loopback=True))
    async with httpcore.AsyncConnectionPool() as pool, httpx.AsyncClient(trust_env=False) as plain:

        async def client() -> None:
            await ours.exchange(url, request, headers, Tls(), "0a1b2c3d")

        async def by_httpx() -> None:
            await plain.get(url + request.target, headers=list((HEADERS | headers).items()))

        async def by_httpcore() -> None:
            await pool.request("GET", url + request.target, headers=list((HEADERS | headers).items()))

        ways = {"client_ms": client, "httpx_ms": by_httpx, "httpcore_ms": by_httpcore}
        spent: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                spent[name].append(await _milliseconds(way, calls))
    await ours.close()
    return {name: round(statistics.median(each), 3) for name, each in spent.items()}


async def _milliseconds(call: Callable[[], Awaitable[None]], calls: int) -> float:
    await call()  # makes the connection
    began = time.process_time()
    for _ in range(calls):
        await call()
    return 1000.0 * (time.process_time() - began) / calls


class _Place(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, _data: bytes) -> None:
        self._transport.write(ANSWER)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Place, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
