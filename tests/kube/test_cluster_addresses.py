"""What of the cluster is kept from credentials, and what is said where it is not known."""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from onecloud_operator.kube.calls import KubeError, KubeForbidden, KubeNotFound
from onecloud_operator.kube.client import KubeClient
from onecloud_operator.kube.cluster_addresses import ClusterAddresses, service_domains
from onecloud_operator.onecloud import AddressPolicy
from onecloud_operator.settings import Settings

if TYPE_CHECKING:
    import pytest

SLICE = {
    "addressType": "IPv4",
    "endpoints": [{"addresses": ["192.0.2.10"]}, {"addresses": ["192.0.2.11"]}],
    "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
}
CIDRS = {
    "items": [{"spec": {"cidrs": ["10.96.0.0/12", "fd10::/112"]}}, {"spec": {"cidrs": ["10.200.0.0/16"]}}]
}


@dataclass(slots=True)
class Answers:
    """A cluster that tells this, or fails."""

    endpoints: dict[str, Any] | KubeError = field(default_factory=lambda: dict(SLICE))
    networks: dict[str, Any] | KubeError = field(default_factory=lambda: dict(CIDRS))

    async def api_endpoints(self) -> dict[str, Any]:
        return answer(self.endpoints)

    async def service_networks(self) -> dict[str, Any]:
        return answer(self.networks)


def answer(found: dict[str, Any] | KubeError) -> dict[str, Any]:
    if isinstance(found, KubeError):
        raise found
    return found


def restrict(cluster: Answers, url: str = "https://10.96.0.1:443", **changes: Any) -> ClusterAddresses:
    return ClusterAddresses(cast("KubeClient", cluster), Settings(**changes), url)


def allowed(policy: AddressPolicy, text: str, port: int = 443, host: str = "cloud.example") -> bool:
    return policy.allows(host, ipaddress.ip_address(text), port)


async def test_services_and_the_api_servers_doors_are_refused() -> None:
    found = restrict(Answers(), "https://192.0.2.1:8443")
    await found.look()
    assert found.known.unknown == ()
    policy = found.restrict(AddressPolicy())
    for text in ("10.96.0.1", "10.111.255.255", "10.200.3.4", "fd10::7"):
        assert not allowed(policy, text), text
    assert not allowed(policy, "192.0.2.10", 6443)
    assert not allowed(policy, "192.0.2.11", 6443)
    assert not allowed(policy, "192.0.2.1", 8443)
    assert not allowed(policy, "198.51.100.7", host="db.shop.svc")
    assert allowed(policy, "192.0.2.10", 30500), "a cloud may live on the very machine"
    assert allowed(policy, "198.51.100.7")


async def test_an_api_server_that_is_given_by_name_is_refused_by_its_addresses() -> None:
    found = restrict(Answers(), "https://localhost:6443")
    await found.look()
    assert not allowed(found.restrict(AddressPolicy(allow_loopback=True)), "127.0.0.1", 6443)
    assert allowed(found.restrict(AddressPolicy(allow_loopback=True)), "127.0.0.1", 30500)


async def test_services_are_allowed_by_a_setting_and_the_api_server_is_not() -> None:
    found = restrict(Answers(), allow_services=True)
    await found.look()
    policy = found.restrict(AddressPolicy())
    assert allowed(policy, "10.96.3.4", host="region.onecloud.svc")
    assert not allowed(policy, "192.0.2.10", 6443)


async def test_where_nothing_may_be_asked_it_is_said_and_a_setting_helps(
    caplog: pytest.LogCaptureFixture,
) -> None:
    silent = Answers(KubeForbidden("no right to endpointslices", 403), KubeNotFound("no servicecidrs", 404))
    found = restrict(silent)
    with caplog.at_level(logging.WARNING):
        await found.look()
        await found.look()
    assert len(caplog.records) == 1, "said once"
    assert any("SERVICE_NETWORKS" in text for text in found.known.unknown)
    assert allowed(found.restrict(AddressPolicy()), "10.96.3.4")
    helped = restrict(silent, service_networks=("10.96.0.0/12",))
    await helped.look()
    assert not any("SERVICE_NETWORKS" in text for text in helped.known.unknown)
    assert not allowed(helped.restrict(AddressPolicy()), "10.96.3.4")


async def test_what_was_known_stays_refused_while_nothing_is_told() -> None:
    cluster = Answers()
    found = restrict(cluster)
    await found.look()
    cluster.endpoints = cluster.networks = KubeError("it does not answer")
    await found.look()
    policy = found.restrict(AddressPolicy())
    assert not allowed(policy, "10.96.3.4")
    assert not allowed(policy, "192.0.2.10", 6443)


async def test_an_api_server_without_published_endpoints_leaves_nothing_unknown() -> None:
    found = restrict(Answers(endpoints=KubeNotFound("no such slice", 404)))
    await found.look()
    assert found.known.unknown == ()


async def test_what_no_api_server_says_is_left_out() -> None:
    found = restrict(
        Answers(
            {"endpoints": [{"addresses": ["no.address"]}, {}], "ports": [{"port": 6443}, {}]},
            {"items": [{}, {"spec": {"cidrs": ["10.0.0.0/64"]}}]},
        )
    )
    await found.look()
    assert found.known.services == ()


def test_the_domain_of_services_is_read_from_the_resolvers_file() -> None:
    text = (
        "nameserver 10.96.0.10\nsearch shop.svc.corp.example svc.corp.example corp.example\noptions ndots:5\n"
    )
    assert service_domains(text) == ("svc", "svc.cluster.local", "svc.corp.example")
    assert service_domains("") == ("svc", "svc.cluster.local")
