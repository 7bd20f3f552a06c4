"""
All connections to all clouds, and their limits: one `Endpoints` per process, shared by all credentials.

Limits belong to an origin (scheme, host and port) and to the address that it resolves to, not to a
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
from .budgets import MAX_BODY_BYTES, MAX_CONNECTIONS, BodyBudget, Slots
from .dns import Resolver
from .limits import Limits
from .network import Network, UserTransport
from .origin import Origin
from .protocol import Reply, Request, Traffic
from .signin import SignIn, SignInBackoff
from .tls import Contexts, Tls
from .transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from .models import Exchange
    from .signin import WrapTask
    from .transport import EventHooks

# Some 6 kB each; tenants can name any number of origins, and those in use stay.
MAX_ORIGINS = 1000
MAX_CA_CHARACTERS = 4 * 2**20  # characters, which take some 20 MiB


class Endpoints:
    """
    The connections and sign-ins of the process.

    *on_exchange* is called after every call and must not raise; *clock* is monotonic. *before_write* is
    called once a connection is open, right before anything but a GET is sent; what it raises is passed on,
    and nothing is sent. `close` closes everything.

    *transport* replaces the connections made here (`httpx.MockTransport`); *policy* does not apply to it.
    *event_hooks* are httpx's: they see tokens and passwords. All origins together have at most *connections*
    open and *max_body_bytes* of answers in memory. Each sign-in runs as a task made by *wrap_task*.
    """

    def __init__(  # noqa: PLR0913 - its parts, each with a default
        self,
        policy: AddressPolicy | None = None,
        *,
        limits: Limits | None = None,
        sign_in_backoff: SignInBackoff | None = None,
        on_exchange: Callable[[Exchange], None] | None = None,
        before_write: Callable[[], None] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        event_hooks: EventHooks | None = None,
        resolver: Resolver | None = None,
        connections: int = MAX_CONNECTIONS,
        max_body_bytes: int = MAX_BODY_BYTES,
        wrap_task: WrapTask | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._limits = limits or Limits()
        slots = Slots(connections, self._limits.connections, self._end_idle)
        self._backend = CheckedBackend(policy or AddressPolicy(), resolver or Resolver(clock), slots)
        self._body_budget = BodyBudget(max_body_bytes)
        self._sign_in_backoff = sign_in_backoff or SignInBackoff()
        self._on_exchange = on_exchange or _ignore
        self._wrap_task = wrap_task
        self._before_write = before_write or _allow
        self._user_transport = UserTransport(transport) if transport is not None else None
        self._event_hooks = event_hooks
        self._contexts = Contexts()
        self._address_limits = AddressLimits(self._limits)
        self._origins: dict[str, Origin] = {}
        self._sign_ins: dict[str, SignIn] = {}
        # At DEBUG httpcore logs the headers of answers, and a sign-in's answer has its token there; at INFO
        # httpx logs every call.
        for name in ("httpcore", "httpx"):
            logging.getLogger(name).setLevel(logging.WARNING)

    def free_slots(self, url: str, traffic: Traffic = Traffic.WRITE) -> int:
        """Return how many calls of *traffic* could start now at the origin of *url* without waiting."""
        origin = self._origins.get(origin_of(canonical_url(url)))
        return self._limits.max_calls(traffic) if origin is None else origin.available(traffic)

    @property
    def policy(self) -> AddressPolicy:
        """Where new connections may go."""
        return self._backend.policy

    @policy.setter
    def policy(self, policy: AddressPolicy) -> None:
        self._backend.policy = policy

    @property
    def origins(self) -> list[str]:
        """The origins that are kept, the least recently used first."""
        return list(self._origins)

    def under_way(self, traffic: Traffic) -> int:
        """Return how many calls of *traffic* are under way, at all origins together."""
        return sum(origin.active(traffic) for origin in self._origins.values())

    def waiting(self, traffic: Traffic) -> int:
        """Return how many calls of *traffic* wait for a slot, at all origins together."""
        return sum(origin.waiting(traffic) for origin in self._origins.values())

    async def exchange(
        self, base_url: str, request: Request, headers: dict[str, str], tls: Tls, request_id: str
    ) -> Reply:
        """Send *request* below *base_url*, a canonical URL, and return the answer, of whatever status."""
        key = origin_of(base_url)
        origin = self._origins.pop(key, None)
        if origin is None:
            self._evict()
            origin = Origin(
                partial(self._connect, key), self._limits, self.clock, self._on_exchange, self._address_limits
            )
        self._origins[key] = origin  # the least recently used comes first
        if key.startswith("http:"):
            tls = Tls()  # not used there
        return await origin.exchange(base_url, request, headers, tls, request_id)

    def hold(self, credentials: Credentials) -> SignIn:
        """Return the sign-in of *credentials*, one for all holders; call `release` when done with it."""
        fingerprint = credentials.fingerprint
        found = self._sign_ins.get(fingerprint)
        if found is None:
            for old in [key for key, kept in self._sign_ins.items() if kept.evictable]:
                del self._sign_ins[old]
            found = SignIn(credentials, self.exchange, self.clock, self._sign_in_backoff, self._wrap_task)
            self._sign_ins[fingerprint] = found
        found.holders += 1
        return found

    def release(self, sign_in: SignIn) -> None:
        """Release a sign-in from `hold`. A remembered refusal stays for its time."""
        sign_in.holders -= 1

    async def close(self) -> None:
        """Close every connection and cancel every sign-in. Calls under way fail."""
        for sign_in in tuple(self._sign_ins.values()):
            await sign_in.close()
        self._sign_ins.clear()
        for origin in tuple(self._origins.values()):
            await origin.close()
        self._origins.clear()

    def _evict(self) -> None:
        """Drop origins that were not used for long, and the least recently used one if there are too many."""
        spare = len(self._origins) - MAX_ORIGINS + 1
        for key, origin in tuple(self._origins.items()):
            if origin.evictable or (spare > 0 and origin.idle):
                self._origins.pop(key).drop_idle()
                spare -= 1
            elif spare <= 0:
                break  # the others were used more recently

    def _connect(self, key: str, tls: Tls) -> Transport:
        transport: Network | UserTransport | None = self._user_transport
        if transport is None:
            self._free_ca_memory(tls.size)
            context = None if key.startswith("http:") else self._contexts.of(tls)
            transport = Network(context, self._backend, self._limits)
        return Transport(
            transport, self._limits, self.clock, self._before_write, self._event_hooks, self._body_budget
        )

    def _end_idle(self, hosts: frozenset[str] | None) -> None:
        """Close idle connections to *hosts*, or to all hosts, because other calls wait for them."""
        for key, origin in self._origins.items():
            if hosts is None or urlsplit(key).hostname in hosts:
                origin.end_idle()

    def _free_ca_memory(self, size: int) -> None:
        """Drop the idle connections that use a tenant's own CA bundle if the bundles grow too large."""
        total = sum(origin.ca_characters for origin in self._origins.values())
        if not size or total + size <= MAX_CA_CHARACTERS:
            return
        for origin in self._origins.values():
            if origin.ca_characters:
                origin.drop_idle()


def origin_of(url: str) -> str:
    """Return scheme, host and port of a canonical URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _allow() -> None:
    """Allow every write."""


def _ignore(_exchange: Exchange) -> None:
    """Do nothing."""
