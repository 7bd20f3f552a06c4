"""``top``: the servers summed up, and never more rows than asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.cli import cluster
from onecloud_operator.cli.fleet import arranged, row_of, size_text, totals
from tests.cli.conftest import condition

if TYPE_CHECKING:
    from tests.cli.conftest import Desk


def server(
    name: str, cpu: Any = 2, memory: Any = "4Gi", disk: Any = "10Gi", reason: str = "UpToDate"
) -> dict[str, Any]:
    well = "True" if reason == "UpToDate" else "False"
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "generation": 1,
            "creationTimestamp": f"2026-11-0{cpu if isinstance(cpu, int) else 1}T00:00:00Z",
        },
        "status": {
            "observedGeneration": 1,
            "state": "Running",
            "conditions": [condition("Synced", well, reason), condition("Ready", "True", "Available")],
            "server": {"cpu": cpu, "memory": memory, "diskTotal": disk},
        },
    }


FLEET = [
    row_of(each)
    for each in (
        server("a", 2, "8Gi", "10Gi"),
        server("b", 8, "4Gi", "100Gi", "RestartNeeded"),
        server("c", 4, "4Gi", "512Mi"),
    )
]


@pytest.mark.parametrize(
    ("order", "names"), [("memory", "abc"), ("cpu", "bca"), ("disk", "bac"), ("age", "acb"), ("name", "abc")]
)
def test_the_greatest_or_oldest_comes_first(order: str, names: str) -> None:
    assert [row["name"] for row in arranged(FLEET, order)] == list(names)


def test_sums_states_and_reasons() -> None:
    assert totals(FLEET) == {
        "servers": 3,
        "ready": 2,
        "cpu": 14,
        "memoryMiB": 16384,
        "diskMiB": 113152,
        "states": {"Running": 3},
        "reasons": {"RestartNeeded": 1},
    }
    assert [size_text(mib) for mib in (0, 512, 4096, 1536, 3 * 2**20)] == [
        "0",
        "512Mi",
        "4Gi",
        "1.5Gi",
        "3Ti",
    ]


@pytest.mark.parametrize("odd", [True, "x", None, -1.5, [], {}])
def test_what_is_no_size_counts_nothing(odd: object) -> None:
    row = row_of(server("a", odd, odd, odd))
    assert (row["cpu"], row["memoryMiB"], row["diskMiB"]) == (0, 0, 0)


def test_rows_are_limited_and_the_sums_are_of_all(desk: Desk) -> None:
    for number in range(1, 4):
        desk.apply(f"web-{number}")
        status = server("x", number)["status"]
        desk.tell(f"web-{number}", **status)
    said = desk.run("top", "--sort", "cpu", "--limit", "2")
    lines = said.out.splitlines()
    assert lines[0].split() == [
        "NAMESPACE",
        "NAME",
        "READY",
        "STATE",
        "REASON",
        "CPU",
        "MEMORY",
        "DISK",
        "IP",
        "AGE",
    ]
    assert [line.split()[1] for line in lines[1:3]] == ["web-3", "web-2"]
    assert lines[-2:] == [
        "and 1 more: --limit shows them",
        "3 servers, 3 as wanted: 6 CPUs, 12Gi memory, 30Gi disk",
    ]
    found = desk.run("top", "-o", "json", "--limit", "1").json
    assert (len(found["items"]), found["omitted"], found["total"]["servers"]) == (1, 2, 3)


def test_objects_of_any_size_are_listed_in_smaller_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who makes objects chooses their size, and keeps nobody else from seeing the fleet."""
    for number in range(8):
        body = desk.apply(f"web-{number}")
        notes = {"metadata": {"annotations": {"team.example/notes": "x" * 20_000}}}
        desk.kube.patch("onecloudservers", body["metadata"]["name"], desk.namespace, notes)
    monkeypatch.setattr(cluster, "ANSWER_BYTES", 60_000)
    assert desk.run("top", "-o", "json").json["total"]["servers"] == 8
    monkeypatch.setattr(cluster, "ANSWER_BYTES", 10_000)
    assert "the answer is larger than" in desk.run("top").err


def test_only_what_is_not_as_wanted_can_be_asked_for(desk: Desk) -> None:
    desk.apply("new")
    said = desk.run("top", "--not-ready")
    assert "\n1 server, 0 as wanted: 0 CPUs" in said.out
    assert "not as wanted: 1 NotYetObserved" in said.out
    assert desk.run("top", "-l", "app=none").out.splitlines()[-1].startswith("0 servers")
