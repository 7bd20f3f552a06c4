"""The alerts, tried by promtool on what an operator with troubled objects was scraped for."""

from __future__ import annotations

import json
import re
import subprocess
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from onecloud_operator.api.reasons import UNTROUBLED, Reason
from onecloud_operator.kube.standing import REASONS
from onecloud_operator.telemetry.metrics import OTHER
from sandbox.cluster.control_plane import free_port
from sandbox.cluster.namespaces import temporary
from sandbox.stage import ROOT
from tests.e2e.conftest import QUICK
from tests.e2e.user import User
from tests.e2e.warm import Cloud, Operator
from tests.programs import needs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from sandbox.cluster.control_plane import ControlPlane
    from sandbox.cluster.kube import Kube

ALERTS: Final = ROOT / "helm" / "onecloud-operator" / "files" / "alerts.yaml"
RULES: Final = {
    rule["alert"]: rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
}
# What Prometheus adds to all that it scrapes from one Pod.
TARGET: Final = {"namespace": "onecloud-system", "job": "onecloud-operator", "instance": "10.1.2.3:8080"}
MINUTES: Final = 90

# The namespace that has the trouble: the reason that its object gives.
TROUBLES: Final = {
    "unreachable": "EndpointUnreachable",
    "rejected": "CredentialsRejected",
    "forbidden": "Forbidden",
    "quota": "QuotaExceeded",
    "full": "NoCapacity",
    "stalled": "NameConflict",
    "failing": "InvalidSpec",  # which is not stalled before its third refusal
    "protected": "DeletionProtected",
}
REFUSED: Final = {
    "quota": {"status": 400, "kind": "OutOfQuotaError"},
    "full": {"status": 507, "kind": "OutOfResource"},
}
FIRES: Final = {
    "unreachable": "OneCloudNotConnected",
    "rejected": "OneCloudCredentials",
    "forbidden": "OneCloudForbidden",
    "quota": "OneCloudQuotaExceeded",
    "full": "OneCloudNoCapacity",
    "stalled": "OneCloudStalled",
    "failing": "OneCloudFailing",
    "protected": "OneCloudDeletionBlocked",
}

Series = dict[str, str]


@pytest.fixture(scope="module")
def promtool() -> str:
    """Give Prometheus' own tool to test rules with."""
    return needs("promtool")["promtool"]


@pytest.fixture(scope="module")
def scraped(promtool: str, control_plane: ControlPlane, kube: Kube, served: None) -> Iterator[Scrape]:
    """Give what an operator says whose objects are in every trouble that has an alert of its own."""
    with ExitStack() as stack:
        suffix = uuid4().hex[:8]
        names = {
            each: stack.enter_context(temporary(kube, f"{each}-{suffix}")) for each in (*TROUBLES, "well")
        }
        cloud = stack.enter_context(Cloud())
        port = free_port()
        patient = {name: value for name, value in QUICK.items() if not name.startswith(("retry", "refused"))}
        operator = stack.enter_context(
            Operator(
                control_plane.kubeconfig_of("operator"),
                namespaces=",".join(names.values()),
                **{**patient, "listen_address": "127.0.0.1", "listen_port": port},
            )
        )
        for trouble in ("well", *TROUBLES):
            bring(User(kube, names[trouble], cloud, operator), trouble)
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
        yield Scrape(answer.raise_for_status().text, names)


def bring(user: User, trouble: str) -> None:
    """Have an object with *trouble* in the user's namespace."""
    wrong: dict[str, dict[str, str]] = {
        "unreachable": {"OS_AUTH_URL": f"http://127.0.0.1:{free_port()}/v3"},
        "rejected": {"OS_PASSWORD": "not-this-one"},
    }
    secret = user.cloud.secret(user.namespace, **wrong.get(trouble, {}))
    if trouble == "forbidden":
        secret["stringData"] = user.cloud.call("secret", user="viewer")
    user.kube.apply(secret)
    if trouble in REFUSED:
        user.cloud.call("fault", method="POST", path="^/servers$", count=1, **REFUSED[trouble])
    if trouble == "stalled":
        user.cloud.call("add_server", name=f"{user.namespace}.web-1")
    if trouble == "protected":
        user.apply(deletionProtection=True)
        user.wait_ready()
        user.delete()
        user.wait_reason(TROUBLES[trouble], kind="Deleting")
        return
    user.apply(server={"image": "no-such-image"} if trouble == "failing" else {})
    if trouble == "well":
        user.wait_ready()
    else:
        user.wait_reason(TROUBLES[trouble])


