"""Which fields of ``spec.server`` count only when the server is made: those with the mark FIXED."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, get_args

from onecloud_operator.api.model import CHANGE, FIXED, Model, wire_name
from onecloud_operator.api.server import ServerSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORKS, GROUPS = "networks", "instanceGroups"
IMAGE = "image"  # it can be edited, and the server was made of one all the same


@lru_cache(maxsize=1)
def fixed_fields() -> tuple[str, ...]:
    """Return their paths below ``spec.server``, as they are on the wire."""
    return tuple(_fixed_in(ServerSpec, ""))


@lru_cache(maxsize=1)
def sent_fields() -> tuple[str, ...]:
    """Return the paths of which it is noted with which value a server was made: fixed ones, and some more."""
    return (*fixed_fields(), NETWORKS, GROUPS, IMAGE)


def fixed_field_of(path: str) -> str | None:
    """Return the field among them that *path* is, or is a part of; None if there is none."""
    if path == NETWORKS:
        return NETWORKS  # the cards of others, which nothing is done about
    return next((f for f in fixed_fields() if path == f or path.startswith((f"{f}.", f"{f}["))), None)


def _fixed_in(model: type[Model], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        path = f"{prefix}{wire_name(name)}"
        extra = field.json_schema_extra
        if isinstance(extra, dict) and extra.get(CHANGE) == FIXED[CHANGE]:
            yield path
            continue
        kinds = (field.annotation, *get_args(field.annotation))
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, Model):
                yield from _fixed_in(kind, f"{path}.")
