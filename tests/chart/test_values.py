"""What the values say, what they change, and how wrong ones are refused."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from onecloud_operator import __version__
from onecloud_operator.settings import Settings, settings_from
from sandbox.stage import ROOT
from tests.chart.helm import CI, Command, Refused, one, rendered
from tools.docs import chart, dashboard, install
from tools.docs.chart import CHART, leaves
from tools.docs.fields import anchor

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
DIGEST = f"sha256:{'0' * 64}"
# Nothing is made of these: Helm itself passes them on, or they only choose where no value is needed.
UNSEEN = {"enabled"}
PAGE = (ROOT / "docs" / "installing.md").read_text()


def environment(text: str) -> dict[str, str]:
    """Return the variables of the operator's container that a manifest sets."""
    (container,) = [
        each
        for each in one(text, "Deployment")["spec"]["template"]["spec"]["containers"]
        if each["name"] == "operator"
    ]
    return {each["name"]: each["value"] for each in container["env"] if "value" in each}


def without(values: dict[str, Any], path: str) -> dict[str, Any]:
    """Return a copy of *values* that lacks the one at *path*."""
    copy: dict[str, Any] = json.loads(json.dumps(values))
    *parents, last = path.split(".")
    inner = copy
    for name in parents:
        inner = inner[name]
    del inner[last]
    return copy


def paths(values: dict[str, Any]) -> Iterator[str]:
    """Yield the path of every value that is set."""
    for path, _ in leaves(SCHEMA):
        inner: Any = values
        for name in path.split("."):
            inner = inner.get(name) if isinstance(inner, dict) else None
        if inner is not None:
            yield path


@pytest.mark.parametrize(
    ("path", "made"),
    [
        pytest.param(CHART / "values.schema.json", chart.schema, id="schema"),
        pytest.param(CHART / "values.yaml", chart.values, id="values"),
        pytest.param(CHART / "README.md", chart.readme, id="readme"),
        pytest.param(ROOT / "install.yaml", install.page, id="install"),
        pytest.param(CHART / "files" / "dashboard.json", dashboard.page, id="dashboard"),
        pytest.param(
            CHART / "files" / "crd.yaml",
            (ROOT / "crds" / "onecloud.io_onecloudservers.yaml").read_text,
            id="definition",
        ),
        pytest.param(
            CHART / "files" / "provider-crd.yaml",
            (ROOT / "crds" / "onecloud.io_onecloudproviders.yaml").read_text,
            id="definition-of-providers",
        ),
    ],
)
def test_what_is_made_of_the_code_is_up_to_date(path: Any, made: Any) -> None:
    assert path.read_text() == made(), "run `make generate`"


def test_every_value_is_described_and_the_file_of_defaults_has_what_the_schema_says() -> None:
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    for path, node in leaves(SCHEMA):
        assert node["description"].endswith("."), path
        found: Any = defaults
        for name in path.split("."):
            found = found.get(name, {}) if isinstance(found, dict) else {}
        if "default" in node:
            assert found == node["default"], path


def test_no_object_of_the_schema_is_open_but_those_that_kubernetes_knows() -> None:
    def check(path: str, node: dict[str, Any]) -> None:
        if "properties" in node and path not in {".extraEnv[]", ".global"}:
            assert node["additionalProperties"] is False, path
        for name, each in node.get("properties", {}).items():
            check(f"{path}.{name}", each)
        if isinstance(node.get("items"), dict):
            check(f"{path}[]", node["items"])

    check("", SCHEMA)


def test_the_version_is_the_operators() -> None:
    found = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert found["appVersion"] == found["version"] == __version__


def test_the_alerts_are_those_of_the_documentation(helm: Command) -> None:
    text = (ROOT / "docs" / "metrics.md").read_text()
    wanted = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])["groups"]
    made = one(rendered(helm, {"metrics": {"prometheusRule": {"enabled": True}}}), "PrometheusRule")
    assert made["spec"]["groups"] == wanted


