"""
The border between the cloud's words and ours: wire names, words and units stop here.

Nothing here does I/O or reads a clock.
"""

from .mirror import mirror_of
from .observed import OWNER_TAGS, Untranslatable, observed_from_details, observed_from_row, owner_tags

__all__ = [
    "OWNER_TAGS",
    "Untranslatable",
    "mirror_of",
    "observed_from_details",
    "observed_from_row",
    "owner_tags",
]
