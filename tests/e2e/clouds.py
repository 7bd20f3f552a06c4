"""The cloud of one test: a conftest imports it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.warm import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """Give a cloud of one's own."""
    with Cloud() as running:
        yield running
