"""Render-settings presets: named overrides of a scene's render settings.

Each is a TOML file, whose name is the preset's, or is kept in the database, where supervisors edit it. Files in the farm's
own folders win over built-in ones of the same name, and what is in the database wins over files. They are read when they
are asked for, so an edit counts at once, and a broken one is listed with its error and harms nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from flamenco_common.commands import OVERRIDE_NAMES

from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.errors import Invalid
from flamenco_server.modules.settings import service
from flamenco_server.modules.settings.schemas import Preset

STORED = "render_settings."  # how the settings are named that keep them
BUILT_IN = Path(__file__).resolve().parents[2] / "render_settings"

_WHOLE = (
    "samples", "resolution_x", "resolution_y", "resolution_percentage", "quality", "simplify_subdivision", "threads",
    "max_bounces",
)  # fmt: skip
_YES_NO = (
    "denoise", "adaptive_sampling", "film_transparent", "motion_blur", "simplify", "persistent_data", "use_compositing",
)  # fmt: skip


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands in a preset's file, or in the database."""

    overrides: dict[str, Any]
    label: str = ""
    help: str = ""


class BadPreset(ValueError):
    """A preset that cannot be used; its text is one sentence for people."""


@dataclass(frozen=True)
class Presets:
    """The presets in `folders`, of which later ones win, and over those the `stored` ones."""

    folders: Sequence[Path]
    stored: Callable[[], Mapping[str, Any]] = dict

    def list(self) -> list[Preset]:
        """All presets by name; a broken one has its error and no overrides."""
        listed = {name: _listed(name, partial(_read, path)) for name, path in self._files().items()}
        for name, document in self.stored().items():
            kept = _listed(name, partial(content, name, document))
            listed[name] = msgspec.structs.replace(kept, editable=True)
        return [listed[name] for name in sorted(listed)]

    def preset(self, name: str) -> dict[str, Any]:
        """The overrides of one preset. Raises `Invalid` that names the known ones, or says what is wrong with it."""
        files, stored = self._files(), self.stored()
        known = sorted({*files, *stored})
        if name not in known:
            raise Invalid(f"there is no preset {name!r}; the presets are {', '.join(known) or 'none'}", "preset")
        try:
            found = content(name, stored[name]) if name in stored else _read(files[name])
            return dict(found.overrides)
        except BadPreset as error:
            raise Invalid(str(error), "preset") from error

    def _files(self) -> dict[str, Path]:
        return {path.stem: path for folder in self.folders for path in _tomls(folder)}


def build_presets(config: ServerConfig, database: Database) -> Presets:
    """The built-in presets, those of the farm's own folders, and those in the database."""

    def stored() -> Mapping[str, Any]:
        with database.reading() as session:
            return service.below(session, STORED)

    return Presets([BUILT_IN, *config.render_settings], stored)


def content(name: str, document: Any) -> Content:
    """Check what is kept of a preset. Raises `BadPreset`."""
    try:
        found = msgspec.convert(document, Content)
        for override, value in found.overrides.items():
            check_override(override, value)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadPreset(f"the preset {name} is not valid: {error}") from error
    return found


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


def _listed(name: str, reading: Callable[[], Content]) -> Preset:
    try:
        read = reading()
    except BadPreset as error:
        return Preset(name, error=str(error))
    return Preset(name, read.label or name, read.help, dict(read.overrides))


def _read(path: Path) -> Content:
    """Read and check one file. Raises `BadPreset`."""
    try:
        read = msgspec.toml.decode(path.read_bytes(), type=Content)
        for name, value in read.overrides.items():
            check_override(name, value)
    except OSError as error:
        raise BadPreset(f"the preset {path.name} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise BadPreset(f"the preset {path.name} is not valid: {error}") from error
    return read
