"""What all tests share, made once a run, also where several pytest processes (xdist) share the run.

`character_store` holds characters baked by the real body model; `rendered` is a small dataset that the real
command line rendered.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from character_cast import CAST
from hypothesis import settings
from rendered_dataset import COMMAND_LINE, RECIPE, SEED, Rendered

from pipelines.generate import rendering
from render.characters.store import CharacterStore

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # no test is timed: a busy machine must not fail one

USERS_CHARACTERS = rendering(Path(), None).cache
"""Where `motionpair generate` of whoever runs the tests keeps its characters."""


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run that its xdist workers share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def _caches_of_their_own(shared_folder: Path) -> Iterator[None]:
    """Tests, and commands that they start, neither read nor change what the user's own runs have cached."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(shared_folder))
        patch.setenv("MOTIONPAIR_CACHE", str(shared_folder / "characters"))
        yield


@pytest.fixture(scope="session")
def characters_folder(shared_folder: Path, pytestconfig: pytest.Config) -> Path:
    """An empty store of characters, with the body model that takes a minute to build.

    The model is that of set-up (`scripts/setup.sh`) where it is built, else one in .pytest_cache.
    """
    folder, model = shared_folder / "characters", USERS_CHARACTERS / "anny"
    with _alone(shared_folder, "characters"):
        if not folder.exists():
            if not model.is_dir():
                assert pytestconfig.cache is not None
                model = Path(pytestconfig.cache.mkdir("anny"))
            folder.mkdir()
            (folder / "anny").symlink_to(model.absolute(), target_is_directory=True)
    return folder


@pytest.fixture(scope="session")
def character_store(characters_folder: Path) -> CharacterStore:
    """A store that holds CAST; tests only read it."""
    store = CharacterStore(characters_folder)
    with _alone(characters_folder.parent, "bake"):
        store.ensure(CAST)
    return store


@pytest.fixture(scope="session")
def rendered(shared_folder: Path, characters_folder: Path) -> Rendered:
    """The dataset of tests/rendered.yaml, as `motionpair generate` makes it; tests only read it."""
    made = Rendered(shared_folder / "rendered", characters_folder)
    with _alone(shared_folder, "rendered"):
        if not (made.out / "manifest.json").exists():
            with _alone(shared_folder, "bake"):  # one process builds the body model if there is none
                CharacterStore(characters_folder).ensure(CAST[:1])
            words = ["generate", "--recipe", str(RECIPE), "--seed", str(SEED), "--out", str(made.out)]
            done = subprocess.run(
                [*COMMAND_LINE, *words, "--workers", "2"],
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stdout + done.stderr
    return made


@contextmanager
def _alone(folder: Path, name: str) -> Iterator[None]:
    """Hold a lock that the run's processes share: one makes, the others wait and find it made."""
    with (folder / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
