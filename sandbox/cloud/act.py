"""One action on one server: what every module of actions is given, and the statuses they share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .events import Actor
from .guests import Guest
from .permissions import Caller
from .tasks import Walk
from .world import Fate, World

SETTLED = frozenset({"ready", "running"})


@dataclass(frozen=True, slots=True)
class Act:
    """An action that is allowed to *caller*. *body* is what was sent, out of its envelope."""

    world: World
    guest: Guest
    caller: Caller
    body: dict[str, Any]

    @property
    def actor(self) -> Actor:
        return self.caller.actor

    def outcome(self, operation: str, failure: str) -> Fate | None:
        """Return what the task of this action fails with, if the host has a part in it."""
        return self.world.outcome(self.guest, operation, failure)

    def run(self, name: str, walk: Walk) -> None:
        """Start the task of this action."""
        self.world.run(self.guest, name, walk)


# What an action returns is shown in place of the server.
Action = Callable[[Act], dict[str, Any] | None]
