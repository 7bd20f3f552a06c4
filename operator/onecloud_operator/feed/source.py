"""The part of the cloud's client that a feed uses, and the validation of its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from onecloud_operator.onecloud.models import parse_time

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from datetime import datetime

    from onecloud_operator.onecloud import Collection, NamedRows
    from onecloud_operator.onecloud.models import EventPage, Row, ServerPage, ServerQuery

MAX_VERSION = 2**63 - 1
# Enough to see whether a server changed, in a seventh of the size of a whole row.
SLIM_FIELDS = ("id", "status", "update_version", "updated_at", "tenant_id", "pending_deleted")


class Source(Protocol):
    """The cloud as one member's credentials see it; ``onecloud.client.Cloud`` is one."""

    def __hash__(self) -> int:
        """Hash by identity."""
        ...

    @property
    def verified(self) -> bool:
        """Whether the cloud's certificate is verified."""
        ...

    @property
    def route(self) -> tuple[Hashable, ...]:
        """The endpoint and TLS settings of its calls; sources with equal routes fail alike."""
        ...

    async def list_servers(self, query: ServerQuery | None = None) -> ServerPage:
        """Return one page of servers."""
        ...

    async def get_server(self, server_id: str) -> Row | None:
        """Return the server, or None if it is proven gone."""
        ...

    async def events(  # noqa: PLR0913 - the client's signature
        self,
        *,
        marker: int | None = None,
        server_ids: Sequence[str] = (),
        actions: Sequence[str] = (),
        order: str = "ASC",
        limit: int = 1000,
        fields: Sequence[str] = (),
    ) -> EventPage:
        """Return events after *marker*."""
        ...

    async def list_named(self, collection: Collection, name: str) -> NamedRows:
        """Return everything in *collection* that has *name* and is visible to the project."""
        ...


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A valid row of the project."""

    id: str
    version: int
    updated_at: datetime
    row: Mapping[str, Any]


def checked_row(row: Mapping[str, Any], project_id: str) -> CheckedRow | None:
    """Return *row* checked, or None if it belongs to another project or lacks required columns."""
    server_id, version = row.get("id"), row.get("update_version")
    updated_at = parse_time(row.get("updated_at"))
    if row.get("tenant_id") != project_id or not isinstance(server_id, str) or updated_at is None:
        return None
    if not isinstance(version, int) or isinstance(version, bool) or abs(version) > MAX_VERSION:
        return None
    return CheckedRow(server_id, version, updated_at, row)
