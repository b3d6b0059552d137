"""Build the add-on's two packages: `python blender_addon/build.py --to dist`.

- `flamenco_addon-VERSION.zip`: the extension for Blender 4.2 and later, its libraries as wheels inside;
- `flamenco_addon-legacy-VERSION.zip`: for Blender 3.4 to 4.1, its libraries unpacked in `vendored/`.

Official Blenders have requests and zstandard of their own; those of Linux distributions may not. So the legacy package
has zstandard for Linux and the Pythons of such distributions only. The wheels come from the package index by name,
in the versions and with the hashes of `requirements/addon*.lock`, and are kept for the next time. The same sources
give the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[1]
ADDON = "flamenco_addon"
SOURCE = ROOT / "blender_addon" / ADDON
CLIENT = ROOT / "backend" / "client" / "flamenco_client"
CACHE = ROOT / ".venv" / "addon-wheels"
PURE_LOCK = ROOT / "requirements" / "addon.lock"
PLATFORM_LOCK = ROOT / "requirements" / "addon-platforms.lock"
MANIFEST = "blender_manifest.toml"
EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip knows no earlier moment
Files = dict[str, bytes]  # path in an archive -> content


class BadBuild(Exception):
    """The packages cannot be built; its text says why."""


@dataclass(frozen=True)
class Target:
    """A Python on a platform, as wheels name them."""

    python: str  # like 3.11
    platform: str

    @property
    def tag(self) -> str:
        """Like cp311."""
        return "cp" + self.python.replace(".", "")


LINUX, WINDOWS = "manylinux2014_x86_64", "win_amd64"
MAC_ARM, MAC_INTEL = "macosx_11_0_arm64", "macosx_10_9_x86_64"
# The Pythons of Blender 4.2 to 5.0, and of 5.1; no Blender for Intel Macs has the latter.
EXTENSION_TARGETS = (
    *(Target("3.11", platform) for platform in (LINUX, WINDOWS, MAC_ARM, MAC_INTEL)),
    *(Target("3.13", platform) for platform in (LINUX, WINDOWS, MAC_ARM)),
)
LEGACY_TARGETS = tuple(Target(python, LINUX) for python in ("3.10", "3.11", "3.12"))


# ---- wheels ----


@dataclass(frozen=True)
class Locked:
    """A package of a lock file."""

    name: str  # as wheels spell it
    version: str
    hashes: frozenset[str]


def read_lock(lock: Path) -> list[Locked]:
    """The packages of a lock file."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    found = [
        Locked(
            match["name"].lower().replace("-", "_"), match["version"], frozenset(re.findall(r"sha256:(\w+)", match[0]))
        )
        for match in re.finditer(r"^(?P<name>[\w.-]+)==(?P<version>\S+).*$", text, re.MULTILINE)
    ]
    if not found or not all(each.hashes for each in found):
        raise BadBuild(f"{lock.name} names no packages with hashes; scripts/lock writes it")
    return found


def find_wheel(package: Locked, folder: Path, target: Target | None) -> Path | None:
    """The wheel of a package in a folder that fits the target (None: any machine) and is what was locked."""
    for path in sorted(folder.glob(f"{package.name}-{package.version}-*.whl")):
        python, _, platforms = path.stem.split("-")[-3:]
        fits = (
            platforms == "any" if target is None else python == target.tag and target.platform in platforms.split(".")
        )
        if fits and hashlib.sha256(path.read_bytes()).hexdigest() in package.hashes:
            return path
    return None


