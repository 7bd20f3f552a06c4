"""
Reads the API server's answers within bounds: whoever creates objects chooses their size.

    bytes ──▶ size limit ──▶ parsed as UTF-8, never as one str ──▶ without the fields that nothing reads

The API limits a page of a list only by the number of objects. So a page that is too large is aborted and
requested again with fewer objects; a continue token does not depend on their number.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from pydantic_core import from_json

from onecloud_operator.api.annotations import ANNOTATIONS
from onecloud_operator.api.identity import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ANSWER_BYTES: Final = 8 * 2**20  # an object has 1.5 MiB at the most; a page of 500 with full status 4 MiB
FEWER: Final = 4  # the limit is divided by this after a page that was too large
FIELD_MANAGER: Final = "onecloud-operator"
SHARED: Final = (
    "shared"  # beside metadata, spec and status: the fields of the status that other managers wrote
)
PREFIX: Final = f"{GROUP}/"  # of our finalizers
ANNOTATION_LENGTH: Final = 512  # those that are read are shorter
FINALIZERS: Final = 16  # of others, whose names the status shows
PLACES: Final = "finalizerPlaces"  # the indexes in the object's list of those that are kept
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
    """An answer exceeded the size limit and was aborted; kopf lists again then."""


async def read(response: aiohttp.ClientResponse, max_bytes: int = ANSWER_BYTES) -> bytes:
    """Return the body of *response*. Raises TooLarge once it exceeds *max_bytes*, decompressed."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        if len(content) + len(chunk) > max_bytes:
            response.close()
            raise TooLarge(f"the answer is larger than {max_bytes // 2**20} MiB")
        content += chunk
    return bytes(content)


def decode(data: bytes | bytearray) -> Any:  # noqa: ANN401 - JSON
    """
    Return the JSON in *data*. Raises ValueError.

    The standard library would first decode it to a str, of four bytes a character if it has one emoji.
    """
    return from_json(bytes(data), allow_inf_nan=False, cache_strings="keys")


def slim(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object without fields that no decision reads; managed fields alone are half of it."""
    original = body["metadata"]
    metadata = {name: value for name, value in original.items() if name in METADATA}
    if kept := {
        name: text[:ANNOTATION_LENGTH]
        for name, text in (original.get("annotations") or {}).items()
        if name in ANNOTATIONS  # others with our prefix, however many, must not displace one of them
    }:
        metadata["annotations"] = kept
    if indexed := _finalizers(original):
        metadata |= {"finalizers": list(indexed.values()), PLACES: list(indexed)}
    slimmed = {"metadata": metadata, "spec": body.get("spec"), "status": body.get("status")}
    shared = body.get(SHARED) or _shared(original.get("managedFields"))
    return slimmed | {SHARED: shared} if shared else slimmed


def _finalizers(metadata: Mapping[str, Any]) -> dict[int, str]:
    """Return the finalizers to keep by index: our own, and the first ones of others."""
    names = metadata.get("finalizers") or ()
    indexed = tuple(zip(metadata.get(PLACES) or range(len(names)), names, strict=False))
    ours = islice((one for one in indexed if one[1].startswith(PREFIX)), FINALIZERS)
    return dict((*ours, *indexed[:FINALIZERS]))


def finalizer_place(metadata: Mapping[str, Any], finalizer: str) -> int:
    """Return where *finalizer* stands in the object's own list, of which slim metadata has a part."""
    names = metadata.get("finalizers") or []
    places = metadata.get(PLACES) or range(len(names))
    return places[names.index(finalizer)] if finalizer in names else 0


def slim_list(page: dict[str, Any]) -> dict[str, Any]:
    """Return a list with each of its objects slim."""
    items = page.get("items")
    return page | {"items": [_slim_item(item) for item in items]} if isinstance(items, list) else page


def slim_event(event: dict[str, Any]) -> dict[str, Any]:
    """Return a watch event with its object slim; events without an object stay as they are."""
    body = event.get("object")
    if isinstance(body, dict) and event.get("type") in {"ADDED", "MODIFIED", "DELETED"}:
        return event | {"object": _slim_item(body)}
    return event


def _slim_item(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item[name] for name in ("apiVersion", "kind") if name in item} | slim(item)


def _shared(managers: object) -> list[str]:
    """Return the fields of the status that other managers wrote; the definition limits their number."""
    found: Iterable[Any] = managers if isinstance(managers, list) else ()
    theirs = {
        field.removeprefix("f:")
        for each in found
        if each.get("subresource") == "status" and each.get("manager") != FIELD_MANAGER
        for field in (each.get("fieldsV1") or {}).get("f:status", ())
    }
    return sorted(theirs)
