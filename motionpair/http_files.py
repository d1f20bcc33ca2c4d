"""Files on a web server, read by byte ranges, as a pyarrow file system. Nothing is listed or written.

Any server that answers HEAD with a length and GET with the range asked for will do: a CDN, a public bucket,
nginx over a folder. Connections are kept, tried again a few times, and opened anew in every process, so that
the workers of a loader may be forked or spawned.
"""

from __future__ import annotations

import functools
import io
import os
import threading
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.fs
import urllib3

from motionpair.errors import InputError, MachineError

TRIES = 4
"""How often a request is tried again."""

READ_AHEAD = 1 << 16
"""Bytes asked for at least: small reads of a Parquet footer follow one another."""

_NOT_FOUND = (404, 410)
_TRY_AGAIN = (429, 500, 502, 503, 504)


class HttpFiles(pyarrow.fs.FileSystemHandler):
    """Handler of `pyarrow.fs.PyFileSystem` for the files under an address.

    Args:
        root: `http://host/path` or `https://host/path`, without query.

    Reading raises MachineError when the connection is lost, InputError when the server refuses (401, 403) or
    does not serve byte ranges, FileNotFoundError when there is no such file.
    """

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HttpFiles) and other.root == self.root

    def __hash__(self) -> int:
        return hash(self.root)

    def get_type_name(self) -> str:
        """`http`."""
        return "http"

    def normalize_path(self, path: str) -> str:
        """The path itself: names of a dataset are plain."""
        return path

    def get_file_info(self, paths: Sequence[str]) -> list[pyarrow.fs.FileInfo]:
        """Sizes of files; what the server does not have is `NotFound`."""
        return [self._info(path) for path in paths]

    def open_input_file(self, path: str) -> pa.PythonFile:
        """A file for random access."""
        info = self._info(path)
        if info.type != pyarrow.fs.FileType.File:
            raise FileNotFoundError(f"{self._url(path)}: not found")
        return pa.PythonFile(_HttpFile(self._url(path), info.size), mode="r")

    def open_input_stream(self, path: str) -> pa.PythonFile:
        """A file for reading from its start."""
        return self.open_input_file(path)

    def _url(self, path: str) -> str:
        return f"{self.root}/{urllib.parse.quote(path)}"

    def _info(self, path: str) -> pyarrow.fs.FileInfo:
        url = self._url(path)
        answer = _ask("HEAD", url)
        if answer.status in _NOT_FOUND:
            return pyarrow.fs.FileInfo(path, pyarrow.fs.FileType.NotFound)
        length = answer.headers.get("Content-Length", "")
        if not length.isdecimal():
            raise InputError(f"{url}: the server does not say how long the file is")
        return pyarrow.fs.FileInfo(path, pyarrow.fs.FileType.File, size=int(length))

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise InputError(f"{self.root}: files on a web server are not listed or written")

    get_file_info_selector = create_dir = delete_dir = delete_dir_contents = delete_file = _refuse
    delete_root_dir_contents = move = copy_file = open_output_stream = open_append_stream = _refuse


class _HttpFile(io.RawIOBase):
    """A file of known size; every read that is not in the last small one's surplus is a request.

    Each thread has a place of its own in the file: pyarrow seeks and reads in one call, from several threads.
    """

    def __init__(self, url: str, size: int) -> None:
        super().__init__()
        self._url, self._size = url, size
        self._place = threading.local()
        self._held = (0, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return getattr(self._place, "at", 0)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self._size}[whence]
        return self.tell()

    def read(self, size: int | None = -1) -> bytes:
        """Bytes from where the file stands, fewer only at its end."""
        at = self.tell()
        left = max(0, self._size - at)
        wanted = left if size is None or size < 0 else min(size, left)
        first, data = self._held
        if not first <= at <= at + wanted <= first + len(data):
            first, data = at, self._fetch(at, min(max(wanted, READ_AHEAD), left))
            if wanted < READ_AHEAD:
                self._held = first, data
        self._place.at = at + wanted
        return data[at - first : at - first + wanted]

    def _fetch(self, offset: int, length: int) -> bytes:
        if length == 0:
            return b""
        answer = _ask("GET", self._url, {"Range": f"bytes={offset}-{offset + length - 1}"})
        if answer.status in _NOT_FOUND:
            raise FileNotFoundError(f"{self._url}: not found")
        whole = answer.status == 200 and (offset, length) == (0, self._size)
        if answer.status != 206 and not whole:
            raise InputError(
                f"{self._url}: expected a server that serves byte ranges, got status {answer.status}"
            )
        if len(answer.data) != length:
            raise OSError(f"got {len(answer.data)} of {length} bytes: the file has changed")
        return answer.data


def _ask(method: str, url: str, headers: dict[str, str] | None = None) -> urllib3.BaseHTTPResponse:
    """One request, tried again where that may help; an answer of 2xx, or 404."""
    asked = {"Accept-Encoding": "identity", "User-Agent": "motionpair", **(headers or {})}
    try:
        answer = _pool(os.getpid(), _proxy(url), TRIES).request(method, url, headers=asked)
    except urllib3.exceptions.HTTPError as error:
        raise MachineError(f"{url}: no connection ({_reason(error)})") from None
    if answer.status in (401, 403):
        raise InputError(f"{url}: the server refuses (status {answer.status}); expected a public address")
    if answer.status in _TRY_AGAIN:
        raise MachineError(f"{url}: the server fails (status {answer.status})")
    if not 200 <= answer.status < 300 and answer.status not in _NOT_FOUND:
        raise InputError(f"{url}: expected a file, got status {answer.status}")
    return answer


@functools.lru_cache(maxsize=4)
def _pool(pid: int, proxy: str | None, tries: int) -> urllib3.PoolManager:
    """This process's connections: one that crossed a fork would serve two processes at once."""
    options: dict[str, Any] = {
        "maxsize": 16,
        "timeout": urllib3.Timeout(connect=5, read=30),
        "retries": urllib3.Retry(
            total=tries, backoff_factor=0.3, status_forcelist=_TRY_AGAIN, raise_on_status=False
        ),
    }
    return urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)


def _proxy(url: str) -> str | None:
    """The proxy that the environment (`https_proxy`, `no_proxy`, ...) names for an address."""
    parts = urllib.parse.urlsplit(url)
    if urllib.request.proxy_bypass(parts.netloc):
        return None
    return urllib.request.getproxies().get(parts.scheme)


def _reason(error: BaseException) -> str:
    cause = getattr(error, "reason", None) or error
    return (str(cause).splitlines() or [type(cause).__name__])[0][:160]
