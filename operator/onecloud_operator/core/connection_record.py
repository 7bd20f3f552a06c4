"""What the status remembers of the Secret with which an object tells how its server is reached."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.status_values import given, text

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME_LENGTH, DIGEST_LENGTH = 253, 16


@fast_dataclass(frozen=True, slots=True)
class ConnectionRecord:
    """
    *secret*: the one that is, or is about to be, written. *former*: to be deleted, since it was renamed.

    *written*: the digest of what was written last; None: nothing was, for certain.
    """

    secret: str | None = None
    former: str | None = None
    written: str | None = None


NO_CONNECTION = ConnectionRecord()


@fast_dataclass(frozen=True, slots=True)
class Connection:
    """
    What is to stand in the Secret. *values*: what whoever sees the object may know.

    *asks*: its password is asked for, and goes along if the cloud tells it. *set_at*: when the cloud says
    that it was last set.
    """

    values: tuple[tuple[str, str], ...]
    asks: bool = False
    set_at: str | None = None

    @property
    def digest(self) -> str:
        """Return what is equal for the same contents; no password is in it."""
        parts: Sequence[object] = (*self.values, ("password", self.asks, self.set_at))
        return blake2b(json.dumps(parts).encode(), digest_size=DIGEST_LENGTH // 2).hexdigest()


def connection_in(value: object) -> ConnectionRecord:
    """Read the record out of a status; what is not of its form counts as absent."""
    if not isinstance(value, dict):
        return NO_CONNECTION
    return ConnectionRecord(
        secret=text(value.get("secret")), former=text(value.get("former")), written=text(value.get("written"))
    )


def connection_status(record: ConnectionRecord) -> dict[str, Any] | None:
    """Return ``status.connection``."""
    found = {"secret": record.secret, "former": record.former, "written": record.written}
    return given({name: each[:NAME_LENGTH] for name, each in found.items() if each is not None}) or None
