"""The proxy before an API server does what it is told, and otherwise nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest

from sandbox.cluster.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

MAPS = "/api/v1/namespaces/{}/configmaps"


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[Proxy]:
    with Proxy(control_plane.url, control_plane.authority) as running:
        yield running


@pytest.fixture
def client(control_plane: ControlPlane, proxy: Proxy) -> Iterator[httpx.Client]:
    user = json.loads(control_plane.kubeconfig.read_text())["users"][0]["user"]
    headers = {"Authorization": f"Bearer {user['token']}"}
    with httpx.Client(base_url=proxy.url, headers=headers, timeout=20.0, trust_env=False) as found:
        yield found


def config_map(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def test_what_is_not_spoilt_passes(client: httpx.Client, namespace: str, proxy: Proxy) -> None:
    assert client.post(MAPS.format(namespace), json=config_map("one")).status_code == 201
    assert client.get(MAPS.format(namespace) + "/one").json()["metadata"]["name"] == "one"
    assert proxy.calls[f"POST {MAPS.format(namespace)}"] == 1


def test_an_answer_is_given_without_asking(client: httpx.Client, namespace: str, proxy: Proxy) -> None:
    proxy.fault("answer", method="POST", status=409, count=1)
    assert client.post(MAPS.format(namespace), json=config_map("two")).status_code == 409
    assert client.get(MAPS.format(namespace) + "/two").status_code == 404


@pytest.mark.parametrize(("effect", "status"), [("cut", 404), ("lose", 200)])
def test_an_answer_does_not_come(
    client: httpx.Client, namespace: str, proxy: Proxy, effect: str, status: int
) -> None:
    proxy.fault(effect, method="POST")  # type: ignore[arg-type]
    with pytest.raises(httpx.TransportError):
        client.post(MAPS.format(namespace), json=config_map("three"))
    proxy.clear()
    assert client.get(MAPS.format(namespace) + "/three").status_code == status


def test_a_watch_tells_of_events_and_of_its_own_end(
    client: httpx.Client, namespace: str, proxy: Proxy, kube: Kube
) -> None:
    query = {"watch": "true", "timeoutSeconds": "30"}
    with client.stream("GET", MAPS.format(namespace), params=query) as watch:
        lines = watch.iter_lines()
        kube.create({**config_map("four"), "metadata": {"name": "four", "namespace": namespace}})
        assert json.loads(next(lines))["object"]["metadata"]["name"] == "four"
        proxy.fault("expire", path="watch=true", count=1)
        kube.create({**config_map("five"), "metadata": {"name": "five", "namespace": namespace}})
        assert json.loads(next(lines))["object"]["code"] == 410
        assert next(lines, None) is None


def test_an_event_is_left_out_and_the_next_comes(
    client: httpx.Client, namespace: str, proxy: Proxy, kube: Kube
) -> None:
    query = {"watch": "true", "timeoutSeconds": "30"}
    with client.stream("GET", MAPS.format(namespace), params=query) as watch:
        lines = watch.iter_lines()
        dropped = proxy.fault("drop", path="watch=true", count=1)
        for name in ("six", "seven"):
            kube.create({**config_map(name), "metadata": {"name": name, "namespace": namespace}})
        assert json.loads(next(lines))["object"]["metadata"]["name"] == "seven"
        assert dropped.hits == 1
