"""
Which addresses connections may go to.

Tenants choose the sign-in URL, and the cloud that answers there chooses the rest. So every address is checked
after DNS resolution, and the connection goes to the very address that was checked.
"""

from __future__ import annotations

import asyncio
import ipaddress
import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpcore

from .address_limits import PERMIT
from .budgets import MAX_CONNECTIONS, Slot, Slots, SocketAddress
from .dns import IPAddress, Resolver
from .reuse import REUSE
from .streams import Stream, connect

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterable

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

NEVER: tuple[IPNetwork, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # "this network": Linux connects it to itself
        "240.0.0.0/4",
        # Instance metadata, beside 169.254.169.254, which is link-local: Alibaba, Azure, Oracle, AWS, Google.
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::/64",
        "fd00:c1::/64",
        "fd20:ce::/64",
        # IPv4 embedded in IPv6: compatible, translated, and local-use NAT64 addresses.
        "::/96",
        "::ffff:0:0:0/96",
        "64:ff9b:1::/48",
    )
)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(OSError):
    """
    Every address of the host is forbidden. Not an httpcore error, so that nothing translates it.

    *always*: no list of the policy could allow one of them.
    """

    def __init__(self, message: str, *, always: bool = False) -> None:
        super().__init__(message)
        self.always = always


@dataclass(frozen=True, slots=True)
class Allowed:
    """A host, named as in a URL, or ``.example.com`` for all below it, or a network; at one port or any."""

    target: str | IPNetwork
    port: int | None = None

    def matches(self, host: str, address: IPAddress, port: int) -> bool:
        """Return whether this covers a connection for *host* to *address* and *port*."""
        if self.port not in {None, port}:
            return False
        if isinstance(self.target, str):
            return _named(host, self.target)
        return _within(address, (self.target,))

    def names(self, host: str, services: Iterable[IPNetwork]) -> bool:
        """Return whether this is just *host*, or lies within *services*: nothing wider allows a Service."""
        if isinstance(self.target, str):
            return not self.target.startswith(".") and _named(host, self.target)
        return any(_inside(self.target, network) for network in services)


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """
    Which addresses connections may go to.

    Link-local, multicast and unspecified addresses, known metadata services, *deny* and *deny_ports* are
    never allowed, loopback only by *allow_loopback*. With *only* nothing else is allowed. What is in
    *services*, or goes by a name below one of *service_domains*, is refused unless *only* names the very host
    or network.
    """

    allow_loopback: bool = False
    deny: tuple[IPNetwork, ...] = ()
    deny_ports: frozenset[tuple[IPAddress, int]] = frozenset()
    only: tuple[Allowed, ...] = ()
    services: tuple[IPNetwork, ...] = ()
    service_domains: tuple[str, ...] = ()

    def allows(self, host: str, address: IPAddress, port: int, names: Iterable[str] = ()) -> bool:
        """Return whether a connection for *host*, also known as *names*, may go to *address* and *port*."""
        forms = tuple(_forms(address))
        if not all(self._permitted(form) and (form, port) not in self.deny_ports for form in forms):
            return False
        matching = [allowed for allowed in self.only if allowed.matches(host, forms[-1], port)]
        if self.only and not matching:
            return False
        service = any(_within(form, self.services) for form in forms) or any(
            _named(name, f".{domain}") for name in (host, *names) for domain in self.service_domains
        )
        return not service or any(allowed.names(host, self.services) for allowed in matching)

    def always_refuses(self, address: IPAddress, port: int) -> bool:
        """Return whether *address* and *port* are refused whatever the lists contain."""
        return any(
            (form, port) in self.deny_ports
            or (not self.allow_loopback if form.is_loopback else _reserved(form) or _within(form, NEVER))
            for form in _forms(address)
        )

    def _permitted(self, address: IPAddress) -> bool:
        if address.is_loopback:
            return self.allow_loopback and not _within(address, self.deny)
        return not (_reserved(address) or _within(address, (*NEVER, *self.deny)))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Opens httpcore's TCP connections where *policy*, which may change, allows. One for all origins."""

    def __init__(self, policy: AddressPolicy, resolver: Resolver, slots: Slots | None = None) -> None:
        self.policy = policy
        self.slots = slots or Slots(MAX_CONNECTIONS, MAX_CONNECTIONS, lambda _hosts: None)
        self._resolver = resolver

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,  # noqa: ARG002 - Network sets neither
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first allowed address that answers. Raises AddressRefused if none is allowed."""
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        try:
            async with asyncio.timeout_at(deadline):
                resolution = await self._resolver.resolve(host)
        except TimeoutError:
            raise httpcore.ConnectTimeout("no answer from DNS") from None
        allowed = [
            one for one in resolution.addresses if self.policy.allows(host, one, port, (resolution.name,))
        ]
        if not allowed:
            always = all(self.policy.always_refuses(one, port) for one in resolution.addresses)
            raise AddressRefused(f"connections to {host} are not allowed", always=always)
        failure: Exception | None = None
        # An address that takes no more connections is waited for only if there is no other.
        allowed.sort(key=lambda address: not self.slots.available(socket_address(address, port)))
        for index, address in enumerate(allowed):
            # One dead address must not use up the time of those after it.
            share = None if deadline is None else max(0.1, (deadline - loop.time()) / (len(allowed) - index))
            slot: Slot | None = None
            try:
                async with asyncio.timeout(share):
                    slot = await self.slots.acquire(socket_address(address, port), host)
                stream = await connect(str(address), port, share)
            except (httpcore.ConnectError, httpcore.ConnectTimeout, TimeoutError) as error:
                failure = error if slot is not None else httpcore.ConnectTimeout("too many connections")
            except BaseException:
                if slot is not None:
                    slot.release()
                raise
            else:
                return _SlotStream(stream, slot)
            if slot is not None:
                slot.release()
        raise failure or httpcore.ConnectError("no address")

    async def sleep(self, seconds: float) -> None:
        """Wait; httpcore's interface requires it."""
        await asyncio.sleep(seconds)


