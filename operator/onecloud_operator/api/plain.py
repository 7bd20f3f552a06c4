"""
Plain fields of ``spec.server``: one value each, that ``status.server`` shows at the same place.

`Plain` in a field's declaration is all that status, comparison and update need to know of it; what the cloud
calls it stands in ``PLAIN_COLUMNS`` of translate/columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from pydantic import create_model

from onecloud_operator.api.model import CHANGE, FIXED, Model, wire_name
from onecloud_operator.api.status_model import Short, StatusModel, shown

S = TypeVar("S", bound=StatusModel)

PlainValue = str | bool


@dataclass(frozen=True, slots=True)
class Plain:
    """
    The mark of a plain field, in ``Annotated``.

    *meaning* and *kind* are its description and type in ``status.server``, where any word of the cloud may
    stand. ``json_schema_extra`` says how it may change: a fixed one is reported, the others are sent.
    *kept_as*: attribute of a fixed one in ``status.baseline``, where that is not its own name.
    """

    meaning: str
    kind: Any = Short
    kept_as: str | None = None


@dataclass(frozen=True, slots=True)
class PlainField:
    """
    A plain field.

    *path* is its place below ``spec.server``, and below ``status.server``; *attributes* lead to it in the
    model. A *fixed* one cannot change once the server is made.
    """

    path: str
    attributes: tuple[str, ...]
    fixed: bool
    mark: Plain

    @property
    def kept_as(self) -> str:
        """Return the attribute of a fixed field in ``status.baseline``."""
        return self.mark.kept_as or self.attributes[-1]

    def wanted_in(self, spec: Model) -> PlainValue | None:
        """Return what ``spec.server`` gives, None if nothing."""
        found: Any = spec
        for name in self.attributes:
            found = getattr(found, name) if found is not None else None
        return _value(found)

    def shown_in(self, server: Mapping[str, Any]) -> PlainValue | None:
        """Return what ``status.server`` shows, None if nothing."""
        return shown_at(self.path, server)

    def differs(self, spec: Model, server: Mapping[str, Any]) -> bool:
        """Return whether ``spec.server`` gives a value, and ``status.server`` shows another, or none."""
        want = self.wanted_in(spec)
        if want is None:
            return False
        have = self.shown_in(server)
        return want != ("" if have is None else have)  # an empty text is not shown


def shown_at(path: str, server: Mapping[str, Any]) -> PlainValue | None:
    """Return what ``status.server`` shows at *path*; what is no plain value counts as absent."""
    *parts, name = path.split(".")
    for part in parts:
        inner = server.get(part)
        if not isinstance(inner, dict):
            return None
        server = inner
    return _value(server.get(name))


def plain_fields_of(model: type[Model]) -> tuple[PlainField, ...]:
    """Return the plain fields of *model* and of its parts, in the order in which they are declared."""
    return tuple(_found(model, (), fixed=False))


def with_plain_fields(part: type[Model]) -> Callable[[type[S]], type[S]]:
    """Give a part of ``status.server`` the plain fields that *part* of ``spec.server`` declares."""
    own = (field for field in plain_fields_of(part) if len(field.attributes) == 1)
    return _with({field.attributes[0]: field.mark for field in own})


def with_fixed_fields(server: type[Model]) -> Callable[[type[S]], type[S]]:
    """Give ``status.baseline`` the plain fields of *server* that cannot change."""
    return _with({field.kept_as: field.mark for field in plain_fields_of(server) if field.fixed})


def _with(marks: Mapping[str, Plain]) -> Callable[[type[S]], type[S]]:
    fields: dict[str, Any] = {name: (mark.kind | None, shown(mark.meaning)) for name, mark in marks.items()}

    def extended(model: type[S]) -> type[S]:
        plain = create_model(f"Plain{model.__name__}", __base__=StatusModel, **fields)
        bases: tuple[type[Any], ...] = (model, plain)  # so that the plain fields are listed first
        return create_model(
            model.__name__, __base__=bases, __module__=model.__module__, __doc__=model.__doc__
        )

    return extended


def _found(model: type[Model], above: tuple[str, ...], *, fixed: bool) -> Iterator[PlainField]:
    for name, field in model.model_fields.items():
        attributes = (*above, name)
        extra = field.json_schema_extra
        never = fixed or (isinstance(extra, dict) and extra.get(CHANGE) == FIXED[CHANGE])
        for mark in field.metadata:
            if isinstance(mark, Plain):
                yield PlainField(".".join(map(wire_name, attributes)), attributes, never, mark)
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Model):
                yield from _found(kind, attributes, fixed=never)


def _value(found: object) -> PlainValue | None:
    return found if isinstance(found, str | bool) else None
