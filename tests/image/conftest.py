"""The image, built once, and a container of it."""

from __future__ import annotations

import faulthandler
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.image.build import NAME, Buildah, Container, lacking, storage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.cluster.control_plane import ControlPlane

ACCOUNT = Path("run", "secrets", "kubernetes.io", "serviceaccount")


@pytest.fixture(scope="package")
def buildah() -> Iterator[Buildah]:
    """Give buildah with the image built."""
    if reason := lacking():
        pytest.skip(f"no image can be built here: {reason}")
    faulthandler.cancel_dump_traceback_later()  # the first base takes long, and is no test that hangs
    made = Buildah(storage())
    with made.alone():
        made.prepare()
        made.image()
        yield made


@pytest.fixture(scope="package")
def container(buildah: Buildah, control_plane: ControlPlane) -> Iterator[Container]:
    """Give a container with a ServiceAccount, as a Pod's has; nothing else is laid into it."""
    name = buildah("from", "--pull-never", NAME).strip()
    try:
        root = Path(buildah("mount", name).strip())
        (root / ACCOUNT).mkdir(parents=True)
        (user,) = json.loads(control_plane.kubeconfig_of("operator").read_text())["users"]
        (root / ACCOUNT / "token").write_text(user["user"]["token"])
        (root / ACCOUNT / "ca.crt").write_bytes(control_plane.authority.read_bytes())
        yield Container(root, buildah.config())
    finally:
        buildah("rm", name)
        buildah("rmi", NAME)
