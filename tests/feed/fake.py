"""A cloud without a network, on a simulated clock: for what is a matter of timing and counting."""

from __future__ import annotations

import bisect
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from onecloud_operator.onecloud import Collection, NamedRows
from onecloud_operator.onecloud.models import Event, EventPage, ServerPage, ServerQuery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from onecloud_operator.onecloud.errors import OneCloudError
    from tests.engine.simulated import SimulatedClock

PROJECT = "p1"
START = datetime(2026, 11, 23, 8, 0, 0, tzinfo=UTC)


class FakeCloud:
    """
    Servers by id, and a log of the calls made.

    *ahead_seconds* is how far its clock runs ahead, *date* what its answers are dated by. *hide* are ids that
    lists leave out, *fail* raises what is to be raised for a kind of call.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._born_at = clock.now
        self.rows: dict[str, dict[str, Any]] = {}
        self.log: list[Event] = []
        self.calls: list[tuple[float, str, ServerQuery | None]] = []
        self.hide: set[str] = set()
        self.fail: Callable[[str, ServerQuery | None], OneCloudError | None] = lambda _kind, _query: None
        self.rows_sent = 0
        self.verified = True
        self.way = ("public",)
        self.named: dict[Collection, list[dict[str, Any]]] = {}
        self.ahead_seconds = 0.0
        self.date: Callable[[], datetime | None] = lambda: self.now

    # -- what happens there ------------------------------------------------------------------------------
    @property
    def now(self) -> datetime:
        """Return its own clock, which is not ours."""
        seconds = self._clock.now - self._born_at + self.ahead_seconds
        return (START + timedelta(seconds=seconds)).replace(microsecond=0)

    def add(self, server_id: str, status: str = "running", **columns: Any) -> None:
        """Add a server."""
        self.rows[server_id] = {
            "id": server_id,
            "name": server_id,
            "status": status,
            "update_version": 1,
            "updated_at": self._stamp(),
            "tenant_id": PROJECT,
            "hypervisor": "kvm",
            "vcpu_count": 1,
            "vmem_size": 1024,
            "disable_delete": False,
            "pending_deleted": False,
        } | columns

    def change(self, server_id: str, **columns: Any) -> None:
        """Write a server's row."""
        row = self.rows[server_id]
        row |= columns
        row["update_version"] += 1
        row["updated_at"] = self._stamp()

    def happen(self, server_id: str, action: str, notes: str = "") -> None:
        """Write a line of the log of operations."""
        stamp = self._stamp()
        self.log.append(
            Event(len(self.log) + 100, action, server_id, server_id, notes=notes, happened_at=stamp)
        )

    def erase(self, *server_ids: str) -> None:
        """Really delete servers, and say nothing."""
        for server_id in server_ids:
            del self.rows[server_id]

    # -- what it is asked --------------------------------------------------------------------------------
    async def list_servers(self, query: ServerQuery | None = None) -> ServerPage:
        """List servers, filtered as the client does."""
        query = query or ServerQuery()
        asked_at = self._ask(kind_of(query), query)
        found = [row for row in self._candidates(query) if row["id"] not in self.hide and query.matches(row)]
        if query.order_by is not None:
            column = query.order_by
            found.sort(key=lambda row: str(row[column]), reverse=query.order == "desc")
        shown = found[: query.limit or 2048]
        self.rows_sent += len(shown)
        rows = tuple(self._shown(row, query) for row in shown)
        return ServerPage(rows, len(found), query.limit or 2048, 0, asked_at, dated=self.date())

    async def get_server(self, server_id: str) -> dict[str, Any] | None:
        """Return one server."""
        self._ask("get", None)
        row = self.rows.get(server_id)
        return None if row is None else self._detailed(row)

    async def events(  # noqa: PLR0913 - the client's signature
        self,
        *,
        marker: int | None = None,
        server_ids: Sequence[str] = (),
        actions: Sequence[str] = (),  # noqa: ARG002 - nobody asks for them
        order: str = "ASC",
        limit: int = 1000,
        fields: Sequence[str] = (),  # noqa: ARG002 - whole lines do as well
    ) -> EventPage:
        """Return events; the marked one is left out, as the client does."""
        asked_at = self._ask("events", None)
        found = sorted(self.log, key=lambda event: event.id, reverse=order == "DESC")
        if marker is not None:
            found = [e for e in found if (e.id >= marker if order == "ASC" else e.id <= marker)]
        found = [e for e in found if not server_ids or e.server_id in server_ids]
        page, rest = found[:limit], found[limit:]
        events = tuple(event for event in page if event.id != marker)
        return EventPage(events, rest[0].id if rest else None, asked_at)

    async def list_named(self, collection: Collection, name: str) -> NamedRows:
        """Return what *named* has, and count the question."""
        self._ask(f"{collection.value} {name}", None)
        found = tuple(row for row in self.named.get(collection, ()) if row["name"] == name)
        return NamedRows(found, complete=True)

    # -- what was asked ----------------------------------------------------------------------------------
    def kinds(self, since: float = 0.0) -> Counter[str]:
        """Count the calls of each kind since a time."""
        return Counter(kind for at, kind, _ in self.calls if at >= since)

    def times(self, kind: str) -> list[float]:
        """Return when calls of one kind came, in seconds since the beginning."""
        return [at - self._born_at for at, called, _ in self.calls if called == kind]

    # -- within ------------------------------------------------------------------------------------------
    def _stamp(self) -> str:
        return self.now.strftime("%Y-%m-%dT%H:%M:%S.000000Z")

    def _ask(self, kind: str, query: ServerQuery | None) -> float:
        self.calls.append((self._clock.now, kind, query))
        if (error := self.fail(kind, query)) is not None:
            raise error
        return self._clock.now

    def _candidates(self, query: ServerQuery) -> Iterable[dict[str, Any]]:
        if query.ids:
            return [self.rows[one] for one in query.ids if one in self.rows]
        after = [f.values[0] for f in query.filters if f.field == "id"]
        if after:
            ids = sorted(self.rows)
            return [self.rows[one] for one in ids[bisect.bisect_right(ids, after[0]) :]]
        since = [f.values[0].replace(" ", "T") for f in query.filters if f.field == "updated_at"]
        return [row for row in self.rows.values() if not since or row["updated_at"] >= since[0]]

    def _detailed(self, row: dict[str, Any]) -> dict[str, Any]:
        return row | {"disks_info": [], "metadata": {}, "secgroups": [], "disk": 10240}

    def _shown(self, row: dict[str, Any], query: ServerQuery) -> dict[str, Any]:
        whole = self._detailed(row) if query.details else dict(row)
        return {name: whole[name] for name in query.fields if name in whole} if query.fields else whole


def kind_of(query: ServerQuery) -> str:
    """Name what kind of list this is."""
    if query.ids:
        return "details" if query.details else "rows"
    if any(condition.field == "updated_at" for condition in query.filters):
        return "delta"
    return "newest" if query.order_by == "updated_at" else "probe" if query.limit == 1 else "sweep"
