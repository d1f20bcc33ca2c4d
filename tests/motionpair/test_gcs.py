"""gs:// as s3://: pushed, read, verified, pulled; clear errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from gcs import Gcs

from motionpair.dataset import Dataset
from motionpair.errors import InputError, MachineError
from motionpair.location import open_location
from motionpair.transfer import pull, push
from motionpair.verify import verify


def test_there_and_back(google: Gcs, tiny_dataset: Path, tmp_path: Path) -> None:
    uri = google.uri("a/set")
    push(tiny_dataset, uri)
    assert push(tiny_dataset, uri).bytes == 0
    assert google.objects()["a/set/manifest.json"] == (tiny_dataset / "manifest.json").read_bytes()
    assert Dataset(uri).table.equals(Dataset(tiny_dataset).table)
    assert verify(uri) == []
    pull(uri, tmp_path)
    assert verify(tmp_path) == []


def test_what_was_overwritten_since_is_sent_anew(google: Gcs, tiny_dataset: Path) -> None:
    uri, shard = google.uri("set"), "shards/shard-00000.parquet"
    push(tiny_dataset, uri)
    size = (tiny_dataset / shard).stat().st_size
    with open_location(uri).filesystem.open_output_stream(shard) as sink:
        sink.write(bytes(size))
    assert push(tiny_dataset, uri).bytes == size
    assert verify(uri) == []


def test_a_bucket_that_is_not_there(google: Gcs) -> None:
    with pytest.raises(InputError, match="there is no bucket 'absent'"):
        open_location(google.uri("x", bucket="absent"))


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_refused(google: Gcs, status: int) -> None:
    google.answer(status)
    with pytest.raises(InputError, match=r"refused .*GOOGLE_APPLICATION_CREDENTIALS"):
        open_location(google.uri("x"))


def test_a_connection_that_fails_on_the_way(google: Gcs, tiny_dataset: Path) -> None:
    push(tiny_dataset, google.uri("set"))
    dataset = Dataset(google.uri("set"))
    google.answer(503)
    with pytest.raises(MachineError, match="the connection failed"):
        _ = dataset.table
