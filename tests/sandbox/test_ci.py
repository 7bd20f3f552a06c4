"""The rule of .ci/run: what does not run counts as failed; and what is said of programs that lack."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import PACKAGES

ROOT = Path(__file__).parents[2]
SUITE = {
    "test_passes": "def test_it(): pass",
    "test_skips_itself": "import pytest\ndef test_it(): pytest.skip('no engine here')",
    "test_is_marked": "import pytest\n@pytest.mark.skip(reason='later')\ndef test_it(): pass",
    "test_is_expected_to_fail": "import pytest\n@pytest.mark.xfail\ndef test_it(): assert False",
    "test_is_skipped_as_a_whole": "import pytest\npytest.importorskip('no_such_module')",
}


@pytest.mark.parametrize(
    ("ci", "outcome"),
    [
        pytest.param("true", "2 failed, 1 passed, 2 errors", id="in-ci-what-does-not-run-has-failed"),
        pytest.param("", "1 passed, 3 skipped, 1 xfailed", id="at-a-desk-it-is-only-shown"),
    ],
)
def test_skips(ci: str, outcome: str, tmp_path: Path) -> None:
    for name, body in SUITE.items():
        (tmp_path / f"{name}.py").write_text(body)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", os.devnull,
         f"--rootdir={tmp_path}", "--continue-on-collection-errors", "--import-mode=importlib", tmp_path],
        check=False, capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert outcome in done.stdout.splitlines()[-1]
    assert (done.returncode == 0) is (ci == "")


def skipping(directory: Path, *, apt: bool) -> str:
    """Return what pytest says on a machine without the programs, with or without apt."""
    path = directory / "bin"
    path.mkdir()
    if apt:
        (path / "apt-get").write_text("#!/bin/sh\nexit 1\n")
        (path / "apt-get").chmod(0o755)
    for name in ("promtool", "docker-registry"):
        body = f"from tests.programs import needs\ndef test_it(): needs({name!r})"
        (directory / f"test_{name.replace('-', '_')}.py").write_text(body)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-c", os.devnull,
         f"--rootdir={directory}", "--import-mode=importlib", "-rs", directory],
        check=False, capture_output=True, text=True, cwd=ROOT,
        env=os.environ | {"CI": "", "PATH": str(path), "PYTHONPATH": str(ROOT),
                          "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip
    assert "2 skipped" in done.stdout, done.stdout + done.stderr
    return done.stdout


def test_where_apt_is_there_one_command_brings_all_that_is_missing(tmp_path: Path) -> None:
    output = skipping(tmp_path, apt=True)
    assert "docker-registry cannot be found; to get it: " in output
    assert re.search(r"to get it: (sudo )?apt-get install docker-registry prometheus$", output, re.MULTILINE)


def test_without_apt_only_the_programs_are_named(tmp_path: Path) -> None:
    output = skipping(tmp_path, apt=False)
    assert "promtool cannot be found" in output
    assert "apt-get" not in output


def test_ci_installs_what_the_tests_may_lack() -> None:
    text = (ROOT / ".ci" / "run").read_text()
    provided = {}
    for path, programs in re.findall(r"^provide (\S+) (.+?)(?:  #.*)?$", text, re.MULTILINE):
        assert (ROOT / path).exists()
        for program in programs.split():
            name, _, package = program.partition(":")
            provided[name] = package or name
    assert provided == {name: PACKAGES[name] for name in PACKAGES if name not in ESSENTIAL}


# Every Debian with make has them.
ESSENTIAL = {"unshare", "chroot", "make"}
