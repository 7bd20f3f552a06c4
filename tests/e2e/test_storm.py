"""
Users, both APIs, faults and crashes in random order, against the real process; then the sky clears.

The seed is in the test's name; `make soak` plays more of them, and longer ones.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.cluster.proxy import Proxy
from tests.e2e.conftest import QUICK
from tests.e2e.fleet import soak, writes
from tests.e2e.user import KIND, SERVER, User, condition, settled
from tests.e2e.warm import Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from sandbox.stage import Cloud

SEEDS, GUSTS = (range(10), 100) if soak() else (range(3), 40)
NAMES = tuple(f"web-{number}" for number in range(5))
POLICIES = ("RecycleBin", "Delete", "Retain")
CLEAR_SECONDS = 120.0
# More is a loop. A change takes a handful of calls; most gusts are none, but a refusal is tried again.
WRITES_A_GUST = 4
KUBERNETES_WRITES_A_GUST = 10
FAILED = {"sched_fail", "disk_fail"}  # creations that may be cleared away
OURS = r"/onecloudservers/"
KUBERNETES: tuple[dict[str, Any], ...] = (
    *({"effect": "answer", "status": status} for status in (409, 422, 429, 500, 503)),
    {"effect": "cut"},
    {"effect": "lose"},
)


@dataclass
class Storm:
    """What was asked for so far. *policies*: of the objects that there are, by name."""

    user: User
    proxy: Proxy
    dice: random.Random
    policies: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # the UIDs whose server may go
    uids: dict[str, str] = field(default_factory=dict)  # of every server that was ever seen, by its id

    def gust(self) -> None:
        """Do one thing to the cloud, to an object, or to the operator."""
        acts: list[tuple[int, Callable[[], object]]] = [
            (10, self.apply),
            (3, self.delete),
            (3, self.lose_an_answer),
            (2, self.fail),
            (2, self.sicken),
            (2, self.clear),
            (2, self.switch),
            (3, self.crash),
            (2, self.confuse),
            (1, lambda: self.proxy.fault("expire", path="watch=true", count=1)),
            (1, lambda: self.user.cloud.call("revoke_tokens")),
            (1, self.recycle),
        ]
        weights, choices = zip(*acts, strict=True)
        self.dice.choices(choices, weights)[0]()

    def apply(self) -> None:
        """Make or change an object; one that is going away under this name is left alone."""
        name = self.dice.choice(NAMES)
        found = self.user.kube.get(KIND, name, self.user.namespace)
        if found is not None and found["metadata"].get("deletionTimestamp"):
            return
        policy = self.policies.setdefault(name, self.dice.choice(POLICIES))
        wanted: dict[str, Any] = {
            "cpu": self.dice.choice((1, 2, 4)),
            "description": f"number {self.dice.randrange(100)}",
            "tags": {"tier": self.dice.choice(("web", "db"))},
            "powerState": self.dice.choice(("Running", "Running", "Stopped")),
        }
        self.user.apply(
            name,
            wanted,
            deletionPolicy=policy,
            disruption={"allow": "Restart"},
            onExternalDeletion="Recreate",
        )

    def delete(self) -> None:
        name = self.dice.choice(NAMES)
        found = self.user.kube.get(KIND, name, self.user.namespace)
        if found is None:
            return
        if self.policies.pop(name, "Retain") != "Retain":
            self.asked.add(found["metadata"]["uid"])
        self.user.delete(name)

    def lose_an_answer(self) -> None:
        method = self.dice.choice(("POST", "PUT", "DELETE"))
        self.user.cloud.call("lose_answer", method=method, path="^/servers", count=1)

    def fail(self) -> None:
        """Have a task of the cloud fail."""
        operation, status = self.dice.choice(
            (
                ("create", "sched_fail"),
                ("create", "disk_fail"),
                ("start", "start_fail"),
                ("stop", "stop_fail"),
            )
        )
        self.user.cloud.call("fail_next", operation=operation, status=status)

    def sicken(self) -> None:
        effect = self.dice.choice(
            (
                {"effect": "answer", "status": self.dice.choice((403, 429, 500, 502, 503))},
                {"effect": "reset"},
                {"effect": "truncate"},
                {"effect": "garbage"},
                {"effect": "pass", "latency_seconds": 0.3},
                {"effect": "twice", "method": "POST"},
            )
        )
        self.user.cloud.call("fault", path="^/servers", count=self.dice.randint(1, 20), **effect)

    def confuse(self) -> None:
        """Have Kubernetes refuse or lose some of the operator's writes."""
        effect = self.dice.choice(KUBERNETES)
        self.proxy.fault(method="PATCH", path=OURS, count=self.dice.randint(1, 5), **effect)

    def clear(self) -> None:
        self.user.cloud.call("clear_faults")
        self.proxy.clear()

    def switch(self) -> None:
        """Start or stop a server beside the operator."""
        servers = [s for s in self.user.cloud.servers() if s["status"] in {"running", "ready"}]
        if servers:
            chosen = self.dice.choice(servers)
            if not chosen["pending_deleted"]:
                self.user.cloud.call("power", ident=chosen["id"], on=chosen["status"] == "ready")

    def recycle(self) -> None:
        """Move a server into the recycle bin beside the operator."""
        servers = [s for s in self.user.cloud.servers() if s["status"] in {"running", "ready"}]
        if servers:
            self.user.cloud.call("recycle", ident=self.dice.choice(servers)["id"])

    def crash(self) -> None:
        self.user.operator.kill()
        self.user.operator.start()

    def let_the_operator_look(self) -> None:
        """Wait until the cloud is asked for servers; nobody asks when there are no objects."""
        seen = self.asked_for_servers()
        self.user.until(
            lambda: self.asked_for_servers() > seen or not self.user.kube.list(KIND, self.user.namespace),
            "a look",
        )

    def asked_for_servers(self) -> int:
        return self.user.cloud.counts().get("GET /servers", 0)

    def look(self) -> None:
        """Note whose server each is; see that no object has two, and that none goes without being asked."""
        owned: Counter[str] = Counter()
        for server in self.user.cloud.servers():
            if uid := server["metadata"].get("user:onecloud.io/uid"):
                self.uids[server["id"]] = uid
                owned[uid] += 1
        assert max(owned.values(), default=0) <= 1, f"two servers of one object: {owned}"
        for call in self.user.cloud.call("calls"):
            if call["call"] != "DELETE /servers/{id}":
                continue
            ident = call["path"].rpartition("/")[2]
            statuses = self.user.cloud.call("statuses", ident=ident)
            assert self.uids.get(ident) in self.asked or FAILED & {*statuses}, f"not asked for: {ident}"

    def is_over(self, name: str) -> bool:
        """Say whether an object is as it shall be, gone, or rightly waits for a person to decide."""
        found = self.user.kube.get(KIND, name, self.user.namespace)
        if found is None or settled(found):
            return True
        status = found.get("status") or {}
        servers = self.user.cloud.servers()
        match condition(status, "Deleting" if "deletionTimestamp" in found["metadata"] else "Synced").get(
            "reason"
        ):
            case "InRecycleBin":  # a gust put it there
                return any(s["id"] == status["id"] and s["pending_deleted"] for s in servers)
            case "NameConflict":  # what an earlier object of this name let go keeps the name
                made = status["creation"]
                return any(s["name"] == made["name"] and s["id"] != made["id"] for s in servers)
        return False

    def kubernetes_writes(self) -> int:
        return sum(number for call, number in self.proxy.calls.items() if call.startswith("PATCH"))


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[Proxy]:
    """Give the way by which the operator sees Kubernetes."""
    with Proxy(control_plane.url, control_plane.authority) as running:
        yield running


