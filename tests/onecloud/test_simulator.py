"""The client against the whole simulated cloud: every call that we make, and what it does there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from onecloud_operator.onecloud import (
    Collection,
    Filter,
    Limits,
    NamedRows,
    Project,
    ServerQuery,
)
from onecloud_operator.onecloud.errors import (
    ApiError,
    DuplicateId,
    DuplicateName,
    Forbidden,
    InvalidInput,
    InvalidStatus,
    OneCloudError,
    ProtocolError,
    QuotaExceeded,
    ResourceNotFound,
    Timeout,
    TransportError,
)
from tests.onecloud.lab import BODY, ID, NAME, as_user, lab


async def test_a_servers_whole_life() -> None:
    async with lab() as here:
        cloud = here.cloud()
        made = await cloud.create_server(BODY)
        assert (made["id"], made["name"]) == (ID, NAME)
        server = await here.settled(cloud, ID, "running")
        assert server["metadata"]["user:owner"] == "me"

        await cloud.update_server(ID, {"description": "hello"})
        await cloud.merge_user_metadata(ID, {"tier": "web"})
        await cloud.set_user_metadata(ID, {"only": "this"})
        server = await here.settled(cloud, ID, "running")
        assert server["description"] == "hello"
        tags = {key: value for key, value in server["metadata"].items() if key.startswith("user:")}
        assert tags == {"user:only": "this"}

        await cloud.perform(ID, "stop")
        await here.settled(cloud, ID, "ready")
        await cloud.perform(ID, "change-config", {"vcpu_count": 2, "vmem_size": 2048})
        async with asyncio.timeout(20):
            while (await here.settled(cloud, ID, "ready"))["vcpu_count"] != 2:
                await asyncio.sleep(0.01)

        assert await cloud.delete_server(ID) is not None
        async with asyncio.timeout(20):
            while not (await here.settled(cloud, ID, "ready"))["pending_deleted"]:
                await asyncio.sleep(0.01)
        assert await cloud.delete_server(ID, override_pending_delete=True) is not None
        async with asyncio.timeout(20):
            while await cloud.get_server(ID) is not None:
                await asyncio.sleep(0.01)
        assert await cloud.delete_server(ID) is None
        assert here.control.servers() == []


async def test_a_dry_run_makes_nothing() -> None:
    async with lab() as here:
        cloud = here.cloud()
        assert "id" not in await cloud.create_server({**BODY, "id": ""}, dry_run=True)
        with pytest.raises(InvalidInput):
            await cloud.create_server(
                {**BODY, "disks": [{"image_id": "nosuch", "size": 10240}]}, dry_run=True
            )
        assert here.control.servers() == []


async def test_a_check_makes_nothing_and_raises_what_the_creation_would() -> None:
    async with lab() as here:
        cloud = here.cloud()
        await cloud.check_server(BODY)
        with pytest.raises(InvalidInput):
            await cloud.check_server({**BODY, "disks": [{"image_id": "nosuch", "size": 10240}]})
        assert here.control.servers() == []
        await cloud.create_server(BODY)
        with pytest.raises(DuplicateName):
            await cloud.check_server(BODY)


async def test_posting_the_same_id_again_never_makes_a_second_server() -> None:
    async with lab() as here:
        cloud = here.cloud()
        await cloud.create_server(BODY)
        with pytest.raises(DuplicateName):
            await cloud.create_server(BODY)
        with pytest.raises(DuplicateId):
            await cloud.create_server({**BODY, "name": "another"})
        assert len(here.control.servers()) == 1


async def test_a_create_whose_answer_is_lost_may_have_happened_and_did() -> None:
    async with lab() as here:
        cloud = here.cloud()
        await cloud.session()
        here.control.lose_answer("POST", "^/servers$")
        with pytest.raises(TransportError) as caught:
            await cloud.create_server(BODY)
        assert caught.value.ambiguous
        assert here.control.counts["POST /servers"] == 1, "never sent again by the client"
        found = await cloud.get_server(ID)
        assert found is not None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"instance_type": "no.such"}, ResourceNotFound, id="sku"),
        pytest.param({"secgroups": ["nosuch"]}, ResourceNotFound, id="security-group"),
        pytest.param({"disks": [{"image_id": "nosuch"}]}, InvalidInput, id="image"),
        pytest.param({"nets": [{"network": "nosuch"}]}, InvalidInput, id="network"),
        pytest.param({"vmem_size": "1g"}, ApiError, id="a-size-in-letters"),
    ],
)
async def test_a_create_is_refused_for_its(changes: dict[str, Any], expected: type[OneCloudError]) -> None:
    async with lab() as here:
        with pytest.raises(expected):
            await here.cloud().create_server({**BODY, **changes})
        assert here.control.servers() == []


async def test_the_quota_is_told_from_other_refusals() -> None:
    async with lab() as here:
        here.control.settings.quota = 0
        with pytest.raises(QuotaExceeded):
            await here.cloud().create_server(BODY)


async def test_an_action_in_the_wrong_status_says_look_again() -> None:
    async with lab() as here:
        cloud = here.cloud()
        ident = here.control.add_server("legacy", status="ready")
        with pytest.raises(InvalidStatus):
            await cloud.perform(ident, "stop")


async def test_a_viewer_may_look_but_not_touch() -> None:
    async with lab() as here:
        ident = here.control.add_server("legacy", status="ready")
        cloud = here.cloud(as_user("viewer"))
        assert await cloud.get_server(ident) is not None
        with pytest.raises(Forbidden):
            await cloud.perform(ident, "start")


async def test_another_projects_server_is_forbidden_and_never_gone() -> None:
    async with lab() as here:
        ident = here.control.add_server("legacy", status="ready")
        other = here.cloud(as_user("otheruser"), Project(name="other", domain_name="Default"))
        with pytest.raises(Forbidden):
            await other.get_server(ident)
        assert (await other.list_servers(ServerQuery(ids=(ident,)))).rows == ()


async def test_revoked_tokens_are_replaced_without_a_word() -> None:
    async with lab() as here:
        cloud = here.cloud()
        ident = here.control.add_server("legacy", status="ready")
        await cloud.session()
        here.control.revoke_tokens()
        await asyncio.gather(*(cloud.get_server(ident) for _ in range(10)))
        assert here.control.counts["POST /v3/auth/tokens"] == 2


async def test_with_the_identity_service_down_a_dead_token_never_makes_a_server_gone() -> None:
    """The region says 404 for an unknown id whoever asks, and 403 to a list: neither means gone."""
    async with lab() as here:
        cloud = here.cloud()
        await cloud.session()
        here.control.revoke_tokens()
        here.control.settings.keystone_down = True
        with pytest.raises(OneCloudError):
            await cloud.get_server(ID)
        here.control.settings.keystone_down = False
        here.control.clear_faults()


async def test_recycled_servers_are_seen_by_id_and_in_every_list() -> None:
    async with lab() as here:
        cloud = here.cloud()
        ident = here.control.add_server("legacy", status="ready")
        here.control.recycle(ident)
        server = await cloud.get_server(ident)
        assert server is not None
        assert server["pending_deleted"]
        assert [row["id"] for row in (await cloud.list_servers()).rows] == [ident]
        assert (await cloud.list_servers(ServerQuery(pending_delete=None))).rows == ()
        assert len((await cloud.list_servers(ServerQuery(pending_delete="true"))).rows) == 1


async def test_a_delta_holds_what_changed_and_nothing_older() -> None:
    async with lab() as here:
        cloud = here.cloud()
        ident = here.control.add_server("legacy", status="ready")
        row = (await cloud.list_servers()).rows[0]
        since = Filter("updated_at", "ge", (row["updated_at"],))
        assert [found["id"] for found in (await cloud.list_servers(ServerQuery(filters=(since,)))).rows] == [
            ident
        ]
        later = Filter("updated_at", "ge", ("2099-01-01 00:00:00",))
        assert (await cloud.list_servers(ServerQuery(filters=(later,)))).rows == ()


async def test_a_cloud_that_ignores_filters_does_not_fool_us() -> None:
    async with lab() as here:
        cloud = here.cloud()
        here.control.add_server("legacy", status="ready")
        here.control.settings.filters_ignored = True
        later = Filter("updated_at", "ge", ("2099-01-01 00:00:00",))
        page = await cloud.list_servers(ServerQuery(filters=(later,)))
        assert (page.rows, page.unrequested) == ((), 1)


async def test_servers_are_found_by_name_and_by_tag() -> None:
    async with lab() as here:
        cloud = here.cloud()
        ident = here.control.add_server("legacy", status="ready")
        here.control.add_server("other", status="ready")
        here.control.set_tags(ident, {"user:owner": "me"})
        for query in (
            ServerQuery(names=("LEGACY",)),
            ServerQuery(tags=(("user:owner", "me"),), details=True),
            ServerQuery(ids=(ident,)),
        ):
            page = await cloud.list_servers(query)
            assert [row["id"] for row in page.rows] == [ident]
            assert page.unrequested == 0


@pytest.mark.parametrize("page_size", [100, 250, None])
async def test_a_sweep_of_many_servers_sees_each_once(page_size: int | None) -> None:
    async with lab() as here:
        here.control.seed(1000)
        query = ServerQuery(fields=("status",), limit=page_size)
        found = [row["id"] async for page in here.cloud().list_all(query) for row in page.rows]
        assert len(found) == len(set(found)) == 1000


async def test_events_tell_a_servers_story_once() -> None:
    async with lab() as here:
        cloud = here.cloud()
        await cloud.create_server(BODY)
        await here.settled(cloud, ID, "running")
        first = await cloud.events(server_ids=(ID,), limit=5)
        assert len(first.events) == 5
        rest = await cloud.events(server_ids=(ID,), marker=first.events[-1].id)
        numbers = [event.id for event in (*first.events, *rest.events)]
        assert numbers == sorted(set(numbers))
        assert {event.server_id for event in rest.events} == {ID}
        assert {"create", "updatestatus"} <= {event.action for event in (*first.events, *rest.events)}
        slim = await cloud.events(server_ids=(ID,), actions=("create",), fields=("action",))
        assert [(event.action, event.notes) for event in slim.events] == [("create", "")]


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        pytest.param("hang", Timeout, id="hang"),
        pytest.param("reset", TransportError, id="reset"),
        pytest.param("truncate", TransportError, id="truncate"),
        pytest.param("garbage", ProtocolError, id="garbage"),
        pytest.param("huge", OneCloudError, id="huge"),
    ],
)
async def test_a_fault_on_the_way_of_a_write_is_ambiguous(effect: Any, expected: type[OneCloudError]) -> None:
    quick = Limits(read_seconds=0.5, list_read_seconds=0.5, write_seconds=0.5, connect_seconds=0.5)
    async with lab(quick) as here:
        cloud = here.cloud()
        await cloud.session()
        here.control.fault(effect, "POST", "^/servers$")
        with pytest.raises(expected) as caught:
            await cloud.create_server(BODY)
        assert caught.value.ambiguous
        here.control.clear_faults()


@pytest.mark.parametrize(
    ("collection", "name"),
    [
        (Collection.NETWORKS, "vnet-1"),
        (Collection.IMAGES, "ubuntu-22.04"),
        (Collection.KEYPAIRS, "ops"),
        (Collection.ELASTIC_IPS, "eip-1"),
        (Collection.SECURITY_GROUPS, "db"),
        (Collection.ZONES, "zone0"),
        (Collection.INSTANCE_TYPES, "ecs.g1.c2m4"),
    ],
)
async def test_names_are_resolved_whatever_their_case_and_what_is_not_there_is_a_whole_empty_list(
    collection: Collection, name: str
) -> None:
    async with lab() as here:
        cloud = here.cloud()
        found = await cloud.list_named(collection, name.upper())
        assert ([row["name"] for row in found.rows], found.complete) == ([name], True)
        assert await cloud.list_named(collection, "no-such") == NamedRows((), complete=True)


async def test_a_renamed_image_has_its_id_under_the_new_name_and_two_of_a_name_are_two_rows() -> None:
    async with lab() as here:
        cloud = here.cloud()
        [before] = (await cloud.list_named(Collection.IMAGES, "debian-12")).rows
        here.control.rename_image("debian-12", "debian-12-old")
        [after] = (await cloud.list_named(Collection.IMAGES, "debian-12-old")).rows
        assert after["id"] == before["id"]
        here.control.add_secgroup("db")
        assert len((await cloud.list_named(Collection.SECURITY_GROUPS, "db")).rows) == 2


async def test_the_image_service_may_be_down_alone() -> None:
    async with lab() as here:
        cloud = here.cloud()
        here.control.settings.glance_down = True
        with pytest.raises(TransportError):
            await cloud.list_named(Collection.IMAGES, "tiny")
        assert (await cloud.list_named(Collection.NETWORKS, "vnet-1")).complete
