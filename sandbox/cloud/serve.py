"""A cloud on a loopback port: ``async with running_cloud() as cloud``."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import App
from .control import Control
from .endpoint import ControlEndpoint
from .world import World

KEEP_ALIVE_SECONDS = 10  # what region really does: an idle connection is closed after ten seconds


class _Protocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, with the connection in reach of the faults that cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["sandbox.transport"] = self.transport


class _Server(uvicorn.Server):
    """A server that leaves the signals of the process to the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def running_cloud(
    step_seconds: float = 0.02, *, port: int = 0, world: World | None = None
) -> AsyncIterator[Control]:
    """
    Serve a cloud on loopback until the block ends, and yield its control.

    *step_seconds* is how long a host works on one step of a task (0.3 in the recordings; 0: at once).
    """
    cloud = world or World()
    cloud.tasks.step_seconds = step_seconds
    app = App(cloud)
    control = Control(app)
    app.control = ControlEndpoint(control)
    # The protocol is named so that asyncio sends small answers at once (TCP_NODELAY), as region does.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        cloud.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,  # it is the cloud's own clock that dates its answers
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            backlog=2048,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started:
                if serving.done():
                    await serving
                await asyncio.sleep(0.001)
            yield control
        finally:
            app.closing.set()
            cloud.tasks.stop()
            server.should_exit = True
            server.force_exit = True
            await serving
