"""Render-settings presets: named overrides of a scene's render settings, one TOML file each.

The file's name is the preset's. Files in the farm's own folders win over built-in ones of the same name. They are read
when they are asked for, so an edited file counts at once, and a broken one is listed with its error and harms nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from flamenco_common.commands import OVERRIDE_NAMES

from flamenco_server.config import ServerConfig
from flamenco_server.errors import Invalid
from flamenco_server.modules.settings.schemas import Preset

BUILT_IN = Path(__file__).resolve().parents[2] / "render_settings"

_WHOLE = (
    "samples", "resolution_x", "resolution_y", "resolution_percentage", "quality", "simplify_subdivision", "threads",
    "max_bounces",
)  # fmt: skip
_YES_NO = (
    "denoise", "adaptive_sampling", "film_transparent", "motion_blur", "simplify", "persistent_data", "use_compositing",
)  # fmt: skip


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in a preset's file."""

    overrides: dict[str, Any]
    label: str = ""
    help: str = ""


class BadPreset(ValueError):
    """A preset that cannot be used; its text is one sentence for people."""


@dataclass(frozen=True)
class Presets:
    """The presets in `folders`; later folders win."""

    folders: Sequence[Path]

    def list(self) -> list[Preset]:
        """All presets by name; a broken one has its error and no overrides."""
        return [_listed(name, path) for name, path in sorted(self._files().items())]

    def preset(self, name: str) -> dict[str, Any]:
        """The overrides of one preset. Raises `Invalid` that names the known ones, or says what is wrong with it."""
        files = self._files()
        if name not in files:
            raise Invalid(
                f"there is no preset {name!r}; the presets are {', '.join(sorted(files)) or 'none'}", "preset"
            )
        try:
            return dict(_read(files[name]).overrides)
        except BadPreset as error:
            raise Invalid(str(error), "preset") from error

    def _files(self) -> dict[str, Path]:
        return {path.stem: path for folder in self.folders for path in _tomls(folder)}


def build_presets(config: ServerConfig) -> Presets:
    """The built-in presets and those of the farm's own folders."""
    return Presets([BUILT_IN, *config.render_settings])


def check_override(name: str, value: Any) -> None:
    """Raise `BadPreset` unless a render setting of that name can have that value."""
    if name not in OVERRIDE_NAMES:
        raise BadPreset(f"{name!r} cannot be overridden; these can: {', '.join(OVERRIDE_NAMES)}")
    whole = isinstance(value, int) and not isinstance(value, bool)
    if name in _WHOLE:
        fits, wanted = whole and value >= 0, "a whole number, 0 or more"
    elif name in _YES_NO:
        fits, wanted = isinstance(value, bool), "true or false"
    elif name == "fps":
        fits, wanted = (whole or isinstance(value, float)) and value > 0, "a number above 0"
    else:
        fits, wanted = isinstance(value, str), "text"
    if not fits:
        raise BadPreset(f"{name} is {value!r}; it must be {wanted}")


def _tomls(folder: Path) -> Iterator[Path]:
    return folder.glob("*.toml") if folder.is_dir() else iter(())


def _listed(name: str, path: Path) -> Preset:
    try:
        read = _read(path)
    except BadPreset as error:
        return Preset(name, error=str(error))
    return Preset(name, read.label or name, read.help, dict(read.overrides))


def _read(path: Path) -> _File:
    """Read and check one file. Raises `BadPreset`."""
    try:
        read = msgspec.toml.decode(path.read_bytes(), type=_File)
        for name, value in read.overrides.items():
            check_override(name, value)
    except OSError as error:
        raise BadPreset(f"the preset {path.name} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise BadPreset(f"the preset {path.name} is not valid: {error}") from error
    return read
