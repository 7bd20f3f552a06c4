"""One scheme, host and port: its connections, and how much it is asked for at a time."""

from __future__ import annotations

import asyncio
import re
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING

from .adaptive_limit import AdaptiveLimit
from .address_limits import PERMIT, Caller, LeadsElsewhere, Permit
from .errors import OneCloudError, Timeout
from .models import Exchange
from .protocol import Reply, Request, Traffic

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .address_limits import AddressLimits
    from .limits import Limits
    from .tls import Tls
    from .transport import Transport

# Any of these says that the service, or what is in front of it, has too much to do.
STRAINED = frozenset({429, 502, 503, 504})
SECONDS = re.compile(r"[0-9]{1,5}")
STRAINED_AFTER = 3  # plain 500s in a row: one alone is often a wrong request
# What a place and its TLS settings cost to make again is a few ms, so strangers' URLs need not pile up.
FORGET_SECONDS = 600.0
MAX_SETTINGS = 16  # of TLS at one place; more only while all are in use
MAX_TRIES = 10  # more than the connections that could lead to another address than the one before


class Origin:
    """
    One scheme, host and port.

    *connect* makes connections with TLS settings, *observe* is told of every call; *clock* is monotonic; in
    *address_limits* is what it shares with others that lead to the same address.
    """

    def __init__(
        self,
        connect: Callable[[Tls], Transport],
        limits: Limits,
        clock: Callable[[], float],
        observe: Callable[[Exchange], None],
        address_limits: AddressLimits,
    ) -> None:
        self._wired = connect
        self._limits = limits
        self._clock = clock
        self._observe = observe
        self._connections = AdaptiveLimit(limits.connections, clock)
        self._lanes = {lane: AdaptiveLimit(limits.places(lane), clock) for lane in Traffic}
        self._caller = Caller(address_limits)
        self._wires: dict[Tls, Transport] = {}
        self._failures = 0
        self._used_at = clock()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way or waits."""
        return self._connections.idle and all(limit.idle for limit in self._lanes.values())

    @property
    def forgettable(self) -> bool:
        """Whether a new place would do as well, whatever its last answers were."""
        return self._clock() >= self._used_at + FORGET_SECONDS and self.idle

    @property
    def authorities(self) -> int:
        """Return how many characters of tenants' own authorities are in use."""
        return sum(tls.size for tls in self._wires)

    def free(self, lane: Traffic) -> int:
        """Return how many calls of *lane* could start now without waiting."""
        room = self._caller.room(lane)
        ours = min(self._lanes[lane].free, self._connections.free)
        return ours if room is None else min(ours, room)

    def inside(self, lane: Traffic) -> int:
        """Return how many calls of *lane* are under way."""
        return self._lanes[lane].inside - self._caller.waiting[lane]

    def waiting(self, lane: Traffic) -> int:
        """Return how many calls of *lane* wait for their turn."""
        return self._lanes[lane].waiting + self._caller.waiting[lane]

    async def exchange(
        self, base_url: str, request: Request, headers: dict[str, str], tls: Tls, request_id: str
    ) -> Reply:
        """Send *request* when there is room for it, and return the answer, of whatever status."""
        end = asyncio.get_running_loop().time() + self._limits.slot_seconds
        async with AsyncExitStack() as held:
            for limit in (self._lanes[request.lane], self._connections):
                await _in_time(limit.enter(), end, request, request_id)
                held.callback(limit.leave)
            # Last, so that who waits for a turn of its own name's keeps nobody else from theirs.
            permit = Permit(self._caller, request.lane)
            held.callback(permit.leave)
            held.callback(PERMIT.reset, PERMIT.set(permit))
            for _ in range(MAX_TRIES):
                await _in_time(permit.wait(), end, request, request_id)
                with suppress(LeadsElsewhere):
                    return await self._sent(base_url, request, headers, tls, request_id)
        raise _too_late(request, request_id)

    async def close(self) -> None:
        """End all connections; new calls make new ones."""
        for transport in tuple(self._wires.values()):
            await transport.close()

    async def _sent(
        self, base_url: str, request: Request, headers: dict[str, str], tls: Tls, request_id: str
    ) -> Reply:
        """Send *request*. Raises LeadsElsewhere, with nothing sent, where the connection leads to a queue."""
        started = self._clock()
        status: int | None = None
        failure: str | None = "Cancelled"
        throttled = False
        try:
            reply = await self._transport(tls).exchange(base_url, request, headers, request_id)
            status, failure = reply.status, None
            throttled = self._learn(request.lane, reply, self._clock() - started)
        except LeadsElsewhere:
            failure = None
            raise
        except OneCloudError as error:
            failure = type(error).__name__
            if throttled := isinstance(error, Timeout):
                self._lanes[request.lane].strained()
            raise
        finally:
            if status is not None or failure is not None:
                seconds = self._clock() - started
                self._observe(
                    Exchange(request.method, request.operation, status, failure, seconds, throttled)
                )
        return reply

    def end_idle(self) -> None:
        """End the connections that nothing is asked on."""
        for transport in self._wires.values():
            transport.end_idle()

    def forget_idle(self, seconds: float = 0.0, most: int = 0) -> None:
        """Let go of all but *most* of the TLS settings that nothing was asked with for so long."""
        now = self._clock()
        idle = [tls for tls, transport in self._wires.items() if transport.idle_since(now) is not None]
        for number, tls in enumerate(idle, start=1):
            unused = self._wires[tls].idle_since(now) or 0.0
            if unused >= seconds or number <= len(idle) - most:
                self._wires.pop(tls).end_idle()

    def _transport(self, tls: Tls) -> Transport:
        self._used_at = self._clock()
        transport = self._wires.pop(tls, None)
        if transport is None:
            self.forget_idle(FORGET_SECONDS, MAX_SETTINGS - 1)
            transport = self._wired(tls)
        self._wires[tls] = transport  # the least recently used stands first
        return transport

    def _learn(self, lane: Traffic, reply: Reply, seconds: float) -> bool:
        """Learn from an answer how much the place can bear; return whether it has too much to do."""
        limit = self._lanes[lane]
        self._failures = self._failures + 1 if reply.broke else 0
        if reply.status in STRAINED or self._failures >= STRAINED_AFTER:
            # The cloud never says for how long; what stands in front of it may.
            wanted = SECONDS.fullmatch(reply.headers.get("retry-after", ""))
            limit.strained(float(wanted[0]) if wanted else None)
            return True
        if seconds > self._limits.patience_seconds(lane):
            limit.slow()
        else:
            limit.eased()
        return False


async def _in_time(entered: Awaitable[None], end: float, request: Request, request_id: str) -> None:
    """Wait for a place: the queue is here and never inside the HTTP library."""
    try:
        async with asyncio.timeout_at(end):
            await entered
    except TimeoutError:
        raise _too_late(request, request_id) from None


def _too_late(request: Request, request_id: str) -> Timeout:
    return Timeout("too many calls were waiting before this one", request.call(request_id))
