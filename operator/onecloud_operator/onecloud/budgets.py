"""Limits of the whole process, over all clouds: open connections, and bytes of answers being read."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from .dns import IPAddress

MAX_CONNECTIONS = 2048
MAX_BODY_BYTES = 64 * 2**20
STALLED_SECONDS = 2.0  # a connection with traffic since then is never closed in favour of another
RESERVED_FROM = 0.75  # of the connections; the rest is reserved for addresses that have none

SocketAddress = tuple["IPAddress", int]


class BudgetExceeded(Exception):
    """The process was reading too much, and this answer was the largest."""


@dataclass(slots=True, eq=False)
class BodyRead:
    """One body being received."""

    body: bytearray = field(default_factory=bytearray)
    aborted: bool = False


class BodyBudget:
    """
    All bodies being received together stay within *limit* bytes.

    Nothing waits for memory, since a slow sender could hold it for long. Instead the largest body is aborted,
    and an honest answer is rarely that.
    """

    def __init__(self, limit: int = MAX_BODY_BYTES) -> None:
        self._limit = limit
        self._reads: set[BodyRead] = set()
        self.size = 0

    @contextmanager
    def read(self) -> Iterator[BodyRead]:
        """Account for one more body within the block."""
        read = BodyRead()
        self._reads.add(read)
        try:
            yield read
        finally:
            self._reads.discard(read)
            self.size -= len(read.body)

    def add(self, read: BodyRead, part: bytes) -> None:
        """Append *part*. Raises BudgetExceeded if this body is aborted, now or earlier."""
        if not read.aborted:
            read.body += part
            self.size += len(part)
            if self.size > self._limit:
                largest = max(self._reads, key=lambda each: len(each.body))
                largest.aborted = True
                self.size -= len(largest.body)
                largest.body.clear()
        if read.aborted:
            raise BudgetExceeded


class Slot:
    """The right to one connection; returned when it closes, or when the slot is garbage-collected."""

    def __init__(self, slots: Slots, address: SocketAddress, host: str) -> None:
        self._slots: Slots | None = slots
        self.address = address
        self.host = host
        self.active_at = 0.0  # monotonic, when bytes were last sent or received
        self.close: Callable[[], Awaitable[None]] | None = None

    def release(self) -> None:
        """Return it, once."""
        self.close = None
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.released(self.address, self.host)

    def __del__(self) -> None:
        """Return the slot of a connection that was cancelled while it was opened: nobody closes it."""
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.abandoned(self.address, self.host)


class Slots:
    """
    The connections that may be open: *limit* in all, and *per_address* to one address and port.

    *end_idle* is called with the hosts whose idle connections are needed, or None for all hosts. If that
    frees none, the connection that has been silent for longest is closed.
    """

    def __init__(
        self, limit: int, per_address: int, end_idle: Callable[[frozenset[str] | None], None]
    ) -> None:
        self._limit = limit
        self._per_address = per_address
        self._end_idle = end_idle
        self._used: Counter[SocketAddress] = Counter()
        self._hosts: dict[SocketAddress, Counter[str]] = {}
        self._waiting: deque[tuple[SocketAddress, str, asyncio.Future[Slot]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._granted: WeakSet[Slot] = WeakSet()
        self._closing: set[asyncio.Task[None]] = set()
        self.total = 0

    def contended(self, host: str) -> bool:
        """Return whether another call waits for a connection that *host* has open."""
        if not self._waiting:
            return False
        if self.total >= RESERVED_FROM * self._limit:
            return True
        return any(host in self._hosts.get(address, ()) for address, _, _ in self._waiting)

    def available(self, address: SocketAddress) -> bool:
        """Return whether one more connection to *address* may be opened."""
        if self._used[address] >= self._per_address or self.total >= self._limit:
            return False
        return not self._used[address] or self.total < RESERVED_FROM * self._limit

    async def acquire(self, address: SocketAddress, host: str) -> Slot:
        """Wait until one more connection to *address* may be opened; first come, first served."""
        self._loop = asyncio.get_running_loop()
        if self.available(address) and not any(each == address for each, _, _ in self._waiting):
            return self._grant(address, host)
        waiter: asyncio.Future[Slot] = self._loop.create_future()
        entry = (address, host, waiter)
        self._waiting.append(entry)
        full = self._used[address] >= self._per_address
        self._end_idle(frozenset(self._hosts.get(address, ())) if full else None)
        if not self._used[address] and self.total >= self._limit:
            self._close_most_stalled()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                waiter.result().release()
            elif entry in self._waiting:
                self._waiting.remove(entry)
            raise

    def abandoned(self, address: SocketAddress, host: str) -> None:
        """Take a slot back, from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.released, address, host)

    def released(self, address: SocketAddress, host: str) -> None:
        """Take a slot back, and grant it to the call that has waited longest and may have it."""
        self.total -= 1
        self._used[address] -= 1
        hosts = self._hosts[address]
        hosts[host] -= 1
        if not hosts[host]:
            del hosts[host]
        if not self._used[address]:
            del self._used[address], self._hosts[address]
        for entry in tuple(self._waiting):
            wanted, by, waiter = entry
            if not waiter.done() and self.available(wanted):
                self._waiting.remove(entry)
                waiter.set_result(self._grant(wanted, by))

    def _grant(self, address: SocketAddress, host: str) -> Slot:
        self.total += 1
        self._used[address] += 1
        self._hosts.setdefault(address, Counter())[host] += 1
        slot = Slot(self, address, host)
        self._granted.add(slot)
        return slot

    def _close_most_stalled(self) -> None:
        """Close the connection that has waited longest for its answer: another address has none at all."""
        stalled = min(
            (slot for slot in self._granted if slot.close), key=lambda slot: slot.active_at, default=None
        )
        if stalled is None or stalled.close is None or self._loop is None:
            return
        if time.monotonic() - stalled.active_at >= STALLED_SECONDS:
            task = self._loop.create_task(_close(stalled.close))
            stalled.close = None
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def _close(close: Callable[[], Awaitable[None]]) -> None:
    with suppress(Exception):
        await close()
