"""The two tables of plain fields match, and their rows are all that a field needs at the cloud's border."""

from __future__ import annotations

import json

import pytest

from onecloud_operator.api.plain import PlainField
from onecloud_operator.api.server import PLAIN_FIELDS
from onecloud_operator.api.status import Status
from onecloud_operator.core.observed import Owner
from onecloud_operator.translate import (
    create_body,
    observed_from_details,
    observed_from_row,
    recall,
    update_changes,
)
from onecloud_operator.translate.columns import PLAIN_COLUMNS
from tests.api.plain_values import spec_with, two_values_of

WIRE = {column.path: column.wire for column in PLAIN_COLUMNS}
EACH = pytest.mark.parametrize("field", PLAIN_FIELDS, ids=lambda field: field.path)
OWNER = Owner("c1", "shop", "web-1", "u-1")
ANY = {"id": "s1", "name": "any", "status": "running", "update_version": 3}


def body_of(path: str, value: str | bool) -> dict[str, object]:
    return create_body(
        spec_with(path, value),
        server_id="s1",
        name="default" if path != "name" else str(value),
        hostname="h",
        owner=OWNER,
        password=None,
        user_data=None,
    )


def test_both_tables_have_the_same_fields() -> None:
    assert sorted(column.path for column in PLAIN_COLUMNS) == sorted(field.path for field in PLAIN_FIELDS)
    assert len({column.wire for column in PLAIN_COLUMNS}) == len(PLAIN_COLUMNS)


def test_a_put_carries_exactly_what_can_change() -> None:
    assert {column.path for column in PLAIN_COLUMNS if column.put} == {
        field.path for field in PLAIN_FIELDS if not field.fixed
    }


@EACH
def test_what_is_created_is_read_mirrored_and_recalled_as_the_spec_says_it(field: PlainField) -> None:
    one, other = two_values_of(field.path)
    wire = WIRE[field.path]
    server = observed_from_details({**ANY, wire: body_of(field.path, one)[wire]})
    Status.model_validate({"server": server.mirror})
    recalled = recall(json.loads(json.dumps(server.mirror)))
    assert recalled is not None
    for found in (server, recalled):
        assert found.plain(field.path) == one
        assert not field.differs(spec_with(field.path, one), found.mirror)
        assert field.differs(spec_with(field.path, other), found.mirror)


@EACH
def test_a_newer_row_shows_what_it_has_become(field: PlainField) -> None:
    one, other = two_values_of(field.path)
    wire = WIRE[field.path]
    before = observed_from_details({**ANY, wire: body_of(field.path, one)[wire]})
    after = observed_from_row({**ANY, wire: body_of(field.path, other)[wire]}, before)
    assert after.plain(field.path) == other
    if isinstance(one, str):
        assert observed_from_row({**ANY, wire: ""}, before).plain(field.path) is None


@pytest.mark.parametrize(
    "field", [each for each in PLAIN_FIELDS if not each.fixed], ids=lambda field: field.path
)
def test_what_is_put_is_read_as_the_spec_says_it(field: PlainField) -> None:
    for value in two_values_of(field.path):
        changes = update_changes({field.path: value})
        assert changes.keys() == {WIRE[field.path]}
        server = observed_from_details({**ANY, **changes})
        assert not field.differs(spec_with(field.path, value), server.mirror)
