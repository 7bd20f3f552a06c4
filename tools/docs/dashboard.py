"""The Grafana dashboard of the chart, out of a table of its panels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

TITLE: Final = "OneCloud operator"
UID: Final = "onecloud-operator"
COLUMNS: Final = 24  # Grafana's grid
STAT_WIDTH, STAT_HEIGHT, WIDTH, HEIGHT = 4, 4, 8, 8
OF: Final = '{job=~"$job"}'
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}

Query = tuple[str, str]  # PromQL and its legend


@dataclass(frozen=True, slots=True)
class Panel:
    """*well*: what it shows instead of data while all is well; None: there is always data."""

    title: str
    text: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"
    unit: str = "short"
    well: str | None = None
    alarm: float | None = None  # red from here on


def per_second(metric: str, *labels: str, where: str = "") -> str:
    """Return the rate of a counter by its labels."""
    chosen = f'{{job=~"$job"{"," if where else ""}{where}}}'
    return f"sum by ({', '.join(labels)}) (rate(onecloud_operator_{metric}_total{chosen}[$__rate_interval]))"


def slowest(metric: str, *labels: str, share: float = 0.95) -> str:
    """Return how long all but the slowest few took, by labels."""
    rate = f"rate(onecloud_operator_{metric}_seconds_bucket{OF}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by ({', '.join(('le', *labels))}) ({rate}))"


def summed(metric: str, *labels: str, where: str = "") -> str:
    """Return the sum of a gauge by its labels."""
    by = f" by ({', '.join(labels)})" if labels else ""
    chosen = f'{{job=~"$job"{"," if where else ""}{where}}}'
    return f"sum{by} (onecloud_operator_{metric}{chosen})"


def gauge(metric: str) -> str:
    """Return a gauge, for each process."""
    return f"max by (instance) (onecloud_operator_{metric}{OF})"


FEED: Final = ("cloud", "region", "project")
OF_FEED: Final = "{{cloud}} {{region}} {{project}}"
NONE: Final = "none"
ROWS: Final[dict[str, tuple[Panel, ...]]] = {
    "Now": (
        Panel("Leaders", "One process writes; none or two are an alert.", ((summed("leader"), ""),), "stat"),
        Panel("Objects", "All objects that are managed.", ((summed("servers"), ""),), "stat"),
        Panel(
            "In trouble",
            "Objects that are neither as wanted nor on their way.",
            ((summed("objects_in_trouble"), ""),),
            "stat",
            well=NONE,
            alarm=1,
        ),
        Panel(
            "Wait for a person",
            "Objects in trouble for which waiting does not help.",
            ((summed("objects_in_trouble", where='stalled="true"'), ""),),
            "stat",
            well=NONE,
            alarm=1,
        ),
        Panel(
            "Projects out of touch",
            "Projects whose cloud does not answer.",
            ((f"sum(1 - onecloud_operator_feed_in_touch{OF})", ""),),
            "stat",
            alarm=1,
        ),
        Panel(
            "Version",
            "Of each process.",
            ((f"count by (version) (onecloud_operator_build_info{OF})", "{{version}}"),),
            "stat",
        ),
    ),
    "Objects": (
        Panel(
            "Objects by the state of their server",
            "As the cloud shows it.",
            ((f"{summed('servers', 'state')} > 0", "{{state}}"),),
        ),
        Panel(
            "Objects by reason",
            "Of the condition Synced.",
            ((f"{summed('objects', 'reason')} > 0", "{{reason}}"),),
        ),
        Panel(
            "Objects in trouble",
            "By namespace and reason; `kubectl get ocs -n NAMESPACE` shows which.",
            (
                (
                    summed("objects_in_trouble", "object_namespace", "reason", "stalled"),
                    "{{object_namespace}} {{reason}}",
                ),
            ),
            "table",
            well=NONE,
        ),
        Panel(
            "Servers in dispute",
            "Objects, or objects and owner tags, do not agree about them; see `kubectl onecloud orphans`.",
            ((summed("servers_disputed", "dispute"), "{{dispute}}"),),
        ),
        Panel(
            "Steps towards a spec",
            "What was done, in the cloud and in Kubernetes.",
            ((per_second("steps", "step"), "{{step}}"),),
            unit="ops",
        ),
        Panel(
            "Steps that failed",
            "Refused by the cloud, or failed on the way, by reason.",
            ((per_second("errors", "reason"), "{{reason}}"),),
            unit="ops",
            well=NONE,
        ),
        Panel(
            "Alerts that fire",
            "Those of this chart, where Prometheus has its rules.",
            (('sum by (alertname) (ALERTS{alertname=~"OneCloud.*",alertstate="firing"})', "{{alertname}}"),),
            "table",
            well=NONE,
        ),
    ),
    "Clouds": (
        Panel(
            "Age of the newest poll",
            "How old what is known of a project's servers is.",
            ((f"max by ({', '.join(FEED)}) (onecloud_operator_feed_staleness_seconds{OF})", OF_FEED),),
            unit="s",
            alarm=300,
        ),
        Panel("Servers that are watched", "By project.", ((summed("feed_servers", *FEED), OF_FEED),)),
        Panel(
            "Providers that cannot be used",
            "By name; `kubectl get onecloudproviders` says why.",
            ((f"max by (provider) (onecloud_operator_provider_ready{OF}) == 0", "{{provider}}"),),
            "table",
            well=NONE,
        ),
        Panel(
            "Objects by provider",
            "Of those that name one.",
            ((summed("provider_servers", "provider"), "{{provider}}"),),
            well=NONE,
        ),
        Panel(
            "Requests",
            "To clouds, by what they ask.",
            ((per_second("cloud_requests", "operation"), "{{operation}}"),),
            unit="reqps",
        ),
        Panel(
            "Requests without success",
            "By HTTP status, or how the connection failed.",
            ((per_second("cloud_requests", "code", where='code!~"2.."'), "{{code}}"),),
            unit="reqps",
            well=NONE,
        ),
        Panel(
            "Duration of requests",
            "95 % took no longer, without waiting for a slot.",
            ((slowest("cloud_request_duration", "operation"), "{{operation}}"),),
            unit="s",
        ),
        Panel(
            "Requests under way and waiting",
            "Waiting: for a slot of their origin.",
            (
                (summed("cloud_requests_in_flight", "lane"), "{{lane}} under way"),
                (summed("cloud_requests_waiting", "lane"), "{{lane}} waiting"),
            ),
        ),
        Panel(
            "Throttled",
            "Answers that reduced a limit on requests.",
            ((per_second("cloud_throttled", "operation"), "{{operation}}"),),
            unit="ops",
            well=NONE,
        ),
        Panel(
            "Rows that were read",
            "By the task that read them.",
            ((per_second("feed_rows", "task"), "{{task}}"),),
            unit="ops",
        ),
        Panel(
            "Runs that failed",
            "Of a feed's tasks.",
            ((per_second("feed_calls", "task", where='result="failed"'), "{{task}}"),),
            unit="ops",
            well=NONE,
        ),
    ),
    "Work": (
        Panel("Passes", "Over objects.", ((per_second("passes", "lane"), "{{lane}}"),), unit="ops"),
        Panel(
            "Passes that failed",
            "By a fault of the operator; its log has the place.",
            ((per_second("passes", "lane", where='result="failed"'), "{{lane}}"),),
            unit="ops",
            well=NONE,
        ),
        Panel(
            "Duration of passes",
            "95 % took no longer.",
            ((slowest("pass_duration", "lane"), "{{lane}}"),),
            unit="s",
        ),
        Panel(
            "Wait for a pass",
            "95 % waited no longer for a worker.",
            ((slowest("pass_wait", "lane"), "{{lane}}"),),
            unit="s",
        ),
        Panel(
            "Objects that wait",
            "For a worker; parked: while their namespace has its share.",
            (
                (summed("queue_depth", "lane"), "{{lane}}"),
                (summed("queue_parked"), "parked"),
                (summed("queue_running"), "at work"),
                (summed("queue_delayed"), "later"),
            ),
        ),
        Panel(
            "Longest wait",
            "Of an object in the queue.",
            (
                (f"max by (lane) (onecloud_operator_queue_oldest_seconds{OF})", "{{lane}}"),
                (f"max by (lane) (onecloud_operator_queue_parked_oldest_seconds{OF})", "{{lane}} parked"),
            ),
            unit="s",
            alarm=30,
        ),
    ),
    "Process": (
        Panel(
            "Requests to Kubernetes",
            "Beside the watch.",
            ((per_second("kubernetes_requests", "operation"), "{{operation}}"),),
            unit="reqps",
        ),
        Panel(
            "Requests to Kubernetes without an answer",
            "Or with an error of the API server's own.",
            ((per_second("kubernetes_requests", "code", where='code=~"none|429|5.."'), "{{code}}"),),
            unit="reqps",
            well=NONE,
        ),
        Panel(
            "Duration of requests to Kubernetes",
            "95 % took no longer.",
            ((slowest("kubernetes_request_duration", "operation"), "{{operation}}"),),
            unit="s",
        ),
        Panel(
            "Silence of the watch",
            "It gets a bookmark every minute.",
            ((gauge("watch_silent_seconds"), "{{instance}}"),),
            unit="s",
            alarm=150,
        ),
        Panel(
            "Delay of the event loop",
            "99 % of its timers were no later.",
            ((slowest("event_loop_lag", "instance", share=0.99), "{{instance}}"),),
            unit="s",
            alarm=1,
        ),
        Panel(
            "Leader",
            "1: this process may write.",
            ((gauge("leader"), "{{instance}}"),),
        ),
        Panel(
            "CPU",
            "Cores that are used.",
            (
                (
                    f"sum by (instance) (rate(process_cpu_seconds_total{OF}[$__rate_interval]))",
                    "{{instance}}",
                ),
            ),
        ),
        Panel(
            "Memory",
            "Resident.",
            ((f"max by (instance) (process_resident_memory_bytes{OF})", "{{instance}}"),),
            unit="bytes",
        ),
        Panel(
            "What should not be",
            "Failed reads and writes of the Lease, feeds that were restarted, fields that the CRD lacks.",
            (
                (f"increase(onecloud_operator_lease_failures_total{OF}[$__rate_interval])", "Lease"),
                (f"increase(onecloud_operator_feed_restarts_total{OF}[$__rate_interval])", "feeds"),
                (gauge("crd_fields_missing"), "CRD"),
            ),
        ),
    ),
}


def page() -> str:
    """Return the dashboard as JSON for Grafana's import, or for the sidecar that reads ConfigMaps."""
    whole = {
        "title": TITLE,
        "uid": UID,
        "description": "Objects, clouds and processes of the operator for OneCloud servers.",
        "tags": ["onecloud", "kubernetes"],
        "editable": True,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "",
        "templating": {"list": _variables()},
        "panels": _panels(),
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _variables() -> list[dict[str, Any]]:
    names = "label_values(onecloud_operator_build_info, job)"
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        {
            "name": "job",
            "label": "Operator",
            "type": "query",
            "datasource": SOURCE,
            "query": {"query": names, "refId": "job"},
            "definition": names,
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def _panels() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    y = 0
    for title, panels in ROWS.items():
        made.append(
            {
                "id": len(made) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
            }
        )
        x, y, tall = 0, y + 1, 0
        for panel in panels:
            wide, high = (STAT_WIDTH, STAT_HEIGHT) if panel.kind == "stat" else (WIDTH, HEIGHT)
            if x + wide > COLUMNS:
                x, y = 0, y + tall
            made.append(_panel(panel, len(made) + 1, {"x": x, "y": y, "w": wide, "h": high}))
            x, tall = x + wide, high
        y += tall
    return made


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.well is not None:
        defaults["noValue"] = panel.well
    if panel.alarm is not None:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": panel.alarm}]
        defaults["thresholds"] = {"mode": "absolute", "steps": steps}
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.text,
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _OPTIONS[panel.kind] | ({"textMode": "name"} if panel.title == "Version" else {}),
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": SOURCE,
                "expr": expression,
                "legendFormat": legend or "__auto",
                "instant": panel.kind != "timeseries",
                "range": panel.kind == "timeseries",
                **({"format": "table"} if panel.kind == "table" else {}),
            }
            for index, (expression, legend) in enumerate(panel.queries)
        ],
    }


_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom"},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {"colorMode": "value", "reduceOptions": {"calcs": ["lastNotNull"]}},
    "table": {},
}
