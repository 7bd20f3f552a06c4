"""The steps that change the Secret of a connection, as values; Kubernetes' words for them are in kube/."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onecloud_operator.core.connection_record import Connection


@dataclass(frozen=True, slots=True)
class WriteConnection:
    """Make the Secret, or bring it up to date; one that is not this object's own is left alone."""

    secret: str
    server_id: str
    connection: Connection


@dataclass(frozen=True, slots=True)
class DropConnection:
    """Delete a Secret that this object made and writes no more; one that is not its own is left alone."""

    secret: str


ConnectionWrite = WriteConnection | DropConnection
