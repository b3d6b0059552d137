""".blend files that the three Blenders wrote, built once a session; tests that change one take a copy."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest
from flamenco_client.pack import Pack
from scenes import BLENDERS, run_python

BUILDER = Path(__file__).resolve().parent / "client_builder.py"
VERSIONS = tuple(BLENDERS)


@cache
def files_of(version: str) -> Path:
    """The folder of files of one Blender; see `client_builder`."""
    folder = Path(tempfile.mkdtemp(prefix=f"flamenco-blends-{version}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    run_python(version, BUILDER, str(folder))
    return folder


@pytest.fixture(params=VERSIONS)
def built(request: pytest.FixtureRequest) -> tuple[str, Path]:
    """A Blender's version, and the folder of its files."""
    return request.param, files_of(request.param)


def staged(packed: Pack, folder: Path) -> Path:
    """The pack as a worker lays it out; the .blend in it."""
    for file in packed.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.source, target)
    return folder / packed.blend
