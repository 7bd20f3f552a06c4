"""A plain field is added by two rows alone: a copy of the operator with them passes what each field must."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGE = "onecloud_operator"
TESTS = (
    "tests/translate/test_plain_fields.py",
    "tests/translate/test_status.py",
    "tests/core/test_plain_fields.py",
)
DECLARED = """\
    watchdog: Annotated[Literal["Reset", "PowerOff"] | None, Plain("What its watchdog does.")] = Field(
        default=None, description="What its watchdog does.", json_schema_extra=NEXT_START
    )
"""
COLUMN = """\
    PlainColumn("hardware.watchdog", "watchdog_action", put=True),
"""
# Where each row goes: the file, and the line that it stands before.
ROWS = {
    "api/server_parts.py": ("    cdrom: Reference", DECLARED),
    "translate/columns.py": ('    PlainColumn("hardware.vga"', COLUMN),
}


def test_a_made_up_field_is_declared_read_mirrored_recalled_compared_and_put(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "operator" / PACKAGE, tmp_path / PACKAGE)
    for name, (before, row) in ROWS.items():
        file = tmp_path / PACKAGE / name
        text = file.read_text()
        assert text.count(before) == 1
        file.write_text(text.replace(before, row + before))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-v",
        "-n0",
        "-p",
        "no:cacheprovider",
        "-k",
        "watchdog or every",
    ]
    path = ["-o", f"pythonpath={tmp_path} {REPOSITORY}"]
    run = subprocess.run(
        [*command, *path, *TESTS], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stdout[-4000:]
    passed = {line.split("::")[1].split()[0] for line in run.stdout.splitlines() if "PASSED" in line}
    assert passed >= {
        "test_a_full_mirror_fills_every_field_of_the_model",
        "test_what_is_created_is_read_mirrored_and_recalled_as_the_spec_says_it[hardware.watchdog]",
        "test_a_newer_row_shows_what_it_has_become[hardware.watchdog]",
        "test_what_is_put_is_read_as_the_spec_says_it[hardware.watchdog]",
        "test_a_plain_field_that_differs_is_sent[made-hardware.watchdog]",
        "test_a_plain_field_that_differs_is_sent[adopted-hardware.watchdog]",
        "test_what_differs_is_mended_or_it_is_said_why_not[hardware.watchdog]",
    }