class Scrape:
    """One scrape of /metrics, as the series that Prometheus makes of it."""

    def __init__(self, text: str, namespaces: Mapping[str, str]) -> None:
        self.text = text
        self.namespaces = namespaces
        self.series: Series = {
            series(sample.name, sample.labels): f"{sample.value:g}x{MINUTES}"
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def with_value(self, wanted: str, values: str, **labels: str) -> Series:
        """Return the series, with those of the metric *wanted* that has *labels* taking *values*."""
        changed = {
            each: values
            for each in self.series
            if re.match(rf"{wanted}\{{", each)
            and all(f"{name}={json.dumps(text)}" in each for name, text in labels.items())
        }
        assert changed, f"the operator does not say {wanted}"
        return {**self.series, **changed}


def series(name: str, labels: Mapping[str, str]) -> str:
    """Return a series with the labels of its target."""
    return f"{name}{{{','.join(f'{key}={json.dumps(text)}' for key, text in {**labels, **TARGET}.items())}}}"


def alert(name: str, *, says: str, **labels: str) -> dict[str, Any]:
    """Return an alert that must fire, as promtool compares it."""
    rule = RULES[name]
    return {
        "exp_labels": {**rule["labels"], **labels},
        "exp_annotations": {"summary": says, "runbook": rule["annotations"]["runbook"]},
    }


def check(promtool: str, directory: Path, given: Series, **tests: Any) -> None:
    """Have promtool see that *tests* hold for the series. Raises AssertionError with what it says."""
    (directory / "alerts.yaml").write_text(ALERTS.read_text())
    group = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in given.items()],
        **tests,
    }
    whole = {"rule_files": ["alerts.yaml"], "evaluation_interval": "1m", "tests": [group]}
    (directory / "test.yaml").write_text(yaml.safe_dump(whole))
    done = subprocess.run(
        [promtool, "test", "rules", "test.yaml"], cwd=directory, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def firing(at: str, names: Iterable[str]) -> dict[str, Any]:
    """Return the test that these alerts fire, and no others."""
    return {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"})',
        "eval_time": at,
        "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in names],
    }


def test_prometheus_finds_nothing_wrong_with_the_metrics(promtool: str, scraped: Scrape) -> None:
    done = subprocess.run(
        [promtool, "check", "metrics"], input=scraped.text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_trouble_raises_its_alert_for_its_namespace_and_nothing_else_does(
    promtool: str, scraped: Scrape, tmp_path: Path
) -> None:
    """Also objects whose cloud never answered: no feed tells of them."""
    assert 'feed_in_touch{cloud="127.0.0.1:' in scraped.text  # of the others' cloud
    target = {name: TARGET[name] for name in ("namespace", "job")}
    cases = []
    for trouble, name in FIRES.items():
        labels = {"object_namespace": scraped.namespaces[trouble], "reason": TROUBLES[trouble]}
        says = RULES[name]["annotations"]["summary"].replace("{{ $value }}", "1")
        for label, text in labels.items():
            says = says.replace(f"{{{{ $labels.{label} }}}}", text)
        exactly = [alert(name, says=says, **labels, **target)]
        cases.append({"eval_time": "75m", "alertname": name, "exp_alerts": exactly})
    check(
        promtool,
        tmp_path,
        scraped.series,
        alert_rule_test=cases,
        promql_expr_test=[firing("5m", ()), firing("75m", FIRES.values())],
    )


@pytest.mark.parametrize(
    ("stalled", "silent"),
    [
        pytest.param("false", {Reason.PREPAID_NOT_EXPIRED}, id="waiting-may-help"),
        pytest.param("true", {Reason.TOO_MANY_GONE, Reason.TOO_MANY_DELETIONS}, id="stalled"),
    ],
)
def test_there_is_no_trouble_without_an_alert(
    stalled: str, silent: set[Reason], promtool: str, tmp_path: Path
) -> None:
    """But a server whose paid time has to end first, and what vanishes or is deleted at once."""
    troubles = {"object_namespace": "shop", "stalled": stalled}
    reasons = {str(reason) for reason in REASONS - UNTROUBLED} | {OTHER}
    given = {
        series("onecloud_operator_objects_in_trouble", {**troubles, "reason": reason}): f"1x{MINUTES}"
        for reason in reasons
    }
    firing = {
        "expr": 'group by (reason) (ALERTS{alertstate="firing",object_namespace="shop"})',
        "eval_time": "75m",
        "exp_samples": [{"labels": f'{{reason="{each}"}}', "value": 1} for each in reasons - silent],
    }
    check(promtool, tmp_path, given, promql_expr_test=[firing])


LAG, CALLS = "onecloud_operator_event_loop_lag_seconds_bucket", "onecloud_operator_kubernetes_requests_total"
WORSE: Final[dict[str, Callable[[Scrape], Series]]] = {
    "OneCloudOperatorNobodyLeads": lambda it: it.with_value("onecloud_operator_leader", f"0x{MINUTES}"),
    "OneCloudOperatorTwoLead": lambda it: {
        **it.series,
        series("onecloud_operator_leader", {"pod": "another"}): f"1x{MINUTES}",
    },
    "OneCloudOperatorDeaf": lambda it: it.with_value(
        "onecloud_operator_watch_silent_seconds", f"200x{MINUTES}"
    ),
    "OneCloudOperatorFaulty": lambda it: {
        **it.series,
        series("onecloud_operator_passes_total", {"lane": "user", "result": "failed"}): f"0+1x{MINUTES}",
    },
    "OneCloudOperatorSlow": lambda it: it.with_value(
        "onecloud_operator_queue_oldest_seconds", f"60x{MINUTES}", lane="user"
    ),
    "OneCloudOperatorOldCRD": lambda it: it.with_value(
        "onecloud_operator_crd_fields_missing", f"2x{MINUTES}"
    ),
    "OneCloudOperatorBlocked": lambda it: {
        **it.with_value(LAG, f"0+1x{MINUTES}"),
        **{series(LAG, {"le": le}): f"0+60x{MINUTES}" for le in ("5.0", "+Inf")},
    },
    "OneCloudOperatorKubernetesErrors": lambda it: {
        **it.series,
        series(CALLS, {"operation": "patch_status", "code": "503"}): f"0+2x{MINUTES}",
        series(CALLS, {"operation": "patch_status", "code": "200"}): f"0+8x{MINUTES}",
    },
    "OneCloudThrottled": lambda it: {
        **it.series,
        series("onecloud_operator_cloud_throttled_total", {"operation": "list_servers"}): f"0+2x{MINUTES}",
    },
    "OneCloudOutOfTouch": lambda it: it.with_value("onecloud_operator_feed_in_touch", f"0x{MINUTES}"),
    "OneCloudStale": lambda it: it.with_value(
        "onecloud_operator_feed_staleness_seconds", f"400+60x{MINUTES}"
    ),
    "OneCloudNotObserved": lambda it: it.with_value(
        "onecloud_operator_objects", f"3x{MINUTES}", reason="NotYetObserved"
    ),
    "OneCloudServersGone": lambda it: it.with_value(
        "onecloud_operator_objects", f"9x{MINUTES}", reason="TooManyGone"
    ),
    "OneCloudTooManyDeletions": lambda it: it.with_value(
        "onecloud_operator_objects", f"25x{MINUTES}", reason="TooManyDeletions"
    ),
    "OneCloudProviderNotReady": lambda it: {
        **it.series,
        series("onecloud_operator_provider_ready", {"provider": "shared"}): f"0x{MINUTES}",
    },
    "OneCloudServersDisputed": lambda it: it.with_value(
        "onecloud_operator_servers_disputed", f"1x{MINUTES}", dispute="orphaned"
    ),
    "OneCloudServersFailed": lambda it: it.with_value(
        "onecloud_operator_servers", f"1x{MINUTES}", state="Failed"
    ),
}


def test_every_alert_is_tried() -> None:
    assert {*FIRES.values(), *WORSE} == set(RULES)


@pytest.mark.parametrize("name", WORSE)
def test_a_worse_scrape_raises_the_alert(name: str, promtool: str, scraped: Scrape, tmp_path: Path) -> None:
    """Series and labels are those of the operator; only values are changed."""
    given = {
        each: values
        for each, values in WORSE[name](scraped).items()
        if not each.startswith("onecloud_operator_objects_in_trouble")
    }
    check(promtool, tmp_path, given, promql_expr_test=[firing("75m", (name,))])
