"""push and pull: whole or unfinished, never in between; gone on with; nothing else is touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers import S3, Bucket, serving

from motionpair import manifest
from motionpair.dataset import Dataset
from motionpair.errors import DataError, InputError, MachineError
from motionpair.transfer import Moved, folder, parallel, pull, push
from motionpair.verify import verify

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def out(tiny_dataset: Path, tmp_path: Path) -> Path:
    """A dataset of the test's own."""
    return Path(shutil.copytree(tiny_dataset, tmp_path / "out"))


def listed(out: Path) -> dict[str, bytes]:
    """The files of a dataset, manifest and checksum too."""
    names = (*Dataset(out).manifest.files, "manifest.json", "manifest.sha256")
    return {name: (out / name).read_bytes() for name in names}


def sizes(out: Path) -> list[int]:
    return [entry.bytes for entry in Dataset(out).manifest.files.values()]


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def add_report(out: Path, text: str) -> None:
    (out / "README.md").write_text(text)
    manifest.relist(out)


class Interrupted(BaseException):
    """Stands for Ctrl-C."""


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "THREADS", 1)


def stop_after(size: int) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        if done >= size:
            raise Interrupted

    return tell


class TestPush:
    def test_all_that_the_manifest_lists_arrives_and_nothing_else(self, out: Path, bucket: Bucket) -> None:
        told: list[tuple[int, int]] = []
        moved = push(out, bucket.uri("a/set"), progress=lambda *at: told.append(at))
        there = bucket.objects("a/set")
        assert json.loads(there.pop("runs/push.json"))["sent"].keys() == Dataset(out).manifest.files.keys()
        assert there == listed(out)
        assert moved == Moved(len(sizes(out)), 0, sum(sizes(out)))
        assert told[0] == (0, sum(sizes(out)))
        assert told[-1] == (sum(sizes(out)), sum(sizes(out)))
        assert verify(bucket.uri("a/set")) == []

    def test_at_the_top_of_a_bucket(self, out: Path, bucket: Bucket) -> None:
        uri = bucket.uri("").replace("/?", "?")
        push(out, uri)
        assert bucket.read("manifest.json") == (out / "manifest.json").read_bytes()
        assert verify(uri) == []

    def test_again_sends_nothing(self, out: Path, bucket: Bucket) -> None:
        push(out, bucket.uri("set"))
        before = bucket.times_written("set")
        assert push(out, bucket.uri("set")) == Moved(len(sizes(out)), len(sizes(out)), 0)
        assert bucket.times_written("set") == before

    def test_what_was_copied_there_otherwise_is_not_sent_again(self, out: Path, bucket: Bucket) -> None:
        for name, data in listed(out).items():
            bucket.write(f"set/{name}", data)
        assert push(out, bucket.uri("set")).bytes == 0
        assert set(bucket.times_written("set").values()) == {1}

    def test_what_was_overwritten_since_is_mended(self, out: Path, bucket: Bucket) -> None:
        """By zeros, of the same size; what was not is not read or sent."""
        uri = bucket.uri("set")
        push(out, uri)
        size = (out / SHARD).stat().st_size
        bucket.write(f"set/{SHARD}", bytes(size))
        assert push(out, uri) == Moved(len(sizes(out)), len(sizes(out)) - 1, size)
        assert verify(uri) == []
        before = bucket.times_written("set")
        assert push(out, uri).bytes == 0
        assert bucket.times_written("set") == before

    def test_what_was_written_anew_with_the_right_bytes_is_read_once(self, out: Path, bucket: Bucket) -> None:
        uri = bucket.uri("set")
        push(out, uri)
        record = json.loads(bucket.read("set/runs/push.json"))
        bucket.write("set/runs/push.json", json.dumps({**record, "stamps": {}}).encode())
        assert push(out, uri) == Moved(len(sizes(out)), len(sizes(out)), 0)
        assert json.loads(bucket.read("set/runs/push.json"))["stamps"] == record["stamps"]
        assert bucket.times_written("set")[SHARD] == 1

    def test_a_check_hashes_what_the_store_calls_unchanged(self, out: Path, bucket: Bucket) -> None:
        """A forged record stands for a store that lost bytes and kept its word."""
        uri = bucket.uri("set")
        push(out, uri)
        before = json.loads(bucket.read("set/runs/push.json"))
        bucket.write(f"set/{SHARD}", bytes((out / SHARD).stat().st_size))
        facts = bucket.server.client.head_object(Bucket=bucket.name, Key=f"set/{SHARD}")
        modified = facts["LastModified"].strftime("%Y-%m-%dT%H:%M:%SZ")
        before["stamps"][SHARD] = f"etag={facts['ETag']} last-modified={modified}"
        bucket.write("set/runs/push.json", json.dumps(before).encode())
        assert push(out, uri).bytes == 0
        assert push(out, uri, check=True).bytes == (out / SHARD).stat().st_size
        assert push(out, uri, check=True).bytes == 0
        assert verify(uri) == []

    def test_what_was_copied_there_wrongly_is_mended(self, out: Path, bucket: Bucket) -> None:
        for name, data in listed(out).items():
            bucket.write(f"set/{name}", bytes(len(data)) if name == SHARD else data)
        assert push(out, bucket.uri("set")).bytes == (out / SHARD).stat().st_size
        assert verify(bucket.uri("set")) == []

    def test_a_damaged_manifest_is_mended(self, out: Path, bucket: Bucket) -> None:
        push(out, bucket.uri("set"))
        bucket.write("set/manifest.json", bytes(100))
        assert push(out, bucket.uri("set")).bytes == 0
        assert verify(bucket.uri("set")) == []

    def test_interrupted_it_is_unfinished_and_goes_on(
        self, out: Path, bucket: Bucket, one_by_one: None
    ) -> None:
        uri = bucket.uri("set")
        with pytest.raises(Interrupted):
            push(out, uri, progress=stop_after(sum(sizes(out)[:2])))
        with pytest.raises(DataError, match="finished dataset"):
            Dataset(uri)
        sent = json.loads(bucket.objects("set")["runs/push.json"])["sent"]
        assert sent
        moved = push(out, uri)
        assert moved.kept == len(sent)
        assert {bucket.times_written("set")[name] for name in sent} == {1}
        assert verify(uri) == []

    def test_killed_it_goes_on(self, out: Path, bucket: Bucket) -> None:
        script = (
            "import os, signal, sys\n"
            "from motionpair.transfer import parallel, push, pushing\n"
            "parallel.THREADS, pushing.RECORD_SECONDS = 1, 0\n"
            "write = pushing._Bucket._write_record\n"
            "def write_and_die(bucket):\n"
            "    sent = len(bucket._sent)\n"
            "    write(bucket)\n"
            "    if sent >= 2: os.kill(os.getpid(), signal.SIGKILL)\n"
            "pushing._Bucket._write_record = write_and_die\n"
            "push(sys.argv[1], sys.argv[2])\n"
        )
        uri = bucket.uri("set")
        words = [sys.executable, "-c", script, str(out), uri]
        path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(Path(__file__).parents[2])])
        ended = subprocess.run(words, env={**os.environ, "PYTHONPATH": path}, check=False)
        assert ended.returncode == -signal.SIGKILL
        with pytest.raises(DataError, match="finished dataset"):
            Dataset(uri)
        sent = json.loads(bucket.objects("set")["runs/push.json"])["sent"]
        assert sent
        assert push(out, uri).kept == len(sent)
        assert {bucket.times_written("set")[name] for name in sent} == {1}
        assert verify(uri) == []

    def test_a_lost_connection_is_the_machines_and_goes_on(
        self, out: Path, credentials: None, one_by_one: None
    ) -> None:
        server = S3()
        bucket = server.bucket("lost")
        seen = False

        def hang_up(done: int, total: int) -> None:
            nonlocal seen
            if done >= sum(sizes(out)[:2]) and not seen:
                seen = True
                server.stop()

        with pytest.raises(MachineError, match=r"the connection failed .*run it again"):
            push(out, bucket.uri("set"), progress=hang_up)
        server.start()
        assert "manifest.json" not in bucket.objects("set")
        push(out, bucket.uri("set"))
        assert verify(bucket.uri("set")) == []
        server.stop()

    def test_a_damaged_dataset_is_never_whole_there(self, out: Path, bucket: Bucket) -> None:
        shard = out / "shards" / "shard-00001.parquet"
        whole = shard.read_bytes()
        damage(shard)
        with pytest.raises(DataError, match=r"shard-00001\.parquet: damaged"):
            push(out, bucket.uri("set"))
        shard.write_bytes(whole[:-1])
        with pytest.raises(DataError, match=r"shard-00001\.parquet: damaged: expected"):
            push(out, bucket.uri("set"))
        assert "manifest.json" not in bucket.objects("set")
        shard.write_bytes(whole)
        push(out, bucket.uri("set"))
        assert verify(bucket.uri("set")) == []

    def test_a_newer_version_replaces_what_changed(self, out: Path, bucket: Bucket) -> None:
        uri = bucket.uri("set")
        add_report(out, "first")
        push(out, uri)
        add_report(out, "other")  # of the same size
        assert push(out, uri).bytes == 5
        assert bucket.objects("set")["README.md"] == b"other"
        (out / "README.md").unlink()
        manifest.relist(out)
        assert push(out, uri).bytes == 0
        assert "README.md" not in bucket.objects("set")
        assert verify(uri) == []
        again = {name for name, times in bucket.times_written("set").items() if times > 1}
        assert again - {""} == {"README.md", "manifest.json", "manifest.sha256", "runs/push.json"}

    def test_other_things_are_left_alone(self, out: Path, bucket: Bucket, tmp_path: Path) -> None:
        bucket.write("set/thesis.doc", b"years of work")
        with pytest.raises(InputError, match=r"files that push did not write, such as 'thesis\.doc'"):
            push(out, bucket.uri("set"))
        assert bucket.objects("set") == {"thesis.doc": b"years of work"}
        bucket.write("half/plan.parquet", b"somebody else's")
        with pytest.raises(InputError, match=r"such as 'plan\.parquet'"):
            push(out, bucket.uri("half"))
        assert bucket.objects("half") == {"plan.parquet": b"somebody else's"}

    def test_another_dataset_is_left_alone(self, out: Path, bucket: Bucket) -> None:
        push(out, bucket.uri("set"))
        facts = json.loads((out / "manifest.json").read_text())
        facts["plan_hash"] = "0" * 64
        rewrite(out, facts)
        before = bucket.objects("set")
        with pytest.raises(InputError, match="holds another dataset"):
            push(out, bucket.uri("set"))
        assert bucket.objects("set") == before

    def test_another_push_at_work_is_noticed(self, out: Path, bucket: Bucket) -> None:
        def begin_another(done: int, total: int) -> None:
            record = json.loads(bucket.read("set/runs/push.json"))
            bucket.write("set/runs/push.json", json.dumps({**record, "mark": "another"}).encode())

        with pytest.raises(InputError, match="another push writes there"):
            push(out, bucket.uri("set"), progress=begin_another)
        assert "manifest.json" not in bucket.objects("set")
        push(out, bucket.uri("set"))
        assert verify(bucket.uri("set")) == []

    def test_an_unfinished_dataset_stays_at_home(self, out: Path, bucket: Bucket) -> None:
        (out / "manifest.json").unlink()
        with pytest.raises(DataError, match="finished dataset"):
            push(out, bucket.uri("set"))

    @pytest.mark.parametrize(
        ("uri", "message"),
        [
            ("/some/folder", "expected s3://"),
            ("file:///some/folder", "expected s3://"),
            ("http://127.0.0.1:9/x", "no connection|cannot be written"),
            ("s3://bucket/x?endpoint_override=http://127.0.0.1:9", "cannot be reached"),
        ],
    )
    def test_a_wrong_uri(self, out: Path, credentials: None, uri: str, message: str) -> None:
        with pytest.raises(InputError, match=message):
            push(out, uri)

    def test_a_web_server_is_no_target(self, out: Path, tmp_path: Path) -> None:
        with serving(tmp_path) as web, pytest.raises(InputError, match="cannot be written to"):
            push(out, web.address)

    def test_wrong_credentials(self, out: Path, s3: S3, bucket: Bucket) -> None:
        with s3.strict(), pytest.raises(InputError, match=r"refused .*expected credentials"):
            push(out, bucket.uri("set"))
        assert bucket.objects("set") == {}

    def test_a_damaged_record_is_told(self, out: Path, bucket: Bucket) -> None:
        for record in (b"{", b"[]", b'{"dataset": 1, "sent": 2}', b'{"dataset": 1, "sent": {}}'):
            bucket.write("set/runs/push.json", record)
            with pytest.raises(DataError, match=r"push\.json: damaged"):
                push(out, bucket.uri("set"))


