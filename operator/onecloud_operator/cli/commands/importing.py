"""``import``: a manifest for each server of a project, under which nothing of it changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from onecloud_operator.cli.cluster import Cluster
from onecloud_operator.cli.failure import Failure
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
from onecloud_operator.cli.statuses import counted, name_of, namespace_of, part, text_at
from onecloud_operator.cli.terminal import print_json, remark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from onecloud_operator.cli.importing.manifests import Import, LeftOut, Manifest, ServersObject
    from onecloud_operator.cli.manifest_files import File
    from onecloud_operator.cli.project import Read
    from onecloud_operator.core.observed import Observed, Owner
    from onecloud_operator.onecloud import Cloud

ABOUT: Final = """Write a manifest for each server of a project.

The objects only observe their servers; --manage has them take the servers over, which sets owner tags and
changes nothing else. Servers that an object has already are left out, and those that do not rest.
"""

Servers = Annotated[
    list[str] | None,
    typer.Argument(metavar="SERVER", help="Names of servers, with * and ?, or ids; all without any."),
]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="KEY[=VALUE]", help="Only servers with this tag.", show_default=False),
]
Networks = Annotated[
    list[str] | None,
    typer.Option("--network", metavar="NETWORK", help="Only servers in this network.", show_default=False),
]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--host", metavar="HOST", help="Only servers on this host.", show_default=False),
]
Manage = Annotated[
    bool,
    typer.Option("--manage", help="Take the servers over, instead of observing them.", show_default=False),
]
Directory = Annotated[
    Path | None,
    typer.Option("--directory", "-d", metavar="DIR", help="Write one file each to it.", show_default=False),
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Write over files that differ.", show_default=False),
]

Orphans = Annotated[
    bool,
    typer.Option(
        "--orphans",
        help="Also servers whose owner tags name an object of this cluster that there is not.",
        show_default=False,
    ),
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("import", help=ABOUT, short_help="Write a manifest for each server of a project")(_import)


def _import(
    servers: Servers = None,
    secret: Secret = "onecloud",  # noqa: S107 - a name
    provider: ProviderName = "",
    shell: Shell = False,
    tag: Tags = None,
    network: Networks = None,
    host: Hosts = None,
    orphans: Orphans = False,
    cluster_id: ClusterID = "",
    manage: Manage = False,
    directory: Directory = None,
    overwrite: Overwrite = False,
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
    output: Output = Form.TEXT,
) -> None:
    from onecloud_operator.cli.importing.manifests import Target, imported
    from onecloud_operator.cli.importing.selection import Selection
    from onecloud_operator.cli.orphans import known_in
    from onecloud_operator.onecloud import ServerQuery

    cluster = Cluster.of(namespace=namespace, context=context, kubeconfig=kubeconfig)
    access = sign_in(cluster, secret, provider, shell=shell)
    tags = tuple(
        (key, value if given else None) for key, given, value in (each.partition("=") for each in tag or ())
    )

    async def look(cloud: Cloud, _before: Read[None]) -> tuple[list[Observed], tuple[str, ...]]:
        return await servers_of(cloud, ServerQuery()), await _network_ids(cloud, network or ())

    read = read_project(cluster, access, look, shell=shell)
    found, networks = read.answer
    selection = Selection(tuple(servers or ()), tags, networks, tuple(host or ()))
    defaults = part(access.provider, "defaults", "tags")
    for each in _warnings(access.provider, cluster.namespace, manage=manage):
        remark(each)
    target = Target(cluster.namespace, access.reference, manage, more_tags=frozenset(defaults))
    orphaned: Callable[[Owner], bool] = _nobody
    if orphans:
        name, owners = cluster_id or uid_of_kube_system(cluster), (each.owner for each in found)
        orphaned = known_in(read, owners, name, given=bool(cluster_id)).orphaned
    result = imported(found, selection, map(_object, read.objects), target, orphaned)
    if not (result.manifests or result.left_out):
        raise Failure(
            f"no server is selected, of {counted(len(found), 'server')} in the project",
            "select less narrowly; without names and options all are taken",
        )
    _print(result, directory, output, overwrite=overwrite)


# -- what is there -----------------------------------------------------------------------------------------
def _object(found: Mapping[str, Any]) -> ServersObject:
    from onecloud_operator.cli.importing.manifests import ServersObject

    server_id = text_at(found, "status", "id") or text_at(found, "spec", "adoption", "id")
    observes = part(found, "spec").get("managementPolicy") == "Observe"
    return ServersObject(namespace_of(found), name_of(found), server_id, observes)


def _warnings(provider: Mapping[str, Any], namespace: str, *, manage: bool) -> Iterator[str]:
    """Yield what of a provider's spec, {} for none, keeps its objects from being like their servers."""
    if not provider:
        return
    word = "Adopt" if manage else "Observe"
    if word not in (provider.get("allow") or ()):
        yield f"the provider does not allow {word}, so the objects will say NotAllowed: see its spec.allow"
    allowed = part(provider, "allowedNamespaces")
    if namespace not in (allowed.get("names") or ()) and not part(allowed, "selector"):
        yield f"the provider does not allow the namespace {namespace}: see its spec.allowedNamespaces"
    if manage and part(provider, "defaults", "tags"):
        yield "the provider's default tags are set on the servers, too: see its spec.defaults.tags"


