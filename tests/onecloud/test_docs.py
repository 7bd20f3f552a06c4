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


def block(language: str, number: int) -> str:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found[number]


async def printed(program: str, environment: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-W",
        "error",
        "-c",
        program,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT / "operator")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        output, errors = await process.communicate()
    assert errors.decode() == ""
    assert process.returncode == 0
    return output.decode()


async def test_the_example_runs_as_it_stands_and_prints_what_the_page_says() -> None:
    async with running_cloud(step_seconds=0.005) as cloud:
        assert await printed(block("python", 0), cloud.secret()) == block("text", 0)


async def test_the_example_without_a_network_does_so_as_well() -> None:
    assert await printed(block("python", 1), {}) == block("text", 1)
