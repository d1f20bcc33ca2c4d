"""A small server that speaks as much of the Google Cloud Storage JSON API as pyarrow does.

It runs in a process of its own: pyarrow opens files on Google's cloud without giving up Python's lock, so a
server in the same process could never answer.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Gcs:
    """A server with one bucket, `there`, in another process."""

    def __init__(self, address: str) -> None:
        self._address = address

    def uri(self, path: str, bucket: str = "there") -> str:
        return f"gs://{bucket}/{path}?endpoint_override={self._address}&anonymous=true"

    def answer(self, status: int) -> None:
        """Give every request this status instead of an answer."""
        urllib.request.urlopen(f"{self._address}/answer/{status}").close()

    def objects(self) -> dict[str, bytes]:
        """Name to contents."""
        with urllib.request.urlopen(f"{self._address}/objects") as listed:
            return {name: bytes.fromhex(data) for name, data in json.load(listed).items()}


@contextlib.contextmanager
def serving() -> Iterator[Gcs]:
    """The server, while the block runs."""
    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Gcs(process.stdout.readline().strip())
        finally:
            process.kill()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.written: Counter[str] = Counter()
        self.uploads: dict[str, bytearray] = {}
        self.answer = 0


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        if parts.path.startswith("/answer/"):
            self.server.answer = int(parts.path.removeprefix("/answer/"))
            self._say(200, {})
            return
        if parts.path == "/objects":
            self._say(200, {name: data.hex() for name, data in self.server.objects.items()})
            return
        path = re.sub("^/(download/)?storage/v1/b/", "/", parts.path)
        bucket, _, rest = path.lstrip("/").partition("/")
        name = urllib.parse.unquote(rest.removeprefix("o/"))
        if self.server.answer or bucket != "there":
            self._say(
                self.server.answer or 404, {"error": {"code": self.server.answer or 404, "message": "no"}}
            )
        elif not rest:
            self._say(200, {"kind": "storage#bucket", "name": bucket, "metageneration": "1"})
        elif rest == "o":
            names = [n for n in sorted(self.server.objects) if n.startswith(query.get("prefix", ""))]
            self._say(200, {"kind": "storage#objects", "items": [self._facts(n) for n in names]})
        elif name not in self.server.objects:
            self._say(404, {"error": {"code": 404, "message": "No such object"}})
        elif query.get("alt") == "media" or path == parts.path:
            self._send_bytes(self.server.objects[name])
        else:
            self._say(200, self._facts(name))

    def do_POST(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        facts = json.loads(self._body() or b"{}")
        name = query.get("name") or facts["name"]
        self.server.uploads[name] = bytearray()
        where = f"http://127.0.0.1:{self.server.server_address[1]}/upload?name={urllib.parse.quote(name)}"
        self._say(200, {}, {"Location": where})

    def do_PUT(self) -> None:
        name = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))["name"]
        held = self.server.uploads[name]
        held += self._body()
        if self.headers["Content-Range"].endswith("/*"):
            self._say(308, {}, {"Range": f"bytes=0-{len(held) - 1}"})
            return
        self.server.objects[name] = bytes(held)
        self.server.written[name] += 1
        self._say(200, self._facts(name))

    def do_DELETE(self) -> None:
        name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path.partition("/o/")[2])
        found = self.server.objects.pop(name, None)
        self._say(404 if found is None else 204, {})

    def _facts(self, name: str) -> dict[str, str]:
        return {
            "kind": "storage#object",
            "bucket": "there",
            "name": name,
            "generation": str(self.server.written[name]),
            "metageneration": "1",
            "size": str(len(self.server.objects[name])),
            "updated": "2026-01-01T00:00:00.000Z",
            "timeCreated": "2026-01-01T00:00:00.000Z",
        }

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _send_bytes(self, data: bytes) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2] or len(data)) if asked else len(data), len(data) - 1)
        part = data[first : last + 1]
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # a reader takes what it wants of it and goes
            self.wfile.write(part)

    def _say(self, status: int, facts: Any, headers: dict[str, str] | None = None) -> None:
        data = b"" if status in (204, 308) else json.dumps(facts).encode()
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    server = _Server()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()
