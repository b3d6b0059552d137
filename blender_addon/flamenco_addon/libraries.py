# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries that the add-on brings along: flamenco_client, Blender Asset Tracer, requests, zstandard.

The extension (Blender 4.2 and later) has them as wheels, which Blender installs itself. The legacy package has them
unpacked in `vendored/`, which comes last on the search path: what Blender has of its own is used.
"""

from __future__ import annotations

import multiprocessing  # noqa: F401 - before the libraries do, see _forget_second_main
import sys
from pathlib import Path

VENDORED = Path(__file__).with_name("vendored")
_CLIENT = "flamenco_client"


def provide() -> None:
    """Make the libraries importable."""
    path = str(VENDORED)
    if VENDORED.is_dir() and path not in sys.path:
        sys.path.append(path)
    _forget_second_main()


def withdraw() -> None:
    """Forget the libraries and the add-on's own modules, as they are now.

    So an add-on that is updated and enabled anew consists of its new modules and its new client only. Blender itself
    reloads no more than the package.
    """
    path = str(VENDORED)
    while path in sys.path:
        sys.path.remove(path)
    own = f"{__package__}."
    for name in [name for name in sys.modules if name.partition(".")[0] == _CLIENT or name.startswith(own)]:
        module = sys.modules.pop(name)
        parent, _, last = name.rpartition(".")
        if vars(sys.modules.get(parent, module)).get(last) is module:
            delattr(sys.modules[parent], last)


def _forget_second_main() -> None:
    """Take back the second name that multiprocessing, which the libraries import, gives to the main module.

    While Blender runs a script, that script is the main module. Blender takes its namespace away when the script
    has ended; whoever then finds it under the other name reads freed memory, and Blender crashes as it quits.
    """
    sys.modules.pop("__mp_main__", None)
