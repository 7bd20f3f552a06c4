"""Run a simulated cloud until it is told to stop: ``python -m sandbox.cloud``."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

from .serve import running_cloud


def main() -> int:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.cloud", description="A simulated OneCloud on loopback."
    )
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument(
        "--step", type=float, default=0.3, help="seconds that a host works on one step of a task"
    )
    parser.add_argument("--servers", type=int, default=0, help="how many running servers to begin with")
    parser.add_argument(
        "--ready-file", type=Path, help="where to write the addresses and the Secret, as JSON"
    )
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(parser.parse_args()))
    return 0


async def _serve(arguments: argparse.Namespace) -> None:
    async with running_cloud(arguments.step, port=arguments.port) as cloud:
        if arguments.servers:
            cloud.seed(arguments.servers)
        ready = {"url": cloud.url, "auth_url": cloud.auth_url, "secret": cloud.secret()}
        if arguments.ready_file:
            partial = arguments.ready_file.with_suffix(".partial")
            partial.write_text(json.dumps(ready))
            partial.replace(arguments.ready_file)
        else:
            sys.stdout.write(json.dumps(ready) + "\n")
            sys.stdout.flush()
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        await stopped.wait()


if __name__ == "__main__":
    sys.exit(main())
