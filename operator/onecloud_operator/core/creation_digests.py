"""
With which values a server was made, of the fields that count only then: short digests, and no secret's.

A field that is given another value after the POST says nothing of the server that came of it.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from onecloud_operator.api.fixed import IMAGE, NETWORKS, sent_fields
from onecloud_operator.api.server import PLAIN_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from onecloud_operator.api.spec import ServerSpec
    from onecloud_operator.core.records import Creation

DIGEST_LENGTH = 12
GIVEN = "given"  # instead of a digest of what may hold a secret
UNSURE = "?"  # sent with more than one value, and it is not known which made the server
_NO_DIGEST = frozenset({"userData"})
# What the cloud shows of a server, of what counts only at its creation.
_SEEN = frozenset(
    {
        *(field.path for field in PLAIN_FIELDS),
        IMAGE,
        "billing",
        "isolatedDevices",
        "rootDisk.backend",
        "rootDisk.medium",
        "rootDisk.driver",
        "rootDisk.cache",
    },
)


def sent_of(spec: ServerSpec) -> tuple[tuple[str, str], ...]:
    """Return a short digest for each field of *spec* that counts only at the creation; no secret's."""
    return _sent_of(spec.model_dump_json(by_alias=True, exclude_none=True))


@lru_cache(maxsize=64)  # a pass asks for it several times, and servers that are much alike are many
def _sent_of(text: str) -> tuple[tuple[str, str], ...]:
    body = json.loads(text)
    return tuple(
        (path, GIVEN if path in _NO_DIGEST else _digest(path, value))
        for path in sent_fields()
        if (value := _at(body, path)) is not None
    )


def sent_again(
    before: tuple[tuple[str, str], ...], now: tuple[tuple[str, str], ...], *, unmade: bool
) -> tuple[tuple[str, str], ...]:
    """
    Return what to record before a POST of *now*, after one of *before*.

    *unmade*: it is certain that the earlier one has made nothing, and will not. Else whatever the two do not
    share is unsure.
    """
    if unmade:
        return now
    old, new = dict(before), dict(now)
    return tuple(
        (path, new[path] if old.get(path) == new.get(path) else UNSURE)
        for path in sent_fields()
        if path in new or path in old
    )


def edited(spec: ServerSpec, creation: Creation) -> frozenset[str]:
    """Return the fields of *spec* that are not, or not surely, what the server was made of."""
    if creation.sent is None:
        return frozenset()
    sent = dict(creation.sent)
    return frozenset(path for path, digest in sent_of(spec) if sent.get(path) != digest)


def made_as_declared(spec: ServerSpec, creation: Creation, path: str) -> bool:
    """Return whether the server was surely made with what *spec* says at *path*."""
    if creation.sent is None:
        return True  # made by an operator that did not note it, and nothing could be changed then
    return dict(creation.sent).get(path) == dict(sent_of(spec)).get(path)


def _digest(path: str, value: object) -> str:
    if path == NETWORKS and isinstance(value, list):
        value = sorted(value, key=lambda card: str(card["network"]))
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def _at(body: Mapping[str, Any], path: str) -> object | None:
    found: object | None = body
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def recorded_whole(spec: ServerSpec, path: str) -> bool:
    """Return whether all that *spec* says at *path* can be seen at the server."""
    match path:
        case "placement":
            return spec.placement is None or not (spec.placement.host or spec.placement.scheduling_tags)
        case _:
            return path in _SEEN


def value_of(spec: ServerSpec, path: str) -> str:
    value = _at(spec.model_dump(mode="json", by_alias=True, exclude_none=True), path)
    return value if isinstance(value, str) and path not in _NO_DIGEST else "another value"
