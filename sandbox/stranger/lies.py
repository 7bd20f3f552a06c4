"""What a lying cloud answers, by the name of the lie; nearly all begin with a sign-in that is good."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

LETTERS: Final = string.ascii_letters + string.digits + "/"
GRIN: Final = "\N{GRINNING FACE}"  # one character that makes four bytes of every other one
SAID_CHARACTERS: Final = 16_000
ID_CHARACTERS: Final = 3_900
ROW_NAMES: Final = 130
PAGE_BYTES: Final = 7 * 2**20
WORTH_BYTES: Final = 23 * 2**20  # what a page may become in memory by the operator's own reckoning
TAG_CHARACTERS: Final = 60_000
REFUSAL_GRINS: Final = 250_000
HELD_SECONDS: Final = 5.0
SHORT_LIFE_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, the port that it came to, and its number among all that this lie was asked."""

    method: str
    path: str
    query: Mapping[str, str]
    port: int
    number: int

    @property
    def signs_in(self) -> bool:
        """Whether it is a sign-in."""
        return self.path.endswith("/auth/tokens")

    @property
    def lists_servers(self) -> bool:
        """Whether it is a page of servers, not only the newest one."""
        return self.path == "/servers" and self.query.get("limit") != "1" and self.method == "GET"

    @property
    def server(self) -> str | None:
        """The id of the one server that it is about."""
        head, _, ident = self.path.partition("/servers/")
        return ident.partition("/")[0] if ident and not head else None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. *missing*: so many bytes are promised that never come."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0


def token(asked: Asked, *, compute: str | None = None, lives_seconds: float | None = None) -> Answer:
    """Sign in to a project of the port's own; its servers are at *compute*, or here."""
    url = compute or f"http://127.0.0.1:{asked.port}"
    found: dict[str, Any] = {
        "project": {"id": f"project-{asked.port}", "name": "p"},
        "user": {"id": f"user-{asked.port}", "name": "u"},
        "catalog": [
            {
                "type": "compute_v2",
                "endpoints": [{"interface": "public", "region_id": "r", "url": url}],
            }
        ],
    }
    if lives_seconds is not None:
        ends_at = datetime.now(UTC) + timedelta(seconds=lives_seconds)
        found["expires_at"] = ends_at.strftime("%Y-%m-%dT%H:%M:%S.000000Z")
    return _json({"token": found}, headers={"X-Subject-Token": f"token-{asked.port}-{asked.number}"})


def otherwise(asked: Asked) -> Answer:
    """Answer as a cloud that is empty."""
    if asked.signs_in:
        return token(asked)
    if asked.server is not None:
        return _json(
            {"class": "ResourceNotFoundError", "details": f"server {asked.server} not found"}, status=404
        )
    return _json({"servers": [], "events": []})


async def hangs(_asked: Asked) -> Answer | None:
    """Answer nothing."""
    return None


async def hangs_later(asked: Asked) -> Answer | None:
    """Answer nothing but sign-ins."""
    return token(asked) if asked.signs_in else None


async def is_empty(asked: Asked) -> Answer:
    """Answer as a cloud that is well, and empty."""
    return otherwise(asked)


async def is_sick(_asked: Asked) -> Answer:
    """Refuse all with 503."""
    return Answer(503, b'{"details": "no worker"}')


async def fails_at_length(_asked: Asked) -> Answer:
    """Refuse all with nearly as much as is read of a refusal."""
    return Answer(401, _long_refusal())


async def never_ends(asked: Asked) -> Answer:
    """Give page after page of what costs most to read, with an id that is new in each row."""
    if not asked.lists_servers:
        return otherwise(asked)
    return Answer(body=_endless().replace(b"@@@@@@@@@", b"%09d" % asked.number))


async def stalls(asked: Asked) -> Answer:
    """Give nearly all of an answer as large as is read of a list, and never its end."""
    if not asked.lists_servers:
        return otherwise(asked)
    return Answer(body=b'{"servers": [' + b" " * PAGE_BYTES, missing=2**19)


