"""
The cloud is sick in every way there is, one after the other, beside a fleet that rests.

While it lasts a user edits one object and makes another. Afterwards the edit is carried out and the new
server is there once, nothing else was written, and nobody had to touch anything.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.cluster.namespaces import temporary
from sandbox.stage import Cloud, Operator
from tests.e2e.conftest import QUICK
from tests.e2e.fleet import POLLS, SIZE, Fleet, soak, writes
from tests.e2e.play import LONG, Play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

LISTS = r"^/servers\?"
PEAK_MIB = 350.0  # the budget for 10,000 objects holds for a sick cloud, too
SILENCE_SECONDS = 150.0  # a call that is never answered is given up by then


@dataclass(frozen=True)
class Sickness:
    """
    What the cloud does, and what a user sees meanwhile.

    *reasons*: one of them stands in Synced of the edited object; none: the work is done all the same.
    *also*: a call that may be made beside those for what the user asked: the end of a failed creation.
    """

    begin: Callable[[Fleet], object]
    reasons: frozenset[str] = frozenset()
    end: Callable[[Fleet], object] = lambda fleet: fleet.play.cloud.call("clear_faults")
    also: str = ""
    seconds: float = LONG


def fault(effect: str, **more: Any) -> Callable[[Fleet], object]:
    """Return what hits every call, or those that *more* describes, until the faults are cleared."""
    return lambda fleet: fleet.play.cloud.call("fault", effect=effect, **{"count": None, **more})


def setting(**changes: Any) -> Callable[[Fleet], object]:
    """Return a change of the cloud's settings."""
    return lambda fleet: fleet.play.cloud.call("settings", **changes)


def rows_of_others(fleet: Fleet) -> None:
    """Let every list hold our servers' rows as another project's, all of them gone wrong."""
    keys = ("id", "name", "status", "updated_at", "created_at", "update_version")
    rows = [{key: s.get(key) for key in keys} for s in fleet.play.cloud.servers()]
    others = [{**row, "tenant_id": "0" * 32, "project_id": "0" * 32, "status": "disk_fail"} for row in rows]
    body = json.dumps({"servers": others, "total": len(others), "limit": 100})
    fault("answer", method="GET", path=LISTS, status=200, body=body)(fleet)


def hosts(*, online: bool) -> Callable[[Fleet], object]:
    return lambda fleet: fleet.play.cloud.call("set_host", online=online)


def hosts_are_back(fleet: Fleet) -> None:
    """Have the hosts back, and the cloud look at each server, as its agents do when they start."""
    fleet.play.cloud.call("set_host", online=True)
    for ident in fleet.servers.values():
        fleet.play.cloud.call("change", ident=ident, status="running")


def ahead(seconds: float) -> Callable[[Fleet], object]:
    return lambda fleet: fleet.play.cloud.call("set_clock", ahead_seconds=seconds)


