"""``spec`` of a OneCloudProvider: credentials for a cloud that objects of several namespaces may use."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt, StrictStr

from onecloud_operator.api.lists import ATOMIC_MAP, Unique
from onecloud_operator.api.management import Disruption
from onecloud_operator.api.model import Model, SecretName
from onecloud_operator.api.rule import Rule
from onecloud_operator.api.server import Tags
from onecloud_operator.api.server_parts import Placement
from onecloud_operator.api.windows import Windows

Namespace = Annotated[
    StrictStr, Field(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
# What a server asks of a shared cloud that another namespace may own.
Allowance = Literal["Adopt", "Observe", "Restore", "DiskID", "EIP"]
_LABEL_VALUE = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
LabelKey = Annotated[
    StrictStr, Field(min_length=1, max_length=317, pattern=r"^([-a-z0-9.]{1,253}/)?[-A-Za-z0-9_.]{1,63}$")
]
LabelValue = Annotated[StrictStr, Field(max_length=63, pattern=_LABEL_VALUE)]
# The API server's schema takes 2.0 for an integer, which no rule can read.
NUMBER: Rule[int] = Rule("must be a whole number, 0 or more", cel="self >= 0", holds=lambda count: count >= 0)


class ProviderSecretReference(Model):
    """The Secret with the credentials."""

    namespace: Namespace = Field(
        description=(
            "Namespace of the Secret: the operator's own, or one that its setting provider_secret_namespaces "
            "lists."
        )
    )
    name: SecretName = Field(description="Name of the Secret.")


class LabelRequirement(Model):
    """What a label of a namespace must be."""

    key: LabelKey = Field(description="Key of the label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="How the label is compared with values."
    )
    values: Annotated[tuple[LabelValue, ...], Field(max_length=32), Unique()] | None = Field(
        default=None, description="The values, for In and NotIn; none for the others."
    )

    rules: ClassVar[tuple[Rule[LabelRequirement], ...]] = (
        Rule(
            "values go with In and NotIn, and are needed there",
            cel="(self.operator == 'In' || self.operator == 'NotIn')"
            " == (has(self.values) && size(self.values) > 0)",
            holds=lambda self: (self.operator in {"In", "NotIn"}) == bool(self.values),
        ),
    )


class NamespaceSelector(Model):
    """Which labels a namespace must have: all of these."""

    match_labels: Annotated[dict[StrictStr, LabelValue], Field(max_length=16)] | None = Field(
        default=None, description="Labels with their values."
    )
    match_expressions: Annotated[tuple[LabelRequirement, ...], Field(max_length=16)] | None = Field(
        default=None, description="Conditions on labels."
    )

    rules: ClassVar[tuple[Rule[NamespaceSelector], ...]] = (
        Rule(
            "an empty selector would allow every namespace: give matchLabels or matchExpressions",
            cel="(has(self.matchLabels) && size(self.matchLabels) > 0)"
            " || (has(self.matchExpressions) && size(self.matchExpressions) > 0)",
            holds=lambda self: bool(self.match_labels or self.match_expressions),
        ),
    )


class AllowedNamespaces(Model):
    """The namespaces whose objects may name the provider."""

    names: Annotated[tuple[Namespace, ...], Field(max_length=256), Unique()] | None = Field(
        default=None, description="Names of namespaces."
    )
    selector: NamespaceSelector | None = Field(
        default=None,
        description=(
            "Namespaces by their labels, besides names. It counts only where the operator's setting "
            "provider_namespace_selectors is on, since whoever may label a namespace lets it in."
        ),
        json_schema_extra=ATOMIC_MAP,
    )


class ProviderDefaults(Model):
    """What holds for servers whose objects say nothing of it."""

    deletion_policy: Literal["RecycleBin", "Delete", "Retain"] | None = Field(
        default=None,
        description=(
            "What becomes of the server when the object is deleted. Adopted servers stay all the same, and a "
            "change to Delete does not reach objects that exist."
        ),
    )
    deletion_protection: StrictBool | None = Field(
        default=None,
        description=(
            "Whether the server of a deleted object is kept. Protection holds where the object or the "
            "provider asks for it."
        ),
    )
    disruption: Disruption | None = Field(
        default=None,
        description=(
            "Whether servers may be stopped for a change; each field for objects that do not give it. "
            "Rebuild counts as Restart here: only an object itself may lose its root disk."
        ),
    )
    tags: Tags | None = Field(
        default=None,
        description="User tags, besides those of the object; both count towards the 15 of a server.",
    )
    placement: Placement | None = Field(
        default=None, description="Where new servers are put; each field for objects that do not give it."
    )


class ProviderLimits(Model):
    """How many servers may be made."""

    servers: Annotated[StrictInt, Field(ge=0, le=1000000), NUMBER] | None = Field(
        default=None, description="Most servers of all namespaces."
    )
    servers_per_namespace: Annotated[StrictInt, Field(ge=0, le=1000000), NUMBER] | None = Field(
        default=None, description="Most servers of each namespace."
    )


class ProviderSpec(Model):
    """One project of a cloud, and who may use it for what."""

    secret_ref: ProviderSecretReference = Field(
        description=(
            "Secret with the credentials for the cloud, with the same keys as for spec.credentialsRef of a "
            "server."
        ),
        json_schema_extra=ATOMIC_MAP,
    )
    allowed_namespaces: AllowedNamespaces | None = Field(
        default=None,
        description=(
            "Namespaces whose objects may name this provider. Absent: none may. The servers of a namespace "
            "that loses its leave stay as they are."
        ),
    )
    defaults: ProviderDefaults | None = Field(
        default=None, description="What holds for servers whose objects say nothing of it."
    )
    allow: Annotated[tuple[Allowance, ...], Field(max_length=5), Unique()] | None = Field(
        default=None,
        description=(
            "What objects may take that another namespace may own. Adopt: servers, by adoption. Observe: "
            "servers, by managementPolicy Observe. Restore: servers in the recycle bin. DiskID: disks, by "
            "dataDisks.diskID. EIP: elastic IPs, by id or name. Absent: nothing."
        ),
    )
    freeze: StrictBool = Field(
        default=False,
        description=(
            "Whether nothing is created, changed or deleted in the cloud for objects that name this provider."
        ),
    )
    windows: Windows | None = Field(
        default=None,
        description=(
            "When servers may be stopped for a change, or for a restart that is asked for: a stop begins "
            "while one of these windows and one of the object's disruption.windows are open. Absent: the "
            "object's alone count."
        ),
    )
    limits: ProviderLimits | None = Field(default=None, description="How many servers may be made.")
