"""
From the names of hosts to their addresses, so that no name that cannot be resolved holds up another.

A lookup is a call of the system's that cannot be broken off and may take half a minute. So each has a thread
of its own, there is one for a name at a time, and what was found is used again for a while; for longer while
the name servers do not answer.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpcore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Lookup = Callable[[str], Iterable[str]]

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

FRESH_SECONDS = 30.0  # what was found is used without asking again
STALE_SECONDS = 600.0  # and for so long where asking again fails
HURRY_SECONDS = 1.0  # so long an answer is waited for where an old one will do
MOST_LOOKUPS = 200  # under way; a thread each
MOST_NAMES = 1000


@dataclass(frozen=True, slots=True)
class _Found:
    addresses: list[IPAddress]
    asked_at: float


class Names:
    """One for the process. *lookup* is asked in a thread, and raises OSError or UnicodeError."""

    def __init__(self, clock: Callable[[], float], lookup: Lookup | None = None) -> None:
        self._clock = clock
        self._lookup = lookup or _asked_of_the_system
        self._found: OrderedDict[str, _Found] = OrderedDict()
        self._asked: dict[str, asyncio.Future[list[IPAddress]]] = {}

    async def addresses(self, host: str) -> list[IPAddress]:
        """Return the addresses of *host*; one that is an address already is its own. Raises ConnectError."""
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            pass
        found = self._found.get(host)
        age = self._clock() - found.asked_at if found is not None else STALE_SECONDS
        if found is not None and age < FRESH_SECONDS:
            return found.addresses
        asked = self._asked.get(host) or self._ask(host)
        if found is None or age >= STALE_SECONDS:
            return await asyncio.shield(asked)
        try:
            async with asyncio.timeout(HURRY_SECONDS):
                return await asyncio.shield(asked)
        except (TimeoutError, httpcore.ConnectError):
            return found.addresses

    def _ask(self, host: str) -> asyncio.Future[list[IPAddress]]:
        if len(self._asked) >= MOST_LOOKUPS:
            raise httpcore.ConnectError("too many names wait for an answer from DNS")
        loop, asked_at = asyncio.get_running_loop(), self._clock()
        asked = self._asked[host] = loop.create_future()
        asked.add_done_callback(_seen)

        def answered(addresses: list[IPAddress]) -> None:
            del self._asked[host]
            if asked.done():
                return
            if not addresses:
                asked.set_exception(httpcore.ConnectError("the host's name cannot be resolved"))
                return
            self._found[host] = _Found(addresses, asked_at)
            self._found.move_to_end(host)
            if len(self._found) > MOST_NAMES:
                self._found.popitem(last=False)
            asked.set_result(addresses)

        def ask() -> None:
            try:
                addresses = [ipaddress.ip_address(text) for text in self._lookup(host)]
            except (OSError, ValueError):  # a UnicodeError is a ValueError
                addresses = []
            if not loop.is_closed():
                loop.call_soon_threadsafe(answered, addresses)

        # A daemon: the process may end without waiting for the name servers.
        threading.Thread(target=ask, name="dns", daemon=True).start()
        return asked


def _seen(asked: asyncio.Future[list[IPAddress]]) -> None:
    """Look at what it came to: everyone who asked may have given up."""
    if not asked.cancelled():
        asked.exception()


def _asked_of_the_system(host: str) -> Iterable[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]
