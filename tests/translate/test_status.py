"""The mirror is ``status.server``: every field of it has its place there, and none is ever refused."""

from typing import Any

from hypothesis import given

from onecloud_operator.api.status import ServerStatus
from onecloud_operator.translate import mirror_of
from onecloud_operator.translate.columns import PLAIN_COLUMNS
from tests.api.plain_values import two_values_of
from tests.fuzz.strategies import DEAR
from tests.translate.arrange import FULL, detailed
from tests.translate.test_to_observed import garbage


def accepted(mirror: dict[str, Any]) -> dict[str, Any]:
    """Return what the model keeps of a mirror, as it stands in the object."""
    model = ServerStatus.model_validate(mirror)
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def test_a_full_mirror_fills_every_field_of_the_model() -> None:
    plain = {column.wire: column.sent(two_values_of(column.path)[0]) for column in PLAIN_COLUMNS}
    mirror = mirror_of(plain | FULL)
    assert accepted(mirror) == mirror
    assert paths(mirror) == fields(ServerStatus.model_json_schema(by_alias=True))


def test_every_recorded_mirror_is_kept_whole() -> None:
    assert len(detailed()) > 100
    for server in detailed():
        mirror = mirror_of(server)
        assert accepted(mirror) == mirror


@DEAR
@given(garbage)
def test_no_garbage_makes_a_mirror_that_is_refused(server: dict[str, Any]) -> None:
    mirror = mirror_of(server)
    assert accepted(mirror) == mirror


def paths(value: Any, path: str = "") -> set[str]:
    match value:
        case dict() if not path.endswith(".tags"):
            return {leaf for name, inner in value.items() for leaf in paths(inner, f"{path}.{name}")}
        case list():
            return {leaf for inner in value for leaf in paths(inner, path)}
        case _:
            return {path}


def fields(schema: dict[str, Any]) -> set[str]:
    definitions = schema.get("$defs", {})

    def walk(node: dict[str, Any], path: str) -> set[str]:
        if "$ref" in node:
            node = definitions[node["$ref"].rpartition("/")[2]]
        for inner in (*node.get("anyOf", ()), *([node["items"]] if "items" in node else ())):
            if found := walk(inner, path) - {path}:
                return found
        if "properties" in node:
            return {
                leaf for name, inner in node["properties"].items() for leaf in walk(inner, f"{path}.{name}")
            }
        return {path}

    return walk(schema, "")
