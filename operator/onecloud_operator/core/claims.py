"""Who claims a server, by the objects that have it and by its owner tags, and where the two do not agree."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from onecloud_operator.core.observed import Owner


class Dispute(enum.StrEnum):
    """What is wrong with the claims on one server."""

    SHARED = "shared"  # several objects manage it
    OTHER_OBJECT = "other_object"  # an object manages it, and the tags name another one that lives
    OTHER_CLUSTER = "other_cluster"  # an object manages it, and the tags name one of another cluster
    ORPHANED = "orphaned"  # the tags name an object of this cluster that there is not, and none manages it


def dispute_of(
    owner: Owner | None,
    managers: Collection[str],
    clusters: Collection[str],
    lives: Callable[[Owner], bool],
) -> Dispute | None:
    """
    Return what is wrong with the claims on a server, None if nothing is.

    *owner*: whom its tags name, None also while they were not read. *managers*: UIDs of the objects that
    manage it; those that only observe it claim nothing. *clusters*: what this one is called in owner tags.
    *lives*: whether an object is there, or may be.
    """
    if len(managers) > 1:
        return Dispute.SHARED
    if owner is None or owner.uid in managers:
        return None
    if owner.cluster not in clusters:
        return Dispute.OTHER_CLUSTER if managers else None
    if lives(owner):
        return Dispute.OTHER_OBJECT if managers else None
    return None if managers else Dispute.ORPHANED  # what an object has, or is about to adopt, is its own
