"""The worker's files: fetched whole, verified, linked, and let go when there is no room."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_manager import ENROLMENT, FakeManager, sha
from flamenco_common.abilities import Abilities
from flamenco_common.documents import Assignment, Registration, TaskFile
from flamenco_worker import cache as module
from flamenco_worker.cache import Cache
from flamenco_worker.errors import Cancelled, CommandFailed, MachineFault, Unreachable
from flamenco_worker.upstream import Upstream


@pytest.fixture
def upstream(manager: FakeManager) -> Upstream:
    """Signed in."""
    made = Upstream(manager.address, ENROLMENT)
    answer = made.register(Registration("i", "W", Abilities("linux", 1, 1)))
    made.use_token(answer.token)
    return made


class Trees:
    """A cache, and the trees of jobs that it lays out."""

    def __init__(self, folder: Path, manager: FakeManager, upstream: Upstream, most: int = 1_000_000_000) -> None:
        self.folder, self.manager, self.upstream = folder, manager, upstream
        self.in_use: set[int] = set()
        self.cache = Cache(folder, most, lambda _seconds: None, lambda: self.in_use)
        self.cancelled = threading.Event()

    def prepare(self, files: dict[str, bytes], job: int = 1) -> Path:
        """Lay out a job's tree; returns it."""
        root = self.folder / "jobs" / str(job)
        for data in files.values():
            self.manager.blobs[sha(data)] = data
        named = [TaskFile(path, sha(data), len(data)) for path, data in files.items()]
        assignment = Assignment(1, "r", job, "s", "j", "t", [], str(root / "tree"), str(root / "output"))
        self.cache.prepare(assignment, named, self.upstream, self.cancelled)
        return root / "tree"


@pytest.fixture
def trees(tmp_path: Path, manager: FakeManager, upstream: Upstream) -> Trees:
    """A cache with much room."""
    return Trees(tmp_path, manager, upstream)


def zips(manager: FakeManager) -> int:
    """How often files were asked for."""
    return sum(call.startswith("POST /tasks/zip/") for call in manager.calls)


def test_files_are_fetched_once_and_linked_into_every_tree(trees: Trees, manager: FakeManager) -> None:
    one = trees.prepare({"a/x.png": b"pixels", "y.png": b"pixels"}, job=1)
    two = trees.prepare({"z.png": b"pixels"}, job=2)
    assert zips(manager) == 1
    assert (one / "a/x.png").read_bytes() == (two / "z.png").read_bytes() == b"pixels"
    assert (one / "a/x.png").samefile(two / "z.png")


def test_a_blend_file_in_a_tree_is_a_copy_that_may_be_written_to(trees: Trees) -> None:
    tree = trees.prepare({"shot.blend": b"BLENDER"})
    (tree / "shot.blend").write_bytes(b"BLENDER saved")
    again = trees.prepare({"shot.blend": b"BLENDER"})
    assert (again / "shot.blend").read_bytes() == b"BLENDER"


def test_a_cached_file_that_was_changed_in_place_is_fetched_again(trees: Trees, manager: FakeManager) -> None:
    tree = trees.prepare({"x.png": b"pixels"})
    (tree / "x.png").chmod(0o600)
    (tree / "x.png").write_bytes(b"PIXELS")
    again = trees.prepare({"x.png": b"pixels"})
    assert (again / "x.png").read_bytes() == b"pixels"
    assert zips(manager) == 2


def test_a_cached_file_that_was_only_touched_is_kept(trees: Trees, manager: FakeManager) -> None:
    tree = trees.prepare({"x.png": b"pixels"})
    os.utime(tree / "x.png")
    trees.prepare({"x.png": b"pixels"})
    assert zips(manager) == 1


def test_a_file_that_arrives_damaged_is_fetched_again(trees: Trees, manager: FakeManager) -> None:
    manager.faults.damage.add(sha(b"pixels"))
    tree = trees.prepare({"x.png": b"pixels"})
    assert (tree / "x.png").read_bytes() == b"pixels"
    assert zips(manager) == 2


