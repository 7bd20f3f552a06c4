"""
The cloud is sick in every way there is, one after the other, beside a fleet that rests.

While it lasts a user edits one object and makes another. Afterwards the edit is carried out and the new
server is there once, nothing else was written, and nobody had to touch anything.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.cluster.control_plane import free_port
from sandbox.cluster.namespaces import temporary
from tests.e2e.conftest import QUICK
from tests.e2e.fleet import POLLS, SIZE, Fleet, soak, writes
from tests.e2e.replica import Replica
from tests.e2e.user import LONG, User, condition
from tests.e2e.warm import Cloud, Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube
    from sandbox.cluster.process import Process

LISTS = r"^/servers\?"
PEAK_MIB = 350.0  # the budget for 10,000 objects holds for a sick cloud, too
MANY = 200 if soak() else 20
SILENCE_SECONDS = 150.0  # a call that is never answered is given up by then
ASKED = Counter({"PUT /servers/{id}": 1, "POST /servers": 1})  # what the user's two changes take
MAX_TRIES = 6  # of each, while they are refused; the waits between them grow


@dataclass(frozen=True)
class Sickness:
    """
    What the cloud does, and what a user sees meanwhile.

    *reasons*: one of them stands in Synced of the edited object and of the new one, and with *everywhere* of
    those that rest, too; none: nothing is to be seen, and the work is done all the same. *ready*: the status
    of Ready of what rests; *valid*: of CredentialsValid. *done*: calls are carried out, and only the answers
    are bad. *again*: creations fail, so what is left of each is removed, and it is made again.
    """

    begin: Callable[[Fleet], object]
    reasons: frozenset[str] = frozenset()
    end: Callable[[Fleet], object] = lambda fleet: fleet.user.cloud.call("clear_faults")
    seconds: float = LONG
    everywhere: bool = False
    ready: str = "True"
    valid: str = "True"
    done: bool = False
    again: bool = False


def fault(effect: str, **more: Any) -> Callable[[Fleet], object]:
    """Return what hits every call, or those that *more* describes, until the faults are cleared."""
    return lambda fleet: fleet.user.cloud.call("fault", effect=effect, **{"count": None, **more})


def setting(**changes: Any) -> Callable[[Fleet], object]:
    """Return a change of the cloud's settings."""
    return lambda fleet: fleet.user.cloud.call("settings", **changes)


def rows_of_others(fleet: Fleet) -> None:
    """Let every list hold our servers' rows as another project's, all of them gone wrong."""
    keys = ("id", "name", "status", "updated_at", "created_at", "update_version")
    rows = [{key: s.get(key) for key in keys} for s in fleet.user.cloud.servers()]
    others = [{**row, "tenant_id": "0" * 32, "project_id": "0" * 32, "status": "disk_fail"} for row in rows]
    body = json.dumps({"servers": others, "total": len(others), "limit": 100})
    fault("answer", method="GET", path=LISTS, status=200, body=body)(fleet)


def inner_calls_are_refused(fleet: Fleet) -> None:
    """Answer writes as the cloud does while one of its services cannot ask another: 400, with its words."""
    condition = {"status": 400, "kind": "InputParameterError", "details": "Invalid root image: 403 Forbidden"}
    for method in ("POST", "PUT"):
        fault("answer", method=method, path="^/servers", **condition)(fleet)


def hosts(*, online: bool) -> Callable[[Fleet], object]:
    return lambda fleet: fleet.user.cloud.call("set_host", online=online)


def hosts_are_back(fleet: Fleet) -> None:
    """Have the hosts back, and the cloud look at each server, as its agents do when they start."""
    fleet.user.cloud.call("set_host", online=True)
    for ident in fleet.servers.values():
        fleet.user.cloud.call("change", ident=ident, status="running")


def ahead(seconds: float) -> Callable[[Fleet], object]:
    return lambda fleet: fleet.user.cloud.call("set_clock", ahead_seconds=seconds)


