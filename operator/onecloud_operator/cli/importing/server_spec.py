"""
A server as the cloud shows it → the ``spec`` under which nothing of it changes.

Only what can change later on is written: the rest has nothing to be managed, and stands in the status. What
the operator's own comparison would call a difference, or could not tell, is taken out again.

Left out on purpose: data disks, since one that is given is told what becomes of it with its server; the
bandwidth of cards, which no reading shows; the power state and the elastic IP, which an adopted server keeps
as they are while the spec is silent; user data and passwords, which no manifest may carry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from onecloud_operator.api.networks import NetworkSpec
from onecloud_operator.api.quantity import text_of_mib
from onecloud_operator.api.server import PLAIN_FIELDS, ServerSpec, folded
from onecloud_operator.api.spec import Spec
from onecloud_operator.core.disk_ids import placed
from onecloud_operator.core.facts import Facts, Memory
from onecloud_operator.core.observed import Reading
from onecloud_operator.core.plan.card_match import field_of
from onecloud_operator.core.plan.differing import open_differences, open_doubts
from onecloud_operator.core.records import Records
from onecloud_operator.core.resource import FINALIZER, Resource
from onecloud_operator.core.values import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from onecloud_operator.core.observed import Details, Disk, Nic, Observed

Fields = dict[str, Any]  # of ``spec.server``, by the paths by which differences name them

MOST_TAGS: Final = 15
MOST_CARDS: Final = 8
CUT: Final = "…"  # the end of a text of which the cloud has more than was read
# A tag whose key says that its value is nobody's business may hold what has no place in a repository.
_SECRET: Final = re.compile(
    r"(^|[^a-z]|db|user|root|admin)pass($|[^a-z])|passw|passphrase|passcode|pwd|(^|[^a-z])psk($|[^a-z])|secret"
    r"|token|credential|bearer|private.?key|api.?key|access.?key|auth.?key|connection.?string",
    re.IGNORECASE,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Described:
    """The spec of a server, and *notes*: what of the server it does not speak of, for people."""

    spec: Spec
    notes: tuple[str, ...] = ()


def described(
    server: Observed,
    reference: Mapping[str, Any],
    *,
    manage: bool,
    more_tags: Collection[str] = (),
) -> Described:
    """
    Return the spec that observes *server*, or with *manage* takes it over, and changes nothing of it.

    *reference* says with which credentials, as it stands in the spec. *server* must be detailed.
    *more_tags*: keys of tags that count as well. Raises ValidationError for an id that no spec can name.
    """
    notes: list[str] = []
    found = _fields(server, MOST_TAGS - len(more_tags), notes)
    fields = {path: value for path, value in found if _takes({path: value})}
    spec = _spec(server, reference, fields, manage=True)
    while odd := _odd(spec, server):
        fields = {
            path: value for path, value in fields.items() if not any(_below(each, path) for each in odd)
        }
        spec = _spec(server, reference, fields, manage=True)
    return Described(spec if manage else _spec(server, reference, fields, manage=False), tuple(notes))


def _spec(server: Observed, reference: Mapping[str, Any], fields: Fields, *, manage: bool) -> Spec:
    return Spec.model_validate(
        {
            **reference,
            "managementPolicy": "Manage" if manage else "Observe",
            "adoption": {"policy": "Adopt", "id": server.id},
            "deletionPolicy": "Retain",
            **({"server": _nested(fields)} if fields else {}),
        }
    )


# -- what the server shows ---------------------------------------------------------------------------------
def _fields(server: Observed, most_tags: int, notes: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield what a spec may say of *server*, in the order in which it is read."""
    details = server.details
    if details is None:
        msg = "only a server with its details can be described"
        raise AssertionError(msg)
    for field in PLAIN_FIELDS:
        value = field.shown_in(server.mirror)
        if not field.fixed and value is not None and not (isinstance(value, str) and value.endswith(CUT)):
            yield field.path, value
    if server.instance_type is not None:
        yield "instanceType", server.instance_type
    else:
        yield "cpu", server.cpu
        yield "memory", text_of_mib(server.memory_mib)
    if (root := _root(details)) is not None:
        yield "image", root.image_id
        yield "rootDisk.size", text_of_mib(root.size_mib)
    for nic in _cards(details, notes):
        yield field_of(nic.network_id), _card(nic)
    yield "securityGroups", [group.id or group.name for group in details.security_groups]
    yield "keypair", details.keypair_id
    for key, value in _tags(details, most_tags, notes):
        yield f"tags.{key}", value
    if len(details.disks) > 1:
        notes.append("its data disks are left as they are; give them by diskID to have them looked after")
    if details.eip is not None:
        notes.append(
            f"its elastic IP {details.eip} is left as it is; give it by eip.id to have it looked after"
        )


