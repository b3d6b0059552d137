"""The file that Blender is started with: brings in the wheel if there is no Blender around it, then the driver."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

PACKAGE = "flamenco_driver"


def main() -> None:
    """Load the driver's package by its path and let it serve until it is told to end."""
    wheel = os.environ.pop("FLAMENCO_BPY_FOLDER", "")
    if wheel:
        sys.path.insert(0, wheel)
    folder = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        PACKAGE, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = package
    spec.loader.exec_module(package)
    importlib.import_module(f"{PACKAGE}.serve").serve(embedded=bool(wheel))


if __name__ == "__main__":
    main()
