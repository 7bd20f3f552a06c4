"""Each way in which no answer comes, over real sockets, has a sentence of its own that names the cure."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from onecloud_operator.onecloud import AddressPolicy, Allowed, Cloud, Endpoints, Limits
from onecloud_operator.onecloud.dns import Resolver
from onecloud_operator.onecloud.errors import OneCloudError
from onecloud_operator.translate import Doing, problem_of
from tests.onecloud.origin import HANG, LOST, Answer, Region, credentials, endpoints, serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

AGAIN = "It is tried again; meanwhile servers are left as they are."
IMPATIENT = Limits(read_seconds=0.2, list_read_seconds=0.2, write_seconds=0.2, connect_seconds=0.5)
PAGE = b"<!DOCTYPE html>\n<html><title>Log in</title></html>"
CA_SETTINGS = """
[ca]
default_ca = ours
[ours]
certificate = ca.crt
private_key = ca.key
database = ca.index
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = any
[any]
commonName = supplied
"""
NEW_KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"


async def sign_in_problem(url: str, ours: Endpoints, ca_pem: str | None = None) -> tuple[str, str]:
    """Return reason and message of a sign-in at *url*."""
    try:
        with pytest.raises(OneCloudError) as caught:
            await Cloud(credentials(url.removesuffix("/v3"), ca_pem=ca_pem), ours).session()
    finally:
        await ours.close()
    problem = problem_of(caught.value, doing=Doing.SIGN_IN)
    return problem.reason, problem.message


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


async def test_a_name_that_does_not_resolve() -> None:
    def nothing(_host: str) -> tuple[Iterable[str], str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    ours = Endpoints(resolver=Resolver(asyncio.get_running_loop().time, nothing))
    assert await sign_in_problem("https://cloud.example/v3", ours) == (
        "EndpointUnreachable",
        (
            "The cloud's name is not known: the name of cloud.example:443 has no address. Correct the host "
            "of "
            f"OS_AUTH_URL in the Secret, or have this cluster's DNS know it. {AGAIN}"
        ),
    )


async def test_a_port_where_nothing_listens() -> None:
    port = free_port()
    assert await sign_in_problem(f"http://127.0.0.1:{port}/v3", endpoints()) == (
        "EndpointUnreachable",
        (
            f"Nothing listens at the cloud's address: 127.0.0.1:{port} refused the connection. Correct host "
            f"and "
            f"port of OS_AUTH_URL in the Secret, or have the service started. {AGAIN}"
        ),
    )


async def test_an_address_that_takes_no_connection() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        port = deaf.getsockname()[1]
        with socket.create_connection(deaf.getsockname()), socket.socket() as second:
            second.settimeout(0)
            second.connect_ex(deaf.getsockname())  # the queue of one is full now
            assert await sign_in_problem(f"http://127.0.0.1:{port}/v3", endpoints(limits=IMPATIENT)) == (
                "EndpointUnreachable",
                (
                    f"The cloud's address does not answer: no connection to 127.0.0.1:{port} in time. "
                    f"Correct "
                    "OS_AUTH_URL in the Secret, or have firewalls and NetworkPolicies let the operator "
                    "through. "
                    f"{AGAIN}"
                ),
            )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(
            Answer(200, PAGE, {"Content-Type": "text/html"}),
            "A web page answers instead of the cloud's API: {place} answers 200 with a web page. Give the "
            "URL "
            "of the identity service as OS_AUTH_URL in the Secret, not that of the console; it usually ends "
            f"in /v3. {AGAIN}",
            id="a-login-page",
        ),
        pytest.param(
            Answer(404, PAGE, {"Content-Type": "text/html; charset=utf-8"}),
            "A web page answers instead of the cloud's API: {place} answers 404 with a web page. Give the "
            "URL "
            "of the identity service as OS_AUTH_URL in the Secret, not that of the console; it usually ends "
            f"in /v3. {AGAIN}",
            id="a-page-that-is-not-there",
        ),
        pytest.param(
            Answer(302, b"", {"Location": "https://sso.example/login?token=tok-3f9a"}),
            "The cloud's address leads elsewhere, where no token is sent to: {place} answered 302, a "
            "redirect "
            "to https://sso.example. If that place is right, give it as OS_AUTH_URL in the Secret, or have "
            "the service's endpoint corrected; it is tried again.",
            id="a-redirect-to-a-login-page",
        ),
        pytest.param(
            Answer(200, b"hello"),
            "What answered is not the cloud's API: cannot read the answer of {place}: it has no token. "
            f"Check the sign-in URL and the network between this cluster and the cloud. {AGAIN}",
            id="no-json",
        ),
        pytest.param(
            Answer(400, b"Client sent an HTTP request to an HTTPS server.\n", {"Content-Type": "text/plain"}),
            "The URL begins with http, but the port has TLS: {place} expects TLS. Write https:// in "
            f"OS_AUTH_URL in the Secret. {AGAIN}",
            id="http-to-a-tls-port-of-go",
        ),
        pytest.param(
            Answer(
                400,
                b"<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
                {"Content-Type": "text/html"},
            ),
            "The URL begins with http, but the port has TLS: {place} expects TLS. Write https:// in "
            f"OS_AUTH_URL in the Secret. {AGAIN}",
            id="http-to-a-tls-port-of-nginx",
        ),
        pytest.param(
            Answer(raw=b"\x15\x03\x01\x00\x02\x02\x16", then_close=True),
            "The URL begins with http, but the port has TLS: {place} answers with bytes that are no text, as "
            "a "
            f"port with TLS does. Write https:// in OS_AUTH_URL in the Secret. {AGAIN}",
            id="http-to-a-tls-port-that-alerts",
        ),
        pytest.param(
            Answer(raw=b"SSH-2.0-OpenSSH_9.6\r\n\r\n", then_close=True),
            "What answered is not the cloud's API: the answer of {place} is not HTTP. Check the sign-in URL "
            f"and the network between this cluster and the cloud. {AGAIN}",
            id="an-ssh-server",
        ),
        pytest.param(
            LOST,
            "The cloud does not answer: {place} closed the connection without a whole answer. If the port "
            "has TLS, "
            "write https:// in OS_AUTH_URL in the Secret; if not, the service breaks off. "
            f"{AGAIN}",
            id="a-connection-that-is-closed-at-once",
        ),
        pytest.param(
            Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", then_close=True),
            "The cloud cannot be reached: {place} broke the connection before the answer was whole. Check "
            f"the sign-in URL and the network between this cluster and the cloud. {AGAIN}",
            id="a-connection-that-breaks",
        ),
        pytest.param(
            HANG,
            "The cloud cannot be reached: no answer from {place} in time. Check the sign-in URL and the "
            f"network between this cluster and the cloud. {AGAIN}",
            id="an-answer-that-does-not-come",
        ),
    ],
)
async def test_what_answers_is_not_the_identity_service(answer: Answer, message: str) -> None:
    region = Region()
    region.sign_in = answer
    async with serving(region.respond) as place:
        found = await sign_in_problem(f"{place.url}/v3", endpoints(limits=IMPATIENT))
        assert found == ("EndpointUnreachable", message.format(place=place.url.removeprefix("http://")))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make one that is signed by itself, and an authority's for another name and for yesterday."""
    folder = tmp_path_factory.mktemp("tls")
    address = "-addext subjectAltName=IP:127.0.0.1"
    self_signed = f"req -x509 {NEW_KEY} -days 2 -subj /CN=self {address} -keyout self.key -out self.crt"
    _openssl(folder, self_signed)
    _openssl(folder, f"req -x509 {NEW_KEY} -days 2 -subj /CN=ca -keyout ca.key -out ca.crt")
    for name, host, days in (
        ("server", "IP:127.0.0.1", "-days 2"),
        ("other", "DNS:other.example", "-days 2"),
        ("old", "IP:127.0.0.1", None),
    ):
        (folder / f"{name}.ext").write_text(f"subjectAltName={host}")
        _openssl(folder, f"req {NEW_KEY} -subj /CN={name} -keyout {name}.key -out {name}.csr")
        signed = f"x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial {days}"
        if days is None:  # openssl x509 signs for no time that is over
            (folder / "ca.cnf").write_text(CA_SETTINGS)
            (folder / "ca.index").touch()
            signed = (
                f"ca -batch -config ca.cnf -in {name}.csr -startdate 200101000000Z -enddate 200102000000Z"
            )
        _openssl(folder, f"{signed} -extfile {name}.ext -out {name}.crt")
        with (folder / f"{name}.crt").open("a") as chain:
            chain.write((folder / "ca.crt").read_text())
    return folder


