"""The way from the platform's shell file to a Secret, as the pages tell it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.controller.credentials import credentials_of
from onecloud_operator.kube.secrets import data_of
from onecloud_operator.onecloud import Password
from sandbox.cluster import tools
from sandbox.stage import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = (
    "README.md",
    "docs/installing.md",
    "examples/secret.yaml",
    "helm/onecloud-operator/templates/NOTES.txt",
)
COMMAND = re.compile(r"env -i sh .*\|[\s#]*kubectl .* --from-env-file=/dev/stdin")
FILES = {
    "in-single-quotes": ("'", "Lab $user #1 \\ 2026! "),
    "in-double-quotes": ('"', r"Lab 'user' #2026!"),
    "without-quotes": ("", "Lab-user=2026!"),
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_shell_file_becomes_the_secret_that_its_shell_would_read(
    tmp_path: Path, page: str, name: str
) -> None:
    quote, password = FILES[name]
    values = {
        "OS_AUTH_URL": "https://cloud.example.com:30500/v3",
        "OS_USERNAME": "labuser",
        "OS_PASSWORD": password,
        "OS_PROJECT_NAME": "lab",
        "OS_REGION_NAME": "LabRegion",
    }
    lines = [f"export {key}={quote}{value}{quote}\n" for key, value in values.items()]
    (tmp_path / "rcadmin").write_text("# of the platform\n" + "".join(lines))
    found = COMMAND.search((ROOT / page).read_text())
    assert found is not None
    command = found[0].replace("#", " ").replace("{{ $shop }}", "shop")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{command} --dry-run=client -o json"],  # noqa: S607 - as the reader's
        cwd=tmp_path,
        env={
            "PATH": os.pathsep.join((str(tools.kubectl().parent), os.environ["PATH"])),
            "OS_PROJECT_DOMAIN": "of-another-cloud",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = credentials_of(data_of(json.loads(done.stdout)))
    assert isinstance(made.method, Password)
    assert made.method.password.get_secret_value() == password
    assert (made.method.user_name, made.region) == ("labuser", "LabRegion")
    assert "of-another-cloud" not in done.stdout
