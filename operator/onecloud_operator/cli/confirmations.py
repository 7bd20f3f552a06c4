"""
What a person can confirm on an object: by which annotation, of which value, and whether it waits for that.

A confirmation names the server or disk that it is for, so none is given ahead, and none for another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from onecloud_operator.api.annotations import (
    ACCEPT_ROOT_DISK,
    APPROVE_PLAN,
    CONFIRM_DELETE,
    CONFIRM_GONE,
    FORCE_DETACH,
    TAKE_OVER,
)
from onecloud_operator.api.reasons import Reason
from onecloud_operator.cli.failure import Failure
from onecloud_operator.cli.statuses import condition, name_of, part, plan_steps, reasons, text_at


def _nothing(_found: Mapping[str, Any]) -> Iterator[str]:
    yield from ()


@dataclass(frozen=True, slots=True)
class Confirmation:
    """
    One verb that needs a yes. *value*: of the annotation, made of the object.

    It raises Failure where nothing waits for it. *means*: what follows from it, for the question, and
    *lists* yields what that is, row by row.
    """

    verb: str
    annotation: str
    short: str
    more: str
    value: Callable[[Mapping[str, Any]], str]
    means: str
    lists: Callable[[Mapping[str, Any]], Iterator[str]] = _nothing


def _waiting(found: Mapping[str, Any], reason: Reason) -> None:
    """Raise Failure unless a condition of the object has *reason*."""
    if reason not in reasons(found):
        why = next(iter(reasons(found)), "nothing is known yet")
        raise Failure(
            f"{name_of(found)} does not wait for this: its reason is {why}, not {reason}",
            f"`kubectl onecloud why {name_of(found)}` says what it waits for",
        )


def _server(reason: Reason) -> Callable[[Mapping[str, Any]], str]:
    def value(found: Mapping[str, Any]) -> str:
        _waiting(found, reason)
        return _known(text_at(found, "status", "id"), found, "server")

    return value


def _adopted(found: Mapping[str, Any]) -> str:
    _waiting(found, Reason.OWNED_BY_ANOTHER)
    server_id = text_at(found, "spec", "adoption", "id")
    if not server_id:
        said = text_at(condition(found, "Synced"), "message")
        raise Failure(
            f"{name_of(found)} adopts by name; the message says the server's id: {said}",
            "name it in spec.adoption.id, and then repeat this",
        )
    return server_id


def _root_disk(found: Mapping[str, Any]) -> str:
    _waiting(found, Reason.OPERATION_FAILED)
    shown = text_at(found, "status", "server", "rootDisk", "id")
    if not shown or shown == text_at(found, "status", "rootDiskID"):
        raise Failure(
            f"{name_of(found)} has no other disk in the place of its root disk",
            f"`kubectl onecloud why {name_of(found)}` says what it waits for",
        )
    return shown


def _plan(found: Mapping[str, Any]) -> str:
    _waiting(found, Reason.PLAN_PENDING)
    return _known(text_at(found, "status", "plan", "hash"), found, "plan")


def _true(found: Mapping[str, Any]) -> str:
    if not part(found, "metadata"):
        raise Failure("the object has no metadata")
    return "true"


def _known(value: str, found: Mapping[str, Any], what: str) -> str:
    if not value:
        raise Failure(f"{name_of(found)} has no {what} in its status", "wait for the operator's first look")
    return value


CONFIRMATIONS: Final = (
    Confirmation(
        "detach",
        FORCE_DETACH,
        "Let a deleted object go without touching its server",
        "Whatever stands in the cloud stays there, and nobody looks after it.",
        _true,
        "when the object is deleted, or now if it is being deleted, its server, disks and elastic IP stay in "
        "the cloud, and are yours to clean up",
    ),
    Confirmation(
        "approve",
        APPROVE_PLAN,
        "Approve what is about to be done",
        "For an object with approval: Manual; all steps of its status.plan, and no others.",
        _plan,
        "every step of status.plan is carried out; what differs later on needs another approval",
        plan_steps,
    ),
    Confirmation(
        "confirm-delete",
        CONFIRM_DELETE,
        "Agree that a server is deleted for good",
        "For a deleted object that waits because the cloud's recycle bin is off.",
        _server(Reason.RECYCLE_BIN_OFF),
        "this server and its disks are deleted for good; nothing brings them back",
    ),
    Confirmation(
        "confirm-gone",
        CONFIRM_GONE,
        "Agree that servers are gone on purpose",
        "For objects that wait because too many servers of a project vanished; it counts for the namespace.",
        _server(Reason.TOO_MANY_GONE),
        "every server of the namespace that the cloud no longer shows counts as gone; "
        "where onExternalDeletion is Recreate, it is made anew",
    ),
    Confirmation(
        "take-over",
        TAKE_OVER,
        "Take a server from its owner in another cluster",
        "For an object whose spec.adoption names a server of a cluster that is gone or renamed.",
        _adopted,
        "the owner in the other cluster loses this server; if it still runs, two operators undo each other's "
        "changes",
    ),
    Confirmation(
        "accept-root-disk",
        ACCEPT_ROOT_DISK,
        "Accept another disk as the root disk",
        "For a server that has another disk in the place of the root disk that it was made with.",
        _root_disk,
        "the operator looks after this disk as the root disk from now on",
    ),
)
