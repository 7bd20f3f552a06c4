"""
What the schema cannot say, as CEL rules for the API server.

Rules on one field or part stand beside the models' validators and say the same. The transition rules stand on
the root, the only place that sees ``status`` and ``spec`` both: what cannot change is fixed once the server
is made (``status.creation.completedAt``), and may be corrected until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from onecloud_operator.api import spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel


@dataclass(frozen=True, slots=True)
class Rule:
    """One x-kubernetes-validation. *field*: the fieldPath that the message is about."""

    rule: str
    message: str
    field: str | None = None
    reason: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return the rule as it stands in a CRD."""
        entry = {"rule": self.rule, "message": self.message, "fieldPath": self.field, "reason": self.reason}
        return {key: value for key, value in entry.items() if value is not None}


_MAKES = "(self.managementPolicy == 'Manage' && (!has(self.adoption) || self.adoption.policy != 'Adopt'))"
_ROOT_SIZE = "(has(self.server.rootDisk) && has(self.server.rootDisk.size))"


def _between(least: str, most: str) -> str:
    return f"quantity(self).compareTo(quantity('{least}')) >= 0 && quantity(self).compareTo(quantity('{most}')) <= 0"


SIZE = Rule(_between("1Gi", "64Ti"), "must be from 1Gi to 64Ti")
MEMORY = Rule(_between("8Mi", "512Gi"), "must be from 8Mi to 512Gi")

# (model, field or None for the model itself) → rules
RULES: dict[tuple[type[BaseModel], str | None], tuple[Rule, ...]] = {
    (spec.Spec, None): (
        Rule(
            f"!{_MAKES} || has(self.server)",
            "server is required, except under managementPolicy Observe or adoption.policy Adopt",
            ".server",
            "FieldValueRequired",
        ),
        Rule(
            f"!{_MAKES} || !has(self.server) || "
            "(has(self.server.instanceType) != (has(self.server.cpu) && has(self.server.memory)))",
            "set server.instanceType, or server.cpu and server.memory",
        ),
        Rule(
            "!has(self.server) || ((has(self.server.instanceType) ? 1 : 0) + "
            "(has(self.server.cpu) || has(self.server.memory) ? 1 : 0)) < 2",
            "server.instanceType excludes server.cpu and server.memory",
        ),
        Rule(
            f"!{_MAKES} || !has(self.server) || has(self.server.image) || {_ROOT_SIZE}",
            "a new server needs server.image or server.rootDisk.size",
        ),
        Rule(
            "self.managementPolicy != 'Observe' || "
            "(has(self.adoption) && (has(self.adoption.id) || has(self.adoption.name)))",
            "managementPolicy Observe needs adoption.id or adoption.name",
        ),
        Rule(
            "self.managementPolicy == 'Observe' || !has(self.adoption) || self.adoption.policy != 'Never' || "
            "(!has(self.adoption.id) && !has(self.adoption.name))",
            "adoption.id and adoption.name need adoption.policy Adopt or managementPolicy Observe",
        ),
        Rule(
            "!has(self.adoption) || self.adoption.policy != 'AdoptOrCreate' || "
            "(has(self.server) && has(self.server.name))",
            "adoption.policy AdoptOrCreate needs server.name",
        ),
        Rule(
            "!has(self.adoption) || self.adoption.policy != 'Adopt' || self.onExternalDeletion != 'Recreate'",
            "an adopted server cannot be made again: onExternalDeletion must be Report",
        ),
    ),
    (spec.Adoption, None): (
        Rule("!has(self.id) || !has(self.name)", "at most one of adoption.id and adoption.name"),
        Rule(
            "self.policy != 'Adopt' || has(self.id) || has(self.name)",
            "adoption.policy Adopt needs adoption.id or adoption.name",
        ),
        Rule(
            "self.policy != 'AdoptOrCreate' || (!has(self.id) && !has(self.name))",
            "adoption.policy AdoptOrCreate finds the server by server.name, not by adoption.id or adoption.name",
        ),
    ),
    (spec.ServerSpec, None): (
        Rule(
            "!has(self.userData) || !has(self.userDataFrom)",
            "at most one of server.userData and server.userDataFrom",
        ),
    ),
    (spec.ServerSpec, "memory"): (MEMORY,),
    (spec.RootDisk, "size"): (SIZE,),
    (spec.DataDisk, "size"): (SIZE,),
    (spec.ServerSpec, "data_disks"): (
        Rule("self.all(d, d.index <= size(self))", "data disks are 1, 2, 3 without gaps"),
    ),
    (spec.ServerSpec, "networks"): (
        Rule("self.filter(n, has(n.default) && n.default).size() <= 1", "one network at most is the default"),
    ),
    (spec.Network, "address"): (Rule("isIP(self) && ip(self).family() == 4", "must be an IPv4 address"),),
    (spec.Network, "address6"): (Rule("isIP(self) && ip(self).family() == 6", "must be an IPv6 address"),),
    (spec.ServerSpec, "user_data"): (
        Rule(
            "self.startsWith('#cloud-config') || self.startsWith('#!/')",
            "user data begins with #cloud-config or #!/",
        ),
    ),
    (spec.ServerSpec, "tags"): (
        Rule("self.all(k, size(k) >= 1 && size(k) <= 59)", "a tag's key has 1 to 59 characters"),
        Rule(
            "self.all(k, !k.startsWith('__') && !k.startsWith('onecloud.io/'))",
            "a tag's key begins neither with __ nor onecloud.io/",
        ),
        Rule(
            "self.all(k, self[k].lowerAscii() != 'none' && self[k].lowerAscii() != 'null')",
            "a tag's value is neither none nor null: the cloud deletes it",
        ),
    ),
    (spec.IsolatedDevice, None): (
        Rule("has(self.id) != has(self.type)", "give either id or type"),
        Rule("!has(self.model) || has(self.type)", "model needs type"),
    ),
    (spec.Billing, None): (
        Rule(
            "(self.type == 'Prepaid') == has(self.duration)",
            "billing.duration goes with billing.type Prepaid",
        ),
        Rule(
            "!has(self.autoRenew) || self.type == 'Prepaid'",
            "billing.autoRenew goes with billing.type Prepaid",
        ),
    ),
}

