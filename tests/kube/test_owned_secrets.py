"""Secrets that are written for an object, at a real API server: its own, and no other."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from onecloud_operator.kube.calls import KubeError
from onecloud_operator.kube.owned_secrets import METADATA, TYPE, ForeignSecret, drop_owned, write_owned
from tests.kube.test_client import reference_to

if TYPE_CHECKING:
    from onecloud_operator.kube.client import KubeClient
    from sandbox.cluster.kube import Kube

pytestmark = pytest.mark.usefixtures("served")

NAME = "web-1-conn"


def values(**texts: str) -> dict[str, SecretStr]:
    return {key: SecretStr(text) for key, text in texts.items()}


def stored(kube: Kube, namespace: str) -> dict[str, Any]:
    found = kube.get("secrets", NAME, namespace)
    assert found is not None
    return found


def data(kube: Kube, namespace: str) -> dict[str, str]:
    found = stored(kube, namespace).get("data") or {}
    return {key: base64.b64decode(value).decode() for key, value in found.items()}


def foreign(namespace: str, **more: Any) -> dict[str, Any]:
    """Return a Secret of somebody else."""
    metadata = {"name": NAME, "namespace": namespace, **more.pop("metadata", {})}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "stringData": {"ip": "theirs"},
        **more,
    }


def owned_by(web: dict[str, Any], uid: str | None = None) -> dict[str, Any]:
    owner = {"apiVersion": web["apiVersion"], "kind": web["kind"], "name": web["metadata"]["name"]}
    return {"ownerReferences": [{**owner, "uid": uid or web["metadata"]["uid"]}]}


async def test_a_secret_is_made_with_its_owner_and_type(
    cluster: KubeClient, kube: Kube, namespace: str, web: dict[str, Any]
) -> None:
    await write_owned(cluster, reference_to(web), NAME, values(ip="10.0.0.5", password="Sesam-0ffne-dich"))
    found = stored(kube, namespace)
    assert found["type"] == TYPE == "onecloud.io/connection"
    assert found["metadata"]["ownerReferences"] == owned_by(web)["ownerReferences"]
    assert data(kube, namespace) == {"ip": "10.0.0.5", "password": "Sesam-0ffne-dich"}


async def test_it_is_written_anew_only_if_it_differs_and_keeps_what_others_put_on_it(
    cluster: KubeClient, kube: Kube, namespace: str, web: dict[str, Any]
) -> None:
    await write_owned(cluster, reference_to(web), NAME, values(ip="10.0.0.5", password="p"))
    kube.patch("secrets", NAME, namespace, {"metadata": {"labels": {"team": "a"}}})
    before = stored(kube, namespace)["metadata"]["resourceVersion"]
    await write_owned(cluster, reference_to(web), NAME, values(ip="10.0.0.5", password="p"))
    assert stored(kube, namespace)["metadata"]["resourceVersion"] == before
    await write_owned(cluster, reference_to(web), NAME, values(ip="10.0.0.6"))
    assert data(kube, namespace) == {"ip": "10.0.0.6"}
    assert stored(kube, namespace)["metadata"]["labels"]["team"] == "a"


@pytest.mark.parametrize("case", ["nobody's", "another-object's", "of-another-type"])
async def test_what_is_not_the_objects_own_is_not_written(
    case: str, cluster: KubeClient, kube: Kube, namespace: str, web: dict[str, Any]
) -> None:
    cases: dict[str, dict[str, Any]] = {
        "nobody's": {"type": TYPE},
        "another-object's": {"type": TYPE, "metadata": owned_by(web, "11111111-2222-4333-8444-555555555555")},
        "of-another-type": {"metadata": owned_by(web)},
    }
    kube.create(foreign(namespace, **cases[case]))
    before = stored(kube, namespace)
    with pytest.raises(ForeignSecret):
        await write_owned(cluster, reference_to(web), NAME, values(ip="10.0.0.5"))
    assert stored(kube, namespace) == before


async def test_of_a_secret_of_others_only_the_metadata_are_read(
    cluster: KubeClient, kube: Kube, namespace: str, web: dict[str, Any]
) -> None:
    kube.create(foreign(namespace))
    asked: list[tuple[str, str]] = []
    call = cluster.call

    async def listening(operation: str, method: str, path: str, **more: Any) -> dict[str, Any]:
        asked.append((method, more.get("accept", "")))
        return await call(operation, method, path, **more)

    cluster.call = listening  # type: ignore[method-assign]  # it hears, and passes on
    with pytest.raises(ForeignSecret):
        await write_owned(cluster, reference_to(web), NAME, values(ip="10.0.0.5"))
    await drop_owned(cluster, reference_to(web), NAME)
    assert asked == [("POST", ""), ("GET", METADATA), ("GET", METADATA)]


async def test_the_objects_own_is_deleted(
    cluster: KubeClient, kube: Kube, namespace: str, web: dict[str, Any]
) -> None:
    await write_owned(cluster, reference_to(web), NAME, values(ip="10.0.0.5"))
    await drop_owned(cluster, reference_to(web), NAME)
    assert kube.get("secrets", NAME, namespace) is None
    await drop_owned(cluster, reference_to(web), NAME)


async def test_what_is_not_the_objects_own_is_not_deleted(
    cluster: KubeClient, kube: Kube, namespace: str, web: dict[str, Any]
) -> None:
    kube.create(foreign(namespace))
    await drop_owned(cluster, reference_to(web), NAME)
    assert data(kube, namespace) == {"ip": "theirs"}


async def test_no_value_is_in_what_the_api_server_says_of_a_refusal(
    cluster: KubeClient, kube: Kube, namespace: str, web: dict[str, Any]
) -> None:
    kube.create(foreign(namespace, type=TYPE, metadata=owned_by(web), immutable=True))
    with pytest.raises(KubeError) as refused:
        await write_owned(cluster, reference_to(web), NAME, values(password="Sesam-0ffne-dich"))
    assert "Sesam" not in str(refused.value)
    assert base64.b64encode(b"Sesam-0ffne-dich").decode() not in str(refused.value)
