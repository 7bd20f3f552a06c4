"""``secret rcadmin``: a shell file becomes the Secret that the operator reads."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from onecloud_operator.controller.credentials import credentials_of
from onecloud_operator.kube.secrets import data_of
from onecloud_operator.onecloud import Password

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Desk

PASSWORD = "Lab $user #1 2026!"
FILE = f"""# of the platform
export OS_AUTH_URL='https://cloud.example.com:30500/v3'
export OS_USERNAME='labuser'
export OS_PASSWORD='{PASSWORD}'
export OS_PROJECT_NAME="lab"
export OS_REGION_NAME='LabRegion'
export OS_IDENTITY_API_VERSION=3
"""
KEYS = ["OS_AUTH_URL", "OS_PASSWORD", "OS_PROJECT_NAME", "OS_REGION_NAME", "OS_USERNAME"]


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "rcadmin").write_text(FILE)
    return str(tmp_path / "rcadmin")


def stored(desk: Desk, name: str = "onecloud") -> dict[str, Any]:
    found = desk.kube.get("secrets", name, desk.namespace)
    assert found is not None
    return found


def test_quotes_are_a_shells_and_the_operator_reads_the_password(desk: Desk, file: str) -> None:
    said = desk.run("secret", "rcadmin", file)
    assert said.code == 0, said.err
    assert said.out.splitlines() == [
        f"secret/onecloud created in {desk.namespace}: {', '.join(KEYS)}",
        "name it in a server's spec: credentialsRef: {name: onecloud}",
    ]
    assert said.err == "The operator does not read OS_IDENTITY_API_VERSION.\n"
    found = credentials_of(data_of(stored(desk)))
    assert isinstance(found.method, Password)
    assert found.method.password.get_secret_value() == PASSWORD
    assert found.auth_url == "https://cloud.example.com:30500/v3"


def test_json_names_the_keys_and_no_value(desk: Desk, file: str) -> None:
    said = desk.run("secret", "rcadmin", file, "--name", "lab", "-o", "json")
    assert said.json == {"namespace": desk.namespace, "name": "lab", "created": True, "keys": KEYS}
    assert PASSWORD not in said.out + said.err


def test_one_that_exists_is_changed_only_when_asked_and_keeps_what_is_not_ours(desk: Desk, file: str) -> None:
    old = {"OS_TOKEN": "old", "OS_AUTH_URL": "http://old/v3", "ssh": "key"}
    desk.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "onecloud", "namespace": desk.namespace},
            "stringData": old,
        }
    )
    said = desk.run("secret", "rcadmin", file)
    assert (said.code, said.err.splitlines()[-1]) == (1, "  try: add --replace to change it")
    assert sorted(stored(desk)["data"]) == ["OS_AUTH_URL", "OS_TOKEN", "ssh"]
    said = desk.run("secret", "rcadmin", file, "--replace")
    assert "secret/onecloud changed" in said.out
    assert sorted(stored(desk)["data"]) == [*KEYS, "ssh"]


def test_a_secret_of_another_type_is_never_changed(desk: Desk, file: str) -> None:
    desk.kube.create(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "onecloud", "namespace": desk.namespace},
            "type": "example.com/other",
            "stringData": {"x": "y"},
        }
    )
    said = desk.run("secret", "rcadmin", file, "--replace")
    assert said.code == 1
    assert "it holds something else" in said.err
    assert list(stored(desk)["data"]) == ["x"]


def test_a_file_that_lacks_something_says_what_before_anything_is_written(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "rc").write_text("export OS_AUTH_URL=https://c/v3\nexport OS_USERNAME=u\n")
    said = desk.run("secret", "rcadmin", str(tmp_path / "rc"))
    assert said.code == 1
    assert "no complete way to sign in: give OS_USERNAME and OS_PASSWORD" in said.err
    assert desk.kube.get("secrets", "onecloud", desk.namespace) is None
    for name in ("none", "."):
        assert "cannot read" in desk.run("secret", "rcadmin", str(tmp_path / name)).err


def test_a_dry_run_is_a_manifest_that_can_be_sealed(
    desk: Desk, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(FILE))
    made = desk.run("secret", "rcadmin", "-", "--dry-run").json
    assert base64.b64decode(made["data"]["OS_PASSWORD"]).decode() == PASSWORD
    assert desk.kube.get("secrets", "onecloud", desk.namespace) is None
    desk.kube.apply(made, namespace=desk.namespace)
    assert json.dumps(made["data"]) == json.dumps(stored(desk)["data"])


def test_a_shell_that_read_the_file_already_can_pass_it_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {
        "OS_AUTH_URL": "https://c/v3",
        "OS_USERNAME": "u",
        "OS_PASSWORD": PASSWORD,
        "OS_PROJECT_ID": "p",
    }
    for key, value in values.items():
        monkeypatch.setenv(key, value)
    assert desk.run("secret", "rcadmin", "--from-env").code == 0
    assert sorted(stored(desk)["data"]) == sorted(values)
    said = desk.run("secret", "rcadmin")
    assert "FILE or --from-env" in said.err