_UNMADE = (
    "!has(oldSelf.status) || !has(oldSelf.status.creation) || !has(oldSelf.status.creation.completedAt) || "
    "!has(oldSelf.spec.server)"
)
_GUARD = f"{_UNMADE} || !has(self.spec.server)"


def root_rules() -> tuple[Rule, ...]:
    """Return the transition rules, those of fields from the ``fixed`` marks of the models."""
    return (*_fixed_rules(), _server_stays(), _root_disk_grows(), _data_disks_stay(), _data_disks_grow())


def _fixed_rules() -> Iterator[Rule]:
    for name in fixed_fields(spec.ServerSpec):
        yield _fixed(name, f"has({{0}}.spec.server.{name})", f".spec.server.{name}")
    for part, model in (("hardware", spec.Hardware), ("rootDisk", spec.RootDisk)):
        for name in fixed_fields(model):
            has = f"(has({{0}}.spec.server.{part}) && has({{0}}.spec.server.{part}.{name}))"
            yield _fixed(f"{part}.{name}", has, f".spec.server.{part}.{name}")


def _fixed(name: str, has: str, field: str) -> Rule:
    # The shorter form with optionals loses the bounds, and is refused as too costly.
    now, before = has.format("self"), has.format("oldSelf")
    path = f"spec.server.{name}"
    return Rule(
        f"{_GUARD} || ({now} == {before} && (!{now} || self.{path} == oldSelf.{path}))",
        f"server.{name} cannot change once the server is made: make a new object",
        field,
        "FieldValueForbidden",
    )


def fixed_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the names, as on the wire, of the fields of *model* that are marked fixed."""
    marked = []
    for name, field in model.model_fields.items():
        extra: Any = field.json_schema_extra
        if isinstance(extra, dict) and extra.get("x-fixed"):
            marked.append(field.alias or name)
    return tuple(marked)


def _server_stays() -> Rule:
    return Rule(
        f"{_UNMADE} || has(self.spec.server)",
        "server cannot be taken away once the server is made",
        ".spec",
        "FieldValueForbidden",
    )


def _root_disk_grows() -> Rule:
    now, before = (
        f"(has({who}.spec.server.rootDisk) && has({who}.spec.server.rootDisk.size))"
        for who in ("self", "oldSelf")
    )
    larger = (
        "quantity(self.spec.server.rootDisk.size).compareTo(quantity(oldSelf.spec.server.rootDisk.size)) >= 0"
    )
    return Rule(
        f"{_GUARD} || !{before} || ({now} && {larger})",
        "server.rootDisk.size can only grow",
        ".spec.server.rootDisk",
        "FieldValueForbidden",
    )


def _data_disks_stay() -> Rule:
    now, before = (
        f"(has({who}.spec.server.dataDisks) ? size({who}.spec.server.dataDisks) : 0)"
        for who in ("self", "oldSelf")
    )
    return Rule(
        f"{_GUARD} || {now} == {before}",
        "data disks cannot be added or removed once the server is made",
        ".spec.server.dataDisks",
        "FieldValueForbidden",
    )


def _data_disks_grow() -> Rule:
    same = " && ".join(
        f"has(n.{name}) == has(o.{name}) && (!has(n.{name}) || n.{name} == o.{name})"
        for name in fixed_fields(spec.DataDisk)
    )
    return Rule(
        f"{_GUARD} || !has(oldSelf.spec.server.dataDisks) || !has(self.spec.server.dataDisks) || "
        "oldSelf.spec.server.dataDisks.all(o, self.spec.server.dataDisks.exists(n, n.index == o.index && "
        f"quantity(n.size).compareTo(quantity(o.size)) >= 0 && {same}))",
        "a data disk can only grow; its other fields cannot change",
        ".spec.server.dataDisks",
        "FieldValueForbidden",
    )
