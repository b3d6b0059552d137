"""Blenders that have the add-on, installed as a user would: for tests of the add-on.

`install("4.5", folder)` gives an `Addon` whose user resources and configuration are in `folder`, and of nobody else.
`addon.run("import bpy; ...", blend=path)` runs Python in that Blender while the add-on is enabled.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scenes import BLENDERS

_ROOT = Path(__file__).resolve().parents[2]
ADDON_BLENDERS = {"3.4": BLENDERS["3.4"], "4.2": f"bpy:{Path(sys.prefix) / 'blenders' / '4.2'}", **BLENDERS}
LEGACY = ("3.4",)  # versions that take the legacy package

_INSTALL = {
    True: """
bpy.ops.preferences.addon_install(filepath=package, overwrite=True)
bpy.ops.preferences.addon_enable(module="flamenco_addon")
""",
    False: """
bpy.ops.extensions.package_install_files(filepath=package, repo="user_default", enable_on_install=True)
bpy.context.preferences.system.use_online_access = True  # Blender asks for it at the first start
""",
}
# Blender as a Python module begins with factory settings, whatever the user has saved. 4.2's crashes as it reads
# preferences (it has no GPU then), so there the add-on is enabled as Blender does it for each that they name.
_START = """
import os, sys, runpy
sys.path.insert(0, {folder!r})
import bpy
if bpy.app.version >= (4, 5):
    bpy.ops.wm.read_userpref()
elif {installed!r}:
    import addon_utils
    addon_utils.extensions_refresh()
    addon_utils.enable({module!r}, default_set=True)
    bpy.context.preferences.system.use_online_access = True
if {blend!r}:
    bpy.ops.wm.open_mainfile(filepath={blend!r})
runpy.run_path({script!r}, run_name="__main__")
sys.stdout.flush()
os._exit(0)  # as an add-on's threads do not end a Blender either
"""


@dataclass(frozen=True)
class Addon:
    """A Blender with the add-on: all that it keeps is in `folder`."""

    version: str
    folder: Path

    @property
    def module(self) -> str:
        """The add-on's package, as this Blender names it."""
        return "flamenco_addon" if self.version in LEGACY else "bl_ext.user_default.flamenco_addon"

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """What its processes get: nothing of the person who runs the tests, no farm unless `more` names one."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("FLAMENCO_", "BLENDER_"))}
        user = self.folder / "user"
        for name in ("config", "scripts", "datafiles"):
            own[f"BLENDER_USER_{name.upper()}"] = str(user / name)  # up to 4.1
        own |= {"BLENDER_USER_RESOURCES": str(user), "BLENDER_USER_EXTENSIONS": str(user / "extensions")}
        own |= {"XDG_CONFIG_HOME": str(self.folder / "config"), "TMPDIR": str(self.folder / "tmp")}
        return {**own, **(more or {})}

    def command(self, script: Path, *arguments: str, blend: Path | None = None, background: bool = True) -> list[str]:
        """The command that runs a Python file in it; it finds its arguments in `sys.argv` after `--`."""
        executable = ADDON_BLENDERS[self.version]
        if executable.startswith("bpy:"):
            start = _START.format(
                folder=executable.removeprefix("bpy:"),
                installed=(self.folder / "user/extensions/user_default/flamenco_addon").is_dir(),
                module=self.module,
                blend=str(blend) if blend else "",
                script=str(script),
            )
            return [sys.executable, "-I", "-S", "-c", start, "--", *arguments]
        opened = [str(blend)] if blend else []
        mode = ["-b"] if background else []
        return [executable, *mode, *opened, "--python-exit-code", "9", "--python", str(script), "--", *arguments]

    def run(
        self,
        script: Path | str,
        *arguments: str,
        blend: Path | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float = 240,
    ) -> str:
        """Run a Python file, or the text of one, with the add-on enabled; give what it printed. It must end with 0."""
        if isinstance(script, str):
            file = Path(tempfile.mkdtemp(dir=self.folder / "tmp")) / "script.py"
            file.write_text(script, encoding="utf-8")
            script = file
        done = subprocess.run(
            self.command(script, *arguments, blend=blend),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
            env=self.environment(env),
        )
        text = done.stdout.decode("utf-8", "replace")
        assert done.returncode == 0, f"Blender {self.version} ended with {done.returncode}:\n{text}"
        return text


@functools.cache
def packages() -> tuple[Path, Path]:
    """The extension and the legacy package, built once for all tests of this process."""
    folder = _session_folder() / "packages"
    command = [sys.executable, str(_ROOT / "blender_addon" / "build.py"), "--to", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    extension, legacy = sorted(folder.glob("*.zip"), key=lambda path: "-legacy-" in path.name)
    return extension, legacy


def package(version: str) -> Path:
    """The package that a Blender of this version takes."""
    extension, legacy = packages()
    return legacy if version in LEGACY else extension


def bare(version: str, folder: Path) -> Addon:
    """A Blender without the add-on, with user resources of its own in `folder`."""
    for name in ("tmp", "config", "user/config", "user/scripts", "user/extensions", "user/datafiles"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    return Addon(version, folder)


def install_into(blender: Addon, file: Path) -> str:
    """Install a package as a user would, enable it and save the preferences; what Blender printed."""
    script = (
        "import bpy, sys\n"
        "package = sys.argv[-1]\n"
        f"{_INSTALL[blender.version in LEGACY]}"
        f"assert {blender.module!r} in bpy.context.preferences.addons, list(bpy.context.preferences.addons.keys())\n"
        "bpy.ops.wm.save_userpref()\n"
    )
    return blender.run(script, str(file))


def install(version: str, folder: Path) -> Addon:
    """A Blender of that version (3.4, 4.2, 4.5, 5.0) with the add-on enabled; all that it keeps is below `folder`."""
    shutil.copytree(_installed(version).folder, folder, dirs_exist_ok=True, symlinks=True)
    return bare(version, folder)


@functools.cache
def _installed(version: str) -> Addon:
    made = bare(version, _session_folder() / version)
    install_into(made, package(version))
    return made


@functools.cache
def _session_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="flamenco-addon-"))
    owner = os.getpid()
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == owner else None)
    return folder
