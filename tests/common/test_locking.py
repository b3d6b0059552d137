"""Locks on files: one holder at a time, and none left behind by a process that is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from flamenco_common.locking import try_lock

_HOLDER = """
import sys
from pathlib import Path
from flamenco_common.locking import try_lock
with try_lock(Path(sys.argv[1])) as free:
    print(free, flush=True)
    sys.stdin.read()
"""


def test_it_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin is not None and holder.stdout is not None
    with holder.stdin, holder.stdout:
        assert holder.stdout.readline() == "True\n"
        with try_lock(file) as free:
            assert not free
        holder.kill()
        holder.wait(10)
    with try_lock(file) as free:
        assert free
    assert not file.exists()
