"""What is to be seen: the objects, as kubectl's watch tells of them, and the simulated cloud's servers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox.demo.shell import Follower, ShellError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.cluster.process import Process
    from sandbox.demo.shell import Shell
    from sandbox.stage import Cloud, Operator

NAMESPACE: Final = "shop"  # that of examples/
WATCH: Final = f"kubectl --namespace {NAMESPACE} get ocs --watch --output-watch-events --output json"
OWNER: Final = "user:onecloud.io/"

Object = dict[str, Any]


@dataclass
class Scene:
    """The parts that play; *cloud* is None where it is a real one, which we cannot look into."""

    shell: Shell
    operator: Operator
    operator_url: str
    cloud: Cloud | None
    objects: dict[str, Object] = field(default_factory=dict)
    _watch: Process | None = None
    _told: Follower | None = None

    def url(self, page: str) -> str:
        """Return where the operator serves a page."""
        return f"{self.operator_url}/{page}"

    def watch(self) -> None:
        """Follow the objects from now on."""
        self._watch = self.shell.start(f"exec {WATCH}")
        self._told = Follower(self._watch.log)

    def unwatch(self) -> None:
        """Stop following."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None

    def news(self) -> list[tuple[str, Object | None]]:
        """Take in what has happened since; return names with the objects, None for one that is gone."""
        if self._watch is None or self._told is None:
            return []
        if self._watch.exit_code is not None:
            raise ShellError(f"kubectl stopped watching:\n{self._watch.tail()}")
        found: list[tuple[str, Object | None]] = []
        for line in self._told.lines():
            if not line.startswith("{"):  # a warning of kubectl's
                continue
            event = json.loads(line)
            name: str = event["object"]["metadata"]["name"]
            if event["type"] == "DELETED":
                self.objects.pop(name, None)
                found.append((name, None))
            else:
                self.objects[name] = event["object"]
                found.append((name, event["object"]))
        return found

    def status(self, name: str) -> Object:
        """Return the status of an object, empty if there is none."""
        found: Object = self.objects.get(name, {}).get("status") or {}
        return found

    def owned(self, name: str) -> list[Object]:
        """Return the servers in the simulated cloud that carry an object's tags."""
        return [server for server in self.servers() if server["metadata"].get(f"{OWNER}name") == name]

    def servers(self) -> list[Object]:
        """Return all servers of the simulated cloud."""
        if self.cloud is None:
            raise AssertionError("a real cloud cannot be looked into")
        return self.cloud.servers()


def condition(status: Mapping[str, Any], kind: str) -> Object:
    """Return a condition, or an empty one."""
    found: Object = next((each for each in status.get("conditions") or () if each["type"] == kind), {})
    return found


def cells(found: Object) -> dict[str, str]:
    """Return what the columns of `kubectl get ocs` show of an object."""
    status = found.get("status") or {}
    server = status.get("server") or {}
    return {
        "NAME": found["metadata"]["name"],
        "READY": condition(status, "Ready").get("status", ""),
        "STATE": status.get("state", ""),
        "REASON": condition(status, "Synced").get("reason", ""),
        "IP": status.get("ip", ""),
        "CPU": str(server.get("cpu", "")),
        "MEMORY": server.get("memory", ""),
    }
