"""Servers of a project → manifests of objects that have them, and why some have none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from onecloud_operator.api.identity import SERVER
from onecloud_operator.cli.importing.names import names_of
from onecloud_operator.cli.importing.selection import left_out
from onecloud_operator.cli.importing.server_spec import described
from onecloud_operator.cli.importing.yaml_text import commented, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from onecloud_operator.cli.importing.selection import Selection
    from onecloud_operator.core.observed import Observed, Owner

NAME_LENGTH: Final = 64  # of a name in a comment


@dataclass(frozen=True, slots=True)
class ServersObject:
    """
    An object that is there, and the server that it has, adopts or observes, "" where none is known.

    *observes*: it only shows its server.
    """

    namespace: str
    name: str
    server_id: str = ""
    observes: bool = False

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Target:
    """
    What the manifests are written for: the namespace, with which credentials, and whether they take over.

    *reference*: the credentials as the spec names them. *more_tags*: keys of those that a provider adds.
    """

    namespace: str
    reference: Mapping[str, Any]
    manage: bool = False
    more_tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Manifest:
    """The object of one server. *notes*: what of the server it does not speak of."""

    name: str
    server_id: str
    document: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    names: Mapping[tuple[str, str], str] = field(default_factory=dict)  # of what is given by its id

    def yaml(self) -> str:
        """Return it as YAML, always the same, with the names of what stands there by id beside it."""
        notes = "".join(f"{commented(note)}\n" for note in self.notes)
        return notes + text_of(self.document, self.names)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A server that was asked for, and for which there is no manifest. *why* is a sentence's end."""

    server_id: str
    server_name: str
    why: str


@dataclass(frozen=True, slots=True)
class Import:
    """What comes of a project."""

    manifests: tuple[Manifest, ...]
    left_out: tuple[LeftOut, ...]


def imported(
    servers: Iterable[Observed],
    selection: Selection,
    objects: Iterable[ServersObject],
    target: Target,
    orphaned: Callable[[Owner], bool] = lambda _owner: False,
) -> Import:
    """
    Return a manifest for each of *servers*, all of the project, that is selected and free.

    *orphaned*: whether an owner is known to be no object any more, so that its server is free.
    """
    found, there = list(servers), list(objects)
    by_server = {each.server_id: each for each in there if each.server_id}
    taken = {each.name: each.server_id for each in there if each.namespace == target.namespace}
    names = names_of(found, taken)
    manifests: list[Manifest] = []
    others: list[LeftOut] = []
    for server in found:
        if not selection.takes(server):
            continue
        why, own = left_out(server, orphaned), by_server.get(server.id)
        result = why if why is not None else _one(server, names[server.id], own, target)
        if isinstance(result, Manifest):
            manifests.append(result)
        else:
            others.append(LeftOut(server.id, printable(server.name), result))
    return Import(
        tuple(sorted(manifests, key=lambda one: one.name)),
        tuple(sorted(others, key=lambda one: (one.server_name, one.server_id))),
    )


def printable(text: str) -> str:
    """Return a name of the cloud as it can stand in a line for people."""
    return "".join(letter for letter in text if letter.isprintable())[:NAME_LENGTH]


def _one(server: Observed, name: str, own: ServersObject | None, target: Target) -> Manifest | str:
    """Return the manifest of *server*, or why there is none."""
    if own is None:
        return _manifest(server, name, target)
    if own.observes and own.namespace == target.namespace:
        return _manifest(server, own.name, target)  # to be promoted, or for the same manifest once more
    return f"the object {own} {'observes' if own.observes else 'has or adopts'} it already"


def _manifest(server: Observed, name: str, target: Target) -> Manifest | str:
    try:
        found = described(server, target.reference, manage=target.manage, more_tags=target.more_tags)
    except ValidationError:
        return "its id is of no form that a manifest can give"
    document = {
        "apiVersion": f"{SERVER.group}/{SERVER.version}",
        "kind": SERVER.kind,
        "metadata": {"name": name, "namespace": target.namespace},
        "spec": found.spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
    }
    return Manifest(name, server.id, document, found.notes, _names(server))


def _names(server: Observed) -> dict[tuple[str, str], str]:
    details = server.details
    if details is None:
        return {}
    found = [
        *(("image", disk.image_id, disk.image) for disk in details.disks),
        ("keypair", details.keypair_id, details.keypair),
        *(("securityGroups", group.id, group.name) for group in details.security_groups),
    ]
    return {(key, one): printable(name) for key, one, name in found if one and name and one != name}
