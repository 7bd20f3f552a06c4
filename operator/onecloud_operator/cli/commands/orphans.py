"""``orphans``: what carries owner tags and has no object, and servers on which claims do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer

from onecloud_operator.cli.cluster import Cluster
from onecloud_operator.cli.parameters import Context, Form, Kubeconfig, Namespace, Output
from onecloud_operator.cli.project import (
    ClusterID,
    ProviderName,
    Secret,
    Shell,
    read_project,
    servers_of,
    sign_in,
    uid_of_kube_system,
)
from onecloud_operator.cli.statuses import counted
from onecloud_operator.cli.terminal import Screen, print_json, remark

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping

    from onecloud_operator.cli.orphans import Found, Holder, Known, Tagged
    from onecloud_operator.cli.project import Read
    from onecloud_operator.core.observed import Owner
    from onecloud_operator.onecloud import Cloud

MOST_READS: Final = 500  # disks and EIPs that no object names, which are read one by one
TITLES: Final = ("WHAT", "KIND", "NAME", "ID", "OWNER TAGS", "OBJECTS")
ABOUT: Final = """Find what carries owner tags in a project and has no object, and servers that are disputed.

Servers, disks and elastic IPs whose owner tags name an object of this cluster that there is not; servers that
several objects manage, or that objects of two clusters claim. Nothing is changed. What is in the recycle bin
is left out.
"""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("orphans", help=ABOUT, short_help="Find what has owner tags and no object")(_orphans)


def _orphans(
    secret: Secret = "onecloud",  # noqa: S107 - a name
    provider: ProviderName = "",
    shell: Shell = False,
    cluster_id: ClusterID = "",
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    output: Output = Form.TEXT,
) -> None:
    from onecloud_operator.cli import orphans

    cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
    access = sign_in(cluster, secret, provider, shell=shell)
    name = cluster_id or uid_of_kube_system(cluster)

    async def look(cloud: Cloud, before: Read[None]) -> tuple[list[Tagged], list[Tagged]]:
        servers = await _servers(cloud)
        known = orphans.known_in(before, _owners(servers), name, given=bool(cluster_id))
        return servers, [*servers, *await _disks(cloud, known), *await _eips(cloud, known.holders)]

    read = read_project(cluster, access, look, shell=shell)
    servers, things = read.answer
    known = orphans.known_in(read, _owners(servers), name, given=bool(cluster_id))
    found = orphans.found_in(known, things)
    others = sum(each.owner is not None and each.owner.cluster not in known.clusters for each in things)
    if others:
        remark(
            f"{counted(others, 'thing carries', 'things carry')} owner tags of other clusters, "
            "and whether their objects are there is not known"
        )
    if output == Form.JSON:
        print_json({"items": [each.row() for each in found]})
    else:
        _show(found)


# -- what is in the cloud ----------------------------------------------------------------------------------
async def _servers(cloud: Cloud) -> list[Tagged]:
    """Return the servers with owner tags."""
    from onecloud_operator.cli.orphans import Tagged
    from onecloud_operator.onecloud import ServerQuery
    from onecloud_operator.translate import OWNER_TAGS

    tagged = ServerQuery(tags=((f"user:{OWNER_TAGS[-1]}", None),), pending_delete=None)
    found = await servers_of(cloud, tagged)
    return [
        Tagged("server", each.id, each.name, each.owner)
        for each in found
        if each.owner is not None and not each.recycled
    ]


def _owners(things: Iterable[Tagged]) -> Iterator[Owner | None]:
    return (each.owner for each in things)


async def _disks(cloud: Cloud, known: Known) -> list[Tagged]:
    """Return the disks with tags of this cluster that no object here names."""
    from onecloud_operator.cli.orphans import Tagged
    from onecloud_operator.translate import OWNER_TAGS, disk_state

    names = frozenset[str]().union(*(each.disk_ids for each in known.holders))
    suspects: list[str] = []
    for cluster in sorted(known.clusters):
        ids, complete = await cloud.list_disks_tagged(OWNER_TAGS[0], cluster)
        suspects += [one for one in ids if one not in names]
        if not complete:
            remark("the cloud lists a part of the disks only; once these are dealt with, look again")
    found: list[Tagged] = []
    async for one, row in _read(suspects, cloud.get_disk, "disks"):
        state = disk_state(row)
        if not state.recycled:
            on = next(iter(state.server_ids), "")
            found.append(Tagged("disk", one, str(row.get("name") or ""), state.owner, on))
    return found


async def _eips(cloud: Cloud, holders: Iterable[Holder]) -> list[Tagged]:
    """Return the elastic IPs that no object here names; a list of them does not show their tags."""
    from onecloud_operator.cli.orphans import Tagged
    from onecloud_operator.translate import eip_state

    names = {each.eip_id for each in holders}
    ids, complete = await cloud.eips.list_ids()
    if not complete:
        remark("the cloud lists a part of the elastic IPs only")
    found: list[Tagged] = []
    async for one, row in _read([each for each in ids if each not in names], cloud.eips.get, "elastic IPs"):
        state = eip_state(row)
        found.append(Tagged("elastic IP", one, state.name or "", state.owner, state.holder_id or ""))
    return found


async def _read(
    ids: list[str], read: Callable[[str], Awaitable[Mapping[str, Any] | None]], what: str
) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Yield what is there of *ids*; one that is gone meanwhile is left out."""
    if len(ids) > MOST_READS:
        remark(f"{len(ids)} {what} may be orphans, of which the first {MOST_READS} are looked at")
    for one in ids[:MOST_READS]:
        if (row := await read(one)) is not None:
            yield one, row


# -- what is said ------------------------------------------------------------------------------------------
def _show(found: list[Found]) -> None:
    from onecloud_operator.cli.orphans import CURES

    screen = Screen()
    if not found:
        screen.say("Nothing has owner tags of this cluster without an object, and no claims are disputed.")
        return
    screen.table(TITLES, map(_cells, found))
    for dispute in sorted({each.dispute for each in found}):
        screen.say()
        screen.say((f"{dispute}: ", "strong"), CURES[dispute])


def _cells(each: Found) -> tuple[str, ...]:
    owner, thing = each.thing.owner, each.thing
    tags = f"{owner.namespace}/{owner.name} of {owner.cluster}" if owner is not None else ""
    return each.dispute.value, thing.kind, thing.name, thing.id, tags, ", ".join(each.objects)
