"""
Every connection to every cloud, with its limits: one `Endpoints` for the process, shared by all credentials.

The limits belong to the place (scheme, host and port), not to a credential: the cloud has 8 workers for reads
and 8 for writes, for all its users.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from .addresses import AddressPolicy
from .auth import Credentials
from .errors import InvalidRequest, OneCloudError, Timeout
from .models import Exchange
from .pace import Gate
from .protocol import Lane, Reply, Request
from .signin import SignIn
from .wire import Tls, Wire

# Anything in this set means that the service, or what is in front of it, has too much to do.
STRAINED = frozenset({429, 502, 503, 504})
STRAINED_AFTER = 3  # plain 500s in a row: one alone is often a wrong request


@dataclass(frozen=True, slots=True)
class Limits:
    """What one place is asked for at most."""

    connections: int = 8
    writes: int = 4
    lists: int = 2
    idle_seconds: float = 5.0  # the cloud closes at 10 s; a request on a closing connection is a lost answer
    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    list_read_seconds: float = 60.0
    write_seconds: float = 10.0
    slot_seconds: float = 60.0
    slow_seconds: float = 5.0
    slow_list_seconds: float = 20.0

    def silence_seconds(self, lane: Lane) -> float:
        """How long the other side may be silent."""
        return self.list_read_seconds if lane is Lane.LIST else self.read_seconds

    def whole_seconds(self, lane: Lane) -> float:
        """How long a call may take from its first byte to the answer's last."""
        return self.connect_seconds + self.write_seconds + self.silence_seconds(lane) * 1.5


