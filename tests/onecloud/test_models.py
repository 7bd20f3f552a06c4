"""Rows are asked again here, since the cloud ignores conditions that it does not understand."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.onecloud import Filter, ServerQuery
from onecloud_operator.onecloud.models import parse_time

ROW: dict[str, Any] = {
    "id": "aaaaaaaa-0000-4000-8000-000000000000",
    "name": "VM-b",
    "updated_at": "2026-11-23T07:28:28.000000Z",
    "vcpu_count": 2,
    "pending_deleted": True,
    "status": "ready",
    "metadata": {"user:owner": "me"},
}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        pytest.param(Filter("updated_at", "ge", ("2026-11-23 07:28:28",)), True, id="a-time-may-be-equal"),
        pytest.param(Filter("updated_at", "gt", ("2026-11-23 07:28:28",)), False, id="gt-is-exclusive"),
        pytest.param(Filter("updated_at", "ge", ("2026-11-23T15:28:29+08:00",)), False, id="zones-count"),
        pytest.param(Filter("updated_at", "lt", ("2026-11-23T07:28:29Z",)), True, id="earlier"),
        pytest.param(Filter("updated_at", "ge", ("nonsense",)), False, id="garbage-matches-nothing"),
        pytest.param(Filter("status", "in", ("running", "Ready")), True, id="texts-ignore-case"),
        pytest.param(Filter("status", "notin", ("running", "ready")), False, id="notin"),
        pytest.param(Filter("status", "notin", ("running", "suspend")), True, id="notin-holds"),
        pytest.param(Filter("vcpu_count", "gt", ("10",)), False, id="numbers-are-not-texts"),
        pytest.param(Filter("vcpu_count", "le", ("2",)), True, id="numbers"),
        pytest.param(Filter("vcpu_count", "equals", ("two",)), False, id="a-number-is-no-word"),
        pytest.param(Filter("pending_deleted", "equals", ("1",)), True, id="the-cloud-stores-0-and-1"),
        pytest.param(Filter("name", "startswith", ("vm-",)), True, id="startswith"),
        pytest.param(Filter("id", "gt", ("bbbbbbbb-0000-4000-8000-000000000000",)), False, id="keyset"),
        pytest.param(Filter("description", "equals", ("x",)), True, id="what-is-not-there-is-not-checked"),
    ],
)
def test_a_condition_holds(condition: Filter, *, holds: bool) -> None:
    assert condition.matches(ROW) is holds


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        pytest.param(ServerQuery(), True, id="no-conditions"),
        pytest.param(ServerQuery(ids=(ROW["id"].upper(),)), True, id="ids-ignore-case"),
        pytest.param(ServerQuery(ids=("other",)), False, id="another-id"),
        pytest.param(ServerQuery(names=("x", " vm-b ")), True, id="names-ignore-case-and-blanks"),
        pytest.param(ServerQuery(names=("vm",)), False, id="a-part-of-a-name"),
        pytest.param(ServerQuery(tags=(("user:owner", "me"),)), True, id="tag"),
        pytest.param(ServerQuery(tags=(("user:owner", None),)), True, id="tag-exists"),
        pytest.param(
            ServerQuery(tags=(("user:owner", "you"), ("user:owner", "me"))), True, id="one-key-is-or"
        ),
        pytest.param(ServerQuery(tags=(("user:owner", "me"), ("user:x", None))), False, id="keys-are-and"),
    ],
)
def test_a_row_was_asked_for(query: ServerQuery, *, holds: bool) -> None:
    assert query.matches(ROW) is holds


def test_tags_of_a_bare_row_cannot_be_checked() -> None:
    bare: dict[str, Any] = {"id": "a"}
    assert ServerQuery(tags=(("user:owner", "me"),)).matches(bare)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("2026-11-23T07:28:28Z", "2026-11-23T07:28:28.000000Z", id="with-and-without-fraction"),
        pytest.param("2026-11-23 07:28:28", "2026-11-23T07:28:28Z", id="no-zone-is-utc"),
        pytest.param("2026-11-23T15:28:28+08:00", "2026-11-23T07:28:28Z", id="another-zone"),
    ],
)
def test_one_moment_has_several_spellings(one: str, other: str) -> None:
    assert parse_time(one) == parse_time(other) is not None


@pytest.mark.parametrize("text", [None, 7, "", "soon", {"at": 1}, "2026-13-40T00:00:00Z"])
def test_what_is_no_time_is_none(text: object) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_time_outside_of_1970_to_2200_is_none(text: str) -> None:
    assert parse_time(text) is None


def test_a_time_within_1970_to_2200_is_read_to_the_second() -> None:
    assert parse_time("1970-01-01T00:00:00Z") is not None
    assert parse_time("2199-12-31T23:59:59Z") is not None
