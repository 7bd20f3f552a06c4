"""One scheme, host and port: its connections, and how much it is asked for at a time."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from .errors import OneCloudError, Timeout
from .models import Exchange
from .pace import Gate
from .protocol import Lane, Reply, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from .limits import Limits
    from .wire import Tls, Wire

# Any of these says that the service, or what is in front of it, has too much to do.
STRAINED = frozenset({429, 502, 503, 504})
SECONDS = re.compile(r"[0-9]{1,5}")
STRAINED_AFTER = 3  # plain 500s in a row: one alone is often a wrong request
# What a place and its TLS settings cost to make again is a few ms, so strangers' URLs need not pile up.
FORGET_SECONDS = 600.0


class Place:
    """
    One scheme, host and port.

    *wired* makes connections with TLS settings, *observe* is told of every call; *clock* is monotonic.
    """

    def __init__(
        self,
        wired: Callable[[Tls], Wire],
        limits: Limits,
        clock: Callable[[], float],
        observe: Callable[[Exchange], None],
    ) -> None:
        self._wired = wired
        self._limits = limits
        self._clock = clock
        self._observe = observe
        self._connections = Gate(limits.connections, clock)
        self._lanes = {lane: Gate(limits.places(lane), clock) for lane in Lane}
        self._wires: dict[Tls, Wire] = {}
        self._failures = 0
        self._used_at = clock()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def forgettable(self) -> bool:
        """Whether a new place would do as well."""
        return (
            self._clock() >= self._used_at + FORGET_SECONDS
            and self._connections.idle
            and all(gate.untroubled for gate in self._lanes.values())
        )

    def free(self, lane: Lane) -> int:
        """Return how many calls of *lane* could start now without waiting."""
        return min(self._lanes[lane].free, self._connections.free)

    def inside(self, lane: Lane) -> int:
        """Return how many calls of *lane* are under way."""
        return self._lanes[lane].inside

    def waiting(self, lane: Lane) -> int:
        """Return how many calls of *lane* wait for their turn."""
        return self._lanes[lane].waiting

    async def exchange(
        self, base_url: str, request: Request, headers: dict[str, str], tls: Tls, request_id: str
    ) -> Reply:
        """Send *request* when there is room for it, and return the answer, of whatever status."""
        async with self._slot(request, request_id):
            started = self._clock()
            status: int | None = None
            failure: str | None = "Cancelled"
            throttled = False
            try:
                reply = await self._wire(tls).exchange(base_url, request, headers, request_id)
                status, failure = reply.status, None
                throttled = self._learn(request.lane, reply, self._clock() - started)
            except OneCloudError as error:
                failure = type(error).__name__
                if throttled := isinstance(error, Timeout):
                    self._lanes[request.lane].strained()
                raise
            finally:
                seconds = self._clock() - started
                self._observe(
                    Exchange(request.method, request.operation, status, failure, seconds, throttled)
                )
            return reply

    async def close(self) -> None:
        """End all connections; new calls make new ones."""
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        for wire in tuple(self._wires.values()):
            await wire.close()

    @asynccontextmanager
    async def _slot(self, request: Request, request_id: str) -> AsyncIterator[None]:
        """Hold a place in the lane, and a connection: the queue is here and never inside the HTTP library."""
        async with AsyncExitStack() as held:
            held.callback(self._rest)  # runs last, when the gates are free again
            try:
                async with asyncio.timeout(self._limits.slot_seconds):
                    for gate in (self._lanes[request.lane], self._connections):
                        await gate.enter()
                        held.callback(gate.leave)
            except TimeoutError:
                raise Timeout(
                    "too many calls were waiting before this one", request.call(request_id)
                ) from None
            if self._idle_timer is not None:
                self._idle_timer.cancel()
                self._idle_timer = None
            yield

    def _wire(self, tls: Tls) -> Wire:
        now = self._clock()
        self._used_at = now
        wire = self._wires.get(tls)
        if wire is None:
            for old in [key for key, wire in self._wires.items() if wire.idle_since(now) >= FORGET_SECONDS]:
                del self._wires[old]  # its connections ended long ago
            wire = self._wires[tls] = self._wired(tls)
        return wire

    def _learn(self, lane: Lane, reply: Reply, seconds: float) -> bool:
        """Learn from an answer how much the place can bear; return whether it has too much to do."""
        gate = self._lanes[lane]
        self._failures = self._failures + 1 if reply.broke else 0
        if reply.status in STRAINED or self._failures >= STRAINED_AFTER:
            # The cloud never says for how long; what stands in front of it may.
            wanted = SECONDS.fullmatch(reply.headers.get("retry-after", ""))
            gate.strained(float(wanted[0]) if wanted else None)
            return True
        if seconds > self._limits.patience_seconds(lane):
            gate.slow()
        else:
            gate.eased()
        return False

    def _rest(self) -> None:
        """When nothing is under way any more, end the connections a little later: nobody else would."""
        if self._connections.idle and self._wires and self._idle_timer is None:
            loop = asyncio.get_running_loop()
            self._idle_timer = loop.call_later(self._limits.idle_seconds, self._end_idle)

    def _end_idle(self) -> None:
        self._idle_timer = None
        if self._connections.idle:
            task = asyncio.get_running_loop().create_task(self.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
