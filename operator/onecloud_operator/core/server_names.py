"""The name and the host name of a new server, where the spec gives none."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onecloud_operator.core.config import Config
    from onecloud_operator.core.resource import Resource

NAME_LENGTH = 60  # the cloud cuts hostnames there, and silently cuts names at 128
HASH_LENGTH = 8
HOST_NAME_LENGTH, HOST_NAME_SHORTEST = 15, 2  # Windows takes no longer one, and nothing a shorter one
HOST_HASH_LENGTH = 4


def server_name(resource: Resource, config: Config) -> str:
    """
    Return the name of a new server: the spec's, else ``<prefix><namespace>.<name>``, hashed above 60.

    A namespace has no dot, so two objects of one cluster never meet.
    """
    spec = resource.server_spec
    if spec is not None and spec.name:
        return spec.name
    name = f"{config.name_prefix}{resource.namespace}.{resource.name}"
    if len(name) <= NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:HASH_LENGTH]
    return f"{name[: NAME_LENGTH - HASH_LENGTH - 1].rstrip('.-')}-{digest}"


def host_name(name: str) -> str:
    """
    Return the host name of a server whose object has this *name*: one that every image takes.

    None at all would have the platform make one of the server's name, whose first part is the namespace.
    """
    if HOST_NAME_SHORTEST <= len(name) <= HOST_NAME_LENGTH and not name.isdigit():
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:HOST_HASH_LENGTH]
    return f"{name[: HOST_NAME_LENGTH - HOST_HASH_LENGTH - 1].rstrip('.-')}-{digest}"
