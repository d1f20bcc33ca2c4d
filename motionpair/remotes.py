"""File systems behind URIs, s3://, gs://, http:// and https://, and what their errors mean.

The query of a bucket's URI says what differs from the cloud's own: `endpoint_override=http://host:port`,
`region=NAME` (s3), `anonymous=true`. Credentials are never part of a URI; they come from where the cloud's
own tools find them.
"""

from __future__ import annotations

import os
import re
import urllib.parse
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.fs

from motionpair.errors import InputError, MachineError, MotionPairError
from motionpair.http_files import HttpFiles

SCHEMES = ("s3", "gs", "http", "https")
EXAMPLES = "s3://bucket/path, gs://bucket/path or https://host/path"

_OPTIONS = {"s3": ("endpoint_override", "region", "scheme", "anonymous")} | {
    "gs": ("endpoint_override", "scheme", "anonymous")
}
_CONNECT_SECONDS = 5.0
_TRIES = 4
_RETRY = timedelta(seconds=15)

_CODE = re.compile(r"AWS Error ([A-Z_]+)|google::cloud::Status\(([A-Z_]+)")
_STATUS = re.compile(r"HTTP status (?:code )?(\d{3})")
_LOST = (
    *("NETWORK_CONNECTION", "REQUEST_TIMEOUT", "SLOW_DOWN", "SERVICE_UNAVAILABLE", "INTERNAL_FAILURE"),
    *("THROTTLING", "UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "INTERNAL"),
)
_REFUSED = (
    *("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "INVALID_CLIENT_TOKEN_ID", "SIGNATURE_DOES_NOT_MATCH"),
    *("UNRECOGNIZED_CLIENT", "EXPIRED_TOKEN", "MISSING_AUTHENTICATION_TOKEN", "INVALID_SIGNATURE"),
    *("PERMISSION_DENIED", "UNAUTHENTICATED"),
)
_AGAIN = "nothing is lost: run it again"


@dataclass(frozen=True)
class Remote:
    """An opened URI.

    text: the URI without its query, for messages. path: of the dataset on `filesystem`, empty where that
    begins at the dataset. lists: whether files can be listed and written; else names come from the manifest.
    """

    text: str
    filesystem: pyarrow.fs.FileSystem
    path: str
    lists: bool


def open_remote(uri: str) -> Remote:
    """Open a URI and reach what it names, so that a wrong one is told at once.

    Raises:
        InputError: no URI of `SCHEMES`, an unknown option, a host that does not answer, a bucket that is
            not there, credentials that are refused.
    """
    parts = urllib.parse.urlsplit(uri)
    text = uri.partition("?")[0].rstrip("/")
    if parts.scheme not in SCHEMES:
        raise InputError(f"{text}: expected {EXAMPLES}")
    if "@" in parts.netloc:
        shown = text.replace(parts.netloc, parts.netloc.rpartition("@")[2])
        raise InputError(f"{shown}: a URI holds no credentials; the environment or a profile does")
    if parts.fragment or not parts.netloc:
        raise InputError(f"{text}: expected {EXAMPLES}")
    try:
        if parts.scheme.startswith("http"):
            if parts.query:
                raise InputError(f"{text}: a web address has no query; expected https://host/path")
            remote = Remote(text, pyarrow.fs.PyFileSystem(HttpFiles(text)), "", False)
            remote.filesystem.get_file_info("manifest.json")
            return remote
        path = f"{parts.netloc}{parts.path}".rstrip("/")
        if any(part in ("", ".", "..") for part in path.split("/")):
            raise InputError(f"{text}: expected {EXAMPLES}")
        options = _options(text, parts.scheme, parts.query)
        opened = _s3(parts.netloc, options) if parts.scheme == "s3" else _gs(options)
        remote = Remote(text, opened, path, True)
        probes = (f"{path}/manifest.json", parts.netloc)  # who may only read objects never gets to the second
        if all(opened.get_file_info(probe).type == pyarrow.fs.FileType.NotFound for probe in probes):
            raise InputError(f"{text}: there is no bucket {parts.netloc!r}")
        return remote
    except MachineError as error:
        raise InputError(str(error)) from None
    except (OSError, pa.ArrowException) as error:
        fault = explain(text, error)
        if isinstance(fault, MachineError):
            raise InputError(f"{text}: cannot be reached ({first_line(error)})") from None
        raise (fault or InputError(f"{text}: cannot be opened ({first_line(error)})")) from None


def explain(where: str, error: BaseException) -> MotionPairError | None:
    """What a cloud's error means: the connection failed, or credentials are refused; `None` for any other."""
    message = str(error)
    found, status = _CODE.search(message), _STATUS.search(message)
    code = (found[1] or found[2]) if found else ""
    number = int(status[1]) if status else 0
    if code in _LOST or number >= 500 or number == 429 or "curlCode: " in message:
        return MachineError(f"{where}: the connection failed ({first_line(error)}); {_AGAIN}")
    if code in _REFUSED or number in (401, 403):
        return InputError(
            f"{where}: refused ({code or number}); expected credentials that may use it, in the environment "
            "or the profile (AWS_ACCESS_KEY_ID and AWS_PROFILE, or GOOGLE_APPLICATION_CREDENTIALS)"
        )
    if code == "NO_SUCH_BUCKET":
        return InputError(f"{where}: there is no such bucket")
    return None


def first_line(error: BaseException) -> str:
    """An error in one line that is not too long."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _options(text: str, scheme: str, query: str) -> dict[str, str]:
    options = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    for name, value in options.items():
        if name not in _OPTIONS[scheme]:
            accepted = ", ".join(_OPTIONS[scheme])
            raise InputError(f"{text}: {name[:40]!r} is no option of a URI; accepted: {accepted}")
        if name == "anonymous" and value not in ("true", "false"):
            raise InputError(f"{text}: anonymous: expected true or false, got {value[:40]!r}")
        if name == "scheme" and value not in ("http", "https"):
            raise InputError(f"{text}: scheme: expected http or https, got {value[:40]!r}")
    return options


def _endpoint(options: dict[str, str], default: str) -> dict[str, str]:
    """`endpoint_override` and `scheme` as pyarrow takes them, out of host:port or http://host:port."""
    named = options.get("endpoint_override") or default
    scheme, separator, host = named.rpartition("://")
    if not host:
        return {}
    return {
        "endpoint_override": host.rstrip("/"),
        "scheme": scheme if separator else options.get("scheme", "https"),
    }


def _s3(bucket: str, options: dict[str, str]) -> pyarrow.fs.S3FileSystem:
    environment = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    endpoint = _endpoint(options, environment)
    region = (
        options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or None
    )
    if region is None:
        region = "us-east-1" if endpoint else pyarrow.fs.resolve_s3_region(bucket)
    return pyarrow.fs.S3FileSystem(
        anonymous=options.get("anonymous") == "true",
        region=region,
        connect_timeout=_CONNECT_SECONDS,
        retry_strategy=pyarrow.fs.AwsStandardS3RetryStrategy(max_attempts=_TRIES),
        **endpoint,
    )


def _gs(options: dict[str, str]) -> pyarrow.fs.FileSystem:
    # pyarrow opens its files without giving up Python's lock: while Google's servers do not answer (120 s at
    # most), other threads stand still, and so does Ctrl-C
    named: dict[str, Any] = _endpoint(options, "")
    return pyarrow.fs.GcsFileSystem(
        anonymous=options.get("anonymous") == "true", retry_time_limit=_RETRY, **named
    )