def test_a_large_file_goes_on_where_it_broke_off(
    trees: Trees, manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SMALL", 1000)
    data = os.urandom(3_000_000)
    manager.faults.cut[sha(data)] = 2_000_000
    tree = trees.prepare({"big.vdb": data})
    assert (tree / "big.vdb").read_bytes() == data
    first, second = manager.fetched[sha(data)]
    assert first == ""
    assert int(second.removeprefix("bytes=").rstrip("-")) >= 1_000_000


def test_a_large_file_whose_begin_is_damaged_is_fetched_from_the_start(
    trees: Trees, manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SMALL", 1000)
    data = os.urandom(100_000)
    incoming = trees.folder / "files" / "incoming"
    incoming.mkdir(parents=True)
    (incoming / f"{sha(data)}.part").write_bytes(b"\0" * 50_000)
    tree = trees.prepare({"big.vdb": data})
    assert (tree / "big.vdb").read_bytes() == data
    assert manager.fetched[sha(data)] == ["bytes=50000-", ""]


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a//x", "C:/x", "a\\x", "con.txt"])
def test_a_path_out_of_the_tree_is_refused(trees: Trees, path: str) -> None:
    with pytest.raises(CommandFailed):
        trees.prepare({path: b"x"})


def test_a_link_in_a_tree_does_not_lead_out_of_it(trees: Trees, tmp_path: Path) -> None:
    tree = trees.prepare({"a.txt": b"x"})
    outside = tmp_path / "outside"
    outside.mkdir()
    (tree / "out").symlink_to(outside)
    with pytest.raises(CommandFailed, match="leaves its folder through a link"):
        trees.prepare({"out/b.txt": b"x"})
    assert not list(outside.iterdir())


def test_the_least_recently_used_files_and_unused_trees_go_first(
    tmp_path: Path, manager: FakeManager, upstream: Upstream
) -> None:
    trees = Trees(tmp_path, manager, upstream, most=250_000)
    old, used, more = (bytes([number]) * 100_000 for number in (1, 2, 3))
    gone = trees.prepare({"old": old}, job=1)
    stays = trees.prepare({"used": used}, job=2)
    trees.in_use = {2, 3}
    trees.prepare({"more": more}, job=3)
    assert not gone.exists()
    assert (stays / "used").read_bytes() == used
    assert not trees.cache.path(sha(old)).exists()
    assert trees.cache.path(sha(more)).exists()


def test_outputs_are_let_go_too_when_there_is_no_room(tmp_path: Path, manager: FakeManager, upstream: Upstream) -> None:
    trees = Trees(tmp_path, manager, upstream, most=250_000)
    trees.in_use = {1}
    trees.prepare({"scene": b"scene"}, job=1)
    frames = []
    for number in range(6):
        frame = tmp_path / "jobs" / "1" / "output" / f"{number}.png"
        frame.write_bytes(bytes([number]) * 100_000)
        frames.append(frame)
        trees.cache.add(frame, sha(frame.read_bytes()))
    assert [frame.exists() for frame in frames] == [False, False, False, False, True, True]


def test_what_the_present_task_needs_is_never_let_go(tmp_path: Path, manager: FakeManager, upstream: Upstream) -> None:
    trees = Trees(tmp_path, manager, upstream, most=1000)
    tree = trees.prepare({"a": b"a" * 900, "b": b"b" * 900})
    assert (tree / "a").stat().st_size == (tree / "b").stat().st_size == 900


def test_a_run_that_is_taken_away_stops_fetching(trees: Trees, manager: FakeManager) -> None:
    trees.cancelled.set()
    with pytest.raises(Cancelled):
        trees.prepare({"a": b"a"})
    assert not zips(manager)


def test_a_manager_that_is_gone_is_unreachable_and_nothing_is_half_there(trees: Trees, manager: FakeManager) -> None:
    manager.stop()
    with pytest.raises(Unreachable):
        trees.prepare({"a": b"a"})
    assert not list((trees.folder / "jobs" / "1" / "tree").iterdir())


def test_a_full_disk_is_the_machines_fault(trees: Trees, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "_link_or_copy", full)
    with pytest.raises(MachineFault, match="No space left"):
        trees.prepare({"a": b"a"})


@pytest.fixture
def aged() -> Callable[[Path], None]:
    """Make a folder look as if nobody had touched it for a month."""
    return lambda folder: os.utime(folder, (1.6e9, 1.6e9))


def test_before_work_old_trees_and_half_done_things_are_removed(trees: Trees, aged: Callable[[Path], None]) -> None:
    old, young = trees.prepare({"a": b"a"}, job=1).parent, trees.prepare({"a": b"a"}, job=2).parent
    (young / "scratch" / "run-1").mkdir(parents=True)
    aged(old)
    trees.cache.tidy()
    assert not old.exists()
    assert [each.name for each in sorted(young.iterdir())] == ["output", "tree"]
    assert not (trees.folder / "files" / "incoming").exists()
