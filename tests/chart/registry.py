"""A registry in memory: as much of the OCI distribution API as pushing and pulling takes."""

from __future__ import annotations

import hashlib
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = re.compile(r"/v2/(?P<name>.+)/(?P<what>blobs|manifests)/(?P<reference>[^/]+)")
UPLOADS = re.compile(r"/v2/.+/blobs/uploads/")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
BLOB = "application/octet-stream"


@dataclass
class Registry:
    """What has been pushed, by digest and by tag; *url* has no scheme, as in references."""

    url: str = ""
    stored: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def put(self, content: bytes) -> str:
        """Keep *content*; return its digest."""
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.stored[digest] = content
        return digest


@contextmanager
def serving() -> Iterator[Registry]:
    """Give a registry on loopback that listens until the end of the block."""
    registry = Registry()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(registry))
    registry.url = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def handler(registry: Registry) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests out of *registry*."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = PLACE.fullmatch(self.path)
            reference = found["reference"] if found else ""
            digest = registry.tags.get(reference, reference)
            content = registry.stored.get(digest)
            if found is None or content is None:
                self.answer(404)
                return
            kind = MANIFEST if found["what"] == "manifests" else BLOB
            self.answer(200, content, {"Content-Type": kind, "Docker-Content-Digest": digest})

        do_HEAD = do_GET  # noqa: N815 - the library's name

        def do_POST(self) -> None:
            self.answer(202, headers={"Location": "/v2/_/blobs/uploads/1"})

        def do_PUT(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            digest = registry.put(content)
            url = urlsplit(self.path)
            found = PLACE.fullmatch(url.path)
            if UPLOADS.match(url.path):
                assert parse_qs(url.query)["digest"] == [digest]
            elif found:
                registry.tags[found["reference"]] = digest
            self.answer(201, headers={"Location": self.path, "Docker-Content-Digest": digest})

        def answer(self, code: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(code)
            for name, text in (headers or {}).items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
