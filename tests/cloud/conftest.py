"""One cloud for each test."""

import pytest

from tests.cloud.scene import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()