class Endpoints:
    """
    The places we talk to.

    *on_exchange* is told of every call and must not raise. `close` ends all connections.
    """

    def __init__(
        self,
        policy: AddressPolicy | None = None,
        *,
        limits: Limits | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._policy = policy or AddressPolicy()
        self._limits = limits or Limits()
        self._on_exchange = on_exchange
        self._places: dict[str, Place] = {}
        self._sign_ins: dict[str, SignIn] = {}
        # At DEBUG httpcore logs the headers of answers, and a sign-in's answer has its token there.
        logging.getLogger("httpcore").setLevel(logging.INFO)

    def free_slots(self, url: str, lane: Lane = Lane.WRITE) -> int:
        """Return how many calls of *lane* could start at *url*'s place now without waiting."""
        place = self._places.get(_origin(url))
        if place is None:
            return {Lane.READ: self._limits.connections, Lane.LIST: self._limits.lists}.get(
                lane, self._limits.writes
            )
        return place.free(lane)

    async def exchange(
        self, base_url: str, request: Request, headers: dict[str, str], tls: Tls, request_id: str
    ) -> Reply:
        """Send *request* below *base_url* and return the answer, of whatever status."""
        origin = _origin(base_url)
        place = self._places.get(origin)
        if place is None:
            place = self._places[origin] = Place(self, origin)
        return await place.exchange(base_url, request, headers, tls, request_id)

    def sign_in(self, credentials: Credentials) -> SignIn:
        """Return what keeps *credentials* signed in, one for all holders; give it back by `release`."""
        fingerprint = credentials.fingerprint
        for old in [key for key, kept in self._sign_ins.items() if kept.forgettable and key != fingerprint]:
            del self._sign_ins[old]
        found = self._sign_ins.get(fingerprint)
        if found is None:
            found = self._sign_ins[fingerprint] = SignIn(credentials, self.exchange, self.clock)
        found.holders += 1
        return found

    def release(self, sign_in: SignIn) -> None:
        sign_in.holders -= 1

    async def close(self) -> None:
        """End every connection and every sign-in under way. Calls under way fail."""
        for sign_in in self._sign_ins.values():
            await sign_in.close()
        self._sign_ins.clear()
        for place in list(self._places.values()):
            await place.close()
        self._places.clear()

    @property
    def policy(self) -> AddressPolicy:
        return self._policy

    @property
    def limits(self) -> Limits:
        return self._limits

    def forget(self, origin: str) -> None:
        """Drop a place that nothing is remembered of, so that strangers' URLs do not pile up."""
        self._places.pop(origin, None)

    def observed(self, exchange: Exchange) -> None:
        if self._on_exchange is not None:
            self._on_exchange(exchange)


class Place:
    """One scheme, host and port: its connections, and how much it is asked at a time."""

    def __init__(self, endpoints: Endpoints, origin: str) -> None:
        self._endpoints = endpoints
        self._origin = origin
        self._limits = endpoints.limits
        self._connections = Gate(self._limits.connections, endpoints.clock)
        self._lanes = {
            Lane.READ: Gate(self._limits.connections, endpoints.clock),
            Lane.LIST: Gate(self._limits.lists, endpoints.clock),
            Lane.WRITE: Gate(self._limits.writes, endpoints.clock),
        }
        self._wires: dict[Tls, Wire] = {}
        self._failures = 0
        self._idle_timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def free(self, lane: Lane) -> int:
        return min(self._lanes[lane].free, self._connections.free)

    async def exchange(
        self, base_url: str, request: Request, headers: dict[str, str], tls: Tls, request_id: str
    ) -> Reply:
        async with self._slot(request, request_id):
            started = self._endpoints.clock()
            status: int | None = None
            failure: str | None = "Cancelled"
            try:
                reply = await self._wire(tls).exchange(base_url, request, headers, request_id)
                status, failure = reply.status, None
            except OneCloudError as error:
                failure = type(error).__name__
                if isinstance(error, Timeout):
                    self._lanes[request.lane].strained()
                raise
            finally:
                seconds = self._endpoints.clock() - started
                self._endpoints.observed(
                    Exchange(request.method, request.operation, status, failure, seconds)
                )
            self._judge(request.lane, reply, seconds)
            return reply

    @asynccontextmanager
    async def _slot(self, request: Request, request_id: str) -> AsyncIterator[None]:
        """Hold a place in the lane, and a connection: our queue is here and never inside the HTTP library."""
        async with AsyncExitStack() as held:
            held.callback(self._rest)  # the last of all, when the gates are free again
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

    async def close(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None
        wires, self._wires = self._wires, {}
        for wire in wires.values():
            await wire.close()

    def _wire(self, tls: Tls) -> Wire:
        wire = self._wires.get(tls)
        if wire is None:
            wire = self._wires[tls] = Wire(tls, self._endpoints.policy, self._limits)
        return wire

    def _judge(self, lane: Lane, reply: Reply, seconds: float) -> None:
        """Learn from an answer how much the place can bear."""
        gate = self._lanes[lane]
        patience = self._limits.slow_list_seconds if lane is Lane.LIST else self._limits.slow_seconds
        self._failures = self._failures + 1 if reply.status >= 500 else 0  # noqa: PLR2004
        if reply.status in STRAINED or self._failures >= STRAINED_AFTER:
            retry_after = reply.headers.get("retry-after", "")
            known = retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 6  # noqa: PLR2004
            gate.strained(float(retry_after) if known else None)
        elif seconds > patience:
            gate.slow()
        else:
            gate.eased()

    def _rest(self) -> None:
        """When nothing is under way any more, end the connections a little later: nobody else would."""
        if self._connections.idle and self._wires and self._idle_timer is None:
            loop = asyncio.get_running_loop()
            self._idle_timer = loop.call_later(self._limits.idle_seconds, self._end_idle)

    def _end_idle(self) -> None:
        self._idle_timer = None
        if not self._connections.idle:
            return
        task = asyncio.get_running_loop().create_task(self.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        if all(gate.untroubled for gate in self._lanes.values()):
            self._endpoints.forget(self._origin)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if not parts.hostname:
        raise InvalidRequest("the URL has no host")
    return f"{parts.scheme}://{parts.netloc}"
