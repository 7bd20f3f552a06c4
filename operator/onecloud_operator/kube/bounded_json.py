"""
What the API server sends, read within bounds: whoever may make objects chooses how large they are.

    bytes ──▶ at most so many ──▶ decoded as UTF-8, never as one text ──▶ without what nobody reads

A page of a list is bounded by the number of its objects only. So one that is too large is broken off and
asked for again with fewer; the token that goes on with a list does not depend on their number.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from pydantic_core import from_json

from onecloud_operator.api.identity import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ANSWER_BYTES: Final = 8 * 2**20  # an object has 1.5 MiB at the most; a page of 500 with full status 4 MiB
FEWER: Final = 4  # how many times fewer objects are asked for after a page that was too large
FIELD_MANAGER: Final = "onecloud-operator"
SHARED: Final = "shared"  # beside metadata, spec and status: the fields of the status that others wrote, too
PREFIX: Final = f"{GROUP}/"  # of our finalizers
# Those that decisions read; others of our prefix, however many, must not push one of them out.
ANNOTATIONS: Final = frozenset(
    PREFIX + name
    for name in (
        "paused",
        "reconcile-requested-at",
        "force-detach",
        "confirm-delete",
        "confirm-gone",
        "take-over",
        "accept-root-disk",
    )
)
ANNOTATION_LENGTH: Final = 512  # none that is read is longer
FINALIZERS: Final = 16  # of others, whose names are shown to whoever waits for them
PLACES: Final = "finalizerPlaces"  # where in the object's list those are that are kept
METADATA: Final = frozenset(
    {
        "creationTimestamp",
        "deletionTimestamp",
        "generation",
        "name",
        "namespace",
        "resourceVersion",
        "uid",
    }
)


class TooLarge(aiohttp.ClientConnectionError):
    """An answer has more bytes than are read of one, and was broken off: kopf begins anew then."""


async def read(response: aiohttp.ClientResponse, most: int = ANSWER_BYTES) -> bytes:
    """Return the body of *response*. Raises TooLarge once it has more than *most* bytes, unpacked."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        if len(content) + len(chunk) > most:
            response.close()
            raise TooLarge(f"the answer is larger than {most // 2**20} MiB")
        content += chunk
    return bytes(content)


def decode(data: bytes | bytearray) -> Any:  # noqa: ANN401 - JSON
    """
    Return the JSON in *data*. Raises ValueError.

    The standard library makes one text of it first, with four bytes a character if there is one emoji.
    """
    return from_json(bytes(data), allow_inf_nan=False, cache_strings="keys")


def slim(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without what no decision reads; managed fields alone are half of it."""
    given = body["metadata"]
    metadata = {name: value for name, value in given.items() if name in METADATA}
    if kept := {
        name: text[:ANNOTATION_LENGTH]
        for name, text in (given.get("annotations") or {}).items()
        if name in ANNOTATIONS
    }:
        metadata["annotations"] = kept
    if held := _finalizers(given):
        metadata |= {"finalizers": list(held.values()), PLACES: list(held)}
    slender = {"metadata": metadata, "spec": body.get("spec"), "status": body.get("status")}
    shared = body.get(SHARED) or _shared(given.get("managedFields"))
    return slender | {SHARED: shared} if shared else slender


def _finalizers(metadata: Mapping[str, Any]) -> dict[int, str]:
    """Return the finalizers that are kept by their places: those of ours, and the first ones of others."""
    names = metadata.get("finalizers") or ()
    held = tuple(zip(metadata.get(PLACES) or range(len(names)), names, strict=False))
    ours = islice((one for one in held if one[1].startswith(PREFIX)), FINALIZERS)
    return dict((*ours, *held[:FINALIZERS]))


def finalizer_place(metadata: Mapping[str, Any], finalizer: str) -> int:
    """Return where *finalizer* stands in the object's own list, of which slim metadata has a part."""
    names = metadata.get("finalizers") or []
    places = metadata.get(PLACES) or range(len(names))
    return places[names.index(finalizer)] if finalizer in names else 0


def slim_list(page: dict[str, Any]) -> dict[str, Any]:
    """Return a list with each of its objects slim."""
    items = page.get("items")
    return page | {"items": [_named(item) for item in items]} if isinstance(items, list) else page


def slim_event(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event of a watch with its object slim; those that bring none stay as they are."""
    body = event.get("object")
    if isinstance(body, dict) and event.get("type") in {"ADDED", "MODIFIED", "DELETED"}:
        return event | {"object": _named(body)}
    return event


def _named(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("apiVersion", "kind") if name in item} | slim(item)


def _shared(managers: object) -> list[str]:
    """Return the fields of the status that stand as others wrote them; a definition bounds their number."""
    found: Iterable[Any] = managers if isinstance(managers, list) else ()
    theirs = {
        field.removeprefix("f:")
        for each in found
        if each.get("subresource") == "status" and each.get("manager") != FIELD_MANAGER
        for field in (each.get("fieldsV1") or {}).get("f:status", ())
    }
    return sorted(theirs)
