"""
Single values on the border: the cloud's words to the resource's and back, texts, numbers, times.

Each reader takes any JSON value and returns None for one of a type that it does not expect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from onecloud_operator.api.quantity import mib_of, text_of_mib
from onecloud_operator.core import values
from onecloud_operator.onecloud.models import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LARGEST = 2**63 - 1  # Kubernetes' int64
ID_CHARACTERS = 64  # as much as the status holds; the cloud's own have 36
NEVER = "0001-01-01"  # Go's way to write that there is no time

MEDIUM = {"rotate": "Rotational", "ssd": "SSD", "hybrid": "Hybrid"}
BILLING = {"prepaid": "Prepaid", "postpaid": "Postpaid"}
SHUTDOWN = {"stop": "Stop", "stop_release_gpu": "StopReleaseGPU", "terminate": "Terminate"}
FIRMWARE = {"bios": "BIOS", "uefi": "UEFI"}
PUBLIC_ADDRESS = {"elastic_ip": "ElasticIP", "public_ip": "PublicIP"}


def text(value: object) -> str | None:
    """Return a text that is not empty."""
    return value if isinstance(value, str) and value else None


def one_id(value: object) -> str | None:
    """Return an id; what is longer than any of the cloud's is none."""
    return value if isinstance(value, str) and 0 < len(value) <= ID_CHARACTERS else None


def any_text(value: object) -> str | None:
    """Return a text, the empty one too."""
    return value if isinstance(value, str) else None


def flag(value: object) -> bool | None:
    """Return a truth value."""
    return value if isinstance(value, bool) else None


def count(value: object) -> int | None:
    """Return a whole number that is not negative."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
        return value
    return None


def size(value: object) -> str | None:
    """Return a number of MiB as a quantity; none for 0, which is the cloud's "not known"."""
    mib = count(value)
    if not mib:
        return None
    quantity = text_of_mib(mib)
    return quantity if mib_or_none(quantity) == mib else None


def mib_or_none(value: object) -> int | None:
    """Return the MiB of a quantity."""
    if not isinstance(value, str):
        return None
    try:
        return mib_of(value)
    except ValueError:
        return None


def time(value: object) -> str | None:
    """Return one of the cloud's times as RFC 3339 in UTC without fractions; "" for the empty text."""
    if not isinstance(value, str):
        return None
    if not value or value.startswith(NEVER):
        return ""
    found = parse_time(value)
    return None if found is None else found.replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def mac(value: object) -> str | None:
    """Return a hardware address in lower case, as the spec has it."""
    return value[:64].lower() if isinstance(value, str) else None


def items(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list; whatever else it holds is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def cut(limit: int) -> Callable[[object], str | None]:
    """Make a reader of texts up to *limit* characters; longer ones end in ``…``."""

    def read(value: object) -> str | None:
        return values.cut(value, limit) if isinstance(value, str) else None

    return read


def filled(limit: int) -> Callable[[object], str | None]:
    """Make a reader of texts that are not empty, cut as by `cut`."""
    short = cut(limit)
    return lambda value: short(value) or None


def word(known: Mapping[str, str], limit: int = 64) -> Callable[[object], str | None]:
    """Make a reader of a word that the resource may spell otherwise; unknown ones pass as they are."""
    short = cut(limit)

    def read(value: object) -> str | None:
        found = short(value)
        return None if found is None else known.get(found.lower(), found)

    return read


def wire_word(known: Mapping[str, str], spelled: str) -> str:
    """Return what the cloud calls the resource's word *spelled*."""
    return next((wire for wire, ours in known.items() if ours == spelled), spelled)
