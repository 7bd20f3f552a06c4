"""One of several operators, told apart by what it says of itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from sandbox.cluster.proxy import Proxy
    from sandbox.stage import Operator
    from tests.e2e.user import User

DURATION_SECONDS = 4
LEASE = {
    "leader_election": True,
    "lease_duration_seconds": DURATION_SECONDS,
    "lease_renew_seconds": 0.7,
    "lease_deadline_seconds": 2.5,
}
SAMPLE = re.compile(r"^([a-z_]+)(\{[^}]*\})? (\S+)$", re.MULTILINE)


@dataclass
class Replica:
    """One process, what it says of itself, and its own way to the API server if it has one."""

    operator: Operator
    port: int
    way: Proxy | None = None

    def get(self, path: str) -> tuple[int, str]:
        """Return status and body, or 0 if nobody answers."""
        try:
            reply = httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=2.0)
        except httpx.TransportError:
            return 0, ""
        return reply.status_code, reply.text

    def measure(self, name: str, labels: str = "") -> float:
        """Return the sum of a metric's series whose labels contain *labels*; no number if nobody answers."""
        status, text = self.get("/metrics")
        if status != httpx.codes.OK:
            return float("nan")
        found = SAMPLE.findall(text)
        return sum(
            float(value) for n, own, value in found if n == f"onecloud_operator_{name}" and labels in own
        )

    @property
    def beats(self) -> float:
        """How often its heart has beaten, once a second: figures with another number are newer ones."""
        return self.measure("event_loop_lag_seconds_count")

    def refresh(self, user: User) -> None:
        """Wait until its figures tell of all that was so when this was called."""
        beats = self.beats
        user.until(lambda: self.beats > beats + 1, "newer figures")

    @property
    def leads(self) -> bool:
        return self.measure("leader") == 1.0

    @property
    def stands_by(self) -> bool:
        status, text = self.get("/readyz")
        return status == httpx.codes.OK and text.startswith("standing by")

    @property
    def ready(self) -> bool:
        status, text = self.get("/readyz")
        return status == httpx.codes.OK and text.startswith("leading")

    @property
    def exit_code(self) -> int | None:
        assert self.operator.process is not None
        return self.operator.process.exit_code
