"""What a kubelet is asked for: the logs of Pods, where their ports are, and ``exec``, which it refuses."""

import json
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from .environment import ADDRESS

POD = r"(?P<namespace>[^/]+)/(?P<pod>[^/]+)"
LOGS = re.compile(rf"/containerLogs/{POD}/(?P<container>[^/]+)")
PORT = re.compile(rf"/port/{POD}/(?P<port>[^/]+)")  # no real kubelet has this
STREAM = re.compile(rf"/(?P<verb>exec|attach|portForward)/{POD}(?:/.*)?")


class Pods(Protocol):
    """What there is to say of the Pods of a node. All raise LookupError for what is not there."""

    def log(self, namespace: str, name: str, container: str) -> Path:
        """Return the file with the output of a container."""

    def port(self, namespace: str, name: str, port: str | int) -> int:
        """Return where on loopback a container's port really is."""

    def instead(self, verb: str, namespace: str, name: str) -> str:
        """Say why *verb* does not work, and what does."""


@contextmanager
def serving(pods: Pods, certificate: Path, key: Path) -> Iterator[int]:
    """
    Serve what there is to say of *pods* over TLS on loopback; give the port.

    Logs are whole: nothing is followed and nothing is cut, whatever the query asks for. Whoever is on this
    machine may ask.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            try:
                if match := STREAM.fullmatch(path):
                    self._refuse(pods.instead(match["verb"], match["namespace"], match["pod"]))
                elif match := LOGS.fullmatch(path):
                    log = pods.log(match["namespace"], match["pod"], match["container"])
                    self._answer(HTTPStatus.OK, log.read_bytes() if log.exists() else b"")
                elif match := PORT.fullmatch(path):
                    port = int(match["port"]) if match["port"].isdigit() else match["port"]
                    number = pods.port(match["namespace"], match["pod"], port)
                    self._answer(HTTPStatus.OK, f"{ADDRESS}:{number}".encode())
                else:
                    self._answer(HTTPStatus.NOT_FOUND, b"")
            except LookupError as error:
                self._answer(HTTPStatus.NOT_FOUND, str(error).encode())

        do_POST = do_GET  # noqa: N815 - http.server's name

        def _refuse(self, message: str) -> None:
            """Answer with a Status: its message is what kubectl prints."""
            code = HTTPStatus.NOT_IMPLEMENTED
            status = {"apiVersion": "v1", "kind": "Status", "status": "Failure", "code": code.value}
            self._answer(code, json.dumps(status | {"message": message}).encode(), "application/json")

        def _answer(self, code: HTTPStatus, body: bytes, kind: str = "text/plain") -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
            """Say nothing."""

    server = ThreadingHTTPServer((ADDRESS, 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # In each connection's own thread: a handshake that nobody finishes must not hold up the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, name="kubelet-server", daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
