"""The table of servers and its indices. Every write goes through here, so that they agree."""

import bisect
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from .disks import Disks
from .guests import Guest
from .times import row_time


class Store:
    """
    Servers by id (case is ignored, as the database does), by name, in the order of ids and of ``updated_at``.

    Really deleted rows stay, soft-deleted: that is why an id can never be used twice.
    """

    def __init__(self, clock: Callable[[], datetime], disks: Disks) -> None:
        self._clock = clock
        self._disks = disks
        self._guests: dict[str, Guest] = {}
        self._names: dict[str, set[str]] = {}
        self._ids: list[str] = []
        self._updated: list[tuple[datetime, str]] = []
        self.burnt: set[str] = set()

    def __len__(self) -> int:
        return len(self._ids)

    def now(self) -> datetime:
        """Return the database's clock: whole seconds."""
        return self._clock().replace(microsecond=0)

    def knows(self, ident: str) -> bool:
        """Return whether *ident* was ever inserted, be the row alive or not."""
        return ident.casefold() in self.burnt

    def get(self, ident: str) -> Guest | None:
        """Return the server with this id, recycled ones too, really deleted ones not."""
        guest = self._guests.get(ident.casefold())
        return None if guest is None or guest.gone else guest

    def deleted(self) -> Iterator[Guest]:
        """Yield the rows of really deleted servers."""
        return (guest for guest in self._guests.values() if guest.gone)

    def named(self, name: str, *, recycled: bool = False) -> list[Guest]:
        """Return the live servers with this name (case and outer blanks are ignored)."""
        idents = self._names.get(name.strip().casefold(), set())
        found = [self._guests[ident] for ident in idents]
        return [g for g in found if not g.gone and (recycled or not g.pending)]

    def add(self, guest: Guest) -> None:
        key = guest.id.casefold()
        self._guests[key] = guest
        self.burnt.add(key)
        self._names.setdefault(guest.name.casefold(), set()).add(key)
        bisect.insort(self._ids, key)
        bisect.insort(self._updated, (guest.updated, key))
        self._disks.adopt(guest)
        guest.history.append((guest.status, guest.row["power_states"], guest.pending))

    def add_many(self, guests: list[Guest]) -> None:
        """Add many servers at once; the indices are sorted only once."""
        for guest in guests:
            key = guest.id.casefold()
            self._guests[key] = guest
            self.burnt.add(key)
            self._names.setdefault(guest.name.casefold(), set()).add(key)
            self._ids.append(key)
            self._updated.append((guest.updated, key))
            self._disks.adopt(guest)
        self._ids.sort()
        self._updated.sort()

    def write(self, guest: Guest, *, bump: int = 1, **columns: Any) -> None:
        """
        Change *columns* of a row; the version rises by *bump* and the row's time moves.

        All disks of a server go into the recycle bin and out of it with its row.
        """
        if "name" in columns and columns["name"] != guest.name:
            key = guest.id.casefold()
            self._names[guest.name.casefold()].discard(key)
            self._names.setdefault(str(columns["name"]).casefold(), set()).add(key)
        if "pending_deleted" in columns and bool(columns["pending_deleted"]) != guest.pending:
            follow = self._disks.recycle_with if columns["pending_deleted"] else self._disks.restore_with
            follow(guest)
        guest.row.update(columns)
        guest.row["update_version"] += bump
        self._move(guest)
        state = (guest.status, guest.row["power_states"], guest.pending)
        if not guest.history or guest.history[-1] != state:
            guest.history.append(state)

    def erase(self, guest: Guest) -> None:
        """Soft-delete a row: only an administrator ever sees it again, and its id stays burnt."""
        guest.row.update(deleted=True, deleted_at=row_time(self.now()), pending_deleted=True)
        guest.row["update_version"] += 1
        self._move(guest)
        guest.history.append(("HTTP 404", "", True))
        key = guest.id.casefold()
        self._names[guest.name.casefold()].discard(key)
        del self._ids[bisect.bisect_left(self._ids, key)]
        del self._updated[bisect.bisect_left(self._updated, (guest.updated, key))]

    def after_id(self, last: str) -> Iterator[Guest]:
        """Yield servers whose id is greater than *last*, in the order of ids."""
        start = bisect.bisect_right(self._ids, last.casefold())
        return (self._guests[key] for key in self._ids[start:])

    def since(self, moment: datetime) -> Iterator[Guest]:
        """Yield servers that changed at *moment* or later."""
        start = bisect.bisect_left(self._updated, (moment, ""))
        return (self._guests[key] for _, key in self._updated[start:])

    def all(self) -> Iterator[Guest]:
        """Yield every server, recycled ones too, in the order of ids."""
        return (self._guests[key] for key in self._ids)

    def _move(self, guest: Guest) -> None:
        guest.encoded = None
        now = self.now()
        if now != guest.updated:
            key = guest.id.casefold()
            del self._updated[bisect.bisect_left(self._updated, (guest.updated, key))]
            guest.updated = now
            guest.row["updated_at"] = row_time(now)
            bisect.insort(self._updated, (now, key))
