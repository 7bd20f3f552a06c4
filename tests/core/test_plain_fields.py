"""Each plain field that differs is sent or reported, and no difference is passed over in silence."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onecloud_operator.api.model import CHANGE
from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.core.actions import Hold, Settled
from onecloud_operator.core.cloud_writes import Update
from onecloud_operator.core.creation_digests import sent_of
from onecloud_operator.core.observed import Disk
from onecloud_operator.core.plan.differing import open_differences, open_doubts
from onecloud_operator.core.plan.plan import plan
from onecloud_operator.core.records import Records, records_of
from onecloud_operator.core.report.report import report
from onecloud_operator.core.values import text_of
from tests.api.plain_values import SCHEMAS, body_with, two_values_of
from tests.core.fixtures import (
    ID,
    MADE,
    PLACE,
    bound,
    details,
    facts,
    reading,
    records,
    resource,
    server,
    spec,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onecloud_operator.api.plain import PlainField, PlainValue
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource

ADOPTED = Records(id=ID, place=PLACE, adopted_at="2026-11-23T11:59:30Z")
# Of the fields that can change at any time, those that are not one value in one column.
NOT_PLAIN = {
    "networks[].bandwidth",
    "powerState",
    "tags",
    "securityGroups",
    "dataDisks",
    "dataDisks[].diskID",
    "dataDisks[].reclaimPolicy",
    "eip.name",
    "eip.id",
    "eip.bandwidth",
    "eip.none",
}
MAC = "00:22:00:00:00:01"
NAMES = st.sampled_from(["db", "default", "nobody", "11111111-2222-4333-8444-555555555555"])


def object_of(wanted: dict[str, Any], *, made: bool, **policies: Any) -> Resource:
    """Return an object that made its server, or has adopted it."""
    if made:
        return resource(spec=spec(wanted, **policies))
    return resource(spec=spec(wanted, adoption={"policy": "Adopt", "id": ID}, **policies), records=ADOPTED)


def fields(*, fixed: bool) -> pytest.MarkDecorator:
    found = [field for field in PLAIN_FIELDS if field.fixed is fixed]
    return pytest.mark.parametrize("field", found, ids=lambda field: field.path)


def test_what_can_change_at_any_time_is_plain_or_has_a_step_of_its_own() -> None:
    marked = {
        path
        for path, node in SCHEMAS.items()
        if str(node.get(CHANGE, "")).startswith("Can change at any time")
    }
    assert marked == {field.path for field in PLAIN_FIELDS if not field.fixed} | NOT_PLAIN


@fields(fixed=False)
@pytest.mark.parametrize("made", [True, False], ids=["made", "adopted"])
def test_a_plain_field_that_differs_is_sent(field: PlainField, *, made: bool) -> None:
    one, other = two_values_of(field.path)
    owner = object_of(body_with(field.path, one), made=made)
    for value in (other, None):
        found = server(plain={field.path: value})
        assert plan(facts(found, resource=owner)) == Update(ID, ((field.path, one),))
    assert plan(facts(server(plain={field.path: one}), resource=owner)) == Settled()


@fields(fixed=True)
def test_a_fixed_field_of_an_adopted_server_is_reported(field: PlainField) -> None:
    one, other = two_values_of(field.path)
    case = facts(
        server(plain={field.path: other}), resource=object_of(body_with(field.path, one), made=False)
    )
    step = plan(case)
    assert isinstance(step, Hold)
    assert field.path in step.message
    assert field.path in drift(case)


@fields(fixed=True)
def test_a_fixed_field_of_a_server_that_we_made_is_drift_once_it_changes(field: PlainField) -> None:
    one, other = two_values_of(field.path)
    wanted = spec(body_with(field.path, one))
    assert wanted.server is not None
    made = replace(MADE, sent=sent_of(wanted.server))
    first = facts(
        server(plain={field.path: one}), resource=resource(spec=wanted, records=records(creation=made))
    )
    status = report(first, plan(first)).status
    assert status is not None
    assert "drift" not in status
    owner = replace(first.resource, status=status, records=records_of(status))
    later = replace(first, resource=owner, reading=reading(server(plain={field.path: other})))
    assert drift(later) == {field.path: (text_of(one), text_of(other))}


def drift(case: Facts) -> dict[str, tuple[str, str]]:
    status = report(case, plan(case)).status
    assert status is not None
    return {each["field"]: (each["desired"], each["actual"]) for each in status.get("drift", ())}


# -- nothing in silence ----------------------------------------------------------------------------------
OTHERS: dict[str, st.SearchStrategy[Any]] = {
    "cpu": st.sampled_from([1, 2, 4]),
    "memory": st.sampled_from(["2Gi", "4Gi"]),
    "instanceType": st.sampled_from(["ecs.g1.c2m4", "ecs.g1.c4m8"]),
    "image": st.sampled_from(["ubuntu-22.04", "debian-12"]),
    "keypair": NAMES,
    "networks": st.sampled_from([[{"network": "vnet-1"}], [{"network": "vnet-2", "mac": MAC}]]),
    "tags": st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["a", ""]), max_size=2),
    "securityGroups": st.lists(NAMES, min_size=1, max_size=2, unique=True),
    "powerState": st.sampled_from(["Running", "Stopped", "Suspended", "Unmanaged"]),
    "rootDisk": st.sampled_from([{"size": "20Gi"}, {"size": "80Gi"}, {"backend": "rbd"}]),
    "dataDisks": st.sampled_from(
        [[{"name": "data-1", "size": "10Gi"}], [{"name": "data-1", "size": "30Gi"}]]
    ),
    "placement": st.just({"zoneID": "zone-1"}),
    "isolatedDevices": st.just([{"type": "USB"}]),
}
SHOWN: dict[str, st.SearchStrategy[Any]] = {
    "cpu": st.sampled_from([1, 8]),
    "instance_type": st.just("ecs.g1.c2m4"),
    "tags": st.dictionaries(st.sampled_from(["x", "z"]), st.sampled_from(["a", "b"]), max_size=2),
    "disks": st.sampled_from(
        [
            (),
            (Disk("disk-0", 0, 40960), Disk("disk-1", 1, 20480)),
            (Disk("disk-9", 2, 1024), Disk("disk-1", -1, 20480)),
        ]
    ),
}


EVERY = sorted({field.path for field in PLAIN_FIELDS} | OTHERS.keys())


def one_at_most(of: Iterable[str]) -> st.SearchStrategy[list[str]]:
    """Return one of them, or none: among many differences one that is passed over would not be seen."""
    return st.lists(st.sampled_from(sorted(of)), max_size=1)


@st.composite
def wanted_and_found(draw: st.DrawFn, field: str) -> tuple[dict[str, Any], Observed]:
    """Return a spec that wants *field*, and perhaps another, and a server that may be as it is wanted."""
    body: dict[str, Any] = {}
    plain: dict[str, PlainValue | None] = {}
    for path in {field, *draw(one_at_most(EVERY))}:
        if path in OTHERS:
            body[path] = draw(OTHERS[path])
            continue
        one, other = two_values_of(path)
        plain[path] = draw(st.sampled_from([other, one, None]))
        for part, inner in body_with(path, one).items():
            body[part] = {**body.get(part, {}), **inner} if isinstance(inner, dict) else inner
    if "instanceType" in body:
        body |= {"cpu": None, "memory": None}
    if body.get("billing", {}).get("type") == "Postpaid":
        body["billing"] = {"type": "Postpaid"}
    shown: dict[str, Any] = {name: draw(SHOWN[name]) for name in draw(one_at_most(SHOWN))}
    own = {name: shown.pop(name) for name in ("tags", "disks") if name in shown}
    status = draw(st.sampled_from(["running", "ready", "suspend", "rescue"]))
    return body, server(status, plain=plain, details=details(**own), **shown)


@pytest.mark.parametrize("field", EVERY)
def test_what_differs_is_mended_or_it_is_said_why_not(field: str) -> None:
    @settings(max_examples=500 if "SOAK" in os.environ else 25, deadline=None)
    @given(
        wanted_and_found(field),
        st.booleans(),
        st.sampled_from(["Never", "Restart"]),
        st.sampled_from(["Correct", "Report"]),
        st.sampled_from([{}, {"root_disk_id": "disk-0", "disks": (bound(),)}]),
    )
    def holds(
        wanted: tuple[dict[str, Any], Observed],
        made: bool,
        allow: str,
        mode: str,
        disks: dict[str, Any],
    ) -> None:
        body, found = wanted
        owner = object_of(body, made=made, disruption={"allow": allow}, drift={"mode": mode})
        owner = replace(owner, records=replace(owner.records, **disks))
        case = facts(found, resource=owner)
        step = plan(case)
        if open_differences(case, found) or open_doubts(case, found):
            assert not isinstance(step, Settled)
            if isinstance(step, Hold):
                assert step.message

    holds()
