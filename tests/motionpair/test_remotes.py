"""Datasets on buckets and web servers: read as from a folder, and clear errors when that cannot be."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from gcs import Gcs
from servers import S3, Bucket, WebServer, serving, write_certificate

from motionpair.dataset import Dataset
from motionpair.errors import DataError, InputError, MachineError
from motionpair.loading.loader import PairLoader
from motionpair.loading.pairs import PairDataset
from motionpair.location import open_location
from motionpair.transfer import push
from motionpair.verify import verify

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def web(tiny_dataset: Path) -> Iterator[WebServer]:
    with serving(tiny_dataset) as server:
        yield server


@pytest.fixture
def uri(request: pytest.FixtureRequest, tiny_dataset: Path) -> str:
    """The tiny dataset, on the kind of server that the test asks for."""
    if request.param == "http":
        server: WebServer = request.getfixturevalue("web")
        return server.address
    if request.param == "gs":
        google: Gcs = request.getfixturevalue("google")
        push(tiny_dataset, google.uri("sets/tiny"))
        return google.uri("sets/tiny")
    bucket: Bucket = request.getfixturevalue("bucket")
    for path in tiny_dataset.rglob("*"):
        if path.is_file():
            bucket.write(f"sets/tiny/{path.relative_to(tiny_dataset)}", path.read_bytes())
    return bucket.uri("sets/tiny")


everywhere = pytest.mark.parametrize("uri", ["s3", "gs", "http"], indirect=True)


@everywhere
def test_a_dataset_reads_as_from_its_folder(uri: str, tiny_dataset: Path) -> None:
    here, there = Dataset(tiny_dataset), Dataset(uri)
    assert there.table.equals(here.table)
    row = here.row("p000001") if "p000001" in here.table["pair_id"].to_pylist() else next(here.rows())
    assert np.array_equal(there.video(row, "target"), here.video(row, "target"))
    assert np.array_equal(there.labels(row, "driving_mask"), here.labels(row, "driving_mask"))


@everywhere
def test_verify_finds_nothing(uri: str) -> None:
    assert verify(uri) == []


@everywhere
def test_a_location_travels_to_other_processes(uri: str) -> None:
    location = pickle.loads(pickle.dumps(open_location(uri)))
    assert location.read("manifest.sha256").endswith(b"manifest.json\n")


@everywhere
def test_bytes_are_read_by_range(uri: str, tiny_dataset: Path) -> None:
    location, name = open_location(uri), "shards/shard-00000.parquet"
    data = (tiny_dataset / name).read_bytes()
    assert location.read(name, 1000, 500) == data[1000:1500]
    assert b"".join(location.chunks(name, 70_000)) == data[70_000:]
    with location.open(name) as file:
        assert file.size() == len(data)
        for at in (5, len(data) - 8, 60, 4000, 0):
            file.seek(at)
            assert file.read(8) == data[at : at + 8]
        file.seek(0, 2)
        assert file.read(8) == b""
    with pytest.raises(DataError, match="ends before"):
        location.read(name, len(data) - 10, 20)
    assert not location.exists("shards/shard-99999.parquet")
    with pytest.raises(DataError, match="cannot be read"):
        location.read("shards/shard-99999.parquet")


def test_verify_tells_what_a_web_server_lacks_or_changed(tiny_dataset: Path, tmp_path: Path) -> None:
    out = shutil.copytree(tiny_dataset, tmp_path / "out")
    (out / "quarantine.jsonl").unlink()
    shard = out / "shards" / "shard-00001.parquet"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 1
    shard.write_bytes(data)
    with serving(out) as web:
        found = {(finding.code, finding.where) for finding in verify(web.address)}
    assert ("file", "quarantine.jsonl") in found
    assert ("file", "shards/shard-00001.parquet") in found


def test_the_endpoint_may_be_in_the_environment(
    tiny_dataset: Path, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.write("there/x", b"data")
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.server.endpoint)
    assert open_location(f"s3://{bucket.name}/there").read("x") == b"data"


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("ftp://host/x", "ftp://host/x: expected s3://"),
        ("s3:///x", "expected s3://"),
        ("s3://bucket/../x", "expected s3://"),
        ("s3://key:secret@bucket/x", r"^s3://bucket/x: a URI holds no credentials"),
        ("s3://bucket/x?acces_key=1", "'acces_key' is no option of a URI; accepted: endpoint_override"),
        ("gs://bucket/x?region=here", "'region' is no option"),
        ("s3://bucket/x?anonymous=yes", "anonymous: expected true or false"),
        ("https://host/x?signature=1", "has no query"),
        ("http://127.0.0.1:9/x", "no connection"),
        ("s3://bucket/x?endpoint_override=http://127.0.0.1:9", "cannot be reached"),
    ],
)
def test_a_wrong_uri_is_told_in_one_line(uri: str, message: str, credentials: None) -> None:
    with pytest.raises(InputError, match=message) as raised:
        open_location(uri)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_bucket_that_is_not_there(s3: S3, credentials: None) -> None:
    with pytest.raises(InputError, match="there is no bucket 'absent'"):
        open_location(f"s3://absent/x?endpoint_override={s3.endpoint}")


def test_a_place_without_dataset(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="expected the folder of a finished dataset"):
        Dataset(bucket.uri("nothing/here"))
    with serving(tmp_path) as web, pytest.raises(DataError, match="finished dataset"):
        Dataset(web.address)


def test_a_connection_lost_on_the_way_is_no_damage(tiny_dataset: Path, credentials: None) -> None:
    server = S3()
    bucket = server.bucket("short-lived")
    for name in ("manifest.json", "manifest.sha256", "metadata.parquet"):
        bucket.write(f"tiny/{name}", (tiny_dataset / name).read_bytes())
    dataset = Dataset(bucket.uri("tiny"))
    server.stop()
    with pytest.raises(MachineError, match="the connection failed"):
        _ = dataset.table


def test_a_web_server_that_goes_away_is_no_damage(web: WebServer) -> None:
    dataset = Dataset(web.address)
    row = next(dataset.rows())
    web.cut = row["target"]["shard"]
    with pytest.raises(MachineError, match="no connection"):
        dataset.blob(row, "target")
    web.cut, web.answer = "", 503
    with pytest.raises(MachineError, match="the server fails"):
        dataset.blob(row, "target")


@pytest.mark.parametrize(
    ("status", "message"), [(403, "refuses"), (401, "refuses"), (400, "expected a file")]
)
def test_a_web_server_that_refuses(web: WebServer, status: int, message: str) -> None:
    web.answer = status
    with pytest.raises(InputError, match=message):
        open_location(web.address)


def test_a_web_server_must_serve_ranges(web: WebServer) -> None:
    web.ranges = False
    dataset = Dataset(web.address)  # small files come whole
    row = next(dataset.rows())
    with pytest.raises(InputError, match="expected a server that serves byte ranges"):
        dataset.blob(row, "target")


def test_of_a_body_that_was_not_asked_for_nothing_is_read(web: WebServer) -> None:
    row = next((dataset := Dataset(web.address)).rows())
    web.ranges, web.endless = False, True
    with pytest.raises(InputError, match="expected a server that serves byte ranges"):
        dataset.blob(row, "target")
    with pytest.raises(DataError, match=r"manifest\.json: .*the file has changed"):
        Dataset(web.address)  # a whole file is asked for, and the answer is longer
    assert web.sent < 1 << 26  # what sockets hold


@pytest.mark.parametrize(
    ("headers", "error", "message"),
    [
        ({"Content-Length": str(10**15)}, DataError, r"manifest\.json: 10{15} bytes from 0 are not read"),
        ({"Content-Length": "10"}, DataError, r"manifest\.json: .*the file has changed"),
        ({"Content-Length": "many"}, InputError, "does not say how long the file is"),
        (
            {"Content-Range": "bytes 0-9/10"},
            DataError,
            r"got others \('bytes 0-9/10'\): the file has changed",
        ),
        ({"Content-Encoding": "gzip"}, InputError, r"the server encodes it \('gzip'\)"),
    ],
)
def test_a_web_server_that_lies_is_found_out(
    web: WebServer, headers: dict[str, str], error: type[Exception], message: str
) -> None:
    web.headers.update(headers)
    with pytest.raises(error, match=message):
        Dataset(web.address)


def test_a_file_that_gets_shorter_while_it_is_open(tiny_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(100_000))
    with serving(tmp_path) as web, open_location(web.address).open("x") as file:
        (tmp_path / "x").write_bytes(bytes(50_000))
        with pytest.raises(OSError, match="the file has changed"):
            file.read(100_000)


def test_a_web_server_that_fails_now_and_then(web: WebServer, tiny_dataset: Path) -> None:
    web.answer, web.answers = 503, 3
    dataset = Dataset(web.address)
    web.answer, web.answers, web.headers = 429, 2, {"Retry-After": "0"}
    assert dataset.table.equals(Dataset(tiny_dataset).table)
    assert web.answers == 0


def test_a_web_server_that_leads_elsewhere(web: WebServer, tiny_dataset: Path, tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        first.moved_to = web.address
        dataset = Dataset(first.address)
        assert dataset.table.equals(Dataset(tiny_dataset).table)
        first.moved_to = first.address
        with pytest.raises(InputError, match="too many redirects"):
            Dataset(first.address)


def test_https_holds_certificates_and_stays_encrypted(
    tiny_dataset: Path, tmp_path: Path, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_certificate(tmp_path / "certificate.pem")
    with serving(tiny_dataset) as secure:
        secure.encrypt(tmp_path / "certificate.pem")
        with pytest.raises(InputError, match=r"no connection .*certificate verify failed"):
            Dataset(secure.address)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        assert len(Dataset(secure.address)) == 7
        secure.moved_to = web.address
        with pytest.raises(InputError, match="leads to an address without encryption, http://"):
            Dataset(secure.address)


@everywhere
def test_samples_are_those_of_the_folder_and_are_kept(uri: str, tiny_dataset: Path, tmp_path: Path) -> None:
    names, most = ("target", "caption"), 4 << 20
    here = PairDataset(tiny_dataset, names, None, check=True)
    there = PairDataset(uri, names, None, check=True, cache=tmp_path, cache_bytes=most)
    for found in (there.__getitems__(range(len(here))), there.__getitems__(range(len(here)))):
        for sample, expected in zip(found, here.__getitems__(range(len(here))), strict=True):
            assert isinstance(sample, dict)
            assert isinstance(expected, dict)
            assert sample["caption"] == expected["caption"]
            assert sample["target"].equal(expected["target"])
    held = [path.stat().st_size for path in (tmp_path / "motionpair-blobs").glob("?" * 40)]
    assert len(held) == len(here)
    assert sum(held) <= most


def test_what_is_kept_is_not_asked_for_again(web: WebServer, tmp_path: Path) -> None:
    dataset = PairDataset(web.address, ["target"], None, cache=tmp_path)
    first = dataset.raw(3)
    web.asked.clear()
    assert dataset.raw(3) == first
    assert web.asked == []
    dataset.raw(4)
    assert web.asked != []


def test_a_lost_connection_is_not_a_sample_to_skip(web: WebServer) -> None:
    dataset = PairDataset(web.address, ["target"], None, on_error="skip")
    web.answer = 503
    with pytest.raises(MachineError, match="the server fails"):
        dataset.__getitems__([0, 1])


def test_workers_read_from_a_bucket(bucket: Bucket, tiny_dataset: Path) -> None:
    push(tiny_dataset, bucket.uri("set"))
    names = ["pair_id", "driving_face_boxes"]
    here, there = (PairDataset(out, names) for out in (tiny_dataset, bucket.uri("set")))
    expected = list(PairLoader(here, batch_size=1, seed=3))
    found = list(PairLoader(there, batch_size=1, seed=3, workers=1))
    assert [batch["pair_id"] for batch in found] == [batch["pair_id"] for batch in expected]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one["driving_face_boxes"], other["driving_face_boxes"], equal_nan=True)


def test_a_web_server_is_not_listed_or_written(web: WebServer) -> None:
    location = open_location(web.address)
    assert not location.lists
    with pytest.raises(InputError, match="not listed"):
        list(location.names())
    with pytest.raises(InputError, match="not listed or written"):
        location.filesystem.open_output_stream("x")