UNTRUSTED = (
    "The cloud's certificate is signed by nobody whom the operator trusts: {place}: {said}. Put the "
    "certificate "
    f"of the authority that signed it into the Secret as ca.crt. {AGAIN}"
)


@pytest.mark.parametrize(
    ("served", "trusted", "message"),
    [
        pytest.param("self", None, UNTRUSTED.replace("{said}", "self-signed certificate"), id="self-signed"),
        pytest.param(
            "server",
            None,
            UNTRUSTED.replace("{said}", "self-signed certificate in certificate chain"),
            id="a-self-signed-chain",
        ),
        pytest.param(
            "other",
            "ca",
            "The cloud's certificate is for another name: {place}: IP address mismatch, certificate is not "
            "valid for '127.0.0.1'. Write a name that the certificate has in OS_AUTH_URL in the Secret, or "
            f"have one made for this name. {AGAIN}",
            id="another-name",
        ),
        pytest.param(
            "old",
            "ca",
            "The cloud's certificate is not valid today: {place}: certificate has expired. Have the cloud's "
            f"administrator renew it. {AGAIN}",
            id="expired",
        ),
    ],
)
async def test_a_certificate_that_is_not_trusted(
    certificates: Path, served: str, trusted: str | None, message: str
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / f"{served}.crt", certificates / f"{served}.key")
    pem = (certificates / f"{trusted}.crt").read_text() if trusted else None
    async with serving(Region().respond, context) as place:
        found = await sign_in_problem(f"{place.url}/v3", endpoints(), pem)
        assert found == ("EndpointUnreachable", message.format(place=place.url.removeprefix("https://")))


