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

    Lookup = Callable[[str], tuple[Iterable[str], str]]

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

FRESH_SECONDS = 30.0  # what was found is used without asking again
STALE_SECONDS = 600.0  # and for so long where asking again fails
HURRY_SECONDS = 1.0  # so long an answer is waited for where an old one will do
MAX_LOOKUPS = 200  # under way; a thread each
KNOWN_LOOKUPS = 50  # more, for names that had an answer lately
MAX_OF_A_DOMAIN = 40  # of them: names below a domain of one's own cost nothing
MAX_NAMES = 1000


@dataclass(frozen=True, slots=True)
class Found:
    """
    What a name stands for. *name*: what it is called there where it is known.

    A short one is completed by the domains that the system searches, and one may stand for another.
    """

    addresses: list[IPAddress]
    name: str
    asked_at: float = 0.0


class Resolver:
    """One for the process. *lookup*, asked in a thread, gives addresses and a name, or raises OSError."""

    def __init__(self, clock: Callable[[], float], lookup: Lookup | None = None) -> None:
        self._clock = clock
        self._lookup = lookup or _asked_of_the_system
        self._found: OrderedDict[str, Found] = OrderedDict()
        self._asked: dict[str, asyncio.Future[Found]] = {}

    async def found(self, host: str) -> Found:
        """Return what *host* stands for; one that is an address already is its own. Raises ConnectError."""
        try:
            return Found([ipaddress.ip_address(host)], host)
        except ValueError:
            pass
        found = self._found.get(host)
        age = self._clock() - found.asked_at if found is not None else STALE_SECONDS
        if found is not None and age < FRESH_SECONDS:
            return found
        asked = self._asked.get(host) or self._ask(host)
        if found is None or age >= STALE_SECONDS:
            return await asyncio.shield(asked)
        try:
            async with asyncio.timeout(HURRY_SECONDS):
                return await asyncio.shield(asked)
        except (TimeoutError, httpcore.ConnectError):
            return found

    def _ask(self, host: str) -> asyncio.Future[Found]:
        most = MAX_LOOKUPS + (KNOWN_LOOKUPS if host in self._found else 0)
        of_domain = sum(_domain(other) == _domain(host) for other in self._asked)
        if len(self._asked) >= most or of_domain >= MAX_OF_A_DOMAIN:
            raise httpcore.ConnectError("too many names wait for an answer from DNS")
        loop, asked_at = asyncio.get_running_loop(), self._clock()
        asked = self._asked[host] = loop.create_future()
        asked.add_done_callback(_seen)

        def answered(addresses: list[IPAddress], name: str) -> None:
            del self._asked[host]
            if asked.done():
                return
            if not addresses:
                asked.set_exception(httpcore.ConnectError("the host's name cannot be resolved"))
                return
            self._found[host] = found = Found(addresses, name, asked_at)
            self._found.move_to_end(host)
            if len(self._found) > MAX_NAMES:
                self._found.popitem(last=False)
            asked.set_result(found)

        def ask() -> None:
            try:
                texts, name = self._lookup(host)
                addresses = [ipaddress.ip_address(text) for text in texts]
            except (OSError, ValueError):  # a UnicodeError is a ValueError
                addresses, name = [], ""
            if not loop.is_closed():
                loop.call_soon_threadsafe(answered, addresses, name)

        # A daemon: the process may end without waiting for the name servers.
        threading.Thread(target=ask, name="dns", daemon=True).start()
        return asked


def _seen(asked: asyncio.Future[Found]) -> None:
    """Look at what it came to: everyone who asked may have given up."""
    if not asked.cancelled():
        asked.exception()


def _domain(host: str) -> tuple[str, ...]:
    return tuple(host.rstrip(".").split(".")[-2:])


def _asked_of_the_system(host: str) -> tuple[Iterable[str], str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME)
    return [str(entry[4][0]) for entry in found], found[0][3] or host
