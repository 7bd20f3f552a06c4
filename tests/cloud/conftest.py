"""One cloud for each test."""

from collections.abc import AsyncIterator

import pytest

from sandbox.cloud import Control, running_cloud
from tests.cloud.fixtures import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()


@pytest.fixture
async def ident(scene: Scene, request: pytest.FixtureRequest) -> str:
    """Return a server that may be deleted; a module's SERVER says what else it is."""
    return await scene.create("pet", **{"disable_delete": False, **getattr(request.module, "SERVER", {})})


@pytest.fixture
async def cloud() -> AsyncIterator[Control]:
    """Give a cloud that is served over a socket."""
    async with running_cloud(step_seconds=0.005) as control:
        yield control
