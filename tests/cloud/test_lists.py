"""Lists: what they leave out, what they drop without a word, and where they stop."""

from typing import Any

import pytest

from tests.cloud.fixtures import Scene


async def _names(scene: Scene, query: str, **more: Any) -> list[str]:
    reply = await scene.ask("GET", "/servers?" + query, **more)
    assert reply.status_code == 200, reply.text
    return [row["name"] for row in reply.json()["servers"]]


@pytest.mark.parametrize(
    ("query", "count", "limit"),
    [
        pytest.param("", 2048, 2048, id="default"),
        pytest.param("&limit=0", 2048, 2048, id="zero-is-the-default"),
        pytest.param("&limit=99999", 2048, 2048, id="too-many-are-capped"),
        pytest.param("&limit=2049", 2048, 2048, id="one-too-many"),
        pytest.param("&limit=10&offset=2095", 5, 10, id="the-end"),
        pytest.param("&force_no_paging=true", 2100, 2100, id="no-paging-lifts-the-cap"),
    ],
)
async def test_a_long_list_stops_at_2048(scene: Scene, query: str, count: int, limit: int) -> None:
    scene.cloud.seed(2100)
    answer = (await scene.ask("GET", "/servers?details=false&field=id" + query)).json()
    assert (len(answer["servers"]), answer["limit"], answer["total"]) == (count, limit, 2100)


async def test_a_short_list_echoes_any_limit(scene: Scene) -> None:
    scene.cloud.seed(3)
    assert (await scene.ask("GET", "/servers?limit=99999")).json()["limit"] == 99_999


async def test_zeros_are_left_out(scene: Scene) -> None:
    assert (await scene.ask("GET", "/servers?limit=5&offset=0")).json() == {"servers": []}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("filter=nosuch.equals('x')", id="unknown-field"),
        pytest.param("filter=name.nosuch('x')", id="unknown-operation"),
        pytest.param("filter=garbage", id="no-call"),
        pytest.param("filter=updated_at.ge('nonsense')", id="no-time"),
        pytest.param("user_tags.0.key=user:a&user_tags.0.value=b", id="mistyped-tag-filter"),
        pytest.param("nosuch=1", id="unknown-parameter"),
        pytest.param("pending_delete_all=true", id="parameter-that-does-not-exist"),
    ],
)
async def test_what_the_cloud_does_not_understand_it_drops_and_returns_everything(
    scene: Scene, query: str
) -> None:
    scene.cloud.seed(3)
    assert len(await _names(scene, query)) == 3


async def test_a_time_without_quotes_is_a_500(scene: Scene) -> None:
    reply = await scene.ask("GET", "/servers?filter=updated_at.ge(2026-11-23 07:28:29)")
    assert (reply.status_code, reply.json()["class"]) == (500, "InternalServerError")


async def test_the_delta_is_inclusive_and_by_whole_seconds(scene: Scene) -> None:
    scene.cloud.add_server("old")
    scene.time.passed = 5.7
    scene.cloud.add_server("new")
    assert await _names(scene, "filter=updated_at.ge('2026-11-23 12:00:05')") == ["new"]
    assert await _names(scene, "filter=updated_at.gt('2026-11-23 12:00:05')") == []
    assert await _names(scene, "filter=updated_at.ge('2026-11-23T20:00:05%2B08:00')") == ["new"]


async def test_a_recycled_server_needs_to_be_asked_for(scene: Scene) -> None:
    ident = scene.cloud.add_server("web-0")
    scene.cloud.recycle(ident)
    recent = "filter=updated_at.ge('2026-11-23 00:00:00')"
    assert await _names(scene, recent) == []
    assert await _names(scene, f"id={ident}") == []
    assert await _names(scene, recent + "&pending_delete=all") == ["web-0"]
    assert await _names(scene, "pending_delete=true") == ["web-0"]
    assert await _names(scene, "pending_delete=all&filter=pending_deleted.equals(1)") == ["web-0"]


async def test_really_deleted_servers_are_for_administrators(scene: Scene) -> None:
    ident = scene.cloud.add_server("web-0")
    scene.cloud.erase(ident)
    assert await _names(scene, "delete=all&pending_delete=all") == []
    assert await _names(scene, f"delete=all&scope=system&id={ident}", token="sysadmin") == ["web-0"]


async def test_an_administrator_sees_only_its_own_project_unless_it_asks(scene: Scene) -> None:
    scene.cloud.add_server("web-0")
    assert await _names(scene, "", token="sysadmin") == []
    assert await _names(scene, "scope=system", token="sysadmin") == ["web-0"]
    assert await _names(scene, "project=lab", token="sysadmin") == ["web-0"]


async def test_key_set_pages_miss_nothing_while_servers_come_and_go(scene: Scene) -> None:
    idents = scene.cloud.seed(60)
    lasting, last, seen = set(idents[::2]), "", []
    while True:
        query = f"details=false&field=id&limit=10&order_by=id&order=asc&filter=id.gt('{last}')"
        page = (await scene.ask("GET", "/servers?" + query)).json()["servers"]
        if not page:
            break
        seen += [row["id"] for row in page]
        last = seen[-1]
        scene.cloud.seed(3, prefix=f"late-{last[:8]}-")
        doomed = [i for i in idents if i not in lasting and scene.cloud.find(i)][:4]
        scene.cloud.erase(*doomed)
    assert lasting <= set(seen)
    assert len(seen) == len(set(seen))


async def test_tags_are_matched_without_regard_to_case_and_need_their_prefix(scene: Scene) -> None:
    scene.cloud.add_server("web-0", tags={"user:Owner": "Me", "user:env": "prod"})
    scene.cloud.add_server("web-1", tags={"user:Owner": "You"})
    assert await _names(scene, "tags.0.key=user:owner&tags.0.value=me") == ["web-0"]
    assert sorted(await _names(scene, "tags.0.key=user:owner")) == ["web-0", "web-1"]
    assert await _names(scene, "tags.0.key=user:owner&tags.1.key=user:env") == ["web-0"]
    same = "tags.0.key=user:owner&tags.0.value=me&tags.1.key=user:owner&tags.1.value=you"
    assert sorted(await _names(scene, same)) == ["web-0", "web-1"]
    assert await _names(scene, "tags.0.key=owner") == []


async def test_a_list_with_details_has_three_texts_fewer_than_a_get(scene: Scene) -> None:
    ident = await scene.create()
    listed = (await scene.ask("GET", f"/servers?id={ident}")).json()["servers"][0]
    got = (await scene.ask("GET", f"/servers/{ident}")).json()["server"]
    assert set(got) - set(listed) == {"networks", "os_name", "security_rules"}


async def test_bare_rows_have_no_joined_fields(scene: Scene) -> None:
    ident = await scene.create()
    row = (await scene.ask("GET", f"/servers?id={ident}&details=false")).json()["servers"][0]
    assert not {"ips", "nics", "disks_info", "metadata", "zone", "secgroups", "host"} & set(row)
    assert {"status", "update_version", "updated_at", "host_id", "pending_deleted"} <= set(row)


async def test_an_empty_list_can_be_a_lie(scene: Scene) -> None:
    scene.cloud.seed(3)
    scene.cloud.settings.lists_empty = True
    assert await _names(scene, "") == []


async def test_filters_can_be_ignored(scene: Scene) -> None:
    scene.cloud.seed(3)
    scene.cloud.settings.filters_ignored = True
    assert len(await _names(scene, "filter=updated_at.ge('2040-01-01 00:00:00')")) == 3
