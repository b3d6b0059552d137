"""Job compilers: found, isolated from one another, and picked up when edited."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flamenco_server.errors import Invalid
from flamenco_server.modules.jobs.compilers import Compilers
from server_farm import COMPILERS, Site


def job_types(site: Site) -> dict[str, dict[str, object]]:
    """The listed job types by name."""
    return {item["name"]: item for item in site.by("viewer")("GET", "/api/job-types").json["items"]}


def test_a_job_type_is_listed_with_the_settings_of_its_form(site: Site) -> None:
    copying = job_types(site)["copying"]
    assert copying["help"] == "Copy files a frame, then all of them together."
    frames, chunk, preview, _ = copying["settings"]  # type: ignore[misc]
    assert (frames["type"], frames["source"], frames["required"]) == ("frames", "frame_range", False)
    assert (chunk["type"], chunk["default"], chunk["minimum"], chunk["maximum"]) == ("int", 1, 1, 1000)
    assert (preview["type"], preview["default"], preview["label"]) == ("bool", True, "Preview")
    assert site.by("viewer")("GET", "/api/job-types/none").status_code == 404


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("def", "bad.py, line 1: SyntaxError"),
        ("import this_is_not_there", "bad.py, line 1: ModuleNotFoundError"),
        ("\n\nraise SystemExit(3)", "bad.py, line 3: SystemExit"),
        ("x = 1", "it has no dataclass named Settings"),
    ],
)
def test_a_broken_compiler_is_listed_with_its_error_and_harms_nothing(site: Site, text: str, error: str) -> None:
    (site.config.job_compilers[0] / "bad.py").write_text(text, encoding="utf-8")
    assert error in str(job_types(site)["bad"]["error"])
    assert job_types(site)["copying"]["error"] == ""
    answer = site.by("artist")("POST", "/api/jobs", json=site.submission(type="bad"))
    assert (answer.status_code, answer.json["field"]) == (422, "type")
    assert error in answer.json["detail"]
    site.submit()


def test_an_edited_compiler_counts_at_once_and_old_jobs_keep_what_they_were_compiled_to(site: Site) -> None:
    old = site.submit()
    file = site.config.job_compilers[0] / "copying.py"
    file.write_text(COMPILERS["copying"].replace('job.step("preview"', 'job.step("film"'), encoding="utf-8")
    os.utime(file, ns=(1, 1))
    new = site.submit()
    names = [
        [step["name"] for step in site.by("viewer")("GET", f"/api/jobs/{job}/steps").json["items"]]
        for job in (old, new)
    ]
    assert names == [["render", "preview"], ["render", "film"]]


def test_a_compiler_that_raises_is_an_error_with_its_line(site: Site) -> None:
    text = COMPILERS["copying"].replace("    copy = ", "    copy = None + ")
    (site.config.job_compilers[0] / "odd.py").write_text(text, encoding="utf-8")
    answer = site.by("artist")("POST", "/api/jobs", json=site.submission(type="odd"))
    assert answer.status_code == 422
    assert "odd.py, line 14: TypeError" in answer.json["detail"]


def test_own_folders_win_and_a_removed_file_is_gone(tmp_path: Path) -> None:
    for folder, text in (("own", '"""Own."""'), ("other", '"""Other."""')):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "copying.py").write_text(COMPILERS["copying"].replace('"""Copy', text + '\n"""Copy'))
    compilers = Compilers([tmp_path / "own", tmp_path / "other", tmp_path / "absent"])
    assert compilers.get("copying").help == "Own."
    (tmp_path / "own" / "copying.py").unlink()
    assert compilers.get("copying").help == "Other."
    with pytest.raises(Invalid, match="there is no job type 'x'; there are copying"):
        compilers.get("x")
