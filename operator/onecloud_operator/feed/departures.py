"""The end of a deletion: a row that stops being there moves no version, and events may be off."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.feed.cache import NEVER
from onecloud_operator.feed.details import ask_about_absent
from onecloud_operator.onecloud.models import ServerQuery

if TYPE_CHECKING:
    from collections.abc import Hashable

    from onecloud_operator.feed.shared import Shared

K = TypeVar("K", bound="Hashable")


class Departures(Generic[K]):
    """Asks every few seconds which of the servers that are being deleted are still there."""

    name = "departures"

    def __init__(self, shared: Shared[K]) -> None:
        self._shared = shared
        self._ended_at = NEVER

    def due_at(self, now: float) -> float:  # noqa: ARG002 - a Job's signature
        """Return when they are to be looked for again."""
        if not self._shared.cache.departing:
            return float("inf")
        return self._ended_at + self._shared.options.departing_seconds

    async def run(self) -> None:
        """Look for one batch."""
        shared, departing = self._shared, self._shared.cache.departing
        now = shared.clock.monotonic()
        batch = list(islice(departing, shared.options.batch_ids))
        for server_id in batch:
            if now - departing[server_id] > shared.options.departing_most_seconds:
                del departing[server_id]
            else:
                departing.move_to_end(server_id)
        try:
            query = ServerQuery(ids=tuple(batch), fields=("id",), limit=len(batch))
            page = await shared.members.list_servers(query)
        finally:
            self._ended_at = shared.clock.monotonic()
        listed, asked_at = {row["id"] for row in page.rows}, page.asked_at
        del page  # kept by nobody while others are waited for
        await ask_about_absent(shared, [one for one in batch if one not in listed], len(batch), asked_at)
