"""The rights that the operator needs: which of them it lacks, and the rule of RBAC that grants one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# What the API server says when no rule of RBAC allows a call.
REFUSAL: Final = re.compile(
    r'cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)" '
    r'(?:at the cluster scope|in the namespace "(?P<namespace>[^"]+)")'
)


@dataclass(frozen=True, slots=True)
class Right:
    """A verb on a resource, as a rule of RBAC names them."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        """Return the rule that grants it."""
        return f'{{apiGroups: ["{self.group}"], resources: ["{self.resource}"], verbs: ["{self.verb}"]}}'


NEEDED: Final = (
    *(Right(verb, "onecloudservers", "onecloud.io") for verb in ("get", "list", "watch", "patch")),
    Right("patch", "onecloudservers/status", "onecloud.io"),
    Right("get", "secrets"),
    Right("create", "events"),
)


def granting(refusal: str) -> str:
    """Return what grants that which the API server refuses in these words; empty if nothing does."""
    found = REFUSAL.search(refusal)
    if found is None:
        return ""
    place = f"Role in the namespace {found['namespace']}" if found["namespace"] else "ClusterRole"
    return f"a {place} with the rule {Right(found['verb'], found['resource'], found['group'])} grants it"


def lacking(status: Mapping[str, Any]) -> list[Right]:
    """
    Return which of the needed rights a SelfSubjectRulesReview's *status* does not show.

    A rule with names counts: which Secrets there will be is not known. Where an authorizer cannot list its
    rules, nothing is known to be lacking.
    """
    if status.get("incomplete"):
        return []
    return [right for right in NEEDED if not any(_covers(rule, right) for rule in status["resourceRules"])]


def _covers(rule: Mapping[str, Any], right: Right) -> bool:
    wanted = (("verbs", right.verb), ("resources", right.resource), ("apiGroups", right.group))
    return all({"*", word} & set(rule.get(part) or ()) for part, word in wanted)
