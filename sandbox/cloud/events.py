"""The operation log behind ``/events``: ascending ids, one line for each thing that happened to an object."""

import bisect
import dataclasses
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .guests import Guest
from .identity import ROLE_NAMES, Project, Role, User
from .times import row_time


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: a user in a project. The platform itself acts as regionadmin."""

    user_id: str
    user: str
    role: str
    project_id: str
    project: str

    @classmethod
    def of(cls, user: User, project: Project | None, role: Role | None) -> "Actor":
        return cls(
            user.id,
            user.name,
            ROLE_NAMES[role] if role else "",
            project.id if project else "",
            project.name if project else "",
        )


PLATFORM = Actor("c8a1f2e3d4b5460798a1b2c3d4e5f607", "regionadmin", "admin", "", "system")


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    obj_id: str
    obj_name: str
    obj_type: str
    action: str
    notes: str
    at: datetime
    actor: Actor
    owner_project: str
    owner_name: str

    def shown(self, *, details: bool = True) -> dict[str, Any]:
        """Return the event as the API shows it."""
        stamp = row_time(self.at)
        shown: dict[str, Any] = {
            "action": self.action,
            "domain": "Default",
            "domain_id": "default",
            "id": self.id,
            "obj_id": self.obj_id,
            "obj_name": self.obj_name,
            "obj_type": self.obj_type,
            "ops_time": stamp,
            "owner_domain_id": "default",
            "owner_tenant_id": self.owner_project,
            "project_domain": "Default",
            "project_domain_id": "default",
            "roles": self.actor.role,
            "tenant": self.actor.project,
            "tenant_id": self.actor.project_id,
            "user": self.actor.user,
            "user_id": self.actor.user_id,
        }
        if self.notes:
            shown["notes"] = self.notes
        if details:
            shown |= {
                "can_delete": False,
                "can_update": True,
                "owner_domain": "Default",
                "owner_tenant": self.owner_name,
            }
        return shown


@dataclass(slots=True)
class EventLog:
    """
    *enabled* False drops what happens from then on, as an installation without an operation log does.

    *lag_seconds* is how long a line waits for the one who writes them all: it has no id before that.
    """

    clock: Callable[[], datetime]
    project_name: Callable[[str], str]
    enabled: bool = True
    events: list[Event] = field(default_factory=list)
    next_id: int = 1001
    lag_seconds: float = 0.0
    waiting: deque[tuple[float, Event]] = field(default_factory=deque)

    def add(self, guest: Guest, action: str, notes: Any = "", actor: Actor = PLATFORM) -> None:
        """Write one line about *guest*; *notes* that are no text become JSON."""
        if not self.enabled:
            self.next_id += 1
            return
        text = notes if isinstance(notes, str) else json.dumps(notes, separators=(",", ":"))
        owner = guest.project_id
        at = self.clock().replace(microsecond=0)
        name = self.project_name(owner)
        event = Event(0, guest.id, guest.name, "server", action, text, at, actor, owner, name)
        self.waiting.append((time.monotonic(), event))
        self._write()

    def _write(self) -> None:
        while self.waiting and time.monotonic() - self.waiting[0][0] >= self.lag_seconds:
            _, event = self.waiting.popleft()
            self.events.append(dataclasses.replace(event, id=self.next_id))
            self.next_id += 1

    def ascending(self, marker: int | None) -> Iterator[Event]:
        """Yield events from *marker* on, inclusive, oldest first."""
        self._write()
        start = 0 if marker is None else bisect.bisect_left(self.events, marker, key=_id)
        return (self.events[at] for at in range(start, len(self.events)))

    def descending(self, marker: int | None) -> Iterator[Event]:
        """Yield events from *marker* down, inclusive, newest first."""
        self._write()
        end = len(self.events) if marker is None else bisect.bisect_right(self.events, marker, key=_id)
        return (self.events[at] for at in range(end - 1, -1, -1))


def _id(event: Event) -> int:
    return event.id
