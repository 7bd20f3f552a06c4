"""How the control plane's programs are got: what decides about a new build, and what is said meanwhile."""

import fcntl
import os
import sys
from pathlib import Path

import pytest

from sandbox.cluster import tools
from sandbox.cluster.scratch import PREFIX, SETTLE_SECONDS, scratch
from tests.sandbox.terminal import COLUMNS
from tools.progress import StepError, step


@pytest.fixture
def locks(tmp_path: Path) -> tuple[Path, Path]:
    mod, total = tmp_path / "go.mod", tmp_path / "go.sum"
    mod.write_text("module m\n")
    total.write_text("k8s.io/api v0.37.2 h1:x\n")
    return mod, total


def test_the_same_locks_find_the_same_cache(locks: tuple[Path, Path]) -> None:
    assert tools.key(*locks, flags=("-trimpath",)) == tools.key(*locks, flags=("-trimpath",))


def test_a_change_of_any_lock_or_flag_asks_for_a_new_build(locks: tuple[Path, Path]) -> None:
    mod, total = locks
    keys = [tools.key(*locks), tools.key(*locks, flags=("-trimpath",))]
    total.write_text("k8s.io/api v0.37.3 h1:y\n")
    keys.append(tools.key(*locks))
    mod.write_text("module n\n")
    keys.append(tools.key(*locks))
    assert len(set(keys)) == len(keys)


def test_only_the_wanted_requirement_is_taken_from_a_lock() -> None:
    first = "a==1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:ab\n"
    second = "ab==2 \\\n    --hash=sha256:ba\n"
    lock = f"# made by uv\n{first}{second}"
    assert tools.pinned(lock, "a") == first
    assert tools.pinned(lock, "ab") == second
    with pytest.raises(tools.ToolError, match="b is not in"):
        tools.pinned(lock, "b")


def test_programs_that_one_already_has_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "etcd"
    own.touch(mode=0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert tools.binaries("etcd") == {"etcd": own}


def test_the_cache_is_outside_the_checkout_where_the_user_wants_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert tools.cache() == tmp_path / "onecloud-operator" / "tools"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tools.cache() == tmp_path / ".cache" / "onecloud-operator" / "tools"


def test_a_long_step_says_that_it_still_runs_and_how_long_it_usually_takes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(0.3)"]
    step("building it", command, usually="a while", heartbeat_seconds=0.05)
    first, second, *_, last = capsys.readouterr().err.splitlines()
    assert first == "==> building it (usually a while)"
    assert second == "==>     still at it: building it, 0:00 so far (usually a while)"
    assert last == "==>     done in 0:00"


def test_what_is_said_of_a_long_step_fits_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    for name, program in tools.PROGRAMS.items():
        step(f"building {name} from source, once", ["true"], usually=f"{program.usually} on two cores")
    said = capsys.readouterr().err
    assert "building kube-controller-manager from source, once (usually" in " ".join(said.split())
    assert all(len(line) <= COLUMNS for line in said.splitlines())


def test_a_step_that_fails_shows_its_last_lines() -> None:
    command = [sys.executable, "-c", "print('why'); raise SystemExit(3)"]
    with pytest.raises(StepError, match="building it: failed with exit code 3:\nwhy"):
        step("building it", command, usually="a while")


def test_a_scratch_directory_is_private_and_removed(tmp_path: Path) -> None:
    with scratch(tmp_path) as directory:
        assert directory.stat().st_mode & 0o777 == 0o700
    assert not directory.exists()


def test_what_a_killed_run_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    left, used, young = (tmp_path / f"{PREFIX}{name}" for name in ("left", "used", "young"))
    for directory in (left, used, young):
        directory.mkdir()
        (directory / "lock").touch()
    for directory in (left, used):
        old = directory.stat().st_mtime - 2 * SETTLE_SECONDS
        os.utime(directory, (old, old))
    with (used / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with scratch(tmp_path):
            assert not left.exists()
            assert used.exists()
            assert young.exists()
