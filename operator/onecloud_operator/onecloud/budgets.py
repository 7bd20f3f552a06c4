"""What the process may have at once, of all clouds together: connections, and bytes of answers."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from .dns import IPAddress

MAX_CONNECTIONS = 2048
READING_BYTES = 64 * 2**20
SILENT_SECONDS = 2.0  # no connection that was in use since then is ended for another
LAST_PART = 0.75  # of the connections; what is left is for addresses that have none

Door = tuple["IPAddress", int]


class Crowded(Exception):
    """So much was being read that the largest answer, this one, was given up."""


@dataclass(slots=True, eq=False)
class BodyRead:
    """One answer on its way in."""

    body: bytearray = field(default_factory=bytearray)
    given_up: bool = False


class BodyBudget:
    """
    The answers that are being read, all of them together within *most* bytes.

    Nobody waits for room: who is slow could hold it for long. The largest gives way, and an honest answer is
    never that for long.
    """

    def __init__(self, most: int = READING_BYTES) -> None:
        self._most = most
        self._readings: set[BodyRead] = set()
        self.size = 0

    @contextmanager
    def one(self) -> Iterator[BodyRead]:
        """Have one more for the time of the block."""
        reading = BodyRead()
        self._readings.add(reading)
        try:
            yield reading
        finally:
            self._readings.discard(reading)
            self.size -= len(reading.body)

    def add(self, reading: BodyRead, part: bytes) -> None:
        """Take in *part*. Raises Crowded if this one is to give way, or had to already."""
        if not reading.given_up:
            reading.body += part
            self.size += len(part)
            if self.size > self._most:
                largest = max(self._readings, key=lambda one: len(one.body))
                largest.given_up = True
                self.size -= len(largest.body)
                largest.body.clear()
        if reading.given_up:
            raise Crowded


class Slot:
    """The right to one connection; given back at its end, or when nobody has it any more."""

    def __init__(self, slots: Slots, door: Door, host: str) -> None:
        self._slots: Slots | None = slots
        self.door = door
        self.host = host
        self.touched_at = 0.0  # by the loop's clock, when something last came or went
        self.end: Callable[[], Awaitable[None]] | None = None

    def release(self) -> None:
        """Give it back, once."""
        self.end = None
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.released(self.door, self.host)

    def __del__(self) -> None:
        """Give back that of a connection that was given up while it was made: nobody closes it."""
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.lost(self.door, self.host)


class Slots:
    """
    The connections that there may be: *most* in all, and *most_of_one* to one address and port.

    The latter hold for an address whatever names lead there. *make_room* is told whose idle connections are
    in the way: of these hosts, or of any. Where that is not enough, the one ends that was silent longest.
    """

    def __init__(
        self, most: int, most_of_one: int, make_room: Callable[[frozenset[str] | None], None]
    ) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._make_room = make_room
        self._taken: Counter[Door] = Counter()
        self._hosts: dict[Door, Counter[str]] = {}
        self._waiting: deque[tuple[Door, str, asyncio.Future[Slot]]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._given: WeakSet[Slot] = WeakSet()
        self._ending: set[asyncio.Task[None]] = set()
        self.total = 0

    def wanted(self, host: str) -> bool:
        """Tell whether somebody waits for what *host* has: connections to an address, or any at all."""
        if not self._waiting:
            return False
        if self.total >= LAST_PART * self._most:
            return True
        return any(host in self._hosts.get(door, ()) for door, _, _ in self._waiting)

    def free(self, door: Door) -> bool:
        """Tell whether there may be one more connection to *door*."""
        if self._taken[door] >= self._most_of_one or self.total >= self._most:
            return False
        return not self._taken[door] or self.total < LAST_PART * self._most

    async def take(self, door: Door, host: str) -> Slot:
        """Wait for a connection to *door* to be allowed; first come, first served."""
        self._loop = asyncio.get_running_loop()
        if self.free(door) and not any(each == door for each, _, _ in self._waiting):
            return self._give(door, host)
        turn: asyncio.Future[Slot] = self._loop.create_future()
        mine = (door, host, turn)
        self._waiting.append(mine)
        full = self._taken[door] >= self._most_of_one
        self._make_room(frozenset(self._hosts.get(door, ())) if full else None)
        if not self._taken[door] and self.total >= self._most:
            self._end_most_silent()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                turn.result().release()
            elif mine in self._waiting:
                self._waiting.remove(mine)
            raise

    def lost(self, door: Door, host: str) -> None:
        """Take one back, from whatever thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.released, door, host)

    def released(self, door: Door, host: str) -> None:
        """Take one back, and give it to whoever waited longest and may have it."""
        self.total -= 1
        self._taken[door] -= 1
        hosts = self._hosts[door]
        hosts[host] -= 1
        if not hosts[host]:
            del hosts[host]
        if not self._taken[door]:
            del self._taken[door], self._hosts[door]
        for waiting in tuple(self._waiting):
            wanted, by, turn = waiting
            if not turn.done() and self.free(wanted):
                self._waiting.remove(waiting)
                turn.set_result(self._give(wanted, by))

    def _give(self, door: Door, host: str) -> Slot:
        self.total += 1
        self._taken[door] += 1
        self._hosts.setdefault(door, Counter())[host] += 1
        slot = Slot(self, door, host)
        self._given.add(slot)
        return slot

    def _end_most_silent(self) -> None:
        """End the connection that waits longest for its answer: it hangs, and somebody has none at all."""
        silent = min(
            (slot for slot in self._given if slot.end), key=lambda slot: slot.touched_at, default=None
        )
        if silent is None or silent.end is None or self._loop is None:
            return
        if self._loop.time() - silent.touched_at >= SILENT_SECONDS:
            task = self._loop.create_task(_ended(silent.end))
            silent.end = None
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


async def _ended(end: Callable[[], Awaitable[None]]) -> None:
    with suppress(Exception):
        await end()
