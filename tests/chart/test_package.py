"""The chart as a signed package, through a registry and back."""

from __future__ import annotations

import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from onecloud_operator import __version__
from tests.chart.helm import CI, Command, Refused, objects, rendered
from tests.chart.registry import PROGRAM, serving
from tests.programs import needs
from tools.docs.chart import CHART

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIGNER = "Test of the chart <test@example.com>"
OTHER = "Somebody else <else@example.com>"
PACKAGE = f"onecloud-operator-{__version__}.tgz"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a directory with a new pair of keys, and with the public key of somebody else."""
    needs("gpg")
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    gpg = ("gpg", "--homedir", str(home), "--batch", "--quiet")
    for who in (SIGNER, OTHER):
        run(*gpg, "--passphrase", "", "--quick-generate-key", who, "rsa2048", "sign", "never")
    run(*gpg, "--output", str(home / "secret.gpg"), "--export-secret-keys", SIGNER)
    run(*gpg, "--output", str(home / "public.gpg"), "--export", SIGNER)
    run(*gpg, "--output", str(home / "other.gpg"), "--export", OTHER)
    run("gpgconf", "--homedir", str(home), "--kill", "all")
    return home


@pytest.fixture(scope="module")
def package(keys: Path, home: Path, helm: Command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the signed package."""
    directory = tmp_path_factory.mktemp("package")
    keyring = f"--keyring={keys / 'secret.gpg'}"
    helm("package", CHART, "--sign", f"--key={SIGNER}", keyring, f"--destination={directory}")
    return directory / PACKAGE


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Give the address of an empty one."""
    needs(PROGRAM)
    directory = tmp_path / "registry"
    directory.mkdir()
    with serving(directory) as address:
        yield address


def test_a_package_that_was_pushed_is_pulled_as_it_was_and_verified(
    any_helm: Command, package: Path, keys: Path, registry: str, tmp_path: Path
) -> None:
    any_helm("push", package, f"oci://{registry}/charts", "--plain-http")
    pull(any_helm, registry, keys / "public.gpg", tmp_path)
    assert (tmp_path / PACKAGE).read_bytes() == package.read_bytes()


def test_a_package_of_another_signer_is_refused(
    any_helm: Command, package: Path, keys: Path, registry: str, tmp_path: Path
) -> None:
    """By somebody who knows another signer's key and not this one's."""
    any_helm("push", package, f"oci://{registry}/charts", "--plain-http")
    with pytest.raises(Refused, match=r"openpgp: signature made by unknown entity"):
        pull(any_helm, registry, keys / "other.gpg", tmp_path)


def test_a_changed_package_is_refused(any_helm: Command, package: Path, keys: Path, tmp_path: Path) -> None:
    changed = tmp_path / PACKAGE
    changed.write_bytes(package.read_bytes() + b"\0")
    (tmp_path / f"{PACKAGE}.prov").write_bytes(package.with_name(f"{PACKAGE}.prov").read_bytes())
    with pytest.raises(Refused, match=r"sha256 sum does not match"):
        any_helm("verify", changed, f"--keyring={keys / 'public.gpg'}")


def test_the_package_makes_what_the_chart_does(helm: Command, package: Path) -> None:
    """Nothing that a template reads was left out of it, and no test values are in it."""
    for file in CI:
        arguments = ("template", "onecloud-operator", package, "--namespace=onecloud-system")
        assert objects(helm(*arguments, f"--values={file}")) == objects(rendered(helm, file))
    with tarfile.open(package) as tarball:
        assert not [name for name in tarball.getnames() if "/ci/" in name]


def pull(helm: Command, registry: str, keyring: Path, directory: Path) -> None:
    """Pull the package into *directory*, and verify it."""
    where = (f"oci://{registry}/charts/onecloud-operator", f"--version={__version__}", "--plain-http")
    helm("pull", *where, "--verify", f"--keyring={keyring}", f"--destination={directory}")


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done.stderr
