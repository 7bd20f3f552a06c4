"""Where connections may go: judged by address, after DNS, wherever a tenant or a cloud points."""

from __future__ import annotations

import ipaddress
import time
from dataclasses import replace

import pytest

from onecloud_operator.onecloud import AddressPolicy, Allowed, Cloud, Endpoints
from onecloud_operator.onecloud.addresses import CheckedBackend
from onecloud_operator.onecloud.dns import Resolver
from onecloud_operator.onecloud.errors import AddressNotAllowed
from tests.onecloud.origin import Region, credentials, endpoints, serving

CLUSTER = (ipaddress.ip_network("10.96.0.0/12"), ipaddress.ip_network("fd10::/64"))
OPEN = AddressPolicy(deny=CLUSTER)
LOOPBACK = AddressPolicy(deny=CLUSTER, allow_loopback=True)
NARROW = AddressPolicy(
    only=(
        Allowed("cloud.example"),
        Allowed(".corp.example"),
        Allowed(ipaddress.ip_network("10.1.0.0/16")),
        Allowed("ports.example", 30500),
        Allowed(ipaddress.ip_network("10.3.0.0/16"), 30500),
    )
)


@pytest.mark.parametrize(
    ("policy", "address", "allowed"),
    [
        pytest.param(OPEN, "10.1.2.3", True, id="private"),
        pytest.param(OPEN, "203.0.113.7", True, id="public"),
        pytest.param(OPEN, "fd00::7", True, id="private-6"),
        pytest.param(OPEN, "169.254.169.254", False, id="metadata"),
        pytest.param(OPEN, "fe80::1", False, id="link-local-6"),
        pytest.param(OPEN, "224.0.0.1", False, id="multicast"),
        pytest.param(OPEN, "ff02::1", False, id="multicast-6"),
        pytest.param(OPEN, "0.0.0.0", False, id="unspecified"),  # noqa: S104
        pytest.param(OPEN, "0.1.2.3", False, id="this-network"),
        pytest.param(OPEN, "::", False, id="unspecified-6"),
        pytest.param(OPEN, "255.255.255.255", False, id="broadcast"),
        pytest.param(OPEN, "100.100.100.200", False, id="metadata-of-alibaba"),
        pytest.param(OPEN, "168.63.129.16", False, id="metadata-of-azure"),
        pytest.param(OPEN, "fd00:ec2::254", False, id="metadata-of-aws"),
        pytest.param(OPEN, "fd00:c1::a9fe:a9fe", False, id="metadata-of-oracle-6"),
        pytest.param(OPEN, "fd20:ce::254", False, id="metadata-of-google-6"),
        pytest.param(OPEN, "::a9fe:a9fe", False, id="metadata-compatible"),
        pytest.param(OPEN, "::10.1.2.3", False, id="private-compatible"),
        pytest.param(OPEN, "::ffff:0:169.254.169.254", False, id="metadata-translated"),
        pytest.param(OPEN, "::ffff:0:10.1.2.3", False, id="private-translated"),
        pytest.param(OPEN, "64:ff9b:1::a9fe:a9fe", False, id="metadata-by-a-nat64-of-ones-own"),
        pytest.param(OPEN, "64:ff9b:1:fffe::1", False, id="all-of-such-a-nat64"),
        pytest.param(OPEN, "10.96.0.1", False, id="the-clusters-api"),
        pytest.param(OPEN, "fd10::1", False, id="the-clusters-services-6"),
        pytest.param(OPEN, "127.0.0.1", False, id="loopback"),
        pytest.param(OPEN, "127.8.8.8", False, id="all-of-loopback"),
        pytest.param(OPEN, "::1", False, id="loopback-6"),
        pytest.param(LOOPBACK, "127.0.0.1", True, id="loopback-by-setting"),
        pytest.param(LOOPBACK, "169.254.169.254", False, id="metadata-for-all-that"),
        pytest.param(OPEN, "::ffff:169.254.169.254", False, id="metadata-in-ipv6"),
        pytest.param(OPEN, "::ffff:10.96.0.1", False, id="the-clusters-api-in-ipv6"),
        pytest.param(OPEN, "64:ff9b::a9fe:a9fe", False, id="metadata-by-nat64"),
        pytest.param(OPEN, "2002:a9fe:a9fe::1", False, id="metadata-by-6to4"),
        pytest.param(OPEN, "::ffff:10.1.2.3", True, id="private-in-ipv6"),
        pytest.param(NARROW, "10.1.2.3", True, id="in-a-listed-network"),
        pytest.param(NARROW, "10.2.2.3", False, id="outside-the-listed-networks"),
    ],
)
def test_an_address_is_judged(policy: AddressPolicy, address: str, *, allowed: bool) -> None:
    assert policy.allows("some.host", ipaddress.ip_address(address), 443) is allowed


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        pytest.param("cloud.example", True, id="listed"),
        pytest.param("CLOUD.example.", True, id="in-another-spelling"),
        pytest.param("a.corp.example", True, id="below-a-listed-domain"),
        pytest.param("corp.example", False, id="not-below-it"),
        pytest.param("evilcorp.example", False, id="only-looks-like-it"),
        pytest.param("cloud.example.evil", False, id="only-begins-like-it"),
    ],
)
def test_a_list_of_hosts_narrows(host: str, *, allowed: bool) -> None:
    assert NARROW.allows(host, ipaddress.ip_address("203.0.113.7"), 443) is allowed


