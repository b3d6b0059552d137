"""A person's mistake is one sentence on stderr, exit code 2, and no traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flamenco_client import api
from flamenco_here import Command
from processes import free_port
from render_jobs import render
from served_farm import Served


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all: mistakes change nothing."""
    made = Served(tmp_path_factory.mktemp("server"))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr(api, "PAUSE", 0.0)


@pytest.mark.parametrize(
    "verb",
    ["job", "tasks", "logs", "cancel", "pause", "resume", "archive", "fetch", "requeue", "delete --yes", "priority"],
)
def test_an_unknown_job(flamenco: Command, verb: str) -> None:
    more = ["5"] if verb == "priority" else []
    assert flamenco(*verb.split(), "999", *more).mistake() == "there is no job 999"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("job", "Missing argument 'JOB'"),
        ("job x", "'x' is not a valid integer"),
        ("jbos", "No such command 'jbos'"),
        ("jobs --stat queued", "No such option"),
        ("jobs --state sleeping", "state"),
        ("jobs --limit x", "'x' is not a valid integer"),
        ("jobs --limit 0", "0 is not in the range x>=1"),
        ("priority 1 1001", "1001 is not in the range 0<=x<=1000"),
        ("submit a.blend --max-workers -1", "-1 is not in the range x>=0"),
        ("priority 1 high", "'high' is not a valid integer"),
        ("requeue 1 --failed --frames 1", "give one of --failed, --frames and --task"),
        ("submit", "Missing argument 'FILE'"),
        ("submit gone.blend", "there is no file"),
        ("submit gone/####.png", "cannot be read"),
        ("submit a.blend --set frames", "--set 'frames' must be written as KEY=VALUE"),
        ("submit a.blend --set =5", "must be written as KEY=VALUE"),
        ("submit a.blend --override samples", "--override 'samples' must be written as KEY=VALUE"),
        ("submit a.blend --output out", "--output goes with --shared only"),
        ("job-types nothing", "there is no job type 'nothing'"),
        ("completion powershell", "'powershell' is not one of"),
    ],
)  # fmt: skip
def test_what_is_written_wrong(flamenco: Command, arguments: str, says: str) -> None:
    assert says in flamenco(*arguments.split()).mistake()


def test_nothing_at_all_shows_the_verbs(flamenco: Command) -> None:
    done = flamenco()
    assert done.code == 2
    assert done.err.startswith("Usage: flamenco")
    assert "  submit " in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("", "the setting 'fps' must be given"),
        ("--set fps=24 --frames 9-1", "frames '9-1' cannot be read: 9-1 counts down"),
        ("--set fps=24 --frames 1-", "cannot be read: write them like 1-100"),
        ("--set fps=fast", "fps is 'fast'; it must be a number"),
        ("--set fps=24 --set speed=2", "there is no setting 'speed'; the settings are "),
        ("--set fps=24 --set codec=mpeg", "codec is 'mpeg'; it must be one of h264"),
        ("--set fps=24 --frames 1-5", "there are no pictures of the frames 2-5"),
        ("--set fps=24 --type rendre", "there is no job type 'rendre'; there are bake, render, still, video"),
        ("--set fps=24 --type render --frames 1", "this job type needs a .blend file, and the job has none"),
        ("--set fps=24 --preset best", "there is no preset 'best'"),
        ("--set fps=24 --override color=1", "'color' cannot be overridden"),
        ("--set fps=24 --override samples=many", "samples is 'many'; it must be a whole number"),
        ("--set fps=24 --project nowhere", "nowhere"),
        ("--set fps=24 --blender new", "blender"),
        ("--set fps=24 --priority -1", "priority"),
        ("--set fps=24 --file gone.wav", "there is no file gone.wav"),
    ],
)  # fmt: skip
def test_a_submission_that_is_refused(served: Served, flamenco: Command, home: Path, arguments: str, says: str) -> None:
    (home / "shot").mkdir()
    (home / "shot/0001.png").write_bytes(b"picture")
    before = list(served.client().jobs())
    assert says in flamenco("submit", "shot", *arguments.split()).mistake()
    assert list(served.client().jobs()) == before


