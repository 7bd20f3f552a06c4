"""
What cannot change once the server is made, as one CEL rule on the root of the object.

Only the root sees both ``status`` and ``spec``. It is one rule whose message names the fields: a rule for
each field would look up the time of creation once more at every write of a status. Until that time
(``status.creation.completedAt``) everything may be corrected; an adopted server has no ``creation``, so a
field that differs from it is reported, not refused.

A field may be removed at any time: it is then not managed. It may come back, with any value, if the server
was made with one: where it differs, it is reported as drift.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.model import CHANGE, FIXED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Clause = tuple[str, str]  # what must hold in CEL, and what is said if it does not

# To look at a field costs the API server as much as the object around it has fields, and both rules are
# evaluated at each write of a status. So what is cheap is asked first, and each part of a path once.
_UNMADE = "!oldSelf.?status.?creation.?completedAt.hasValue() || !has(oldSelf.spec.server)"
_FREE = f"{_UNMADE} || !has(self.spec.server)"
# Nearly every write of a made server's object is of its status: nothing is compared field by field then.
_AS_BEFORE = "self.spec.server == oldSelf.spec.server"


def transition_rules(server: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rules for the schema of ``spec.server``, those of fixed fields from their marks."""
    properties = server["properties"]
    clauses = (
        *_fixed(properties),
        _root_disk(),
        _data_disks(),
    )
    texts = " + ".join(f"(({cel}) ? '' : '{said}. ')" for cel, said in clauses)
    return [
        {
            "rule": f"has(self.spec.server) || {_UNMADE}",
            "message": "server cannot be taken away once the server is made",
            **_REFUSED,
        },
        {
            "rule": f"{_FREE} || {_AS_BEFORE} || ({' && '.join(f'({cel})' for cel, _ in clauses)})",
            "message": "a field was changed that cannot change once the server is made",
            "messageExpression": texts,
            **_REFUSED,
        },
    ]


def _fixed(properties: Mapping[str, Any]) -> Iterator[Clause]:
    for name, field in properties.items():
        if _is_fixed(field):
            yield _same(name, f"has({{0}}.spec.server.{name})")
        elif field["type"] == "object":
            for inner, below in field.get("properties", {}).items():
                if _is_fixed(below):
                    there = f"(has({{0}}.spec.server.{name}) && has({{0}}.spec.server.{name}.{inner}))"
                    yield _same(f"{name}.{inner}", there)


def _is_fixed(field: Mapping[str, Any]) -> bool:
    return bool(field.get(CHANGE) == FIXED[CHANGE])


def _same(path: str, there: str) -> Clause:
    # The shorter form with optionals loses the bounds of the field, and is refused as too costly.
    now, before = there.format("self"), there.format("oldSelf")
    equal = f"self.spec.server.{path} == oldSelf.spec.server.{path}"
    return (
        f"!{now} || ({before} ? {equal} : {_sent(path)})",
        f"server.{path} cannot change once the server is made: take it out, or make a new object",
    )


def _sent(path: str) -> str:
    """Return whether the server was made with a value of *path*."""
    return f"(has(oldSelf.status.creation.sent) && '{path}' in oldSelf.status.creation.sent)"


def _root_disk() -> Clause:
    now, before = (f"(has({it}.rootDisk) && has({it}.rootDisk.size))" for it in _BOTH)
    grows = (
        "quantity(self.spec.server.rootDisk.size).compareTo(quantity(oldSelf.spec.server.rootDisk.size)) >= 0"
    )
    return f"!{before} || !{now} || {grows}", "server.rootDisk.size can only grow"


def _data_disks() -> Clause:
    both = "has(self.spec.server.dataDisks) && has(oldSelf.spec.server.dataDisks)"
    sized = "n.name == o.name && has(o.size) && has(n.size)"
    smaller = f"{sized} && quantity(n.size).compareTo(quantity(o.size)) < 0"
    grow = f"self.spec.server.dataDisks.all(n, !oldSelf.spec.server.dataDisks.exists(o, {smaller}))"
    return f"!({both}) || {grow}", "each of server.dataDisks can only grow"


_BOTH = ("self.spec.server", "oldSelf.spec.server")
_REFUSED = {"fieldPath": ".spec.server", "reason": "FieldValueForbidden"}