def _root(details: Details) -> Disk | None:
    """Return the root disk, if it is no other: it has an image, or is the only disk."""
    first = placed(details)
    if first is None or not (first.image or first.image_id or len(details.disks) == 1):
        return None
    return first


def _cards(details: Details, notes: list[str]) -> list[Nic]:
    """Return one card for each network, the default one first; the others are left alone as foreign ones."""
    found: dict[str, Nic] = {}
    told = [nic for nic in details.nics if nic.network_id and nic.mac is not None]
    for nic in sorted(told, key=lambda one: not one.default):
        found.setdefault(nic.network_id.casefold(), nic)
    if len(found) < len(details.nics):
        notes.append("it has several cards in one network, or cards without an address; one each is named")
    if len(found) > MOST_CARDS:
        notes.append(f"it has cards in {len(found)} networks, more than a spec can name, so none is named")
        return []
    return list(found.values())


def _card(nic: Nic) -> dict[str, Any]:
    plain = {"network": nic.network_id}
    full = {**plain, "address": nic.address}
    return full if nic.address is not None and _valid(NetworkSpec, full) else plain


def _tags(details: Details, most: int, notes: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the tags that a spec can give; those that it does not give are left alone."""
    given: dict[str, tuple[str, str]] = {}
    secret = 0
    for key, value in sorted(details.tags.items()):
        if _SECRET.search(key):
            secret += 1
        elif not value.endswith(CUT) and _takes({f"tags.{key}": value}):
            given.setdefault(folded(key), (key, value))
    if secret:
        notes.append(f"{secret} of its tags are left out, since their keys speak of secrets")
    if len(given) > most:
        notes.append(f"it has {len(given)} tags, and {max(most, 0)} of them can be named")
    yield from list(given.values())[: max(most, 0)]


# -- what is taken -----------------------------------------------------------------------------------------
def _takes(fields: Fields) -> bool:
    """Return whether a spec can say *fields*, and says something by them."""
    return all(
        value not in (None, "", [], {}) or path.startswith("tags.") for path, value in fields.items()
    ) and (_valid(ServerSpec, _nested(fields)))


def _valid(model: type[ServerSpec | NetworkSpec], value: Mapping[str, Any]) -> bool:
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


def _nested(fields: Fields) -> dict[str, Any]:
    """Return ``spec.server`` of *fields*, in the order of the schema."""
    found: dict[str, Any] = {}
    for path, value in fields.items():
        part, _, name = path.partition(".")
        if path.startswith("networks["):
            found.setdefault("networks", []).append(value)
        elif name:
            found.setdefault(part, {})[name] = value
        else:
            found[part] = value
    return found


def _odd(spec: Spec, server: Observed) -> tuple[str, ...]:
    """Return the paths of what the operator would change, or could not compare, once *spec* is applied."""
    resource = Resource(
        namespace="",
        name="",
        uid="",
        version="",
        generation=1,
        spec=spec,
        finalizers=(FINALIZER,),
        records=Records(
            id=server.id, place=Place("", "", server.project_id), adopted_at="1970-01-01T00:00:00Z"
        ),
    )
    # Whatever the version of its row was when the details were read: they are what there is to compare with.
    details = replace(server.details, version=server.version) if server.details is not None else None
    facts = Facts(resource, 0.0, _EPOCH, memory=Memory(born_at=0.0), reading=Reading(server))
    shown = replace(server, details=details)
    differing = (difference.field for difference in open_differences(facts, shown))
    return (*differing, *(doubt.field for doubt in open_doubts(facts, shown)))


def _below(odd: str, path: str) -> bool:
    return odd == path or odd.startswith(f"{path}.") or path.startswith(f"{odd}.")
