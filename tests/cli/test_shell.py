"""The installed command in a real shell."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from render_jobs import render
from served_farm import Served

pytestmark = pytest.mark.real

FLAMENCO = Path(sys.executable).with_name("flamenco")


def shell(served: Served, line: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `flamenco` is the installed command."""
    environment = {
        **os.environ, "PATH": f"{FLAMENCO.parent}:{os.environ['PATH']}", "FLAMENCO_SERVER": served.address,
        "FLAMENCO_TOKEN": served.farm.tokens["admin"], "HOME": str(folder), **more,
    }  # fmt: skip
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=environment, timeout=60, check=False
    )


def test_a_mistake_is_one_sentence_and_exit_code_2(served: Served, tmp_path: Path) -> None:
    done = shell(served, "flamenco job 999", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "flamenco: there is no job 999\n")


def test_output_can_be_cut_off_by_its_reader(served: Served, tmp_path: Path) -> None:
    job = render(served, "1-3000")
    done = shell(served, f"set -o pipefail; flamenco tasks {job} --json | head -1", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[\n", "")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_there_is_a_completion_script_for_each_shell(served: Served, tmp_path: Path, name: str) -> None:
    done = shell(served, f"flamenco completion {name}", tmp_path)
    assert done.returncode == 0
    assert "_FLAMENCO_COMPLETE" in done.stdout


def test_bash_completes_verbs_and_options(served: Served, tmp_path: Path) -> None:
    line = (
        'eval "$(flamenco completion bash)"; '
        "COMP_WORDS=(flamenco re); COMP_CWORD=1; _flamenco_completion flamenco re flamenco; echo ${COMPREPLY[@]}; "
        "COMPREPLY=(); COMP_WORDS=(flamenco requeue --f); COMP_CWORD=2; _flamenco_completion flamenco --f requeue; echo ${COMPREPLY[@]}"
    )
    done = shell(served, line, tmp_path)
    assert done.stdout.splitlines() == ["resume requeue", "--failed --frames"], done.stderr
