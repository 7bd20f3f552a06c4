"""One scheme, host and port: its connections and its limits."""

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

# The service, or a proxy in front of it, is overloaded.
OVERLOADED = frozenset({429, 502, 503, 504})
SECONDS = re.compile(r"[0-9]{1,5}")
OVERLOADED_AFTER = 3  # plain 500s in a row: a single one is often a bad request
# Creating an origin or its TLS context again takes a few ms, so tenants' URLs need not accumulate.
FORGET_SECONDS = 600.0
MAX_SETTINGS = 16  # of TLS at one origin; more only while all are in use
MAX_TRIES = 10  # more than there are idle connections that can each lead to another address


class Origin:
    """
    One scheme, host and port.

    *connect* returns a transport with the given TLS settings, *on_exchange* is called after every call;
    *clock* is monotonic; *address_limits* are shared with other origins at the same address.
    """

    def __init__(
        self,
        connect: Callable[[Tls], Transport],
        limits: Limits,
        clock: Callable[[], float],
        on_exchange: Callable[[Exchange], None],
        address_limits: AddressLimits,
    ) -> None:
        self._connect = connect
        self._limits = limits
        self._clock = clock
        self._on_exchange = on_exchange
        self._connections = AdaptiveLimit(limits.connections, clock)
        self._by_traffic = {traffic: AdaptiveLimit(limits.max_calls(traffic), clock) for traffic in Traffic}
        self._caller = Caller(address_limits)
        self._transports: dict[Tls, Transport] = {}
        self._failures = 0
        self._used_at = clock()

    @property
    def idle(self) -> bool:
        """Whether no call is under way or waiting."""
        return self._connections.idle and all(limit.idle for limit in self._by_traffic.values())

    @property
    def evictable(self) -> bool:
        """Whether it was unused for so long that what its limits have learned no longer matters."""
        return self._clock() >= self._used_at + FORGET_SECONDS and self.idle

    @property
    def ca_characters(self) -> int:
        """How many characters of custom CA bundles its connections use."""
        return sum(tls.size for tls in self._transports)

    def available(self, traffic: Traffic) -> int:
        """Return how many calls of *traffic* could start now without waiting."""
        at_address = self._caller.available(traffic)
        here = min(self._by_traffic[traffic].available, self._connections.available)
        return here if at_address is None else min(here, at_address)

    def active(self, traffic: Traffic) -> int:
        """Return how many calls of *traffic* are under way."""
        return self._by_traffic[traffic].active - self._caller.waiting[traffic]

    def waiting(self, traffic: Traffic) -> int:
        """Return how many calls of *traffic* wait for a slot."""
        return self._by_traffic[traffic].waiting + self._caller.waiting[traffic]

    async def exchange(
        self, base_url: str, request: Request, headers: dict[str, str], tls: Tls, request_id: str
    ) -> Reply:
        """Wait for a slot, send *request*, and return the answer, of whatever status."""
        deadline = asyncio.get_running_loop().time() + self._limits.slot_seconds
        async with AsyncExitStack() as held:
            for limit in (self._by_traffic[request.traffic], self._connections):
                if not limit.try_acquire():
                    await _before_deadline(limit.acquire(), deadline, request, request_id)
                held.callback(limit.release)
            # Last, so that a call that waits for its own origin holds no slot that other origins could use.
            permit = Permit(self._caller, request.traffic)
            held.callback(permit.release)
            held.callback(PERMIT.reset, PERMIT.set(permit))
            for _ in range(MAX_TRIES):
                if not permit.try_acquire():
                    await _before_deadline(permit.acquire(), deadline, request, request_id)
                with suppress(LeadsElsewhere):
                    return await self._send(base_url, request, headers, tls, request_id)
        raise _queue_timeout(request, request_id)

    async def close(self) -> None:
        """Close all connections; new calls open new ones."""
        for transport in tuple(self._transports.values()):
            await transport.close()

    async def _send(
        self, base_url: str, request: Request, headers: dict[str, str], tls: Tls, request_id: str
    ) -> Reply:
        """Send *request*. Raises LeadsElsewhere, with nothing sent, if its address has no free slot."""
        started = self._clock()
        status: int | None = None
        failure: str | None = "Cancelled"
        throttled = False
        try:
            reply = await self._transport(tls).exchange(base_url, request, headers, request_id)
            status, failure = reply.status, None
            throttled = self._adapt(request.traffic, reply, self._clock() - started)
        except LeadsElsewhere:
            failure = None
            raise
        except OneCloudError as error:
            failure = type(error).__name__
            if throttled := isinstance(error, Timeout):
                self._by_traffic[request.traffic].back_off()
            raise
        finally:
            if status is not None or failure is not None:
                seconds = self._clock() - started
                self._on_exchange(
                    Exchange(request.method, request.operation, status, failure, seconds, throttled)
                )
        return reply

    def end_idle(self) -> None:
        """Close the idle connections."""
        for transport in self._transports.values():
            transport.end_idle()

    def drop_idle(self, seconds: float = 0.0, keep: int = 0) -> None:
        """Drop TLS settings that were idle for *seconds*, and the oldest idle ones beyond *keep*."""
        now = self._clock()
        idle = [tls for tls, transport in self._transports.items() if transport.idle_since(now) is not None]
        for number, tls in enumerate(idle, start=1):
            unused = self._transports[tls].idle_since(now) or 0.0
            if unused >= seconds or number <= len(idle) - keep:
                self._transports.pop(tls).end_idle()

    def _transport(self, tls: Tls) -> Transport:
        self._used_at = self._clock()
        transport = self._transports.pop(tls, None)
        if transport is None:
            self.drop_idle(FORGET_SECONDS, MAX_SETTINGS - 1)
            transport = self._connect(tls)
        self._transports[tls] = transport  # the least recently used comes first
        return transport

    def _adapt(self, traffic: Traffic, reply: Reply, seconds: float) -> bool:
        """Adapt the limit to an answer; return whether the origin is overloaded."""
        limit = self._by_traffic[traffic]
        self._failures = self._failures + 1 if reply.is_server_error else 0
        if reply.status in OVERLOADED or self._failures >= OVERLOADED_AFTER:
            # The cloud never sends Retry-After; a proxy in front of it may.
            retry_after = SECONDS.fullmatch(reply.headers.get("retry-after", ""))
            limit.back_off(float(retry_after[0]) if retry_after else None)
            return True
        if seconds > self._limits.slow_answer_seconds(traffic):
            limit.decrease()
        else:
            limit.increase()
        return False


async def _before_deadline(
    acquired: Awaitable[None], deadline: float, request: Request, request_id: str
) -> None:
    """Wait for a slot: calls queue here and never inside the HTTP library."""
    try:
        async with asyncio.timeout_at(deadline):
            await acquired
    except TimeoutError:
        raise _queue_timeout(request, request_id) from None


def _queue_timeout(request: Request, request_id: str) -> Timeout:
    return Timeout("too many calls were waiting before this one", request.call(request_id))
