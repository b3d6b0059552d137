"""Shared storage that is mounted, and that is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from flamenco_common.documents import TaskFile
from flamenco_worker import shared
from flamenco_worker.errors import MachineFault
from flamenco_worker.shared import check_mounted

FILES = [TaskFile("a.blend", "", 1), TaskFile("gone.png", "", 1)]


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job's folder with one of its two files."""
    folder = tmp_path / "share" / "project"
    folder.mkdir(parents=True)
    (folder / "a.blend").write_bytes(b"x")
    return folder


def test_a_file_that_is_gone_is_no_fault_of_the_machine(job: Path, tmp_path: Path) -> None:
    check_mounted(job, tmp_path / "share" / "renders" / "shot", FILES)
    check_mounted(job, tmp_path / "share" / "renders" / "shot", [])


def test_an_empty_mount_point_is_the_machines_fault(tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    with pytest.raises(MachineFault, match="none of the job's files"):
        check_mounted(tmp_path / "mount", tmp_path / "out", FILES)


def test_outputs_do_not_go_to_the_machines_own_disk(job: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "device", lambda path: int(path.is_relative_to(tmp_path / "share")))
    check_mounted(job, tmp_path / "share" / "new" / "shot", FILES)
    with pytest.raises(MachineFault, match="own disk"):
        check_mounted(job, tmp_path / "renders" / "shot", FILES)
    (tmp_path / "renders" / "shot").mkdir(parents=True)
    check_mounted(job, tmp_path / "renders" / "shot", FILES)
