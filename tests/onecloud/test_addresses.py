"""Where connections may go: judged by address, after DNS, wherever a tenant or a cloud points."""

from __future__ import annotations

import ipaddress
import time

import pytest

from onecloud_operator.onecloud import AddressPolicy, Cloud, Endpoints
from onecloud_operator.onecloud.addresses import CheckedBackend
from onecloud_operator.onecloud.errors import AddressNotAllowed
from onecloud_operator.onecloud.names import Names
from tests.onecloud.place import Region, credentials, endpoints, serving

CLUSTER = (ipaddress.ip_network("10.96.0.0/12"), ipaddress.ip_network("fd10::/64"))
OPEN = AddressPolicy(deny=CLUSTER)
LOOPBACK = AddressPolicy(deny=CLUSTER, allow_loopback=True)
NARROW = AddressPolicy(
    only_hosts=("cloud.example", ".corp.example"), only_networks=(ipaddress.ip_network("10.1.0.0/16"),)
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
    assert policy.allows("some.host", ipaddress.ip_address(address)) is allowed


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
    assert NARROW.allows(host, ipaddress.ip_address("203.0.113.7")) is allowed


def test_a_listed_host_may_still_not_lead_to_metadata() -> None:
    assert not NARROW.allows("cloud.example", ipaddress.ip_address("169.254.169.254"))


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
    with pytest.raises(OSError, match="not a place"):
        await CheckedBackend(AddressPolicy(), Names(time.monotonic)).connect_tcp(host, 9, timeout=5)


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
