"""The permissions that the operator needs: which are missing, and the RBAC rule that grants one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from onecloud_operator.api.identity import PROVIDER, SERVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The API server's message if no RBAC rule permits a call.
REFUSAL: Final = re.compile(
    r'cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)" '
    r'(?:at the cluster scope|in the namespace "(?P<namespace>[^"]+)")'
)


@dataclass(frozen=True, slots=True)
class Right:
    """A verb on a resource, as an RBAC rule names them."""

    verb: str
    resource: str
    group: str = ""

    def __str__(self) -> str:
        """Return the rule that grants it."""
        return f'{{apiGroups: ["{self.group}"], resources: ["{self.resource}"], verbs: ["{self.verb}"]}}'


# In every namespace with objects.
NEEDED: Final = (
    *(Right(verb, SERVER.plural, SERVER.group) for verb in ("get", "list", "watch", "patch")),
    Right("patch", f"{SERVER.plural}/status", SERVER.group),
    Right("get", "secrets"),
    Right("create", "events"),
)
# Where all namespaces are watched; in some only, get on each of them.
NAMESPACES: Final = tuple(Right(verb, "namespaces") for verb in ("get", "list", "watch"))
# Where all namespaces are watched.
PROVIDERS: Final = (
    *(Right(verb, PROVIDER.plural, PROVIDER.group) for verb in ("get", "list", "watch", "patch")),
    Right("patch", f"{PROVIDER.plural}/status", PROVIDER.group),
)
# In every namespace with objects, where Secrets are written.
CONNECTIONS: Final = tuple(Right(verb, "secrets") for verb in ("create", "get", "update", "delete"))
# In the Lease's namespace, where there is an election.
ELECTION: Final = tuple(Right(verb, "leases", "coordination.k8s.io") for verb in ("create", "get", "patch"))


def granting(refusal: str) -> str:
    """Return the rule that would permit a refused call, or "" for another message."""
    found = REFUSAL.search(refusal)
    if found is None:
        return ""
    role = f"Role in the namespace {found['namespace']}" if found["namespace"] else "ClusterRole"
    return f"a {role} with the rule {Right(found['verb'], found['resource'], found['group'])} grants it"


def lacking(
    status: Mapping[str, Any], needed: Sequence[Right] = NEEDED, *, name: str | None = None
) -> list[Right]:
    """
    Return which of the *needed* permissions a SelfSubjectRulesReview's *status* lacks.

    A rule with resourceNames counts if *name* is among them or None, since the names of Secrets are not known
    in advance. It never permits a create, for which the API server does not know the name. If an authorizer
    cannot list its rules, nothing counts as missing.
    """
    if status.get("incomplete"):
        return []
    rules = status["resourceRules"]
    return [right for right in needed if not any(_covers(rule, right, name) for rule in rules)]


def _covers(rule: Mapping[str, Any], right: Right, name: str | None) -> bool:
    names = rule.get("resourceNames")
    if names and (right.verb == "create" or (name is not None and name not in names)):
        return False
    wanted = (("verbs", right.verb), ("resources", right.resource), ("apiGroups", right.group))
    return all({"*", word} & set(rule.get(part) or ()) for part, word in wanted)
