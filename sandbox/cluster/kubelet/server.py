"""What the API server asks a kubelet for, as far as ``kubectl logs`` needs it."""

import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from .environment import ADDRESS

LOGS = re.compile(r"/containerLogs/(?P<namespace>[^/]+)/(?P<pod>[^/]+)/(?P<container>[^/]+)")
Find = Callable[[str, str, str], Path | None]


@contextmanager
def serving(find: Find, certificate: Path, key: Path) -> Iterator[int]:
    """
    Serve logs over TLS on loopback; give the port. *find* returns the log of (namespace, Pod, container).

    Whole logs only: nothing is followed and nothing is cut, whatever the query asks for. Whoever is on this
    machine may ask.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            match = LOGS.fullmatch(urlsplit(self.path).path)
            log = find(match["namespace"], match["pod"], match["container"]) if match else None
            body = log.read_bytes() if log is not None and log.exists() else b""
            self.send_response(HTTPStatus.NOT_FOUND if log is None else HTTPStatus.OK)
            self.send_header("Content-Type", "text/plain")
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
