"""Calls about elastic IPs (EIPs)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .protocol import Request, Traffic, id_path
from .replies import json_object, parse_ids, parse_part

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from .auth import Session
    from .models import Row
    from .protocol import Reply


@dataclass(frozen=True, slots=True)
class Eips:
    """The EIPs of one project. Every method raises OneCloudError only."""

    call: Callable[[Request], Awaitable[tuple[Reply, Session]]]
    call_about: Callable[[Request, str], Awaitable[Reply | None]]

    async def get(self, eip_id: str) -> Row | None:
        """Return the EIP; None only if it is proven not to exist."""
        request = get_eip(eip_id)
        reply = await self.call_about(request, eip_id)
        return None if reply is None else parse_part(request, reply, "eip", eip_id)

    async def list_ids(self) -> tuple[tuple[str, ...], bool]:
        """Return the ids of all EIPs, and whether these are all: the list does not show their tags."""
        request = list_eips()
        reply, _ = await self.call(request)
        return parse_ids(request, reply, "eips")

    async def create(self, body: Mapping[str, Any]) -> Row:
        """Request an EIP under the id in *body*, and return it in its current state."""
        request = create_eip(body)
        reply, _ = await self.call(request)
        return parse_part(request, reply, "eip", str(body["id"]))

    async def perform(self, eip_id: str, action: str, body: Mapping[str, Any]) -> None:
        """Start *action* (``change-bandwidth``, ``user-metadata``)."""
        request = perform(eip_id, action, body)
        reply, _ = await self.call(request)
        json_object(request, reply)

    async def delete(self, eip_id: str) -> None:
        """Start the deletion for good of an EIP that nothing has; one that is gone already will do."""
        request = delete_eip(eip_id)
        reply = await self.call_about(request, eip_id)
        if reply is not None:
            json_object(request, reply)


def get_eip(eip_id: str) -> Request:
    """Read one EIP."""
    return Request("get_eip", "GET", id_path("eips", eip_id), "/eips/{id}", Traffic.READ)


def list_eips() -> Request:
    """List the EIPs of the project."""
    query = (("details", "false"), ("field", "id"), ("field", "name"))
    return Request("list_eips", "GET", "/eips", "/eips", Traffic.LIST, query)


def create_eip(body: Mapping[str, Any]) -> Request:
    """Make an EIP."""
    return Request("create_eip", "POST", "/eips", "/eips", Traffic.WRITE, body={"eip": dict(body)})


def perform(eip_id: str, action: str, body: Mapping[str, Any]) -> Request:
    """Start an action on an EIP."""
    return Request(
        f"eip_{action.replace('-', '_')}",
        "POST",
        f"{id_path('eips', eip_id)}/{action}",
        f"/eips/{{id}}/{action}",
        Traffic.WRITE,
        body={"eip": dict(body)},
    )


def delete_eip(eip_id: str) -> Request:
    """Delete an EIP."""
    return Request("delete_eip", "DELETE", id_path("eips", eip_id), "/eips/{id}", Traffic.WRITE)
