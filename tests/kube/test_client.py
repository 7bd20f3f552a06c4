"""What the client writes and reads at a real API server."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.api.identity import SERVER
from onecloud_operator.api.prune import keeps
from onecloud_operator.kube.bounded_json import FIELD_MANAGER
from onecloud_operator.kube.calls import KubeConflict, KubeError, KubeForbidden, KubeNotFound
from onecloud_operator.kube.client import KubeClient, ObjectReference
from tests.api.manifests import SPEC, manifest
from tests.client import cluster_of

if TYPE_CHECKING:
    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

pytestmark = pytest.mark.usefixtures("served")

OURS = "onecloud.io/server"
OTHERS = "example.com/backup"
MOMENT = "2026-01-01T00:00:00Z"
READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Available",
    "message": "The server runs.",
    "lastTransitionTime": MOMENT,
}


def reference_to(body: dict[str, Any]) -> ObjectReference:
    meta = body["metadata"]
    return ObjectReference(SERVER, meta["namespace"], meta["name"], meta["uid"], meta["resourceVersion"])


# -- status ----------------------------------------------------------------------------------------------
async def test_a_status_is_written_whole_under_our_name_and_the_spec_is_left_alone(
    cluster: KubeClient, web: dict[str, Any]
) -> None:
    first = await cluster.write_status(reference_to(web), {"id": "s1", "state": "Running", "ip": "10.0.0.5"})
    assert first["status"] == {"id": "s1", "state": "Running", "ip": "10.0.0.5", "observedGeneration": -1}
    second = await cluster.write_status(reference_to(first), {"id": "s1", "state": "Stopped"})
    assert "ip" not in second["status"], "what is not said any more is gone"
    assert second["spec"] == web["spec"]
    assert second["metadata"]["generation"] == web["metadata"]["generation"]
    managers = {each["manager"]: each for each in second["metadata"]["managedFields"]}
    assert managers[FIELD_MANAGER]["subresource"] == "status"
    assert "f:spec" not in managers[FIELD_MANAGER]["fieldsV1"]


async def test_a_status_that_is_the_same_is_no_new_version(cluster: KubeClient, web: dict[str, Any]) -> None:
    first = await cluster.write_status(reference_to(web), {"id": "s1"})
    again = await cluster.write_status(reference_to(first), {"id": "s1"})
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_decision_on_an_older_version_is_not_written(
    cluster: KubeClient, kube: Kube, web: dict[str, Any], namespace: str
) -> None:
    kube.patch(SERVER.plural, "web-1", namespace, {"spec": {"deletionProtection": True}})
    with pytest.raises(KubeConflict) as error:
        await cluster.write_status(reference_to(web), {"id": "s1"})
    assert error.value.status == 422, "a failed test of a JSON patch"
    assert (
        "status" not in kube.list(SERVER.plural, namespace)[0]
        or "id" not in kube.list(SERVER.plural, namespace)[0]["status"]
    )


async def test_a_namesake_that_was_made_meanwhile_inherits_no_status(
    cluster: KubeClient, kube: Kube, web: dict[str, Any], namespace: str
) -> None:
    """It would inherit the id, and so the server, of an object that was deleted."""
    kube.delete(SERVER.plural, "web-1", namespace)
    namesake = kube.create(manifest(namespace, SPEC))
    with pytest.raises(KubeConflict):
        await cluster.write_status(reference_to(web), {"id": "s1"})
    with pytest.raises(KubeConflict):
        await cluster.add_finalizer(reference_to(web), OURS, others=False)
    found = await cluster.read(SERVER, namespace, "web-1")
    assert found["metadata"]["uid"] == namesake["metadata"]["uid"]
    assert "id" not in found.get("status", {})
    assert "finalizers" not in found["metadata"]


async def test_a_status_that_the_definition_does_not_know_names_the_field(
    cluster: KubeClient, web: dict[str, Any]
) -> None:
    with pytest.raises(KubeError, match=r"status\.state") as error:
        await cluster.write_status(reference_to(web), {"state": "Sleeping"})
    assert error.value.status == 422


async def test_a_field_that_the_definition_lacks_is_seen_to_be_dropped(
    cluster: KubeClient, web: dict[str, Any]
) -> None:
    """A record that was lost in silence would count as written."""
    sent = {"id": "s1", "cloud": {"authURL": "https://cloud.example/v3", "projectID": "p", "cell": "c"}}
    answer = await cluster.write_status(reference_to(web), sent)
    assert not keeps(answer["status"], sent)
    del sent["cloud"]["cell"]  # type: ignore[attr-defined]
    assert keeps(answer["status"], sent), "with a default beside it"


async def test_nothing_that_another_manager_put_into_the_status_survives(
    cluster: KubeClient, kube: Kube, web: dict[str, Any], namespace: str
) -> None:
    first = await cluster.write_status(reference_to(web), {"id": "s1", "conditions": [READY]})
    left = {"deletion": {"requestedAt": MOMENT}, "nextRetryTime": MOMENT, "ip": "10.0.0.5"}
    kube.patch(SERVER.plural, "web-1", namespace, {"status": left}, subresource="status")
    kube.apply(
        {
            **{key: first[key] for key in ("apiVersion", "kind")},
            "metadata": {"name": "web-1", "namespace": namespace},
            "status": {"conditions": [{**READY, "type": "Deleting", "message": "left"}]},
        },
        manager="velero-server",
        subresource="status",
    )
    seen = await cluster.read(SERVER, namespace, "web-1")
    assert {*left} <= {*seen["status"]}
    assert len(seen["status"]["conditions"]) == 2
    ours = await cluster.write_status(reference_to(seen), {"id": "s1", "conditions": [READY]})
    assert ours["status"] == {"id": "s1", "conditions": [READY], "observedGeneration": -1}
    writers = {m["manager"] for m in ours["metadata"]["managedFields"] if m.get("subresource") == "status"}
    assert writers == {FIELD_MANAGER}


async def test_a_status_that_was_applied_by_an_older_operator_is_taken_over(
    cluster: KubeClient, kube: Kube, web: dict[str, Any], namespace: str
) -> None:
    """What it applied is no other manager's, and the record of who owns what does not grow for ever."""
    older = kube.apply(
        {
            **{key: web[key] for key in ("apiVersion", "kind")},
            "metadata": {"name": "web-1", "namespace": namespace},
            "status": {"id": "s1", "ip": "10.0.0.5", "state": "Running"},
        },
        manager=FIELD_MANAGER,
        subresource="status",
    )
    ours, sizes = older, []
    for number in range(5):
        status = {"id": "s1", "state": "Running", "conditions": [{**READY, "message": str(number)}]}
        ours = await cluster.write_status(reference_to(ours), status)
        sizes.append(len(json.dumps(ours["metadata"]["managedFields"])))
    assert "ip" not in ours["status"]
    assert len(set(sizes)) == 1