SHARD = "shards/shard-00001.parquet"


@pytest.fixture
def begun(tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A pull into `tmp_path` that ended within a shard, the last file; how many bytes of it are there."""
    with monkeypatch.context() as patch, serving(tiny_dataset) as web:
        patch.setattr(parallel, "THREADS", 1)
        patch.setattr("motionpair.http_files.TRIES", 0)
        patch.setattr("motionpair.http_files.READ_AHEAD", 1000)
        patch.setattr("motionpair.location._CHUNK", 10_000)
        web.cut, web.cut_from = SHARD, 30_000
        with pytest.raises(MachineError, match="no connection"):
            pull(web.address, tmp_path)
    (part,) = (tmp_path / folder.PARTS).iterdir()
    assert part.stat().st_size == 30_000
    return 30_000


class TestPull:
    def test_it_is_the_dataset(self, tiny_dataset: Path, bucket: Bucket, tmp_path: Path) -> None:
        push(tiny_dataset, bucket.uri("set"))
        told: list[tuple[int, int]] = []
        moved = pull(bucket.uri("set"), tmp_path / "new", progress=lambda *at: told.append(at))
        assert moved == Moved(len(sizes(tiny_dataset)), 0, sum(sizes(tiny_dataset)))
        assert told[-1] == (moved.bytes, moved.bytes)
        assert listed(tmp_path / "new") == listed(tiny_dataset)
        assert verify(tmp_path / "new") == []
        assert sorted(p.name for p in (tmp_path / "new" / "runs").iterdir()) == ["pull.json", "pull.lock"]

    def test_again_fetches_nothing(self, tiny_dataset: Path, tmp_path: Path) -> None:
        with serving(tiny_dataset) as web:
            pull(web.address, tmp_path)
            web.asked.clear()
            assert pull(web.address, tmp_path).bytes == 0
            assert {name for name, _ in web.asked} == {"manifest.json", "manifest.sha256"}

    def test_a_whole_dataset_is_recognised(self, tiny_dataset: Path, out: Path) -> None:
        before = sorted(out.rglob("*"))
        with serving(tiny_dataset) as web:
            assert pull(web.address, out).bytes == 0
        assert sorted(out.rglob("*")) == before

    def test_interrupted_it_goes_on_within_a_file(
        self, tiny_dataset: Path, tmp_path: Path, begun: int
    ) -> None:
        with pytest.raises(DataError, match="finished dataset"):
            Dataset(tmp_path)
        told: list[tuple[int, int]] = []
        with serving(tiny_dataset) as web:
            moved = pull(web.address, tmp_path, progress=lambda *at: told.append(at))
        assert min(first for name, first in web.asked if name == SHARD) == begun
        assert moved.kept == len(sizes(tiny_dataset)) - 1
        assert moved.bytes == (tiny_dataset / SHARD).stat().st_size - begun
        assert told[0] == (0, sum(sizes(tiny_dataset)))  # first what is there is held against its checksum
        assert told[-1] == (sum(sizes(tiny_dataset)), sum(sizes(tiny_dataset)))
        assert verify(tmp_path) == []

    def test_one_pull_at_a_time_writes_into_a_folder(self, tiny_dataset: Path, tmp_path: Path) -> None:
        with serving(tiny_dataset) as web, ThreadPoolExecutor(1) as pool:
            web.stalled = SHARD
            first = pool.submit(pull, web.address, tmp_path)
            assert web.stalling.wait(60)
            with pytest.raises(InputError, match="another pull writes into it"):
                pull(str(tiny_dataset), tmp_path)
            web.stalled = ""
            web.over.set()  # hangs up, and answers from now on
            first.result()
        assert pull(str(tiny_dataset), tmp_path).bytes == 0
        assert verify(tmp_path) == []

    def test_a_source_that_changes_is_told_and_its_new_version_pulled(
        self, out: Path, tmp_path: Path
    ) -> None:
        add_report(out, "first")
        new = tmp_path / "new"

        def change(done: int, total: int) -> None:
            if (out / "README.md").read_text() == "first":
                add_report(out, "second version")

        with pytest.raises(DataError, match=r"out: was changed while it was pulled; pull again"):
            pull(str(out), new, progress=change)
        assert not (new / "manifest.json").exists()
        (out / "README.md").unlink()
        with pytest.raises(DataError, match=r"README\.md: cannot be read"):
            pull(str(out), new)
        add_report(out, "third")
        pull(str(out), new)
        assert (new / "README.md").read_text() == "third"
        assert verify(new) == []

    def test_a_lost_connection_is_the_machines_and_goes_on(self, tiny_dataset: Path, tmp_path: Path) -> None:
        with serving(tiny_dataset) as web:
            web.cut = "shards/shard-00001.parquet"
            with pytest.raises(MachineError, match="no connection"):
                pull(web.address, tmp_path)
            web.cut = ""
            pull(web.address, tmp_path)
        assert verify(tmp_path) == []

    def test_what_is_damaged_there_never_arrives(self, out: Path, tmp_path: Path) -> None:
        damage(out / "shards" / "shard-00000.parquet")
        with serving(out) as web, pytest.raises(DataError, match=r"shard-00000\.parquet: damaged"):
            pull(web.address, tmp_path / "new")
        assert not (tmp_path / "new" / "shards" / "shard-00000.parquet").exists()
        assert not (tmp_path / "new" / "manifest.json").exists()

    def test_a_damaged_beginning_is_fetched_anew(
        self, tiny_dataset: Path, tmp_path: Path, begun: int
    ) -> None:
        for part in (tmp_path / folder.PARTS).iterdir():
            damage(part)
        told: list[tuple[int, int]] = []
        moved = pull(str(tiny_dataset), tmp_path, progress=lambda *at: told.append(at))
        assert moved.bytes == (tiny_dataset / SHARD).stat().st_size * 2 - begun
        assert told[-1] == (sum(sizes(tiny_dataset)), sum(sizes(tiny_dataset)))
        assert verify(tmp_path) == []

    def test_what_a_pull_wrote_is_mended_by_the_next(self, tiny_dataset: Path, tmp_path: Path) -> None:
        pull(str(tiny_dataset), tmp_path)
        damage(tmp_path / "metadata.parquet")
        (tmp_path / "shards" / "shard-00001.parquet").unlink()
        assert pull(str(tiny_dataset), tmp_path).kept == len(sizes(tiny_dataset)) - 2
        assert verify(tmp_path) == []

    def test_a_newer_version_replaces_what_changed(self, out: Path, tmp_path: Path) -> None:
        add_report(out, "first")
        pull(str(out), tmp_path / "new")
        add_report(out, "second")
        assert pull(str(out), tmp_path / "new").bytes == len("second")
        (out / "README.md").unlink()
        manifest.relist(out)
        pull(str(out), tmp_path / "new")
        assert not (tmp_path / "new" / "README.md").exists()
        assert verify(tmp_path / "new") == []

    def test_other_things_are_left_alone(self, tiny_dataset: Path, out: Path, tmp_path: Path) -> None:
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "thesis.doc").write_text("years of work")
        with pytest.raises(InputError, match=r"holds 'thesis\.doc', which is not of the dataset"):
            pull(str(tiny_dataset), tmp_path / "full")
        (out / "metadata.parquet").write_text("mine")
        with pytest.raises(
            InputError, match=r"metadata\.parquet: has other bytes, and pull did not write it"
        ):
            pull(str(tiny_dataset), out)
        assert (out / "metadata.parquet").read_text() == "mine"
        (tmp_path / "file").write_text("")
        with pytest.raises(InputError, match="expected a folder"):
            pull(str(tiny_dataset), tmp_path / "file")
        with pytest.raises(InputError, match="expected a folder that may be written"):
            pull(str(tiny_dataset), tmp_path / "file" / "new")

    def test_other_things_among_the_parts_are_left_alone(self, tiny_dataset: Path, tmp_path: Path) -> None:
        parts = tmp_path / folder.PARTS
        (parts / "tensorboard").mkdir(parents=True)
        others = [parts / "events.tfevents", parts / "tensorboard" / "events", parts / ("A" * 64)]
        for path in others:
            path.write_text("years of work")
        stale = parts / ("a" * 64)
        stale.write_text("of another version")
        pull(str(tiny_dataset), tmp_path)
        assert [path.read_text() for path in others] == ["years of work"] * 3
        assert not stale.exists()
        assert listed(tmp_path) == listed(tiny_dataset)
        assert pull(str(tiny_dataset), tmp_path).bytes == 0

    def test_another_dataset_is_left_alone(self, tiny_dataset: Path, out: Path) -> None:
        facts = json.loads((out / "manifest.json").read_text())
        facts["plan_hash"] = "0" * 64
        rewrite(out, facts)
        with pytest.raises(InputError, match="holds another dataset"):
            pull(str(tiny_dataset), out)

    def test_nothing_leaves_the_folder(self, tiny_dataset: Path, out: Path, tmp_path: Path) -> None:
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "shards").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(InputError, match="leads out of the folder"):
            pull(str(tiny_dataset), tmp_path / "new")
        assert list((tmp_path / "elsewhere").iterdir()) == []

    @pytest.mark.parametrize(
        "name",
        [
            *("../escaped", "/tmp/escaped", "a/../../escaped", "", ".hidden", "a\\b", "a\nb"),
            *("runs", "runs/pull.json", "manifest.json", "manifest.json/x", "plan.parquet/x", "x" * 256),
        ],
    )
    def test_names_that_no_dataset_has_write_nothing(self, out: Path, tmp_path: Path, name: str) -> None:
        facts = json.loads((out / "manifest.json").read_text())
        facts["files"][name] = facts["files"].pop("quarantine.jsonl")
        rewrite(out, facts)
        with pytest.raises(DataError, match="is no name of a dataset's file"):
            pull(str(out), tmp_path / "new")
        assert not (tmp_path / "new").exists()

    @pytest.mark.parametrize("change", [{"bytes": -1}, {"sha256": "0"}, {"sha256": "../" * 21 + "x"}])
    def test_numbers_that_cannot_be_write_nothing(
        self, out: Path, tmp_path: Path, change: dict[str, int | str]
    ) -> None:
        facts = json.loads((out / "manifest.json").read_text())
        facts["files"]["plan.parquet"] |= change
        rewrite(out, facts)
        with pytest.raises(DataError, match="expected a number of bytes and a sha256"):
            pull(str(out), tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_no_more_bytes_come_than_the_manifest_says(self, out: Path, tmp_path: Path) -> None:
        with (out / SHARD).open("ab") as file:
            file.write(bytes(1 << 20))
        with serving(out) as web, pytest.raises(DataError, match=r"shard-00001\.parquet: damaged: expected"):
            pull(web.address, tmp_path / "new")
        assert SHARD not in {name for name, _ in web.asked}

    def test_a_full_disk_is_told_before(
        self, tiny_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Full:
            free = 1000

        monkeypatch.setattr(shutil, "disk_usage", lambda path: Full)
        with pytest.raises(MachineError, match="1,000 are free"):
            pull(str(tiny_dataset), tmp_path)

    def test_an_empty_dataset_file_travels(self, out: Path, bucket: Bucket, tmp_path: Path) -> None:
        add_report(out, "")
        push(out, bucket.uri("set"))
        pull(bucket.uri("set"), tmp_path / "new")
        assert (tmp_path / "new" / "README.md").read_bytes() == b""


def rewrite(out: Path, facts: object) -> None:
    data = json.dumps(facts).encode()
    (out / "manifest.json").write_bytes(data)
    (out / "manifest.sha256").write_bytes(manifest._checksum_line(data))