def _nobody(_owner: Owner) -> bool:
    return False


async def _network_ids(cloud: Cloud, words: Iterable[str]) -> tuple[str, ...]:
    """Return the ids of networks that are called so; what is none is taken for an id."""
    from onecloud_operator.core.references import is_id
    from onecloud_operator.onecloud import Collection

    found: list[str] = []
    for word in words:
        named = () if is_id(word) else (await cloud.list_named(Collection.NETWORKS, word)).rows
        if not named and not is_id(word):
            raise Failure(f"the project sees no network {word}", "give its exact name, or its id")
        found += [str(row["id"]) for row in named] or [word]
    return tuple(found)


# -- what is said ------------------------------------------------------------------------------------------
def _print(result: Import, directory: Path | None, output: Form, *, overwrite: bool) -> None:
    for each in result.left_out:
        remark(f"left out: {each.server_name or each.server_id} ({each.server_id}): {each.why}")
    if directory is not None:
        _write(result, directory, output, overwrite=overwrite)
    elif output == Form.JSON:
        items = [each.document for each in result.manifests]
        print_json({"apiVersion": "v1", "kind": "List", "items": items, "leftOut": _rows(result.left_out)})
    else:
        typer.echo("---\n".join(each.yaml() for each in result.manifests), nl=False)


def _write(result: Import, directory: Path, output: Form, *, overwrite: bool) -> None:
    from onecloud_operator.cli.manifest_files import write

    files = write(directory, _contents(result.manifests), overwrite=overwrite)
    if output == Form.JSON:
        shown = [{"file": str(each.path), "state": each.state} for each in files]
        print_json({"items": shown, "leftOut": _rows(result.left_out)})
    else:
        for each in files:
            typer.echo(f"{each.path} {each.state}")
    _complain_of_kept(files)


def _contents(manifests: Iterable[Manifest]) -> dict[str, str]:
    return {f"{each.name}.yaml": each.yaml() for each in manifests}


def _complain_of_kept(files: Iterable[File]) -> None:
    if kept := [each.path.name for each in files if each.state == "kept"]:
        raise Failure(
            f"{counted(len(kept), 'file is', 'files are')} there with other content, and not written over: "
            f"{', '.join(kept[:8])}",
            "add --overwrite, and look at what has changed by `git diff`",
        )


def _rows(left_out: Iterable[LeftOut]) -> list[dict[str, str]]:
    return [{"id": each.server_id, "name": each.server_name, "why": each.why} for each in left_out]
