"""A OneCloudProvider as the decisions about its servers see it; nothing of its status is in it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from onecloud_operator.api.provider import ProviderDefaults
from onecloud_operator.core.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.provider import Allowance, LabelRequirement, NamespaceSelector
    from onecloud_operator.api.windows import Window
    from onecloud_operator.core.values import Problem


@fast_dataclass(frozen=True, slots=True)
class Provider:
    """
    Two are equal if the same is to be done for the servers that name them.

    *secret*: namespace and name. *allowed_names*, *allowed_selector*: whose objects may name it.
    *agreed_deletion*: what a person answered to a mass deletion. *flaw*: why it cannot be used at all;
    its other fields are not to be trusted then.
    """

    name: str
    uid: str
    generation: int
    secret: tuple[str, str]
    allowed_names: frozenset[str] = frozenset()
    allowed_selector: NamespaceSelector | None = None
    defaults: ProviderDefaults = field(default_factory=ProviderDefaults)
    allow: frozenset[Allowance] = frozenset()
    frozen: bool = False
    windows: tuple[Window, ...] = ()
    servers_limit: int | None = None
    servers_per_namespace_limit: int | None = None
    agreed_deletion: str | None = None
    deleting: bool = False
    flaw: Problem | None = None

    def allows(self, namespace: str, labels: Mapping[str, str] | None = None) -> bool:
        """
        Return whether objects of *namespace* may name the provider.

        *labels*: of the namespace, None where selectors are off or the labels are not known.
        """
        if namespace in self.allowed_names:
            return True
        if self.allowed_selector is None or labels is None:
            return False
        return selects(self.allowed_selector, labels)


def selects(selector: NamespaceSelector, labels: Mapping[str, str]) -> bool:
    """Return whether *labels* are as *selector* wants them; an empty selector selects nothing."""
    wanted, conditions = selector.match_labels or {}, selector.match_expressions or ()
    if not wanted and not conditions:
        return False
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _meets(labels, one) for one in conditions
    )


def _meets(labels: Mapping[str, str], one: LabelRequirement) -> bool:
    match one.operator:
        case "In":
            return labels.get(one.key) in (one.values or ())
        case "NotIn":
            return labels.get(one.key) not in (one.values or ())
        case "Exists":
            return one.key in labels
        case "DoesNotExist":
            return one.key not in labels
