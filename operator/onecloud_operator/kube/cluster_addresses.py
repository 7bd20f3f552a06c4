"""Addresses of this cluster that credentials must not lead to: the API server and Services."""

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

from onecloud_operator.engine import loggers
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

logger = logging.getLogger(loggers.KUBERNETES)

REFRESH_SECONDS: Final = 300.0
RESOLVER: Final = Path("/etc/resolv.conf")
SERVICES: Final = "svc"  # below it are the names of Services, in whatever domain the cluster has


@dataclass(frozen=True, slots=True)
class KnownAddresses:
    """*api_servers*: their addresses and ports. *unknown*: what could not be determined, for people."""

    api_servers: frozenset[tuple[IPAddress, int]] = frozenset()
    services: tuple[IPNetwork, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(slots=True)
class ClusterAddresses:
    """The addresses of this cluster, refreshed periodically, since API servers come and go."""

    cluster: KubeClient
    settings: Settings
    api_server: str
    known: KnownAddresses = field(default_factory=KnownAddresses)

    def restrict(self, policy: AddressPolicy) -> AddressPolicy:
        """Return *policy* with the known addresses denied as well."""
        refused = replace(policy, deny_ports=self.known.api_servers)
        if self.settings.allow_services:
            return refused
        domains = service_domains(RESOLVER.read_text() if RESOLVER.exists() else "")
        return replace(refused, services=self.known.services, service_domains=domains)

    async def look(self) -> None:
        """Refresh the known addresses. Those that cannot be read stay as they were."""
        found, last = await look(self.cluster, self.api_server, self.settings), self.known
        if found.unknown:
            found = replace(
                found,
                api_servers=found.api_servers | last.api_servers,
                services=found.services or last.services,
            )
            if found.unknown != last.unknown:
                logger.warning(
                    "some addresses of this cluster are unknown, so credentials could lead there",
                    extra={"unknown": "; ".join(found.unknown)},
                )
        self.known = found

    async def run(self, endpoints: Endpoints, policy: AddressPolicy, clock: Clock) -> None:
        """Update the policy of *endpoints* until cancelled."""
        while True:
            await clock.sleep(REFRESH_SECONDS)
            await self.look()
            endpoints.policy = self.restrict(policy)


async def look(cluster: KubeClient, api_server: str, settings: Settings) -> KnownAddresses:
    """Return the known addresses, and in `unknown` what could not be read."""
    unknown: list[str] = []
    api_servers = set(await _resolve(api_server))
    if not api_servers:
        unknown.append(f"the addresses of the API server at {api_server}")
    try:
        api_servers |= set(_endpoints(await cluster.api_endpoints()))
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
                f"settings.serviceNetworks) or grant access to ServiceCIDRs ({error})"
            )
    return KnownAddresses(frozenset(api_servers), tuple(sorted(services, key=str)), tuple(unknown))


def service_domains(resolver: str) -> tuple[str, ...]:
    """Return the domains of Services: the usual ones, and those in the search list of *resolver*."""
    searched = [
        word.rstrip(".").casefold()
        for line in resolver.splitlines()
        if line.startswith(("search", "domain"))
        for word in line.split()[1:]
    ]
    own = [word for word in searched if word.startswith(f"{SERVICES}.")]
    return tuple(dict.fromkeys((SERVICES, f"{SERVICES}.cluster.local", *own)))


async def _resolve(url: str) -> Iterable[tuple[IPAddress, int]]:
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
