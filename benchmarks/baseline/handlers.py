"""The baseline's handlers: create, update, delete, and a timer for each object."""

from __future__ import annotations

import asyncio
import base64
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import kopf
from kubernetes.aio import client, config
from prometheus_client import Histogram, start_http_server

from benchmarks.baseline.cloud import Cloud

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = ("onecloud.io", "v1alpha1", "onecloudservers")
AGAIN_SECONDS = 5.0
BEAT_SECONDS = 1.0
LAG = Histogram(
    "baseline_event_loop_lag_seconds",
    "How much later than asked for the event loop came round.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)


@kopf.on.login()
def login(**facts: Any) -> kopf.ConnectionInfo | None:
    """Take the rights of the kubeconfig."""
    return kopf.login_with_kubeconfig(**facts)


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: object) -> None:
    """Sign in with the Secret ``onecloud``, which is read once."""
    settings.posting.enabled = False
    settings.watching.server_timeout = 300
    start_http_server(memo.port, "127.0.0.1")
    memo.cloud = Cloud(await _secret(memo.namespace))
    await memo.cloud.sign_in()
    memo.beat = asyncio.create_task(_beat())


@kopf.on.cleanup()
async def stop(memo: kopf.Memo, **_: object) -> None:
    """Close the connections."""
    memo.beat.cancel()
    await memo.cloud.close()


@kopf.on.create(*KIND)
async def create(  # noqa: PLR0913 - kopf passes by name
    *,
    spec: Mapping[str, Any],
    status: Mapping[str, Any],
    name: str,
    namespace: str | None,
    patch: kopf.Patch,
    memo: kopf.Memo,
    **_: object,
) -> None:
    """Make a server, and look at it until it runs."""
    ident = (status.get("server") or {}).get("id")
    try:
        if ident is None:
            server = await memo.cloud.create(_wanted(spec["server"], f"{namespace}.{name}"))
            patch.status["server"] = _shown(server)
            raise kopf.TemporaryError("the server is being made", delay=AGAIN_SECONDS)
        server = await memo.cloud.get(ident)
    except httpx.HTTPError as error:
        raise kopf.TemporaryError(f"the cloud does not do it: {error}", delay=AGAIN_SECONDS) from error
    if server is None or server["status"] != "running":
        raise kopf.TemporaryError("the server does not run yet", delay=AGAIN_SECONDS)
    _report(server, status, patch)


@kopf.on.update(*KIND, field="spec.server")
async def update(spec: Mapping[str, Any], status: Mapping[str, Any], memo: kopf.Memo, **_: object) -> None:
    """Make size and description as the object has them."""
    ident = status["server"]["id"]
    wanted = _wanted(spec["server"], "")
    server = await memo.cloud.get(ident)
    if server is None:
        raise kopf.PermanentError("the server is gone")
    size = {key: wanted[key] for key in ("vcpu_count", "vmem_size") if wanted[key] != server[key]}
    if size:
        await memo.cloud.resize(ident, {**size, "force_stop": True, "auto_start": True})
    if wanted["description"] != server.get("description", ""):
        await memo.cloud.describe(ident, wanted["description"])


@kopf.on.delete(*KIND)
async def delete(status: Mapping[str, Any], memo: kopf.Memo, **_: object) -> None:
    """Move the server into the recycle bin, and look at it until it is there."""
    ident = (status.get("server") or {}).get("id")
    if ident is None:
        return
    try:
        server = await memo.cloud.get(ident)
        if server is None or (server.get("pending_deleted") and server["status"] == "ready"):
            return
        if server["status"] == "running":
            await memo.cloud.delete(ident)
    except httpx.HTTPError as error:
        raise kopf.TemporaryError(f"the cloud does not do it: {error}", delay=AGAIN_SECONDS) from error
    raise kopf.TemporaryError("the server is being deleted", delay=AGAIN_SECONDS)


async def tick(status: Mapping[str, Any], patch: kopf.Patch, memo: kopf.Memo, **_: object) -> None:
    """Look at the server, and show it: the timer."""
    ident = (status.get("server") or {}).get("id")
    if ident is None:
        return
    try:
        server = await memo.cloud.get(ident)
    except httpx.HTTPError as error:
        raise kopf.TemporaryError(f"the cloud does not answer: {error}", delay=AGAIN_SECONDS) from error
    if server is not None:
        _report(server, status, patch)


def _report(server: Mapping[str, Any], status: Mapping[str, Any], patch: kopf.Patch) -> None:
    """Write what differs, and nothing if nothing does."""
    if (shown := _shown(server)) != status.get("server"):
        patch.status["server"] = shown
    ready = "True" if server["status"] == "running" else "False"
    before = next((c for c in status.get("conditions") or () if c["type"] == "Ready"), None)
    if before is None or before["status"] != ready:
        patch.status["conditions"] = [
            {
                "type": "Ready",
                "status": ready,
                "reason": "Running" if ready == "True" else "NotRunning",
                "message": f"The server is {server['status']}.",
                "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ]


def _shown(server: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "id": server["id"],
        "name": server["name"],
        "status": server["status"],
        "description": server.get("description"),
        "cpu": server["vcpu_count"],
        "hypervisor": server.get("hypervisor"),
        "osType": server.get("os_type"),
    }
    return {key: value for key, value in shown.items() if value not in {None, ""}}


def _wanted(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    memory = spec["memory"]
    return {
        "name": name,
        "vcpu_count": spec["cpu"],
        "vmem_size": int(memory.removesuffix("Gi")) * 1024,
        "description": spec.get("description", ""),
        "disks": [{"index": 0, "image_id": spec["image"]}],
        "nets": [{"network": one["network"]} for one in spec["networks"]],
        "auto_start": True,
        "disable_delete": False,
    }


async def _secret(namespace: str) -> dict[str, str]:
    await config.load_kube_config()  # type: ignore[no-untyped-call]
    async with client.ApiClient() as api:
        found = await client.CoreV1Api(api).read_namespaced_secret("onecloud", namespace)
    return {key: base64.b64decode(value).decode() for key, value in (found.data or {}).items()}


async def _beat() -> None:
    """Measure the lag of the event loop as the operator does."""
    while True:
        began_at = time.monotonic()
        await asyncio.sleep(BEAT_SECONDS)
        LAG.observe(max(0.0, time.monotonic() - began_at - BEAT_SECONDS))
