"""
Where we may connect to.

Tenants choose the sign-in URL, and the cloud that answers there chooses the rest. So every address is judged
after DNS has spoken, and the connection goes to the very address that was judged.
"""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpcore

from .names import IPAddress, Names

if TYPE_CHECKING:
    from collections.abc import Iterable

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

NEVER: tuple[IPNetwork, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # "this network": Linux connects it to itself
        "240.0.0.0/4",
        # Instance metadata, beside 169.254.169.254, which is link-local: Alibaba, Azure, Oracle, AWS.
        "100.100.100.200/32",
        "168.63.129.16/32",
        "192.0.0.192/32",
        "fd00:ec2::/64",
    )
)
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressRefused(OSError):
    """Every address of the host is forbidden. Not an httpcore error, so that nothing translates it."""


@dataclass(frozen=True, slots=True)
class AddressPolicy:
    """
    Which addresses connections may go to.

    Link-local, multicast and unspecified addresses, known metadata services and *deny* are never allowed,
    loopback only by *allow_loopback*. With *only_hosts* or *only_networks* nothing else is allowed; a host
    is a name as it stands in the URL, or ``.example.com`` for all below it.
    """

    allow_loopback: bool = False
    deny: tuple[IPNetwork, ...] = ()
    only_hosts: tuple[str, ...] = ()
    only_networks: tuple[IPNetwork, ...] = ()

    def allows(self, host: str, address: IPAddress) -> bool:
        """Tell whether a connection for *host* may go to *address*, which it resolved to."""
        faces = tuple(_faces(address))
        if not all(self._harmless(face) for face in faces):
            return False
        if not self.only_hosts and not self.only_networks:
            return True
        return any(_named(host, pattern) for pattern in self.only_hosts) or _within(
            faces[-1], self.only_networks
        )

    def _harmless(self, address: IPAddress) -> bool:
        if address.is_loopback:
            return self.allow_loopback and not _within(address, self.deny)
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        return not _within(address, (*NEVER, *self.deny))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Open TCP connections for httpcore, only where *policy* allows. One for all places."""

    def __init__(self, policy: AddressPolicy, names: Names) -> None:
        self._policy = policy
        self._names = names
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first allowed address that answers. Raises AddressRefused if none is allowed."""
        loop = asyncio.get_running_loop()
        end = None if timeout is None else loop.time() + timeout
        try:
            async with asyncio.timeout_at(end):
                found = await self._names.addresses(host)
        except TimeoutError:
            raise httpcore.ConnectTimeout("no answer from DNS") from None
        allowed = [address for address in found if self._policy.allows(host, address)]
        if not allowed:
            raise AddressRefused(f"{host} is not a place where connections may go")
        failure: httpcore.NetworkError | httpcore.TimeoutException | None = None
        for index, address in enumerate(allowed):
            # One dead address must not use up the time of those after it.
            share = None if end is None else max(0.1, (end - loop.time()) / (len(allowed) - index))
            try:
                return await self._network.connect_tcp(
                    str(address), port, share, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("no address")

    async def sleep(self, seconds: float) -> None:
        """Wait, as httpcore wants it."""
        await asyncio.sleep(seconds)


def _faces(address: IPAddress) -> Iterable[IPAddress]:
    """Yield *address* and, last, the IPv4 address that it really leads to, if it wraps one."""
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


def _within(address: IPAddress, networks: Iterable[IPNetwork]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _named(host: str, pattern: str) -> bool:
    host, pattern = host.casefold().rstrip("."), pattern.casefold()
    return host.endswith(pattern) if pattern.startswith(".") else host == pattern
