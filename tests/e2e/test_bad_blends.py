"""Bad .blend files through the whole farm: the job fails with one sentence that names what is wrong, and the farm goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from scenes import blend, copy
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(300)]


SETTINGS = {"frames": "1", "preview": False, "retries": 0}


def failure(farm: WholeFarm, file: Path, **more: object) -> str:
    """Submit one frame that must fail; the sentences that say why."""
    return reasons(farm, farm.submit(file, settings=SETTINGS, **more))


def reasons(farm: WholeFarm, job_id: int) -> str:
    """Wait until the job failed without making anything; the sentences that say why."""
    job = farm.wait(job_id, 120, "failed")
    assert not farm.outputs(job_id)
    return " ".join(each["reason"] for each in job["failures"])


@pytest.mark.parametrize("version", ["3.4", "4.5"])
def test_no_camera(farm: WholeFarm, version: str) -> None:
    assert "no camera" in failure(farm, blend("no_camera", version), blender=version).lower()


def test_a_texture_that_goes_after_the_job_was_submitted_is_named(farm: WholeFarm, tmp_path: Path) -> None:
    """On shared storage, where the workers use the artist's own files."""
    file = copy("textured", "4.5", tmp_path / "project")
    job = farm.submit(file, settings=SETTINGS, blender="4.5", shared=True, paused=True)
    (file.parent / "green.png").unlink()
    farm.cli("resume", str(job))
    assert "green.png" in reasons(farm, job)


def test_missing_textures_are_found_before_anything_is_sent(farm: WholeFarm) -> None:
    said = farm.cli("submit", str(blend("missing_texture", "4.5")), code=2)
    assert "gone.png" in said


def test_a_missing_library_is_named(farm: WholeFarm) -> None:
    said = farm.cli("submit", str(blend("missing_library", "4.5")), code=2)
    assert "props.blend" in said


def test_missing_files_may_be_allowed(farm: WholeFarm) -> None:
    settings = {"frames": "1", "preview": False}
    job = farm.submit(blend("missing_texture", "4.5"), settings=settings, blender="4.5", allow_missing=True)
    farm.wait(job, 120)


def test_a_file_of_a_newer_blender(farm: WholeFarm) -> None:
    said = failure(farm, blend("small_cycles", "5.0"), blender="4.5")
    assert "5.0" in said
    assert "4.5" in said


def test_a_file_cut_short(farm: WholeFarm, tmp_path: Path) -> None:
    file = copy("small_cycles", "4.5", tmp_path / "cut")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])
    said = farm.cli("submit", str(file), code=2)
    assert "small_cycles.blend" in said


def test_no_worker_has_that_blender(farm: WholeFarm) -> None:
    job = farm.submit(blend("small_cycles", "4.5"), settings={"frames": "1"}, blender="4.2")
    assert "4.2" in farm.client.job(job)["waiting_because"]
    farm.cli("cancel", str(job))
    farm.wait(job, 30, "canceled")