def download(lock: Path, folder: Path, target: Target | None) -> None:
    """Have pip bring the wheels of a lock file. Raises `BadBuild`."""
    wanted = ["--platform", target.platform, "--python-version", target.python] if target else ["--platform", "any"]
    kind = ["--implementation", "cp"] if target else ["--implementation", "py", "--abi", "none"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary", ":all:", "--require-hashes", "--dest", str(folder), "--requirement", str(lock)]
    done = subprocess.run([*command, *wanted, *kind], capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"pip ended with {done.returncode}"
        raise BadBuild(f"the wheels of {lock.name} could not be fetched: {reason}")


def wheels(lock: Path, folder: Path, target: Target | None = None) -> list[Path]:
    """The wheels of a lock file, fetched if `folder` lacks one. Raises `BadBuild`."""
    packages = read_lock(lock)
    folder.mkdir(parents=True, exist_ok=True)
    if not all(find_wheel(each, folder, target) for each in packages):
        download(lock, folder, target)
    found = [find_wheel(each, folder, target) for each in packages]
    missing = [each.name for each, wheel in zip(packages, found, strict=True) if wheel is None]
    if missing:
        raise BadBuild(f"there is no wheel of {', '.join(missing)} for {target or 'any machine'}")
    return [wheel for wheel in found if wheel is not None]


def python_files(folder: Path, below: str) -> Files:
    """The files of a package that are to be shipped."""
    return {
        f"{below}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc" and path.name != "farm.json"
    }


def client_wheel(version: str) -> tuple[str, bytes]:
    """The name and the bytes of a wheel of flamenco_client.

    Blender unpacks a wheel only if it has none of that name and version; so its version tells its content.
    """
    files = python_files(CLIENT, CLIENT.name)
    content = hashlib.sha256(b"".join(name.encode() + b"\0" + files[name] for name in sorted(files))).hexdigest()
    full = f"{version}+{content[:12]}"
    info = f"{CLIENT.name}-{full}.dist-info"
    files[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.4\nName: flamenco-client\nVersion: {full}\n"
        "Summary: Client of a Flamenco farm: packing, sending, fetching\nLicense-Expression: GPL-3.0-or-later\n"
        "License-File: LICENSE\nRequires-Python: >=3.10\nRequires-Dist: requests\nRequires-Dist: blender-asset-tracer\n"
    ).encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: flamenco\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/licenses/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD")
    return f"{CLIENT.name}-{full}-py3-none-any.whl", pack(files)


def _record(files: Files, own: str) -> bytes:
    """The list of a wheel's files with their hashes, as the wheel format wants it."""
    lines = []
    for name in sorted(files):
        digest = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(files[name])}")
    return ("\n".join([*lines, f"{own},,"]) + "\n").encode()


# ---- packages ----


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of files; the same files give the same bytes. A name that ends with a slash is a folder."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = 3, 0o40755 << 16 if name.endswith("/") else 0o644 << 16
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return target.getvalue()


def extension_version(version: str) -> str:
    """A version of Python's kind (4.0.0.dev0, 4.1.0rc1) as the extensions platform wants it (4.0.0-dev.0, 4.1.0-rc.1)."""
    match = re.fullmatch(r"(\d+\.\d+\.\d+)(?:\.?([a-z]+)(\d+))?", version)
    if not match:
        raise BadBuild(f"version {version} of pyproject.toml is not like 4.0.0, 4.0.0rc1 or 4.0.0.dev0")
    return match[1] + (f"-{match[2]}.{match[3]}" if match[2] else "")


def project_version() -> str:
    """The version in pyproject.toml; the manifest must say the same."""
    with (ROOT / "pyproject.toml").open("rb") as stream:
        version = str(tomllib.load(stream)["project"]["version"])
    with (SOURCE / MANIFEST).open("rb") as stream:
        told = tomllib.load(stream)["version"]
    if told != extension_version(version):
        raise BadBuild(
            f"{MANIFEST} has version {told}; pyproject.toml has {version}, that is {extension_version(version)}"
        )
    return version


def manifest_with(text: str, names: Iterable[str]) -> str:
    """The manifest, naming its wheels; these belong before the first table."""
    lines = ["wheels = [", *(f'    "./wheels/{name}",' for name in names), "]", "", ""]
    head, table, tail = text.partition("[permissions]")
    return head + "\n".join(lines) + table + tail


def extension(version: str, cache: Path) -> Files:
    """The files of the package for Blender 4.2 and later."""
    found = {path.name: path.read_bytes() for path in wheels(PURE_LOCK, cache)}
    for target in EXTENSION_TARGETS:
        found.update({path.name: path.read_bytes() for path in wheels(PLATFORM_LOCK, cache, target)})
    name, content = client_wheel(version)
    found[name] = content
    files = {name.partition("/")[2]: data for name, data in python_files(SOURCE, ADDON).items()}
    files[MANIFEST] = manifest_with(files[MANIFEST].decode(), sorted(found)).encode()
    files["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    return files | {f"wheels/{name}": data for name, data in found.items()}


def unpacked(wheel: Path) -> Files:
    """The files of a wheel, without the list of them and what only another Python's way of compiling needs."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            name: archive.read(name)
            for name in archive.namelist()
            if not name.endswith(("/", "/RECORD", ".pyi", "backend_cffi.py")) and "/_cffi." not in name
        }


def legacy(cache: Path) -> Files:
    """The files of the package for Blender 3.4 to 4.1."""
    files = python_files(SOURCE, ADDON)
    del files[f"{ADDON}/{MANIFEST}"]
    vendored = python_files(CLIENT, CLIENT.name)
    for wheel in wheels(PURE_LOCK, cache):
        vendored.update(unpacked(wheel))
    for target in LEGACY_TARGETS:
        for wheel in wheels(PLATFORM_LOCK, cache, target):
            vendored.update(unpacked(wheel))
    files[f"{ADDON}/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    files[f"{ADDON}/"] = b""  # so that Blender takes away all of an older version before it unpacks this one
    return files | {f"{ADDON}/vendored/{name}": data for name, data in vendored.items()}


def build(to: Path, cache: Path = CACHE) -> tuple[Path, Path]:
    """Build both packages into a folder, in place of older ones; the extension's path and the legacy one's. Raises `BadBuild`."""
    version = project_version()
    told = extension_version(version)
    made = {
        to / f"{ADDON}-{told}.zip": pack(extension(version, cache)),
        to / f"{ADDON}-legacy-{told}.zip": pack(legacy(cache)),
    }
    to.mkdir(parents=True, exist_ok=True)
    for old in to.glob(f"{ADDON}-*.zip"):
        if old not in made:
            old.unlink()
    for path, content in made.items():
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(content)
        unfinished.replace(path)
    first, second = made
    return first, second


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Build the Blender add-on's two packages.")
    parser.add_argument("--to", type=Path, action="append", help="a folder for them; may be repeated (default: dist)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where fetched wheels are kept")
    options = parser.parse_args()
    try:
        for folder in options.to or [ROOT / "dist"]:
            for path in build(folder, options.cache):
                print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    except BadBuild as problem:
        print(f"build.py: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
