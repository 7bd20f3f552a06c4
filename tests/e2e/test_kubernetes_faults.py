"""
The API server, or the way to it, is sick in every way, one after the other, beside a fleet that rests.

While it lasts a user edits one object, makes another and deletes a third. Afterwards all that is done, once,
and nobody had to touch anything.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.cluster.control_plane import ControlPlane, free_port
from sandbox.cluster.namespaces import temporary
from sandbox.cluster.proxy import Proxy
from sandbox.stage import CRDS, grant
from tests.e2e.conftest import QUICK
from tests.e2e.fleet import POLLS, SIZE, Fleet, soak, writes
from tests.e2e.replica import LEASE, Replica
from tests.e2e.user import LONG, User, settled
from tests.e2e.warm import Cloud, Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STATUS = r"/onecloudservers/[^/]+/status"
OURS = r"/onecloudservers"
WATCH = r"watch=true"
IMPATIENT = "tests.e2e.impatient"
LEASE_NAME = "onecloud-operator"
SILENT_SECONDS = 120.0  # a watch without a word is started again after 70 s
# A write that is refused is tried again at growing intervals: three objects make so many in a few seconds.
MAX_TRIES = 40


@dataclass
class Site:
    """A fleet whose operator sees Kubernetes through a proxy."""

    fleet: Fleet
    proxy: Proxy
    control_plane: ControlPlane

    def calls(self, method: str, path: str) -> int:
        """Return how many requests came in that match."""
        found = Counter(self.proxy.calls)
        return sum(n for call, n in found.items() if re.fullmatch(f"{method} .*{path}.*", call))


@dataclass(frozen=True)
class Sickness:
    """*begin* it; *seen*: what shows that the operator has met it. It ends when the faults are cleared."""

    begin: Callable[[Site], object]
    seen: Callable[[Site], object]
    seconds: float = LONG


def refused(status: int, path: str = STATUS, method: str = "PATCH", kind: str = "") -> Sickness:
    """Have requests refused; the operator has met it when it has tried three times."""

    def begin(site: Site) -> None:
        site.proxy.fault("answer", method=method, path=path, status=status, kind=kind)
        site.proxy.calls.clear()

    return Sickness(begin, lambda site: site.calls(method, path) >= 3)


def fault(effect: str, seen: Callable[[Site], object], seconds: float = LONG, **more: Any) -> Sickness:
    def begin(site: Site) -> None:
        site.proxy.calls.clear()
        site.proxy.fault(effect, **more)  # type: ignore[arg-type]

    return Sickness(begin, seen, seconds)


def polls(site: Site) -> bool:
    """Say whether the cloud was looked at again a few times, so that there was time to do harm."""
    return site.fleet.user.cloud.counts().get("GET /servers", 0) >= POLLS


def restart(site: Site) -> None:
    site.proxy.calls.clear()
    site.control_plane.restart_apiserver()


SICKNESSES = {
    "a-status-conflicts": refused(422),  # a failed test of a patch; what is not valid is named
    "a-status-is-invalid": refused(422, kind="OneCloudServer"),
    "a-status-is-too-much": refused(429),
    "a-status-is-forbidden": refused(403),
    "a-status-breaks-the-server": refused(500),
    "the-token-is-not-known": refused(401, path="", method=".*"),
    "every-write-is-lost-once-it-is-done": fault(
        "lose", lambda site: site.calls("PATCH", OURS) >= 4, method="PATCH", path=OURS, count=4
    ),
    "every-write-is-cut": fault(
        "cut", lambda site: site.calls("PATCH", OURS) >= 3, method="PATCH", path=OURS
    ),
    "nothing-is-answered": fault("hang", polls, path=OURS),
    "every-connection-is-cut": fault("cut", lambda site: site.proxy.calls.total() >= 3),
    "secrets-cannot-be-read": fault("answer", polls, path="/secrets/", status=500),
    "events-cannot-be-posted": fault("answer", polls, path="/events", method="POST", status=403),
    "the-watch-expires": fault("expire", lambda site: site.calls("GET", OURS) >= 2, path=WATCH, count=1),
    "the-api-server-restarts": Sickness(restart, polls),
}
LONG_SICKNESSES = {"the-watch-is-mute": fault("mute", polls, SILENT_SECONDS, path=WATCH, count=1)}
KNOWN = SICKNESSES | LONG_SICKNESSES
# What waits for real times in `make soak` is run with an operator of little patience, too.
PLAYED = [("impatient", name) for name in KNOWN] + [("patient", name) for name in LONG_SICKNESSES if soak()]


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a fleet that lives through all of them, on an API server of its own."""
    directory: Path = tmp_path_factory.mktemp("proxy")
    with ControlPlane() as control_plane, Proxy(control_plane.url, control_plane.authority) as proxy:
        control_plane.install_crds(CRDS)
        path = control_plane.kubeconfig_by(proxy.url, directory / "kubeconfig", "operator")
        with control_plane.client() as kube:
            grant(kube)
            with temporary(kube, "kubernetes-faults") as namespace, Cloud() as cloud:
                kube.apply(cloud.secret(namespace))
                knobs = {**QUICK, "delete_again_seconds": 1}
                with Operator(path, waiting=True, namespaces=namespace, **knobs) as operator:
                    operator.start(*([IMPATIENT] if request.param == "impatient" else []))
                    fleet = Fleet(User(kube, namespace, cloud, operator))
                    fleet.grow(*(f"web-{number}" for number in range(SIZE)))
                    yield Site(fleet, proxy, control_plane)
                    fleet.user.check_secrets()


