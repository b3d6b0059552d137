"""The add-on in real Blenders, installed as a user does it: from a download of the farm's server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from addon_blender import ADDON_BLENDERS, LEGACY, Addon, bare, install, install_into, packages
from served_farm import Served

pytestmark = pytest.mark.real

SCRIPTS = Path(__file__).resolve().parents[2] / "support" / "addon_scripts"
VERSIONS = sorted(ADDON_BLENDERS)
STATE = """
import json, sys, addon_utils, bpy
module = sys.argv[-1]
package = sys.modules[module]
import importlib
runtime = importlib.import_module(module + ".runtime")
import flamenco_client
print("STATE", json.dumps({
    "loaded": addon_utils.check(module)[1],
    "address": runtime.shipped_address(),
    "operator": hasattr(bpy.types, "FLAMENCO_OT_submit_job"),
    "client": flamenco_client.__file__,
    "mark": getattr(flamenco_client, "MARK", ""),
}))
"""


def told(text: str, word: str) -> dict[str, object]:
    """The JSON after a word in what Blender printed, which has no traceback."""
    assert "Traceback" not in text, text
    (line,) = [line for line in text.splitlines() if line.startswith(word + " ")]
    return json.loads(line.removeprefix(word))  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that offers the packages."""
    made = Served(tmp_path_factory.mktemp("server"), addon_dir=packages()[0].parent)
    yield made
    made.close()


@pytest.fixture(scope="module")
def downloads(farm: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Both packages, as `flamenco addon` brings them."""
    folder = tmp_path_factory.mktemp("downloads")
    command = [sys.executable, "-m", "flamenco_cli", "addon", "--server", farm.address, "--token"]
    command += [farm.farm.tokens["artist"], "--to", str(folder), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {each["kind"]: Path(each["path"]) for each in json.loads(done.stdout)}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_download_installs_and_is_enabled_at_the_next_start_and_leaves_nothing_when_disabled(
    version: str, farm: Served, downloads: dict[str, Path], tmp_path: Path
) -> None:
    blender = bare(version, tmp_path)
    said = install_into(blender, downloads["legacy" if version in LEGACY else "extension"])
    assert "Traceback" not in said, said
    state = told(blender.run(STATE, blender.module), "STATE")
    assert (state["loaded"], state["address"], state["operator"]) == (True, farm.address, True)
    assert str(state["client"]).startswith(str(tmp_path))
    traces = told(blender.run(SCRIPTS / "traces.py", blender.module), "TRACES")
    check_traces(traces)


def check_traces(traces: dict[str, object]) -> None:
    """Both rounds brought the same and left nothing."""
    first, second = traces["rounds"]  # type: ignore[misc]
    assert first["own"] == second["own"]
    assert first["new"] == second["new"] == []
    assert first["again"] == second["again"] == []
    assert second["failed"] == []
    kinds = {entry.split()[0] for entry in first["own"]}
    assert {"type", "operator", "property", "module"} <= kinds
    left = [entry for entry in traces["disabled"] if "flamenco" in entry.lower() and "path" not in entry]  # type: ignore[attr-defined]
    assert left == []


FROM_REPOSITORY = """
import bpy, sys
index, token = sys.argv[-2:]
preferences = bpy.context.preferences
preferences.system.use_online_access = True
bpy.ops.preferences.extension_repo_add(
    name="Farm", remote_url=index, use_access_token=True, access_token=token, type="REMOTE"
)
repository = [each.name for each in preferences.extensions.repos].index("Farm")
bpy.ops.extensions.repo_sync(repo_index=repository)
bpy.ops.extensions.package_install(repo_index=repository, pkg_id="flamenco_addon", enable_on_install=True)
sys.argv.append("bl_ext.Farm.flamenco_addon")
"""


def test_blender_installs_it_from_the_server_as_a_repository_of_extensions(farm: Served, tmp_path: Path) -> None:
    blender = bare("4.5", tmp_path)
    index = f"{farm.address}/api/addon/index.json"
    state = told(blender.run(FROM_REPOSITORY + STATE, index, farm.farm.tokens["viewer"]), "STATE")
    assert (state["loaded"], state["address"]) == (True, farm.address)
    assert str(state["client"]).startswith(str(tmp_path))


@pytest.mark.parametrize("version", ["3.4", "4.5"])
def test_an_update_in_a_running_blender_takes_its_own_client(version: str, tmp_path: Path) -> None:
    newer = _with_marked_client(version, tmp_path / "newer")
    blender = install(version, tmp_path / "blender")
    update = f"""
import bpy, sys
before = getattr(sys.modules.get("flamenco_client"), "MARK", "none")
assert before == "none" and "flamenco_client" in sys.modules, before
package = {str(newer)!r}
"""
    if version in LEGACY:
        update += "bpy.ops.preferences.addon_install(filepath=package, overwrite=True)\n"
        update += f"bpy.ops.preferences.addon_enable(module={blender.module!r})\n"
    else:
        update += (
            'bpy.ops.extensions.package_install_files(filepath=package, repo="user_default", enable_on_install=True)\n'
        )
    state = told(blender.run(update + STATE, blender.module), "STATE")
    assert state["loaded"] is True
    assert state["mark"] == "newer"


def _with_marked_client(version: str, folder: Path) -> Path:
    """A package whose client says that it is newer; of the same version, as a developer's are."""
    import build

    client = folder / "flamenco_client"
    shutil.copytree(build.CLIENT, client)
    with (client / "__init__.py").open("a") as file:
        file.write('\nMARK = "newer"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "CLIENT", client)
        extension, legacy = build.build(folder / "packages")
    return legacy if version in LEGACY else extension


@pytest.mark.parametrize("version", ["3.4", "5.0"])
def test_removed_it_is_gone(version: str, tmp_path: Path) -> None:
    blender = install(version, tmp_path)
    remove = """
window = bpy.context.window_manager.windows[0]
with bpy.context.temp_override(window=window, area=window.screen.areas[0]):  # it wants one to draw anew
    bpy.ops.preferences.addon_remove(module="flamenco_addon")
"""
    if version not in LEGACY:
        remove = """
repositories = [each.module for each in bpy.context.preferences.extensions.repos]
bpy.ops.extensions.package_uninstall(repo_index=repositories.index("user_default"), pkg_id="flamenco_addon")
"""
    said = blender.run(f"import bpy\n{remove}\n")
    assert "Traceback" not in said, said
    left = [path for path in files(blender) if "flamenco" in path.as_posix()]
    assert left == []


def files(blender: Addon) -> list[Path]:
    """What there is of scripts and extensions, relative to the user's resources."""
    user = blender.folder / "user"
    return [
        path.relative_to(user)
        for part in ("scripts", "extensions")
        for path in (user / part).rglob("*")
        if path.is_file()
    ]
