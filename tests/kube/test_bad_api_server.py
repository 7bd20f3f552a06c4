"""What the client makes of an API server that misbehaves, and what it sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from kubernetes.aio.client import ApiClient, Configuration

from onecloud_operator.api.identity import SERVER
from onecloud_operator.kube.bounded_json import FIELD_MANAGER
from onecloud_operator.kube.calls import KubeConflict, KubeError, KubeForbidden, KubeNotFound
from onecloud_operator.kube.client import PAGE, KubeClient, ObjectReference
from tests.kube.api_server import always, answering, status_of
from tests.onecloud.origin import LOST, Answer, serving

if TYPE_CHECKING:
    from tests.onecloud.origin import Asked


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        pytest.param(status_of(404, "not found"), KubeNotFound, "404 not found", id="not-there"),
        pytest.param(status_of(409, "modified"), KubeConflict, "409 modified", id="changed"),
        pytest.param(status_of(422, "a test failed"), KubeConflict, "422 a test failed", id="a-failed-test"),
        pytest.param(
            Answer(422, {"message": "is invalid", "details": {"kind": "OneCloudServer"}}),
            KubeError,
            "422 is invalid",
            id="not-valid",
        ),
        pytest.param(status_of(403, "cannot get"), KubeForbidden, "403 cannot get", id="no-right"),
        pytest.param(status_of(401, "Unauthorized"), KubeForbidden, "401 Unauthorized", id="no-identity"),
        pytest.param(status_of(429, "slow down"), KubeError, "429 slow down", id="too-many"),
        pytest.param(status_of(500, "etcd"), KubeError, "500 etcd", id="broken"),
        pytest.param(Answer(503, b"<html>secret-page</html>"), KubeError, "503", id="a-proxy"),
        pytest.param(Answer(200, b"<html>"), KubeError, "the answer is not JSON", id="no-json"),
        pytest.param(Answer(200, []), KubeError, "the answer is not a JSON object", id="a-list"),
        pytest.param(LOST, KubeError, "does not answer", id="the-connection-is-cut"),
    ],
)
async def test_whatever_is_wrong_is_an_error_of_ours(
    answer: Answer, kind: type[KubeError], says: str
) -> None:
    async with answering(always(answer)) as (made, observer, _):
        with pytest.raises(KubeError) as error:
            await made.read(SERVER, "shop", "web-1")
        assert type(error.value) is kind
        assert says in str(error.value)
        assert "GET /apis/onecloud.io/v1alpha1/namespaces/shop/onecloudservers/web-1" in str(error.value)
        assert "secret-page" not in str(error.value)
        assert observer.calls == [("read", error.value.status)]
        assert made.succeeded_at is None


async def test_an_api_server_that_is_not_there_is_an_error_without_a_status() -> None:
    async with serving(always(LOST)) as place:
        url = place.url
    made = KubeClient(ApiClient(Configuration(host=url)))
    with pytest.raises(KubeError, match="does not answer") as error:
        await made.cluster_id()
    assert error.value.status is None
    await made.close()


async def test_a_long_list_is_read_page_by_page() -> None:
    pages = {
        None: {"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "next one"}},
        "next one": {"items": [{"metadata": {"name": "b"}}], "metadata": {"continue": ""}},
    }

    async def respond(asked: Asked) -> Answer:
        query = asked.target.partition("?")[2]
        return Answer(200, pages["next one" if "continue=next" in query else None])

    async with answering(respond) as (made, observer, place):
        found = [
            meta["name"] async for page in made.list_metadata(SERVER, "shop", "shard=a") for meta in page
        ]
        assert found == ["a", "b"]
        assert observer.calls == [("list", 200), ("list", 200)]
        assert all(f"limit={PAGE}" in call and "labelSelector=shard" in call for call in place.calls)
        assert all("PartialObjectMetadataList" in asked.headers["accept"] for asked in place.asked)


async def test_a_list_that_is_too_old_to_go_on_is_an_error_and_not_a_short_list() -> None:
    """A census that believed it would drop every object of the pages that are missing."""

    async def respond(asked: Asked) -> Answer:
        if "continue" in asked.target:
            return status_of(410, "expired")
        return Answer(200, {"items": [], "metadata": {"continue": "more"}})

    async with answering(respond) as (made, _, _):
        with pytest.raises(KubeError, match="410 expired"):
            [page async for page in made.list_metadata(SERVER, None)]


async def test_what_is_sent_names_us_and_the_version_that_was_decided_upon() -> None:
    async with answering(always(Answer(200, {}))) as (made, _, place):
        await made.write_status(ObjectReference(SERVER, "shop", "web-1", "u1", "7"), {"id": "s1"})
        (asked,) = place.asked
        assert f"fieldManager={FIELD_MANAGER}" in asked.target
        assert asked.path.endswith("/onecloudservers/web-1/status")
        assert asked.headers["content-type"] == "application/json-patch+json"
        assert json.loads(asked.content) == [
            {"op": "test", "path": "/metadata/uid", "value": "u1"},
            {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
            {"op": "add", "path": "/status", "value": {"id": "s1"}},
        ]


@pytest.mark.parametrize(
    "name",
    [
        "../../kube-system/secrets/root",
        "x?watch=true",
        "a/../../../kube-system/secrets/root",
        "..",
        "a%2f..%2f..",
        "a..b",
        "",
        "x" * 254,
        "a b",
        "a\n",
    ],
)
async def test_a_name_that_is_none_never_gets_into_a_path(name: str) -> None:
    async with serving(always(Answer(200, b"{}"))) as place:
        cluster = KubeClient(ApiClient(Configuration(host=place.url)))
        with pytest.raises(KubeNotFound, match="is not a valid name in Kubernetes"):
            await cluster.secret("shop", name)
        with pytest.raises(KubeNotFound, match="is not a valid name in Kubernetes"):
            await cluster.secret(name, "onecloud")
        with pytest.raises(KubeNotFound, match="is not a valid name in Kubernetes"):
            await cluster.read(SERVER, "shop", name)
        await cluster.close()
        assert place.asked == []