async def test_http_to_a_port_of_tls_that_only_hangs_up(certificates: Path) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    async with serving(Region().respond, context) as place:
        port = place.url.rpartition(":")[2]
        assert await sign_in_problem(f"http://127.0.0.1:{port}/v3", endpoints()) == (
            "EndpointUnreachable",
            (
                f"The cloud does not answer: 127.0.0.1:{port} closed the connection without a whole answer. "
                f"If "
                f"the "
                "port has TLS, write https:// in OS_AUTH_URL in the Secret; if not, the service breaks off. "
                f"{AGAIN}"
            ),
        )


async def test_https_to_a_port_of_http() -> None:
    async with _greeting(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        assert await sign_in_problem(f"https://127.0.0.1:{port}/v3", endpoints()) == (
            "EndpointUnreachable",
            (
                f"The URL begins with https, but the port has no TLS: 127.0.0.1:{port} does not speak TLS. "
                f"Correct "
                f"the port of OS_AUTH_URL in the Secret, or write http:// if the cloud has no TLS. {AGAIN}"
            ),
        )


NEVER = "Loopback, link-local and metadata addresses and this cluster's API server can never be allowed."
ALLOW = (
    "Or have the operator's administrator allow the host, by ONECLOUD_OPERATOR_ALLOWED_ENDPOINTS and "
    "ONECLOUD_OPERATOR_DENIED_NETWORKS; a Service of this cluster has to be named there."
)


@pytest.mark.parametrize(
    ("url", "place", "allowing"),
    [
        pytest.param("http://169.254.169.254/v3", "169.254.169.254:80", NEVER, id="metadata"),
        pytest.param("http://100.100.100.200/v3", "100.100.100.200:80", NEVER, id="metadata-of-another"),
        pytest.param("https://127.0.0.1/v3", "127.0.0.1:443", NEVER, id="loopback"),
        pytest.param("https://[::1]/v3", "[::1]:443", NEVER, id="loopback-in-six"),
        pytest.param("https://[::ffff:169.254.1.1]:5/v3", "[::ffff:169.254.1.1]:5", NEVER, id="wrapped"),
        pytest.param("https://10.1.2.3/v3", "10.1.2.3:443", ALLOW, id="on-no-list"),
    ],
)
async def test_an_address_that_is_not_allowed(url: str, place: str, allowing: str) -> None:
    ours = Endpoints(AddressPolicy(only=(Allowed("cloud.example"),)))
    assert await sign_in_problem(url, ours) == (
        "EndpointNotAllowed",
        (
            f"The operator may not connect to the cloud's address: {place} is not allowed. "
            f"Correct OS_AUTH_URL in the Secret. {allowing}"
        ),
    )


async def test_after_the_sign_in_it_is_the_catalog_that_leads_astray() -> None:
    region = Region()
    port = free_port()
    region.compute_url = f"http://127.0.0.1:{port}"
    async with serving(region.respond) as place:
        ours = endpoints()
        with pytest.raises(OneCloudError) as caught:
            await Cloud(credentials(place.url), ours).list_servers()
        await ours.close()
    assert problem_of(caught.value, doing=Doing.READ).message == (
        f"Nothing listens at the cloud's address: 127.0.0.1:{port} refused the connection. The cloud's "
        f"catalog "
        f"leads there: have its endpoint corrected, or set OS_ENDPOINT_TYPE in the Secret. {AGAIN}"
    )


@asynccontextmanager
async def _greeting(greeting: bytes) -> AsyncIterator[int]:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(greeting)
        writer.close()

    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def _openssl(folder: Path, command: str) -> None:
    program = shutil.which("openssl")
    assert program is not None, "the tests of TLS make their certificates with openssl"
    subprocess.run([program, *command.split()], cwd=folder, check=True, capture_output=True)
