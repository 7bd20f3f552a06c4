"""
What a spec refers to by name, and which id each name stands for.

A reference is an id or a name, as in the cloud. Names may be given to something else at any time, so what is
compared, and what is sent, is an id. "Not known" is an answer of its own: it is never taken for "missing".
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, assert_never

from onecloud_operator.api.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from onecloud_operator.api.spec import ServerSpec

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Kind(enum.StrEnum):
    """What can be called by a name; the value is for messages."""

    NETWORK = "network"
    IMAGE = "image"
    KEYPAIR = "key pair"
    ELASTIC_IP = "elastic IP"
    SECURITY_GROUP = "security group"
    ZONE = "zone"
    INSTANCE_TYPE = "instance type"


class Reference(NamedTuple):
    """A thing that is referred to by name."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


@dataclass(frozen=True, slots=True)
class Resolved:
    """
    There is exactly one of that name.

    *cpu*, *memory_mib*: of an instance type, where the cloud tells. It may be there once for each zone; then
    *id* is that of any, and the sizes are those of all. *unusable*: the state of an image that is not active.
    """

    id: str
    cpu: int | None = None
    memory_mib: int | None = None
    unusable: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """The project sees none of that name."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """There is more than one of that name."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The cloud could not be asked, or its answer says nothing; *why* is a sentence for people."""

    why: str


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Another object is asking just now; all who wait are woken."""


Answer = Resolved | Missing | Ambiguous | Unknown | UnderWay
Names = Mapping[Reference, Answer]  # what was asked for lately


def is_id(reference: str) -> bool:
    """Return whether *reference* is an id by its form, so that nothing need be looked up."""
    return _ID.fullmatch(reference) is not None


def same_id(one: str, other: str | None) -> bool:
    """Return whether two ids, or names, are of the same thing: to the cloud case makes no difference."""
    return other is not None and one.casefold() == other.casefold()


def names_in(spec: ServerSpec) -> Iterator[Reference]:
    """Yield what *spec* refers to by name, so far as anything is ever compared with it."""
    found = [(Kind.NETWORK, network.network) for network in spec.networks or ()]
    found += [(Kind.SECURITY_GROUP, group) for group in spec.security_groups or ()]
    found += [
        (kind, name)
        for kind, name in (
            (Kind.IMAGE, spec.image),
            (Kind.KEYPAIR, spec.keypair),
            (Kind.INSTANCE_TYPE, spec.instance_type),
            (Kind.NETWORK, spec.eip.network if spec.eip else None),
        )
        if name is not None
    ]
    yield from (Reference(kind, name) for kind, name in found if not is_id(name))
    if spec.eip is not None and spec.eip.name is not None:
        yield Reference(Kind.ELASTIC_IP, spec.eip.name)


def why_unresolved(reference: Reference, answer: Missing | Ambiguous | Unknown) -> tuple[Reason, str]:
    """Return the reason, and the words, for a reference that leads to no id."""
    match answer:
        case Missing():
            return (
                Reason.REFERENCE_NOT_FOUND,
                f"The project sees no {reference}. Correct the spec, or give its id.",
            )
        case Ambiguous():
            return Reason.AMBIGUOUS_NAME, f"There is more than one {reference}. Give the id of the one meant."
        case Unknown(why=why):
            message = (
                f"It is not known which {reference} is: {why.rstrip('.')}. It is asked again, and until then "
                "nothing is concluded from it. An id in the spec needs no question."
            )
            return Reason.REFERENCE_UNKNOWN, message
        case _:
            assert_never(answer)
