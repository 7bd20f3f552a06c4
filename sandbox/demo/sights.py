"""What must be seen for a step to have happened: in the cluster, and in the simulated cloud itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from sandbox.demo.scene import NAMESPACE, Object, Scene, condition
from sandbox.demo.shell import ShellError

CRD: Final = "onecloudservers.onecloud.io"


@dataclass(frozen=True, slots=True)
class Found:
    """What is seen now; *so*: it is what was expected."""

    so: bool
    text: str


@dataclass(frozen=True, slots=True)
class Sight:
    """Something to be seen. *cloud*: only in a simulated one, for nobody can look into another's."""

    what: str
    look: Callable[[Scene], Found]
    cloud: bool = False


def crd_served() -> Sight:
    """Expect the API server to serve the resource, and to explain it: that comes a moment later."""

    def look(scene: Scene) -> Found:
        path = "jsonpath={.status.conditions[?(@.type=='Established')].status}"
        try:
            established = scene.shell.ask("kubectl", "get", "crd", CRD, "--output", path)
            scene.shell.ask("kubectl", "explain", "ocs")
        except ShellError as error:
            return Found(so=False, text=str(error))
        return Found(established == "True", f"Established={established or 'nothing yet'}")

    return Sight("the cluster knows OneCloudServers", look)


def exists(kind: str, name: str) -> Sight:
    """Expect an object to be there."""

    def look(scene: Scene) -> Found:
        try:
            found = scene.shell.ask("kubectl", "-n", NAMESPACE, "get", kind, name, "--output", "name").strip()
        except ShellError as error:
            return Found(so=False, text=str(error))
        return Found(bool(found), found)

    return Sight(f"the {kind} {name} is there", look)


def operator_alive() -> Sight:
    """Expect the operator to say that it is well."""

    def look(scene: Scene) -> Found:
        url = scene.url("healthz")
        try:
            reply = httpx.get(url, trust_env=False, timeout=2.0)
        except httpx.TransportError as error:
            return Found(so=False, text=f"{url}: {error}")
        return Found(reply.is_success, f"{url} answers {reply.status_code}")

    return Sight("the operator runs", look)


def settled(name: str, state: str = "Running", **server: object) -> Sight:
    """Expect an object to be realised as it is now; *server* are fields of ``status.server``."""

    def look(scene: Scene) -> Found:
        found = scene.objects.get(name)
        if found is None:
            return Found(so=False, text="no such object")
        status = found.get("status") or {}
        shown = status.get("server") or {}
        generation = found["metadata"]["generation"]
        ready, synced = condition(status, "Ready"), condition(status, "Synced")
        so = (
            (status.get("observedGeneration"), ready.get("observedGeneration")) == (generation, generation)
            and (ready.get("status"), synced.get("status"), status.get("state")) == ("True", "True", state)
            and not condition(status, "Reconciling")
            and all(shown.get(key) == value for key, value in server.items())
        )
        return Found(so, _conditions(status, brief=so))

    return Sight(f"{name} is {state}{_wanted(server)}", look)


def says(name: str, kind: str, reason: str) -> Sight:
    """Expect a condition of an object's newest generation to give a reason."""

    def look(scene: Scene) -> Found:
        found = scene.objects.get(name)
        if found is None:
            return Found(so=False, text="no such object")
        status = found.get("status") or {}
        said = condition(status, kind)
        so = (
            said.get("reason") == reason and said.get("observedGeneration") == found["metadata"]["generation"]
        )
        return Found(so, _conditions(status, brief=so))

    return Sight(f"{name} says {reason}", look)


def gone(name: str) -> Sight:
    """Expect the cluster to hold no such object."""

    def look(scene: Scene) -> Found:
        try:
            listed = scene.shell.ask("kubectl", "-n", NAMESPACE, "get", "ocs", "-o", "name").split()
        except ShellError as error:
            return Found(so=False, text=str(error))
        so = not any(each.endswith(f"/{name}") for each in listed) and name not in scene.objects
        return Found(so, f"the namespace has {len(listed)} others" if so else _conditions(scene.status(name)))

    return Sight(f"the object {name} is gone", look)


