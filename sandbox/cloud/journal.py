"""The request log: what was called, how often, and what it would have cost the real region."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field

from .wire import Request

KEPT_CALLS = 200_000
FIXED = frozenset({"check-create-data", "batch-user-metadata"})
# CPU milliseconds of the region process, measured: fixed cost of a call, and of each row in it.
LIST_MS, BARE_ROW_MS, DETAILS_ROW_MS = 2.5, 0.4, 2.2
EVENTS_MS, EVENT_ROW_MS = 3.0, 0.2
GET_MS, STATUS_MS, WRITE_MS = 12.0, 2.4, 30.0


@dataclass(frozen=True, slots=True)
class Call:
    """One call. *at* is monotonic; *status* is 0 when no answer went out; *body* has secrets in it."""

    method: str
    path: str
    template: str
    query: str
    status: int
    at: float
    seconds: float
    request_id: str
    body: bytes = field(default=b"", repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.template}"


@dataclass(slots=True)
class Journal:
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    counts: Counter[str] = field(default_factory=Counter)
    region_cpu_ms: float = 0.0

    def add(
        self, request: Request, query: str, status: int, started: float, request_id: str, rows: int
    ) -> None:
        template = template_of(request.path)
        call = Call(
            request.method,
            request.path,
            template,
            query,
            status,
            started,
            time.monotonic() - started,
            request_id,
            request.body,
        )
        self.calls.append(call)
        self.counts[str(call)] += 1
        self.region_cpu_ms += cost_ms(request, template, rows)

    def reset(self) -> None:
        self.calls.clear()
        self.counts.clear()
        self.region_cpu_ms = 0.0


def template_of(path: str) -> str:
    """Return *path* with the id or name in it replaced: ``/servers/{id}/start``."""
    parts = path.split("/")
    match parts:
        case ["", "v1", "images", _]:
            parts[3] = "{id}"
        case ["", kind, ident, *_] if kind not in {"v1", "v3"} and ident not in FIXED:
            parts[2] = "{id}"
    return "/".join(parts)


def cost_ms(request: Request, template: str, rows: int) -> float:
    """Return about how much CPU the real region would have spent."""
    match request.method, template:
        case "GET", "/servers":
            bare = not request.query.flag("details", default=True)
            return LIST_MS + rows * (BARE_ROW_MS if bare else DETAILS_ROW_MS)
        case "GET", "/events":
            return EVENTS_MS + rows * EVENT_ROW_MS
        case "GET", "/servers/{id}/status":
            return STATUS_MS
        case (("GET" | "HEAD"), _) if template.endswith("/{id}"):
            return GET_MS
        case "GET", _ if not template.startswith("/v3"):
            return LIST_MS + rows * BARE_ROW_MS
    return 0.0 if template.startswith("/v3") else WRITE_MS
