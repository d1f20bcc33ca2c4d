"""Servers for tests: S3 (moto's), and a web server that serves byte ranges."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import ssl
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.server import ThreadedMotoServer


class S3:
    """An S3 server in this process. What it holds survives `stop` and `start`."""

    def __init__(self) -> None:
        self._port = 0
        self.start()
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self._port, verbose=False)
        self._server.start()
        self._port = self._server.get_host_and_port()[1]

    def stop(self) -> None:
        self._server.stop()

    @contextlib.contextmanager
    def strict(self) -> Iterator[None]:
        """No credentials are the right ones, while the block runs."""
        self._after(0)
        try:
            yield
        finally:
            self._after(1 << 30)

    def _after(self, requests: int) -> None:
        """From how many requests on credentials are looked at."""
        where, plain = f"{self.endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        urllib.request.urlopen(urllib.request.Request(where, str(requests).encode(), plain)).close()

    def bucket(self, name: str) -> Bucket:
        self.client.create_bucket(Bucket=name)
        self.client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return Bucket(self, name)


class Bucket:
    """A bucket that remembers every version of its objects."""

    def __init__(self, server: S3, name: str) -> None:
        self.server, self.name = server, name

    def uri(self, path: str) -> str:
        return f"s3://{self.name}/{path}?endpoint_override={self.server.endpoint}"

    def objects(self, path: str) -> dict[str, bytes]:
        """Name under the path to contents."""
        listed = self.server.client.list_objects_v2(Bucket=self.name, Prefix=f"{path}/").get("Contents", [])
        return {entry["Key"].removeprefix(f"{path}/"): self.read(entry["Key"]) for entry in listed}

    def read(self, key: str) -> bytes:
        data: bytes = self.server.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return data

    def write(self, key: str, data: bytes) -> None:
        self.server.client.put_object(Bucket=self.name, Key=key, Body=data)

    def times_written(self, path: str) -> Counter[str]:
        """How often each name under the path was written."""
        found = self.server.client.list_object_versions(Bucket=self.name, Prefix=f"{path}/")
        return Counter(entry["Key"].removeprefix(f"{path}/") for entry in found.get("Versions", []))


class WebServer(ThreadingHTTPServer):
    """The files of a folder.

    asked: of every GET, the name and the first byte asked for. ranges: whether byte ranges are served.
    answer: a status that is given to every request instead, or to the next `answers` alone. cut: a name of
    which the connection is cut halfway, in requests from byte `cut_from` on. stalled: a name that is not
    answered for; `stalling` is set when it was asked for. moved_to: an address that all are sent on to.
    headers: sent with every answer, in place of its own. endless: without ranges, bodies never end; `sent`
    counts their bytes.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
        self.scheme = "http"
        self.asked: list[tuple[str, int]] = []
        self.ranges, self.answer, self.cut, self.cut_from, self.stalled = True, 0, "", 0, ""
        self.answers, self.moved_to, self.endless, self.sent = 1 << 30, "", False, 0
        self.headers: dict[str, str] = {}
        self.stalling, self.over = threading.Event(), threading.Event()

    @property
    def address(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def encrypt(self, certificate: Path) -> None:
        """Speak HTTPS from now on, with a certificate and its key."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: readers hang up on purpose."""


def write_certificate(path: Path) -> None:
    """A certificate for this machine that nobody signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    start = datetime.now(UTC) - timedelta(days=1)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=9))
    signed = builder.add_extension(here, critical=False).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(key.private_bytes(pem, form, plain) + signed.public_bytes(pem))


class _Handler(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else header and body, written one by one, wait for each other
    server: WebServer

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def send_header(self, keyword: str, value: str) -> None:
        if keyword not in self.server.headers:
            super().send_header(keyword, value)

    def end_headers(self) -> None:
        for keyword, value in self.server.headers.items():
            super().send_header(keyword, value)
        super().end_headers()

    def do_HEAD(self) -> None:
        if not self._turned_away():
            super().do_HEAD()

    def do_GET(self) -> None:
        if self._turned_away():
            return
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            super().do_HEAD()
            return
        data, name = path.read_bytes(), self.path.lstrip("/")
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers["Range"] or "")
        first, last = (int(asked[1]), int(asked[2])) if asked else (0, len(data) - 1)
        self.server.asked.append((name, first))
        if name == self.server.stalled:
            self.server.stalling.set()
            self.server.over.wait()
            self.close_connection = True
            return
        if asked and self.server.ranges and last >= len(data):
            self._say(416)
            return
        part = data[first : last + 1] if self.server.ranges else data
        self.send_response(206 if asked and self.server.ranges else 200)
        if asked and self.server.ranges:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(1 << 40 if self.server.endless else len(part)))
        self.end_headers()
        if name == self.server.cut and first >= self.server.cut_from:
            part = part[: len(part) // 2]
            self.close_connection = True
        with contextlib.suppress(ConnectionError):  # a reader hangs up on what it did not ask for
            self.wfile.write(part)
            while self.server.endless:
                self.server.sent += self.wfile.write(bytes(1 << 16))

    def _turned_away(self) -> bool:
        if self.server.moved_to:
            self._say(302, ("Location", self.server.moved_to + self.path))
        elif self.server.answer and self.server.answers > 0:
            self.server.answers -= 1
            self._say(self.server.answer)
        else:
            return False
        return True

    def _say(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", "0")):
            self.send_header(name, value)
        self.end_headers()


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[WebServer]:
    """A web server over a folder, while the block runs."""
    server = WebServer(folder)
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02))
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
