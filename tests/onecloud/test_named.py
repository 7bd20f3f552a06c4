"""What is looked up by name: by a list, below the right service's URL, and checked row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.onecloud import Collection, NamedRows
from onecloud_operator.onecloud.errors import AddressNotAllowed, CatalogError, Forbidden
from onecloud_operator.onecloud.signin_reply import image_endpoint
from tests.onecloud.origin import FORBIDDEN, Answer, Region, asking, token_body

if TYPE_CHECKING:
    from onecloud_operator.onecloud import Cloud

VNET = {"id": "1c0a4f63-fadb-4b19-8ee7-5f58118d0416", "name": "vnet2"}
BY_NAME = "name={}&details=false&field=id&field=name"


def listing(collection: str, *rows: dict[str, Any], total: int | None = None) -> Answer:
    return Answer(
        body={collection: list(rows), "limit": 2048, "total": len(rows) if total is None else total}
    )


def with_images(region: Region, url: str) -> None:
    """Have the catalog name an image service."""
    body = token_body(region.url)
    body["token"]["catalog"].append(
        {"type": "image", "endpoints": [{"interface": "public", "region_id": "Beijing", "url": url}]}
    )
    region.tokens.add("token-9")
    region.sign_in = Answer(body=body, headers={"X-Subject-Token": "token-9"})


@pytest.mark.parametrize(
    ("collection", "target"),
    [
        (Collection.NETWORKS, "/networks?" + BY_NAME),
        (Collection.SECURITY_GROUPS, "/secgroups?" + BY_NAME),
        (Collection.KEYPAIRS, "/keypairs?" + BY_NAME),
        (Collection.ELASTIC_IPS, "/eips?" + BY_NAME),
        (Collection.ZONES, "/zones?" + BY_NAME),
        (Collection.INSTANCE_TYPES, f"/serverskus?{BY_NAME}&field=cpu_core_count&field=memory_size_mb"),
    ],
)
async def test_a_name_is_looked_up_in_a_list(collection: Collection, target: str) -> None:
    region = Region()
    region.routes[f"GET /{collection.value}"] = listing(collection.value, {"id": "i", "name": "a b/c"})
    found, place = await asking(region, lambda cloud: cloud.list_named(collection, "a b/c"))
    assert found == NamedRows(({"id": "i", "name": "a b/c"},), complete=True)
    assert place.calls[-1] == "GET " + target.format("a%20b%2Fc")


async def test_images_are_looked_up_at_the_image_service_and_never_fetched_by_name() -> None:
    region = Region()
    region.routes["GET /v1/images"] = listing("images", {"id": "i", "name": "ubuntu-22.04", "size": 1})

    async def ask(cloud: Cloud) -> NamedRows:
        with_images(region, region.url + "/v1")
        return await cloud.list_named(Collection.IMAGES, "ubuntu-22.04")

    found, place = await asking(region, ask)
    assert [row["id"] for row in found.rows] == ["i"]
    assert place.calls[-1] == "GET /v1/images?name=ubuntu-22.04&details=false"
    assert place.asked[-1].token == "token-9"


async def test_without_an_image_service_in_the_catalog_nothing_is_sent() -> None:
    region = Region()
    with pytest.raises(CatalogError, match="no image service"):
        await asking(region, lambda cloud: cloud.list_named(Collection.IMAGES, "ubuntu"))


async def test_the_image_service_is_reached_only_where_we_may_connect() -> None:
    region = Region()

    async def ask(cloud: Cloud) -> NamedRows:
        with_images(region, "http://169.254.169.254/v1")
        return await cloud.list_named(Collection.IMAGES, "ubuntu")

    with pytest.raises(AddressNotAllowed):
        await asking(region, ask)


async def test_a_name_that_may_not_be_looked_up_is_no_empty_list() -> None:
    region = Region()
    region.routes["GET /networks"] = FORBIDDEN
    with pytest.raises(Forbidden):
        await asking(region, lambda cloud: cloud.list_named(Collection.NETWORKS, "vnet2"))


@pytest.mark.parametrize(
    ("answer", "rows", "complete"),
    [
        pytest.param(listing("networks"), 0, True, id="none"),
        pytest.param(listing("networks", VNET), 1, True, id="one"),
        pytest.param(listing("networks", {**VNET, "name": "VNET2"}), 1, True, id="in-another-case"),
        pytest.param(listing("networks", VNET, {"id": "x", "name": "b"}), 1, True, id="the-name-not-heeded"),
        pytest.param(
            listing("networks", VNET, {"id": "x", "name": "b"}, total=9), 1, False, id="not-heeded-and-a-part"
        ),
        pytest.param(listing("networks", {"id": "x", "name": "b"}), 0, False, id="nothing-but-others"),
        pytest.param(listing("networks", VNET, total=2), 1, False, id="a-part-of-the-list"),
        pytest.param(listing("networks", {"name": "vnet2"}), 0, False, id="without-an-id"),
    ],
)
async def test_every_row_is_checked(answer: Answer, rows: int, complete: bool) -> None:
    region = Region()
    region.routes["GET /networks"] = answer
    found, _ = await asking(region, lambda cloud: cloud.list_named(Collection.NETWORKS, "vnet2"))
    assert (len(found.rows), found.complete) == (rows, complete)


@pytest.mark.parametrize(
    ("interface", "region", "expected"),
    [
        ("public", "Lab", "http://glance:9292/v1"),
        ("internal", "Lab", "http://glance.inside:9292/v1"),
        ("public", "Other", None),
        ("admin", "Lab", None),
    ],
)
def test_the_image_service_is_that_beside_the_compute_service(
    interface: str, region: str, expected: str | None
) -> None:
    endpoints = [
        {"interface": "internal", "region_id": "Lab", "url": "http://glance.inside:9292/v1/"},
        {"interface": "public", "region_id": "Lab", "url": "http://glance:9292/v1"},
        {"interface": "public", "region_id": "Bad", "url": "ftp://glance"},
    ]
    catalog = [{"type": "image", "endpoints": endpoints}]
    assert image_endpoint(catalog, interface=interface, region=region) == expected
    assert image_endpoint(catalog, interface="public", region="Bad") is None
    assert image_endpoint(None, interface=interface, region=region) is None
