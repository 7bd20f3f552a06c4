"""
What carries owner tags in a project and has no object, and servers on which claims do not agree.

Values in, values out: what the cloud and the API server say is read by the command.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from onecloud_operator.cli.failure import Failure
from onecloud_operator.cli.statuses import items_at, name_of, namespace_of, part, text_at
from onecloud_operator.core.claims import Dispute, dispute_of

if TYPE_CHECKING:
    from onecloud_operator.cli.project import Read
    from onecloud_operator.core.observed import Owner

Kind = Literal["server", "disk", "elastic IP"]

CURES: Final[Mapping[Dispute, str]] = {
    Dispute.ORPHANED: "give it to an object: a server by adoption {policy: Adopt, id: …}, a disk by "
    "dataDisks[].diskID, an elastic IP by eip.id; or delete it in the cloud, but see first whether a disk "
    "was kept on purpose, by reclaimPolicy: Retain",
    Dispute.SHARED: "keep one of the objects, and delete the others with deletionPolicy: Retain",
    Dispute.OTHER_OBJECT: "delete the object that is not to have it, with deletionPolicy: Retain",
    Dispute.OTHER_CLUSTER: "delete one of the two objects with deletionPolicy: Retain; where the other "
    "cluster is gone, `kubectl onecloud take-over` on this one's",
}


@dataclass(frozen=True, slots=True)
class Holder:
    """An object, and what is its. *server_id*: "" for one that only observes, or has none."""

    namespace: str
    name: str
    uid: str
    server_id: str = ""
    disk_ids: frozenset[str] = frozenset()
    eip_id: str = ""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Tagged:
    """Something in the cloud with owner tags. *server_id*: the server that a disk or an EIP is on."""

    kind: Kind
    id: str
    name: str
    owner: Owner | None
    server_id: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with one thing. *objects*: those that manage it."""

    dispute: Dispute
    thing: Tagged
    objects: tuple[str, ...] = ()

    def row(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        owner = self.thing.owner
        return {
            "dispute": self.dispute.value,
            "kind": self.thing.kind,
            "id": self.thing.id,
            "name": self.thing.name,
            "attachedTo": self.thing.server_id or None,
            "owner": None
            if owner is None
            else {
                "cluster": owner.cluster,
                "namespace": owner.namespace,
                "name": owner.name,
                "uid": owner.uid,
            },
            "objects": list(self.objects),
            "cure": CURES[self.dispute],
        }


def holder(found: Mapping[str, Any]) -> Holder:
    """Return what an object of the API server has."""
    spec, status = part(found, "spec"), part(found, "status")
    adopts = text_at(spec, "adoption", "id") if text_at(spec, "adoption", "policy") == "Adopt" else ""
    observes = spec.get("managementPolicy") == "Observe"
    server = part(status, "server")
    disks = {
        text_at(status, "rootDiskID"),
        text_at(server, "rootDisk", "id"),
        *(text_at(each, "id") for each in items_at(server, "dataDisks")),
        *(text_at(each, "id") for each in items_at(status, "dataDisks")),
        *(text_at(each, "id") for each in items_at(status, "keptDisks")),
    }
    return Holder(
        namespace_of(found),
        name_of(found),
        text_at(found, "metadata", "uid"),
        "" if observes else text_at(status, "id") or adopts,
        frozenset(disks - {""}),
        text_at(status, "eip", "id"),
    )


@dataclass(frozen=True, slots=True)
class Known:
    """
    What is known of this cluster. *clusters*: what it is called in owner tags.

    *namespaces*: those whose objects are all among *holders*; None: all namespaces.
    """

    holders: tuple[Holder, ...]
    clusters: frozenset[str]
    namespaces: frozenset[str] | None = None

    def lives(self, owner: Owner) -> bool:
        """Return whether the object is there, or may be, in a namespace that cannot be seen."""
        hidden = self.namespaces is not None and owner.namespace not in self.namespaces
        return hidden or any(each.uid == owner.uid for each in self.holders)

    def orphaned(self, owner: Owner) -> bool:
        """Return whether the object is of this cluster, and surely not there."""
        return owner.cluster in self.clusters and not self.lives(owner)


def known_of(
    holders: tuple[Holder, ...],
    owners: Iterable[Owner | None],
    name: str,
    namespaces: frozenset[str] | None,
    *,
    given: bool = False,
) -> Known:
    """
    Return what is known; the cluster is called by *name*, and as the tags of what *holders* have say.

    *owners*: in all tags that were read. *given*: a person says the name, which may be another cluster's, and
    all that it has would be called orphans. Raises Failure if it is not known what the cluster is called.
    """
    uids = {each.uid for each in holders}
    own = frozenset(owner.cluster for owner in owners if owner is not None and owner.uid in uids)
    if given and own and name not in own:
        raise Failure(
            f"no object of this cluster has owner tags of {name}; they say {', '.join(sorted(own))}",
            "leave --cluster-id out, or name the other cluster's context by --context",
        )
    clusters = own | {name} if name else own
    if not clusters:
        raise Failure("it is not known what this cluster is called in owner tags", "name it by --cluster-id")
    return Known(holders, clusters, namespaces)


def known_in(read: Read[Any], owners: Iterable[Owner | None], name: str, *, given: bool) -> Known:
    """Return what is known of the cluster whose objects were *read*, as in `known_of`. Raises Failure."""
    return known_of(tuple(map(holder, read.objects)), owners, name, read.namespaces, given=given)


def found_in(known: Known, things: Iterable[Tagged]) -> list[Found]:
    """Return what is wrong, the servers first. A disk or an EIP on a server that is told itself is not."""
    given = list(things)
    managers: dict[str, list[Holder]] = defaultdict(list)
    for each in known.holders:
        if each.server_id:
            managers[each.server_id].append(each)
    servers = {thing.id: thing for thing in given if thing.kind == "server"}
    shared = (one for one, several in managers.items() if len(several) > 1 and one not in servers)
    servers |= {one: Tagged("server", one, "", None) for one in shared}
    found = [_of_server(known, thing, managers[thing.id]) for thing in servers.values()]
    told = {each.thing.id: each.thing.owner for each in found if each is not None}
    for thing in given:
        if thing.kind == "server" or thing.owner is None:
            continue
        with_its_server = told.get(thing.server_id) == thing.owner
        if not with_its_server and dispute_of(thing.owner, (), known.clusters, known.lives):
            found.append(Found(Dispute.ORPHANED, thing))
    order = ("server", "disk", "elastic IP")
    return sorted(
        (each for each in found if each is not None),
        key=lambda each: (order.index(each.thing.kind), each.dispute, each.thing.name, each.thing.id),
    )


def _of_server(known: Known, thing: Tagged, managers: list[Holder]) -> Found | None:
    uids = {each.uid for each in managers}
    dispute = dispute_of(thing.owner, uids, known.clusters, known.lives)
    return Found(dispute, thing, tuple(sorted(map(str, managers)))) if dispute is not None else None
