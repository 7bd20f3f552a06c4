"""One request and one answer, as the simulator's parts see them: no ASGI beyond this module."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


class Query:
    """The query string; lists are spelt ``a=1&a=2`` or ``a.0=1&a.1=2``, objects ``tags.0.key=k``."""

    def __init__(self, text: str) -> None:
        self.pairs = parse_qsl(text, keep_blank_values=True)

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def all(self, name: str) -> list[str]:
        """Return every value of *name*, plain or indexed, in the order sent."""
        prefix = name + "."
        return [
            v for k, v in self.pairs if k == name or (k.startswith(prefix) and k[len(prefix) :].isdigit())
        ]

    def one(self, name: str) -> str | None:
        """Return the last value of *name*, or None if it was not sent."""
        found = [v for k, v in self.pairs if k == name]
        return found[-1] if found else None

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return *name* as the cloud reads a boolean: true, yes, on and 1 are true."""
        value = self.one(name)
        return default if value is None else value.lower() in {"true", "yes", "on", "1"}

    def tags(self) -> list[tuple[str, str | None]]:
        """Return the tag conditions: key and value (None = the key exists)."""
        found: dict[str, dict[str, str]] = {}
        for name, value in self.pairs:
            match name.split("."):
                case ["tags", index, ("key" | "value") as part]:
                    found.setdefault(index, {})[part] = value
        return [(tag["key"], tag.get("value")) for tag in found.values() if tag.get("key")]


@dataclass(slots=True)
class Request:
    """One call. *body* is empty when it came chunked: the cloud reads none without a Content-Length."""

    method: str
    path: str
    query: Query
    headers: dict[str, str]
    body: bytes = b""

    @property
    def token(self) -> str:
        return self.headers.get("x-auth-token", "")

    def json(self) -> Any:
        """Return the decoded body; None for an empty one, for no JSON, and for another content type."""
        if not self.body or "json" not in self.headers.get("content-type", ""):
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def inner(self, key: str) -> dict[str, Any]:
        """Return the object under *key*, or the whole body if it is sent bare; empty for anything else."""
        body = self.json()
        if not isinstance(body, dict):
            return {}
        nested = body.get(key)
        return nested if isinstance(nested, dict) else body


@dataclass(slots=True)
class Answer:
    """What goes back. *body* is JSON text already, so that cached rows are never encoded twice."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=utf-8"
    rows: int = 0


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """Return *value* as a JSON answer."""
    return Answer(status, encode(value), headers or {})


def encode(value: Any) -> bytes:
    """Return *value* as the JSON bytes that go on the wire."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
