"""
Every connection to every cloud, with its limits: one `Endpoints` for the process, shared by all credentials.

The limits belong to the place (scheme, host and port), and to the address that it is found at, not to a
credential: the cloud's workers are shared.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .address_limits import AddressLimits
from .addresses import AddressPolicy, CheckedBackend
from .auth import Credentials, canonical_url
from .budgets import MAX_CONNECTIONS, READING_BYTES, BodyBudget, Slots
from .dns import Resolver
from .limits import Limits
from .network import Lent, Network
from .origin import Origin
from .protocol import Reply, Request, Traffic
from .signin import SignIn, SignInBackoff
from .tls import Contexts, Tls
from .transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .models import Exchange
    from .signin import Counted
    from .transport import EventHooks

# Some 6 kB each; strangers can make any number, and those that are used stay.
MAX_PLACES = 1000
MAX_AUTHORITIES = 4 * 2**20  # characters, which take some 20 MiB


class Endpoints:
    """
    The places we talk to, and who is signed in there.

    *on_exchange* is told of every call and must not raise; *clock* is monotonic. *before_write* is called,
    with the connection at hand, right before anything but a GET is sent; if it raises, that goes through and
    nothing is sent. `close` ends everything.

    *transport* carries the calls in place of our own connections (`httpx.MockTransport`), which are all that
    *policy* judges. *event_hooks* are those of httpx: they see tokens and passwords. Of all places together
    at most *connections* are open and *reading_bytes* of answers in hand. Each sign-in, which is a task
    of its own, is given to *counted*.
    """

    def __init__(  # noqa: PLR0913 - its parts, each with a default
        self,
        policy: AddressPolicy | None = None,
        *,
        limits: Limits | None = None,
        patience: SignInBackoff | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        before_write: Callable[[], None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        event_hooks: EventHooks | None = None,
        names: Resolver | None = None,
        connections: int = MAX_CONNECTIONS,
        reading_bytes: int = READING_BYTES,
        counted: Counted | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._limits = limits or Limits()
        slots = Slots(connections, self._limits.connections, self._end_idle)
        self._network = CheckedBackend(policy or AddressPolicy(), names or Resolver(clock), slots)
        self._readings = BodyBudget(reading_bytes)
        self._patience = patience or SignInBackoff()
        self._counted = counted
        self._observe = on_exchange or _ignore
        self._before_write = before_write or _allow
        self._lent = Lent(transport) if transport is not None else None
        self._event_hooks = event_hooks
        self._contexts = Contexts()
        self._address_limits = AddressLimits(self._limits)
        self._origins: dict[str, Origin] = {}
        self._sign_ins: dict[str, SignIn] = {}
        # At DEBUG httpcore logs the headers of answers, and a sign-in's answer has its token there; at INFO
        # httpx logs every call.
        for name in ("httpcore", "httpx"):
            logging.getLogger(name).setLevel(logging.WARNING)

    def free_slots(self, url: str, lane: Traffic = Traffic.WRITE) -> int:
        """Return how many calls of *lane* could start at *url*'s place now without waiting."""
        place = self._origins.get(origin_of(canonical_url(url)))
        return self._limits.places(lane) if place is None else place.free(lane)

    @property
    def policy(self) -> AddressPolicy:
        """Where new connections may go."""
        return self._network.policy

    @policy.setter
    def policy(self, policy: AddressPolicy) -> None:
        self._network.policy = policy

    @property
    def known(self) -> list[str]:
        """The places that are remembered, the least recently used first."""
        return list(self._origins)

    def under_way(self, lane: Traffic) -> int:
        """Return how many calls of *lane* are under way, at all places together."""
        return sum(place.inside(lane) for place in self._origins.values())

    def waiting(self, lane: Traffic) -> int:
        """Return how many calls of *lane* wait for their turn, at all places together."""
        return sum(place.waiting(lane) for place in self._origins.values())

    async def exchange(
        self, base_url: str, request: Request, headers: dict[str, str], tls: Tls, request_id: str
    ) -> Reply:
        """Send *request* below *base_url*, a canonical URL, and return the answer, of whatever status."""
        origin = origin_of(base_url)
        place = self._origins.pop(origin, None)
        if place is None:
            self._forget()
            place = Origin(
                partial(self._wired, origin), self._limits, self.clock, self._observe, self._address_limits
            )
        self._origins[origin] = place  # the least recently used stands first
        if origin.startswith("http:"):
            tls = Tls()  # nothing is made of it there
        return await place.exchange(base_url, request, headers, tls, request_id)

    def hold(self, credentials: Credentials) -> SignIn:
        """Return what keeps *credentials* signed in, one for all holders; give it back by `release`."""
        fingerprint = credentials.fingerprint
        found = self._sign_ins.get(fingerprint)
        if found is None:
            for old in [key for key, kept in self._sign_ins.items() if kept.forgettable]:
                del self._sign_ins[old]
            found = SignIn(credentials, self.exchange, self.clock, self._patience, self._counted)
            self._sign_ins[fingerprint] = found
        found.holders += 1
        return found

    def release(self, sign_in: SignIn) -> None:
        """Give back what `hold` returned. A refusal stays remembered for its time."""
        sign_in.holders -= 1

    async def close(self) -> None:
        """End every connection and every sign-in under way. Calls under way fail."""
        for sign_in in tuple(self._sign_ins.values()):
            await sign_in.close()
        self._sign_ins.clear()
        for place in tuple(self._origins.values()):
            await place.close()
        self._origins.clear()

    def _forget(self) -> None:
        """Let go of the places that were not used for long, and make room for one if there are too many."""
        spare = len(self._origins) - MAX_PLACES + 1
        for origin, place in tuple(self._origins.items()):
            if place.forgettable or (spare > 0 and place.idle):
                self._origins.pop(origin).forget_idle()
                spare -= 1
            elif spare <= 0:
                break  # those behind were used later

    def _wired(self, origin: str, tls: Tls) -> Transport:
        transport: Network | Lent | None = self._lent
        if transport is None:
            self._make_room(tls.size)
            context = None if origin.startswith("http:") else self._contexts.of(tls)
            transport = Network(context, self._network, self._limits)
        return Transport(
            transport, self._limits, self.clock, self._before_write, self._event_hooks, self._readings
        )

    def _end_idle(self, hosts: frozenset[str] | None) -> None:
        """End idle connections, of these hosts or of all: others wait for them."""
        for origin, place in self._origins.items():
            if hosts is None or urlsplit(origin).hostname in hosts:
                place.end_idle()

    def _make_room(self, size: int) -> None:
        """Let go of tenants' own authorities that nothing is asked with, if there are too many."""
        if not size or sum(place.authorities for place in self._origins.values()) + size <= MAX_AUTHORITIES:
            return
        for place in self._origins.values():
            if place.authorities:
                place.forget_idle()


def origin_of(url: str) -> str:
    """Return scheme, host and port of a canonical URL: what has limits of its own."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _allow() -> None:
    """Let everything be sent."""


def _ignore(_exchange: Exchange) -> None:
    """Do nothing with it."""
