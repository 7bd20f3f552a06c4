"""One cloud for each test."""

import pytest

from tests.cloud.fixtures import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
async def ident(scene: Scene) -> str:
    """Return a server that may be deleted."""
    return await scene.create("pet", disable_delete=False)