def test_the_operator_takes_what_the_chart_says_by_default(helm: Command) -> None:
    found, default = settings_from(environment(rendered(helm))), Settings()
    differs = {
        knob.name for knob in fields(Settings) if getattr(found, knob.name) != getattr(default, knob.name)
    }
    assert differs == {"leader_election", "lease_namespace"}


def test_the_operator_understands_every_value(helm: Command) -> None:
    """Lists have commas, and a million is no 1e+06."""
    values = yaml.safe_load((CHART / "ci" / "full-values.yaml").read_text())
    found = settings_from(environment(rendered(helm, values)))
    assert found == Settings(
        selector="shard in (a)",
        leader_election=True,
        lease_name="onecloud-a",
        lease_namespace="onecloud-system",
        lease_duration_seconds=30,
        lease_deadline_seconds=20,
        lease_renew_seconds=8,
        cluster_id="cluster-1",
        name_prefix="c1-",
        allowed_endpoints=("cloud.example.com", "10.0.0.0/8"),
        workers=1_000_000,
        connection_secrets=True,
        confirm_seconds=0.25,
        log_level="debug",
        log_format="json",
        listen_port=9090,
    )


def test_every_setting_can_be_set(helm: Command) -> None:
    """Whatever is no value of its own is in `settings`."""
    wanted: dict[str, Any] = {}
    for name, node in SCHEMA["properties"]["settings"]["properties"].items():
        wanted[name] = {"boolean": True, "integer": 7, "number": 1.5, "array": ["a"], "string": "x"}[
            node["type"]
        ]
    found = settings_from(environment(rendered(helm, {"settings": wanted})))
    given = {**{name: name for name in chart.OWN}, **{_snake(name): name for name in wanted}}
    assert set(given) == {knob.name for knob in fields(Settings)}
    for name, value in wanted.items():
        read = getattr(found, _snake(name))
        assert (list(read) if isinstance(read, tuple) else read) == value


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def test_every_value_is_tried_and_makes_a_difference(helm: Command) -> None:
    """Taken out of the file that sets it, each one changes what is rendered."""
    tried: set[str] = set()
    refusals: dict[str, str] = {}
    for file in CI:
        values = yaml.safe_load(file.read_text()) or {}
        whole = rendered(helm, values)
        for path in paths(values):
            if path.startswith("settings.") or path in tried:
                continue
            try:
                less = rendered(helm, without(values, path))
            except Refused as refused:
                refusals[path], less = str(refused), ""
            assert less != whole, f"{file.name}: {path} changes nothing"
            tried.add(path)
    every = {path for path, _ in leaves(SCHEMA) if not path.startswith("settings.")}
    assert every - tried - UNSEEN == set()
    assert set(refusals) == {"leaderElection.durationSeconds"}, "the default is too short for the others"
    assert "renewSeconds < deadlineSeconds < durationSeconds" in refusals["leaderElection.durationSeconds"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({"replica": 3}, "replica", id="a-value-that-does-not-exist"),
        pytest.param({"image": {"name": "x"}}, "name", id="nor-deep-inside"),
        pytest.param({"replicas": "two"}, "/replicas", id="a-word-for-a-number"),
        pytest.param({"replicas": -1}, "/replicas", id="a-negative-number"),
        pytest.param({"replicas": 1.5}, "/replicas", id="half-a-replica"),
        pytest.param({"crds": {"keep": "yes"}}, "/crds/keep", id="a-word-for-a-switch"),
        pytest.param({"watchNamespaces": "shop"}, "/watchNamespaces", id="a-word-for-a-list"),
        pytest.param({"watchNamespaces": ["Shop"]}, "/watchNamespaces/0", id="no-name-of-a-namespace"),
        pytest.param(
            {"watchNamespaces": ["shop", "shop"], "clusterId": "x"},
            "/watchNamespaces",
            id="the-same-one-twice",
        ),
        pytest.param({"fullnameOverride": "x" * 56}, "/fullnameOverride", id="a-name-too-long"),
        pytest.param({"fullnameOverride": "Cloud"}, "/fullnameOverride", id="no-name-of-an-object"),
        pytest.param({"nameOverride": "true "}, "/nameOverride", id="no-part-of-a-name"),
        pytest.param({"image": {"repository": ""}}, "/image/repository", id="no-image"),
        pytest.param({"image": {"digest": "sha256:0"}}, "/image/digest", id="a-short-digest"),
        pytest.param({"image": {"pullPolicy": "always"}}, "'Always'", id="a-wrong-word-tells-the-right-ones"),
        pytest.param({"log": {"level": "warn"}}, "'warning'", id="a-level-by-another-name"),
        pytest.param({"port": 80}, "/port", id="a-port-that-only-root-may-have"),
        pytest.param({"settings": {"pollSeconds": 3}}, "pollSeconds", id="an-unknown-setting"),
        pytest.param({"settings": {"workers": "many"}}, "/settings/workers", id="a-setting-of-a-wrong-type"),
        pytest.param(
            {"settings": {"pollIdleSeconds": -1}}, "/settings/pollIdleSeconds", id="a-negative-time"
        ),
        pytest.param(
            {"settings": {"namespaces": ["shop"]}}, "namespaces", id="a-setting-that-is-a-value-of-its-own"
        ),
        pytest.param({"commonLabels": {"team": 7}}, "/commonLabels/team", id="a-label-that-is-no-text"),
        pytest.param(
            {"networkPolicy": {"clouds": ["cloud.example.com"]}}, "/networkPolicy/clouds/0", id="no-network"
        ),
        pytest.param({"global": {"imagePullSecrets": [7]}}, "/global/imagePullSecrets/0", id="no-secret"),
        pytest.param(
            {"podDisruptionBudget": {"maxUnavailable": "half"}},
            "/podDisruptionBudget/maxUnavailable",
            id="no-share",
        ),
        pytest.param(
            {"metrics": {"serviceMonitor": {"interval": "often"}}},
            "/metrics/serviceMonitor/interval",
            id="no-duration",
        ),
        pytest.param(
            {"leaderElection": {"enabled": False}},
            "2 replicas would all work at once: set leaderElection.enabled",
            id="two-without-election",
        ),
        pytest.param(
            {"selector": "shard=a", "replicas": 1, "leaderElection": {"enabled": False}},
            "selector: needs leaderElection.enabled",
            id="a-shard-without-election",
        ),
        pytest.param(
            {"strategy": {"type": "RollingUpdate"}, "replicas": 1, "leaderElection": {"enabled": False}},
            "strategy: without leaderElection.enabled the old Pod must end first",
            id="two-at-once-without-election",
        ),
        pytest.param(
            {"leaderElection": {"deadlineSeconds": 15}},
            "renewSeconds < deadlineSeconds < durationSeconds must hold",
            id="a-deadline-after-the-end",
        ),
        pytest.param(
            {"watchNamespaces": ["shop"]},
            "kubectl get namespace kube-system -o jsonpath={.metadata.uid}",
            id="namespaces-without-a-cluster-id-tell-where-it-is",
        ),
        pytest.param(
            {"metrics": {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}},
            "enable one of them",
            id="counted-twice",
        ),
        pytest.param(
            {"metrics": {"serviceMonitor": {"enabled": True}, "service": {"enabled": False}}},
            "needs metrics.service.enabled",
            id="a-monitor-of-no-service",
        ),
        pytest.param(
            {"metrics": {"prometheusRule": {"disabledAlerts": ["OneCloudNone"]}}},
            "disabledAlerts: there is no alert OneCloudNone; there are OneCloudOperatorNobodyLeads",
            id="an-unknown-alert",
        ),
        pytest.param(
            {"metrics": {"prometheusRule": {"severities": {"OneCloudNone": "info"}}}},
            "severities: there is no alert OneCloudNone; there are OneCloudOperatorNobodyLeads",
            id="a-severity-of-an-unknown-alert",
        ),
    ],
)
def test_wrong_values_are_refused(any_helm: Command, values: dict[str, Any], expected: str) -> None:
    with pytest.raises(Refused) as refused:
        rendered(any_helm, values)
    assert expected in str(refused.value)