async def has_long_ids(asked: Asked) -> Answer:
    """Name rows that nobody asked for by ids of thousands of characters."""
    if not asked.lists_servers:
        return otherwise(asked)
    rows = [_row(f"{asked.number:06d}-{row:04d}{GRIN}{_text(ID_CHARACTERS)}", asked) for row in range(500)]
    return _json({"servers": rows, "total": 10**9})


async def has_wide_rows(asked: Asked) -> Answer:
    """Give the server that is asked for tags without end."""
    if asked.signs_in or (asked.server is None and not asked.query.get("id")):
        return otherwise(asked)
    ident = asked.server or asked.query["id"]
    tags = {f"user:{number}": GRIN + _text(TAG_CHARACTERS) for number in range(16)}
    row = _row(ident, asked) | {"name": "wide", "metadata": tags}
    return _json({"server": row} if asked.server else {"servers": [row], "total": 1})


async def has_no_calendar(asked: Asked) -> Answer:
    """Date the rows before all time and after it."""
    if asked.signs_in or asked.server is not None:
        return otherwise(asked)
    if not asked.path.startswith("/servers"):
        return _json({"events": [{"id": asked.number, "ops_time": "9999-12-31T23:59:59Z"}]})
    times = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1969-12-31T23:59:59+23:59")
    rows = [_row(f"row-{number}", asked) | {"updated_at": each} for number, each in enumerate(times)]
    return _json({"servers": rows, "total": len(rows)})


async def moves(asked: Asked) -> Answer:
    """Give tokens that live for two seconds, and another place for the servers with each."""
    if asked.signs_in:
        second, third = divmod(asked.number % 50_000, 250)
        compute = f"http://127.1.{second}.{third + 1}:{asked.port}"
        return token(asked, compute=compute, lives_seconds=SHORT_LIFE_SECONDS)
    return otherwise(asked)


class Refusals:
    """Refusals that come all at once: creations are held until so many wait, or for a moment."""

    def __init__(self, together: int) -> None:
        self._together = together
        self._waiting = 0
        self._full = asyncio.Event()

    async def refuses(self, asked: Asked) -> Answer:
        """Refuse a creation with a long text."""
        if asked.signs_in or asked.method == "GET":
            return otherwise(asked)
        self._waiting += 1
        full = self._full
        if self._waiting >= self._together:
            full.set()
        try:
            async with asyncio.timeout(HELD_SECONDS):
                await full.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._full = asyncio.Event()
        return _json({"class": "InputParameterError", "details": _text(SAID_CHARACTERS)}, status=400)


# None: no answer, for ever.
LIES: Final[Mapping[str, Callable[[Asked], Coroutine[Any, Any, Answer | None]]]] = {
    "hangs": hangs,
    "hangs-later": hangs_later,
    "is-empty": is_empty,
    "is-sick": is_sick,
    "never-ends": never_ends,
    "stalls": stalls,
    "fails-at-length": fails_at_length,
    "has-long-ids": has_long_ids,
    "has-wide-rows": has_wide_rows,
    "has-no-calendar": has_no_calendar,
    "moves": moves,
}

_random = random.Random(1)  # noqa: S311 - no secret


def _text(characters: int) -> str:
    return "".join(_random.choices(LETTERS, k=characters))


def _row(ident: str, asked: Asked) -> dict[str, Any]:
    return {
        "id": ident,
        "update_version": asked.number,
        "updated_at": "2026-11-29T00:00:00Z",
        "tenant_id": f"project-{asked.port}",
        "status": "running",
    }


@cache
def _long_refusal() -> bytes:
    return json.dumps({"class": "Refused", "details": GRIN * REFUSAL_GRINS}, ensure_ascii=False).encode()


@cache
def _endless() -> bytes:
    names = itertools.count()
    rows: list[str] = []
    worth = 0
    while worth < WORTH_BYTES:
        more = "".join(f',"{next(names):x}":[]' for _ in range(ROW_NAMES))
        rows.append(f'{{"id":"@@@@@@@@@{len(rows):04d}"{more}}}')
        worth += len(rows[-1]) + ROW_NAMES * (64 + 64 + 128) + 256
    return f'{{"servers":[{",".join(rows)}],"total":1000000}}'.encode()


def _json(body: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(body, ensure_ascii=False).encode(), headers or {})
