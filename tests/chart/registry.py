"""A registry on loopback: the reference implementation of the OCI distribution API, as Debian packages it."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx

from sandbox.cluster.control_plane import free_port
from sandbox.cluster.process import Process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = "docker-registry"
LONG = 30.0


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    """Give the address of an empty registry, without a scheme, as in references; *directory* is its own."""
    address = f"127.0.0.1:{free_port()}"
    config = directory / "config.json"  # which is YAML, too
    storage = {"filesystem": {"rootdirectory": str(directory / "data")}}
    config.write_text(json.dumps({"version": 0.1, "storage": storage, "http": {"addr": address}}))
    process = Process([shutil.which(PROGRAM) or PROGRAM, "serve", str(config)], log=directory / "log", env={})
    try:
        deadline = time.monotonic() + LONG
        while not _answers(address):
            assert process.exit_code is None, process.tail()
            assert time.monotonic() < deadline, process.tail()
            time.sleep(0.05)
        yield address
    finally:
        process.stop()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"http://{address}/v2/", trust_env=False).is_success
    except httpx.TransportError:
        return False
