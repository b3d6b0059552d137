"""What everybody who starts programs needs: that they die with us, and how they ended in words."""

from __future__ import annotations

import shutil
import signal
import sys


def dies_with_us() -> list[str]:
    """A prefix that makes a program die when the thread that starts it dies (Linux, util-linux 2.33 or later)."""
    setpriv = shutil.which("setpriv") if sys.platform == "linux" else None
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def ending(exit_code: int) -> str:
    """An exit code in words; a negative one stands for a signal."""
    if exit_code >= 0:
        return f"exit code {exit_code}"
    try:
        return f"signal {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"signal {-exit_code}"
