"""The page about the client does what it says."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

from sandbox.cloud import running_cloud

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "client.md").read_text()


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_example_runs_as_it_stands_and_prints_what_the_page_says() -> None:
    async with running_cloud(step_seconds=0.005) as cloud:
        environment = {**os.environ, **cloud.secret(), "PYTHONPATH": str(ROOT / "operator")}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-W",
            "error",
            "-c",
            block("python"),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            output, errors = await process.communicate()
    assert errors.decode() == ""
    assert output.decode() == block("text")
    assert process.returncode == 0
