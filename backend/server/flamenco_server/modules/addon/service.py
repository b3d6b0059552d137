"""The add-on's packages as `make addon` left them, and copies of them that name a server."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, get_args

from flamenco_common.configuring import toml_of

from flamenco_server.errors import NotFound
from flamenco_server.modules.addon.schemas import Kind

BUILT = Path(__file__).resolve().parents[2] / "addon"
BLENDERS: Mapping[Kind, str] = {"legacy": "3.4 to 4.1", "extension": "4.2 and later"}
# Where a package has its own files, and what the file with the address is called there.
_FOLDERS: Mapping[Kind, str] = {"legacy": "flamenco_addon/", "extension": ""}
_NAME = re.compile(r"flamenco_addon-(?P<legacy>legacy-)?(?P<version>\d[\w.-]*)\.zip")
_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Package:
    """A package on disk."""

    kind: Kind
    version: str
    path: Path


class Packages:
    """The packages in a folder: the newest of each kind."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> list[Package]:
        """Those that there are, the one for newer Blenders first."""
        found: dict[Kind, Package] = {}
        for path in sorted(self._folder.glob("flamenco_addon-*.zip"), key=lambda path: path.stat().st_mtime):
            if match := _NAME.fullmatch(path.name):
                kind: Kind = "legacy" if match["legacy"] else "extension"
                found[kind] = Package(kind, match["version"], path)
        return [found[kind] for kind in reversed(get_args(Kind)) if kind in found]

    def one(self, kind: Kind) -> Package:
        """The package of a kind. Raises `NotFound`."""
        for package in self.all():
            if package.kind == kind:
                return package
        raise NotFound("the Blender add-on was not built on this server: say `make addon` there, then ask again")


def filled(package: Package, address: str) -> IO[bytes]:
    """A package in a temporary file, with the address of the server in it; the same address gives the same bytes."""
    copy: IO[bytes] = tempfile.TemporaryFile(prefix="flamenco-addon-")  # noqa: SIM115 - whoever asked closes it
    with package.path.open("rb") as source:
        shutil.copyfileobj(source, copy)
    entry = zipfile.ZipInfo(f"{_FOLDERS[package.kind]}farm.json", _EPOCH)
    entry.create_system, entry.external_attr = 3, 0o644 << 16
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr(entry, json.dumps({"address": address}))
    copy.seek(0)
    return copy


def size_and_hash(file: IO[bytes]) -> tuple[int, str]:
    """How many bytes a file has, and their SHA-256; it is closed then."""
    digest, size = hashlib.sha256(), 0
    with file:
        while block := file.read(io.DEFAULT_BUFFER_SIZE * 16):
            digest.update(block)
            size += len(block)
    return size, digest.hexdigest()


def listing(package: Package, address: str) -> dict[str, Any]:
    """The extension as a repository lists it: its manifest, and where and what the archive is."""
    with zipfile.ZipFile(package.path) as archive:
        manifest = toml_of(archive.read("blender_manifest.toml").decode())
    pythons = sorted({tag for wheel in manifest.pop("wheels") for tag in re.findall(r"-cp(3\d+)-", wheel)})
    size, sha256 = size_and_hash(filled(package, address))
    return manifest | {
        "python_versions": [f"{tag[0]}.{tag[1:]}" for tag in pythons],
        "archive_url": "./extension.zip",
        "archive_size": size,
        "archive_hash": f"sha256:{sha256}",
    }
