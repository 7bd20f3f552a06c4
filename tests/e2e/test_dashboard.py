"""The dashboard's queries and the alerts' rules, asked of a real Prometheus that scrapes a real operator."""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any, Final

import httpx
import pytest
import yaml

from sandbox.cluster.control_plane import free_port
from sandbox.cluster.process import Process
from sandbox.stage import ROOT
from tests.e2e.test_alerts import ALERTS, RULES
from tests.programs import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.e2e.user import User

DASHBOARD: Final = ROOT / "helm" / "onecloud-operator" / "files" / "dashboard.json"
PANELS: Final = [each for each in json.loads(DASHBOARD.read_text())["panels"] if each["type"] != "row"]
WELL: Final = {panel["title"] for panel in PANELS if "noValue" in panel["fieldConfig"]["defaults"]}
# What only a fault of the operator, one that lasts for minutes, or a provider gives data.
NOT_PLAYED: Final = {
    "Objects by provider",
    "Providers that cannot be used",
    "Alerts that fire",
    "Passes that failed",
    "Requests to Kubernetes without an answer",
    "Runs that failed",
}
assert NOT_PLAYED < WELL
START_SECONDS: Final = 30.0
SCRAPES: Final = 4


class Prometheus:
    """A Prometheus of one's own, which scrapes one operator each second and has the chart's rules."""

    def __init__(self, program: str, directory: Path, target: int) -> None:
        port = free_port()
        config = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(ALERTS)],
            "scrape_configs": [
                {
                    "job_name": "onecloud-operator",
                    "static_configs": [
                        {"targets": [f"127.0.0.1:{target}"], "labels": {"namespace": "onecloud-system"}}
                    ],
                }
            ],
        }
        file = directory / "prometheus.yml"
        file.write_text(yaml.safe_dump(config))
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30.0)
        self._process = Process(
            [
                program,
                f"--config.file={file}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
            ],
            log=directory / "prometheus.log",
        )

    def close(self) -> None:
        self._process.stop()
        self._http.close()

    def ready(self) -> bool:
        assert self._process.exit_code is None, self._process.tail()
        try:
            return self._http.get("/-/ready").is_success
        except httpx.TransportError:
            return False

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Return the series that *query* gives now."""
        reply = self._http.get("/api/v1/query", params={"query": query})
        answer = reply.json()
        assert answer["status"] == "success", f"{query}: {answer.get('error')}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        groups = self._http.get("/api/v1/rules").json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def scrapes(self) -> int:
        found = self.ask("count_over_time(onecloud_operator_build_info[10m])")
        return int(found[0]["value"][1]) if found else 0


@pytest.fixture
def prometheus(user: User, tmp_path: Path) -> Iterator[Prometheus]:
    """Give a Prometheus that scrapes the user's operator from its start on."""
    program = needs("prometheus")["prometheus"]
    port = free_port()
    user.operator.stop()
    user.operator.knobs |= {"listen_address": "127.0.0.1", "listen_port": port}
    user.operator.start()
    running = Prometheus(program, tmp_path, port)
    try:
        user.until(running.ready, "Prometheus is ready", START_SECONDS)
        user.until(running.scrapes, "the operator was scraped", START_SECONDS)
        yield running
    finally:
        running.close()


def asked_in(panel: dict[str, Any]) -> Iterator[str]:
    """Yield the queries of a panel, as Grafana sends them with all operators chosen."""
    for target in panel["targets"]:
        yield target["expr"].replace("$job", ".*").replace("$__rate_interval", "2m")


def numbers(prometheus: Prometheus, query: str) -> list[float]:
    """Return what *query* gives, without what is no number."""
    values = (float(series["value"][1]) for series in prometheus.ask(query))
    return [value for value in values if value == value]  # noqa: PLR0124 - NaN is not itself


def lacking(prometheus: Prometheus) -> set[str]:
    """Return the panels of which a query gives nothing."""
    return {
        panel["title"] for panel in PANELS if not all(numbers(prometheus, query) for query in asked_in(panel))
    }


def until(condition: Callable[[], bool], seconds: float = START_SECONDS) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def test_every_panel_has_data_or_says_that_all_is_well(user: User, prometheus: Prometheus) -> None:
    user.apply()
    user.wait_ready()
    edits = itertools.count(1)

    def shown_while_edited() -> bool:
        """Return whether all is shown; what happened before the first scrape shows in no rate."""
        user.apply(server={"description": f"edited {next(edits)}"})
        return prometheus.scrapes() >= SCRAPES and lacking(prometheus) <= WELL

    until(shown_while_edited)
    user.wait_ready()
    assert lacking(prometheus) - WELL == set()
    shown = {panel["title"] for panel in PANELS} - lacking(prometheus)
    assert shown.isdisjoint({"In trouble", "Wait for a person", "Objects in trouble", "Passes that failed"})


def test_trouble_shows_in_each_panel_that_is_empty_otherwise(user: User, prometheus: Prometheus) -> None:
    user.cloud.call("fault", method="POST", path="^/servers$", status=429, kind="TooManyRequests", count=2)
    user.cloud.call("add_server", name=f"{user.namespace}.web-2")
    user.apply("web-2")
    user.wait_reason("NameConflict", "web-2")
    until(lambda: lacking(prometheus) <= NOT_PLAYED)
    assert lacking(prometheus) <= NOT_PLAYED


def test_prometheus_takes_every_rule_and_finds_it_healthy(user: User, prometheus: Prometheus) -> None:
    user.apply()
    user.wait_ready()
    until(lambda: all(rule["health"] == "ok" for rule in prometheus.rules()))
    found = prometheus.rules()
    assert {rule["name"] for rule in found} == set(RULES)
    assert {rule["health"] for rule in found} == {"ok"}
    assert not [rule["name"] for rule in found if rule["state"] == "firing"]


def test_every_panel_asks_of_the_operators_that_are_chosen() -> None:
    for panel in PANELS:
        for target in panel["targets"]:
            assert 'job=~"$job"' in target["expr"] or "ALERTS{" in target["expr"], panel["title"]