def test_a_file_that_is_no_blend(flamenco: Command, home: Path) -> None:
    (home / "junk.blend").write_bytes(b"junk" * 500)
    assert flamenco("submit", "junk.blend").mistake() == "junk.blend is not a .blend file that can be read"
    assert "there are no pictures in" in flamenco("submit", str(home)).mistake()


def test_frames_that_no_task_has(served: Served, flamenco: Command) -> None:
    job = render(served)
    assert "counts down" in flamenco("requeue", job, "--frames", "5-1").mistake()
    assert "frames" in flamenco("requeue", job, "--frames", "100").mistake()
    assert flamenco("priority", job, -5).code == 2
    assert "priority" in flamenco("priority", "--", job, 5000).mistake()


def test_what_cannot_be_done_now(served: Served, flamenco: Command) -> None:
    job = render(served)
    served.finish_all()
    assert flamenco("pause", job).mistake() == "a job that is completed cannot become paused"


def test_a_server_that_does_not_answer(flamenco: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    said = flamenco("jobs", "--server", address)
    assert said.mistake() == f"the server at {address} does not answer (connection refused)"
    monkeypatch.setenv("FLAMENCO_SERVER", "http://no-such-host.invalid")
    assert "does not answer (no such host)" in flamenco("jobs").mistake()
    assert "is no server's address" in flamenco("jobs", "--server", "ftp://farm").mistake()


def test_a_token_that_is_missing_or_wrong(served: Served, flamenco: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "token" in flamenco("jobs", "--token", "user_1_wrong").mistake()
    job = render(served)
    assert "viewer" in flamenco("cancel", job, "--token", served.farm.tokens["viewer"]).mistake()
    monkeypatch.delenv("FLAMENCO_TOKEN")
    said = flamenco("jobs").mistake()
    assert said == f"no token for {served.address}: say `flamenco login {served.address}`, or set FLAMENCO_TOKEN"
    monkeypatch.delenv("FLAMENCO_SERVER")
    assert flamenco("jobs").mistake().startswith("no farm is known here: say `flamenco login ADDRESS`")


def test_a_folder_that_cannot_be_written(served: Served, flamenco: Command, home: Path) -> None:
    job = served.farm.job(outputs={"a.png": b"x"})
    (home / "taken").write_text("in the way")
    assert "is a file" in flamenco("fetch", job, "--to", home / "taken").mistake()
    assert "cannot be written" in flamenco("fetch", job, "--to", home / "taken" / "below").mistake()


def test_a_folder_for_results_that_is_a_file_is_told_before_anything_is_submitted(
    served: Served, flamenco: Command, home: Path
) -> None:
    (home / "taken").write_text("in the way")
    before = len(list(served.client().jobs()))
    assert "is a file" in flamenco("submit", home / "a.blend", "--to", home / "taken").mistake()
    assert len(list(served.client().jobs())) == before


def test_a_component_that_is_not_installed(flamenco: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from flamenco_cli import main

    monkeypatch.setitem(main.VERBS, "worker", ("no_such_module.cli", "worker", "worker", ""))
    assert flamenco("worker").mistake() == (
        "`flamenco worker` needs no_such_module, which is not installed: pip install 'flamenco[worker]'"
    )


def test_the_help_names_every_verb_and_loads_none(flamenco: Command) -> None:
    said = flamenco("--help")
    for verb in ("submit", "jobs", "job", "tasks", "logs", "workers", "cancel", "pause", "resume", "requeue", "priority",
                 "fetch", "delete", "login", "up"):  # fmt: skip
        assert f"\n  {verb} " in said.out
    assert said.code == 0
    assert flamenco("-h").out == said.out
    assert flamenco("--version").out.strip()


def test_a_fault_of_our_own_is_not_hidden(flamenco: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.Client, "jobs", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        flamenco("jobs")