def in_cloud(name: str, **columns: object) -> Sight:
    """Expect exactly one server of an object, with these columns, as the cloud itself holds them."""

    def look(scene: Scene) -> Found:
        servers = scene.owned(name)
        if len(servers) != 1:
            return Found(so=False, text=f"{len(servers)} servers that carry its tags")
        (server,) = servers
        return Found(_has(server, columns) and server["id"] == scene.status(name).get("id"), _server(server))

    return Sight(f"the cloud has one server of {name}", look, cloud=True)


def tagged(name: str, key: str, value: str) -> Sight:
    """Expect a user's tag on an object's server."""

    def look(scene: Scene) -> Found:
        values = [server["metadata"].get(f"user:{key}") for server in scene.owned(name)]
        return Found(values == [value], f"{key}={values[0]}" if values else "no server")

    return Sight("the server carries the tag in the cloud", look, cloud=True)


def recycled(name: str) -> Sight:
    """Expect an object's former server in the recycle bin."""

    def look(scene: Scene) -> Found:
        servers = scene.owned(name)
        so = len(servers) == 1 and servers[0]["pending_deleted"] is True
        return Found(so, ", ".join(map(_server, servers)) or "no server that carries its tags")

    return Sight("its server is in the cloud's recycle bin", look, cloud=True)


def has(name: str, **numbers: int) -> Sight:
    """Expect so many of each list in an object's ``status.server``."""

    def look(scene: Scene) -> Found:
        shown = scene.status(name).get("server") or {}
        found = {key: len(shown.get(key) or ()) for key in numbers}
        return Found(found == numbers, ", ".join(f"{number} {key}" for key, number in found.items()))

    return Sight(f"its status shows {', '.join(f'{number} {key}' for key, number in numbers.items())}", look)


def address_of(name: str, eip: str) -> Sight:
    """Expect an object's server to have an elastic IP, as the cloud itself holds it."""

    def look(scene: Scene) -> Found:
        if scene.cloud is None:
            raise AssertionError("a real cloud cannot be looked into")
        rows = (each for each in scene.cloud.call("addresses") if each["name"] == eip)
        row: Mapping[str, Any] = next(rows, {})
        so = bool(row) and row.get("associate_id") == scene.status(name).get("id")
        return Found(so, f"{row.get('ip_addr')} is that of {row.get('associate_name') or 'no server'}")

    return Sight(f"the elastic IP {eip} is that of {name}", look, cloud=True)


def untouched(name: str) -> Sight:
    """Expect a server that somebody else made to carry nothing of ours."""

    def look(scene: Scene) -> Found:
        found = [server for server in scene.servers() if server["name"] == name]
        so = len(found) == 1 and not any("onecloud.io" in key for key in found[0]["metadata"])
        return Found(so, "not even a tag was set" if so else f"{[each['metadata'] for each in found]}")

    return Sight("nothing was changed in the cloud", look, cloud=True)


def made_exactly(count: int) -> Sight:
    """Expect so many creations to have been asked of the cloud, no more and no fewer."""

    def look(scene: Scene) -> Found:
        if scene.cloud is None:
            raise AssertionError("a real cloud cannot be looked into")
        asked = scene.cloud.counts().get("POST /servers", 0)
        return Found(asked == count, f"POST /servers was called {asked} times, for {count} objects")

    return Sight("exactly one server was made for each object", look, cloud=True)


def _has(server: Mapping[str, Any], columns: Mapping[str, object]) -> bool:
    return all(server.get(key) == value for key, value in columns.items())


def _server(server: Mapping[str, Any]) -> str:
    bin_ = ", in the recycle bin" if server["pending_deleted"] else ""
    return (
        f"{server['name']}, {server['status']}, {server['vcpu_count']} CPU, {server['vmem_size']} MiB{bin_}"
    )


def _wanted(server: Mapping[str, object]) -> str:
    parts = [f"{key} {_plain(value)}" for key, value in server.items()]
    return f" with {', '.join(parts)}" if parts else ""


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}={each}" for key, each in value.items())
    return str(value)


def _conditions(status: Object, *, brief: bool = False) -> str:
    """Say in a line what an object says of itself; *brief*: not why, and nothing of other conditions."""
    parts = [] if brief else [status.get("state", "no state")]
    parts += [status["ip"]] if "ip" in status else []
    for each in status.get("conditions") or ():
        main = each["type"] in {"Ready", "Synced"}
        if main or not brief:
            why = "" if brief or (each["status"] == "True" and main) else f" ({each['message']})"
            parts.append(f"{each['type']}={each['status']} {each['reason']}{why}")
    return ", ".join(parts)
