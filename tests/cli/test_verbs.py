"""Verbs that list and change what is on a real farm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flamenco_here import Command
from render_jobs import render
from served_farm import Served

# ---- jobs ----


def test_jobs_are_listed_newest_first(served: Served, flamenco: Command) -> None:
    assert flamenco("jobs").out == "There are no jobs.\n"
    assert flamenco("jobs", "--json").json == []
    first, second = render(served), render(served, name="Other", priority=70)
    served.farm.clock.now += 5
    third = render(served, name="Newest")
    said = flamenco("jobs")
    assert said.rows[0] == ["Job", "Name", "Type", "State", "Done", "Failed", "Priority", "Owner", "Made"]
    assert said.rows[1][0] == str(third)
    by_id = {row[0]: row for row in said.rows[1:]}
    assert by_id[str(first)][1:8] == ["A [shot]", "render", "queued", "0/4", "–", "50", "artist"]
    assert by_id[str(second)][6] == "70"
    assert [job["id"] for job in flamenco("jobs", "--json", "--limit", 1).json] == [third]


def test_a_row_is_one_line_for_programs(served: Served, flamenco: Command) -> None:
    render(served, "1-3", name="a name that is much longer than a terminal is wide " * 4)
    assert len(flamenco("jobs").out.splitlines()) == 2


def test_jobs_are_filtered(served: Served, flamenco: Command) -> None:
    first, second = render(served), render(served, project="")
    flamenco("pause", second)
    assert [job["id"] for job in flamenco("jobs", "--json", "--state", "paused").json] == [second]
    assert len(flamenco("jobs", "--json", "--state", "paused,queued").json) == 2
    assert flamenco("jobs", "--json", "--type", "video").json == []
    flamenco("cancel", first)
    assert flamenco("archive", first).out == f"Job {first} is archived.\n"
    assert [job["id"] for job in flamenco("jobs", "--json", "--archived").json] == [first]
    assert [job["id"] for job in flamenco("jobs", "--json").json] == [second]
    flamenco("archive", "--undo", first)
    assert len(flamenco("jobs", "--json").json) == 2
    assert "state" in flamenco("jobs", "--state", "sleeping").mistake()


def test_a_job_is_shown_with_its_steps_and_why_it_waits(served: Served, flamenco: Command) -> None:
    job = render(served, settings={"frames": "1-4"})
    said = flamenco("job", job)
    told = {row[0]: row[1:] for row in said.rows if len(row) > 1}
    assert told["Job"] == [str(job), "A [shot]"]
    assert told["Tasks"] == ["0 of 5 done, 0 failed"]
    assert told["frames"] == ["1-4"]
    assert told["render"][:3] == ["0/4", "–", "–"]
    assert told["preview"][:3] == ["0/1", "–", "render"]
    assert "worker" in told["Waits"][0]
    assert [step["name"] for step in flamenco("job", job, "--json").json["steps"]] == ["render", "preview"]


def test_measured_times_and_failures_are_shown(served: Served, flamenco: Command) -> None:
    job = render(served)
    served.worker()
    for number in range(3):
        task = served.claim(f"lease {number}")
        assert task is not None
        served.farm.clock.now += 90
        served.report(task, 1, status="completed" if number else "failed", reason="Error: out of [red] paint")
    said = flamenco("job", job)
    told = {row[0]: row[1:] for row in said.rows if len(row) > 1}
    assert told["render"][3] == "1 min 30 s"
    assert told["Failed"] == ["Error: out of [red] paint (1 times)"]
    tasks = flamenco("tasks", job).rows
    assert tasks[0] == ["Task", "Step", "What", "Status", "Worker", "Why"]
    assert {row[3] for row in tasks[1:]} == {"completed", "queued"}
    assert len(flamenco("tasks", job, "--json", "--status", "completed").json) == 2
    assert flamenco("tasks", job, "--status", "failed").out == "It has no such tasks.\n"


def test_tasks_say_what_they_are_about(served: Served, flamenco: Command) -> None:
    scene = {"width": 64, "height": 32, "engine": "CYCLES", "samples": 10, "frame": 1}
    job = render(served, type="still", scene=scene, settings={"tiles": "2x1", "sample_ranges": 2})
    what = [row[2] for row in flamenco("tasks", job).rows[1:5]]
    assert what == [
        "pixels 0-32 x 0-32, samples 0-5", "pixels 32-64 x 0-32, samples 0-5", "pixels 0-32 x 0-32, samples 5-10",
        "pixels 32-64 x 0-32, samples 5-10",
    ]  # fmt: skip


# ---- steering ----


def test_jobs_are_paused_resumed_canceled_and_queued_again(served: Served, flamenco: Command) -> None:
    first, second = render(served), render(served)
    assert flamenco("pause", first, second).out == f"Job {first} is paused.\nJob {second} is paused.\n"
    assert flamenco("resume", first).out == f"Job {first} goes on.\n"
    assert flamenco("priority", first, 90).out == f"Job {first} has priority 90.\n"
    assert flamenco("cancel", first, "--json").json[0]["state"] == "canceled"
    states = {job["id"]: (job["state"], job["priority"]) for job in flamenco("jobs", "--json").json}
    assert states == {first: ("canceled", 90), second: ("paused", 50)}
    assert flamenco("requeue", first, "--frames", "2-3").out == f"Job {first} is queued.\n"
    assert flamenco("job", first, "--json").json["counts"] == {
        "waiting": 0, "queued": 2, "processing": 0, "completed": 0, "failed": 0, "canceled": 2,
    }  # fmt: skip
    assert flamenco("requeue", first).code == 0
    assert flamenco("job", first, "--json").json["counts"]["queued"] == 4


def test_failed_tasks_and_single_tasks_are_queued_again(served: Served, flamenco: Command) -> None:
    job = render(served, settings={"frames": "1-3", "preview": False, "retries": 0})
    assert served.finish_all(status="failed", reason="Error: no light") == 3
    assert flamenco("job", job, "--json").json["state"] == "failed"
    task = flamenco("tasks", job, "--json").json[0]["id"]
    flamenco("requeue", job, "--task", task)
    assert flamenco("job", job, "--json").json["counts"]["queued"] == 1
    flamenco("requeue", job, "--failed")
    assert flamenco("job", job, "--json").json["counts"]["queued"] == 3


def test_one_job_that_refuses_does_not_keep_the_others_from_it(served: Served, flamenco: Command) -> None:
    job = render(served)
    said = flamenco("pause", 999, job)
    assert (said.code, said.out) == (2, f"Job {job} is paused.\n")
    assert said.err == "flamenco: there is no job 999\n"


def test_deleting_asks_first(served: Served, flamenco: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    job = render(served)
    flamenco("cancel", job)
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: SIM115, PTH123 - nobody answers
    assert flamenco("delete", job).code == 130
    assert len(flamenco("jobs", "--json").json) == 1
    assert flamenco("delete", "--yes", job).out == f"Job {job} is deleted.\n"
    assert flamenco("jobs", "--json").json == []


# ---- the farm ----


def test_workers_and_managers_are_listed(served: Served, flamenco: Command) -> None:
    assert flamenco("workers").out == "There are no workers.\n"
    served.worker("M1-a", blenders=[{"version": "4.5.15", "executable": "b"}, {"version": "5.0.1", "executable": "c"}])
    served.client("admin").order_worker("M1-a", enabled=False)
    rows = flamenco("workers").rows
    assert rows[0] == ["Worker", "Name", "State", "Cores", "Memory", "Blenders", "Tasks"]
    assert rows[1][0] == "M1-a"
    assert rows[1][2].startswith("awake")
    assert rows[1][3:] == ["4", "8 GB", "4.5.15, 5.0.1", "–"]
    assert [worker["id"] for worker in flamenco("workers", "--json", "--state", "awake").json] == ["M1-a"]
    assert flamenco("workers", "--state", "offline").out == "There are no workers.\n"
    assert flamenco("managers").rows[1][:3] == ["1", "site", "1"]
    assert flamenco("managers", "--json").json[0]["name"] == "site"


def test_job_types_are_listed_with_their_settings(served: Served, flamenco: Command) -> None:
    assert [row[0] for row in flamenco("job-types").rows[1:]] == ["bake", "render", "still", "video"]
    said = flamenco("job-types", "render")
    assert said.out.startswith("Render frames, then encode a preview of them.\n")
    rows = {row[0]: row for row in said.rows[1:]}
    assert rows["frames"][1:3] == ["frames", "from the scene: frame_range"]
    assert rows["chunk_size"][1:3] == ["int", "1"]
    assert "PNG, JPEG, OPEN_EXR" in rows["format"][3]
    assert [found["name"] for found in flamenco("job-types", "--json").json] == ["bake", "render", "still", "video"]


# ---- results ----


def test_results_are_fetched_once(served: Served, flamenco: Command, home: Path) -> None:
    job = served.farm.job(outputs={"frames/0001.png": b"one", "frames/0002.png": b"two"})
    assert flamenco("fetch", job).out == f"2 files fetched to job-{job}.\n"
    assert (home / f"job-{job}/frames/0002.png").read_bytes() == b"two"
    assert flamenco("fetch", job).out == f"0 files fetched to job-{job}, 2 were there.\n"
    said = flamenco("fetch", job, "--to", home / "there", "--json").json
    assert said["folder"] == str(home / "there")
    assert sorted(Path(path).name for path in said["new"]) == ["0001.png", "0002.png"]
    assert said["kept"] == []
