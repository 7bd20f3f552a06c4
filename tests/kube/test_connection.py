"""How the API server is reached: what the kubeconfig and the environment say, read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from onecloud_operator.kube import connection

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a kubeconfig, and no other word of the environment."""
    for name in ("KUBERNETES_SERVICE_HOST", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "kubeconfig"
    document = {
        "current-context": "it",
        "clusters": [{"name": "it", "cluster": {"server": "https://kube.example:6443"}}],
        "users": [{"name": "it", "user": {"token": "none"}}],
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
    }
    path.write_text(yaml.safe_dump(document))
    monkeypatch.setattr("kubernetes.aio.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    return path


async def test_a_proxy_of_the_environment_is_used(kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await connection.configuration()).proxy is None
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert (await connection.configuration()).proxy == "http://proxy.example:3128"


async def test_an_address_that_the_environment_exempts_is_reached_without_its_proxy(
    kubeconfig: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", ".example")
    assert (await connection.configuration()).proxy is None


async def test_no_request_reads_the_environment_again(kubeconfig: Path) -> None:
    assert (await connection.configuration()).client_session_kwargs == {"trust_env": False}


async def test_certificates_as_clusters_make_them_are_accepted(kubeconfig: Path) -> None:
    """Python 3.13 asks for key identifiers that many clusters' authorities do not have."""
    made = await connection.configuration()
    assert made.disable_strict_ssl_verification
    assert made.verify_ssl
