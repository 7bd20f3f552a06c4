"""
Of which image the root disk was made, and the rebuild that is under way.

A rebuild destroys what is on the disk. So it follows only an edit of a text, and whether there was one is
seen in this record alone: never in what the cloud shows, nor in what a name stands for today.
"""

from __future__ import annotations

from typing import Any

from onecloud_operator.core.fast_dataclass import fast_dataclass
from onecloud_operator.core.status_values import given, whole

TEXT_LENGTH, ID_LENGTH = 256, 64  # the CRD's bounds


@fast_dataclass(frozen=True, slots=True)
class RebuildRecord:
    """
    A rebuild to the image *id*, as which *text* was resolved, written before the cloud is asked for it.

    *from_id*, *version*: the root disk's image and the server's version before it. *since*: RFC 3339.
    *request*: what was asked for by annotation then; another value asks for another try.
    """

    text: str
    id: str
    from_id: str | None
    version: int
    since: str
    request: str | None = None


@fast_dataclass(frozen=True, slots=True)
class ImageRecord:
    """The text of ``spec.server.image`` that counts, and its image's *id*; None: the disk is not of it."""

    text: str
    id: str | None = None
    rebuild: RebuildRecord | None = None


def image_status(record: ImageRecord) -> dict[str, Any]:
    """Return ``status.image``."""
    status: dict[str, Any] = {"text": record.text}
    if record.id is not None:
        status["id"] = record.id
    if (rebuild := record.rebuild) is not None:
        begun = {
            "text": rebuild.text,
            "id": rebuild.id,
            "fromID": rebuild.from_id,
            "updateVersion": rebuild.version,
            "since": rebuild.since,
            "requestedAt": rebuild.request,
        }
        status["rebuild"] = given(begun)
    return status


def image_in(value: object) -> ImageRecord | None:
    """Read the record out of a status; what is not of its form counts as absent."""
    if not isinstance(value, dict) or (text := _text(value.get("text"))) is None:
        return None
    return ImageRecord(text, _text(value.get("id")), _rebuild(value.get("rebuild")))


def same_image(one: str | None, other: str | None) -> bool:
    """Compare ids as the cloud does: without regard to case."""
    if one is None or other is None:
        return False
    return one[:ID_LENGTH].casefold() == other[:ID_LENGTH].casefold()


def _rebuild(value: object) -> RebuildRecord | None:
    if not isinstance(value, dict):
        return None
    text, image_id, since = (_text(value.get(name)) for name in ("text", "id", "since"))
    version = whole(value.get("updateVersion"))
    if text is None or image_id is None or since is None or version is None:
        return None
    from_id, request = _text(value.get("fromID")), _text(value.get("requestedAt"))
    return RebuildRecord(text, image_id, from_id, version, since, request)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= TEXT_LENGTH else None
