"""What one process remembers of the Secret of a connection; losing it costs a look, never safety."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.connection_writes import DropConnection, WriteConnection
from onecloud_operator.core.fast_dataclass import fast_dataclass, replace

if TYPE_CHECKING:
    from onecloud_operator.core.connection_writes import ConnectionWrite


@fast_dataclass(frozen=True, slots=True)
class ConnectionMemory:
    """
    *written*: digest of what was written and is not on record yet. *dropped*: the Secret that was deleted.

    *looked_at*: when the Secret was last seen to be as wanted (monotonic). *asked*: the request for another
    look that was obeyed by it.
    """

    written: str | None = None
    dropped: str | None = None
    looked_at: float | None = None
    asked: str | None = None


def connected(
    memory: ConnectionMemory, step: ConnectionWrite, ended_at: float, asked: str | None
) -> ConnectionMemory:
    """Return the memory after *step* was done; *asked*: the request for another look that stood there."""
    match step:
        case WriteConnection(connection=connection):
            return replace(memory, written=connection.digest, looked_at=ended_at, asked=asked)
        case DropConnection(secret=secret):
            return replace(memory, dropped=secret)


def on_record(memory: ConnectionMemory) -> ConnectionMemory:
    """Return the memory once what was done stands in the status."""
    return replace(memory, written=None, dropped=None)
