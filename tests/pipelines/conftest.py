"""One private Ray node for every test that runs workers in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import processes
import pytest

from pipelines import connection

sys.path += [path for path in processes.PATHS if path not in sys.path]  # synthetic pairs are another room's


@pytest.fixture(scope="session")
def ray_node() -> Iterator[connection.Cluster]:
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(processes.PATHS)  # workers import the tests' jobs
    try:
        with connection.connect(2, None) as node:
            yield node
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
