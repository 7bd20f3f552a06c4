"""A place on the network that answers as a test says, to the byte: what the simulator is too polite for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from onecloud_operator.onecloud import AddressPolicy, Cloud, Credentials, Endpoints, Limits, Password, Project

if TYPE_CHECKING:
    from ssl import SSLContext

    from onecloud_operator.onecloud.models import Exchange

SERVER_ID = "11111111-2222-4333-8444-555555555555"
SERVER = {"id": SERVER_ID, "name": "web-0", "status": "running"}
PASSWORD = "correct-horse-battery"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived. *target* has the query, header names are lower-case."""

    method: str
    target: str
    headers: Mapping[str, str]
    content: bytes

    def __str__(self) -> str:
        return f"{self.method} {self.target}"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def token(self) -> str:
        return self.headers.get("x-auth-token", "")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; *raw* replaces everything, and what is left of *body* is sent as JSON."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    then_close: bool = False

    def __bytes__(self) -> bytes:
        if self.raw is not None:
            return self.raw
        content = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), **self.headers}
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


HANG = Answer(raw=b"", then_close=False)
LOST = Answer(raw=b"", then_close=True)

Respond = Callable[[Asked], Awaitable[Answer]]


@dataclass(slots=True)
class Place:
    """What the place saw."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    open_connections: int = 0
    connections: int = 0
    under_way: int = 0
    most_under_way: int = 0

    @property
    def calls(self) -> list[str]:
        return [str(asked) for asked in self.asked]


@asynccontextmanager
async def serving(
    respond: Respond, tls: SSLContext | None = None, address: str = "127.0.0.1"
) -> AsyncIterator[Place]:
    """Listen on a free port of loopback until the block ends."""
    talks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place.open_connections += 1
        place.connections += 1
        try:
            while (asked := await _read(reader)) is not None:
                place.asked.append(asked)
                place.under_way += 1
                place.most_under_way = max(place.most_under_way, place.under_way)
                try:
                    answer = await respond(asked)
                    if answer is HANG:
                        await asyncio.Event().wait()
                    writer.write(bytes(answer))
                    await writer.drain()
                finally:
                    place.under_way -= 1
                if answer.then_close:
                    break
        except ConnectionError:
            pass
        finally:
            place.open_connections -= 1
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.get_running_loop().create_task(talk(reader, writer))
        talks.add(task)
        task.add_done_callback(talks.discard)

    server = await asyncio.start_server(accept, address, 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    place = Place(f"{'https' if tls else 'http'}://127.0.0.1:{port}")
    try:
        yield place
    finally:
        server.close()
        for task in tuple(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()  # what is left to send has no reader any more
        await asyncio.sleep(0)


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode().strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Asked(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


class Clock:
    """Monotonic time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait until *condition* holds, or fail after ten seconds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


class Region:
    """
    A small cloud: signs in, and answers routes by a table of functions or fixed answers.

    *tokens* are those alive; each sign-in adds ``token-<n>``. A dead token gets 403, except from a server
    that is MISSING and from *unguarded* routes.
    """

    def __init__(self) -> None:
        self.url = ""
        self.compute_url: str | None = None
        self.tokens: set[str] = set()
        self.signed_in = 0
        self.lifetime_seconds = 86400
        self.sign_in: Answer | None = None
        self.routes: dict[str, Answer | Respond] = {}
        self.unguarded: set[str] = set()
        self.sign_ins: list[Any] = []

    async def respond(self, asked: Asked) -> Answer:
        if asked.path.endswith("/auth/tokens"):
            self.sign_ins.append(asked.json["auth"])
            return self.sign_in or self.session()
        route = f"{asked.method} {asked.path}"
        found = self.routes.get(route) or self.routes.get(asked.method)
        if asked.token not in self.tokens and found is not MISSING and route not in self.unguarded:
            return FORBIDDEN
        if found is None:
            return Answer(body={"servers": []})
        return found if isinstance(found, Answer) else await found(asked)

    def session(self) -> Answer:
        self.signed_in += 1
        token = f"token-{self.signed_in}"
        self.tokens.add(token)
        return Answer(
            body=token_body(self.compute_url or self.url, self.lifetime_seconds),
            headers={"X-Subject-Token": token},
        )


def signed_in_by(region: Region) -> list[str]:
    return [auth["identity"]["methods"][0] for auth in region.sign_ins]


def token_body(compute_url: str, lifetime_seconds: int = 86400) -> dict[str, Any]:
    minutes, seconds = divmod(lifetime_seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    return {
        "id": "x",
        "token": {
            "issued_at": "2026-11-01T00:00:00.000000Z",
            "expires_at": f"2026-11-{1 + days:02}T{hours:02}:{minutes:02}:{seconds:02}.000000Z",
            "project": {"id": "p-1", "name": "lab", "domain": {"id": "default", "name": "Default"}},
            "user": {"id": "u-1", "name": "labuser"},
            "access_key": {"access_key": "ak", "secret": "echoed-secret-key"},
            "catalog": [
                {
                    "type": "compute_v2",
                    "endpoints": [{"interface": "public", "region_id": "Beijing", "url": compute_url}],
                }
            ],
        },
    }


def error(status: int, error_class: str, details: str = "no") -> Answer:
    return Answer(status, {"code": status, "class": error_class, "details": details})


FORBIDDEN = error(403, "ForbiddenError", "not enough privilege")
MISSING = error(404, "ResourceNotFoundError", f"server {SERVER_ID} not found")


def credentials(url: str, **changes: Any) -> Credentials:
    given: dict[str, Any] = {
        "auth_url": url + "/v3",
        "method": Password(SecretStr(PASSWORD), user_name="labuser", user_domain_name="Default"),
        "project": Project(name="lab", domain_name="Default"),
    }
    return Credentials(**(given | changes))


def endpoints(
    *,
    limits: Limits | None = None,
    seen: list[Exchange] | None = None,
    clock: Callable[[], float] | None = None,
) -> Endpoints:
    watch = seen.append if seen is not None else None
    policy = AddressPolicy(allow_loopback=True)
    if clock is None:
        return Endpoints(policy, limits=limits, on_exchange=watch)
    return Endpoints(policy, limits=limits, on_exchange=watch, clock=clock)


async def asking(region: Region, call: Callable[[Cloud], Any]) -> tuple[Any, Place]:
    async with serving(region.respond) as place:
        region.url = place.url
        ours = endpoints()
        try:
            async with Cloud(credentials(place.url), ours) as cloud:
                return await call(cloud), place
        finally:
            await ours.close()
