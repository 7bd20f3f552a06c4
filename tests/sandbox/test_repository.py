"""What is committed installs the same anywhere: locks with hashes, and no word of where they were made."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
# Hosts of package registries and paths of somebody's machine; written so that this file does not name them.
PLACES = re.compile(
    r"[p]ypi\.org|[p]ythonhosted\.org|[p]roxy\.golang\.org|[s]um\.golang\.org|[r]egistry\.npmjs\.org"
    r"|[d]eb\.debian\.org|[f]iles\.python|/[w]ork/|/[h]ome/\w|/[r]oot/|/[U]sers/\w"
)


def pins(lock: Path) -> dict[str, Version]:
    """Read name and version of every requirement."""
    found = re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE)
    return {name: Version(version) for name, version in found}


@pytest.mark.parametrize("lock", [pytest.param(lock, id=lock.name) for lock in LOCKS])
def test_a_lock_holds_versions_and_hashes_and_nothing_else(lock: Path) -> None:
    line = re.compile(r"([a-z0-9-]+==[^\s;]+( ; [^\\]+)?|    --hash=sha256:[0-9a-f]{64})( \\)?")
    assert [text for text in lock.read_text().splitlines() if not line.fullmatch(text)] == []
    assert lock.read_text().count("--hash=") >= len(pins(lock)) > 0


@pytest.mark.parametrize(
    ("wanted", "lock"),
    [
        pytest.param(PROJECT["project"]["dependencies"], "runtime.txt", id="runtime"),
        pytest.param(PROJECT["project"]["dependencies"], "dev.txt", id="runtime-in-dev"),
        *(
            pytest.param(PROJECT["dependency-groups"][group], lock, id=group)
            for group, lock in {
                "sandbox": "dev.txt",
                "test": "dev.txt",
                "lint": "dev.txt",
                "bootstrap": "bootstrap.txt",
                "tools": "tools.txt",
            }.items()
        ),
    ],
)
def test_the_locks_hold_what_the_project_asks_for(wanted: list[object], lock: str) -> None:
    """Else somebody forgot `make lock`."""
    locked = pins(ROOT / "requirements" / lock)
    for requirement in (Requirement(text) for text in wanted if isinstance(text, str)):
        assert locked[requirement.name.lower()] in requirement.specifier


def test_tests_run_with_the_versions_that_users_get() -> None:
    assert (
        pins(ROOT / "requirements" / "runtime.txt").items() <= pins(ROOT / "requirements" / "dev.txt").items()
    )


def test_no_committed_file_names_a_registry_or_a_machine() -> None:
    list_files = ["git", "ls-files", "-z"]
    tracked = subprocess.run(list_files, cwd=ROOT, check=True, capture_output=True, text=True)
    named: list[str] = []
    for name in tracked.stdout.split("\0")[:-1]:
        if (ROOT / name).is_file():  # not one that is about to be deleted
            text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
            named += [f"{name}: {found[0]}" for found in PLACES.finditer(text)]
    assert named == []
