"""Files on a web server, read by byte ranges, as a pyarrow file system. Nothing is listed or written.

Any server that answers HEAD with a length and GET with the range asked for will do: a CDN, a public bucket,
nginx over a folder. Connections are kept, and opened anew in every process, so that the workers of a loader
may be forked or spawned. What fails on the way is asked for again a few times; of an answer that was not
asked for, no body is read.
"""

from __future__ import annotations

import functools
import io
import os
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa
import pyarrow.fs
import urllib3

from motionpair.errors import InputError, MachineError

TRIES = 4
"""How often a request is tried again."""

PAUSE = 0.3
"""Seconds before the first time; twice as long before each further one."""

READ_AHEAD = 1 << 16
"""Bytes asked for at least: small reads of a Parquet footer follow one another."""

_NOT_FOUND = (404, 410)
_NOT_THAT_LONG = 416
_TRY_AGAIN = (429, 500, 502, 503, 504)
_LONGEST_PAUSE = 10.0
_REDIRECTS = 5


class HttpFiles(pyarrow.fs.FileSystemHandler):
    """Handler of `pyarrow.fs.PyFileSystem` for the files under an address.

    Args:
        root: `http://host/path` or `https://host/path`, without query.

    Reading raises MachineError when the connection is lost, InputError when the server refuses (401, 403) or
    does not serve plain byte ranges, FileNotFoundError when there is no such file, OSError when the answer is
    of another file than the one that was opened.
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
        length, coding = (answer.headers.get(name, "") for name in ("Content-Length", "Content-Encoding"))
        if not length.isdecimal():
            raise InputError(f"{url}: the server does not say how long the file is")
        if coding not in ("", "identity"):
            raise InputError(
                f"{url}: expected the file as it is, and the server encodes it ({coding[:20]!r})"
            )
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
        end = offset + length
        answer = _ask("GET", self._url, {"Range": f"bytes={offset}-{end - 1}"}, length)
        if answer.status in _NOT_FOUND:
            raise FileNotFoundError(f"{self._url}: not found")
        if answer.status == _NOT_THAT_LONG:
            raise OSError(f"it ends before byte {end}: the file has changed")
        whole = answer.status == 200 and (offset, length) == (0, self._size)
        if answer.status != 206 and not whole:
            raise InputError(
                f"{self._url}: expected a server that serves byte ranges, got status {answer.status}"
            )
        given = answer.headers.get("Content-Range", "")
        right = whole or given in (f"bytes {offset}-{end - 1}/{size}" for size in (self._size, "*"))
        if not right or len(answer.data) != length:
            shown = f" ({given[:60]!r})" if given else ""
            raise OSError(
                f"asked for bytes {offset}-{end - 1} of {self._size}, got others{shown}: the file has changed"
            )
        return answer.data


@dataclass(frozen=True)
class _Answer:
    """Status, headers and body of an answer; `data` is empty where the body is not the one asked for."""

    status: int
    headers: Mapping[str, str]
    data: bytes


def _ask(method: str, url: str, headers: Mapping[str, str] | None = None, length: int = 0) -> _Answer:
    """One request, tried again where that may help; an answer of 2xx, 404, 410 or 416.

    Args:
        method: `HEAD` or `GET`.
        url: of the file.
        headers: to send beside the usual ones.
        length: bytes that are expected in the body; no more are read.
    """
    for tried in range(TRIES + 1):
        last, wait = tried == TRIES, 0.0
        try:
            answer = _ask_once(method, url, headers or {}, length)
        except urllib3.exceptions.HTTPError as error:
            if last:
                raise MachineError(f"{url}: no connection ({_reason(error)})") from None
        else:
            if answer.status not in _TRY_AGAIN:
                break
            if last:
                raise MachineError(f"{url}: the server fails (status {answer.status})")
            asked = answer.headers.get("Retry-After", "")
            wait = float(asked) if asked.isdecimal() else 0.0
        time.sleep(min(_LONGEST_PAUSE, max(wait, PAUSE * 2**tried)))
    if answer.status in (401, 403):
        raise InputError(f"{url}: the server refuses (status {answer.status}); expected a public address")
    if not 200 <= answer.status < 300 and answer.status not in (*_NOT_FOUND, _NOT_THAT_LONG):
        raise InputError(f"{url}: expected a file, got status {answer.status}")
    return answer


def _ask_once(method: str, url: str, headers: Mapping[str, str], length: int) -> _Answer:
    answer = _pool(os.getpid(), _proxy(url)).request(
        method,
        url,
        headers={"Accept-Encoding": "identity", "User-Agent": "motionpair", **headers},
        preload_content=False,
        decode_content=False,
    )
    led = [hop.redirect_location or "" for hop in (answer.retries.history if answer.retries else ())]
    if url.startswith("https:") and any(place.startswith("http:") for place in led):
        answer.close()
        raise InputError(f"{url}: leads to an address without encryption, {led[-1][:200]}")
    # any other body may be as long as the server likes
    wanted = method == "GET" and answer.headers.get("Content-Length", str(length)) == str(length)
    if method != "HEAD" and not (wanted and answer.status in (200, 206)):
        answer.close()
        return _Answer(answer.status, answer.headers, b"")
    parts, left = [], length
    while left >= 0 and (part := answer.read(left or 1)):  # a byte more than asked for is not kept
        parts.append(part)
        left -= len(part)
    if left < 0:
        answer.close()
    answer.release_conn()
    return _Answer(answer.status, answer.headers, b"".join(parts))


@functools.lru_cache(maxsize=4)
def _pool(pid: int, proxy: str | None) -> urllib3.PoolManager:
    """This process's connections: one that crossed a fork would serve two processes at once."""
    once = urllib3.Retry(
        total=None,
        connect=0,
        read=0,
        status=0,
        other=0,
        redirect=_REDIRECTS,
        respect_retry_after_header=False,
    )
    options: dict[str, Any] = {
        "maxsize": 16,
        "timeout": urllib3.Timeout(connect=5, read=30),
        "retries": once,
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
