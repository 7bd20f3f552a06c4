"""Whatever stands in an object, and whoever wrote it, a pass over it decides something and says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from onecloud_operator.api.crd import crd
from onecloud_operator.api.served import prune, schema_of_status
from onecloud_operator.core.actions import Step
from onecloud_operator.core.facts import Config, Facts, Memory
from onecloud_operator.core.plan import plan
from onecloud_operator.core.report import report
from onecloud_operator.core.transitions import transitions
from onecloud_operator.objects import resource_of
from tests.core.test_report import SETTLED
from tests.fuzz.strategies import FUZZ, json_values, spoilt, texts

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BODY: dict[str, Any] = {
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "uid": "8f6d0f3a-1111-4222-8333-944444444444",
        "resourceVersion": "7",
        "generation": 2,
        "finalizers": ["onecloud.io/server"],
    },
    "spec": {
        "credentialsRef": {"name": "onecloud"},
        "server": {
            "cpu": 2,
            "memory": "4Gi",
            "image": "ubuntu-22.04",
            "disks": [{"size": "10Gi"}],
            "networks": [{"network": "vnet-1"}],
            "tags": {"tier": "web"},
        },
        "deletionPolicy": "RecycleBin",
        "drift": {"mode": "Correct"},
    },
    "status": SETTLED,
}
ANNOTATIONS = ("paused", "reconcile-requested-at", "confirm-deletion", "adopt", "force-release")


def looked_at(body: dict[str, Any]) -> Step:
    """Make a pass without a cloud: decide, report, and tell of it."""
    resource = resource_of(body)
    facts = Facts(resource, 1000.0, NOW, Config(), Memory(born_at=0.0))
    step = plan(facts)
    said = report(facts, step, None)
    if said.status is not None:
        list(transitions(resource.status, said.status))
    return step


@FUZZ
@given(spoilt(BODY["spec"]))
def test_any_spec_is_decided_on(spec: dict[str, Any]) -> None:
    looked_at({**BODY, "spec": spec})


@FUZZ
@example({"conditions": [{"type": "Ready", "status": []}]}, False)
@given(spoilt(SETTLED), st.booleans())
def test_any_status_is_decided_on(status: dict[str, Any], deleting: bool) -> None:
    metadata = {**BODY["metadata"], **({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})}
    looked_at({**BODY, "metadata": metadata, "status": status})


@FUZZ
@given(st.dictionaries(texts, json_values, max_size=5))
def test_a_status_that_is_not_ours_at_all_is_decided_on(status: dict[str, Any]) -> None:
    looked_at({**BODY, "status": status})


@FUZZ
@given(st.dictionaries(st.sampled_from([f"onecloud.io/{name}" for name in ANNOTATIONS]), texts))
def test_any_annotation_is_decided_on(annotations: dict[str, str]) -> None:
    looked_at({**BODY, "metadata": {**BODY["metadata"], "annotations": annotations}})


@FUZZ
@given(json_values.filter(lambda value: isinstance(value, dict)))
def test_any_schema_that_is_served_leaves_a_status_or_none(schema: dict[str, Any]) -> None:
    prune(SETTLED, schema)
    schema_of_status(schema)


@FUZZ
@example({"type": "object", "properties": None})
@given(spoilt(crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]))
def test_a_spoilt_schema_leaves_a_part_of_the_status(schema: dict[str, Any]) -> None:
    known, _ = prune(SETTLED, schema)
    assert set(known) <= set(SETTLED)