UNREACHABLE = frozenset({"EndpointUnreachable"})
UNCLEAR = frozenset({"EndpointUnreachable", "ProviderError"})
REFUSED = frozenset({"CredentialsRejected"})
BUSY = frozenset({"RateLimited", "EndpointUnreachable"})
SICKNESSES = {
    "the-token-is-revoked": Sickness(lambda fleet: fleet.play.cloud.call("revoke_tokens")),
    "every-answer-is-late": Sickness(fault("pass", latency_seconds=1.0)),
    "every-call-hangs-and-is-cut": Sickness(fault("reset", latency_seconds=3.0), UNREACHABLE),
    "every-connection-is-reset": Sickness(fault("reset"), UNREACHABLE),
    "too-many-requests": Sickness(fault("answer", status=429, kind="TooManyRequests"), BUSY),
    "bad-gateway": Sickness(fault("answer", status=502, body="<html>502</html>"), UNREACHABLE),
    "unavailable": Sickness(fault("answer", status=503), UNREACHABLE),
    "gateway-timeout": Sickness(fault("answer", status=504), UNREACHABLE),
    "the-database-is-down": Sickness(fault("answer", status=500, path="^/servers"), UNCLEAR),
    "identity-is-down": Sickness(fault("answer", status=403, kind="ForbiddenError"), REFUSED),
    "truncated-json": Sickness(fault("truncate", path="^/servers"), UNREACHABLE),
    "garbage-json": Sickness(fault("garbage", path="^/servers", body='{"servers": [{]'), UNCLEAR),
    "another-content-type": Sickness(fault("garbage", path="^/servers", content_type="text/html"), UNCLEAR),
    "an-endless-answer": Sickness(fault("huge", method="GET", path="^/servers"), UNCLEAR),
    "its-clock-is-five-hours-ahead": Sickness(ahead(5 * 3600), end=ahead(0)),
    "its-clock-is-five-hours-behind": Sickness(ahead(-5 * 3600), end=ahead(0)),
    "the-empty-list-lies": Sickness(setting(lists_empty=True), end=setting(lists_empty=False)),
    "filters-are-ignored": Sickness(setting(filters_ignored=True), end=setting(filters_ignored=False)),
    "rows-of-other-projects": Sickness(rows_of_others),
    "all-hosts-are-offline": Sickness(
        hosts(online=False), frozenset({"ServerUnknown"}), hosts_are_back, "DELETE /servers/{id}"
    ),
}
LONG_SICKNESSES = {"every-call-hangs-for-ever": Sickness(fault("hang"), UNREACHABLE, seconds=SILENCE_SECONDS)}
PLAYED = SICKNESSES | LONG_SICKNESSES if soak() else SICKNESSES


@pytest.fixture(scope="module")
def fleet(control_plane: ControlPlane, kube: Kube, served: None) -> Iterator[Fleet]:
    """Give a fleet that lives through all of them."""
    with temporary(kube, "cloud-faults") as namespace, Cloud() as cloud:
        kube.apply(cloud.secret(namespace))
        operator = Operator(control_plane.kubeconfig_of("operator"), namespaces=namespace, **QUICK)
        with operator:
            fleet = Fleet(Play(kube, namespace, cloud, operator))
            fleet.grow(*(f"web-{number}" for number in range(SIZE)))
            yield fleet
            fleet.play.check_secrets()


@pytest.mark.parametrize("name", PLAYED)
def test_nothing_is_lost_or_doubled_while(fleet: Fleet, name: str) -> None:
    sickness, play = PLAYED[name], fleet.play
    process = play.operator.process
    play.cloud.call("reset_calls")
    sickness.begin(fleet)
    play.apply("web-0", {"description": name}, onExternalDeletion="Recreate")
    play.apply(f"new-{name}", onExternalDeletion="Recreate")
    if sickness.reasons:
        play.until(
            lambda: fleet.reasons() & sickness.reasons, f"one of {set(sickness.reasons)}", sickness.seconds
        )
    else:
        seen = play.cloud.counts().get("GET /servers", 0)
        play.until(lambda: play.cloud.counts().get("GET /servers", 0) >= seen + POLLS, "more polls")
    meanwhile = [status.get("id") for status in fleet.statuses()]
    assert meanwhile == [fleet.servers[each] for each in fleet.names]
    sickness.end(fleet)
    fleet.grow(f"new-{name}")
    fleet.wait_well(sickness.seconds)
    fleet.check_servers()
    assert play.cloud.call("find", ident=fleet.servers["web-0"])["description"] == name
    asked = writes(play.cloud.counts())
    assert set(asked) - {sickness.also} == {"PUT /servers/{id}", "POST /servers"}
    assert play.operator.process is process


def test_memory_stays_bounded_whatever_is_answered(fleet: Fleet) -> None:
    process = fleet.play.operator.process
    assert process is not None
    status = Path(f"/proc/{process.pid}/status").read_text()
    (peak,) = (int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak / 1024 < PEAK_MIB
