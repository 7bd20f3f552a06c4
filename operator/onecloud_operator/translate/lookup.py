"""What the cloud's lists say of a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.core.references import Ambiguous, Answer, Kind, Missing, Resolved, Unknown
from onecloud_operator.onecloud import Collection
from onecloud_operator.onecloud.errors import CatalogError
from onecloud_operator.translate.convert import count
from onecloud_operator.translate.problems import said_by
from onecloud_operator.translate.to_observed import LONGEST_ID

if TYPE_CHECKING:
    from onecloud_operator.onecloud import NamedRows
    from onecloud_operator.onecloud.errors import OneCloudError

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
    if any(len(one) > LONGEST_ID for one in ids):
        return Unknown("the cloud answered with an id that cannot be one")
    if kind is Kind.INSTANCE_TYPE and rows and found.complete:
        # One and the same type has a row for each zone.
        sizes = {(count(row.get("cpu_core_count")), count(row.get("memory_size_mb"))) for row in rows}
        return Resolved(ids[0], *sizes.pop()) if len(sizes) == 1 else Ambiguous()
    if len(ids) > 1:
        return Ambiguous()
    if not found.complete:
        return Unknown("the cloud's list is not that of this name, or not whole")
    return Resolved(ids[0]) if ids else Missing()


def unknown_of(error: OneCloudError) -> Unknown:
    """Return what a look-up that failed says: nothing, and why."""
    if isinstance(error, CatalogError):
        return Unknown("the cloud's catalog names no image service that the token may be sent to")
    return Unknown(said_by(error))
