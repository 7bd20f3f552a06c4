"""The simulated cloud, and ways into it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from onecloud_operator.onecloud import (
    AddressPolicy,
    Cloud,
    Credentials,
    Endpoints,
    Limits,
    Password,
    Project,
)
from sandbox.cloud import Control, running_cloud
from sandbox.cloud.defaults import PASSWORDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from onecloud_operator.onecloud.auth import Method, Scope

ID = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
NAME = "shop.web-0"
BODY: dict[str, Any] = {
    "id": ID,
    "name": NAME,
    "vcpu_count": 1,
    "vmem_size": 1024,
    "disks": [{"image_id": "ubuntu-22.04", "size": 10240}],
    "nets": [{"network": "vnet-1"}],
    "disable_delete": False,
    "auto_start": True,
    "__meta__": {"user:owner": "me"},
}
LAB = Project(name="lab", domain_name="Default")


@dataclass(slots=True)
class Lab:
    """A simulated cloud, and a way in for anyone."""

    control: Control
    endpoints: Endpoints

    def credentials(self, method: Method | None = None, scope: Scope | None = LAB) -> Credentials:
        method = method or as_user("labuser")
        return Credentials(self.control.auth_url, method, scope, region=self.control.world.region)

    def cloud(self, method: Method | None = None, scope: Scope | None = LAB) -> Cloud:
        return Cloud(self.credentials(method, scope), self.endpoints)

    async def settled(self, cloud: Cloud, server_id: str, *statuses: str) -> dict[str, Any]:
        """Return the server when it has one of *statuses*."""
        async with asyncio.timeout(20):
            while True:
                server = await cloud.get_server(server_id)
                assert server is not None
                if server["status"] in statuses:
                    return server
                await asyncio.sleep(0.01)


def as_user(name: str, password: str | None = None) -> Password:
    return Password(SecretStr(password or PASSWORDS[name]), user_name=name, user_domain_name="Default")


@asynccontextmanager
async def lab(limits: Limits | None = None) -> AsyncIterator[Lab]:
    async with running_cloud(step_seconds=0.005) as control:
        endpoints = Endpoints(AddressPolicy(allow_loopback=True), limits=limits)
        try:
            yield Lab(control, endpoints)
        finally:
            await endpoints.close()