@pytest.mark.parametrize(
    ("host", "address", "port", "allowed"),
    [
        pytest.param("ports.example", "203.0.113.7", 30500, True, id="a-host-at-its-port"),
        pytest.param("ports.example", "203.0.113.7", 6443, False, id="a-host-at-another"),
        pytest.param("any.example", "10.3.0.1", 30500, True, id="a-network-at-its-port"),
        pytest.param("any.example", "10.3.0.1", 22, False, id="a-network-at-another"),
        pytest.param("cloud.example", "203.0.113.7", 22, True, id="no-port-given"),
    ],
)
def test_a_list_may_name_ports(host: str, address: str, port: int, *, allowed: bool) -> None:
    assert NARROW.allows(host, ipaddress.ip_address(address), port) is allowed


SERVICES = AddressPolicy(
    services=(ipaddress.ip_network("10.96.0.0/12"), ipaddress.ip_network("fd10::/112")),
    service_domains=("svc", "svc.cluster.local"),
)
LISTED = replace(
    SERVICES,
    only=(
        Allowed("region.onecloud.svc", 30888),
        Allowed(".svc"),
        Allowed("cloud.example"),
        Allowed(ipaddress.ip_network("10.0.0.0/8")),
        Allowed(ipaddress.ip_network("10.97.0.0/24")),
    ),
)


@pytest.mark.parametrize(
    ("policy", "host", "address", "allowed"),
    [
        pytest.param(SERVICES, "10.96.3.4", "10.96.3.4", False, id="an-address-of-a-service"),
        pytest.param(SERVICES, "cloud.example", "10.96.3.4", False, id="a-name-that-leads-to-one"),
        pytest.param(SERVICES, "cloud.example", "fd10::7", False, id="by-ipv6"),
        pytest.param(SERVICES, "cloud.example", "::ffff:10.96.3.4", False, id="in-ipv6"),
        pytest.param(SERVICES, "db.shop.svc", "10.4.0.9", False, id="a-pod-behind-a-service"),
        pytest.param(SERVICES, "DB.shop.svc.cluster.LOCAL.", "10.4.0.9", False, id="by-its-whole-name"),
        pytest.param(SERVICES, "svc.example", "10.4.0.9", True, id="only-looks-like-it"),
        pytest.param(SERVICES, "cloud.example", "10.4.0.9", True, id="no-service"),
        pytest.param(LISTED, "region.onecloud.svc", "10.96.3.4", True, id="a-service-that-is-listed"),
        pytest.param(LISTED, "db.shop.svc", "10.96.3.4", False, id="not-by-a-wide-name"),
        pytest.param(LISTED, "else.example", "10.96.3.4", False, id="not-by-a-wide-network"),
        pytest.param(LISTED, "else.example", "10.97.0.4", True, id="by-a-network-of-services"),
        pytest.param(LISTED, "cloud.example", "10.96.3.4", True, id="a-listed-host-that-leads-to-one"),
    ],
)
def test_services_of_the_cluster_are_refused_unless_one_is_named(
    policy: AddressPolicy, host: str, address: str, *, allowed: bool
) -> None:
    assert policy.allows(host, ipaddress.ip_address(address), 30888) is allowed


def test_a_short_name_is_judged_by_what_it_was_completed_to() -> None:
    address = ipaddress.ip_address("10.4.0.9")
    assert SERVICES.allows("db.shop", address, 443, ("db.shop.example",))
    assert not SERVICES.allows("db.shop", address, 443, ("db.shop.svc.cluster.local",))


def test_the_api_servers_own_door_is_closed_even_where_its_host_is_not() -> None:
    address = ipaddress.ip_address("10.1.0.5")
    policy = AddressPolicy(deny_ports=frozenset({(address, 6443)}), only=(Allowed("master.example"),))
    assert not policy.allows("master.example", address, 6443)
    assert not policy.allows("master.example", ipaddress.ip_address("::ffff:10.1.0.5"), 6443)
    assert policy.allows("master.example", address, 30500)


def test_a_listed_host_may_still_not_lead_to_metadata() -> None:
    assert not NARROW.allows("cloud.example", ipaddress.ip_address("169.254.169.254"), 443)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",  # 127.0.0.1 as one number, which the resolver understands
        "0x7f.1",
        "169.254.169.254",
        "::ffff:127.0.0.1",
    ],
)
async def test_a_name_is_judged_by_what_it_resolves_to(host: str) -> None:
    with pytest.raises(OSError, match="not allowed"):
        await CheckedBackend(AddressPolicy(), Resolver(time.monotonic)).connect_tcp(host, 9, timeout=5)


async def test_a_sign_in_url_on_loopback_is_refused_before_anything_is_sent() -> None:
    region = Region()
    async with serving(region.respond) as place:
        strict = Endpoints()
        with pytest.raises(AddressNotAllowed) as caught:
            await Cloud(credentials(place.url), strict).session()
        await strict.close()
    assert place.connections == 0
    assert not caught.value.ambiguous


@pytest.mark.parametrize("trap", ["http://169.254.169.254", "http://[fe80::1]:80", "http://0.0.0.0:6443"])
async def test_a_catalog_that_leads_astray_is_refused(trap: str) -> None:
    """A tenant's fake identity service must not make us call internal services with its help."""
    region = Region()
    region.compute_url = trap
    async with serving(region.respond) as place:
        ours = endpoints()
        cloud = Cloud(credentials(place.url), ours)
        with pytest.raises(AddressNotAllowed):
            await cloud.list_servers()
        await ours.close()
    assert place.calls == ["POST /v3/auth/tokens"]
