"""
What the object of an imported server is called: a DNS label, made of the server's name and id alone.

So it is the same at each import, whichever servers are selected. A name that is a label already is taken as
it is, since the cloud does not give a name twice; any other one ends in some letters made of the id.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from onecloud_operator.core.observed import Observed

LONGEST: Final = 63  # of a DNS label
HASH_LENGTH: Final = 6
NAMELESS: Final = "server"  # for one whose name has not one letter that a label can have
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_OTHER: Final = re.compile(r"[^a-z0-9]+")


def names_of(servers: Iterable[Observed], taken: Mapping[str, str]) -> dict[str, str]:
    """
    Return a name for each of *servers*, by its id; *servers* are all of the project.

    *taken*: the names of objects that are there, each with the id of its server, "" where it has none: one
    that is another server's is not given.
    """
    found = sorted(servers, key=lambda server: server.id)
    counts = Counter(label_of(server.name, server.id) for server in found)
    names: dict[str, str] = {}
    used: set[str] = set()
    for server in found:
        name = label_of(server.name, server.id)
        length = HASH_LENGTH
        while name in used or counts[name] > 1 or taken.get(name, server.id) != server.id:
            name = _hashed(server.name, server.id, length)
            counts[name], length = 0, length + 1
        used.add(name)
        names[server.id] = name
    return names


def label_of(name: str, server_id: str) -> str:
    """Return *name* if it is a DNS label, else one that is made of it and of the id."""
    return name if _LABEL.fullmatch(name) else _hashed(name, server_id, HASH_LENGTH)


def _hashed(name: str, server_id: str, length: int) -> str:
    digest = hashlib.sha256(server_id.encode()).hexdigest()[:length]
    # So much of the name as leaves room for the longest digest's place.
    words = _OTHER.sub("-", name.lower()).strip("-")[: LONGEST - length - 1].rstrip("-")
    return f"{words or NAMELESS}-{digest}"
