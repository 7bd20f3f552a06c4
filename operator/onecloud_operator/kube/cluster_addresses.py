"""What of this cluster no credentials may lead to: the API server's own doors, and Services."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from onecloud_operator.kube.calls import KubeError, KubeNotFound
from onecloud_operator.settings import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from onecloud_operator.engine.clock import Clock
    from onecloud_operator.kube.client import KubeClient
    from onecloud_operator.onecloud import AddressPolicy, Endpoints
    from onecloud_operator.onecloud.addresses import IPNetwork
    from onecloud_operator.onecloud.dns import IPAddress
    from onecloud_operator.settings import Settings

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 300.0
RESOLVER: Final = Path("/etc/resolv.conf")
SERVICES: Final = "svc"  # below it are the names of Services, in whatever domain the cluster has


@dataclass(frozen=True, slots=True)
class KnownAddresses:
    """*doors*: addresses and ports of the API server. *unknown*: what could not be found out, for people."""

    doors: frozenset[tuple[IPAddress, int]] = frozenset()
    services: tuple[IPNetwork, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class ClusterAddresses:
    """What is around us, looked at again and again, since API servers come and go."""

    cluster: KubeClient
    settings: Settings
    api_server: str
    known: KnownAddresses = field(default_factory=KnownAddresses)

    def around(self, policy: AddressPolicy) -> AddressPolicy:
        """Return *policy* with what is known here refused as well."""
        refused = replace(policy, deny_ports=self.known.doors)
        if self.settings.allow_services:
            return refused
        domains = service_domains(RESOLVER.read_text() if RESOLVER.exists() else "")
        return replace(refused, services=self.known.services, service_domains=domains)

    async def look(self) -> None:
        """Find out what is there. What was known stays so while nothing else is told."""
        found, last = await look(self.cluster, self.api_server, self.settings), self.known
        if found.unknown:
            found = replace(found, doors=found.doors | last.doors, services=found.services or last.services)
            if found.unknown != last.unknown:
                logger.warning(
                    "credentials could lead to what is not known of this cluster",
                    extra={"unknown": "; ".join(found.unknown)},
                )
        self.known = found

    async def run(self, endpoints: Endpoints, policy: AddressPolicy, clock: Clock) -> None:
        """For ever keep *endpoints* away from it."""
        while True:
            await clock.sleep(LOOK_SECONDS)
            await self.look()
            endpoints.policy = self.around(policy)


async def look(cluster: KubeClient, api_server: str, settings: Settings) -> KnownAddresses:
    """Return what is there; what cannot be asked for is said in `unknown`."""
    unknown: list[str] = []
    doors = set(await _doors_of(api_server))
    if not doors:
        unknown.append(f"the addresses of the API server at {api_server}")
    try:
        doors |= set(_endpoints(await cluster.api_endpoints()))
    except KubeNotFound:
        pass  # it publishes none
    except KubeError as error:
        unknown.append(f"the API server's own endpoints ({error})")
    services = {ipaddress.ip_network(text, strict=False) for text in settings.service_networks}
    try:
        services |= set(_networks(await cluster.service_networks()))
    except KubeError as error:
        if not services and not settings.allow_services:
            unknown.append(
                f"the networks of Services: set {PREFIX}SERVICE_NETWORKS (in the chart "
                f"settings.serviceNetworks) or let them be read ({error})"
            )
    return KnownAddresses(frozenset(doors), tuple(sorted(services, key=str)), tuple(unknown))


def service_domains(resolver: str) -> tuple[str, ...]:
    """Return the domains of Services' names: the usual ones, and those that *resolver*'s file searches."""
    searched = [
        word.rstrip(".").casefold()
        for line in resolver.splitlines()
        if line.startswith(("search", "domain"))
        for word in line.split()[1:]
    ]
    own = [word for word in searched if word.startswith(f"{SERVICES}.")]
    return tuple(dict.fromkeys((SERVICES, f"{SERVICES}.cluster.local", *own)))


async def _doors_of(url: str) -> Iterable[tuple[IPAddress, int]]:
    parts = urlsplit(url)
    port = parts.port or {"http": 80}.get(parts.scheme, 443)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return ()
    return [(ipaddress.ip_address(entry[4][0]), port) for entry in found]


def _endpoints(found: dict[str, Any]) -> Iterator[tuple[IPAddress, int]]:
    ports = [each["port"] for each in found.get("ports") or () if isinstance(each.get("port"), int)]
    for endpoint in found.get("endpoints") or ():
        for text in endpoint.get("addresses") or ():
            with suppress(ValueError):
                address = ipaddress.ip_address(text)
                yield from ((address, port) for port in ports)


def _networks(found: dict[str, Any]) -> Iterator[IPNetwork]:
    for item in found.get("items") or ():
        for text in (item.get("spec") or {}).get("cidrs") or ():
            with suppress(ValueError):
                yield ipaddress.ip_network(text)
