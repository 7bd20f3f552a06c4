"""Objects that ask for something of the server that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.core.fixtures import (
    ADOPTED,
    ID,
    resource,
    spec,
)

if TYPE_CHECKING:
    from onecloud_operator.core.resource import Resource


def wanting(server_spec: dict[str, Any] | None = None, **policies: Any) -> Resource:
    return resource(spec=spec(server_spec, **policies))


def adopted(server_spec: dict[str, Any] | None = None) -> Resource:
    wanted = spec(server_spec, adoption={"policy": "Adopt", "id": ID})
    return resource(spec=wanted, records=ADOPTED)
