"""``orphans``, as a person calls it, with the simulated cloud."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.cli.cloud import ask, own_credentials
from sandbox.cloud.defaults import EIP_NETWORK
from sandbox.cloud.disks import STORAGE
from tests.e2e.clouds import cloud
from tests.sandbox.test_control_plane import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from onecloud_operator.onecloud import Cloud as Client
    from tests.cli.conftest import Desk, Said
    from tests.e2e.warm import Cloud

__all__ = ["cloud"]  # for pytest, which finds fixtures by their names here

DISK, EIP = "11111111-0000-4000-8000-00000000000d", "11111111-0000-4000-8000-00000000000e"


def tags(uid: str, cluster: str = "prod", namespace: str = "shop") -> dict[str, str]:
    names = {"cluster": cluster, "namespace": namespace, "name": "old", "uid": uid}
    return {f"user:onecloud.io/{key}": value for key, value in names.items()}


@pytest.fixture
def run(desk: Desk, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """Give the command, in a shell that has read the project's file."""
    for key, value in cloud.secret_data.items():
        monkeypatch.setenv(key, value)
    return lambda *arguments: desk.run("orphans", "--shell", *arguments)


def test_nothing_is_told_of_a_project_without_owner_tags(run: Callable[..., Said], cloud: Cloud) -> None:
    cloud.call("add_server", name="web-1")
    said = run()
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Nothing has owner tags")


def test_servers_disks_and_addresses_without_an_object_are_found(
    run: Callable[..., Said], desk: Desk, cloud: Cloud
) -> None:
    gone = tags("u-gone")
    server_id = cloud.call("add_server", name="old", tags=gone)
    cloud.call("add_server", name="binned", tags=gone)
    cloud.call("recycle", ident="binned")
    cloud.call("add_server", name="far", tags=tags("u-far", "lab"))
    cloud.call("add_server", name="nobody's")

    async def leave(client: Client) -> None:
        body = {"name": "left", "size": 1024, "storage_id": STORAGE}
        await client.create_disk({**body, "id": DISK, "__meta__": gone})
        await client.create_disk({**body, "name": "other"})
        eip = {"name": "left-eip", "bandwidth": 5, "charge_type": "bandwidth", "network": EIP_NETWORK}
        await client.eips.create({**eip, "id": EIP, "__meta__": gone})

    own = own_credentials()
    assert own is not None
    ask(own, leave, own=True)
    cloud.call("reset_calls")
    said = run("--cluster-id", "prod", "-o", "json")
    assert said.code == 0
    found = [(each["kind"], each["id"], each["dispute"]) for each in said.json["items"]]
    assert found == [
        ("server", server_id, "orphaned"),
        ("disk", DISK, "orphaned"),
        ("elastic IP", EIP, "orphaned"),
    ]
    assert "1 thing carries owner tags of other clusters" in said.err
    assert not [call for call in cloud.counts() if not call.startswith("GET ") and "/v3" not in call]
    text = run("--cluster-id", "prod").out
    assert "shop/old of prod" in text
    assert "kept on purpose, by reclaimPolicy: Retain" in text


def test_the_cluster_is_known_by_what_its_objects_have(
    run: Callable[..., Said], desk: Desk, cloud: Cloud
) -> None:
    uid = desk.apply("web-1")["metadata"]["uid"]
    cloud.call("add_server", name="mine", tags=tags(uid, namespace=desk.namespace))
    orphan = cloud.call("add_server", name="old", tags=tags("u-gone"))
    items = run("-o", "json").json["items"]
    assert [each["id"] for each in items] == [orphan]


def test_objects_that_share_a_server_are_found(run: Callable[..., Said], desk: Desk, cloud: Cloud) -> None:
    server_id = cloud.call("add_server", name="mine")
    for name in ("one", "two"):
        desk.apply(name, adoption={"policy": "Adopt", "id": server_id})
    (item,) = run("-o", "json").json["items"]
    assert item["dispute"] == "shared"
    assert item["objects"] == [f"{desk.namespace}/one", f"{desk.namespace}/two"]


def test_what_is_made_while_the_cloud_is_read_is_no_orphan(
    run: Callable[..., Said], desk: Desk, cloud: Cloud
) -> None:
    """To read a project takes minutes: an object and its server may come to be between two readings."""
    other = desk.apply("other")["metadata"]["uid"]
    cloud.call("add_server", name="other", tags=tags(other, namespace=desk.namespace))
    cloud.call("reset_calls")
    cloud.call("fault", effect="pass", method="GET", path="^/servers", latency_seconds=3.0)

    def make() -> None:
        until(lambda: any("/v3/auth/tokens" in each for each in cloud.counts()), "a sign-in")
        uid = desk.apply("new")["metadata"]["uid"]
        cloud.call("add_server", name="new", tags=tags(uid, namespace=desk.namespace))

    with ThreadPoolExecutor() as threads:
        made = threads.submit(make)
        said = run("-o", "json")
        made.result()
    assert said.json["items"] == []
