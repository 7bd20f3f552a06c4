"""What rows of one name say: an id, none, too many, or nothing that is known."""

from __future__ import annotations

from typing import Any

import pytest

from onecloud_operator.core.references import Ambiguous, Answer, Kind, Missing, Resolved, Unknown
from onecloud_operator.onecloud import Collection, NamedRows
from onecloud_operator.onecloud.errors import Call, CatalogError, Forbidden
from onecloud_operator.translate import answer_of, collection_of, unknown_of

TYPE = {"id": "t1", "name": "ecs.g1.c2m2", "cpu_core_count": 2, "memory_size_mb": 2048}


def row(ident: str) -> dict[str, Any]:
    return {"id": ident, "name": "db"}


def test_every_kind_has_its_list() -> None:
    assert {collection_of(kind) for kind in Kind} == set(Collection)


@pytest.mark.parametrize(
    ("rows", "complete", "expected"),
    [
        pytest.param([], True, Missing(), id="none"),
        pytest.param([row("a")], True, Resolved("a"), id="one"),
        pytest.param([row("a"), row("b")], True, Ambiguous(), id="two"),
        pytest.param([row("a"), row("b")], False, Ambiguous(), id="two-or-more"),
    ],
)
def test_what_rows_say(rows: list[dict[str, Any]], complete: bool, expected: Answer) -> None:
    assert answer_of(Kind.SECURITY_GROUP, NamedRows(tuple(rows), complete)) == expected


@pytest.mark.parametrize("rows", [[], [row("a")], [row("a" * 65)]])
def test_a_list_that_cannot_be_relied_on_is_never_missing(rows: list[dict[str, Any]]) -> None:
    assert isinstance(answer_of(Kind.NETWORK, NamedRows(tuple(rows), complete=False)), Unknown)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param([TYPE], Resolved("t1", 2, 2048), id="one-zone"),
        pytest.param([{**TYPE, "id": "t2"}, TYPE], Resolved("t1", 2, 2048), id="two-zones"),
        pytest.param([TYPE, {**TYPE, "id": "t2", "memory_size_mb": 4096}], Ambiguous(), id="two-sizes"),
        pytest.param([{"id": "t1", "name": "x"}], Resolved("t1"), id="without-sizes"),
        pytest.param([], Missing(), id="none"),
    ],
)
def test_an_instance_type_may_be_there_for_each_zone(rows: list[dict[str, Any]], expected: Answer) -> None:
    assert answer_of(Kind.INSTANCE_TYPE, NamedRows(tuple(rows), complete=True)) == expected


def test_a_look_up_that_failed_says_why_and_nothing_else() -> None:
    call = Call("GET", "/networks", "1")
    assert unknown_of(Forbidden(call, 403, "ForbiddenError", "no right to list")) == Unknown(
        "no right to list"
    )
    assert unknown_of(CatalogError("…")) == Unknown(
        "the cloud's catalog names no image service that the token may be sent to"
    )
