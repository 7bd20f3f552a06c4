"""Whom we trust to be the cloud, over real handshakes."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.onecloud import Cloud, Limits
from onecloud_operator.onecloud.errors import (
    TlsFailed,
)
from tests.onecloud.origin import LOST, Answer, Asked, Region, credentials, endpoints, serving

if TYPE_CHECKING:
    from pathlib import Path


NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority, its certificates for 127.0.0.1 and for another name, and a stranger's authority."""
    folder = tmp_path_factory.mktemp("tls")
    for authority in ("ca", "stranger"):
        _openssl(
            folder,
            f"req -x509 {NEW_KEY} -days 2 -subj /CN={authority} -keyout {authority}.key -out {authority}.crt",
        )
    for name, host in (("server", "IP:127.0.0.1"), ("other", "DNS:other.example")):
        (folder / f"{name}.ext").write_text(f"subjectAltName={host}")
        _openssl(folder, f"req {NEW_KEY} -subj /CN={name} -keyout {name}.key -out {name}.csr")
        _openssl(
            folder,
            f"x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2"
            f" -extfile {name}.ext -out {name}.crt",
        )
    return folder


async def test_a_read_whose_idle_connection_is_closed_just_then_is_sent_once_more(certificates: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    region, answers = Region(), [Answer(body={"servers": []}), LOST, Answer(body={"servers": []})]

    async def respond(_asked: Asked) -> Answer:
        return answers.pop(0)

    region.routes["GET /servers"] = respond
    async with serving(region.respond, context) as place:
        region.url = place.url
        ours = endpoints(limits=Limits(idle_seconds=0.0))
        cloud = Cloud(credentials(place.url, ca_pem=(certificates / "ca.crt").read_text()), ours)
        for _ in range(2):
            assert (await cloud.list_servers()).rows == ()
        assert (answers, place.connections) == ([], 2)
        await ours.close()


@pytest.mark.parametrize(
    ("server", "authority", "insecure", "works"),
    [
        pytest.param("server", "ca", False, True, id="the-given-authority"),
        pytest.param("server", None, False, False, id="an-unknown-authority"),
        pytest.param("server", "stranger", False, False, id="another-authority"),
        pytest.param("other", "ca", False, False, id="another-hosts-certificate"),
        pytest.param("server", None, True, True, id="unchecked-on-request"),
    ],
)
async def test_tls_is_trusted_by(
    certificates: Path,
    server: str,
    authority: str | None,
    *,
    insecure: bool,
    works: bool,
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / f"{server}.crt", certificates / f"{server}.key")
    pem = (certificates / f"{authority}.crt").read_text() if authority else None
    region = Region()
    async with serving(region.respond, context) as place:
        region.url = place.url
        ours = endpoints()
        cloud = Cloud(credentials(place.url, ca_pem=pem, insecure=insecure), ours)
        if works:
            assert (await cloud.list_servers()).rows == ()
        else:
            with pytest.raises(TlsFailed) as caught:
                await cloud.session()
            assert not caught.value.ambiguous
            assert place.calls == []
        await ours.close()


async def test_one_credentials_trust_is_not_anothers(certificates: Path) -> None:
    """Two credentials share a place; the one that checks must not ride on the other's connection."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    region = Region()
    async with serving(region.respond, context) as place:
        region.url = place.url
        ours = endpoints()
        await Cloud(credentials(place.url, insecure=True), ours).list_servers()
        with pytest.raises(TlsFailed):
            await Cloud(credentials(place.url), ours).list_servers()
        await ours.close()


async def test_https_to_a_plain_server_is_an_error_of_ours() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        ours = endpoints()
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(TlsFailed) as caught:
            await Cloud(credentials(f"https://127.0.0.1:{port}"), ours).session()
        await ours.close()
    assert not caught.value.ambiguous


def _openssl(folder: Path, command: str) -> None:
    program = shutil.which("openssl")
    assert program is not None, "the tests of TLS make their certificates with openssl"
    subprocess.run([program, *command.split()], cwd=folder, check=True, capture_output=True)
