"""gs:// as s3://: pushed, read, verified, pulled; clear errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gcs
import pytest

from motionpair.dataset import Dataset
from motionpair.errors import InputError, MachineError
from motionpair.location import open_location
from motionpair.transfer import pull, push
from motionpair.verify import verify


@pytest.fixture
def server(impatient: None) -> Iterator[gcs.Gcs]:
    with gcs.serving() as server:
        yield server


def test_there_and_back(server: gcs.Gcs, tiny_dataset: Path, tmp_path: Path) -> None:
    uri = server.uri("a/set")
    push(tiny_dataset, uri)
    assert push(tiny_dataset, uri).bytes == 0
    assert server.objects()["a/set/manifest.json"] == (tiny_dataset / "manifest.json").read_bytes()
    assert Dataset(uri).table.equals(Dataset(tiny_dataset).table)
    assert verify(uri) == []
    pull(uri, tmp_path)
    assert verify(tmp_path) == []


def test_a_bucket_that_is_not_there(server: gcs.Gcs) -> None:
    with pytest.raises(InputError, match="there is no bucket 'absent'"):
        open_location(server.uri("x", bucket="absent"))


@pytest.mark.parametrize("status", [401, 403])
def test_credentials_that_are_refused(server: gcs.Gcs, status: int) -> None:
    server.answer(status)
    with pytest.raises(InputError, match=r"refused .*GOOGLE_APPLICATION_CREDENTIALS"):
        open_location(server.uri("x"))


def test_a_connection_that_fails_on_the_way(server: gcs.Gcs, tiny_dataset: Path) -> None:
    push(tiny_dataset, server.uri("set"))
    dataset = Dataset(server.uri("set"))
    server.answer(503)
    with pytest.raises(MachineError, match="the connection failed"):
        _ = dataset.table
