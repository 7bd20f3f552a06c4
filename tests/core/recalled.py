"""Objects that a new process knows by what the status recorded."""

from __future__ import annotations

from tests.core.fixtures import (
    RESTART,
    resource,
    spec,
)

GROWN = resource(spec=spec({"rootDisk": {"size": "80Gi"}}, **RESTART))
