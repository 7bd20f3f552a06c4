"""A fleet that lives on while the cloud or Kubernetes is sick: what must never be, and that all gets well."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.e2e.user import LONG, condition, settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.user import User

SIZE = 6
POLLS = 5


@dataclass
class Fleet:
    """Some objects whose servers rest. *user*: their namespace, cloud and operator."""

    user: User
    names: list[str] = field(default_factory=list)
    servers: dict[str, str] = field(default_factory=dict)  # the id of each name's server

    def grow(self, *names: str) -> None:
        """Add objects, and wait until they are Ready."""
        for name in names:
            self.user.apply(name, onExternalDeletion="Recreate")
        for name in names:
            self.servers[name] = self.user.wait_ready(name)["id"]
            self.names.append(name)

    def statuses(self) -> Iterator[dict[str, Any]]:
        """Yield the status of each object."""
        return (self.user.status(name) for name in self.names)

    def reasons(self, kind: str = "Synced") -> set[str]:
        """Return the reasons that a condition gives anywhere."""
        return {condition(status, kind).get("reason", "") for status in self.statuses()}

    def is_well(self) -> bool:
        """Say whether every object is settled."""
        return all(settled(self.user.get(name)) for name in self.names)

    def wait_well(self, seconds: float = LONG) -> None:
        """Wait until every object is settled, without a touch."""
        self.user.until(self.is_well, "all are well again", seconds)

    def check_servers(self) -> None:
        """See that each object has its old server, and that there is no other."""
        found = {server["id"]: server for server in self.user.cloud.servers() if server["project"] == "lab"}
        assert set(found) == set(self.servers.values())
        for name, ident in self.servers.items():
            assert self.user.status(name)["id"] == ident
            assert found[ident]["metadata"]["user:onecloud.io/name"] == name
            assert not found[ident]["pending_deleted"]


def writes(counts: dict[str, int]) -> Counter[str]:
    """Return the calls that change something in the cloud."""
    return Counter({call: n for call, n in counts.items() if not call.startswith(("GET", "POST /v3"))})


def soak() -> bool:
    """Say whether the long forms are asked for, too (`make soak`)."""
    return "SOAK" in os.environ
