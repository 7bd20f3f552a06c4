"""Servers to be imported, as the cloud shows them, and the manifests of them."""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING, Any

from onecloud_operator.cli.importing.manifests import Import, ServersObject, Target, imported
from onecloud_operator.cli.importing.selection import Selection
from onecloud_operator.translate import observed_from_details
from tests.translate.arrange import FULL, SECRET, detailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from onecloud_operator.core.observed import Observed

CREDENTIALS = {"credentialsRef": {"name": "onecloud"}}
OBSERVE = Target("shop", CREDENTIALS)
MANAGE = Target("shop", CREDENTIALS, manage=True)


@cache
def recorded() -> tuple[Observed, ...]:
    """Return every recorded reading of a server, the first of each version."""
    found = {(row["id"], row.get("update_version")): observed_from_details(row) for row in detailed()}
    return tuple(found.values())


def row(**changes: Any) -> dict[str, Any]:
    """Return the reply of a server that shows all that a cloud can show, and that nobody owns."""
    full = copy.deepcopy(FULL)
    full["metadata"] = {
        key: value for key, value in full["metadata"].items() if not key.startswith("user:onecloud.io/")
    }
    return full | changes


def server(**changes: Any) -> Observed:
    return observed_from_details(row(**changes))


def of(
    servers: Iterable[Observed],
    target: Target = OBSERVE,
    selection: Selection | None = None,
    objects: Iterable[ServersObject] = (),
    *,
    orphaned: bool = False,
) -> Import:
    """Import *servers*, all of the project; whoever the tags of one name is known to be no more."""
    return imported(servers, selection or Selection(), objects, target, lambda _owner: orphaned)


__all__ = ["MANAGE", "OBSERVE", "SECRET", "of", "recorded", "row", "server"]
