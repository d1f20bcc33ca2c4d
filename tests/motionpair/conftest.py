"""A tiny dataset, made once a run: its plan, its pairs by slot, and a finished folder."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import many_rows
import pytest
import synthetic

from motionpair.plan import Plan

if TYPE_CHECKING:
    from gcs import Gcs
    from servers import S3, Bucket


@pytest.fixture(scope="session")
def tiny_plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    return synthetic.tiny_plan(tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="session")
def tiny_pairs(tiny_plan: Plan) -> dict[int, synthetic.Pair]:
    return synthetic.tiny_pairs(tiny_plan)


@pytest.fixture(scope="session")
def tiny_dataset(
    tmp_path_factory: pytest.TempPathFactory, tiny_plan: Plan, tiny_pairs: dict[int, synthetic.Pair]
) -> Path:
    """A finished dataset that tests only read."""
    return synthetic.build_dataset(tmp_path_factory.mktemp("dataset"), tiny_plan, tiny_pairs)


@pytest.fixture(scope="session")
def many_pairs(shared_folder: Path) -> Path:
    """A dataset of 60,000 pairs with blobs of a few bytes (`many_rows`), that tests only read."""
    return many_rows.shared_dataset(shared_folder)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """An S3 server."""
    from servers import S3

    server = S3()
    yield server
    server.stop()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the S3 server, and no other place to look for them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails is not asked for again for long."""
    monkeypatch.setattr("motionpair.http_files.PAUSE", 0.01)
    monkeypatch.setattr("motionpair.remotes._TRIES", 1)
    monkeypatch.setattr("motionpair.remotes._RETRY", timedelta(seconds=1))


@pytest.fixture
def google(impatient: None) -> Iterator[Gcs]:
    """An empty server of Google Cloud Storage."""
    import gcs

    with gcs.serving() as server:
        yield server


@pytest.fixture
def bucket(s3: S3, credentials: None) -> Bucket:
    """A bucket of the test's own."""
    return s3.bucket(f"test-{uuid.uuid4().hex[:12]}")