async def test_a_status_for_an_object_that_is_gone_is_not_found(
    cluster: KubeClient, kube: Kube, web: dict[str, Any], namespace: str
) -> None:
    kube.delete(SERVER.plural, "web-1", namespace)
    with pytest.raises((KubeNotFound, KubeConflict)):
        await cluster.write_status(reference_to(web), {"id": "s1"})
    assert kube.get(SERVER.plural, "web-1", namespace) is None


# -- finalizers ------------------------------------------------------------------------------------------
async def test_a_finalizer_comes_and_goes_beside_those_of_others(
    cluster: KubeClient, web: dict[str, Any]
) -> None:
    held = await cluster.add_finalizer(reference_to(web), OURS, others=False)
    assert held["metadata"]["finalizers"] == [OURS]
    both = await cluster.add_finalizer(reference_to(held), OTHERS, others=True)
    assert both["metadata"]["finalizers"] == [OURS, OTHERS]
    with pytest.raises(KubeConflict):
        await cluster.remove_finalizer(reference_to(both), OURS, 1)
    theirs = await cluster.remove_finalizer(reference_to(both), OURS, 0)
    assert theirs["metadata"]["finalizers"] == [OTHERS]
    free = await cluster.remove_finalizer(reference_to(theirs), OTHERS, 0)
    assert "finalizers" not in free["metadata"]


@pytest.mark.parametrize(
    "change",
    [{"version": "1"}, {"uid": "00000000-0000-4000-8000-000000000000"}],
    ids=["another-version", "another-object"],
)
async def test_a_finalizer_is_set_on_what_was_decided_upon_or_not_at_all(
    cluster: KubeClient, web: dict[str, Any], namespace: str, change: dict[str, Any]
) -> None:
    with pytest.raises(KubeConflict):
        await cluster.add_finalizer(replace(reference_to(web), **change), OURS, others=False)
    assert "finalizers" not in (await cluster.read(SERVER, namespace, "web-1"))["metadata"]