def test_an_older_kubernetes_is_refused(any_helm: Command) -> None:
    with pytest.raises(Refused, match=r"chart requires kubeVersion: >=1\.32"):
        rendered(any_helm, None, "--kube-version=1.31.4")


@pytest.mark.parametrize(
    ("image", "wanted"),
    [
        pytest.param({}, f"onecloud-operator:{__version__}", id="the-charts-version"),
        pytest.param({"tag": "main"}, "onecloud-operator:main", id="another-tag"),
        pytest.param({"tag": "main", "digest": DIGEST}, f"onecloud-operator@{DIGEST}", id="a-digest-rules"),
        pytest.param(
            {"registry": "a.example.com:5000"},
            f"a.example.com:5000/onecloud-operator:{__version__}",
            id="from-a-registry",
        ),
    ],
)
def test_the_image(helm: Command, image: dict[str, str], wanted: str) -> None:
    text = rendered(helm, {"image": image})
    assert one(text, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == wanted
    assert one(text, "Pod")["spec"]["containers"][0]["image"] == wanted


def test_what_is_said_to_all_charts_counts_for_this_one(helm: Command) -> None:
    """A registry instead of the chart's own, and Secrets beside its own, by name or as a map."""
    shared = {
        "imageRegistry": "mirror.example.com",
        "imagePullSecrets": ["mirror", {"name": "b"}],
        "else": 1,
    }
    own = {"image": {"registry": "registry.example.com"}, "imagePullSecrets": [{"name": "a"}, {"name": "b"}]}
    text = rendered(helm, {"global": shared, **own})
    for spec in (one(text, "Deployment")["spec"]["template"]["spec"], one(text, "Pod")["spec"]):
        assert spec["containers"][0]["image"] == f"mirror.example.com/onecloud-operator:{__version__}"
        assert [each["name"] for each in spec["imagePullSecrets"]] == ["mirror", "b", "a"]


def test_an_alert_leads_to_a_section_of_the_documentation(helm: Command) -> None:
    url = "https://git.example.com/docs"
    values = {"enabled": True, "runbookUrl": url, "severities": {"OneCloudServersFailed": "info"}}
    (group,) = one(rendered(helm, {"metrics": {"prometheusRule": values}}), "PrometheusRule")["spec"][
        "groups"
    ]
    assert len(group["rules"]) > 10
    for rule in group["rules"]:
        page, _, section = rule["annotations"]["runbook_url"].removeprefix(f"{url}/").partition("#")
        text = (ROOT / "docs" / page).read_text()
        headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
        assert section in map(anchor, headings), rule["alert"]
        assert rule["annotations"]["runbook"] == f"docs/{page}#{section}"
    (failed,) = (rule for rule in group["rules"] if rule["alert"] == "OneCloudServersFailed")
    assert failed["labels"]["severity"] == "info"


@pytest.mark.parametrize("name", ["resources", "securityContext", "podSecurityContext"])
def test_a_default_can_be_taken_away(any_helm: Command, name: str) -> None:
    """An empty map would be merged into the default; null is Helm's way."""
    spec = one(rendered(any_helm, {name: None}), "Deployment")["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert {"podSecurityContext": "securityContext"}.get(name, name) not in (
        spec if name == "podSecurityContext" else container
    )


@pytest.mark.parametrize("number", range(PAGE.count("```yaml\n")))
def test_the_values_of_the_documentation_are_accepted(any_helm: Command, number: int) -> None:
    text = PAGE.split("```yaml\n")[number + 1].split("```")[0]
    assert rendered(any_helm, yaml.safe_load(text)) != rendered(any_helm)


def test_the_dashboard_is_in_a_config_map_that_the_sidecar_finds(helm: Command) -> None:
    text = rendered(helm, {"metrics": {"dashboard": {"enabled": True}}})
    made = one(text, "ConfigMap")
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(made["data"]["onecloud-operator.json"]) == json.loads(dashboard.page())
    assert "kind: ConfigMap" not in rendered(helm)
