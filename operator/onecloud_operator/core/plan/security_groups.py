"""The security groups that a spec names, by ID as far as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.plan.create_only import Doubt
from onecloud_operator.core.references import Kind, Missing, Reference, Resolved, Unknown, is_id, same_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.observed import Details
    from onecloud_operator.core.references import Names


def groups_of(spec: ServerSpec, details: Details, names: Names) -> frozenset[str] | None:
    """
    Return what *spec* wants the groups to be; None if it wants nothing, or a name is in doubt.

    The cloud shows its groups' names of today, so one that the server is in needs no look-up. A name that is
    not found, or cannot be looked up, is left to the cloud: it takes names, too.
    """
    if spec.security_groups is None or any(group_doubts(spec, details, names)):
        return None
    return frozenset(_id_of(want, details, names) for want in spec.security_groups)


def group_doubts(spec: ServerSpec, details: Details, names: Names) -> Iterator[Doubt]:
    """Yield the groups of *spec* of which it is open which they are."""
    for want in spec.security_groups or ():
        reference = Reference(Kind.SECURITY_GROUP, want)
        if _shown(want, details) is None and not is_id(want):
            answer = names.get(reference)
            if not isinstance(answer, Resolved | Missing | Unknown):
                yield Doubt("securityGroups", reference, answer)


def _id_of(want: str, details: Details, names: Names) -> str:
    answer = names.get(Reference(Kind.SECURITY_GROUP, want))
    named = answer.id if isinstance(answer, Resolved) else want
    return _shown(want, details) or (named.lower() if is_id(named) else named)


def _shown(want: str, details: Details) -> str | None:
    """Return the id of the server's own group that *want* names; the cloud ignores the case of names."""
    return next(
        (
            g.id or g.name
            for g in details.security_groups
            if want in {g.id, g.name} or (g.id and same_id(want, g.id))
        ),
        next((g.id or g.name for g in details.security_groups if want.casefold() == g.name.casefold()), None),
    )
