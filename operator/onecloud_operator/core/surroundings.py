"""What stands on an object's namespace, as far as decisions depend on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.fast_dataclass import fast_dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


@fast_dataclass(frozen=True, slots=True)
class Surroundings:
    """
    What the namespace says.

    *known*: it was read; until then nothing is begun. *labels*: all, or None where they are not known,
    or too many: then no selector may match. *frozen_by*: what holds all changes in it, in words, or None.
    *agreed_deletion*: its agreement to a mass deletion, as it stands there. *deleting*: it is being deleted.
    """

    known: bool = True
    labels: Mapping[str, str] | None = None
    frozen_by: str | None = None
    agreed_deletion: str | None = None
    deleting: bool = False


UNKNOWN = Surroundings(known=False)
