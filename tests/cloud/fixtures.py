"""A cloud without a port and with a clock of its own: tasks run when the test says so."""

import heapq
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from sandbox.cloud import Control, World
from sandbox.cloud.app import App
from sandbox.cloud.disks import Disk
from sandbox.cloud.guests import Guest, Nic, new_row
from sandbox.cloud.identity import Token
from sandbox.cloud.inventory import Host
from sandbox.cloud.times import parse_time

USERS = {
    "labuser": "labuser",
    "sysadmin": "sysadmin",
    "lab2user": "otheruser",
    "labviewer": "viewer",
    "labeditor": "editor",
}


def spec(name: str = "web-0") -> dict[str, Any]:
    """Return the smallest good create body."""
    return {"name": name, "vcpu_count": 1, "vmem_size": 1024, "disks": [{"size": 10_240}]}


@dataclass
class Timer:
    call: Callable[[], None] | None

    def cancel(self) -> None:
        self.call = None


@dataclass
class Time:
    """Seconds that pass only when ``run`` lets them."""

    start: datetime
    passed: float = 0.0
    _waiting: list[tuple[float, int, Timer]] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def later(self, seconds: float, call: Callable[[], None]) -> Timer:
        timer = Timer(call)
        heapq.heappush(self._waiting, (self.passed + seconds, next(self._numbers), timer))
        return timer

    def run(self, until: Callable[[], bool] = lambda: False, *, seconds: float | None = None) -> None:
        """Let tasks run until none waits, *until* holds, or so many *seconds* are over."""
        end = None if seconds is None else self.passed + seconds
        while self._waiting and not until() and (end is None or self._waiting[0][0] <= end):
            self.passed, _, timer = heapq.heappop(self._waiting)
            if timer.call is not None:
                timer.call()
        if end is not None and not until():
            self.passed = end


class Scene:
    """One cloud at one moment."""

    def __init__(self, now: datetime | None = None) -> None:
        self.time = Time(now or datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
        self.world = World(clock=self.time.now)
        self.world.tasks.later = self.time.later
        self.world.tasks.step_seconds = 0.3
        self.app = App(self.world)
        self.cloud = Control(self.app)
        self._tokens: dict[str, Token] = {}

    @classmethod
    def recorded(cls, now: datetime) -> "Scene":
        """Return a cloud as the recorded one was: its host agent, a stub, says nothing of hot-plug."""
        scene = cls(now)
        scene.cloud.settings.hot_plug = ""
        return scene

    def token(self, name: str = "labuser") -> str:
        """Return a live token of the user that the recordings call *name*."""
        if name not in self._tokens:
            user = self.cloud.user(USERS.get(name, "labuser"))
            project = self.world.project(next(iter(user.roles)))
            self._tokens[name] = self.world.identity.issue(user, "password", self.time.now(), project=project)
        return self._tokens[name].text

    async def ask(
        self,
        method: str,
        target: str,
        *,
        token: str | None = "labuser",
        headers: Any = None,
        body: Any = None,
    ) -> httpx.Response:
        """Send one request into the application; *body* is sent as JSON unless it is a text already."""
        sent = dict(headers or {})
        if token is not None:
            sent["X-Auth-Token"] = self.token(token)
        content = body if isinstance(body, str) else b"" if body is None else json.dumps(body)
        if body is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/json"
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app), base_url="http://cloud"
        ) as client:
            return await client.request(method, target, headers=sent, content=content)

    async def create(self, name: str = "web-0", **more: Any) -> str:
        """Make a server as labuser, let its task end, and return its id."""
        reply = await self.ask("POST", "/servers", body={"server": spec(name) | more})
        assert reply.status_code == 200, reply.text
        self.time.run()
        return str(reply.json()["server"]["id"])

    async def act(self, ident: str, action: str, body: Any = None) -> httpx.Response:
        """Run one action as labuser; its task is left to run."""
        return await self.ask("POST", f"/servers/{ident}/{action}", body={"server": body or {}})

    def seed(self, row: dict[str, Any], **changes: Any) -> Guest:
        """Put a server into the cloud as *row* (bare or with details) shows it."""
        if existing := self.world.store.get(str(row["id"])):
            self.world.store.write(existing, bump=0, **changes)
            return existing
        updated = parse_time(str(row.get("updated_at", ""))) or self.time.now()
        columns = new_row(str(row["id"]), str(row["name"]), str(row.get("tenant_id", "")), updated)
        for key, empty in list(columns.items()):
            if key in row:
                columns[key] = row[key]
            elif isinstance(empty, str):
                columns[key] = ""
        columns |= changes
        guest = Guest(columns, updated, {"on": "on", "off": "off"}.get(str(row.get("power_states")), "off"))
        if columns["status"] == "disk_fail":
            guest.power = "unknown"
        if columns["status"] in {"running", "ready"}:
            guest.power = "on" if columns["status"] == "running" else "off"
        guest.metadata = dict(row.get("metadata", {"app_tags": ""}))
        guest.hidden = {"create_params": "{}", "__os_profile__": "{}"}
        self._add_host(columns["host_id"], str(row.get("host", "host")))
        guest.secgroups = [group["id"] for group in row.get("secgroups", [{"id": "default"}])]
        guest.disks = [_disk(disk) for disk in row.get("disks_info", ())]
        guest.nics = [_nic(nic) for nic in row.get("nics", ())]
        if "eip" in row:
            guest.eip_id = next(iter(self.world.inventory.addresses))
            self.world.inventory.addresses[guest.eip_id].address = str(row["eip"])
        for nic in guest.nics:
            if network := self.world.inventory.networks.get(nic.network_id):
                network.used.add(nic.address)
        self.world.store.add(guest)
        return guest

    def _add_host(self, ident: str, name: str) -> None:
        hosts = self.world.inventory.hosts
        if ident and ident not in hosts:
            hosts[ident] = Host(ident, name, next(iter(self.world.inventory.zones.values())))

    def fill(self, count: int, created_at: str, prefix: str) -> None:
        """Put *count* servers in the cloud that nothing is known of but when they were made."""
        for number in range(count):
            ident = f"{prefix}{number:032x}"[-36:]
            self.seed(
                {"id": ident, "name": f"{prefix}-{number}", "created_at": created_at, "status": "ready"},
                tenant_id="9ba548d7b41246938c5f46332a74bb50",
            )


def _disk(shown: dict[str, Any]) -> Disk:
    return Disk(
        shown["id"],
        shown["name"],
        shown["index"],
        shown["size"],
        shown["disk_type"],
        shown["storage_type"],
        shown["medium_type"],
        shown["driver"],
        shown["cache_mode"],
        shown.get("image", ""),
        shown.get("image_id", ""),
    )


def _nic(shown: dict[str, Any]) -> Nic:
    return Nic(
        shown["network_id"],
        shown["ifname"].rsplit("-", 1)[0],
        shown["ip_addr"],
        shown["mac"],
        shown["index"],
        default=shown["is_default"],
        vpc_id=shown.get("vpc_id", "default"),
    )
