"""
Resolves host names, so that a name that does not resolve never delays another.

The system's lookup cannot be cancelled and may take half a minute. So each runs in a thread of its own, one
per name at a time. Results are cached for a while, and for longer while the name servers do not answer.
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

    Lookup = Callable[[str], tuple[Iterable[str], str]]

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

FRESH_SECONDS = 30.0  # a result is used without another lookup
STALE_SECONDS = 600.0  # a result is used if another lookup fails
REFRESH_WAIT_SECONDS = 1.0  # how long a new result is waited for before a stale one is used
MAX_LOOKUPS = 200  # under way, with a thread each
EXTRA_LOOKUPS = 50  # in addition, for names that are in the cache
MAX_LOOKUPS_PER_DOMAIN = 40  # whoever owns a domain can make any number of names below it
MAX_NAMES = 1000
UNRESOLVED = "the host's name cannot be resolved"


@dataclass(frozen=True, slots=True)
class Resolution:
    """
    What a host name resolves to. *name* is the canonical name, where the system reports one.

    It differs from the host if that is an alias, or short and completed from the search domains.
    """

    addresses: list[IPAddress]
    name: str
    asked_at: float = 0.0


class Resolver:
    """One for the process. *lookup* runs in a thread and returns addresses and a name, or raises OSError."""

    def __init__(self, clock: Callable[[], float], lookup: Lookup | None = None) -> None:
        self._clock = clock
        self._lookup = lookup or _system_lookup
        self._cache: OrderedDict[str, Resolution] = OrderedDict()
        self._pending: dict[str, asyncio.Future[Resolution]] = {}

    async def resolve(self, host: str) -> Resolution:
        """Resolve *host*; an address resolves to itself. Raises ConnectError."""
        try:
            return Resolution([ipaddress.ip_address(host)], host)
        except ValueError:
            pass
        cached = self._cache.get(host)
        age = self._clock() - cached.asked_at if cached is not None else STALE_SECONDS
        if cached is not None and age < FRESH_SECONDS:
            return cached
        pending = self._pending.get(host) or self._start(host)
        if cached is None or age >= STALE_SECONDS:
            return await asyncio.shield(pending)
        try:
            async with asyncio.timeout(REFRESH_WAIT_SECONDS):
                return await asyncio.shield(pending)
        except (TimeoutError, httpcore.ConnectError):
            return cached

    def _start(self, host: str) -> asyncio.Future[Resolution]:
        limit = MAX_LOOKUPS + (EXTRA_LOOKUPS if host in self._cache else 0)
        of_domain = sum(_domain(other) == _domain(host) for other in self._pending)
        if len(self._pending) >= limit or of_domain >= MAX_LOOKUPS_PER_DOMAIN:
            raise httpcore.ConnectError("too many names wait for an answer from DNS")
        loop, asked_at = asyncio.get_running_loop(), self._clock()
        pending = self._pending[host] = loop.create_future()
        pending.add_done_callback(_retrieve_exception)

        def finish(addresses: list[IPAddress], name: str) -> None:
            del self._pending[host]
            if pending.done():
                return
            if not addresses:
                pending.set_exception(httpcore.ConnectError(UNRESOLVED))
                return
            self._cache[host] = found = Resolution(addresses, name, asked_at)
            self._cache.move_to_end(host)
            if len(self._cache) > MAX_NAMES:
                self._cache.popitem(last=False)
            pending.set_result(found)

        def run() -> None:
            try:
                texts, name = self._lookup(host)
                addresses = [ipaddress.ip_address(text) for text in texts]
            except (OSError, ValueError):  # a UnicodeError is a ValueError
                addresses, name = [], ""
            if not loop.is_closed():
                loop.call_soon_threadsafe(finish, addresses, name)

        # A daemon thread, so that the process can end without waiting for the name servers.
        threading.Thread(target=run, name="dns", daemon=True).start()
        return pending


def _retrieve_exception(pending: asyncio.Future[Resolution]) -> None:
    """Retrieve the exception, since every waiter may have been cancelled and asyncio would log it."""
    if not pending.cancelled():
        pending.exception()


def _domain(host: str) -> tuple[str, ...]:
    return tuple(host.rstrip(".").split(".")[-2:])


def _system_lookup(host: str) -> tuple[Iterable[str], str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    return [str(entry[4][0]) for entry in found], found[0][3] or host
