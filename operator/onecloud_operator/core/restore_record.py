"""The record of a server that is taken out of the recycle bin, once, for the adoption that asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.status_values import given, text


@fast_dataclass(frozen=True, slots=True)
class Restore:
    """*since*, *done_at*: RFC 3339. *name*: the one in the bin, while the server is to have that again."""

    since: str
    name: str | None = None
    done_at: str | None = None

    def status(self) -> dict[str, str]:
        """Return ``status.restore``."""
        found = {"since": self.since, "name": self.name, "doneAt": self.done_at}
        return given(found)


def restore_in(found: object) -> Restore | None:
    """Read the record out of a status; what is not of its form counts as absent."""
    if not isinstance(found, Mapping):
        return None
    since, name, done_at = (text(found.get(key)) for key in ("since", "name", "doneAt"))
    return Restore(since, name, done_at) if since is not None else None
