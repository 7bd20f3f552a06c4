"""The cloud's API as far as the baseline uses it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECTIONS = 8
CALL_SECONDS = 30.0

Server = dict[str, Any]


class Cloud:
    """One project, by a password from a Secret."""

    def __init__(self, secret: Mapping[str, str]) -> None:
        self._secret = secret
        self._url = ""
        # Thousands of handlers may run at once, and httpx walks through all that wait for a connection at
        # each request.
        self._turn = asyncio.Semaphore(CONNECTIONS)
        self._http = httpx.AsyncClient(timeout=CALL_SECONDS, trust_env=False)

    async def sign_in(self) -> None:
        """Get a token, and the address of the compute service."""
        secret = self._secret
        domain = {"name": secret["OS_DOMAIN_NAME"]}
        user = {"name": secret["OS_USERNAME"], "password": secret["OS_PASSWORD"], "domain": domain}
        scope = {
            "project": {"name": secret["OS_PROJECT_NAME"], "domain": {"name": secret["OS_PROJECT_DOMAIN"]}}
        }
        identity = {"methods": ["password"], "password": {"user": user}}
        reply = await self._http.post(
            f"{secret['OS_AUTH_URL']}/auth/tokens", json={"auth": {"identity": identity, "scope": scope}}
        )
        reply.raise_for_status()
        self._http.headers["X-Auth-Token"] = reply.headers["X-Subject-Token"]
        catalog = reply.json()["token"]["catalog"]
        self._url = next(
            endpoint["url"]
            for service in catalog
            if service["type"].startswith("compute")
            for endpoint in service["endpoints"]
            if endpoint["interface"] == "public"
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def create(self, wanted: Server) -> Server:
        """Make a server."""
        return await self._call("POST", "/servers", {"server": wanted})

    async def get(self, ident: str) -> Server | None:
        """Return a server, recycled ones too, or None."""
        try:
            return await self._call("GET", f"/servers/{ident}?pending_delete=all")
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                return None
            raise

    async def resize(self, ident: str, size: Server) -> None:
        """Change cpu and memory; a running server is stopped for it."""
        await self._call("POST", f"/servers/{ident}/change-config", {"server": size})

    async def describe(self, ident: str, text: str) -> None:
        """Change the description."""
        await self._call("PUT", f"/servers/{ident}", {"server": {"description": text}})

    async def delete(self, ident: str) -> None:
        """Move a server into the recycle bin."""
        await self._call("DELETE", f"/servers/{ident}")

    async def _call(self, method: str, path: str, body: Server | None = None) -> Server:
        async with self._turn:
            reply = await self._http.request(method, self._url + path, json=body)
            if reply.status_code == httpx.codes.UNAUTHORIZED:
                await self.sign_in()
                reply = await self._http.request(method, self._url + path, json=body)
        reply.raise_for_status()
        found: Server = reply.json()["server"]
        return found
