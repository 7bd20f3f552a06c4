"""Two small jobs: everyone's details within the hour, and another try for credentials that were refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from onecloud_operator.onecloud.models import ServerQuery

if TYPE_CHECKING:
    from collections.abc import Hashable

    from onecloud_operator.feed.shared import Shared

K = TypeVar("K", bound="Hashable")


class Refresh(Generic[K]):
    """Has the oldest details read again."""

    name = "refresh"

    def __init__(self, shared: Shared[K]) -> None:
        self._shared = shared

    def due_at(self, now: float) -> float:  # noqa: ARG002 - a Job's signature
        """Return when the next batch is due."""
        return self._shared.wants.refresh_at

    async def run(self) -> None:
        """Want the next batch."""
        self._shared.wants.refresh(self._shared.clock.monotonic())


class Readmission(Generic[K]):
    """Tries the credentials that were set aside."""

    name = "readmission"

    def __init__(self, shared: Shared[K]) -> None:
        self._shared = shared

    def due_at(self, now: float) -> float:  # noqa: ARG002 - a Job's signature
        """Return when the next is to be tried."""
        return self._shared.members.retry_at()

    async def run(self) -> None:
        """Try one."""
        query = ServerQuery(fields=("id",), limit=1)
        await self._shared.members.try_again(lambda source: source.list_servers(query))