@pytest.mark.parametrize(("site", "name"), PLAYED, indirect=["site"], scope="module")
def test_nothing_is_lost_or_doubled_while(site: Site, name: str) -> None:
    sickness, fleet = KNOWN[name], site.fleet
    user, process = fleet.user, fleet.user.operator.process
    fleet.grow("old")
    user.cloud.call("reset_calls")
    sickness.begin(site)
    user.apply("web-0", {"description": name}, onExternalDeletion="Recreate")
    user.apply(f"new-{name}", onExternalDeletion="Recreate")
    user.delete("old")
    user.until(lambda: sickness.seen(site), "the operator has met it")
    assert site.calls("PATCH", OURS) <= MAX_TRIES
    for rests in fleet.names[1:SIZE]:
        assert settled(user.get(rests)), f"{rests} was shown to be otherwise"
    site.proxy.clear()
    user.until(
        lambda: user.cloud.call("find", ident=fleet.servers["old"])["pending_deleted"],
        "it is removed",
        sickness.seconds,
    )
    user.wait_gone("old")
    user.cloud.call("erase", idents=[fleet.servers.pop("old")])
    fleet.names.remove("old")
    fleet.grow(f"new-{name}")
    user.until(
        lambda: user.cloud.call("find", ident=fleet.servers["web-0"])["description"] == name,
        "the edit is carried out",
        sickness.seconds,
    )
    fleet.wait_well()
    fleet.check_servers()
    # One PUT is the edit's, the other takes the lock off the server that is removed.
    done = {"PUT /servers/{id}": 2, "POST /servers": 1, "DELETE /servers/{id}": 1}
    assert writes(user.cloud.counts()) == done
    assert user.operator.process is process
    assert process is not None
    assert process.exit_code is None


@pytest.mark.parametrize("site", ["impatient"], indirect=True, scope="module")
def test_an_adoption_is_told_once_though_the_answers_to_its_writes_are_lost(site: Site) -> None:
    """The status shows it then, and nothing turns any more."""
    user = site.fleet.user
    server_id = user.cloud.call("add_server", name="legacy")
    site.proxy.fault("lose", method="PATCH", path=STATUS, count=4)
    user.apply("adopter", adoption={"policy": "Adopt", "id": server_id})

    def told() -> list[str]:
        return [e["message"] for e in user.kube.list("events", user.namespace) if e["reason"] == "Adopted"]

    user.until(told, "an Event says so")
    user.wait_ready("adopter")
    site.proxy.clear()
    assert told() == [f"Adopted server legacy ({server_id})."]
    user.delete("adopter")
    user.wait_gone("adopter")
    user.cloud.call("erase", idents=[server_id])


@pytest.mark.parametrize("site", ["impatient"], indirect=True, scope="module")
def test_a_lease_that_is_deleted_is_made_again_and_one_that_is_stolen_ends_the_process(site: Site) -> None:
    """The next process leads when the thief has not renewed it; each edit is carried out once."""
    fleet, user, operator = site.fleet, site.fleet.user, site.fleet.user.operator
    operator.stop()
    replica = Replica(operator, free_port())
    own = {"lease_namespace": user.namespace, "listen_address": "127.0.0.1", "listen_port": replica.port}
    operator.knobs |= {**LEASE, **own}
    operator.start(IMPATIENT)
    user.until(lambda: replica.ready, "it leads")
    user.cloud.call("reset_calls")
    user.kube.delete("leases", LEASE_NAME, user.namespace)
    user.until(lambda: user.kube.get("leases", LEASE_NAME, user.namespace), "the Lease is there again")
    edit(fleet, "after it was deleted")
    assert replica.leads
    user.kube.patch("leases", LEASE_NAME, user.namespace, {"spec": {"holderIdentity": "a-thief"}})
    user.until(lambda: replica.exit_code is not None, "it ends itself")
    assert replica.exit_code != 0
    operator.start(IMPATIENT)
    edit(fleet, "after it was stolen")
    fleet.check_servers()
    assert writes(user.cloud.counts()) == {"PUT /servers/{id}": 2}


def edit(fleet: Fleet, description: str) -> None:
    """Have the description of a server changed."""
    fleet.user.apply("web-0", {"description": description}, onExternalDeletion="Recreate")
    fleet.wait_well()
    found = fleet.user.cloud.call("find", ident=fleet.servers["web-0"])
    assert found["description"] == description