class _SlotStream(httpcore.AsyncNetworkStream):
    """A connection that returns its slot when it closes."""

    def __init__(self, stream: Stream, slot: Slot) -> None:
        self._stream = stream
        self._slot = slot
        slot.close = stream.aclose
        self._socket = stream.get_extra_info("socket")
        self._touch()
        self._opened_at = slot.active_at
        self._answered = False

    def _touch(self) -> None:
        self._slot.active_at = time.monotonic()  # the loop's own clock stands still while it is busy

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        reuse = REUSE.get()
        try:
            data = await self._stream.read(max_bytes, timeout)
        except httpcore.ReadError:
            if reuse is not None and not self._stream.closed:
                reuse.received(b"")
            raise
        if reuse is not None and not self._stream.closed:
            reuse.received(data)
        self._answered = True
        self._touch()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        if (permit := PERMIT.get()) is not None:
            permit.claim(self._slot.address)
        if (reuse := REUSE.get()) is not None:
            reuse.sending(self._idle_seconds if self._answered else None)
        await self._stream.write(buffer, timeout)
        self._touch()

    @property
    def _idle_seconds(self) -> float:
        return time.monotonic() - self._slot.active_at

    @property
    def _outlived(self) -> bool:
        reuse = REUSE.get()
        return reuse is not None and not reuse.allows(
            idle_seconds=self._idle_seconds, age_seconds=time.monotonic() - self._opened_at
        )

    async def aclose(self) -> None:
        try:
            await self._stream.aclose()
        finally:
            self._slot.release()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        try:
            stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            self._slot.release()
            raise
        return _SlotStream(stream, self._slot)

    def get_extra_info(self, info: str) -> object:
        """
        Before each request the pool asks all idle connections whether they were closed.

        It closes those that say so, hence also those that are too old, or too long idle for this request.
        """
        if info == "is_readable":
            return self._outlived or _is_readable(self._socket)
        return self._stream.get_extra_info(info)


def _is_readable(sock: socket.socket | None) -> bool:
    """Return whether data, or the end of the connection, waits to be read; True also of a closed socket."""
    number = -1 if sock is None else sock.fileno()
    if number < 0:
        return True
    waiting = select.poll()
    waiting.register(number, select.POLLIN)
    return bool(waiting.poll(0))


def socket_address(address: IPAddress, port: int) -> SocketAddress:
    """Return the address and port that limits count, the same for every way of writing an address."""
    return tuple(_forms(address))[-1], port


def _forms(address: IPAddress) -> Iterable[IPAddress]:
    """Yield *address* and, last, the IPv4 address that it embeds, if it embeds one."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            yield address.ipv4_mapped
        elif address.sixtofour is not None:
            yield address.sixtofour
        elif address.teredo is not None:
            yield address.teredo[1]
        elif address in NAT64:
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def _reserved(address: IPAddress) -> bool:
    return address.is_link_local or address.is_multicast or address.is_unspecified


def _within(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _inside(network: IPNetwork, other: IPNetwork) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return isinstance(other, ipaddress.IPv4Network) and network.subnet_of(other)
    return isinstance(other, ipaddress.IPv6Network) and network.subnet_of(other)


def _named(host: str, pattern: str) -> bool:
    host, pattern = host.casefold().rstrip("."), pattern.casefold().rstrip(".")
    return host.endswith(pattern) if pattern.startswith(".") else host == pattern
