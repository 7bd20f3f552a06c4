"""
How a server is taken out of the recycle bin for an adoption that asks for it, so that a deletion is undone.

    in the bin           whose was it? → finalizer → record id, place and name → cancel-delete → seen out
    out of the bin       owner tags, and all else, as any adopted server
    under another name   told; it gets its own name back, or the one that the spec gives

It happens once for an adoption: a server that somebody puts into the bin later stays there. It is done only
to what the object of the same namespace and name owned in this cluster, or nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from onecloud_operator.api.reasons import Reason
from onecloud_operator.core.actions import AddFinalizer, BeginAdoption, EndRestore, Hold, Look
from onecloud_operator.core.cloud_writes import Restore as RestoreServer
from onecloud_operator.core.fast_dataclass import replace
from onecloud_operator.core.observed import DELETING_STATUSES, Phase
from onecloud_operator.core.ownership import once_ours
from onecloud_operator.core.restore_record import Restore
from onecloud_operator.core.tenancy import may, named
from onecloud_operator.core.values import cut, text_of_time

if TYPE_CHECKING:
    from onecloud_operator.core.actions import Step
    from onecloud_operator.core.facts import Facts
    from onecloud_operator.core.observed import Observed
    from onecloud_operator.core.resource import Resource

NAME_LENGTH = 256  # the CRD's bound
ON_ITS_WAY_SECONDS = 5.0
IN_BIN = (
    "The server to adopt is in the recycle bin. Restore it in the cloud, or have it restored: give "
    "adoption.id, and adoption.restore: true."
)


def asks_for(resource: Resource, server: Observed) -> bool:
    """Return whether the spec wants *server* to be taken out of the bin."""
    adoption = resource.spec.adoption if resource.spec else None
    return adoption is not None and adoption.restore and adoption.id == server.id


def begin(facts: Facts, server: Observed) -> Step:
    """Return the step that leads to *server*, which is in the bin, being on record; it is asked for."""
    if (hold := _anothers(facts, server)) is not None:
        return hold
    if not facts.resource.held:
        return AddFinalizer()
    if facts.place is None:
        return Hold(Reason.NOT_YET_OBSERVED, "The credentials have not been tried yet.")
    record = Restore(text_of_time(facts.wall), cut(server.name, NAME_LENGTH) or None)
    return BeginAdoption(server.id, facts.place, restore=record)


def on_its_way(facts: Facts, server: Observed) -> Hold | None:
    """Return a hold while *server*, which is to be restored, is on its way into the bin."""
    if not asks_for(facts.resource, server) or server.status not in DELETING_STATUSES:
        return None
    message = "The server is being removed; it is taken out of the recycle bin once it is there."
    return Hold(Reason.SERVER_NOT_FOUND, message, ON_ITS_WAY_SECONDS)


def go_on(facts: Facts, server: Observed) -> Step | None:
    """Return the step that takes *server* out of the bin, or notes that it is out, if that is on record."""
    record = facts.resource.records.restore
    if record is None or record.done_at is not None:
        return None
    if not server.recycled:
        # Which name it has by now is told with it.
        name = record.name if server.name != record.name else None
        return EndRestore(replace(record, name=name, done_at=text_of_time(facts.wall)))
    if not asks_for(facts.resource, server) or not may(facts, "Restore"):
        return None
    if not server.detailed or not server.owner_known:
        return Look(server.id)
    if (hold := _anothers(facts, server)) is not None:
        return hold
    if not facts.resource.held:
        return AddFinalizer()
    if server.phase is Phase.MOVING and not facts.hangs:
        return Hold(Reason.UPDATING, "Waiting until the server rests in the recycle bin.", until_settled=True)
    return RestoreServer(server.id)


def _anothers(facts: Facts, server: Observed) -> Hold | None:
    """Return a hold if *server* is or was another object's; whatever becomes of that one, it stays there."""
    owner, resource = server.owner, facts.resource
    if owner is None or once_ours(owner, resource, facts.config):
        return None
    return Hold(
        Reason.OWNED_BY_ANOTHER,
        f"The server in the recycle bin carries the owner tags of {named(facts, owner)}, and only a former "
        "server of this namespace and name, or one that nobody owns, is taken out of the bin. Apply the "
        "manifest in that place, or restore the server in the cloud and adopt it then.",
    )