UNREACHABLE = frozenset({"EndpointUnreachable"})
UNCLEAR = frozenset({"EndpointUnreachable", "ProviderError"})
REFUSED = frozenset({"CredentialsRejected"})
BUSY = frozenset({"RateLimited", "EndpointUnreachable"})
UNKNOWN = frozenset({"ServerUnknown", "NoCapacity"})
GARBAGE = {"path": "^/servers", "body": '{"servers": [{]'}
HTML = {"path": "^/servers", "content_type": "text/html"}
SICKNESSES = {
    "the-token-is-revoked": Sickness(lambda fleet: fleet.user.cloud.call("revoke_tokens")),
    "every-answer-is-late": Sickness(fault("pass", latency_seconds=1.0)),
    "every-call-hangs-and-is-cut": Sickness(fault("reset", latency_seconds=3.0), UNREACHABLE),
    "every-connection-is-reset": Sickness(fault("reset"), UNREACHABLE, everywhere=True),
    "too-many-requests": Sickness(fault("answer", status=429, kind="TooManyRequests"), BUSY),
    "bad-gateway": Sickness(fault("answer", status=502, body="<html>502</html>"), UNREACHABLE),
    "unavailable": Sickness(fault("answer", status=503), UNREACHABLE),
    "gateway-timeout": Sickness(fault("answer", status=504), UNREACHABLE),
    "the-database-is-down": Sickness(
        setting(database_down=True), UNCLEAR, setting(database_down=False), everywhere=True
    ),
    "identity-is-down": Sickness(
        fault("answer", status=403, kind="ForbiddenError"), REFUSED, everywhere=True, valid="False"
    ),
    "inner-calls-are-refused": Sickness(inner_calls_are_refused, frozenset({"ProviderError"})),
    "truncated-json": Sickness(fault("truncate", path="^/servers"), UNREACHABLE, everywhere=True, done=True),
    "garbage-json": Sickness(fault("garbage", **GARBAGE), UNCLEAR, everywhere=True, done=True),
    "another-content-type": Sickness(fault("mislabel", **HTML), UNCLEAR, everywhere=True, done=True),
    "an-endless-answer": Sickness(
        fault("endless", method="GET", path="^/servers"), UNCLEAR, everywhere=True, done=True
    ),
    "the-empty-list-lies": Sickness(setting(lists_empty=True), end=setting(lists_empty=False)),
    "filters-are-ignored": Sickness(setting(filters_ignored=True), end=setting(filters_ignored=False)),
    "rows-of-other-projects": Sickness(rows_of_others),
    "all-hosts-are-offline": Sickness(
        hosts(online=False), UNKNOWN, hosts_are_back, everywhere=True, ready="Unknown", again=True
    ),
    "its-clock-is-five-hours-ahead": Sickness(ahead(5 * 3600), end=ahead(0)),
    "its-clock-is-five-hours-behind": Sickness(ahead(-5 * 3600), end=ahead(0)),
}
LONG_SICKNESSES = {"every-call-hangs-for-ever": Sickness(fault("hang"), UNREACHABLE, seconds=SILENCE_SECONDS)}
KNOWN = SICKNESSES | LONG_SICKNESSES
# What waits for real times in `make soak` is run with an operator of little patience, too.
PLAYED = [("impatient", name) for name in KNOWN] + [("patient", name) for name in LONG_SICKNESSES if soak()]


@pytest.fixture(scope="module")
def fleet(
    request: pytest.FixtureRequest, control_plane: ControlPlane, kube: Kube, served: None
) -> Iterator[Fleet]:
    """Give a fleet that lives through all of them."""
    with temporary(kube, f"cloud-faults-{request.param}") as namespace, Cloud() as cloud:
        kube.apply(cloud.secret(namespace))
        kubeconfig = control_plane.kubeconfig_of("operator")
        with Operator(kubeconfig, waiting=True, namespaces=namespace, **QUICK) as operator:
            operator.start(*(["tests.e2e.impatient"] if request.param == "impatient" else []))
            fleet = Fleet(User(kube, namespace, cloud, operator))
            fleet.grow(*(f"web-{number}" for number in range(SIZE)))
            yield fleet
            fleet.user.check_secrets()