async def test_a_deleted_object_goes_with_its_last_finalizer(
    cluster: KubeClient, kube: Kube, web: dict[str, Any], namespace: str
) -> None:
    await cluster.add_finalizer(reference_to(web), OURS, others=False)
    kube.delete(SERVER.plural, "web-1", namespace)
    going = await cluster.read(SERVER, namespace, "web-1")
    assert "deletionTimestamp" in going["metadata"]
    last = await cluster.remove_finalizer(reference_to(going), OURS, 0)
    assert "finalizers" not in last["metadata"]
    assert last["metadata"]["resourceVersion"] == going["metadata"]["resourceVersion"], "its version stays"
    with pytest.raises(KubeNotFound):
        await cluster.read(SERVER, namespace, "web-1")


# -- reading ---------------------------------------------------------------------------------------------
async def test_a_list_has_the_metadata_of_those_that_are_asked_for(
    cluster: KubeClient, kube: Kube, namespace: str
) -> None:
    for name, labels in (("web-1", {"shard": "a"}), ("db-1", {})):
        body = manifest(namespace, SPEC, name)
        body["metadata"]["labels"] = labels
        kube.create(body)

    async def names(space: str | None, selector: str = "") -> set[str]:
        pages = [page async for page in cluster.list_metadata(SERVER, space, selector)]
        found = [meta for page in pages for meta in page if meta["namespace"] == namespace]
        assert all("uid" in meta and "resourceVersion" in meta for meta in found)
        return {meta["name"] for meta in found}

    assert await names(namespace) == {"web-1", "db-1"}
    assert await names(None) == {"web-1", "db-1"}
    assert await names(namespace, "shard=a") == {"web-1"}
    assert await names("no-such-namespace") == set()


async def test_a_secret_is_read_by_its_name(cluster: KubeClient, kube: Kube, namespace: str) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "onecloud", "namespace": namespace}}
    kube.create(body | {"stringData": {"OS_TOKEN": "t"}})
    found = await cluster.secret(namespace, "onecloud")
    assert found["data"] == {"OS_TOKEN": base64.b64encode(b"t").decode()}
    with pytest.raises(KubeNotFound, match="no-such"):
        await cluster.secret(namespace, "no-such")


async def test_a_right_that_is_missing_is_named(control_plane: ControlPlane, namespace: str) -> None:
    async with cluster_of(control_plane, "operator") as limited:
        with pytest.raises(KubeForbidden, match=r"cannot (get|list) resource .configmaps."):
            await limited.call("read", "GET", f"/api/v1/namespaces/{namespace}/configmaps")


async def test_a_cluster_is_called_by_the_uid_of_its_system_namespace(
    cluster: KubeClient, kube: Kube
) -> None:
    found = kube.get("namespaces", "kube-system")
    assert found is not None
    assert await cluster.cluster_id() == found["metadata"]["uid"]


async def test_the_served_schema_knows_our_kind(cluster: KubeClient) -> None:
    async with asyncio.timeout(30):  # a definition is served before its schema is
        while (schemas := await _schemas(cluster)) is None:
            await asyncio.sleep(0.05)
    assert any(name.endswith(SERVER.kind) for name in schemas)


async def _schemas(cluster: KubeClient) -> dict[str, Any] | None:
    with suppress(KubeNotFound):
        schemas: dict[str, Any] = (await cluster.served_schema(SERVER))["components"]["schemas"]
        return schemas
    return None


async def test_an_event_is_told_of_its_object_and_cut_to_what_events_take(
    cluster: KubeClient, kube: Kube, web: dict[str, Any], namespace: str
) -> None:
    await cluster.emit(
        reference_to(web),
        kind="Warning",
        reason="QuotaExceeded",
        message="x" * 3000,
        time="2026-11-23T12:00:00Z",
    )
    (event,) = kube.list("events", namespace)
    assert event["involvedObject"]["uid"] == web["metadata"]["uid"]
    assert (event["type"], event["reason"], len(event["message"])) == ("Warning", "QuotaExceeded", 1024)
