"""What the cloud's lists say of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.core.references import Ambiguous, Answer, Kind, Missing, Resolved, Unknown
from onecloud_operator.onecloud import Collection
from onecloud_operator.onecloud.errors import CatalogError
from onecloud_operator.translate.convert import ID_CHARACTERS, count
from onecloud_operator.translate.problems import said_by
from onecloud_operator.translate.to_observed import WORD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.onecloud import NamedRows
    from onecloud_operator.onecloud.errors import OneCloudError

ACTIVE = "active"
COLLECTIONS = {
    Kind.NETWORK: Collection.NETWORKS,
    Kind.IMAGE: Collection.IMAGES,
    Kind.KEYPAIR: Collection.KEYPAIRS,
    Kind.ELASTIC_IP: Collection.ELASTIC_IPS,
    Kind.SECURITY_GROUP: Collection.SECURITY_GROUPS,
    Kind.ZONE: Collection.ZONES,
    Kind.INSTANCE_TYPE: Collection.INSTANCE_TYPES,
}


def collection_of(kind: Kind) -> Collection:
    """Return the list that *kind* is looked up in."""
    return COLLECTIONS[kind]


def answer_of(kind: Kind, found: NamedRows) -> Answer:
    """Return what the rows of one name say."""
    rows = found.rows
    ids = sorted({row["id"] for row in rows})
    if any(len(one) > ID_CHARACTERS for one in ids):
        return Unknown("the cloud answered with an id that cannot be one")
    if kind is Kind.INSTANCE_TYPE and rows and found.complete:
        # One and the same type has a row for each zone.
        sizes = {(count(row.get("cpu_core_count")), count(row.get("memory_size_mb"))) for row in rows}
        return Resolved(ids[0], *sizes.pop()) if len(sizes) == 1 else Ambiguous()
    if len(ids) > 1:
        return Ambiguous()
    if not found.complete:
        return Unknown("the cloud's list is not that of this name, or not whole")
    if not ids:
        return Missing()
    return Resolved(ids[0], unusable=_unusable(rows[0]) if kind is Kind.IMAGE else None)


def _unusable(image: Mapping[str, Any]) -> str | None:
    """Return the state of an image if the cloud tells one in which nothing can be made of it."""
    status = WORD(image.get("status"))
    return None if status in {None, ACTIVE} else status


def unknown_of(error: OneCloudError) -> Unknown:
    """Return what a look-up that failed says: nothing, and why."""
    if isinstance(error, CatalogError):
        return Unknown("the cloud's catalog names no image service that the token may be sent to")
    return Unknown(said_by(error))
