"""Which deletions take a server away, and what is known of their number when one is decided on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.policies import deletion_policy
from onecloud_operator.core.status_values import text

if TYPE_CHECKING:
    from onecloud_operator.core.resource import Resource


@fast_dataclass(frozen=True, slots=True)
class Deletions:
    """
    The deletions beside that of the object.

    *limited*: a setting limits them. *counted*: every object was heard of, so that the number is known.
    *too_many*: more were asked for than that, and by its namespace more than its share. *settles_in*: so many
    seconds later all that were deleted along with it have been heard of.
    """

    limited: bool = True
    counted: bool = True
    too_many: bool = False
    settles_in: float = 0.0


def asked_away(resource: Resource) -> bool:
    """
    Return whether the object is deleted and its server is to go with it.

    What an object of a provider that names no policy would do stands in the status.
    """
    if not resource.deleting or not resource.held or resource.records.bound_id is None:
        return False
    spec = resource.spec
    if resource.force_detach or (spec is not None and spec.deletion_protection):
        return False
    named = spec is not None and spec.deletion_policy is not None
    kept = "Retain" in {
        deletion_policy(resource),
        None if named else text(resource.status.get("deletionPolicy")),
    }
    return not kept