@pytest.fixture
def user(  # noqa: PLR0913, PLR0917 - the parts
    control_plane: ControlPlane,
    kube: Kube,
    served: None,
    namespace: str,
    cloud: Cloud,
    proxy: Proxy,
    tmp_path: Path,
) -> Iterator[User]:
    """Give a namespace with working credentials, and an operator behind the proxy."""
    kube.apply(cloud.secret(namespace))
    knobs = {**QUICK, "delete_again_seconds": 1, "post_settle_seconds": 2, "gone_percent": 100}
    knobs["mass_deletion_percent"] = 100
    kubeconfig = control_plane.kubeconfig_by(proxy.url, tmp_path / "kubeconfig", "operator")
    with Operator(kubeconfig, namespaces=namespace, **knobs) as operator:
        made = User(kube, namespace, cloud, operator)
        yield made
        made.check_secrets()


@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_storm_every_object_has_its_one_server(user: User, proxy: Proxy, seed: int) -> None:
    storm = Storm(user, proxy, random.Random(seed))  # noqa: S311 - no secret
    for _ in range(GUSTS):
        storm.gust()
        if storm.dice.random() < 0.5:
            storm.let_the_operator_look()
        storm.look()
    storm.clear()
    user.until(lambda: all(storm.is_over(name) for name in NAMES), "the sky is clear", CLEAR_SECONDS)
    storm.look()
    servers = {server["id"]: server for server in user.cloud.servers()}
    for name in NAMES:
        found = user.kube.get(KIND, name, user.namespace)
        if found is None or not settled(found):
            continue
        server = servers[found["status"]["id"]]
        wanted = found["spec"]["server"]
        assert server["metadata"]["user:onecloud.io/uid"] == found["metadata"]["uid"]
        assert (server["vcpu_count"], server["description"]) == (wanted["cpu"], wanted["description"])
        assert server["status"] == ("running" if wanted["powerState"] == "Running" else "ready")
        assert server["vmem_size"] == int(SERVER["memory"].removesuffix("Gi")) * 1024
    assert writes(user.cloud.counts()).total() <= GUSTS * WRITES_A_GUST
    assert storm.kubernetes_writes() <= GUSTS * KUBERNETES_WRITES_A_GUST
