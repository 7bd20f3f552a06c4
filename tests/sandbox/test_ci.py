"""The rule of .ci/run: what does not run counts as failed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
