"""Where a server lives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """One project of one region behind one sign-in URL; pinned in the status before the first write."""

    auth_url: str  # without a trailing slash
    region: str
    project_id: str