@pytest.mark.parametrize(("fleet", "name"), PLAYED, indirect=["fleet"], scope="module")
def test_nothing_is_lost_or_doubled_while(fleet: Fleet, name: str) -> None:
    sickness, user = KNOWN[name], fleet.user
    process, new = user.operator.process, f"new-{name}"
    user.cloud.call("reset_calls")
    sickness.begin(fleet)
    user.apply("web-0", {"description": name}, onExternalDeletion="Recreate")
    user.apply(new, onExternalDeletion="Recreate")
    if sickness.reasons:
        check_told(fleet, sickness, new)
    else:
        check_untold(fleet)
    meanwhile = [status.get("id") for status in fleet.statuses()]
    assert meanwhile == [fleet.servers[each] for each in fleet.names]
    sickness.end(fleet)
    fleet.grow(new)
    fleet.wait_well(sickness.seconds)
    fleet.check_servers()
    assert user.cloud.call("find", ident=fleet.servers["web-0"])["description"] == name
    check_writes(user, sickness)
    if name == "the-token-is-revoked":
        assert user.cloud.counts()["POST /v3/auth/tokens"] == 1
    assert process is not None
    assert user.operator.process is process
    check_memory(process)


def check_told(fleet: Fleet, sickness: Sickness, new: str) -> None:
    """See that those who wait for something are told why, and that what rests is said to be as it was."""
    wanted = {"web-0", new, *(fleet.names if sickness.everywhere else ())}
    what = f"one of {set(sickness.reasons)} on {wanted}"
    fleet.user.until(
        lambda: all(reason_of(fleet, name) in sickness.reasons for name in wanted), what, sickness.seconds
    )
    for name in fleet.names:
        status = fleet.user.status(name)
        assert condition(status, "Ready")["status"] == sickness.ready, name
        assert reason_of(fleet, name) in sickness.reasons | {"UpToDate"}, name
        assert condition(status, "Synced")["message"]
    assert condition(fleet.user.status("web-0"), "CredentialsValid")["status"] == sickness.valid
    assert condition(fleet.user.status(new), "Ready").get("status") != "True"


def check_untold(fleet: Fleet) -> None:
    """See that nothing is shown of it on what rests, while the cloud is looked at a few times."""
    seen = fleet.user.cloud.counts().get("GET /servers", 0)
    fleet.user.until(lambda: fleet.user.cloud.counts().get("GET /servers", 0) >= seen + POLLS, "more polls")
    for name in fleet.names[1:]:
        status = fleet.user.status(name)
        assert (condition(status, "Ready")["status"], reason_of(fleet, name)) == ("True", "UpToDate"), name


def reason_of(fleet: Fleet, name: str) -> str:
    """Return the reason of Synced."""
    return str(condition(fleet.user.status(name), "Synced").get("reason", ""))


def check_writes(user: User, sickness: Sickness) -> None:
    """See that nothing was carried out but what was asked for, once; a refusal may be tried a few times."""
    tried = writes(user.cloud.counts())
    carried_out = [c for c in user.cloud.call("calls") if 200 <= c["status"] < 300]
    done = writes(Counter(c["call"] for c in carried_out))
    if sickness.again:
        failed = done["DELETE /servers/{id}"]
        assert done == ASKED + Counter({"POST /servers": failed, "DELETE /servers/{id}": failed})
        assert failed <= MAX_TRIES
        return
    assert tried.keys() == ASKED.keys()
    if sickness.done:
        assert tried <= ASKED + ASKED
    else:
        assert done == ASKED
        assert max(tried.values()) <= MAX_TRIES


def test_ten_thousand_servers_that_turn_unknown_are_only_told_of(user: User) -> None:
    """As many as the machine allows: each is told once, and once more when it is known again."""
    user.operator.stop()
    user.operator.knobs |= {"listen_port": free_port()}
    user.operator.start()
    replica = Replica(user.operator, int(str(user.operator.knobs["listen_port"])))
    fleet = Fleet(user)
    fleet.grow(*(f"web-{number}" for number in range(MANY)))
    user.cloud.call("reset_calls")
    replica.refresh(user)
    before = replica.measure("kubernetes_requests_total", 'operation="write_status"')
    user.cloud.call("set_host", online=False)
    user.until(lambda: all(reason_of(fleet, name) == "ServerUnknown" for name in fleet.names), "all show it")
    assert {condition(status, "Ready")["status"] for status in fleet.statuses()} == {"Unknown"}
    hosts_are_back(fleet)
    fleet.wait_well()
    replica.refresh(user)
    after = replica.measure("kubernetes_requests_total", 'operation="write_status"')
    assert after - before <= MANY * 3  # two each; on a busy machine a list comes late, which is shown, too
    assert not writes(user.cloud.counts())
    fleet.check_servers()


def check_memory(process: Process) -> None:
    """See that memory stays bounded, whatever was answered."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (peak,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak / 1024 < PEAK_MIB
