"""Whatever stands in an object, and whoever wrote it, a pass over it decides something and says so."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from onecloud_operator.api.annotations import (
    APPROVE_PLAN,
    CONFIRM_DELETE,
    CONFIRM_GONE,
    FORCE_DETACH,
    PAUSED,
    RECONCILE_REQUESTED_AT,
    RESTART_REQUESTED_AT,
)
from onecloud_operator.api.crd import crd
from onecloud_operator.api.identity import SERVER as IDENTITY
from onecloud_operator.api.prune import prune, schema_of_status
from onecloud_operator.controller.server_object import resource_of
from onecloud_operator.core.actions import Hold, Settled, Step
from onecloud_operator.core.ownership import owner_of
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.report.events import events_between
from onecloud_operator.core.report.report import report
from onecloud_operator.core.resource import FINALIZER, Resource
from onecloud_operator.translate import create_body
from tests.core.fixtures import ID, SERVER, UID, facts
from tests.core.statuses import SETTLED
from tests.fuzz.strategies import FUZZ, json_values, spoilt, texts

SECRET = "Geheim-4711"
BODY: dict[str, Any] = {
    "metadata": {
        "name": "web-1",
        "namespace": "shop",
        "uid": UID,
        "resourceVersion": "7",
        "generation": 1,
        "finalizers": [FINALIZER],
    },
    "spec": {
        "credentialsRef": {"name": "onecloud"},
        "server": {
            **SERVER,
            "rootDisk": {"size": "40Gi"},
            "securityGroups": ["default"],
            "powerState": "Running",
            "hostname": "web-1",
            "userData": f"#!/bin/sh\necho {SECRET}\n",
            "placement": {"schedulingTags": [{"id": ID, "strategy": "Prefer"}]},
        },
        "deletionPolicy": "RecycleBin",
        "drift": {"mode": "Correct", "ignore": ["tags", "vga"]},
        "disruption": {"allow": "Restart"},
    },
    "status": SETTLED,
}
ANNOTATIONS = (
    PAUSED,
    RECONCILE_REQUESTED_AT,
    RESTART_REQUESTED_AT,
    APPROVE_PLAN,
    FORCE_DETACH,
    CONFIRM_DELETE,
    CONFIRM_GONE,
)
GOING = {**BODY["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
bodies = st.sampled_from([BODY, {**BODY, "metadata": GOING}])


def looked_at(body: dict[str, Any]) -> Step:
    """Make a pass over a server that is there: decide, report, tell of it, and word the POST that made it."""
    resource = resource_of(body)
    case = replace(facts(), resource=resource)
    step = plan(case)
    written = report(case, step, None)
    turns = [] if written.status is None else list(events_between(resource.status, written.status))
    assert SECRET not in f"{written.status} {turns}"
    assert not isinstance(step, Hold) or SECRET not in step.message
    worded(resource)
    return step


def worded(resource: Resource) -> None:
    """Word the POST: whatever parses can be sent."""
    if resource.spec is None or (server := resource.spec.server) is None:
        return
    owner = owner_of(resource, facts().config)
    body = create_body(
        server,
        server_id=ID,
        name="web-1",
        hostname="web-1",
        owner=owner,
        password=None,
        user_data=server.user_data,
    )
    assert json.loads(json.dumps(body)) == body
    assert not {"count", "generate_name"} & set(body)


def test_the_body_that_is_spoilt_here_is_sound() -> None:
    assert isinstance(looked_at(BODY), Settled)
    assert not isinstance(looked_at({**BODY, "metadata": GOING}), Settled | Hold)


@FUZZ
@given(bodies, spoilt(BODY["spec"]))
def test_any_spec_is_decided_on(body: dict[str, Any], spec: dict[str, Any]) -> None:
    looked_at({**body, "spec": spec})


@FUZZ
@example(BODY, {"conditions": [{"type": "Ready", "status": []}]})
@example(BODY, {"creation": "none"})
@example({**BODY, "metadata": GOING}, {"server": {"id": []}})
@given(bodies, spoilt(SETTLED))
def test_any_status_is_decided_on(body: dict[str, Any], status: dict[str, Any]) -> None:
    looked_at({**body, "status": status})


@FUZZ
@given(bodies, st.dictionaries(texts, json_values, max_size=5))
def test_a_status_that_is_not_ours_at_all_is_decided_on(body: dict[str, Any], status: dict[str, Any]) -> None:
    looked_at({**body, "status": status})


@FUZZ
@given(bodies, st.dictionaries(st.sampled_from(ANNOTATIONS), texts | st.sampled_from(["true", "false", ID])))
def test_any_annotation_is_decided_on(body: dict[str, Any], annotations: dict[str, str]) -> None:
    looked_at({**body, "metadata": {**body["metadata"], "annotations": annotations}})


@FUZZ
@given(json_values.filter(lambda value: isinstance(value, dict)))
def test_any_schema_that_is_served_leaves_a_status_or_none(schema: dict[str, Any]) -> None:
    prune(SETTLED, schema)
    schema_of_status(schema, IDENTITY)


@FUZZ
@example({"type": "object", "properties": None})
@given(spoilt(crd()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]))
def test_a_spoilt_schema_leaves_a_part_of_the_status(schema: dict[str, Any]) -> None:
    known, _ = prune(SETTLED, schema)
    assert set(known) <= set(SETTLED)
